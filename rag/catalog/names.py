"""How the catalog names texts and passages: by what they say; and the states of what sources list."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import digest


def embedding_text(title: str, heading_path: Sequence[str], text: str) -> str:
    """The text that stands for a passage in the vector space: where it stands, then what it says."""
    where = [title, *(part for part in heading_path if part != title)]
    return " > ".join(part for part in where if part) + "\n" + text


def text_hash(title: str, heading_path: Sequence[str], text: str) -> str:
    """The name of a passage's text to embed: equal texts are embedded once."""
    return digest("text", embedding_text(title, heading_path, text))


def passage_id(splitter: str, document_id: str, text_name: str, number: int) -> str:
    """The id of the passage that is the document's `number`-th (from 1) with this text."""
    return digest("passage", splitter, document_id, text_name, str(number))


def kept_signature(own: str, shaping: str) -> str:
    """What the ledger keeps of a thing's state: the source's own word, and one for all else that shapes its documents."""
    return f"{own}|{shaping}"


def own_signature(kept: str) -> str:
    """The source's own word in it."""
    return kept.rsplit("|", 1)[0]


def doubted(kept: str) -> str:
    """The same, of a thing that is to be read anew, changed or not: by the source's own word a move is still seen."""
    return kept_signature(own_signature(kept), "")
