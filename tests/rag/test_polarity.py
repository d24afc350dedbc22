"""Sentences that say the opposite of what they cite, and faithful ones that look like it."""

from __future__ import annotations

import pytest

from rag.answers.replies.polarity import contradicted

OPPOSITE = [
    (
        "Deletion protection is disabled on the ledger database.",
        "Deletion protection is enabled on the ledger database.",
    ),
    ("The lock table has versioning enabled.", "Versioning is disabled for the lock table."),
    ("Restart the dispatch worker during the batch.", "Do not restart the dispatch worker during the batch."),
    ("You can restart the worker while the batch runs.", "Never restart the worker while the batch runs."),
    ("Do not restart the worker after the drain.", "Restart the worker after the drain."),
    ("The registry bucket is public.", "The registry bucket is private."),
    (
        "`skip_final_snapshot` is set to true for the ledger database.",
        "skip_final_snapshot is false for the ledger database.",
    ),
    (
        "Traffic from the office network is denied at the gateway.",
        "Traffic from the office network is allowed at the gateway.",
    ),
    ("The approval of the platform team is optional.", "The approval of the platform team is required."),
    ("Writes go to the replica of the ledger.", "Writes go to the primary of the ledger."),
    ("The certificates of the ingress renew automatically.", "The certificates of the ingress are renewed manually."),
    ("The load balancer of the portal is internal.", "The load balancer of the portal is external."),
    ("The EBS volumes of the nodes are encrypted.", "The EBS volumes of the nodes are unencrypted."),
    ("Delete the finalizer of the namespace by hand.", "You must not delete the finalizer of the namespace by hand."),
    ("Increase the batch size of the importer.", "Decrease the batch size of the importer."),
    ("Logs are shipped to S3.", "Logs aren't shipped to S3."),
    ("You need a VPN.", "The portal is public. You don't need a VPN."),
    ("Restart the pods before draining the node.", "Restart the pods after draining the node."),
    ("Keep the old key.", "Remove the old key."),
    ("The shard fails over by hand.", "The shard fails over automatically."),
    ("Stop the importer first.", "Start the importer first."),
    ("Deploy with a lock.", "Deploy without a lock."),
]
FAITHFUL = [
    ("Deletion protection is on for the ledger database.", "Deletion protection is enabled on the ledger database."),
    ("Don't restart the dispatch worker while the batch runs.", "Do not restart the dispatch worker during the batch."),
    ("Avoid restarting the worker during the batch.", "Never restart the worker during the batch."),
    ("Drain the node before the restart.", "Restart the node after the drain."),
    ("Only restart the worker once the batch is through.", "Do not restart the worker until the batch is through."),
    ("The bucket isn't public.", "The bucket is private."),
    ("The registry bucket is private, not public.", "The registry bucket must not be public."),
    ("Promote the replica of the ledger to primary.", "Promote the standby of the ledger: it becomes the primary."),
    ("Approval of the team is mandatory.", "The approval of the team is required."),
    ("The lock is released by hand.", "The lock is released manually and never automatically."),
    ("Disable the alarm, then enable it after the upgrade.", "Disable the alarm. Enable it when the upgrade is through."),
    ("Disable the alarm of the importer first.", "Disable the alarm of the importer, upgrade, and enable the alarm again."),
    ("Restart the importer of the ledger.", "Do not restart the ledger. Restart the importer of the ledger."),
    ("Add the user to the group, which removes the old role.", "Adding the user to the group removes the old role."),
    ("Without the lock the apply fails.", "The apply needs the lock."),
    ("The group allows HTTPS from the office.", "The group denies all but HTTPS, which it allows from the office."),
    ("Retention is 7 days.", "Backups are disabled."),
    ("The queue keeps messages for four days.", "Messages stay in the queue for 4 days; increase it if you must."),
    ("Restart the node after the drain.", "Drain the node before the restart."),
    ("You need a VPN.", "You don't need a VPN in the office. You need a VPN."),
    ("Keep the key on the bastion.", "Remove the lock on the bastion."),
    ("The volume is not encrypted.", "Is the volume encrypted?"),
    ("Open a ticket before noon.", "Tickets opened after noon are handled the next day."),
    ("Start the standby, then stop the primary.", "Stop the primary, then start the standby."),
    ("It is on.", "It is off."),
    ("Never run it in production without a snapshot.", "Take a snapshot before you run it in production."),
    ("You do not need to restart the pods: the reload is automatic.", "The pods reload by themselves; restart is not needed."),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "quoted"), OPPOSITE)
def test_the_opposite_is_told(sentence: str, quoted: str) -> None:
    assert contradicted(sentence, quoted)


@pytest.mark.parametrize(("sentence", "quoted"), FAITHFUL)
def test_what_is_faithful_is_not(sentence: str, quoted: str) -> None:
    assert contradicted(sentence, quoted) is None


@pytest.mark.parametrize(("sentence", "quoted"), [*OPPOSITE, *FAITHFUL])
def test_nothing_contradicts_itself(sentence: str, quoted: str) -> None:
    assert contradicted(sentence, sentence) is None
    assert contradicted(quoted, quoted) is None
