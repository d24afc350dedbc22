"""Short forms that everybody in the field writes and nobody defines: "db", "ttl", "k8s", "SG".

What documents define themselves is learnt from them (`ingest.abbreviations`, `Catalog.other_forms`); this small table stands
beside it. `rag.search` calls `other_forms` for what a question says, `rag.answers.judging.wording` compares by them, and
`rag.substitution` asks whether two words are `alike`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

STANDARD: Mapping[str, tuple[str, ...]] = {
    short: tuple(form.strip() for form in forms.split("|"))
    for short, forms in (
        line.split(":")
        for line in """\
2fa: two factor authentication
acl: access control list
ad: active directory
alb: application load balancer
arn: amazon resource name
asg: auto scaling group | autoscaling group
auth: authentication | authorisation | authorization
az: availability zone
ca: certificate authority
cdn: content delivery network
cert: certificate
certs: certificates
cfg: configuration
cm: configmap
config: configuration
conn: connection
conns: connections
crd: custom resource definition
creds: credentials
csr: certificate signing request
db: database
dbs: databases
deps: dependencies
dev: development
dir: directory
dirs: directories
dlq: dead letter queue
docs: documentation
dr: disaster recovery
dynamo: dynamodb
ebs: elastic block store
efs: elastic file system
eip: elastic ip
elb: elastic load balancer | load balancer
eni: elastic network interface
env: environment
envs: environments
eol: end of life
fw: firewall
gha: github actions
gw: gateway
ha: high availability
hpa: horizontal pod autoscaler | horizontal pod autoscaling
iac: infrastructure as code
igw: internet gateway
k8s: kubernetes
kube: kubernetes
lb: load balancer
lbs: load balancers
mem: memory
mfa: multi factor authentication
msg: message
msgs: messages
nat: network address translation
netpol: network policy
nlb: network load balancer
np: network policy
ns: namespace
ooh: out of hours
oom: out of memory | oomkilled
os: operating system
param: parameter
params: parameters
pdb: pod disruption budget
perm: permission
perms: permissions
pg: postgresql | postgres
pgsql: postgresql
pitr: point in time recovery
postgres: postgresql
pr: pull request
prd: production
prod: production
prom: prometheus
prs: pull requests
pv: persistent volume
pvc: persistent volume claim
pw: password
pwd: password
qos: quality of service
rbac: role based access control
repo: repository
repos: repositories
rpo: recovery point objective
rps: requests per second
rto: recovery time objective
sa: service account
sg: security group
sgs: security groups
sla: service level agreement
slo: service level objective
sre: site reliability engineer | site reliability engineering
sso: single sign on
stg: staging
svc: service
tf: terraform
tgw: transit gateway
tls: transport layer security
ttl: time to live
ui: user interface
vars: variables
vm: virtual machine
vms: virtual machines
vpc: virtual private cloud
vpn: virtual private network
waf: web application firewall""".splitlines()
    )
}
_LONG = {form: short for short, forms in STANDARD.items() for form in forms}
_LONGEST = max(len(form.split()) for form in _LONG)
Forms = Sequence[tuple[str, str]]  # what a question says, and another form of it


def other_forms(words: Sequence[str]) -> list[tuple[str, str]]:
    """The short forms among these words (lower-case, in the question's order) with their long forms, and the other way round."""
    found = [(word, form) for word in words for form in STANDARD.get(word, ())]
    for at in range(len(words)):
        for end in range(at + 1, min(at + _LONGEST, len(words)) + 1):
            said = " ".join(words[at:end])
            if said in _LONG:
                found.append((said, _LONG[said]))
    return list(dict.fromkeys(found))


def alike(one: str, other: str) -> bool:
    """Whether two words are one, or the short and the long form of one."""
    one, other = one.lower(), other.lower()
    return one == other or other in STANDARD.get(one, ()) or one in STANDARD.get(other, ())
