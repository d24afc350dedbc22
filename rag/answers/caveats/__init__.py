"""What a reader should know of the documents that an answer cites: what is old, contradicted, or dangerous."""
