"""What the way from a question to an answer (`rag.ask`) is made of."""
