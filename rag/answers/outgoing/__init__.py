"""What may leave in an answer, whoever wrote it."""
