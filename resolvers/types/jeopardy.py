"""What endangers the promise of an order (TMF622 v5 productOrderJeopardyAlert)."""

from datetime import datetime

import strawberry
from strawberry import field

from resolvers.enums import JeopardyKind, JeopardyLevel


@strawberry.type(description="A task that endangers a promise.")
class JeopardyReason:
    task_id: strawberry.ID = field(description="The task.")
    task_name: str = field(description="What is done, for people.")
    kind: JeopardyKind = field(description="What is wrong with it.")
    since: datetime = field(description="Since when: that it should have ended, or that it waits for a decision.")
    message: str | None = field(description="What the backend said.")


@strawberry.type(description="A promise in danger (TMF622 v5 productOrderJeopardyAlert).")
class Jeopardy:
    level: JeopardyLevel = field(description="How much.")
    since: datetime = field(description="Since when, at whatever level.")
    rule: str = field(description="The rule that gives the level.")
    predicted_at: datetime = field(description="When it will be, if every open task takes its usual time.")
    promised_at: datetime | None = field(
        description="When it was to be; null: nothing was promised, and it does not go on by itself."
    )
    milestone: str | None = field(description="The milestone that is in danger; null: the completion of the order.")
    reasons: list[JeopardyReason] = field(description="The tasks that endanger it; none: there is too little time.")
    queue: str | None = field(
        description="The worklist that it is escalated to, if any; for the operator's own people only."
    )
    notice: str | None = field(description="What the customer was written, if anything.")
