"""Tests of the routes under /v1, and of what stands around them."""
