variable "environment" {
  description = "Environment prefix, tb-prod or tb-stg"
  type        = string
}

variable "name" {
  description = "Name of the bucket, without the prefix"
  type        = string
}

variable "versioning" {
  description = "Keep old versions of objects"
  type        = bool
  default     = true
}

variable "lifecycle_rules" {
  description = "Expiry and archiving, by rule name"
  type = map(object({
    prefix             = optional(string, "")
    expire_after_days  = number
    glacier_after_days = optional(number)
  }))
  default = {}
}
