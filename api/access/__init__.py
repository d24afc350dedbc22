"""Who sends a request, and what they may do: `caller` the record, `gate` puts it into every request before any route runs."""
