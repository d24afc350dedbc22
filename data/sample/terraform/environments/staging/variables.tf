variable "kubernetes_version" {
  description = "Kubernetes version of parcel-stg-01, at most one minor ahead of production"
  type        = string
}

variable "office_cidr" {
  description = "Client range of the staff VPN (WireGuard)"
  type        = string
}

variable "pagerduty_endpoint" {
  description = "PagerDuty integration URL; staging uses the low-urgency service"
  type        = string
  sensitive   = true
}

variable "hub_simulator" {
  description = "Account of the hub simulator's SFTP drop"
  type = object({
    host     = string
    username = string
    password = string
  })
  sensitive = true
}
