"""Rerankers: the port's implementations. `api.compose` picks one."""
