"""How people and organizations in a role are named to a backend, and found by."""

from collections.abc import Iterable

from connectors.base import Dialect
from connectors.wire import Json, RelatedParty


def named(party_id: str, role: str, dialect: Dialect, *, kind: str = "Customer") -> Json:
    """The party in this role, as the dialect writes it; `kind` is what the id is an id of."""
    if dialect is Dialect.V4:
        return {"id": party_id, "role": role, "@referredType": kind}
    ref = {"id": party_id, "@type": "PartyRoleRef" if kind == "Customer" else "PartyRef", "@referredType": kind}
    return {"@type": "RelatedPartyRefOrPartyRoleRef", "role": role, "partyOrPartyRole": ref}


def attribute(dialect: Dialect) -> str:
    """The attribute by which members are filtered for a party."""
    return "relatedParty.id" if dialect is Dialect.V4 else "relatedParty.partyOrPartyRole.id"


def customers(parties: Iterable[RelatedParty], *, unless_said: str = "") -> tuple[str, ...]:
    """The ids of those in the role of a customer; `unless_said` is the role of who has none."""
    return tuple(p.party_id for p in parties if (p.role or unless_said).lower() == "customer")
