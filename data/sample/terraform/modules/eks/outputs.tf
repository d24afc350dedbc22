output "cluster_name" {
  description = "Name of the cluster"
  value       = aws_eks_cluster.this.name
}

output "oidc_issuer" {
  description = "Issuer URL for IAM roles for service accounts (IRSA)"
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "node_security_group_id" {
  description = "Security group that EKS attaches to every node; databases allow it in"
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}
