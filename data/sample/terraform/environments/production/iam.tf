# Role that the label-render service account assumes (IRSA).
data "aws_iam_policy_document" "label_render" {
  statement {
    sid       = "ConsumeLabelPrint"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    resources = [module.queue["label-print"].arn]
  }

  statement {
    sid       = "ArchiveLabels"
    actions   = ["s3:PutObject"]
    resources = ["${module.bucket["label-archive"].arn}/*"]
  }
}

resource "aws_iam_policy" "label_render" {
  name   = "tb-prod-label-render"
  policy = data.aws_iam_policy_document.label_render.json
}

# Break-glass role: assumed by the on-call SRE only, every use pages security. Sessions end after one hour.
resource "aws_iam_role" "break_glass" {
  name                 = "tb-prod-break-glass"
  max_session_duration = 3600

  assume_role_policy = <<-POLICY
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": { "AWS": "arn:aws:iam::111122223333:role/sso-sre-oncall" },
          "Action": "sts:AssumeRole",
          "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } }
        }
      ]
    }
  POLICY
}

resource "aws_iam_role_policy_attachment" "break_glass" {
  role       = aws_iam_role.break_glass.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
