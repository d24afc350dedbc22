"""Markdown that loads nothing, runs nothing and links nowhere, whoever wrote it, with its text kept.

`outlet` feeds it an answer in pieces: whole lines, or sentences of a line. What stands in fences and code spans
stays as it is but for unknown addresses, so a renderer must see code just where this does. Hence what is shown is made to be read
in one way alone: fences open at most three columns in (deeper ones move to the margin) and their lines never leave the list they
stand in, an unpaired backtick becomes an apostrophe, nothing begins with a tag (CommonMark 0.31, 4.5, 4.6, 6.1).
"""

from __future__ import annotations

import html
import re

from rag.answers.outgoing.links import REMOVED, TARGET, URL, Links, split

_MARKERS = r"(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)+"
_FENCE = re.compile(
    rf"(?P<quote>(?:[ \t]*>)*+[ \t]?)(?P<lead>[ \t]*(?:{_MARKERS})?)(?P<fence>`{{3,}}(?=[^`]*$)|~{{3,}})(?P<info>.*)"
)
_QUOTE = re.compile(r"(?:[ \t]*>)++[ \t]?")
_DRAWN = {
    "mermaid",
    "plantuml",
    "svg",
    "math",
    "geojson",
    "topojson",
    "graphviz",
    "dot",
    "html",
    "stl",
}  # rendered, not shown
_DEEPEST = 3  # columns before a fence: more would be a code block, or not, by what stands above
_SPAN = re.compile(r"\\(.)|(?<!`)(`+)(?!`)(?:(.*?[^`])\2(?!`))?|`+")
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|nbsp);)(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_COMMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[|<\?.*?\?>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w.-]*(?: [\w.-]+)*>")
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[^\s<>@]+@[^\s<>@]+)>")
_LINK = re.compile(
    rf"(!?)\[((?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]\(\s*(<[^<>]*>|{TARGET})"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
)
ANCHOR = re.compile(r"\s*\([\w.:/-]+\)=\s*|\s*\.\. _[^:`]+:\s*")  # where links lead, of MyST and Sphinx: no text
_RUNS = re.compile(r"(?:javascript|vbscript|data|blob|view-source):", re.I)
_ACTIVE = re.compile(
    r"\b(?:src|href|on\w+|style|action|srcset|data|poster|xlink:href)\s*=|^</?(?:script|style|iframe|object|embed)\b",
    re.I,
)
_ELEMENTS = frozenset(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote"
    " body br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl"
    " dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr"
    " html i iframe image img input ins isindex kbd keygen label legend li link listing main map mark marquee math"
    " menu menuitem meta meter nav nobr noembed noframes noscript object ol optgroup option output p param picture"
    " plaintext pre progress q rb rp rt rtc ruby s samp script search section select slot small source span strike"
    " strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul"
    " var video wbr xmp".split()
)


class Markup:
    """One answer's Markdown, from its beginning on. `removed` names what was taken out."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._fence = ""
        self._indent = 0
        self._shift = 0
        self._quoted = False
        self._line = ""  # what was made of the line so far
        self._piped = False  # a table would cut a code span of this line in two
        self._codes: list[str] = []
        self.removed: dict[str, None] = {}

    @property
    def fenced(self) -> bool:
        return bool(self._fence)

    def end(self) -> str:
        """What closes a fence that was left open."""
        return self._closing() if self._fence else ""

    def piece(self, text: str) -> tuple[str, str]:
        """A whole line with its newline, or a part of one: a fence's own line, and the rest, harmless."""
        whole, ending = text.removesuffix("\n"), text[len(text.removesuffix("\n")) :]
        begins = not self._line
        if begins and self._fence:
            mark, shown = self._within(whole)
        elif begins and _FENCE.fullmatch(whole):
            mark, shown = self._opening(whole), None
        else:
            mark, shown = "", self._code_of(whole) if self._fence else self._text(whole)
        if shown is None:  # a fence stands on a line of its own
            self._line, self._piped = "", False
            return mark, ""
        self._line = "" if ending else self._line + shown
        self._piped = self._piped and not ending
        return mark, shown + ending

    # -- fences -------------------------------------------------------------------------------------------------------

    def _opening(self, line: str) -> str:
        found = _FENCE.fullmatch(line)
        assert found
        self._quoted = ">" in found["quote"]
        lead = (found["lead"] if self._quoted else found["quote"] + found["lead"]).expandtabs(4)
        self._shift = len(lead)
        self._indent = self._shift if self._shift <= _DEEPEST and not self._quoted else 0
        self._fence = found["fence"]
        info = re.match(r"\s*\{?\s*\.?([\w+#.-]{1,20})", found["info"])
        language = info[1] if info and info[1].lower() not in _DRAWN else ""
        before = lead.rstrip() + "\n" if lead.strip() else ""
        return before + " " * self._indent + self._fence + language + "\n"

    def _closing(self) -> str:
        shown = " " * self._indent + self._fence + "\n"
        self._fence = ""
        return shown

    def _within(self, line: str) -> tuple[str, str | None]:
        """A line of a fence: what closes it, if this does, and what is shown."""
        if self._quoted:
            mark = _QUOTE.match(line)
            if not mark:  # the quotation is over, and its fence with it
                closed = self._closing()
                return (closed + self._opening(line), None) if _FENCE.fullmatch(line) else (closed, self._text(line))
            line = line[mark.end() :]
        wide = line.expandtabs(4)
        depth, bare = len(wide) - len(wide.lstrip(" ")), line.strip()
        if self._closes(bare) and depth <= self._shift + _DEEPEST:
            shown = " " * self._indent + bare + "\n"
            self._fence = ""
            return shown, None
        if self._shift != self._indent:
            cut = min(depth, self._shift)
            line = wide[cut:] if line[:1] == "\t" else line[cut:]
        if bare and depth < self._indent:
            line = " " * self._indent + line.lstrip()
        shown = self._code_of(line)
        return "", " " * (self._indent + _DEEPEST + 1) + bare if self._closes(shown.strip()) else shown

    def _closes(self, bare: str) -> bool:
        return len(bare) >= len(self._fence) and set(bare) == {self._fence[0]}

    def _code_of(self, text: str) -> str:
        shown = self._links.filtered(text)
        if shown != text:
            self.removed["link"] = None
        return shown

    # -- text ---------------------------------------------------------------------------------------------------------

    def _text(self, text: str) -> str:
        if not self._line and ANCHOR.fullmatch(text):
            return ""
        self._codes = []
        held = _ENTITY.sub(lambda match: html.unescape(match[0]), _SPAN.sub(self._span, text))
        held = re.sub(r"[\x01-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", " ", held).replace("`", "'")
        held = re.sub(r"\x00(?!\d+;)", " ", held)
        held = _COMMENT.sub("", held) if "<!" in held or "<?" in held else held
        held = self._unlinked(held)
        held = _AUTOLINK.sub(lambda match: self._address(match[1]), held)
        held = URL.sub(self._found, _TAG.sub(self._tag, held))
        held = self._hardened(held)
        return re.sub(r"(.?)\x00(\d+);(?=(.?))", self._restored, held)

    def _span(self, match: re.Match[str]) -> str:
        """A code span put aside; text of it where a table would break it; apostrophes for backticks that pair with none."""
        if match[1]:
            return match[1] if match[1] == "`" else match[0]
        content = match[3]
        if content is None:
            return match[0]
        shown = self._code_of(content)
        inert = _PLACEHOLDER.sub(lambda name: name[0] if _element(name[0]) else "", shown)
        hazard = re.search(r"<[A-Za-z/!?]|\]\(|\]:|://|@|&|`", inert)
        piped = self._piped or "|" in content
        self._piped = piped
        if piped and hazard:
            return f"'{content}'".replace("`", "'")
        return self._put(match[2] + shown + match[2])

    def _put(self, code: str) -> str:
        self._codes.append(code)
        return f"\x00{len(self._codes) - 1};"

    def _restored(self, match: re.Match[str]) -> str:
        """A code span put back, apart from what would make its backticks others."""
        before, after = match[1], match[3]
        return before + (" " if before == "\\" else "") + self._codes[int(match[2])] + (" " if after == "\x00" else "")

    def _unlinked(self, text: str) -> str:
        """Links and images in words: their text, and behind it their address where the evidence has it."""
        for _ in range(3):  # an image within a link within …
            text, count = _LINK.subn(self._link, text)
            if not count:
                break
        return text

    def _link(self, match: re.Match[str]) -> str:
        label, target = match[2], match[3].strip("<>")
        target = re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", target)
        if not target or target == label or "\x00" in target:
            return label
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", target) or URL.match(target):
            shown = self._address(target)
            return label if shown == REMOVED and match[1] else f"{label} ({shown})" if label else shown
        here = target.startswith("#")  # of the page itself: "see [](#set-up)" says no more where it leads without that
        if match[1] or (here and label) or not re.fullmatch(r"#[\w./:-]{1,200}|[\w./#%~+@=-]{1,200}", target):
            return label
        code = self._put(f"`{self._code_of(target.lstrip('#'))}`")
        return f"{label} ({code})" if label else code

    def _address(self, address: str) -> str:
        if self._links.harmless(address) and not _RUNS.match(address) and not re.search(r"[`\s\x00|]", address):
            return self._put(f"`{address}`")
        self.removed["link"] = None
        return REMOVED

    def _found(self, match: re.Match[str]) -> str:
        address, rest = split(match[0])
        if not re.search(r"[:@?]|^//|^www\.", address, re.I) and self._links.knows(address):
            return match[0]  # the name of a thing that looks like an address: kubernetes.io/ingress.class
        return self._address(address) + rest

    def _tag(self, match: re.Match[str]) -> str:
        tag = match[0]
        name = _element(tag)
        if not name and _PLACEHOLDER.fullmatch(tag):
            return tag
        if _ACTIVE.search(tag):
            self.removed["HTML"] = None
        if not name:
            return tag.replace("<", "&lt;", 1)
        return " " if name in ("br", "td", "th", "li", "p") else ""

    def _hardened(self, text: str) -> str:
        """Last of all, what could still be read as a tag, a link, a definition of one, or a fence."""
        text = re.sub(r"<(?=[A-Za-z/!?])", lambda m: self._angle(m, text), text)
        text = re.sub(r"\](?=\(|:)", "] ", text)
        text = re.sub(r"~{3,}", lambda m: "\\~" * len(m[0]), text)
        return text

    def _angle(self, match: re.Match[str], text: str) -> str:
        placeholder = _PLACEHOLDER.match(text, match.start())
        begun = re.search(
            r"[A-Za-z\x00]", self._line + text[: match.start()]
        )  # CommonMark 4.6: else it begins a block of HTML
        if placeholder and begun and not _element(placeholder[0]):
            return "<"
        return "&lt;"


def _element(tag: str) -> str:
    """The name of the element of HTML that a tag is of; "" where there is no such element."""
    named = re.match(r"</?([A-Za-z][\w-]*)", tag)
    return named[1].lower() if named and named[1].lower() in _ELEMENTS else ""
