"""The routes under /v1, a module for each kind of thing that they give; `api.http` puts them together."""
