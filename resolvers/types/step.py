"""The step guide: what leads from a draft to a valid order."""

from datetime import datetime

import strawberry
from strawberry import field

from resolvers.enums import BlockedBy, FieldType, StepKind, StepState
from resolvers.types.violation import Violation


@strawberry.type(description="A value that a step asks for; enough to show an input for it.")
class StepField:
    path: str = field(description="JSON pointer to the value in the order.")
    type: FieldType = field(description="What kind of value it takes.")
    label: str = field(description="What it is, for people.")
    mutation: str = field(description="The mutation that sets it.")
    required: bool = field(description="Whether the step is not done without it.")
    value: str | None = field(description="What it is now.")
    item_id: strawberry.ID | None = field(description="The item that it belongs to; null: the order as a whole.")
    allowed: list[str] = field(description="The values that may be chosen; empty: any that fits the rest.")
    pattern: str | None = field(description="Regular expression that the value must match as a whole.")
    minimum: str | None = field(description="Smallest allowed number.")
    maximum: str | None = field(description="Largest allowed number.")


@strawberry.type(description="What satisfied a step.")
class StepEvidence:
    source: str = field(description="The backend that says so.")
    text: str = field(description="What it says, for people.")
    reference: str | None = field(description="The backend's own id of what it speaks of.")
    valid_until: datetime | None = field(description="Until when it may be relied on; null: no end is known.")


@strawberry.type(description="Why a step cannot be taken now.")
class StepBlocked:
    by: BlockedBy = field(description="What stands in the way.")
    message: str = field(description="The same, for people.")
    steps: list[StepKind] = field(description="The steps to be taken first.")
    backend: str | None = field(description="The backend that gives no answer.")
    retryable: bool = field(description="Whether trying again soon may help.")


@strawberry.type(description="One step towards a valid order.")
class OrderStep:
    kind: StepKind = field(description="Which step it is.")
    state: StepState = field(description="Where it stands.")
    fields: list[StepField] = field(description="The values that it asks for.")
    evidence: list[StepEvidence] = field(description="What satisfied it; empty while it is not done.")
    violations: list[Violation] = field(description="The breaches of rules that are mended in it.")
    blocked: StepBlocked | None = field(description="Why it cannot be taken now; null when it can.")
