"""Slack: `routes` that take events and commands, signed (`signing`), for `people` with their rights; `answers` are posted after
the acknowledgement, by `client`, in Slack's markup (`mrkdwn`). Settings and an app's manifest: docs/slack.md.
"""
