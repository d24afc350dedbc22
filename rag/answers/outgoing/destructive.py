"""Commands that destroy something and can't be taken back, wherever an answer shows one: a reader on call copies in haste.

`outlet` flags what `destructive` finds. A line a command: what it looks like, and what it does.
"""

# ruff: noqa: E501  # a kind of command in a line

from __future__ import annotations

import re
from collections.abc import Iterator

_GAP = r"(?:[ \t]|\\\\\n)+"
_WORD = r"[^\s;&|`]+"
_OPTIONS = (
    rf"(?:{_GAP}-{_WORD}(?:{_GAP}(?!-){_WORD})?){{0,5}}?{_GAP}"  # {a}: between a program and what it is told to do
)
_WORDS = rf"(?:{_GAP}{_WORD}){{0,8}}?{_GAP}"  # {w}: also names and sub-commands
_RULES: tuple[tuple[str, str], ...] = (
    (r"(?:terraform|tofu|terragrunt)(?: run-all| run --all)?{a}destroy\b", "destroys everything in the Terraform state"),
    (r"(?:terraform|tofu|terragrunt)(?: run-all)?{a}apply{w}-destroy\b", "destroys everything in the Terraform state"),
    (r"(?:terraform|tofu|terragrunt){a}state rm\b", "makes Terraform forget a resource that goes on existing"),
    (r"(?:terraform|tofu|terragrunt){a}state push\b", "overwrites the remote Terraform state"),
    (r"(?:terraform|tofu|terragrunt){a}force-unlock\b", "breaks a state lock, perhaps of a run that is under way"),
    (r"(?:terraform|tofu|terragrunt){a}workspace delete\b", "deletes a Terraform workspace"),
    (r"(?:terraform|tofu|terragrunt){a}(?:taint|apply{w}-replace=?)\b", "destroys a resource and makes it anew"),
    (r"(?:terraform|tofu|terragrunt){a}init{w}-force-copy\b", "overwrites the state in the new backend without asking"),
    (r"(?:terraform|tofu|terragrunt)(?: run-all)?{a}apply{w}-auto-approve\b", "changes infrastructure without asking"),
    (r"rm{w}(?:-[a-zA-Z]*[rRf][a-zA-Z]*|--recursive|--force)\b", "deletes files for good"),
    (r"find [^\n;|]{{1,200}}-delete\b", "deletes every file that it finds"),
    (r"xargs{w}rm\b|find [^\n;|]{{1,200}}-exec rm\b", "deletes every file that it is given"),
    (r"(?:chmod|chown){w}(?:-R|--recursive)(?:{_})(?:\S+(?:{_}))?/(?![\w.$<{{])", "changes the rights of every file on the machine"),
    (r"shred{a}", "overwrites files for good"),
    (r"dd (?:[^\n;|]{{0,200}} )?of=", "overwrites a file or a device"),
    (r"mkfs(?:\.\w+)?{w}(?:-|\S*/)", "makes a new filesystem over what is there"),
    (r"wipefs{a}", "wipes a device's signatures"),
    (r"(?:fdisk|parted|sgdisk){w}/dev/", "changes a disk's partitions"),
    (r"(?:lvremove|vgremove|pvremove|zfs destroy|zpool destroy|cryptsetup luksErase|mdadm{a}--zero-superblock)\b", "removes a volume and what it holds"),
    (r"(?:lvreduce|vgreduce|zfs{a}rollback|zpool{a}(?:labelclear|remove|detach)|cryptsetup{a}(?:luksFormat|erase|luksKillSlot|luksRemoveKey)|btrfs subvolume delete|nvme format|hdparm{w}--security-erase|badblocks{w}-\w*w|blkdiscard{w}/dev/|mkswap{w}/dev/|xfs_repair{w}-L)\b", "loses what a volume or a disk holds"),
    (r"ceph{a}(?:osd (?:purge|destroy|lost|pool (?:delete|rm))|fs rm)\b|ceph-volume lvm zap\b|rbd{a}(?:rm|remove|trash purge|snap (?:rm|purge|rollback))\b|rados{a}(?:rm|purge|rmpool)\b|gluster volume delete\b", "loses what a cluster of disks holds"),
    (r"truncate{w}(?:-s|--size)[ =]?0", "empties a file"),
    (r"crontab -r\b", "removes all of a user's cron jobs"),
    (r"(?:userdel|deluser|groupdel) (?:-\S+ )*\w", "deletes an account"),
    (r"(?:iptables|ip6tables){a}(?:-F|--flush)\b|nft flush ruleset|ufw{a}reset\b", "removes all firewall rules"),
    (r"ip{a}(?:route|addr|address|rule|link) (?:flush|delete|del)\b|ipvsadm{a}-C\b", "takes addresses or routes away, perhaps those by which you came"),
    (r"journalctl{w}--vacuum-(?:size|time|files)\b", "deletes logs"),
    (r"apt(?:-get)?{a}purge\b", "removes packages with their settings, and perhaps their data"),
    (r"(?:write erase|erase startup-config|request system zeroize)\b", "erases the configuration of a device"),
    (r"(?:virsh{a}(?:undefine|vol-delete|pool-delete|snapshot-delete)|(?:qm|pct) destroy|lxc delete|multipass (?:delete|purge)|govc{a}(?:vm\.destroy|datastore\.rm|object\.destroy|snapshot\.remove))\b", "deletes a virtual machine or its disks"),
    (r"(?:Remove-[A-Z][A-Za-z]+|Clear-(?:Content|Disk|RecycleBin|EventLog)|Format-Volume|Initialize-Disk)(?=[ \t]+[-$\"'\w*<])", "deletes what it names"),
    (r"(?:(?:del|rmdir|rd){w}/[sS]|(?:reg|vssadmin|wbadmin) delete)\b", "deletes files, keys or backups"),
    (r"(?:kubectl|oc){a}delete\b(?! --help)", "deletes objects from the cluster"),
    (r"(?:kubectl|oc){a}drain\b", "evicts every pod from a node"),
    (r"(?:kubectl|oc){a}replace{w}--force\b", "deletes an object and makes it anew"),
    (r"(?:kubectl|oc){a}scale{w}--replicas[= ]0\b", "stops every pod of a workload"),
    (r"(?:kubectl|oc){a}apply{w}--prune\b", "deletes objects that the files lack"),
    (r"(?:kubectl|oc){a}patch [^\n;|]{{1,200}}finalizers[\"'\\]*(?::|=)\s*(?:null|\[\s*\])", "removes an object without what would have tidied up behind it"),
    (r"(?:kubectl|oc){a}taint{w}\S+:NoExecute(?!-)", "evicts pods from a node"),
    (r"oc{a}adm (?:prune|drain)\b", "deletes objects, or evicts every pod from a node"),
    (r"(?:kubeadm|talosctl){a}reset\b|k3s(?:-agent)?-uninstall\.sh\b|rke{a}remove\b|(?:istioctl|linkerd|cilium){a}uninstall\b", "takes a node, or what it runs, out of the cluster"),
    (r"helm{a}(?:uninstall|delete|del)\b|helmfile{a}(?:destroy|delete)\b", "removes a release and its objects"),
    (r"velero{a}(?:backup|schedule|restore) delete\b", "deletes backups"),
    (r"(?:eksctl|kops|kind|minikube|k3d|gcloud container clusters){w}delete\b", "deletes a cluster or a part of it"),
    (r"(?:kops|cloud-platform) (?:[^\s`]+ ){{0,3}}(?:delete|destroy)\b", "deletes a part of the platform"),
    (r"etcdctl{a}(?:del|defrag|snapshot restore|member remove|compact(?:ion)?|lease revoke|(?:user|role) delete)\b", "changes the cluster's store"),
    (r"argocd{a}(?:app|appset|proj|cluster|repo) (?:delete|rm)\b|argocd{a}app sync{w}--(?:prune|force|replace)\b|(?:argo|tkn){w}delete\b|flux{a}(?:delete|uninstall)\b", "deletes what is deployed"),
    (r"aws{a}[a-z0-9-]+{w}(?:delete|terminate|deregister|purge|remove|destroy|disassociate|detach|revoke|release|schedule-key-deletion|batch-delete|deactivate|deprovision|unsubscribe|abort|disable-key)(?:-[a-z-]+|\b)(?! help)", "deletes or detaches something in AWS"),
    (r"aws{a}s3 (?:rm|rb)\b", "deletes objects or a bucket"),
    (r"aws{a}[a-z0-9-]+ modify-[a-z-]+{w}--no-deletion-protection\b", "lets something be deleted that was protected"),
    (r"aws{a}s3 mv{w}--recursive\b|(?:s3cmd{a}(?:del|rb|rm)|s5cmd{a}(?:rm|rb)|mc{a}(?:rm|rb)|azcopy{a}(?:rm|remove)|bq{a}rm|cbt{a}delete\w+)\b|rclone{a}(?:delete|deletefile|purge|sync|rmdirs)\b", "deletes objects, buckets or tables"),
    (r"az{a}deployment{w}--mode[ =][Cc]omplete\b", "deletes what the template lacks"),
    (r"(?:fly|flyctl){a}(?:destroy-pipeline|dp|destroy-team|prune-worker|(?:apps?|machines?|m|volumes?|postgres) (?:destroy|delete|remove))\b", "deletes a pipeline, a worker or an application"),
    (r"aws{a}s3 sync{w}--delete\b|rsync{w}--delete\b", "deletes what the source lacks"),
    (r"(?:gcloud|az|doctl|ibmcloud|oci|hcloud|linode-cli|openstack|heroku|eb|cf|wrangler|cloudflared){w}(?:delete|destroy|purge|remove|apps:destroy|pg:reset|terminate)\b", "deletes something at the cloud provider"),
    (r"(?:gsutil|gcloud{a}storage){a}(?:rm|rb)\b", "deletes objects or a bucket"),
    (r"(?:docker|podman|nerdctl){a}(?:system|volume|image|container|network|builder|stack|service|pod|node) (?:prune|rm)\b|(?:docker|podman|nerdctl|crictl) (?:rm|rmi|rmp)\b|docker swarm leave{w}(?:-f|--force)\b|(?:docker|podman)[ -]compose{a}(?:down{w}(?:-v|--volumes)|rm)\b", "deletes containers, images or volumes"),
    (r"git{a}push{w}(?:-f|--force(?:-with-lease)?|--delete|--mirror)\b|git{a}push{w}[+:][\w<$]", "overwrites or deletes what others see of a branch"),
    (r"git checkout (?:-f\b|-- \S|\.(?![\w/.-]))|git restore{w}\.(?![\w/.-])|git gc{w}--prune=now\b", "discards what was not committed, or what nothing names"),
    (r"git{a}reset{w}--hard\b", "discards what was not committed"),
    (r"git{a}clean{a}-\w*f", "deletes files that git does not know"),
    (r"git{a}branch{a}-D\b|git{a}(?:filter-branch|filter-repo|stash (?:drop|clear)|reflog expire)\b", "discards commits"),
    (r"gh{a}(?:repo|release|secret|variable|workflow|run|cache|gist|issue|api{w}(?:-X|--method)) (?:delete|DELETE)\b|glab{w}delete\b", "deletes something on the git host"),
    (r"(?i:drop\s+(?:table|database|schema|index|view|user|role|tablespace|column)\s+(?:if\s+exists\s+)?[`\"]?[\w.<$\{{]+)", "drops a database object and its data"),
    (r"DROP\s+(?:MATERIALIZED VIEW|FUNCTION|PROCEDURE|TRIGGER|EXTENSION|PUBLICATION|SUBSCRIPTION|SEQUENCE|TYPE|POLICY|CONSTRAINT|PARTITION|KEYSPACE|LOGIN|OWNED BY|MEASUREMENT|SERIES|RETENTION POLICY)\s+[\w.<$\"`\{{]+", "drops a database object"),
    (r"TRUNCATE\s+(?!TABLE\b)[\w.,\"` ]{{1,80}}(?:;|CASCADE\b|RESTART\b)", "empties a table"),
    (r"(?:RESET MASTER|RESET (?:SLAVE|REPLICA) ALL|PURGE (?:BINARY|MASTER) LOGS)\b", "loses what replicas, or a restore to a moment, would need"),
    (r"pg_drop_replication_slot\s*\((?!\s*\))", "drops a replication slot: its replica can't catch up any more"),
    (r"pg_terminate_backend\s*\((?!\s*\))", "ends the sessions of others and what they had not committed"),
    (r"(?:pg_resetwal{a}|pg_dropcluster{a}|pg_restore{w}(?:-c|--clean)\b|mongorestore{w}--drop\b)", "loses data that is there"),
    (r"patronictl{a}(?:remove|reinit)\b|pgbackrest{a}(?:stanza-delete|expire)\b|(?:barman|wal-g|wal-e){a}delete\b", "deletes a cluster's data or its backups"),
    (r"restic{a}(?:prune\b|forget\b)|borg{a}(?:delete|prune)\b|duplicity{a}remove-", "deletes backups"),
    (r"(?:rails|rake|bin/rails){a}db:(?:drop|reset|purge|schema:load|migrate:reset|truncate_all)\b|manage\.py (?:flush|reset_db)\b|flyway{a}clean\b|liquibase{w}(?:drop-?all|dropAll)\b|prisma migrate reset\b|airflow{a}(?:db reset|dags delete)\b", "drops or empties a database"),
    (r"nodetool{a}(?:decommission|removenode|assassinate|clearsnapshot)\b", "takes a node, or its snapshots, out of the cluster"),
    (r"(?i:truncate\s+(?:table\s+)[`\"]?[\w.<$\{{]+)", "empties a table"),
    (r"(?i:delete\s+from\s+[`\"]?[\w.<$\{{]+\s*(?:;|where\b|$))", "deletes rows"),
    (r"(?:dropdb|mysqladmin{a}drop)\b(?= )", "drops a database"),
    (r"(?i:\bflush(?:all|db)\b)(?!\()", "empties Redis"),
    (r"redis-cli{w}(?i:del|unlink|shutdown nosave|cluster reset|script flush|xtrim|--cluster del-node)(?= |`|$)|flush_all\b(?!\()", "deletes what is in the cache"),
    (r"db\.(?:dropDatabase|(?:\w+|getCollection\([^)\n]*\))\.(?:drop|dropIndexes|deleteMany|deleteOne|findOneAndDelete|remove))\(|rs\.remove\(", "deletes data in MongoDB"),
    (r"(?:curl{w})?[^\s`'\"]{{0,200}}/admin/tsdb/(?:delete_series|clean_tombstones)\b", "deletes metrics"),
    (r"thanos tools bucket (?:cleanup|mark|rewrite)\b|influx{a}(?:bucket )?delete\b", "deletes metrics"),
    (r"[^\s`'\"]{{0,200}}/_delete_by_query\b|(?<=\n)DELETE /[\w.*<$\{{-]+", "deletes documents or an index"),
    (r"[\"']?accept_data_loss[\"']?\s*[:=]\s*[\"']?true\b|elasticsearch-(?:shard remove-corrupted-data|node (?:unsafe-bootstrap|detach-cluster|repurpose))\b", "gives up data that a shard had"),
    (r"(?:curl|http|https){w}(?:-X ?|--request[ =])?DELETE\b", "asks a server to delete something"),
    (r"(?:kafka-(?:topics|consumer-groups|acls|configs)(?:\.sh)?|rabbitmqctl|rabbitmqadmin){w}(?:--delete|--remove|delete(?:_\w+)?|reset|force_reset|purge_queue|purge|forget_cluster_node)\b", "deletes queues, topics or what belongs to them"),
    (r"kafka-delete-records(?:\.sh)?{w}--offset|kafka-storage(?:\.sh)? format\b|kafka-consumer-groups(?:\.sh)?{w}--reset-offsets{w}--execute\b|nats{a}(?:stream|str|kv|object|consumer) (?:rm|purge|del)\b|zkCli(?:\.sh)?{w}(?:deleteall|rmr|delete)\b", "deletes messages, or what was read of them"),
    (r"vault{a}(?:delete|kv (?:delete|destroy|metadata delete)|secrets disable|lease revoke|token revoke|policy delete|auth disable|audit disable)\b", "deletes or revokes secrets"),
    (r"vault{a}operator (?:seal|rekey|raft (?:snapshot restore|remove-peer))\b", "seals, or replaces, the whole of Vault"),
    (r"consul{a}(?:snapshot restore|force-leave|operator raft remove-peer|acl \w+ delete|config delete|intention delete)\b|nomad{a}(?:namespace|volume|node) (?:delete|purge|drain)\b", "removes a part of the cluster"),
    (r"certbot{a}(?:revoke|delete)\b|gpg{a}--delete-secret-keys?\b|ldapdelete\b(?= )", "deletes a certificate, a key or an entry"),
    (r"(?:consul{a}kv delete|nomad{a}(?:job )?stop{w}-purge|pm2{a}delete|vagrant destroy|packer build{w}-force|pulumi{a}(?:destroy|stack rm|state delete)|sam delete|copilot \w+ delete|cdk destroy|sls remove|serverless remove|ansible{w}state=absent)\b", "removes what it names"),
    (r"(?:kill(?:all)?|pkill){a}(?:-9|-KILL|-s KILL)\b", "ends processes without letting them finish"),
    (r"(?:cat /dev/null|(?<=[\n`])(?:[$#] )?(?::|true)) ?> ?[\w/.$<~]", "empties a file"),
    (r"echo [bco] ?> ?/proc/sysrq-trigger\b|init [06](?![\w.])|systemctl{a}(?:poweroff|reboot|halt|kexec)\b|ipmitool{w}power (?:off|cycle|reset)\b", "stops a machine"),
    (r":\(\)\s*\{{\s*:\|:&\s*\}};:", "starts processes without end"),
    (r"(?:shutdown|reboot|halt|poweroff)(?= (?:-|now\b|\+)|[ \t]*(?:$|`))", "stops a machine"),
    (r"(?<=[`\n])(?:[$#] )?[a-z][\w./-]*{w}--force(?:-(?:yes|with-lease|if-includes|delet|destroy|remov|purg|overwrit|unlock|conflicts|confirm|reset|promot)[a-z-]*)?(?![\w-])", "goes on where it would stop and ask"),
    (r"(?:>|tee) ?/dev/(?:sd[a-z]|nvme\d|xvd[a-z]|disk\d)", "overwrites a device"),
)  # fmt: skip
_BEGIN = r"(?<![\w./-])(?:sudo[ ])?"
_COMPILED = tuple(
    (re.compile(_BEGIN + f"(?:{pattern.format(a=_OPTIONS, w=_WORDS, _=_GAP)})", re.M), effect)
    for pattern, effect in _RULES
)
_PROSE = re.compile(
    r"^(?:[a-z-]+) (?:[a-z]+ )*?(?:to|can|the|a|an|you|we|it|will|may|might|should|does|did|has|had|is|was|were|and|or|that|which|when|would|could|must|never|not) ",
    re.I,
)
_OBJECT = re.compile(r" (?:the|a|an|this|these|those|your|our|its|their) [a-z]")
_FORBIDDEN = re.compile(  # what a sentence says right before a command that nobody is to run
    r"\b(?:never|do not|don'?t|must not|mustn'?t|should not|shouldn'?t|may not|forbidden to|not allowed to)\**"
    r"(?: ever)? (?:run|use|execute|call|type|issue|try|do)(?: (?:a|an|the|any))?[ *]*`?(?:[$#] )?(?:sudo )?$"
    r"|\b(?:rather than|instead of) `$",
    re.I,
)
_NARRATED = re.compile(
    r"\b(?:ran|did|had run|(?:was|were) running|executed)(?: (?:a|an|the))?[ *]*[`'\"]?(?:[$#] )?(?:sudo )?$",
    re.I,
)
_HAPPENED = re.compile(  # what a sentence says right behind a command that was run, or that it is about
    r"[^\n`;|&.]{0,60}?`? (?:failed|succeeded|errored|hung|timed out|was (?:run|executed|used|started)|had been|has been|"
    r"returned|(?:did|does|could|would) (?:not|n.t))\b"
)
_LONGEST = 80
_BEFORE = 60  # characters of a sentence in which a command may be forbidden


def destructive(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a text that destroys something, once, as far as the end of its line, and what it does."""
    seen: set[str] = set()
    for pattern, effect in _COMPILED:
        for match in pattern.finditer("\n" + text):
            if _PROSE.match(match[0]) or _OBJECT.match(("\n" + text)[match.end() :]):
                continue  # "helm can be told to delete": a sentence about a program
            before = ("\n" + text)[max(match.start() - _BEFORE, 0) : match.start()]
            if any(said.search(before.replace("\n", " ")) for said in (_FORBIDDEN, _NARRATED)):
                continue
            if _HAPPENED.match(("\n" + text)[match.end() :]):
                continue
            command = _command("\n" + text, match)
            if command not in seen and not any(command in other or other in command for other in seen):
                seen.add(command)
                yield command, effect


def _command(text: str, match: re.Match[str]) -> str:
    """The command from its beginning to the end of the line, of its code span, or of what it is chained with."""
    rest = re.match(r"[^\n`;|&]*", text[match.end() :])
    whole = " ".join((match[0] + (rest[0] if rest else "")).split()).rstrip("\\ ").lstrip("$# ")
    return whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1] + "…"
