"""What holds words and says nothing with them is no sign that anything is documented."""

from __future__ import annotations

import pytest

from rag.answers.judging.judgement import judge
from rag.answers.judging.listings import is_listing, saying
from rag.records import AccessRule, Document, Passage, ScoredPassage

WORDS = "\n".join(["Alertmanager", "Argo", "CI/CD", "Consul", "Unseal", "Vault", "annual leave", "budget", "kubectl"])
JUDGEMENTS = "annual leave,/holiday-entitlement,3\nannual leave,/sick-leave,1\npay tax,/tax,2"
OWNERS = "ledger,payments,5432\ncourier,delivery,8080"
STEPS = (
    "Unseal Vault:\n\n1. Open a shell.\n2. Ask two others.\n3. Run it.\n4. Check.\n5. Done.\n6. Tell all.\n7. Close.\n"
)


def found(path: str, text: str, *heading: str) -> ScoredPassage:
    document = Document("d", "wiki", path, "Thing", "page", text, "v", "", "", "", "", AccessRule(), "h")
    return ScoredPassage(Passage("p", "d", 0, heading, text, 1, 1, "block"), document, 1.0)


@pytest.mark.parametrize(
    ("question", "one", "expected"),
    [
        ("How do I unseal Vault?", found("vocabularies/accept.txt", WORDS), True),
        ("What stands in accept.txt?", found("vocabularies/accept.txt", WORDS), False),
        ("How do I unseal Vault?", found("runbooks/vault.txt", STEPS), False),
        ("How much annual leave do I get?", found("judged.csv", JUDGEMENTS, "query, link, score"), True),
        ("Which link is judged best for annual leave?", found("judged.csv", JUDGEMENTS, "query, link, score"), False),
        ("Who owns the ledger?", found("services.csv", OWNERS, "service, owner, port"), False),
        ("Which port has the courier?", found("services.csv", OWNERS, "service, owner, port"), False),
        ("How is the ledger restored?", found("services.csv", OWNERS, "service, owner, port"), True),
    ],
)
def test_words_and_rows_of_which_no_column_is_asked_for_say_nothing(
    question: str, one: ScoredPassage, expected: bool
) -> None:
    assert is_listing(question, one) is expected
    assert saying(question, (one,)) == (() if expected else (one,))


@pytest.mark.parametrize(
    ("question", "text", "verdict"),
    [
        ("What is our AWS budget?", 'actions = ["budgets:*", "aws-portal:*"]', "not_found"),
        ("Does any AWS policy allow a budget?", 'policy of aws allow actions = ["budgets:*"]', "answered"),
        ("What is our AWS budget?", "aws_controller = { podDisruptionBudget = 1 }", "not_found"),
        (
            "What is the AWS controller's pod disruption budget?",
            "aws_controller = { podDisruptionBudget = 1 }",
            "answered",
        ),
        ("What is our AWS budget?", "Our AWS budget is set each year.", "answered"),
    ],
)
def test_actions_of_policies_and_names_of_other_things_are_no_answer(question: str, text: str, verdict: str) -> None:
    assert judge(question, (found("main.tf", text),), lambda word: 0.95, 0.3).verdict == verdict
