"""What a model writes, checked while it streams, and the looks that it may take."""
