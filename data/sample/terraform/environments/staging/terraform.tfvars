kubernetes_version = "1.31"
office_cidr        = "10.99.0.0/22"

# TODO(PLAT-2230): move to Secrets Manager before the auditors come back
hub_simulator = {
  host     = "hubsim.stg.internal.tarnbrook.example"
  username = "hubsim"
  password = "vQ7-Lumber-92xKoTr"
}
