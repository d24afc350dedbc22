module "gauges_db" {
  source                = "git::https://git.example.org/modules/rds.git?ref=3.2"
  instance_class        = "db.m6g.2xlarge"
  backup_retention_days = 28
  allocated_storage     = 800
  engine_version        = "15.4"
  multi_az              = true
}

module "readings_cache" {
  source    = "../../modules/redis"
  node_type = "cache.r6g.large"
  replicas  = 2
}

locals {
  flood_alert_retention_days = 60
  ingest_instance_type       = "c6i.xlarge"
}

resource "aws_s3_bucket" "telemetry" {
  bucket = "weir-telemetry"
}

resource "aws_s3_bucket_lifecycle_configuration" "telemetry" {
  bucket = aws_s3_bucket.telemetry.id
  rule {
    id     = "raw"
    status = "Enabled"
    transition {
      days          = 45
      storage_class = "GLACIER"
    }
    expiration {
      days = 730
    }
  }
}

resource "aws_kinesis_stream" "readings" {
  name             = "readings"
  shard_count      = 8
  retention_period = 48
}

resource "aws_lambda_function" "flood_notifier" {
  function_name = "flood-notifier"
  runtime       = "nodejs20.x"
  timeout       = 20
  memory_size   = 256
}

resource "aws_autoscaling_group" "pumps" {
  name     = "pumps"
  min_size = 2
  max_size = 10
}
