"""`waypost mcp`: the MCP server on stdin and stdout, for a client on this machine that starts it."""

from __future__ import annotations

import logging
import signal
import sys

from api.console import ConfigOption, GroupsOption, settings_from


def mcp(as_groups: GroupsOption = "", config: ConfigOption = None) -> None:
    """Answer an MCP client on stdin and stdout (`waypost serve` does so at /mcp). It may read what WAYPOST_GROUPS may."""
    import anyio

    from api.access.caller import Caller
    from api.compose import audit_of, open_reader, viewer_from
    from api.mcp_server import make_server, serve_stdio

    settings = settings_from(config)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the thread that waits for stdin would hold up an orderly end
    caller = Caller(name="stdio", viewer=viewer_from(as_groups or settings.groups), via="stdio")
    with open_reader(settings) as reader:
        audit = audit_of(settings, reader.catalog)
        try:
            anyio.run(serve_stdio, make_server(settings, reader, caller, audit))
        finally:
            audit.flush()
