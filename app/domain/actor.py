"""Who acts, through which channel, and for whom."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an actor is to the operator; access rules are written against it."""

    CUSTOMER = "customer"
    AGENT = "agent"
    DEALER = "dealer"
    AFFILIATE = "affiliate"
    OPERATIONS = "operations"
    DEVELOPER = "developer"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An authenticated caller.

    `subject` is the caller's stable id at the token issuer: for a customer the customer id (TMF629),
    for a dealer the id of the dealer's organization (TMF632).
    `channel` is the sales channel the call came through (TMF622 RelatedChannel), for example "online".
    `on_behalf_of` is the party the caller acts for, when it is not the caller itself.
    `scopes` narrow what the role may do to these rights; None: they do not.
    """

    subject: str
    role: Role
    channel: str
    on_behalf_of: str | None = None
    scopes: frozenset[str] | None = None

    @property
    def party(self) -> str:
        """Whose rows the actor sees, when it does not see all: the party that it acts for, or is."""
        return self.on_behalf_of or self.subject


def system_actor(part: str) -> Actor:
    """Orderway itself, acting through one of its own parts, for example "orchestration"."""
    return Actor(subject=f"orderway-{part}", role=Role.SYSTEM, channel="orderway")
