resource "aws_db_instance" "orders" {
  identifier              = "orders-staging"
  engine                  = "postgres"
  engine_version          = "15.3"
  instance_class          = "db.t3.medium"
  allocated_storage       = 50
  storage_type            = "gp3"
  backup_retention_period = 3
  multi_az                = false
  deletion_protection     = false
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "sessions-staging"
  node_type                  = "cache.t4g.micro"
  num_cache_clusters         = 1
  engine_version             = "7.0"
  automatic_failover_enabled = false
}

resource "aws_eks_cluster" "quarry" {
  name    = "quarry-staging"
  version = "1.29"
}

resource "aws_eks_node_group" "workers" {
  cluster_name   = aws_eks_cluster.quarry.name
  instance_types = ["m5.large"]
  disk_size      = 50

  scaling_config {
    min_size     = 1
    max_size     = 3
    desired_size = 2
  }
}
