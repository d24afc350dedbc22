"""Planted disagreements and innocents: pages against the Terraform of `CODE`, and pages against pages."""

from __future__ import annotations

CODE = """\
resource "aws_db_instance" "invoices" {
  backup_retention_period = 0
  instance_class          = "db.t3.medium"
  engine_version          = "15.4"
  allocated_storage       = 100
  port                    = 5433
}
resource "aws_elasticache_cluster" "sessions" {
  port            = 6380
  node_type       = "cache.t3.small"
  num_cache_nodes = 3
}
resource "aws_sqs_queue" "parcels" {
  visibility_timeout_seconds = 60
  message_retention_seconds  = 345600
}
resource "aws_cloudwatch_log_group" "billing" {
  retention_in_days = 30
}
resource "aws_lambda_function" "resize" {
  memory_size = 512
  timeout     = 30
  runtime     = "python3.11"
}
resource "aws_rds_cluster" "stock" {
  cluster_identifier  = "stock-main"
  deletion_protection = true
  multi_az            = false
}
resource "aws_eks_node_group" "batch" {
  node_group_name = "batch-nodes"
  instance_types  = ["m6i.large"]
  scaling_config {
    desired_size = 4
    max_size     = 9
  }
}
resource "aws_s3_bucket" "exports" {
  bucket = "tb-exports"
  versioning {
    enabled = true
  }
}
locals {
  cluster_version = {
    live    = "1.34"
    manager = "1.33"
  }
  vpc_cidr = { live = "10.20.0.0/16" }
}
resource "aws_sqs_queue" "tb_audit_logs_queue" {
  visibility_timeout_seconds = 30
}
"""
AGAINST_CODE = (
    "# Invoices database\n\nIt keeps backups for 14 days.",
    "# Data\n\nThe invoices database runs on db.t3.large.",
    "# Data\n\n`aws_db_instance.invoices` keeps backups for 7 days.",
    "# Data\n\nBackups of the invoices database are kept for two weeks.",
    "# Data\n\nThe invoices database listens on port 5432.",
    "# Data\n\nThe invoices database has 50 GB of storage.",
    "# Data\n\nThe invoices database is PostgreSQL version 14.9.",
    "# Cache\n\nThe sessions cache listens on port 6379.",
    "# Cache\n\nThe sessions cache has 5 nodes.",
    "# Queues\n\nThe parcels queue has a visibility timeout of 45 seconds.",
    "# Logs\n\nThe billing log group keeps logs for 90 days.",
    "# Code\n\nThe resize function has 256 MB of memory.",
    "# Code\n\nThe `resize` function has 1 GB of memory.",
    "# Code\n\nThe resize function runs on Python 3.9.",
    "# Stock\n\nDeletion protection is off for the stock cluster, so a plan may drop it.",
    "# Stock\n\nThe stock cluster is multi-AZ.",
    "# Stock\n\nThe cluster `stock-main` isn't protected from deletion.",
    "# Nodes\n\nThe group `batch-nodes` scales up to 20 nodes.",
    "# Nodes\n\nThe `batch-nodes` node group has six nodes.",
    "# Exports\n\nVersioning is disabled on the bucket `tb-exports`.",
    "# Clusters\n\nThe live cluster runs Kubernetes 1.31.",
    "# Networks\n\nThe live VPC uses the range 10.21.0.0/16.",
    "# Queues\n\nThe audit logs queue has a visibility timeout of 5 minutes.",
    "# Settings of the invoices database\n\n| Setting | Value |\n|---|---|\n| Port | 5433 |\n| Engine version | 13.4 |",
    "# Settings\n\n`aws_rds_cluster.stock` has `multi_az = true`.",
)
WITH_CODE = (
    "# Data\n\nThe invoices database in staging keeps backups for 14 days.",
    "# Data\n\nThe orders database runs on db.t3.large.",
    "# Data\n\nThe invoices database kept backups for 7 days until 2024.",
    "# Data\n\nFor example, the invoices database could run on db.t3.large.",
    "# Data\n\nThe invoices database runs on db.t3.medium.",
    "# Data\n\nThe invoices database has 80 to 120 GB of storage.",
    "# Data\n\nThe invoices team rotates its keys after 90 days.",
    "# Cache\n\nThe sessions cache of the sandbox listens on port 6379.",
    "# Cache\n\nUnlike the sessions cache, the carts cache has 5 nodes.",
    "# Queues\n\nMessages of the parcels queue are kept for 4 days.",
    "# Logs\n\nInvoices are sent within 30 days; billing closes after 10 days.",
    "# Code\n\nThe resize function should have 1024 MB of memory.",
    "# Code\n\nThe resize function has half a gigabyte (0.5 GB) of memory.",
    "# Code\n\nThe tests of the resize function run with Terraform 1.9.",
    "# Stock\n\nTo drop the stock cluster, disable deletion protection, apply, then destroy it.",
    "# Stock\n\nIf deletion protection is off for the stock cluster, turn it on.",
    "# Stock\n\nIs deletion protection off for the stock cluster, or is it on?",
    "# Networks\n\nThe first zone of the live VPC uses the range 10.20.16.0/20.",
    "# Queues\n\nMessages of the parcels queue are handled within 2 hours.",
    "# Stock\n\nMake sure that deletion protection is off for the stock cluster.",
    "# Stock\n\nRestores of the invoices database go to a db.t3.large instance.",
    "# Stock\n\nThe stock cluster isn't multi-AZ, but deletion protection is on.",
    "# Nodes\n\nThe group `batch-nodes` scales up to 9 nodes of m6i.large.",
    "# Clusters\n\nThe live cluster uses cert-manager 1.14 and Helm 3.14.",
    "# Clusters\n\nThe manager cluster runs Kubernetes 1.33.",
    "# Clusters\n\nThe EKS module of the live cluster is version 18.31.",
    "# Networks\n\nThe live VPC has a subnet 10.20.4.0/24 and peers with 10.99.0.0/16.",
    "# Exports\n\nThe bucket `tb-exports` is versioned.",
)
APART = (
    ("# Redis\nRedis listens on port 6379.", "# Cache\nRedis listens on port 6380."),
    ("# Restart\nWait 2 minutes for the gateway.", "# Restart the gateway\nWait 10 minutes for the gateway."),
    ("# Restart\n1. Drain the node.\n2. Wait 2 minutes.", "# Restart\n1. Drain the node.\n2. Wait 10 minutes."),
    ("# Redis\nConnect to the cache on port 6379.", "# Redis\nThe cache listens on port 6380."),
    ("# Redis\nThe session cache is at port 6379.", "# Redis\nThe session cache uses port 6380."),
    ("# Backups\nBackups are kept for 14 days.", "# Backups\nWe keep backups for 30 days."),
    ("# Search\nThe search cluster has 3 nodes.", "# Search\nThe search cluster runs 5 nodes."),
    ("# Search\nThe search nodes are m5.large.", "# Search\nThe search nodes are m6.large."),
    ("# Disk\nThe build disk is 100 GB.", "# Disk\nThe build disk is 200 GB."),
    ("# Deploy\nDeploys are frozen at 16:00.", "# Deploy\nDeploys are frozen at 17:30."),
    ("# Postgres\nOrders run on PostgreSQL 14.2.", "# Postgres\nOrders run on PostgreSQL 15.4."),
    ("# Pager\nEscalate in #sre-help.", "# Pager\nEscalate in #platform-help."),
    ("# Mesh\nMutual TLS is enabled in the mesh.", "# Mesh rules\nMutual TLS is switched off in the mesh."),
    ("# Copies\nBackups of the ledger go to eu-west-1.", "# Recovery\nBackups of the ledger go to eu-west-2."),
    ("# Wiki\nSnapshots of the wiki are taken daily.", "# Snapshots\nSnapshots of the wiki are taken weekly."),
    ("# Tracker\nThe tracker has three replicas.", "# Tracker sizing\nThe tracker has 5 replicas."),
    ("# Tracker\nThe tracker's memory limit is 512Mi.", "# Tracker sizing\nThe tracker's memory limit is 2 GB."),
    (
        "# Reviews\nFirewall rules are approved by the network team.",
        "# Firewall\nFirewall rules are approved by the security team.",
    ),
    (
        "# Deploys\nDeploys of the portal are allowed until 16:00.",
        "# Deploys\nDeploys of the portal are allowed until 18:00.",
    ),
    (
        "# API\nThe API of the couriers has 3 replicas in production.",
        "# API\nThe API of the couriers has 5 replicas.",
    ),
)
ALIKE = (
    ("# Redis\nRedis listens on port 6379 in production.", "# Redis\nRedis listens on port 6380 in staging."),
    ("# Redis\nRedis listens on port 6379.", "# Postgres\nPostgres listens on port 5432."),
    ("# Restart\nWait 2 minutes for the gateway.", "# Restart\nWait 10 minutes for the database."),
    ("# Backups\nBackups were kept for 7 days until 2024.", "# Backups\nBackups are kept for 14 days."),
    ("# Restart\nWait 2 to 5 minutes for the gateway.", "# Restart\nWait 3 minutes for the gateway."),
    ("# Redis\nFor example, Redis could listen on port 6380.", "# Redis\nRedis listens on port 6379."),
    ("# Restart\nWait about 2 minutes for the gateway.", "# Restart\nWait 3 minutes for the gateway."),
    ("# Disk\nThe build disk is 100 GB.", "# Disk\nThe cache disk is 200 GB."),
    ("# Keys\nKeys expire after 90 days.", "# Tickets\nTickets close after 14 days."),
    ("# Search\nThe search cluster has 3 nodes.", "# Metrics\nThe metrics cluster has 5 nodes."),
    ("# Restart\n1. Drain the node.\n2. Wait 2 minutes.", "# Rollback\n1. Undo the release.\n2. Wait 10 minutes."),
    ("# Redis\nRedis listens on port 6379.", "# Redis\nThe Redis exporter listens on port 9121."),
    (
        "# Fail over the courier gateway\n1. Drain it.\n2. Wait 2 minutes.",
        "# Fail over the tracking gateway\n1. Drain it.\n2. Wait 9 minutes.",
    ),
    ("# API\nThe API allows 100 requests per second.", "# API\nThe API allows 20 requests per second for guests."),
    (
        "# Orders\nBackups of the orders database are kept for 35 days.",
        "# Labels\nBackups of the labels database are kept for 14 days.",
    ),
    ("# Tracker\nThe tracker has 1 GB of memory.", "# Sizing\nThe tracker has 1024 MB of memory."),
    (
        "# Deploys\nDeploys are allowed until 16:00 on Fridays.",
        "# Deploys\nDeploys are allowed until 18:00 on Mondays.",
    ),
    ("# Types\n| | Type |\n|---|---|\n| | cache.t4g.small |", "# Sizes\n| | Type |\n|---|---|\n| | db.t4g.small |"),
    (
        "# Queues\nRefunds in the courier queue leave after 30 days.",
        "# Queues\nParcels in the courier queue leave after 7 days.",
    ),
    ("# Gateways\nThe courier gateway pool has 3 nodes.", "# Gateways\nThe courier gateway pool canary has 5 nodes."),
    (
        "# Tokens\nTokens of the courier API expire after 30 days.",
        "# Tokens\nTokens of the courier API expire after 7 days for the guests.",
    ),
    (
        "# Fail over the courier gateway\n1. Drain the old node of the pool.\n2. Wait 2 minutes.",
        "# Fail over the tracking gateway\n1. Drain the old node of the pool.\n2. Wait 9 minutes.",
    ),
    (
        "# Deploy\nWait 5 minutes for the pods to become ready.",
        "# Rollback\nWait 2 minutes for the pods to become ready.",
    ),
    ("# Severity\nFor a P1, respond within 15 minutes.", "# Severity levels\nFor a P2, respond within 60 minutes."),
    (
        "# Limits\nThe courier API takes 100 requests a second.",
        "# Limits\nFor guests, the courier API takes 20 requests a second.",
    ),
    ("# Disks\nAlerts fire when usage is greater than 70%.", "# Disks of nodes\nAlerts fire when usage is at 95%."),
    (
        "# Archive\nThe archive of labels has 1 TB of storage.",
        "# Archive\nThe archive of labels has 1000 GB of storage.",
    ),
    (
        "# Redis\n| Version | Environment | Limit |\n|---|---|---|\n| 7 | Non-production | 2 GB |",
        "# MySQL\n| Version | Environment | Limit |\n|---|---|---|\n| 8 | Non-production | 4 GB |",
    ),
)
