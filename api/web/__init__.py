"""The page for people: ask, read the cited source beside the answer, search, Terraform, sources. `pages` puts it together.

Everything is made on the server (`templates`); `static` holds htmx, its extension for server-sent events, one script and one
style sheet of ours. Nothing is loaded from elsewhere, nothing runs that stands in a document or an answer.
"""
