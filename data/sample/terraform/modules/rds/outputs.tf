output "address" {
  description = "Host name of the instance"
  value       = aws_db_instance.this.address
}

output "identifier" {
  description = "RDS identifier, as shown in the console and in CloudWatch"
  value       = aws_db_instance.this.identifier
}

output "master_secret_arn" {
  description = "Secrets Manager ARN of the generated master password"
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
  sensitive   = true
}
