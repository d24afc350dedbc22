"""Stores of data, which have clusters, nodes and logs like anything else, and are said by name: whether a question that asks for
such a thing speaks of the store that a block of Terraform is of.

`subject` takes no such block for what is asked, `rag.answers.extractive.extract` quotes it behind others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from rag.answers.judging.wording import EVERYDAY, stem
from rag.answers.values.matters import asks_for_a_value, matters
from rag.indexes.tokens import content_words, tokenise

# A bare "cluster" or "node" is Kubernetes's; these have such too, and are said by name.
STORES = frozenset(
    "opensearch elasticsearch elasticache redis valkey memcached memorydb dax rds aurora docdb documentdb neptune redshift msk "
    "kafka mq rabbitmq activemq cassandra keyspaces emr mongodb couchbase".split()
)
# What stores have like anything else: who asks for the cluster, or the application's logs, asks for none of theirs.
_OF_ANYTHING = frozenset(
    map(stem, "cluster clusters node nodes instance instances machine machines worker workers application apps".split())
)
# What a type is called where people speak of it, and what is written short in names.
CALLED = {
    "db": "database rds", "rds": "database db", "sqs": "queue", "sns": "topic", "s3": "bucket", "eks": "kubernetes cluster k8s",
    "elasticache": "cache redis", "opensearch": "elasticsearch cluster", "elasticsearch": "opensearch cluster", "kms": "key",
    "route53": "dns record zone", "lb": "load balancer", "alb": "load balancer", "nlb": "load balancer",
    "ec2": "instance machine",
    "iam": "permission", "vpc": "network", "efs": "file system", "msk": "kafka", "ecr": "registry", "cloudwatch": "log logs",
    "lambda": "function", "container": "gke aks kubernetes", "dynamodb": "table", "mq": "broker", "acm": "certificate",
    "database": "db rds", "queue": "sqs", "bucket": "s3", "cluster": "eks kubernetes", "redis": "cache elasticache",
    "ng": "node group nodegroup pool", "group": "pool", "pool": "group", "sg": "security group", "asg": "autoscaling group",
}  # fmt: skip


def telling(words: Iterable[str]) -> frozenset[str]:
    """Those words of a question that may say which store it means."""
    return frozenset(word for word in words if stem(word) not in _OF_ANYTHING)


def is_unnamed(block: Collection[str], said: Collection[str], own: Collection[str]) -> bool:
    """Whether a block of these words is of a store of which nothing is `said`: no name of it, and none of the block's `own`
    words."""
    stores = STORES.intersection(block)
    called = stores.union(*(CALLED.get(store, "").split() for store in stores))
    return bool(stores) and called.union(own).isdisjoint(said)


def of_other_stores(question: str) -> Callable[[str, str], bool]:
    """Tells of code, by its path and heading, whether it sets a value of a store, where the question asks for such a value and
    speaks neither of that store nor of where it stands or what it is called."""
    wanted = matters(question)
    if not asks_for_a_value(question, wanted):
        return lambda path, heading: False
    spoken = {word for matter in wanted for word in matter.spoken}
    said = telling(word for word in content_words(question) if word not in EVERYDAY and word not in spoken)

    def is_anothers(path: str, heading: str) -> bool:
        kind, _, name = heading.partition(".")  # a variable is called by the setting
        kinds = set(map(stem, _words(kind)))
        own = {word for word in (*_words(path), *_words(name)) if stem(word) not in kinds}
        return is_unnamed(_words(f"{path} {heading}"), said, own)

    return is_anothers


def _words(text: str) -> tuple[str, ...]:
    return tokenise(text.replace("_", " ")).words
