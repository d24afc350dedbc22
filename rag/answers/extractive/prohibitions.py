"""The words in which pages warn and forbid: what a reader must not miss who follows steps at night.

`pieces` keeps such paragraphs whole, `cautions` finds those that go with a procedure. A sentence forbids
that tells the reader not to ("Don't restart it"), not one that tells what doesn't happen ("hubs don't restart"). What stands in
code is output, or a value: it warns nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE = re.compile(r"^[ >\t]*(```+|~~~+).*?(?:^[ >\t]*\1|\Z)|`[^`\n]*`|\]\([^)\s]*\)|https?://\S+", re.M | re.S)
_CALLED = re.compile(r"⚠|☠|🚨|🛑|\b(?:WARNING|IMPORTANT|CAUTION|DANGER|ATTENTION|CRITICAL|BEWARE)\b")

# Where the reader is told: a sentence or a part of it begins, so that no one else does what the verb says.
_BID = (
    r"(?:(?:^|[.!?:;,(—–-])[\s>*_\"'(\[]*|[,;] (?:and|but|so|then|or) [*_]*"
    r"|\b(?:please|also|should|must|to|however)\s+[*_]*)"
)
_NOT = r"(?:do not|don['’]t)"
_FIRST = r"(?:make sure|ensure|be sure|confirm|verify|check|must|always|double[- ]check|take an? (?:snapshot|backup))"
_ANY = r"[^.!?\n]*(?:\n[^.!?\n]+)?"  # of a sentence, over the end of a line
_HARM = (
    r"delete|destroy|overwrite|lose|wipe|erase|corrupt|bring down|take down|disrupt|interrupt"
    r"|be (?:lost|deleted|destroyed|overwritten|down|unavailable|interrupted|wiped)"
)
_THING = r"(?:data|records?|messages?|writes|logs|events?|access|service|history|state|scans|traffic)"
_WORDS = re.compile(
    "|".join(
        (
            # what a paragraph begins with, or says in bold
            r"(?:\*\*|__|^[>\s]*(?:[-*+]\s+|\d+[.)]\s+)?)[_*]*(?:warning|important|caution|danger|attention|beware|careful)"
            r"(?:\s+notes?)?[*_]*\s*(?:[:!.*_—–]|\s-\s)",
            # forbids; "to avoid" is a purpose, "never fires" a fact, "do not hesitate" an invitation
            rf"{_BID}(?:{_NOT}\b(?! (?:hesitate|worry|need|have to))|never\b(?! \w+s\b)|(?<!to )avoid\b|refrain from\b)",
            r"\b(?:must|should)(?:n['’]t| not| never)\b|\bunder no circumstances\b|\bnobody (?:else )?(?:may|must|should)\b",
            r"\b(?:is|are) (?:strictly )?(?:forbidden|prohibited|not (?:safe|allowed|permitted|recommended|advised))\b",
            # bids to be careful, or to do something first
            r"\b(?:be|being|very|extremely) (?:very |extra )?careful\b|\bcarefully\b|\bwith (?:great )?(?:care|caution)\b",
            rf"\b{_NOT} forget\b|\bbear in mind\b|\bbeware\b|\bat your own risk\b",
            rf"\b{_FIRST}\b{_ANY}\bbefore\b|\bbefore\b{_ANY}\b{_FIRST}",
            r"\bonly (?:then|after|once)\b|\bwait\b[^.!?\n]*\bbefore\b|\bmust (?:first|only|always)\b|[*_]must[*_]",
            # tells of harm
            r"\birreversibl[ey]\b|\b(?:cannot|can['’]t|can not) be (?:undone|recovered|restored|reverted)\b|\bunrecoverabl[ey]\b",
            r"\bdata[- ]loss\b|\bdestructive\b|\bdangerous(?:ly)?\b|\brisk(?:y|s)? (?:losing|that)\b",
            r"\b(?:caus(?:e|es|ing)|incur|involv(?:e|es|ing)|expect|total|have|experience|implies|of|brief|some) (?:an? )?"
            r"(?:[\w*]+ )?(?:downtimes?|outages?)\b",
            rf"\b(?:will|would|may|might|could)(?: also| even| then| immediately| permanently)* (?:{_HARM})\b",
            rf"\blos(?:e|es|ing) (?:the |all |any |your |its )*{_THING}\b",
        )
    ),
    re.I | re.M,
)


def warns(text: str) -> bool:
    """Whether this text warns of something or forbids it, outside of code."""
    plain = _CODE.sub(" ", text)
    return bool(_CALLED.search(plain) or _WORDS.search(plain))


# "Do NOT run `tf apply`": a command that the reader is told not to run.
_SPAN = re.compile(r"`([^`\n]{3,120})`")
_NOT_RUN = re.compile(
    r"(?:\b(?:do not|don['’]t|never|must not|mustn['’]t|should not|shouldn['’]t|cannot|can not)\b[*_]*|\bavoid\b)[^.;:!?`]{0,30}"
    r"\b(?:run|use|execut|issu|invok|call|typ|do|try)\w*[*_]*(?: (?:the|a|any|this|command|commands|of|with|out|another))*\s*$",
    re.I,
)
_ALIASES = {"tf": "terraform", "k": "kubectl", "tofu": "terraform"}
_PROGRAM = re.compile(r"[a-z][\w.-]*")
_LEAST = 2  # words of a command that is told apart: a program's name alone is every use of it
Command = tuple[str, ...]


def forbidden(text: str) -> Iterator[Command]:
    """The commands that a text forbids to run, each in its words."""
    for span in _SPAN.finditer(text):
        command = _command(span[1])
        if len(command) >= _LEAST and _PROGRAM.fullmatch(command[0]) and _NOT_RUN.search(text[: span.start()]):
            yield command


def runs(text: str, command: Command) -> bool:
    """Whether a text has a command, as code, that begins with this one's words and has all of them."""
    told = [
        *(line for block in _CODE.finditer(text) if block[1] for line in block[0].replace("\\\n", " ").split("\n")),
        *(span[1] for span in _SPAN.finditer(text) if not _NOT_RUN.search(text[: span.start()])),
        *(line for line in text.split("\n") if line.startswith(("    ", "\t"))),
    ]
    return any(_begins(_command(part), command) for line in told for part in re.split(r"&&|\|\||[;|]", line))


def _command(text: str) -> Command:
    """A command's words: its program by its full name, without a prompt, and without placeholders."""
    words = [
        word for word in text.strip().lstrip("$#> ").split() if not re.fullmatch(r"[<\[{].*|.*[>\]}]|\.{3}|…", word)
    ]
    return (_ALIASES.get(words[0], words[0]), *words[1:]) if words else ()


def _begins(told: Command, command: Command) -> bool:
    """Whether a command begins as the other does, and has its other words behind that in any place."""
    return told[:_LEAST] == command[:_LEAST] and set(command) <= set(told)
