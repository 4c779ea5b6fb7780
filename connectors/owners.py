"""What belongs to customers, told apart by owner."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Owned(Protocol):
    """Something that customers own."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def customer_ids(self) -> tuple[str, ...]:
        """Who owns it."""


O = TypeVar("O", bound=Owned)  # noqa: E741


def by_owner(owners: Iterable[str], members: Iterable[O]) -> dict[str, tuple[O, ...]]:
    """What each of these owners has, perhaps nothing. What came twice, for two of its owners, is given once."""
    found: dict[str, list[O]] = {owner: [] for owner in owners}
    for member in {member.id: member for member in members}.values():
        for owner in dict.fromkeys(member.customer_ids):
            if owner in found:
                found[owner].append(member)
    return {owner: tuple(owned) for owner, owned in found.items()}
