"""Personas: what the built-in one carries, which manner a question asks for, and which files can be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import NotFoundError, SettingsError
from rag.persona import DEFAULT, LARGEST, RULES, Personas, manner_of, persona_of

CARRIED = {  # each point of ../shared/persona-source.md, in short, and the words of ours that carry it
    "ten years and more of it": (
        "more than ten years",
        "carried the pager",
        "delivery pipelines",
        "from manual releases",
    ),
    "clouds": ("AWS", "certifications", "Google Cloud (GCP)", "Azure", "span several"),
    "infrastructure as code": ("Terraform", "CloudFormation", "Pulumi", "AWS CDK", "Ansible"),
    "containers": ("Docker", "EKS, GKE and AKS", "Helm", "Cilium, Istio and Linkerd"),
    "delivery": ("Jenkins", "GitLab CI", "GitHub Actions", "CircleCI", "Argo CD", "Flux"),
    "metrics": ("Prometheus and Grafana",),
    "logs": ("Elasticsearch, Fluentd and Kibana",),
    "traces": ("OpenTelemetry", "Jaeger", "Zipkin"),
    "application monitoring": ("Datadog", "New Relic", "AppDynamics", "SigNoz"),
    "scripting": ("Bash", "Python", "Go,", "PowerShell", "frameworks"),
    "security in delivery": ("DevSecOps", "SAST and DAST", "scanning of containers"),
    "secrets": ("HashiCorp Vault", "Azure Key Vault", "AWS Secrets Manager", "sealed secrets"),
    "security tools": ("SonarQube", "Checkmarx", "Trivy", "Clair", "OPA", "Sentinel"),
    "development tools": (
        "Git;",
        "Terratest and Kitchen-Terraform",
        "ECR, GCR, Harbor",
        "Kustomize as package managers",
    ),
    "architecture": ("architecture and its trade-offs",),
    "incidents and their reviews": ("incidents and their reviews",),
    "across teams": ("work across teams",),
    "documentation and runbooks": ("documentation and runbooks",),
    "cost": ("keeping\n  cost down",),
    "mentoring": ("mentoring and handing knowledge on",),
    "designing: requirements first": ("begin with requirements and constraints",),
    "designing: decisions recorded": ("worth recording as an ADR",),
    "designing: diagrams, documentation": ("sketch the parts", "must be documented"),
    "designing: recovery from the start": ("disaster recovery from the start",),
    "designing: automation": ("nothing that must be done by hand",),
    "explaining: drawings": ("draw it in a few lines of text",),
    "explaining: real situations": ("something real\n  that happens here",),
    "explaining: components": ("apart into pieces",),
    "explaining: reliability, security": ("reliability and security",),
    "explaining: war stories": ("War stories and the lessons of them", "incident reports", "tell none"),
    "troubleshooting: isolation": ("isolate the cause systematically",),
    "troubleshooting: metrics and logs": ("which metric or log decides",),
    "troubleshooting: findings written down": ("what to write down afterwards",),
    "troubleshooting: runbooks for next time": ("which runbook is missing for the next time",),
    "troubleshooting: no blame": ("blames nobody",),
    "assess": ("1. Assess: where things stand, where they should be, what limits us",),
    "plan": ("2. Plan:", "migration", "rollback"),
    "automate": ("3. Automate: as code, repeatable",),
    "monitor": ("4. Monitor: metrics, alerts, dashboards",),
    "optimise": ("5. Optimise: speed, cost, reliability",),
    "document": ("6. Document: runbooks, architecture, decisions",),
    "decisions": (
        "managed services where they fit",
        "everything fails some day",
        "automate what can be\nautomated",
        "security and compliance before convenience",
        "weigh what is new against what is stable",
    ),
    "practices of infrastructure": (
        "replaced and not repaired",
        "blue-green",
        "canary",
        "versioned, scaled and healed by itself",
        "least privilege",
    ),
    "practices of automation": (
        "GitOps, tested infrastructure code",
        "self-service for developers",
        "scans and backups that run without anybody",
        "configuration under management",
        "rehearsed",
    ),
    "practices of reliability": (
        "Service levels with error budgets",
        "chaos experiments",
        "load tests and capacity plans",
        "incident response and disaster\n  recovery",
        "more than one region",
    ),
    "to developers": (
        "know what your code runs on",
        "observability from the first day",
        "twelve factors",
        "laptop is not production",
        "what is not automated will break",
    ),
    "to operators": (
        "infrastructure is code",
        "monitoring is part of the job",
        "rehearse failure",
        "write it down, then automate",
        "your developers' troubles",
    ),
    "to managers": (
        "not a job title",
        "paying for automation pays back",
        "infrastructure carries debt",
        "reliability is a feature",
        "fast and stable go together",
    ),
    "red flag: by hand in production": ("Manual changes in production",),
    "red flag: no monitoring": ("nothing monitored or alerted on",),
    "red flag: no documentation": ("nothing written down",),
    "red flag: single points of failure": ("one of anything that everything needs",),
    "red flag: no backup": ("no\nbackup, or one never restored",),
    "red flag: secrets in code": ("secrets in code",),
    "red flag: updates ignored": ("security updates put off",),
    "red flag: capacity unplanned": ("no idea of capacity",),
    "red flag: snowflakes": ("servers that nobody could\nbuild again",),
    "red flag: toil": ("toil that a script could do",),
    "philosophy: invisible, observable": ("goes unnoticed while it works and explains itself when it doesn't",),
    "philosophy: the best incident": ("The best incident is the one that an\nautomated fix prevented",),
    "philosophy: boring": ("Boring and reliable beats exciting", "hobbies"),
    "philosophy: on-call, sleep": ("in turns that can be kept up", "so that they can sleep"),
    "philosophy: developers and compliance": ("help themselves", "security and compliance ask"),
}


@pytest.mark.parametrize("point", CARRIED)
def test_the_engineer_carries_every_point_of_the_source(point: str) -> None:
    text = Personas().named(DEFAULT).text
    assert [words for words in CARRIED[point] if words not in text] == []


def test_evidence_outranks_every_persona() -> None:
    for persona in Personas().all():
        assert persona.system.endswith(RULES)
    for rule in (
        "outrank the persona",
        "Answer from the search results alone",
        "My advice",
        "never make one up",
        "prefer Terraform over prose",
    ):
        assert rule in RULES
    assert "outranks all of the above" in Personas().named(DEFAULT).text
    assert "general knowledge, uncited" in Personas().named(DEFAULT).text


@pytest.mark.parametrize(
    ("question", "manner"),
    [
        ("Argo CD sync fails with ComparisonError since this morning", "troubleshooting"),
        ("pods are stuck in Pending on the new node group", "troubleshooting"),
        ("KubeNodeNotReady fired, what now?", "troubleshooting"),
        ("the nightly export timed out again", "troubleshooting"),
        ("I can't reach the bastion", "troubleshooting"),
        ("Should we use Aurora or RDS for the new service?", "designing"),
        ("How would you design the network for a second region?", "designing"),
        ("What is the best way to share secrets between two clusters?", "designing"),
        ("We plan to migrate from nginx ingress to Gateway API, what are the options?", "designing"),
        ("Explain how requests get from the load balancer to a pod", "explaining"),
        ("Why do we have two VPN tunnels for each site?", "explaining"),
        ("What is the difference between the core and components layers?", "explaining"),
        ("how does external-dns work here", "explaining"),
        ("Which instance type does the ledger database have?", ""),
        ("How do I rotate the signing key?", ""),
        ("who owns the label service", ""),
    ],
)
def test_the_manner_is_chosen_by_the_question(question: str, manner: str) -> None:
    assert manner_of(question) == manner


def test_guidance_holds_the_personas_own_words_for_the_manner() -> None:
    told = Personas().named(DEFAULT).guidance("pods are stuck in Pending", ())
    assert told.startswith("This question is about troubleshooting: isolate the cause systematically")
    assert told.endswith("blames nobody.")
    assert persona_of("mine", "# Mine\n\nBe kind.").guidance("pods are stuck in Pending", ()) == ""


def test_front_matter_says_what_a_persona_is_for_and_is_not_part_of_it() -> None:
    persona = persona_of("x", "---\nfor: the night shift\nread_next: true\n---\n# Night owl\n\nBe short.\n")
    assert (persona.title, persona.purpose, persona.read_next) == ("Night owl", "the night shift", True)
    assert persona.system.startswith("# Night owl")
    assert not persona_of("y", "# Y\n\nread_next: true is only text here").read_next


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"---\nfor: nobody\n---\n\n", "is empty"),
        (b"\xff\xfe\x00bin", "no text in UTF-8"),
        (b"a\0b", "no text in UTF-8"),
        (b"---\nfor: the night shift\n\n# Night owl\n", "never ends"),
        (b"---\nread_next: yes\n---\n# Night owl\n", "read_next is true or false, not 'yes'"),
        (b"---\nread-next: true\n---\n# Night owl\n", "unknown key 'read-next'; did you mean 'read_next'"),
        (b"---\nthe night shift\n---\n# Night owl\n", "'the night shift' in its front matter is no `key: value`"),
        (b"x" * (LARGEST + 1), "more than 32,000 bytes"),
        (None, "can't be read"),
    ],
)
def test_files_that_are_no_persona(tmp_path: Path, data: bytes | None, said: str) -> None:
    file = tmp_path / "mine.md"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(SettingsError, match=said):
        Personas().chosen(str(file))


def test_what_other_programs_write_into_a_front_matter_breaks_nothing() -> None:
    front = "--- \ntags:\n  - sre\n- ops\n# who\nauthor: Ann\nfor: people\n---\n"
    persona = persona_of("x", front + "# Night owl\n")
    assert (persona.title, persona.purpose, persona.text) == ("Night owl", "people", "# Night owl")
    assert persona_of("y", "---\n\n# A line above it\n").text.endswith("# A line above it")


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "personas").mkdir()
    (tmp_path / "personas" / "night.md").write_text("# Night owl\n")
    (tmp_path / "personas" / f"{DEFAULT}.md").write_text("# Ours\n")
    (tmp_path / "personas" / "no name.md").write_text("# Not to be named\n")
    (tmp_path / "secret.md").write_text("# Secret\n")
    personas = Personas(tmp_path / "personas")
    assert [persona.name for persona in personas.all()] == ["night", "onboarding", DEFAULT]
    assert personas.named(DEFAULT).title == "Ours"
    for path in (str(tmp_path / "secret.md"), "../secret", "personas/night", "night.md", "", "nobody"):
        with pytest.raises(NotFoundError):
            personas.named(path)
    assert personas.chosen(str(tmp_path / "secret.md")).title == "Secret"
    with pytest.raises(SettingsError, match="there is no such folder"):
        Personas(tmp_path / "nowhere").all()


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "night.md").write_text("# Night owl\n")
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe\x00")
    personas = Personas(tmp_path)
    assert [persona.name for persona in personas.all()] == ["night", "onboarding", DEFAULT]
    assert personas.broken() == {"bad": "the persona bad.md is no text in UTF-8; write it as Markdown"}
    assert str(tmp_path) not in str(personas.broken())


def test_the_refusal_of_a_persona_offers_those_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "night.md").write_text("# Night owl\n")
    (tmp_path / "bad.md").write_text("---\nfor: nobody\n")
    personas = Personas(tmp_path)
    for refused in (personas.named, personas.chosen):
        with pytest.raises(SettingsError, match=f"there are: night, onboarding, {DEFAULT}(;|$)"):
            refused("nobody")
        with pytest.raises(SettingsError, match="the persona bad has a front matter that never ends"):
            refused("bad")
