"""What a customer asks people to do about an order under way: recorded with the order, and answered by somebody.

A request changes nothing by itself. What is done about it is done by revising, cancelling or rescheduling the order.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

CHANGE_REQUESTS: Final = "/changeRequests"
"""Where they stand in an order."""
MOST_OPEN: Final = 3
"""How many requests of one order may wait for an answer at once."""
MOST_KEPT: Final = 50
"""How many requests one order keeps, whatever became of them."""
LONGEST: Final = 2000
"""Characters of a wish, its reason or its answer."""


class ChangeRequestKind(StrEnum):
    """What somebody wishes for."""

    CHANGE = "change"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    OTHER = "other"


class ChangeRequestState(StrEnum):
    """Where a request stands. It is open, and then one of the others for good."""

    OPEN = "open"
    RESOLVED = "resolved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """A wish in words, who had it and when, and what was said to it by whom.

    `id` counts 1, 2, 3 … within the order. `decided_by` is who answered or withdrew it; `led_to_version` the version of
    the order that came of it, when the answer names one.
    """

    id: str
    kind: ChangeRequestKind
    wish: str
    requested_by: str
    requested_at: datetime
    reason: str | None = None
    state: ChangeRequestState = ChangeRequestState.OPEN
    answer: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    led_to_version: int | None = None

    @property
    def summary(self) -> str:
        """What has become of it, for people, without what anybody wrote."""
        told = {
            ChangeRequestState.OPEN: f"ask for: {self.kind}",
            ChangeRequestState.RESOLVED: "accept",
            ChangeRequestState.DECLINED: "decline",
            ChangeRequestState.WITHDRAWN: "withdraw",
        }
        return f"change request {self.id}: {told[self.state]}"

    @property
    def answered(self) -> bool:
        """Whether somebody has said yes or no to it."""
        return self.state in (ChangeRequestState.RESOLVED, ChangeRequestState.DECLINED)


Requests = tuple[ChangeRequest, ...]


def open_ones(requests: Requests) -> Requests:
    """Those that wait for an answer."""
    return tuple(request for request in requests if request.state is ChangeRequestState.OPEN)


def too_many(requests: Requests) -> str | None:
    """Why there may not be one more; None: there may."""
    if len(open_ones(requests)) >= MOST_OPEN:
        return f"{MOST_OPEN} requests wait for an answer already; withdraw one, or wait"
    if len(requests) >= MOST_KEPT:
        return f"the order has {MOST_KEPT} requests already; call instead"
    return None


def with_request(requests: Requests, request: ChangeRequest) -> Requests | None:
    """The requests with this one as it is from now on.

    None: it cannot be so any more, because somebody else was faster: a new one's number is taken or there are too many,
    or one that is to be closed is not open.
    """
    known = next((one for one in requests if one.id == request.id), None)
    if request.state is ChangeRequestState.OPEN:
        return None if known or too_many(requests) else (*requests, request)
    if known is None or known.state is not ChangeRequestState.OPEN:
        return None
    return tuple(request if one is known else one for one in requests)
