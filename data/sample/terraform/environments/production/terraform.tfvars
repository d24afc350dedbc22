kubernetes_version   = "1.30"
office_cidr          = "10.99.0.0/22"
resolver_endpoint_id = "rslvr-out-0a51c7e20f9b4d3c8"

hubs = {
  ley = {
    public_ip  = "198.51.100.14"
    bgp_asn    = 65101
    cidr_block = "10.8.0.0/20"
  }
  cor = {
    public_ip  = "198.51.100.78"
    bgp_asn    = 65102
    cidr_block = "10.8.16.0/20"
  }
  bri = {
    public_ip  = "203.0.113.41"
    bgp_asn    = 65103
    cidr_block = "10.8.32.0/20"
  }
}
