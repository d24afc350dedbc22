variable "environment" {
  description = "Environment prefix, tb-prod or tb-stg"
  type        = string
}

variable "pagerduty_endpoint" {
  description = "PagerDuty integration URL; contains a key, so it comes from the CI's secrets"
  type        = string
  sensitive   = true
}

variable "dead_letter_queues" {
  description = "Dead-letter queue names by queue"
  type        = map(string)
  default     = {}
}

variable "paging_queues" {
  description = "Queues whose dead letters wake somebody up; the others open a ticket"
  type        = list(string)
  default     = []
}

variable "databases" {
  description = "RDS identifiers to watch, by database"
  type        = map(string)
  default     = {}
}

variable "free_storage_gib" {
  description = "Alarm when a database has less free storage than this"
  type        = number
  default     = 25
}

variable "log_retention_days" {
  description = "Application log groups and the days to keep them"
  type        = map(number)
  default     = {}
}
