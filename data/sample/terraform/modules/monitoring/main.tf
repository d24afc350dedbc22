resource "aws_sns_topic" "alerts" {
  for_each = toset(["page", "ticket"])

  name = "${var.environment}-alerts-${each.key}"
}

resource "aws_sns_topic_subscription" "pagerduty" {
  topic_arn = aws_sns_topic.alerts["page"].arn
  protocol  = "https"
  endpoint  = var.pagerduty_endpoint
}

# Anything in a dead-letter queue is a parcel that nobody is moving.
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = var.dead_letter_queues

  alarm_name          = "${each.value}-not-empty"
  alarm_description   = "Runbook: https://runbooks.tarnbrook.example/DeadLetterQueueNotEmpty"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  alarm_actions       = [aws_sns_topic.alerts[contains(var.paging_queues, each.key) ? "page" : "ticket"].arn]
}

resource "aws_cloudwatch_metric_alarm" "database_storage" {
  for_each = var.databases

  alarm_name          = "${each.value}-free-storage"
  alarm_description   = "Less than ${var.free_storage_gib} GiB left on ${each.value}"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = each.value }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 3
  threshold           = var.free_storage_gib * 1073741824
  comparison_operator = "LessThanThreshold"
  alarm_actions       = [aws_sns_topic.alerts["page"].arn]
}

resource "aws_cloudwatch_log_group" "application" {
  for_each = var.log_retention_days

  name              = "/${var.environment}/${each.key}"
  retention_in_days = each.value
}
