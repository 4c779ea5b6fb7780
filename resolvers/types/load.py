"""How much work there is for each backend."""

from datetime import datetime

import strawberry
from strawberry import field


@strawberry.type(description="How much work of orders there is for one backend: what waits in its lane.")
class BackendLoad:
    backend: str = field(description="The backend.")
    concurrency: int = field(
        description="How many tasks one worker carries out on it at once, as it is set for this gateway."
    )
    workers: int = field(description="How many workers asked for its work in the last minutes; none: nobody does it.")
    waiting: int = field(
        description="How many tasks wait for their turn; not those that pause before they are tried again."
    )
    oldest_waiting_since: datetime | None = field(
        description="Since when the one that waits longest has waited; null: none waits."
    )
