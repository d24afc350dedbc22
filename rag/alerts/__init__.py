"""From an alert to its runbook: `records` of alerts and rules, `addresses` of pages, `finder` of runbooks, `steps` of these.

`/v1/alerts`, `waypost alerts` and Slack call this. Nothing here asks the network.
"""
