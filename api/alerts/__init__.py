"""Alerts and their runbooks as the faces show them: `payloads` that other tools send, `runbooks` for them, `views` in JSON."""
