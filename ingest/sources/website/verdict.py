"""What the pages of a website answered, made into a listing: what is there, what is gone, and when the site is in trouble.

`ingest.sources.website` calls this. A page that was known and is not there any more (HTTP status, robots.txt, noindex) is
listed with its reason, or left out where so many go that the ledger holds them for a person. More than a few at once are
believed the second time only, and meanwhile what the server refuses (HTTP 401, 403) is for nobody; log-in forms, home pages and
one text for many pages are believed of a few and never of many. One text is what has nearly the same words, where pages were
not alike before. A page that can't be parsed is there: it is listed as such, and stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from ingest.ledger import too_many
from ingest.rendering.likeness import likeness
from ingest.sources import Listed
from ingest.sources.website.visits import Hint, Visit
from rag.errors import AudienceError
from rag.records import NOBODY, AccessRule

_REFUSED = "refused: "
_UNPARSED = "unparsed: "  # then the signature that the page had when it was read, or nothing; a colon; the reason
UNSEEN = "new"
_FEW = 3
_SHARE = 20  # one in so many is few, too
_ALIKE = 0.6  # share of the words of two pages, at least, that makes them alike
_ITSELF = 0.4  # share of a page's words that it keeps when it is edited
_GROUPS = 200  # of pages that are alike; what comes later and is in none is not looked at


def few(known: int) -> int:
    """How many of a site's pages may change their nature at once without it being the site's."""
    return min(max(_FEW, known // _SHARE), known // 2)


def is_page(signature: str) -> bool:
    """Whether a signature is of a page that was read."""
    text = text_of(signature)
    return bool(text) and not text.startswith(_REFUSED) and text != UNSEEN


def text_of(signature: str) -> str:
    """The signature of what is stored of a page, where it is another than that of the page now: it can't be parsed."""
    return signature.removeprefix(_UNPARSED).split(":", 1)[0] if signature.startswith(_UNPARSED) else signature


def unparsed(before: str, fault: Exception) -> str:
    """The signature of a page that can't be parsed and had another `before`. Nothing stays of one whose audience is unclear."""
    stays = is_page(before) and not isinstance(fault, AudienceError)
    return f"{_UNPARSED}{text_of(before) if stays else ''}:{fault}"


class Groups:
    """Pages that show one and the same text, but for numbers, ids and the like; `loosely`: but for some words, too."""

    def __init__(self, loosely: bool = True) -> None:
        self._loosely = loosely
        self._groups: list[tuple[Visit, list[str]]] = []

    def add(self, path: str, visit: Visit) -> None:
        if paths := self.like(visit):
            paths.append(path)
        elif len(self._groups) < _GROUPS:
            self._groups.append((visit, [path]))

    def like(self, visit: Visit) -> list[str]:
        """The paths of the pages that are like this one."""
        for first, paths in self._groups:
            same = visit.digest == first.digest or (visit.says == first.says and visit.sketch)
            if same or (self._loosely and likeness(visit.sketch, first.sketch) >= _ALIKE):
                return paths
        return []

    def larger_than(self, size: int) -> list[list[str]]:
        return [paths for _, paths in self._groups if len(paths) > size]


def is_itself(visit: Visit, hint: Hint) -> bool:
    """Whether a page says much of what it said when it was looked at before."""
    return likeness(visit.sketch, hint.sketch) >= _ITSELF


class Verdict:
    """Takes what each listed page answered. `signatures` are those of the last sync, `missed` the paths that were lost then."""

    def __init__(self, signatures: Mapping[str, str], missed: Collection[str]) -> None:
        self.problems: list[str] = []
        self.missed: frozenset[str] = frozenset()
        self.as_it_was: set[str] = set()  # paths of pages that are not believed what they answered
        self.suspect = Groups()  # what they show, where many show the same
        self._signatures = signatures
        self._missed_before = missed
        self._few = few(sum(map(is_page, signatures.values())))
        self._items: dict[str, Listed] = {}
        self._known: dict[str, tuple[str, Visit]] = {}  # pages that were read before, and what they answered now
        self._others: dict[str, tuple[str, Visit]] = {}  # pages that were not, and show something now
        self._strange: dict[str, bool] = {}  # known ones that say other things than before; whether that is known

    def add_unseen(self, path: str, url: str, updated_at: str, hint: Hint | None) -> None:
        """A page that was not looked at: a new one, or one of which the sitemap says that it did not change."""
        if path not in self._signatures:
            self._items[path] = Listed(path, UNSEEN, updated_at=updated_at, handle=url)
            return
        signature = hint.signature if hint else self._signatures[path]
        self._items[path] = Listed(path, signature, updated_at=updated_at, refusal=_refusal(signature), handle=url)

    def add(self, path: str, url: str, visit: Visit, hint: Hint | None) -> None:
        """A page that was looked at; `hint` is what was remembered of it."""
        before = self._signatures.get(path, "")
        if visit.fault:
            self._items[path] = Listed(path, unparsed(before, visit.fault), handle=url)
        elif is_page(before):
            self._known[path] = url, visit
            if visit.digest and visit.digest != text_of(before) and not (hint and is_itself(visit, hint)):
                self._strange[path] = hint is not None
        elif visit.failed:
            told = before or f"{_REFUSED}it could not be read"
            self._items[path] = Listed(path, told, refusal=_refusal(told) or visit.failed, handle=url)
        else:
            self._others[path] = url, visit

    def accepted(self, path: str) -> bool:
        """Whether a page is listed as it answered, not as it was before."""
        return path in self._items and path not in self.as_it_was

    def items(self) -> list[Listed]:
        """What is listed, in the order of its paths."""
        failed = {path for path, (_, visit) in self._known.items() if visit.failed}
        soft = {path for path, (_, visit) in self._known.items() if visit.refusal and visit.soft}
        hard = {path for path, (_, visit) in self._known.items() if visit.refusal and not visit.soft}
        alike = self._alike()
        self._keep(failed, f"{len(failed)} pages could not be read", len(failed) > self._few)
        self._keep(alike, f"{len(alike)} pages say nearly the same of a sudden: is the site down?", True)
        reasons = Counter(visit.refusal for path, (_, visit) in self._known.items() if path in soft)
        if len(soft) > self._few:
            self._keep(soft, f"{len(soft)} pages are not there any more: {reasons.most_common(1)[0][0]}", True)
        if len(hard) > self._few:
            again = hard.difference(self._missed_before)
            reasons = Counter(self._known[path][1].refusal for path in hard)
            why = f"{len(hard)} pages are not there any more, though they are listed: {reasons.most_common(1)[0][0]}"
            self._keep(again, f"{why}; if the next sync finds the same, they go", bool(again))
            self.missed = frozenset(hard)
        left_out = self._left_out()
        for path, (url, visit) in self._known.items():
            if path not in self.as_it_was and path not in left_out:
                self._add(path, url, visit)
        for path, (url, visit) in self._others.items():
            if visit.digest and not visit.refusal and self.suspect.like(visit):
                before = self._signatures.get(path, UNSEEN)
                self._items[path] = Listed(path, before, refusal=_refusal(before), handle=url)
                self.as_it_was.add(path)
            else:
                self._add(path, url, visit)
        return [self._items[path] for path in sorted(self._items)]

    def _add(self, path: str, url: str, visit: Visit) -> None:
        self._items[path] = Listed(
            path, visit.signature, updated_at=visit.updated_at, refusal=visit.refusal, handle=url
        )  # fmt: skip

    def _left_out(self) -> set[str]:
        """Pages that are refused now, where so many go that the ledger is to hold them, or others could not be read, so that the
        listing may be none to believe; others are listed with their reason."""
        refused = {path for path, (_, visit) in self._known.items() if visit.refusal} - self.as_it_was
        if any(visit.failed for _, visit in self._known.values()):
            return {path for path in refused if not self._known[path][1].closed}
        pages = {path for path, signature in self._signatures.items() if is_page(signature)}
        gone = len(refused) + len(pages - self._items.keys() - self._known.keys())
        return refused if too_many(gone, len(pages)) else set()

    def _alike(self) -> set[str]:
        """Pages that changed to nearly the same text, where they are more than a few."""
        surely, perhaps = Groups(), Groups(loosely=False)
        for path in sorted(self._strange, key=lambda path: self._known[path][1].digest):  # in no order of theirs
            if not self._known[path][1].refusal:
                (surely if self._strange[path] else perhaps).add(path, self._known[path][1])
        most = max(self._few, 1)
        found = {path for group in (surely, perhaps) for paths in group.larger_than(most) for path in paths}
        for path in found:
            self.suspect.add(path, self._known[path][1])
        return found

    def _keep(self, paths: Collection[str], problem: str, tell: bool) -> None:
        """Lists pages as they were; those that may have been restricted are for nobody until that is known."""
        for path in paths:
            url, visit = self._known[path]
            access = NOBODY if visit.closed else AccessRule()
            self._items[path] = Listed(path, self._signatures[path], handle=url, access=access)
            self.as_it_was.add(path)
        if tell and paths:
            self.problems.append(problem)


def _refusal(signature: str) -> str:
    return signature.removeprefix(_REFUSED) if signature.startswith(_REFUSED) else ""
