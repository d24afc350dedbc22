variable "cluster_name" {
  description = "Name of the EKS cluster"
  type        = string
}

variable "kubernetes_version" {
  description = "Kubernetes minor version; upgrade one minor at a time, staging first"
  type        = string
}

variable "vpc_id" {
  description = "VPC of the cluster"
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets for nodes and the API's network interfaces"
  type        = list(string)
}

variable "api_allowed_cidrs" {
  description = "Ranges that may reach the Kubernetes API, by purpose"
  type        = map(string)
}

variable "node_groups" {
  description = "Managed node groups by name. A dedicated group is tainted with its own name"
  type = map(object({
    instance_types = list(string)
    min_size       = number
    max_size       = number
    disk_size      = optional(number, 80)
    spot           = optional(bool, false)
    dedicated      = optional(bool, false)
  }))
}

variable "addons" {
  description = "EKS add-ons and their pinned versions"
  type        = map(string)
  default     = {}
}

variable "control_plane_log_retention_days" {
  description = "Days to keep API, audit and authenticator logs; the security policy asks for at least 365 in production"
  type        = number
  default     = 30
}
