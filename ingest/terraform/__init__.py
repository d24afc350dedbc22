"""Reading Terraform as Terraform: blocks, attributes with their expressions, references, symbols. The sync calls `symbols`."""
