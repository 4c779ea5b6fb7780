"""What belongs to somebody or something, told apart by owner."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar


class Identified(Protocol):
    """Something with an id."""

    @property
    def id(self) -> str:
        """Its id."""


class Owned(Identified, Protocol):
    """Something that customers own."""

    @property
    def customer_ids(self) -> tuple[str, ...]:
        """Who owns it."""


M = TypeVar("M", bound=Identified)
O = TypeVar("O", bound=Owned)  # noqa: E741


def by_owner(owners: Iterable[str], members: Iterable[O]) -> dict[str, tuple[O, ...]]:
    """What each of these owners has, perhaps nothing. What came twice, for two of its owners, is given once."""
    return grouped(owners, members, lambda member: member.customer_ids)


def grouped(
    owners: Iterable[str], members: Iterable[M], owners_of: Callable[[M], Iterable[str]]
) -> dict[str, tuple[M, ...]]:
    """What each of these owners has, perhaps nothing, each once."""
    found: dict[str, list[M]] = {owner: [] for owner in owners}
    for member in {member.id: member for member in members}.values():
        for owner in dict.fromkeys(owners_of(member)):
            if owner in found:
                found[owner].append(member)
    return {owner: tuple(owned) for owner, owned in found.items()}
