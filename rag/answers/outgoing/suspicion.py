"""Instructions in passages that are meant for the assistant, not for a reader: found, left out of an answer, and told.

What is found is what such texts have in common: they call off earlier instructions, address a model, name its prompt, hide. A
plain request ("write a poem") looks like any sentence; against those stands that nothing which it could reach leaves.
`outlet` calls `suspicions`.
"""

# ruff: noqa: E501  # a way to speak to the assistant in a line

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from dataclasses import dataclass, replace

from rag.answers.extractive.units import Unit, units
from rag.records import ScoredPassage

_AI = r"(?:a\.?i\.?|llms?|language\s+models?|(?:ai|virtual|coding|chat|devops|helpful)[ -](?:assistants?|agents?|models?|bots?)|assistants?|chat-?bots?|gpt(?:-\d\w*)?|chatgpt|claude|copilot|gemini|waypost)"
_RULES = r"(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|guardrails?|restrictions?|safety\s+(?:settings|checks|filters)|constraints?|programming|context)"
_OFF = r"(?:ignore|disregard|forget|override|bypass|discard|drop|set\s+aside|do\s+not\s+follow|don'?t\s+follow|stop\s+following|neglect|skip)"
_ASKED = r"(?:reveal|print|repeat|show|output|leak|disclose|display|include|quote|paste|dump|return|give|tell|recite|summari[sz]e|append|echo|write)"
_SURE = re.compile(
    rf"""
      \b{_OFF}\W+(?:\w+\W+){{0,4}}?(?:previous|prior|preceding|earlier|foregoing|your|system|original|initial|other|safety)\W+(?:\w+\W+){{0,3}}?{_RULES}\b
    | \b{_OFF}\W+(?:all|any|every|everything)\W+(?:\w+\W+){{0,3}}?(?:{_RULES}|(?:said|written|told)\W+(?:above|before)|above|you\W+(?:were|have\W+been)\W+told)\b
    | \b{_OFF}\W+(?:the|these|those)?\W*(?:above|instructions\W+above)\W+(?:\w+\W+){{0,2}}?{_RULES}\b(?!\W+(?:if|when|unless|and\s+skip|for))
    | \b(?:new|updated|real|revised|actual|secret|hidden)\W+(?:system\W+)?(?:instructions?|prompt|directives?)(?:\W+(?:for|to)\W+(?:the\W+|any\W+|all\W+)?{_AI})?\s*[:=]\s
    | \byou\W+are\W+now\W+(?:an?\W+|the\W+|in\W+|my\W+)?(?:\w+\W+){{0,3}}?(?:{_AI}|\w*bot\b|dan\b|(?:un)?restricted|unfiltered|jailbroken|(?:developer|debug|god|admin|maintenance|root)\W+mode)
    | \b(?:enter|enable|switch\W+(?:in)?to|activate)\W+(?:developer|jailbreak|god|dan|unrestricted|debug\W+assistant)\W+mode\b
    | \b{_ASKED}\W+(?:\w+\W+){{0,6}}?(?:system|developer|hidden|initial)\W+(?:prompts?|instructions)\b
    | \b{_ASKED}\W+(?:\w+\W+){{0,4}}?your\W+(?:\w+\W+){{0,2}}?(?:prompt|instructions|configuration\W+and\W+prompt|guidelines)\b
    | \b(?:attention|note|notice|message|instructions?|important|memo|reminder|hint|directive|request|warning)\W{{1,3}}(?:to|for)\W+(?:the\W+|any\W+|all\W+|every\W+)?{_AI}\b
    | (?:^|[.:;!>]\s*|\n)(?:dear|hey|hello|hi|attention)[,\s]+{_AI}\b
    | \b(?:if|when|whenever|since|because|as)\W+you(?:\W+are|'re)\W+(?:an?\W+|the\W+)?{_AI}\b
    | \b{_AI}\W+(?:reading|processing|summari[sz]ing|parsing|indexing|that\W+reads?|who\W+reads?|answering)\W+(?:this|these|the|from)\b
    | (?:^|[.:;!>,]\s*|\n)(?:the\W+|any\W+|all\W+|every\W+|every\W+)?{_AI}\W{{1,3}}(?:you\W+)?(?:must|should|shall|please|will\W+now|are\W+(?:instructed|required|authori[sz]ed|to\b)|is\W+(?:instructed|required|authori[sz]ed|to\W+\w+)|has\W+to)\b
    | <\|?/?(?:im_start|im_end|system|assistant|endoftext|start_header_id|eot_id)\|?>|\[/?INST\]|<</?SYS>>|</?(?:search_results?|search_result|documents?_content|passages?|evidence|tool_result|function_results)>
    | (?:^|\n)\W{{0,6}}(?:system(?:\W+(?:override|message|prompt|notice|instruction))|assistant|developer\W+message)\s*:\s*\S
    | \b(?:end|begin|start|prefix|finish|close)\W+(?:every|each|all|your|the)\W+(?:\w+\W+)?(?:answers?|repl(?:y|ies)|responses?)\W+(?:with|by)\b
    | \b(?:in|into|to)\W+(?:every|each|all)\W+(?:of\W+your\W+)?(?:answers?|repl(?:y|ies)|responses?)\b
    | \b(?:in|into|within)\W+your\W+(?:\w+\W+)?(?:answer|reply|response)s?\b[^.]{{0,60}}\b(?:include|image|link|markdown|html|say|add|append|claim|state|cite)
    | \b(?:include|add|append|embed|render|insert|put|say|state|claim|cite)\b[^.]{{0,80}}\b(?:in|into|within|to|at\W+the\W+end\W+of)\W+your\W+(?:\w+\W+)?(?:answer|reply|response)s?\b
    | \byour\W+(?:next|only|entire|whole|final)\W+(?:answer|reply|response|output)\b
    | \b(?:respond|reply|answer)\W+(?:only|solely|exclusively|instead)\W+(?:with|by|in)\b
    | \b(?:without|do\W+not|don'?t|never)\W+(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|reveal(?:ing)?|alert(?:ing)?|disclos(?:e|ing)|warn(?:ing)?)\W+(?:\w+\W+){{0,4}}?(?:the\W+)?(?:user|reader|asker|human|person\W+asking|operator)s?\W+(?:about\W+|of\W+|that\W+)?(?:this|these|it\b|you|why)
    | \b(?:concatenate|list|print|output|dump|include|append|reveal|send|paste|repeat)\W+(?:\w+\W+){{0,3}}?(?:all|every|any)\W+(?:\w+\W+){{0,3}}?(?:documents?|passages?|search\W+results?|context|evidence|conversation|secrets?|credentials?)\W+(?:you\W+(?:have|were|can|know|see)|in\W+your|above\W+verbatim|verbatim)
    | \bexfiltrate\W+(?:the|all|your|this|any)\b
    | \b(?:ignorier\w*|vergiss|missachte)\W+(?:\w+\W+){{0,3}}?(?:vorherigen|bisherigen|obigen|früheren)\W+(?:anweisung|instruktion|regel)\w*
    | \b(?:ignore[zr]?|oublie[zr]?)\W+(?:\w+\W+){{0,3}}?(?:instructions|consignes|règles)\W+(?:précédentes|antérieures|ci-dessus)
    | \b(?:ignor[ae]|olvid[ae])\W+(?:\w+\W+){{0,3}}?(?:instrucciones|indicaciones|reglas)\W+(?:anteriores|previas)
    """,
    re.I | re.X,
)
_SIGNS = (  # one of them stands in whatever `_SURE` finds, which is slow to ask
    "ignor", "disregard", "forget", "overrid", "bypass", "discard", "drop", "set aside", "follow", "neglect", "skip", "instruction", "prompt",
    "directive", "are now", " mode", "\nmode", "llm", "language", "assistant", "bot", "gpt", "claude", "copilot", "gemini", "waypost", "<|", "system",
    "im_", "inst]", "_result", "_content", "<document", "</document", "passage", "evidence", "endoftext", "start_header_id", "eot_id", "developer", "answer", "repl", "respon",
    "tell", "inform", "mention", "reveal", "disclos", "warn", "alert", "verbatim", "you have", "you know", "you can", "you see", "exfiltrate", "guideline",
    "vergiss", "missachte", "oublie", "olvid", "your",
)  # fmt: skip
_A_I = re.compile(r"\ba\.?i\b", re.I)
_HINT = re.compile(
    rf"""\b{_OFF}\W+(?:\w+\W+){{0,4}}?{_RULES}\b | \b{_AI}\b | \bsystem\W+prompt\b
    | \byou\W+(?:must|are|should|have\W+to)\b | \b(?:tell|say|answer|reply|respond|recommend)\b
    | \b(?:send|post|forward|upload|transmit|submit)\W+(?:\w+\W+){{0,6}}?(?:to|at)\W+\S+ | !\[[^\]]*\]\(https?:
    | \b(?:secrets?|credentials?|passwords?|api\W+keys?|access\W+keys?|tokens?)\b""",
    re.I | re.X,
)  # fmt: skip
_ADDRESSED = re.compile(rf"\b{_AI}\b|\bsystem\W+prompt\b|\byour\W+(?:answer|reply|response|instructions)\b", re.I)
_HIDDEN = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)|\[//\]: # [(\"'](?P<note>.*?)[)\"']\s*$|"
    r"<(\w+)[^<>]*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])|color\s*:\s*(?:white|#fff(?:fff)?)\b|\bhidden\b)"
    r"[^<>]*>(?P<styled>.*?)(?:</\3>|\Z)",
    re.I | re.S | re.M,
)
_TAGS = re.compile(
    "(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
)  # but for the flags of England and the like
_INVISIBLE = re.compile(
    "[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\ufe00-\ufe0f]"
)
_RUN = re.compile("[\u200b-\u200d\u2060-\u2064\ufeff]{8,}")
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{32,}={0,2}(?![\w+/])")
_MARKS = re.compile(r"(?m)^[ \t]*(?:#+|//+|--+|;+|\*+|>+|\|)[ \t]?")
_EMPHASIS = re.compile(r"[*`]{1,3}(?=\w)|(?<=\w)[*`]{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=[^\W_])_{1,3}(?!\w)")


@dataclass(frozen=True)
class Suspicion:
    """Lines of a document that speak to the assistant, and how."""

    source: str
    path: str
    start: int
    end: int
    why: str


def suspicions(found: ScoredPassage) -> tuple[tuple[Suspicion, ...], tuple[ScoredPassage, ...]]:
    """What is suspicious in a passage, and the rest of it in passages of neighbouring lines: itself where all is well."""
    passage, document = found.passage, found.document
    hidden = _hidden_lines(passage.text, passage.start_line)
    told: list[Suspicion] = []
    runs: list[list[Unit]] = [[]]
    for unit in units(passage):
        lines = range(unit.start_line, unit.end_line + 1)
        why = suspicious(unit.text) or next((hidden[line] for line in lines if line in hidden), "")
        if not why:
            runs[-1].append(unit)
            continue
        runs.append([])
        told.append(Suspicion(document.source, document.path, unit.start_line, unit.end_line, why))
    if not told:
        return (), (found,)
    rest = [run for run in runs if any(unit.text.strip() and unit.kind != "heading" for unit in run)]
    return _joined(told), tuple(replace(found, passage=replace(passage, text="\n".join(unit.text for unit in run),
        start_line=run[0].start_line, end_line=run[-1].end_line)) for run in rest)  # fmt: skip


def _joined(told: list[Suspicion]) -> tuple[Suspicion, ...]:
    """Neighbouring lines of one kind as one."""
    joined = told[:1]
    for one in told[1:]:
        last = joined[-1]
        if (one.why, one.start) == (last.why, last.end + 1):
            joined[-1] = replace(last, end=one.end)
        else:
            joined.append(one)
    return tuple(joined)


def suspicious(text: str) -> str:
    """How a text speaks to the assistant, in words; "" where it does not."""
    if _TAGS.search(text) or _RUN.search(text):
        return "it holds characters that can't be seen"
    plain = _readable(text)
    lower = plain.lower()
    if (any(sign in lower for sign in _SIGNS) or _A_I.search(plain)) and _SURE.search(plain):
        return "it contains instructions to the assistant"
    return "it contains encoded instructions to the assistant" if _encoded(text) else ""


def _hidden_lines(text: str, first: int) -> dict[int, str]:
    """The lines of comments, and of what a style hides, that speak to somebody who reads more than people see."""
    lines: dict[int, str] = {}
    for match in _HIDDEN.finditer(text) if "<" in text or "[//]" in text else ():
        inner = _readable(
            next(part for part in (match["comment"], match["note"], match["styled"], "") if part is not None)
        )
        if _SURE.search(inner) or (_ADDRESSED.search(inner) and len(_HINT.findall(inner)) > 1):
            start = first + text.count("\n", 0, match.start())
            lines.update(
                dict.fromkeys(
                    range(start, start + match[0].count("\n") + 1), "it contains hidden instructions to the assistant"
                )
            )
    return lines


def _readable(text: str) -> str:
    """A text as it would be read aloud: without marks of comments and emphasis, invisible characters and odd spellings."""
    plain = unicodedata.normalize("NFKC", html.unescape(text) if "&" in text else text)
    return " ".join(_EMPHASIS.sub("", _MARKS.sub("", _INVISIBLE.sub("", plain))).split(" "))


def _encoded(text: str) -> bool:
    for match in _BASE64.finditer(text):
        try:
            decoded = base64.b64decode(match[0].rstrip("=") + "===").decode("utf-8")
        except (binascii.Error, ValueError):
            continue
        if _SURE.search(_readable(decoded)) or _ADDRESSED.search(decoded):
            return True
    return False
