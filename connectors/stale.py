"""Answers that may be out of date: only for those who can be told that they are, and how old they are."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Stale:
    """A backend gave no answer, and what it said `age` seconds ago was used in its place."""

    backend: str
    age: float


_told: ContextVar[list[Stale] | None] = ContextVar("stale_answers", default=None)


class StaleAllowed:
    """While this is entered, what was kept may stand in for a backend that does not answer; `told` says where it did.

    Only for who looks and changes nothing: no order is decided by what may have changed since.
    """

    __slots__ = ("_token", "told")

    def __enter__(self) -> Self:
        self.told: list[Stale] = []
        self._token = _told.set(self.told)
        return self

    def __exit__(self, *_: object) -> None:
        _told.reset(self._token)


def allowed() -> bool:
    """Whether whoever asks here would be told."""
    return _told.get() is not None


def tell(backend: str, age: float) -> None:
    """Say that something kept was used."""
    told = _told.get()
    assert told is not None, "only where it is allowed"
    told.append(Stale(backend, age))
