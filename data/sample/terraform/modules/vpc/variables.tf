variable "name" {
  description = "Name of the VPC, and prefix of everything in it"
  type        = string
}

variable "cidr_block" {
  description = "IPv4 range of the VPC, a /16 from the register in the wiki (networking/ip-address-plan)"
  type        = string

  validation {
    condition     = endswith(var.cidr_block, "/16")
    error_message = "cidr_block must be a /16: the subnet arithmetic depends on it."
  }
}

variable "availability_zones" {
  description = "Zones to place subnets in, in order; appending is safe, reordering is not"
  type        = list(string)
  default     = ["eu-west-2a", "eu-west-2b", "eu-west-2c"]
}

variable "single_nat_gateway" {
  description = "Use one NAT gateway for all zones (staging only, to save money)"
  type        = bool
  default     = false
}

variable "enable_hub_vpn" {
  description = "Create site-to-site VPN connections to the sorting hubs"
  type        = bool
  default     = false
}

variable "hubs" {
  description = "Sorting hubs reachable by VPN, by short code"
  type = map(object({
    public_ip  = string
    bgp_asn    = number
    cidr_block = string
  }))
  default = {}
}
