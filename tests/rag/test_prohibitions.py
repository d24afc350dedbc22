"""Words that warn: what forbids or tells of harm is known for it, what tells how things are is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers.evidence import cautionary
from rag.answers.extractive.prohibitions import forbidden, runs, warns
from tests.rag.test_purposes import both
from tests.rag.test_steps import answered


@pytest.mark.parametrize(
    "text",
    [
        "Do not restart it.",
        "Wait, and don’t restart it.",
        "> ⚠️ **Warning** ⚠️\n> Many nodes at once use up the addresses.",
        "[!IMPORTANT] The ending is `.yaml`.",
        "**Important:** one at a time.",
        "Important note: exact matches only.",
        "3. `refunds`: **do not redrive by yourself.**",
        "Messages should not be purged.",
        "You shouldn't raise it.",
        "Avoid letting Terraform do it.",
        "Increase the size, but be careful as it takes long.",
        "Adjust both timestamps carefully.",
        "Don't forget the versions.",
        "Make sure you have a snapshot before you go on.",
        "Before deleting it, ensure\nthat the claims are kept.",
        "Look again, and only then:",
        "Wait **90 seconds** before anything else.",
        "All secrets *must* be rotated.",
        "This cannot be undone.",
        "It is irreversible.",
        "It may end in data loss.",
        "This will cause some downtime.",
        "Terraform will bring down all of the old nodes.",
        "You will lose the console for a while.",
        "The database and its data will be deleted.",
    ],
)
def test_what_warns_is_known(text: str) -> None:
    assert warns(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hubs don't restart.",
        "They do not affect the others.",
        "The alert never fires for it.",
        "To avoid a restart, drain it first.",
        "It is important to wait.",
        "Don't hesitate to ask.",
        "The update needs no downtime.",
        "Run `kubectl run --restart=Never` in it.",
        "Output:\n\n```\nWARNING: do not use\n```",
        "See [the page](../never/do-not.md) for more.",
        "This is a warning-level alert.",
        "Ask your lead.",
    ],
)
def test_what_tells_how_things_are_does_not_warn(text: str) -> None:
    assert not warns(text)


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("> **IMPORTANT:** Do NOT run `tf apply` as it times out.", [("terraform", "apply")]),
        ("Never use `kubectl delete pod <name>` here.", [("kubectl", "delete", "pod")]),
        ("Avoid running the command `$ helm upgrade --force`.", [("helm", "upgrade", "--force")]),
        ("Don't delete `the lock`.", []),
        ("Do not run it. Then `terraform apply`.", []),
        ("Never run `terraform`.", []),
        ("If you don't use Fargate, then `kubectl get pods`.", []),
    ],
)
def test_a_command_that_is_forbidden_is_known(text: str, commands: list[tuple[str, ...]]) -> None:
    assert list(forbidden(text)) == commands


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```\nterraform plan\nterraform apply -target=x\n```", True),
        ("Run `tf apply`.", True),
        ("Then:\n\n    $ cd x && terraform apply\n", True),
        ("Do not run `terraform apply`.", False),
        ("Run `terraform plan`, then apply.", False),
        ("We apply terraform apply by hand.", False),
    ],
)
def test_a_text_that_tells_to_run_a_command_is_known(text: str, told: bool) -> None:
    assert runs(text, ("terraform", "apply")) is told


UPGRADE = "# Upgrade\n\n## Plan\n\nRead it.\n\n> Do NOT run `tf apply`: nodes are lost.\n\n## Else\n\nNothing.\n"
RESIZE = "# Resize the pool\n\n1. Change the pool's size.\n2. Run `terraform apply` for the pool.\n"


def test_what_another_page_forbids_comes_first() -> None:
    text = answered("How do I resize the pool?", both(RESIZE, UPGRADE))
    assert "Do NOT run `tf apply`" in text
    assert text.index("Do NOT run `tf apply`") < text.index("Run `terraform apply`")
    assert "**Upgrade › Plan** (wiki/1.md)" in text
    assert "Do NOT" not in answered("How do I resize the pool?", both(RESIZE.replace("apply", "plan"), UPGRADE))


def test_what_forbids_a_command_is_brought_along_from_a_page_of_which_another_part_was_found() -> None:
    resize, upgrade = both(RESIZE, UPGRADE)
    passages = {"d0": [resize.passage], "d1": [upgrade.passage]}
    part = replace(upgrade, passage=replace(upgrade.passage, id="q", text="Nothing.", start_line=11, end_line=11))
    (found,) = cautionary((resize, part), lambda name: passages[name])
    assert (found.document.path, found.passage.text) == ("1.md", "> Do NOT run `tf apply`: nodes are lost.")
    assert not list(cautionary((resize, upgrade), lambda name: passages[name]))
