"""Terraform as the catalog knows it: what code defines, what refers to what. `ingest.terraform` parses it."""
