"""What callers may do: which scope each route and mount asks for. A route that no line names is refused to everybody."""

from __future__ import annotations

READ = "read"  # search, documents, Terraform, runbooks of alerts, sources
ASK = "ask"  # answers, which may cost a model's tokens
WRITE = "write"  # feedback, what becomes of a gap, syncs
METRICS = "metrics"
ADMIN = "admin"  # the audit, keys, everybody's gaps
SCOPES = frozenset({READ, ASK, WRITE, METRICS, ADMIN})
OPEN = ""  # for whoever reaches the port, without a token: each says why

# By the beginning of the path; the longest that fits holds. Add a line for each route or mount.
TABLE: dict[str, str] = {
    "/livez": OPEN,  # for what watches over the process
    "/readyz": OPEN,
    "/v1/hooks": OPEN,  # signed with a secret of its own
    "/v1/search": READ,
    "/v1/ask": ASK,
    "/v1/personas": READ,
    "/v1/gaps": READ,
    "/v1/documents": READ,
    "/v1/alerts": READ,
    "/v1/drift": READ,
    "/v1/terraform": READ,
    "/v1/sources": READ,
    "/v1/runs": READ,
    "/slack": OPEN,  # signed with the app's signing secret
    "/docs": READ,
    "/openapi.json": READ,
}
