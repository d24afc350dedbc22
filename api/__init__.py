"""All that the outside sees: the command line, HTTP, and (with later issues) MCP and the web page."""
