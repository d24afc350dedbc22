"""The words, the catalog, the indexes, and the way from a question to a cited answer."""
