resource "aws_db_instance" "orders" {
  identifier              = "orders-production"
  engine                  = "postgres"
  engine_version          = "14.7"
  instance_class          = "db.r5.xlarge"
  allocated_storage       = 500
  storage_type            = "gp3"
  backup_retention_period = 14
  backup_window           = "02:00-03:00"
  multi_az                = true
  deletion_protection     = true
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "sessions-production"
  node_type                  = "cache.m6g.large"
  num_cache_clusters         = 3
  engine_version             = "7.0"
  automatic_failover_enabled = true
}

resource "aws_eks_cluster" "quarry" {
  name    = "quarry-production"
  version = "1.28"
}

resource "aws_eks_node_group" "workers" {
  cluster_name   = aws_eks_cluster.quarry.name
  instance_types = ["m5.2xlarge"]
  disk_size      = 100

  scaling_config {
    min_size     = 3
    max_size     = 12
    desired_size = 6
  }
}

resource "aws_instance" "bastion" {
  ami           = "ami-0abc"
  instance_type = "t3.small"
}

resource "aws_lambda_function" "invoice_mailer" {
  function_name = "invoice-mailer"
  runtime       = "python3.11"
  timeout       = 60
  memory_size   = 512
}

resource "aws_cloudwatch_log_group" "gateway" {
  name              = "/quarry/gateway"
  retention_in_days = 30
}

resource "aws_lb" "front" {
  name         = "front-production"
  idle_timeout = 90
}
