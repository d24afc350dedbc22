"""What callers may do: which scope each route and mount asks for. A route that no line names is refused to everybody."""

from __future__ import annotations

from collections.abc import Mapping

READ = "read"  # search, documents, Terraform, runbooks of alerts, sources
ASK = "ask"  # answers, which may cost a model's tokens
WRITE = "write"  # feedback, what becomes of a gap, syncs
METRICS = "metrics"
ADMIN = "admin"  # the audit, keys, everybody's gaps
SCOPES = frozenset({READ, ASK, WRITE, METRICS, ADMIN})
OPEN = ""  # for whoever reaches the port, without a token: each says why

# By the beginning of the path, up to a `/`; the longest that fits holds. Add a line for each route or mount. A line that begins
# with a method (`"POST /v1/gaps"`) is for that method alone, and wins over one of the same path without.
TABLE: dict[str, str] = {
    "/": READ,  # itself alone
    "/livez": OPEN,  # for what watches over the process
    "/readyz": OPEN,
    "/v1/hooks": OPEN,  # signed with a secret of its own
    "/v1/search": READ,
    "/v1/suggest": READ,
    "/v1/ask": ASK,
    "/v1/feedback": WRITE,
    "/v1/chat": ASK,
    "/v1/models": READ,
    "/v1/personas": READ,
    "/v1/gaps": READ,
    "POST /v1/gaps": WRITE,
    "/v1/documents": READ,
    "/v1/passages": READ,
    "/v1/alerts": READ,
    "/v1/drift": READ,
    "/v1/terraform": READ,
    "/v1/sources": READ,
    "POST /v1/sources": WRITE,
    "/v1/runs": READ,
    "/v1/audit": ADMIN,
    "/metrics": METRICS,
    # the page for people: `api.web`
    "/ask": ASK,
    "/t": READ,
    "/feedback": WRITE,
    "/source": READ,
    "/search": READ,
    "/terraform": READ,
    "/sources": READ,
    "/gaps": READ,
    "/drift": READ,
    "/signin": OPEN,  # where a token is given
    "/signout": OPEN,  # ends what one has
    "/static": OPEN,  # our own script and style, the same for everybody
    "/mcp": READ,  # its tools ask for scopes of their own: api.mcp_tools.TABLE
    "/slack": OPEN,  # signed with the app's signing secret
    "/docs": READ,
    "/openapi.json": READ,
}


def scope_for(method: str, path: str, table: Mapping[str, str] = TABLE) -> str | None:
    """The scope that a request asks for, OPEN for none; None where no line names its path, or where the path has `.` or `..` as a
    segment, which routes and those who look at paths may read in two ways."""
    if any(segment in (".", "..") for segment in path.replace("\\", "/").split("/")) or "\0" in path:
        return None
    method = "GET" if method == "HEAD" else method
    if path == "/":
        return table.get(f"{method} /", table.get("/"))
    beginning = path.rstrip("/")
    while beginning:
        for line in (f"{method} {beginning}", beginning):
            if line in table:
                return table[line]
        beginning = beginning.rpartition("/")[0]
    return None
