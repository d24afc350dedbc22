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
)
