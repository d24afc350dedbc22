variable "hubs" {
  description = "Sorting hubs with a VPN into this account"
  type = map(object({
    public_ip  = string
    bgp_asn    = number
    cidr_block = string
  }))
}

variable "kubernetes_version" {
  description = "Kubernetes version of parcel-prod-01"
  type        = string
}

variable "office_cidr" {
  description = "Client range of the staff VPN (WireGuard)"
  type        = string
}

variable "resolver_endpoint_id" {
  description = "Outbound resolver endpoint, created by hand before Terraform (PLAT-0931)"
  type        = string
}

variable "pagerduty_endpoint" {
  description = "PagerDuty integration URL, TF_VAR_pagerduty_endpoint in Atlantis"
  type        = string
  sensitive   = true
}
