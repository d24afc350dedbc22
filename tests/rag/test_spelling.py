"""What is said beside a refusal of a question that is misspelt, or in another language than the pages near it."""

from __future__ import annotations

import pytest

from rag.answers.judging.spelling import ENGLISH, misread
from rag.records import AccessRule, Document, Passage, ScoredPassage

PAGE = "# Bastion\n\nThe bastion is an instance of type t3a.micro. Its disk is safe, and deployments pass through the router."


def said(question: str, text: str = PAGE) -> str:
    document = Document(
        id="d", source="s", path="bastion.md", title="Bastion", kind="page", text=text, version="v", url="", line_anchor="",
        updated_at="", owner="", access=AccessRule(), content_hash="",
    )  # fmt: skip
    passage = Passage("p", "d", 0, (), text, 1, text.count("\n") + 1, "section")
    return misread(question, [ScoredPassage(passage, document, 1.0)])


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("bastoin instnace tpye", "bastion instance type"),
        ("Wich is the bastoin instnace?", "wich bastion instance"),
        ("deploymnts", "deployments"),
        ("rouuter", "router"),
    ],
)
def test_slips_are_told_by_the_words_of_the_pages(question: str, meant: str) -> None:
    assert said(question) == f'Did you mean "{meant}"?'


@pytest.mark.parametrize(
    "question",
    [
        "Which bastions have instances?",  # other endings
        "How long is the PagerDuty escalation of the bastoin at night?",  # one slip does not explain it
        "What does the risk tipe say?",  # short words are near to many
        "???",
        "",
    ],
)
def test_what_is_spelt_as_it_is_meant_is_told_nothing(question: str) -> None:
    assert said(question) == ""


@pytest.mark.parametrize(
    "question",
    [
        "Wie lange werden Metriken in Prometheus aufbewahrt und wo?",
        "Comment est-ce que je redémarre les services dans le cluster ?",
        "¿Cómo reinicio un servicio en ECS?",
        "Hoe kan ik de bastion bereiken en waar is het adres?",
        "Как перезапустить приложение?",
        "メトリクスはどのくらい保存されますか",
    ],
)
def test_another_language_is_told(question: str) -> None:
    assert said(question) == ENGLISH


@pytest.mark.parametrize(
    "question",
    [
        "How do I reach the bastion in the VPC of the Rio de la Plata account?",
        "What does die mean in the dashboard?",
        "Where is the café's printer?",
        "kubectl get po -n kube-system",
        "What is µs in the histogram?",
    ],
)
def test_english_with_foreign_names_is_english(question: str) -> None:
    assert said(question) != ENGLISH


def test_pages_in_that_language_can_be_asked_in_it() -> None:
    page = "# Zugang\n\nDer Zugang ist nur mit Schlüssel möglich und wird von der Plattform vergeben. Wo das steht, ist bekannt."
    assert said("Wie lange werden Metriken aufbewahrt und wo ist das?", page) == ""
