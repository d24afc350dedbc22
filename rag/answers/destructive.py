"""Commands that destroy something and can't be taken back, wherever an answer shows one: a reader on call copies in haste.

`rag.answers.outlet` flags what `destructive` finds. A line a command: what it looks like, and what it does.
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
    (r"(?:terraform|tofu|terragrunt)(?: run-all)?{a}apply{w}-auto-approve\b", "changes infrastructure without asking"),
    (r"rm{w}(?:-[a-zA-Z]*[rRf][a-zA-Z]*|--recursive|--force)\b", "deletes files for good"),
    (r"find [^\n;|]{{1,200}}-delete\b", "deletes every file that it finds"),
    (r"shred{a}", "overwrites files for good"),
    (r"dd (?:[^\n;|]{{0,200}} )?of=", "overwrites a file or a device"),
    (r"mkfs(?:\.\w+)?{w}(?:-|\S*/)", "makes a new filesystem over what is there"),
    (r"wipefs{a}", "wipes a device's signatures"),
    (r"(?:fdisk|parted|sgdisk){w}/dev/", "changes a disk's partitions"),
    (r"(?:lvremove|vgremove|pvremove|zfs destroy|zpool destroy|cryptsetup luksErase|mdadm{a}--zero-superblock)\b", "removes a volume and what it holds"),
    (r"truncate{w}(?:-s|--size)[ =]?0", "empties a file"),
    (r"crontab -r\b", "removes all of a user's cron jobs"),
    (r"(?:userdel|deluser|groupdel) (?:-\S+ )*\w", "deletes an account"),
    (r"(?:iptables|ip6tables){a}(?:-F|--flush)\b|nft flush ruleset|ufw{a}reset\b", "removes all firewall rules"),
    (r"(?:kubectl|oc){a}delete\b(?! --help)", "deletes objects from the cluster"),
    (r"(?:kubectl|oc){a}drain\b", "evicts every pod from a node"),
    (r"(?:kubectl|oc){a}replace{w}--force\b", "deletes an object and makes it anew"),
    (r"(?:kubectl|oc){a}scale{w}--replicas[= ]0\b", "stops every pod of a workload"),
    (r"helm{a}(?:uninstall|delete|del)\b", "removes a release and its objects"),
    (r"velero{a}(?:backup|schedule|restore) delete\b", "deletes backups"),
    (r"(?:eksctl|kops|kind|minikube|k3d|gcloud container clusters){w}delete\b", "deletes a cluster or a part of it"),
    (r"(?:kops|cloud-platform) (?:\S+ ){{0,3}}(?:delete|destroy)\b", "deletes a part of the platform"),
    (r"etcdctl{a}(?:del|defrag|snapshot restore)\b", "changes the cluster's store"),
    (r"argocd{a}app delete\b|flux{a}(?:delete|uninstall)\b", "deletes what is deployed"),
    (r"aws{a}[a-z0-9-]+{w}(?:delete|terminate|deregister|purge|remove|destroy|disassociate|detach|revoke|release|schedule-key-deletion|batch-delete)(?:-[a-z-]+|\b)(?! help)", "deletes or detaches something in AWS"),
    (r"aws{a}s3 (?:rm|rb)\b", "deletes objects or a bucket"),
    (r"aws{a}s3 sync{w}--delete\b|rsync{w}--delete\b", "deletes what the source lacks"),
    (r"(?:gcloud|az|doctl|ibmcloud|oci|hcloud|linode-cli|openstack|fly|flyctl|heroku|eb|cf){w}(?:delete|destroy|purge|remove|apps:destroy|terminate)\b", "deletes something at the cloud provider"),
    (r"gsutil{a}(?:rm|rb)\b", "deletes objects or a bucket"),
    (r"docker{a}(?:system|volume|image|container|network|builder) (?:prune|rm)\b|docker (?:rm|rmi)\b|docker[ -]compose{a}down{w}(?:-v|--volumes)\b", "deletes containers, images or volumes"),
    (r"git{a}push{w}(?:-f|--force(?:-with-lease)?|--delete|--mirror)\b|git{a}push{w}\+\S", "overwrites or deletes what others see of a branch"),
    (r"git{a}reset{w}--hard\b", "discards what was not committed"),
    (r"git{a}clean{a}-\w*f", "deletes files that git does not know"),
    (r"git{a}branch{a}-D\b|git{a}(?:filter-branch|filter-repo|stash (?:drop|clear)|reflog expire)\b", "discards commits"),
    (r"gh{a}(?:repo|release|secret|workflow|run|api{a}-X) (?:delete|DELETE)\b", "deletes something on GitHub"),
    (r"(?i:drop\s+(?:table|database|schema|index|view|user|role|tablespace|column)\s+(?:if\s+exists\s+)?[`\"]?[\w.<$\{{]+)", "drops a database object and its data"),
    (r"(?i:truncate\s+(?:table\s+)[`\"]?[\w.<$\{{]+)", "empties a table"),
    (r"(?i:delete\s+from\s+[`\"]?[\w.<$\{{]+\s*(?:;|where\b|$))", "deletes rows"),
    (r"(?:dropdb|mysqladmin{a}drop)\b(?= )", "drops a database"),
    (r"(?i:\bflush(?:all|db)\b)(?!\()", "empties Redis"),
    (r"db\.(?:dropDatabase|\w+\.(?:drop|deleteMany|remove))\(", "deletes data in MongoDB"),
    (r"(?:curl|http|https){w}(?:-X ?|--request[ =])?DELETE\b", "asks a server to delete something"),
    (r"(?:kafka-topics(?:\.sh)?|rabbitmqctl|rabbitmqadmin){w}(?:--delete|delete(?:_\w+)?|reset|force_reset|purge_queue)\b", "deletes queues or topics"),
    (r"vault{a}(?:delete|kv (?:delete|destroy|metadata delete)|secrets disable|lease revoke|token revoke)\b", "deletes or revokes secrets"),
    (r"(?:consul{a}kv delete|nomad{a}(?:job )?stop{w}-purge|pm2{a}delete|vagrant destroy|packer build{w}-force|pulumi destroy|cdk destroy|sls remove|serverless remove|ansible{w}state=absent)\b", "removes what it names"),
    (r"(?:kill(?:all)?|pkill){a}(?:-9|-KILL|-s KILL)\b", "ends processes without letting them finish"),
    (r":\(\)\s*\{{\s*:\|:&\s*\}};:", "starts processes without end"),
    (r"(?:shutdown|reboot|halt|poweroff)(?= (?:-|now\b|\+)|[ \t]*(?:$|`))", "stops a machine"),
    (r"(?<=[`\n])(?:[$#] )?[a-z][\w./-]*{w}--force(?:-[a-z-]+)?(?![\w-])", "goes on where it would stop and ask"),
    (r"(?:>|tee) ?/dev/(?:sd[a-z]|nvme\d|xvd[a-z]|disk\d)", "overwrites a device"),
)  # fmt: skip
_BEGIN = r"(?<![\w./-])(?:sudo[ ])?"
_COMPILED = tuple(
    (re.compile(_BEGIN + f"(?:{pattern.format(a=_OPTIONS, w=_WORDS)})", re.M), effect) for pattern, effect in _RULES
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
            if _FORBIDDEN.search(before.replace("\n", " ")):
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
