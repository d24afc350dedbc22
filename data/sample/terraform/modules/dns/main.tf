resource "aws_route53_zone" "public" {
  name = var.public_zone
}

resource "aws_route53_zone" "internal" {
  name = var.internal_zone

  vpc {
    vpc_id = var.vpc_id
  }
}

resource "aws_route53_record" "public" {
  for_each = var.public_records

  zone_id = aws_route53_zone.public.zone_id
  name    = each.key
  type    = each.value.type
  ttl     = each.value.ttl
  records = each.value.values
}

# CNAMEs such as consignments.db.internal.tarnbrook.example, so that a restored instance needs no redeploy.
resource "aws_route53_record" "database" {
  for_each = var.database_addresses

  zone_id = aws_route53_zone.internal.zone_id
  name    = "${each.key}.db"
  type    = "CNAME"
  ttl     = 30
  records = [each.value]
}

# Names under hub.tarnbrook.example are answered by the name servers in Leyland and Corby.
resource "aws_route53_resolver_rule" "hub" {
  count = length(var.hub_name_servers) > 0 ? 1 : 0

  domain_name          = "hub.tarnbrook.example"
  rule_type            = "FORWARD"
  resolver_endpoint_id = var.resolver_endpoint_id

  dynamic "target_ip" {
    for_each = var.hub_name_servers

    content {
      ip = target_ip.value
    }
  }
}
