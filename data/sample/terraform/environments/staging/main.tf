locals {
  environment = "tb-stg"

  databases = toset(["consignments", "ledger", "tracking"])

  queues = {
    parcel-dispatch = { visibility_timeout_seconds = 120, fifo = false }
    label-print     = { visibility_timeout_seconds = 45, fifo = true }
    tracking-events = { visibility_timeout_seconds = 30, fifo = false }
    refund-requests = { visibility_timeout_seconds = 300, fifo = false }
    hub-manifest    = { visibility_timeout_seconds = 600, fifo = false }
  }
}

module "vpc" {
  source = "../../modules/vpc"

  name               = local.environment
  cidr_block         = "10.41.0.0/16"
  single_nat_gateway = true
}

module "eks" {
  source = "../../modules/eks"

  cluster_name       = "parcel-stg-01"
  kubernetes_version = var.kubernetes_version
  vpc_id             = module.vpc.vpc_id
  subnet_ids         = module.vpc.private_subnet_ids
  api_allowed_cidrs  = { "Staff VPN" = var.office_cidr }

  node_groups = {
    general = {
      instance_types = ["t3a.xlarge"]
      min_size       = 2
      max_size       = 6
      spot           = true
    }
  }
}

module "database" {
  source   = "../../modules/rds"
  for_each = local.databases

  environment              = local.environment
  name                     = each.key
  instance_class           = "db.t4g.medium"
  allocated_storage        = 50
  multi_az                 = false
  backup_retention_days    = 3
  vpc_id                   = module.vpc.vpc_id
  subnet_ids               = module.vpc.private_subnet_ids
  client_security_group_id = module.eks.node_security_group_id
}

module "queue" {
  source   = "../../modules/sqs-queue"
  for_each = local.queues

  environment                = local.environment
  name                       = each.key
  fifo                       = each.value.fifo
  visibility_timeout_seconds = each.value.visibility_timeout_seconds
}

module "monitoring" {
  source = "../../modules/monitoring"

  environment        = local.environment
  pagerduty_endpoint = var.pagerduty_endpoint
  dead_letter_queues = { for name, queue in module.queue : name => queue.dead_letter_name }
  databases          = { for name, db in module.database : name => db.identifier }
  log_retention_days = { all = 14 }
}

# Credentials of the hub simulator, read by hub-sync in staging only.
resource "aws_secretsmanager_secret" "hub_simulator" {
  name                    = "tb-stg/hub-simulator"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "hub_simulator" {
  secret_id     = aws_secretsmanager_secret.hub_simulator.id
  secret_string = jsonencode(var.hub_simulator)
}
