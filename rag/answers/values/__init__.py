"""What Terraform's settings come to that a question asks for."""
