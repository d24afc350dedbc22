output "nat_public_ips" {
  description = "Give these to a new courier for their allow-list"
  value       = module.vpc.nat_public_ips
}

output "queue_urls" {
  description = "Queue URLs by name"
  value       = { for name, queue in module.queue : name => queue.url }
}
