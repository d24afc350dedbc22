resource "aws_vpc" "harbour" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_eks_cluster" "quay" {
  name    = "quay"
  version = "1.29"
}

resource "aws_eks_node_group" "quay_default" {
  cluster_name    = aws_eks_cluster.quay.name
  node_group_name = "quay-default"
  instance_types  = ["m6i.xlarge"]
  disk_size       = 100

  scaling_config {
    desired_size = 6
    min_size     = 4
    max_size     = 12
  }
}

resource "aws_rds_cluster" "manifests" {
  cluster_identifier      = "manifests"
  engine                  = "aurora-postgresql"
  engine_version          = "15.4"
  backup_retention_period = 14
  deletion_protection     = true
  storage_encrypted       = true
}

resource "aws_db_instance" "berths" {
  identifier              = "berths"
  engine                  = "mysql"
  engine_version          = "8.0.35"
  instance_class          = "db.t4g.medium"
  allocated_storage       = 80
  multi_az                = false
  deletion_protection     = false
  backup_retention_period = 3
  publicly_accessible     = false
}

resource "aws_sqs_queue" "arrivals" {
  name                       = "arrivals"
  visibility_timeout_seconds = 600
  message_retention_seconds  = 1209600
  fifo_queue                 = true
}

resource "aws_cloudwatch_log_group" "pilot" {
  name              = "/harbour/pilot"
  retention_in_days = 30
}

resource "aws_lambda_function" "tides" {
  function_name = "tides"
  runtime       = "python3.12"
  memory_size   = 1024
  timeout       = 60
}

resource "aws_lb_target_group" "pilot" {
  name     = "pilot"
  port     = 8443
  protocol = "HTTPS"

  health_check {
    path     = "/healthz"
    interval = 15
  }
}

resource "aws_elasticache_replication_group" "moorings" {
  description                = "Moorings cache"
  engine_version             = "7.1"
  node_type                  = "cache.r6g.large"
  num_cache_clusters         = 2
  multi_az_enabled           = true
  automatic_failover_enabled = true
  transit_encryption_enabled = true
}
