"""Commands that destroy something are told, sentences that speak of such are not."""

from __future__ import annotations

import pytest

from rag.answers.destructive import destructive

DESTROYING = """\
terraform destroy
terraform -chdir=envs/prod destroy -auto-approve
terraform state rm aws_db_instance.main
terraform state push backup.tfstate
terraform force-unlock 1234
tofu workspace delete old
terragrunt run-all destroy
terraform apply -destroy
terraform apply -var-file prod.tfvars -auto-approve
rm -rf /var/lib/etcd
sudo rm -r build
find /data -name '*.log' -delete
dd if=/dev/zero of=/dev/sda bs=1M
mkfs.ext4 /dev/xvdf
wipefs -a /dev/sdb
shred -u secrets.txt
kubectl delete pod web-0
kubectl -n prod delete deployment api
kubectl --context live -n prod delete pvc --all
kubectl drain node-1 --ignore-daemonsets
kubectl replace --force -f pod.yaml
kubectl scale deployment api --replicas=0
helm uninstall ingress -n ingress
helm -n prod delete api
eksctl delete cluster --name old
aws s3 rm s3://bucket --recursive
aws s3 rb s3://bucket --force
aws s3api delete-bucket --bucket b
aws dynamodb delete-item --table-name locks --key x
aws ec2 terminate-instances --instance-ids i-1
aws --profile live rds delete-db-instance --db-instance-identifier d
aws kms schedule-key-deletion --key-id k
gcloud compute instances delete vm-1
az group delete --name rg
docker system prune -a
docker volume rm data
docker compose down -v
git push --force origin main
git push -f
git push origin --delete feature
git reset --hard HEAD~1
git clean -fdx
git branch -D old
gh repo delete org/repo
DROP TABLE users;
drop database billing
TRUNCATE TABLE events
DELETE FROM users WHERE id = 1;
redis-cli FLUSHALL
curl -X DELETE https://es:9200/logs
curl -s -XDELETE https://es:9200/logs
vault kv destroy secret/app
kill -9 4242
velero backup delete nightly
rsync -a --delete src/ dst/
pulumi destroy
""".splitlines()
HARMLESS = """\
The namespace was deleted last week.
Terraform will destroy the old instance and create a new one.
You must never destroy the state bucket.
A drop in traffic on the table service is normal.
Drop us a message in #ops.
Delete the stale record in the console.
The helm chart can be uninstalled by the platform team.
Force a new deployment by pushing an empty commit.
Removing a user takes a day.
kubectl get pods -n prod
kubectl describe pod web-0
terraform plan
terraform apply
terraform state list
terraform state show aws_vpc.main
git push origin main
git status
git reset HEAD file.txt
helm upgrade --install api ./chart
helm list -A
aws s3 ls s3://bucket
aws dynamodb get-item --table-name locks
aws ec2 describe-instances
aws rds describe-db-instances --query deleted
docker ps -a
docker compose up -d
rm build/tmp.txt
ls -la /dev/sda
dd is a tool that copies blocks.
mkfs makes filesystems.
The format of the disk is ext4.
SELECT * FROM users WHERE deleted_at IS NULL;
The table was truncated in the report.
curl -X POST https://api/x
curl https://api/delete
kill the conversation politely
The kubectl command can not delete finalizers by itself.
aws can be told to delete objects after 30 days by a lifecycle rule.
The pod is evicted when the node drains.
reboot is not needed afterwards
The deletion_protection flag is true.
An alert fires when a volume is removed.
prevent_destroy = true
resource "aws_s3_bucket" "delete_me" {}
on_delete: cascade
You can terraform destroy the old credentials by a pull request.
See the page on how to delete a namespace.
git commit -m "Delete the old module"
terraform is used to destroy and create environments.
""".splitlines()


@pytest.mark.parametrize("command", DESTROYING)
@pytest.mark.parametrize("around", ["Run:\n\n```bash\n{}\n```\n", "Then `{}`, and wait."])
def test_a_destructive_command_is_told(command: str, around: str) -> None:
    told = list(destructive(around.format(command)))
    assert len(told) == 1, told
    assert told[0][0] in command
    assert told[0][1]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_destroys_nothing_is_not_told(text: str) -> None:
    assert list(destructive(text)) == []
    assert list(destructive(f"```\n{text}\n```")) == []


def test_the_tables_are_long_enough() -> None:
    assert len(DESTROYING) >= 40 <= len(HARMLESS)


def test_a_command_is_told_once() -> None:
    text = "`terraform destroy`\n\n```\nterraform destroy\nterraform   destroy\nkubectl delete ns a && kubectl delete ns b\n```\n"
    assert [command for command, _ in destructive(text)] == [
        "terraform destroy",
        "kubectl delete ns a",
        "kubectl delete ns b",
    ]


def test_it_takes_no_longer_for_hostile_text() -> None:
    assert list(destructive("aws " * 20_000)) == []
    assert list(destructive("terraform -a b " * 5_000)) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Never run `terraform destroy` here.", []),
        ("**IMPORTANT:** Do NOT run `kubectl delete ns a` by hand", []),
        ("Use a pull request rather than `terraform state rm a`.", []),
        ("Never run `terraform destroy` here. Run `kubectl delete ns a`.", ["kubectl delete ns a"]),
        ("Don't forget to run `kubectl delete ns a`.", ["kubectl delete ns a"]),
        ("Do not wait; run `kubectl delete ns a`.", ["kubectl delete ns a"]),
        ("After a day without traffic, run `kubectl delete ns a`.", ["kubectl delete ns a"]),
        ("It never ends.\n\n```\nkubectl delete ns a\n```", ["kubectl delete ns a"]),
        ("Do not run it without a backup, but `kubectl delete ns a` is what it takes.", ["kubectl delete ns a"]),
    ],
)
def test_what_is_forbidden_is_no_warning_of_its_own(text: str, told: list[str]) -> None:
    assert [command for command, _ in destructive(text)] == told


@pytest.mark.parametrize("text", ["Never run `terraform destroy` here.", "You must never run\n`kubectl delete ns a`."])
def test_a_prohibition_is_no_command(text: str) -> None:
    assert list(destructive(text)) == []
    assert list(destructive(f"Never by day. {text} Run `dropdb orders` at night.")) == [
        ("dropdb orders", "drops a database")
    ]
