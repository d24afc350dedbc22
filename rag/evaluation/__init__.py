"""Measuring retrieval and answers: question sets, BEIR benchmarks, comparison of two runs. `waypost eval` calls this."""
