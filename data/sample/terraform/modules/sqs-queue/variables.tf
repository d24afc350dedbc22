variable "environment" {
  description = "Environment prefix, tb-prod or tb-stg"
  type        = string
}

variable "name" {
  description = "Name of the queue, without prefix and suffix"
  type        = string
}

variable "fifo" {
  description = "Create a FIFO queue; the name gets .fifo"
  type        = bool
  default     = false
}

variable "visibility_timeout_seconds" {
  description = "Must exceed the slowest consumer's processing time, or messages are handled twice"
  type        = number
  default     = 60
}

variable "message_retention_seconds" {
  description = "How long an unread message lives; four days unless told"
  type        = number
  default     = 345600
}

variable "max_receive_count" {
  description = "Deliveries before a message goes to the dead-letter queue"
  type        = number
  default     = 5
}
