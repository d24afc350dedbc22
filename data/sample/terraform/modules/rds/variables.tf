variable "environment" {
  description = "Environment prefix, tb-prod or tb-stg"
  type        = string
}

variable "name" {
  description = "Name of the database"
  type        = string
}

variable "engine_version" {
  description = "PostgreSQL version"
  type        = string
  default     = "16.4"
}

variable "instance_class" {
  description = "RDS instance class"
  type        = string
}

variable "allocated_storage" {
  description = "Initial storage in GiB; autoscaling stops at twice this"
  type        = number
}

variable "multi_az" {
  description = "Keep a standby in a second zone"
  type        = bool
  default     = true
}

variable "backup_retention_days" {
  description = "Days of automated backups (point-in-time recovery reaches back this far)"
  type        = number
  default     = 7
}

variable "parameters" {
  description = "Extra PostgreSQL parameters"
  type        = map(string)
  default     = {}
}

variable "extra_client_cidrs" {
  description = "Ranges outside the cluster that may connect, by purpose"
  type        = map(string)
  default     = {}
}

variable "client_security_group_id" {
  description = "Security group of the clients, usually the cluster's"
  type        = string
}

variable "vpc_id" {
  description = "VPC of the database"
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets"
  type        = list(string)
}
