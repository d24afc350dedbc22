"""Identifiers are found whole and by part."""

import pytest

from rag.indexes.tokens import content_words, tokenise


@pytest.mark.parametrize(
    ("text", "words", "identifiers"),
    [
        ("aws_db_instance.main", {"aws", "db", "instance", "main"}, {"aws_db_instance.main", "aws_db_instance"}),
        ("KubePodCrashLooping", {"kubepodcrashlooping", "kube", "pod", "crash", "looping"}, {"kubepodcrashlooping"}),
        ("PPR-9087", {"ppr", "9087"}, {"ppr-9087"}),
        ("v1.9", {"v1", "9"}, {"v1.9"}),
        ("terraform --force-unlock", {"terraform", "force", "unlock"}, {"force-unlock"}),
        ("10.7.0.0/16", {"10", "7", "0", "16"}, {"10.7.0.0/16"}),
        ("arn:aws:sqs:eu-west-2:123:q", {"arn", "aws", "sqs", "eu", "west", "2"}, {"arn:aws:sqs:eu-west-2:123:q", "eu-west-2"}),
        ("HTTPServer db2", {"http", "server", "httpserver", "db2"}, {"httpserver", "db2"}),
        ("Größe", {"größe"}, set()),
        ("", set(), set()),
    ],
)  # fmt: skip
def test_words_and_identifiers(text: str, words: set[str], identifiers: set[str]) -> None:
    found = tokenise(text)
    assert words <= set(found.words)
    assert set(found.identifiers) == identifiers


def test_data_is_no_word() -> None:
    assert tokenise("x" * 500).words == ()


def test_content_words_leave_out_what_questions_share() -> None:
    assert content_words("How do I rotate the RDS password?") == ["rotate", "rds", "password"]
