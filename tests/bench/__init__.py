"""Benchmarks: not tests, run by make targets of their own."""
