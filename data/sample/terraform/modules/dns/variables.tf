variable "public_zone" {
  description = "Public zone of the environment"
  type        = string
}

variable "internal_zone" {
  description = "Private zone, visible in the VPC only"
  type        = string
}

variable "vpc_id" {
  description = "VPC that resolves the private zone"
  type        = string
}

variable "public_records" {
  description = "Static public records by name; ingress hosts are made by external-dns, not here"
  type = map(object({
    type   = string
    ttl    = optional(number, 300)
    values = list(string)
  }))
  default = {}
}

variable "database_addresses" {
  description = "RDS host names by database name"
  type        = map(string)
  default     = {}
}

variable "hub_name_servers" {
  description = "On-premises name servers to forward hub names to"
  type        = list(string)
  default     = []
}

variable "resolver_endpoint_id" {
  description = "Outbound Route 53 Resolver endpoint"
  type        = string
  default     = null
}
