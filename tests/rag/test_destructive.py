"""Commands that destroy something are told, sentences that speak of such are not."""

from __future__ import annotations

import pytest

from rag.answers.outgoing.destructive import destructive

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
terraform init -force-copy
ls *.tmp | xargs rm
find /srv -mtime +7 -exec rm {} +
chmod -R 777 /
chown -R app: /
lvreduce -L 10G /dev/vg0/data
zfs rollback tank/db@monday
cryptsetup luksFormat /dev/sdb
ceph osd pool delete rbd rbd --yes-i-really-really-mean-it
rbd rm pool/image
ip route flush table main
journalctl --vacuum-time=1d
apt-get purge postgresql-14
virsh undefine web-1
govc vm.destroy web-1
Remove-Item -Recurse -Force C:\\data
vssadmin delete shadows /all
kubectl apply -f . --prune -l app=web
kubectl patch pv pvc-1 -p '{"metadata":{"finalizers": []}}' --type=merge
kubectl -n prod patch ns old -p '{"metadata":{"finalizers":null}}'
kubectl taint nodes node-1 maintenance=true:NoExecute
oc adm prune images --confirm
kubeadm reset
k3s-uninstall.sh
helmfile destroy
etcdctl member remove 8e9e05c52164694d
etcdctl compact 1024
argocd app delete web
argocd app sync web --prune
aws rds modify-db-instance --db-instance-identifier d --no-deletion-protection
aws iam deactivate-mfa-device --user-name u --serial-number s
aws s3 mv s3://a s3://b --recursive
rclone sync src: dst:
mc rm --recursive site/bucket
azcopy remove https://a.blob.core.windows.net/c
bq rm -r dataset
az deployment group create -g rg -f main.bicep --mode Complete
az keyvault purge --name kv
gcloud storage rm gs://bucket/**
fly -t main destroy-pipeline -p build
fly apps destroy web
heroku pg:reset DATABASE_URL
podman volume rm data
docker swarm leave --force
deployer push --force-with-lease origin main
docker stack rm web
git push origin :feature
git checkout -- main.tf
git restore .
gh variable delete TOKEN
gh api --method DELETE repos/o/r
DROP MATERIALIZED VIEW totals;
DROP PUBLICATION cdc;
TRUNCATE events RESTART IDENTITY;
RESET MASTER;
PURGE BINARY LOGS TO 'mysql-bin.010';
SELECT pg_drop_replication_slot('insight_cdc');
SELECT pg_terminate_backend(4242);
pg_restore --clean -d app app.dump
mongorestore --drop dump/
patronictl reinit main node-2
pgbackrest --stanza=main stanza-delete
restic forget --keep-last 3
borg delete repo::monday
bin/rails db:drop
flyway clean
nodetool decommission
redis-cli -h cache DEL session:1
redis-cli shutdown nosave
db.orders.deleteMany({})
db.getCollection("orders").drop()
curl -X POST -g 'http://prometheus:9090/api/v1/admin/tsdb/delete_series?match[]={job="a"}'
curl -XPOST http://prometheus:9090/api/v1/admin/tsdb/clean_tombstones
curl -X POST https://es:9200/logs/_delete_by_query
elasticsearch-shard remove-corrupted-data --index logs
kafka-consumer-groups.sh --group g --reset-offsets --to-latest --execute
kafka-topics --bootstrap-server b:9092 --delete --topic t
kafka-delete-records.sh --bootstrap-server b:9092 --offset-json-file o.json
rabbitmqctl forget_cluster_node rabbit@old
nats stream purge ORDERS
vault policy delete app
vault auth disable kubernetes
vault operator seal
vault operator raft remove-peer node-3
consul operator raft remove-peer -id=1
nomad node drain -enable 1a2b
certbot delete --cert-name example.org
gpg --delete-secret-keys ops
pulumi stack rm dev
terraform taint aws_instance.web
parted -s /dev/sdb mklabel gpt
lvremove -f vg0/data
truncate -s 0 /var/log/app.log
crontab -r
userdel -r ann
iptables -F
write erase
cloud-platform environment destroy
dropdb orders
thanos tools bucket cleanup
cat /dev/null > /var/log/app.log
shutdown -h now
backup-tool restore --force
cat disk.img > /dev/sdb
echo b > /proc/sysrq-trigger
systemctl poweroff
ipmitool -H bmc chassis power cycle
""".splitlines()
HARMLESS = """\
aws ecs update-service --cluster c --service s --force-new-deployment
docker compose up -d --force-recreate
npm audit --force-color
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
fly -t manager set-pipeline --pipeline delete-cluster --config pipelines/delete.yaml
chmod -R 755 /srv/app
chown -R app: ./build
ip route show
zfs list -t snapshot
ceph osd tree
etcdctl member list
argocd app sync web
kubectl taint nodes node-1 maintenance=true:NoExecute-
kubectl patch deployment web -p '{"spec":{"replicas":3}}'
oc adm top nodes
aws rds modify-db-instance --db-instance-identifier d --deletion-protection
rclone ls bucket:
az deployment group create -g rg -f main.bicep
docker service ls
git checkout main
git checkout -b delete-me
git restore --staged main.tf
git push origin HEAD:main
SELECT * FROM pg_replication_slots;
pg_drop_replication_slot() is for a slot that nobody reads.
Drop policy changes into the channel.
Truncate; then check.
pg_restore -l app.dump
restic snapshots
redis-cli --scan --pattern session:*
redis-cli INFO
db.orders.find({})
curl http://prometheus:9090/api/v1/admin/tsdb/snapshot
The delete_series API has to be enabled first.
kafka-consumer-groups.sh --bootstrap-server b:9092 --describe --group g
kafka-topics --bootstrap-server b:9092 --list
vault operator raft list-peers
vault kv get secret/app
consul members
nodetool status
terraform init -reconfigure
systemctl restart nginx
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
        ("It means that terraform apply -auto-approve failed. Look at the log.", []),
        ("Last night `terraform apply -auto-approve` failed.", []),
        ("A member did 'terraform destroy components', intending to destroy a test cluster.", []),
        ("He ran `terraform destroy` in the wrong workspace.", []),
        ("Once it has failed, run `terraform apply -auto-approve`.", ["terraform apply -auto-approve"]),
        (
            "`terraform destroy` must be executed by `kubectl delete ns a`.",
            ["terraform destroy", "kubectl delete ns a"],
        ),
        ("terraform apply -auto-approve\n\nIf that failed, wait.", ["terraform apply -auto-approve"]),
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
