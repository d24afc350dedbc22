"""Two thousand planted secrets and the lines that must survive: how well redaction does, `python -m tests.bench.secrets`."""
