"""Markdown as HTML that loads nothing and runs nothing, for answers and documents alike.

HTML in it is text, images are their alternative text, and links lead by http or https alone, or are text. In an answer, `[2]` is
a link to what it cites, commands that destroy are marked, and "My advice" stands apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from api.web.harmless import harmless
from rag.answers.replies.sentences import advice

_MARK = re.compile(r"\[(\d{1,3})\](?![(\[:])")
_LANGUAGE = re.compile(r"[\w+#.-]{1,20}")


def web_link(url: str) -> str:
    """The URL where a browser may be sent to it: absolute, http or https, without credentials; else ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    fine = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return url if fine and not re.search(r"[\s\x00-\x1f\x7f\\]", url) else ""


def document_html(text: str, cited: tuple[int, int] | None = None) -> Markup:
    """A document's Markdown; the blocks that hold the lines `cited` have the class of that name."""
    env: dict[str, Any] = {"cited": cited}
    return Markup(_parser().render(harmless(text), env))  # noqa: S704  # the renderer escapes


def answer_html(text: str, marks: Mapping[int, str], destructive: Collection[str] = ()) -> Markup:
    """An answer's Markdown. `marks` gives the HTML for the number of each citation; `destructive` are commands to be marked."""
    env: dict[str, Any] = {"marks": marks, "destructive": [harmless(one) for one in destructive if one]}
    clean, shown = harmless(text), []
    for part, advised in _parts(clean, advice(clean)):
        html = _parser().render(part, env)
        label = "Advice from general knowledge: nothing in your documents says this"
        shown.append(f'<section class="advice" aria-label="{label}">{html}</section>' if advised else html)
    return Markup("".join(shown))  # noqa: S704  # the renderer escapes


def _parts(text: str, apart: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    at = 0
    for start, end in apart:
        yield text[at:start], False
        yield text[start:end], True
        at = end
    yield text[at:], False


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": 20})
    parser.enable(["table", "strikethrough"])
    parser.validateLink = _admitted  # type: ignore[method-assign]
    parser.inline.ruler.before("link", "citation", _citation)
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _admitted(url: str) -> bool:
    """Relative ones are parsed, so that their text alone is shown; those of other schemes stay as they were written."""
    return bool(web_link(url)) or not re.match(r"\s*[a-z][a-z0-9+.-]*:|[/\\]{2}", url, re.I)


def _citation(state: StateInline, silent: bool) -> bool:
    found = _MARK.match(state.src, state.pos)
    if not found or int(found[1]) not in state.env.get("marks", {}):
        return False
    if not silent:
        state.push("citation", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _mark(_: RendererHTML, tokens: Sequence[Token], at: int, __: Any, env: dict[str, Any]) -> str:
    return str(env["marks"][int(tokens[at].content)])


def _link_open(_: RendererHTML, tokens: Sequence[Token], at: int, __: Any, ___: Any) -> str:
    url = web_link(str(tokens[at].attrs.get("href", "")))
    if not url:
        return '<span class="no-link">'
    host = escape(urlsplit(url).netloc, quote=True)
    return f'<a href="{escape(url, quote=True)}" data-host="{host}" rel="noopener noreferrer nofollow">'


def _link_close(_: RendererHTML, tokens: Sequence[Token], at: int, __: Any, ___: Any) -> str:
    """What closes the element that this link's opening became."""
    depth = 0
    for token in reversed(tokens[:at]):
        if token.type == "link_close":
            depth += 1
        elif token.type == "link_open":
            if not depth:
                return "</a>" if web_link(str(token.attrs.get("href", ""))) else "</span>"
            depth -= 1
    return ""


def _image(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    told = renderer.renderInlineAsText(tokens[at].children, options, env) or "no description"
    return f'<span class="image">[image: {escape(told)}]</span>'


def _code_inline(_: RendererHTML, tokens: Sequence[Token], at: int, __: Any, env: dict[str, Any]) -> str:
    content = tokens[at].content
    marked = any(one in content for one in env.get("destructive", ()))
    return f'<code class="destructive">{escape(content)}</code>' if marked else f"<code>{escape(content)}</code>"


def _block(renderer: RendererHTML, tokens: Sequence[Token], at: int, _: Any, env: dict[str, Any]) -> str:
    token = tokens[at]
    language = _LANGUAGE.match(token.info.strip()) if token.info else None
    marked = [one for one in env.get("destructive", ()) if one.split("\n")[0] in token.content]
    told = '<p class="destructive-label">destructive: read before you run it</p>' if marked else ""
    kind = f' data-language="{escape(language[0])}"' if language else ""
    shape = " ".join(filter(None, ("destructive" if marked else "", "cited" if _is_cited(token, env) else "")))
    classes = f' class="{shape}"' if shape else ""
    return f'{told}<pre tabindex="0"{classes}{kind}><code>{escape(token.content)}</code></pre>\n'


def _opening(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    """Headings, paragraphs, list items and rows of tables, which may be cited."""
    if _is_cited(tokens[at], env):
        tokens[at].attrSet("class", "cited")
    return renderer.renderToken(tokens, at, options, env)


def _heading(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    """Two levels down: the page has its own headings above."""
    token = tokens[at]
    token.tag = f"h{min(int(token.tag[1]) + 2, 6)}" if not token.meta.get("moved") else token.tag
    token.meta["moved"] = True
    return _opening(renderer, tokens, at, options, env)


def _cell(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: dict[str, Any]) -> str:
    """Aligned by a class: styles of elements are not let through."""
    aligned = str(tokens[at].attrs.pop("style", "")).removeprefix("text-align:")
    if aligned in ("right", "center"):
        tokens[at].attrSet("class", aligned)
    return renderer.renderToken(tokens, at, options, env)


def _is_cited(token: Token, env: dict[str, Any]) -> bool:
    """Whether the block holds cited lines. `map` counts from 0, and its end is the line behind."""
    cited = env.get("cited")
    return bool(cited and token.map and token.map[0] < cited[1] and token.map[1] >= cited[0])


_RULES: dict[str, Any] = {
    "citation": _mark, "link_open": _link_open, "link_close": _link_close, "image": _image, "code_inline": _code_inline,
    "fence": _block, "code_block": _block, "heading_open": _heading, "heading_close": _heading,
    "paragraph_open": _opening, "list_item_open": _opening, "tr_open": _opening,
    "td_open": _cell, "th_open": _cell,
}  # fmt: skip
