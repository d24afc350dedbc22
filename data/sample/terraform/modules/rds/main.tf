locals {
  identifier = "${var.environment}-${var.name}"
}

resource "aws_db_subnet_group" "this" {
  name       = local.identifier
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "db" {
  name        = "${local.identifier}-db"
  description = "PostgreSQL from the cluster and from the hubs that need it"
  vpc_id      = var.vpc_id

  ingress {
    description     = "EKS nodes"
    from_port       = 5432
    to_port         = 5432
    protocol        = "tcp"
    security_groups = [var.client_security_group_id]
  }

  dynamic "ingress" {
    for_each = var.extra_client_cidrs

    content {
      description = ingress.key
      from_port   = 5432
      to_port     = 5432
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}

resource "aws_db_parameter_group" "this" {
  name   = "${local.identifier}-pg16"
  family = "postgres16"

  dynamic "parameter" {
    for_each = merge({ "log_min_duration_statement" = "750", "rds.force_ssl" = "1" }, var.parameters)

    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "pending-reboot"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier     = local.identifier
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class

  allocated_storage     = var.allocated_storage
  max_allocated_storage = var.allocated_storage * 2
  storage_type          = "gp3"
  storage_encrypted     = true

  db_name                     = replace(var.name, "-", "_")
  username                    = "tbadmin"
  manage_master_user_password = true

  multi_az                = var.multi_az
  db_subnet_group_name    = aws_db_subnet_group.this.name
  parameter_group_name    = aws_db_parameter_group.this.name
  vpc_security_group_ids  = [aws_security_group.db.id]
  backup_retention_period = var.backup_retention_days
  backup_window           = "01:10-01:40"
  maintenance_window      = "tue:02:00-tue:03:00"

  performance_insights_enabled = true
  deletion_protection          = var.environment == "tb-prod"
  skip_final_snapshot          = var.environment != "tb-prod"
  final_snapshot_identifier    = "${local.identifier}-final"
}
