"""Words that warn: what forbids or tells of harm is known for it, what tells how things are is not."""

from __future__ import annotations

import pytest

from rag.answers.prohibitions import warns


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
