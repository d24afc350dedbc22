output "url" {
  description = "URL of the queue"
  value       = aws_sqs_queue.this.id
}

output "arn" {
  description = "ARN of the queue"
  value       = aws_sqs_queue.this.arn
}

output "dead_letter_name" {
  description = "Name of the dead-letter queue, for alarms"
  value       = aws_sqs_queue.dead_letter.name
}
