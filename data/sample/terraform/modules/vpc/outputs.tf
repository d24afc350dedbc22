output "vpc_id" {
  description = "ID of the VPC"
  value       = aws_vpc.this.id
}

output "cidr_block" {
  description = "IPv4 range of the VPC"
  value       = aws_vpc.this.cidr_block
}

output "private_subnet_ids" {
  description = "Private subnet IDs, in availability-zone order"
  value       = [for az in var.availability_zones : aws_subnet.private[az].id]
}

output "nat_public_ips" {
  description = "Addresses our traffic leaves from; couriers allow-list these"
  value       = [for eip in aws_eip.nat : eip.public_ip]
}
