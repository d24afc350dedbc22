output "public_zone_id" {
  description = "Zone ID for external-dns and cert-manager"
  value       = aws_route53_zone.public.zone_id
}

output "internal_zone_id" {
  description = "Zone ID of the private zone"
  value       = aws_route53_zone.internal.zone_id
}
