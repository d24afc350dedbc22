output "page_topic_arn" {
  description = "SNS topic that reaches PagerDuty"
  value       = aws_sns_topic.alerts["page"].arn
}
