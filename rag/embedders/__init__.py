"""Embedders: texts to unit vectors. `api.compose` picks one by name."""
