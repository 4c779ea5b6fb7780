"""What a backend answered, kept as far as it allows: by Cache-Control, ETag and Last-Modified (RFC 9111, RFC 5861).

A backend answers Orderway, by Orderway's own credentials, the same whoever asks Orderway: who may see what of it is
decided above. So what is kept is one backend's, by address, and for all.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

KEPT_BYTES: Final = 4_000_000
"""Of one backend's answers together; none of them takes more than a sixteenth."""


class Terms(msgspec.Struct, frozen=True):
    """What a backend says of how its answer may be used again. Times in seconds."""

    etag: str | None = None
    modified: str | None = None
    fresh_for: float = 0.0
    stale_for: float = 0.0

    @property
    def useful(self) -> bool:
        """Whether there is any use in keeping the answer."""
        return bool(self.etag or self.modified or self.fresh_for or self.stale_for)


NONE: Final = Terms()


def terms_of(headers: Mapping[str, str]) -> Terms:
    """The terms of an answer by its headers; what cannot be read counts as not said."""
    etag, modified, control = headers.get("ETag"), headers.get("Last-Modified"), headers.get("Cache-Control")
    if etag is None and modified is None and control is None:
        return NONE
    said = dict(_directives(control or ""))
    if "no-store" in said or headers.get("Vary", "").strip() == "*":
        return NONE
    fresh_for = 0.0 if "no-cache" in said else _seconds(said.get("max-age")) - _seconds(headers.get("Age"))
    return Terms(etag, modified, max(fresh_for, 0.0), _seconds(said.get("stale-if-error")))


def _directives(control: str) -> list[tuple[str, str]]:
    pairs = (part.strip().lower().partition("=") for part in control.split(","))
    return [(name, value.strip('"')) for name, _, value in pairs if name]


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdecimal() and len(text) < 10 else 0.0


class Kept(msgspec.Struct, frozen=True):
    """One answer: what it said, on which terms, when, and whether nothing was written since."""

    status: int
    body: bytes
    total: int | None
    terms: Terms
    at: float
    era: int


class KeptAnswers:
    """The answers of one backend, the least recently used given up first. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0
        self._era = 0

    @property
    def era(self) -> int:
        """Rises with each write; what was asked for before one is never fresh after it."""
        return self._era

    def get(self, url: str) -> Kept | None:
        """What was answered here, however old it is."""
        return self._kept.get(url)

    def is_fresh(self, kept: Kept) -> bool:
        """Whether it may be used without asking."""
        return kept.era == self._era and self.age(kept) < kept.terms.fresh_for

    def age(self, kept: Kept) -> float:
        """How long ago it was said, in seconds."""
        return self._clock() - kept.at

    def conditions(self, kept: Kept) -> dict[str, str]:
        """The headers that ask for an answer only if it would be another one."""
        if kept.terms.etag is not None:
            return {"If-None-Match": kept.terms.etag}
        return {"If-Modified-Since": kept.terms.modified} if kept.terms.modified is not None else {}

    def keep(self, url: str, status: int, body: bytes, total: int | None, terms: Terms, era: int) -> None:
        """Keep an answer that was asked for in this era, in place of the last from there."""
        self._drop(url)
        if terms.useful and len(body) <= KEPT_BYTES // 16:
            self._kept[url] = Kept(status, body, total, terms, self._clock(), era)
            self._bytes += len(body)
            while self._bytes > KEPT_BYTES:
                self._drop(next(iter(self._kept)))

    def unchanged(self, url: str, kept: Kept, terms: Terms, era: int) -> None:
        """The backend says that it would answer the same again, and perhaps on which terms now."""
        renewed = Terms(
            terms.etag or kept.terms.etag, terms.modified or kept.terms.modified, terms.fresh_for, terms.stale_for
        )
        self.keep(url, kept.status, kept.body, kept.total, renewed, era)

    def written(self) -> None:
        """Something was changed: nothing that is kept is fresh any more."""
        self._era += 1

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._bytes = 0
        self._era += 1

    def _drop(self, url: str) -> None:
        if (kept := self._kept.pop(url, None)) is not None:
            self._bytes -= len(kept.body)
