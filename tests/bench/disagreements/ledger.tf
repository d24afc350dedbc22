resource "aws_db_instance" "ledger" {
  identifier              = "ledger-production"
  engine                  = "postgres"
  engine_version          = "14.9"
  instance_class          = "db.m6g.large"
  allocated_storage       = 200
  max_allocated_storage   = 500
  port                    = 5433
  backup_retention_period = 7
  backup_window           = "02:00-03:00"
  maintenance_window      = "sun:04:00-sun:05:00"
  multi_az                = true
  deletion_protection     = true
  storage_encrypted       = true
}

resource "aws_elasticache_replication_group" "sessions" {
  description                = "Sessions of the shop"
  node_type                  = "cache.t4g.small"
  num_cache_clusters         = 3
  engine_version             = "7.0"
  port                       = 6380
  snapshot_retention_limit   = 5
  automatic_failover_enabled = true
}

resource "aws_sqs_queue" "refunds" {
  name                       = "refunds"
  visibility_timeout_seconds = 120
  message_retention_seconds  = 345600
  delay_seconds              = 0
}

resource "aws_lambda_function" "thumbnailer" {
  function_name = "thumbnailer"
  runtime       = "python3.11"
  memory_size   = 512
  timeout       = 30
}

resource "aws_cloudwatch_log_group" "gateway" {
  name              = "/shop/gateway"
  retention_in_days = 90
}

resource "aws_autoscaling_group" "workers" {
  min_size         = 2
  max_size         = 10
  desired_capacity = 4
}

resource "aws_kms_key" "vault" {
  enable_key_rotation     = true
  deletion_window_in_days = 30
}
