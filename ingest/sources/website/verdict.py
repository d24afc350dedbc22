"""What the pages of a website answered, made into a listing: what is there, what is gone, and when the site is in trouble.

`ingest.sources.website` calls this. A page that was known and is not there any more (HTTP status, robots.txt, noindex) is left
out, so that the ledger lets it go, or holds it for a person where it is many. Where it is more than a few at once, that is
believed the second time only, and meanwhile what the server refuses (HTTP 401, 403) is for nobody; log-in forms, home pages and
one text for many pages are believed of a few and never of many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from ingest.sources import Listed
from ingest.sources.website.visits import Hint, Visit
from rag.records import NOBODY, AccessRule

_REFUSED = "refused: "
_UNSEEN = "new"
_FEW = 3
_SHARE = 20  # one in so many is few, too


def few(known: int) -> int:
    """How many of a site's pages may change their nature at once without it being the site's."""
    return min(max(_FEW, known // _SHARE), known // 2)


def is_page(signature: str) -> bool:
    """Whether a signature is of a page that was read."""
    return bool(signature) and not signature.startswith(_REFUSED) and signature != _UNSEEN


class Verdict:
    """Takes what each listed page answered. `signatures` are those of the last sync, `missed` the paths that were lost then."""

    def __init__(self, signatures: Mapping[str, str], missed: Collection[str]) -> None:
        self.problems: list[str] = []
        self.missed: frozenset[str] = frozenset()
        self._signatures = signatures
        self._missed_before = missed
        self._few = few(sum(map(is_page, signatures.values())))
        self._items: dict[str, Listed] = {}
        self._known: dict[str, tuple[str, Visit]] = {}  # pages that were read before, and what they answered now
        self._as_it_was: set[str] = set()

    def add_unseen(self, path: str, url: str, updated_at: str, hint: Hint | None) -> None:
        """A page that was not looked at: a new one, or one of which the sitemap says that it did not change."""
        if path not in self._signatures:
            self._items[path] = Listed(path, _UNSEEN, updated_at=updated_at, handle=url)
            return
        signature = hint.signature if hint else self._signatures[path]
        self._items[path] = Listed(path, signature, updated_at=updated_at, refusal=_refusal(signature), handle=url)

    def add(self, path: str, url: str, visit: Visit) -> None:
        before = self._signatures.get(path, "")
        if is_page(before):
            self._known[path] = url, visit
        elif visit.failed:
            told = before or f"{_REFUSED}it could not be read"
            self._items[path] = Listed(path, told, refusal=_refusal(told) or visit.failed, handle=url)
        else:
            self._add(path, url, visit)

    def accepted(self, path: str) -> bool:
        """Whether a page is listed as it answered, not as it was before."""
        return path in self._items and path not in self._as_it_was

    def items(self) -> list[Listed]:
        """What is listed, in the order of its paths."""
        failed = {path for path, (_, visit) in self._known.items() if visit.failed}
        soft = {path for path, (_, visit) in self._known.items() if visit.refusal and visit.soft}
        hard = {path for path, (_, visit) in self._known.items() if visit.refusal and not visit.soft}
        alike = self._alike()
        self._keep(failed, f"{len(failed)} pages could not be read", len(failed) > self._few)
        self._keep(alike, f"{len(alike)} pages say the same of a sudden: is the site down?", True)
        reasons = Counter(visit.refusal for path, (_, visit) in self._known.items() if path in soft)
        if len(soft) > self._few:
            self._keep(soft, f"{len(soft)} pages are not there any more: {reasons.most_common(1)[0][0]}", True)
        if len(hard) > self._few:
            again = hard.difference(self._missed_before)
            reasons = Counter(self._known[path][1].refusal for path in hard)
            why = f"{len(hard)} pages are not there any more, though they are listed: {reasons.most_common(1)[0][0]}"
            self._keep(again, f"{why}; if the next sync finds the same, they go", bool(again))
            self.missed = frozenset(hard)
        for path, (url, visit) in self._known.items():
            if path not in self._as_it_was and not visit.refusal:
                self._add(path, url, visit)
        return [self._items[path] for path in sorted(self._items)]

    def _add(self, path: str, url: str, visit: Visit) -> None:
        self._items[path] = Listed(
            path, visit.signature, updated_at=visit.updated_at, refusal=visit.refusal, handle=url
        )  # fmt: skip

    def _alike(self) -> set[str]:
        """Pages that changed to one and the same text, where they are more than a few."""
        changed = {
            path: visit.digest
            for path, (_, visit) in self._known.items()
            if visit.digest and not visit.refusal and visit.digest != self._signatures[path]
        }
        common = {digest for digest, number in Counter(changed.values()).items() if number > max(self._few, 1)}
        return {path for path, digest in changed.items() if digest in common}

    def _keep(self, paths: Collection[str], problem: str, tell: bool) -> None:
        """Lists pages as they were; those that may have been restricted are for nobody until that is known."""
        for path in paths:
            url, visit = self._known[path]
            access = NOBODY if visit.closed else AccessRule()
            self._items[path] = Listed(path, self._signatures[path], handle=url, access=access)
            self._as_it_was.add(path)
        if tell and paths:
            self.problems.append(problem)


def _refusal(signature: str) -> str:
    return signature.removeprefix(_REFUSED) if signature.startswith(_REFUSED) else ""
