# Site-to-site VPNs to the sorting hubs. Each hub has one customer gateway and two tunnels.

resource "aws_vpn_gateway" "hubs" {
  count = var.enable_hub_vpn ? 1 : 0

  vpc_id          = aws_vpc.this.id
  amazon_side_asn = 64620
}

resource "aws_customer_gateway" "hub" {
  for_each = var.enable_hub_vpn ? var.hubs : {}

  bgp_asn    = each.value.bgp_asn
  ip_address = each.value.public_ip
  type       = "ipsec.1"

  tags = { Name = "hub-${each.key}" }
}

resource "aws_vpn_connection" "hub" {
  for_each = aws_customer_gateway.hub

  vpn_gateway_id      = aws_vpn_gateway.hubs[0].id
  customer_gateway_id = each.value.id
  type                = "ipsec.1"

  # The FortiGates at the hubs cannot do SHA2-512 with group 21; 20 is the highest they accept.
  tunnel1_phase1_dh_group_numbers = [20]
  tunnel2_phase1_dh_group_numbers = [20]
  tunnel1_dpd_timeout_action      = "restart"
  tunnel2_dpd_timeout_action      = "restart"
}
