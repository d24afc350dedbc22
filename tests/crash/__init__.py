"""Crash runs: a real sync of many vectors is killed, again and again; run by `make test-crash`."""
