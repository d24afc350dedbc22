"""Who may see what, over every route and tool: `world` a small organisation whose every document carries words of its own,
`requests` random requests made from the descriptions of routes and tools."""
