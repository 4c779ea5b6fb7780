"""The audit log: who did what, and who looked at whose personal data."""

from datetime import datetime

import strawberry

from app.ordering.audit_log import AuditSearch
from resolvers.enums import AuditKind, AuditOutcome
from resolvers.fields import resolved


@strawberry.type(description="One mutation, or the personal data that one operation showed. Records never change.")
class AuditRecord:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the record; ids sort by time.")
    at: datetime = strawberry.field(description="When it began.")
    kind: AuditKind = strawberry.field(description="What is recorded.")
    outcome: AuditOutcome = strawberry.field(description="What became of it.")
    subject: str = resolved(str, lambda root: root.actor.subject, "Who did it.")
    role: str = resolved(str, lambda root: root.actor.role.value, "In which role.")
    channel: str = resolved(str, lambda root: root.actor.channel, "Through which channel.")
    on_behalf_of: str | None = resolved(
        str | None, lambda root: root.actor.on_behalf_of, "For whom, when not for itself."
    )
    field: str = strawberry.field(description="The mutation, such as Mutation.submitProductOrder; empty: a read.")
    operation_name: str | None = strawberry.field(description="What the client calls the operation.")
    about: list[str] = strawberry.field(description="What it was about, as type and id, at most 100.")
    more: bool = strawberry.field(description="Whether it was about more than that.")
    fields: list[str] = strawberry.field(description="The fields with personal data that were shown.")
    codes: list[str] = strawberry.field(description="Why it was refused or failed.")
    correlation_id: str = strawberry.field(description="The id that leads to the logs and to the backends' logs.")


@strawberry.input(description="Which records; every criterion that is given must hold.")
class AuditFilter:
    kinds: list[AuditKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    outcomes: list[AuditOutcome] | None = strawberry.field(default=None, description="That ended in one of these ways.")
    subject: str | None = strawberry.field(default=None, description="Of who did it.")
    on_behalf_of: str | None = strawberry.field(default=None, description="Of for whom it was done.")
    about: str | None = strawberry.field(default=None, description="About this thing, for example Customer:cust-1001.")
    correlation_id: str | None = strawberry.field(default=None, description="With this correlation id.")
    since: datetime | None = strawberry.field(default=None, description="From this time on.")
    until: datetime | None = strawberry.field(default=None, description="Before this time.")

    def to_search(self) -> AuditSearch:
        """The search as the store has it."""
        return AuditSearch(
            kinds=tuple(self.kinds or ()),
            outcomes=tuple(self.outcomes or ()),
            subject=self.subject,
            on_behalf_of=self.on_behalf_of,
            about=self.about,
            correlation_id=self.correlation_id,
            since=self.since,
            until=self.until,
        )
