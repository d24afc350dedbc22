terraform {
  backend "s3" {
    bucket         = "tb-terraform-state"
    key            = "staging/terraform.tfstate"
    region         = "eu-west-2"
    dynamodb_table = "tb-terraform-locks"
    encrypt        = true
  }
}
