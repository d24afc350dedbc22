"""The tools that other programs have over MCP, a module for each kind of thing; `TABLE` names them with the scope that each
asks for. `api.mcp_server` shows and runs them.

A tool is a function of an `Asking` (who asks, of what) and its checked arguments that gives a `Told`; it runs in a thread.
"""

from __future__ import annotations

from api.mcp_tools.answers import ASK_TOOL
from api.mcp_tools.documents import FETCH, LIST_SOURCES, SEARCH
from api.mcp_tools.runbooks import RUNBOOK_FOR_ALERT
from api.mcp_tools.terraform import TERRAFORM_LOOKUP
from api.mcp_tools.tool import Tool

TABLE: dict[str, Tool] = {
    tool.name: tool for tool in (SEARCH, FETCH, ASK_TOOL, TERRAFORM_LOOKUP, RUNBOOK_FOR_ALERT, LIST_SOURCES)
}
