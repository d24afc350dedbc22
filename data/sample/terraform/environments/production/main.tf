locals {
  environment = "tb-prod"

  # Sized for the November peak (Black Friday to 23 December); see the capacity review of 2026-09.
  node_groups = {
    general = {
      instance_types = ["m7i.2xlarge"]
      min_size       = 6
      max_size       = 24
    }
    label-render = {
      instance_types = ["c7i.xlarge"]
      min_size       = 2
      max_size       = 8
      dedicated      = true
    }
    batch = {
      instance_types = ["r7i.2xlarge", "r6i.2xlarge"]
      min_size       = 0
      max_size       = 6
      disk_size      = 200
      spot           = true
      dedicated      = true
    }
  }

  databases = {
    # Every parcel and its state. The largest and the one that stops the company.
    consignments = {
      instance_class        = "db.r7g.2xlarge"
      allocated_storage     = 500
      backup_retention_days = 21
      parameters            = { "max_connections" = "800" }
    }
    # Refunds, invoices and card settlement. 35 days is RDS's maximum, required by the auditors.
    ledger = {
      instance_class        = "db.m7g.xlarge"
      allocated_storage     = 200
      backup_retention_days = 35
    }
    tracking = {
      instance_class        = "db.r7g.xlarge"
      allocated_storage     = 300
      backup_retention_days = 14
    }
  }

  queues = {
    parcel-dispatch = {
      visibility_timeout_seconds = 120
      max_receive_count          = 5
    }
    label-print = {
      fifo                       = true
      visibility_timeout_seconds = 45
      message_retention_seconds  = 86400
      max_receive_count          = 3
    }
    tracking-events = {
      visibility_timeout_seconds = 30
      max_receive_count          = 10
    }
    refund-requests = {
      visibility_timeout_seconds = 300
      max_receive_count          = 4
    }
    hub-manifest = {
      visibility_timeout_seconds = 600
      max_receive_count          = 2
    }
  }

  buckets = {
    label-archive = {
      lifecycle_rules = {
        expire-labels = { expire_after_days = 400 }
      }
    }
    # Signatures and doorstep photos: kept seven years for disputes.
    proof-of-delivery = {
      lifecycle_rules = {
        archive = { expire_after_days = 2555, glacier_after_days = 90 }
      }
    }
    db-exports = {
      versioning = false
      lifecycle_rules = {
        expire-exports = { expire_after_days = 30 }
      }
    }
  }
}

module "vpc" {
  source = "../../modules/vpc"

  name           = local.environment
  cidr_block     = "10.40.0.0/16"
  enable_hub_vpn = true
  hubs           = var.hubs
}

module "eks" {
  source = "../../modules/eks"

  cluster_name                     = "parcel-prod-01"
  kubernetes_version               = var.kubernetes_version
  vpc_id                           = module.vpc.vpc_id
  subnet_ids                       = module.vpc.private_subnet_ids
  node_groups                      = local.node_groups
  control_plane_log_retention_days = 400

  api_allowed_cidrs = {
    "Staff VPN" = var.office_cidr
    "Atlantis"  = "10.40.0.0/19"
  }

  addons = {
    coredns            = "v1.11.1-eksbuild.9"
    kube-proxy         = "v1.30.3-eksbuild.5"
    vpc-cni            = "v1.18.3-eksbuild.3"
    aws-ebs-csi-driver = "v1.34.0-eksbuild.1"
  }
}

module "database" {
  source   = "../../modules/rds"
  for_each = local.databases

  environment              = local.environment
  name                     = each.key
  instance_class           = each.value.instance_class
  allocated_storage        = each.value.allocated_storage
  backup_retention_days    = each.value.backup_retention_days
  parameters               = lookup(each.value, "parameters", {})
  vpc_id                   = module.vpc.vpc_id
  subnet_ids               = module.vpc.private_subnet_ids
  client_security_group_id = module.eks.node_security_group_id

  # Hub handhelds read consignments directly when the API is down. Nothing else may.
  extra_client_cidrs = each.key == "consignments" ? { for code, hub in var.hubs : "Hub ${code}" => hub.cidr_block } : {}
}

module "queue" {
  source   = "../../modules/sqs-queue"
  for_each = local.queues

  environment                = local.environment
  name                       = each.key
  fifo                       = lookup(each.value, "fifo", false)
  visibility_timeout_seconds = each.value.visibility_timeout_seconds
  message_retention_seconds  = lookup(each.value, "message_retention_seconds", 345600)
  max_receive_count          = each.value.max_receive_count
}

module "bucket" {
  source   = "../../modules/s3-bucket"
  for_each = local.buckets

  environment     = local.environment
  name            = each.key
  versioning      = lookup(each.value, "versioning", true)
  lifecycle_rules = each.value.lifecycle_rules
}

module "dns" {
  source = "../../modules/dns"

  public_zone          = "tarnbrook.example"
  internal_zone        = "internal.tarnbrook.example"
  vpc_id               = module.vpc.vpc_id
  database_addresses   = { for name, db in module.database : name => db.address }
  hub_name_servers     = ["10.8.0.53", "10.8.16.53"]
  resolver_endpoint_id = var.resolver_endpoint_id

  public_records = {
    "_dmarc" = { type = "TXT", values = ["v=DMARC1; p=reject; rua=mailto:dmarc@tarnbrook.example"] }
    "status" = { type = "CNAME", ttl = 60, values = ["tarnbrook.statuspage.example"] }
  }
}

module "monitoring" {
  source = "../../modules/monitoring"

  environment        = local.environment
  pagerduty_endpoint = var.pagerduty_endpoint
  dead_letter_queues = { for name, queue in module.queue : name => queue.dead_letter_name }
  paging_queues      = ["parcel-dispatch", "refund-requests"]
  databases          = { for name, db in module.database : name => db.identifier }
  free_storage_gib   = 40

  log_retention_days = {
    dispatch = 90
    labels   = 30
    tracking = 90
    payments = 731
    hubs     = 60
  }
}

# The queue was called "dispatch" until PLAT-1702.
moved {
  from = module.queue["dispatch"]
  to   = module.queue["parcel-dispatch"]
}
