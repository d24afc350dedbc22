"""Which document a link leads to, by where sources stand."""

from __future__ import annotations

import pytest

from rag.alerts.addresses import Addresses, Site
from rag.catalog.documents import PageRow

COMMIT = "0123456789012345678901234567890123456789"
HOST = "https://github.com/acme/runbooks"


def page(
    path: str, source: str = "books", url: str = "", beginning: str = "", version: str = COMMIT, kind: str = "runbook"
) -> PageRow:
    return PageRow(
        f"{source}:{path}", source, path, path, kind, url or f"{HOST}/blob/{version}/{path}", version, False, beginning
    )


PAGES = [
    page("content/runbooks/pods/PodCrashLooping.md"),
    page("content/runbooks/pods/_index.md"),
    page("content/docs/Moved Page.md", beginning="---\ntitle: x\naliases:\n  - /runbooks/old/name/\n  - /older\n---\n"),
    page("content/slugged.md", beginning="+++\nslug = 'other-name'\n+++\n"),
    page("source/disk.html.md.erb", "site", "disk@1"),
    page("_posts/2024-05-06-the-outage.md", "site", "post@1"),
    page("_runbooks/jekyll.md", "site", "jekyll@1", "---\npermalink: /ops/jekyll/\nredirect_from: [/j, /jj]\n---\n"),
    page("source/index.html.md.erb", "site", "index@1"),
    page("readme.md", "site", "readme@1"),
    page("77", "wiki", "https://wiki.example.org/pages/viewpage.action?pageId=77&pageVersion=3", version="3"),
    page("Disk", "media", "https://media.example.org/index.php?title=Disk&oldid=9", version="9"),
]
SITES = {
    "books": Site(HOST, "https://runbooks.example.org/runbooks/", "release/1"),
    "site": Site("", "https://docs.example.org"),
    "wiki": Site("https://wiki.example.org", repository=False),
    "media": Site("https://media.example.org/", repository=False),
}
CRASH = "books:content/runbooks/pods/PodCrashLooping.md"


@pytest.mark.parametrize(
    ("link", "document"),
    [
        ("https://runbooks.example.org/runbooks/pods/podcrashlooping", CRASH),
        ("https://RUNBOOKS.example.org:443/runbooks/pods/PodCrashLooping/", CRASH),
        ("http://runbooks.example.org/runbooks//pods/podcrashlooping/index.html#impact", CRASH),
        ("https://runbooks.example.org/runbooks/pods/podcrashlooping.html?x=1", CRASH),
        ("https://runbooks.example.org/runbooks/pods/", "books:content/runbooks/pods/_index.md"),
        ("https://runbooks.example.org/runbooks/old/name", "books:content/docs/Moved Page.md"),
        ("https://runbooks.example.org/runbooks/docs/moved-page/", "books:content/docs/Moved Page.md"),
        ("https://runbooks.example.org/runbooks/other-name", "books:content/slugged.md"),
        (f"{HOST}/blob/main/content/runbooks/pods/PodCrashLooping.md", CRASH),
        (f"{HOST}/blob/release/1/content/runbooks/pods/PodCrashLooping.md", CRASH),
        (f"{HOST}/blob/{COMMIT}/content/runbooks/pods/PodCrashLooping.md?plain=1#L3", CRASH),
        (f"{HOST}/tree/main/content/runbooks/pods", "books:content/runbooks/pods/_index.md"),
        (f"{HOST}/raw/main/content/docs/Moved%20Page.md", "books:content/docs/Moved Page.md"),
        ("https://raw.githubusercontent.com/acme/runbooks/main/content/slugged.md", "books:content/slugged.md"),
        ("https://raw.githubusercontent.com/acme/runbooks/refs/heads/main/content/slugged.md", "books:content/slugged.md"),
        ("https://docs.example.org/disk.html", "site:source/disk.html.md.erb"),
        ("https://docs.example.org/2024/05/06/the-outage.html", "site:_posts/2024-05-06-the-outage.md"),
        ("https://docs.example.org/ops/jekyll", "site:_runbooks/jekyll.md"),
        ("https://docs.example.org/jj", "site:_runbooks/jekyll.md"),
        ("https://docs.example.org/", "site:source/index.html.md.erb"),
        ("https://wiki.example.org/spaces/SRE/pages/77/Anything+at+all", "wiki:77"),
        ("https://wiki.example.org/pages/viewpage.action?pageId=77", "wiki:77"),
        ("https://media.example.org/index.php?title=Disk", "media:Disk"),
    ],
)  # fmt: skip
def test_a_link_leads_to_its_document(link: str, document: str) -> None:
    found = Addresses(PAGES, SITES).resolve(link)
    assert (found.state, found.document_id) == ("resolved", document), link


@pytest.mark.parametrize(
    ("link", "state"),
    [
        ("", "none"),
        ("{{ .Values.url }}/x", "template"),
        ("https://runbooks.example.org/runbooks/pods/podgone", "dead"),
        ("https://runbooks.example.org/runbooks/podcrashlooping", "dead"),  # not in its folder
        (f"{HOST}/blob/main/content/runbooks/pods/podcrashlooping.md", "dead"),  # git knows the case
        (f"{HOST}/blob/main/PodCrashLooping.md", "dead"),
        (f"{HOST}/blob/pods/content/runbooks/pods/PodCrashLooping.md", "resolved"),
        (f"{HOST}/blob/main/content/content/runbooks/pods/PodCrashLooping.md", "dead"),
        (f"{HOST}/issues/7", "outside"),
        (f"{HOST}-private/blob/main/x.md", "outside"),
        ("https://docs.example.org/no-such", "dead"),
        ("https://wiki.example.org/pages/viewpage.action?pageId=78", "dead"),
        ("https://runbooks.example.org/elsewhere", "outside"),
        ("https://example.org/runbooks/pods/podcrashlooping", "outside"),
        ("https://runbooks.example.org.evil.example/runbooks/pods/podcrashlooping", "outside"),
        ("file:///etc/passwd", "outside"),
        ("javascript:alert(1)", "outside"),
        ("https://[::1", "outside"),
        ("https://runbooks.example.org:port/runbooks/x", "outside"),
        ("see the wiki", "outside"),
    ],
)
def test_what_becomes_of_other_links(link: str, state: str) -> None:
    assert Addresses(PAGES, SITES).resolve(link).state == state


def test_a_repository_is_known_by_the_links_of_its_files() -> None:
    found = Addresses(PAGES, {}).resolve(f"{HOST}/blob/main/content/slugged.md")
    assert (found.state, found.document_id) == ("resolved", "books:content/slugged.md")
