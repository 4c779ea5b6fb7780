"""What is kept of who did what, and of who looked at whose personal data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.actor import Actor

MOST_NAMED: Final = 100
"""How many things one record names; of more it only says that there were more."""


class AuditKind(StrEnum):
    """What is recorded."""

    MUTATION = "mutation"
    READ = "read"


class AuditOutcome(StrEnum):
    """What became of it."""

    DONE = "done"
    REPLAYED = "replayed"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One mutation, or the personal data that one operation showed. Ids sort by time; a record never changes.

    `field` is the mutation (of a read: empty), `fields` what personal data was shown. `about` names the things
    concerned as type and id ("Customer:cust-1001"); `more`: there were more than it names. `codes` say why it was
    refused or failed.
    """

    id: str
    at: datetime
    actor: Actor
    kind: AuditKind
    outcome: AuditOutcome
    field: str = ""
    operation_name: str | None = None
    about: tuple[str, ...] = ()
    more: bool = False
    fields: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    correlation_id: str = ""
