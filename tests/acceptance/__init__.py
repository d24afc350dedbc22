"""What a user sees, from end to end. `test_*.py` run with the others; `citations.py` is run by hand on real repositories."""
