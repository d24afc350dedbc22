module "gauges_db" {
  source                = "git::https://git.example.org/modules/rds.git?ref=3.2"
  instance_class        = "db.t4g.medium"
  backup_retention_days = 1
  allocated_storage     = 40
  engine_version        = "15.4"
  multi_az              = false
}
