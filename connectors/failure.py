"""How a backend can fail to answer, and which HTTP answers mean that it did."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus


class FailureKind(StrEnum):
    """How a backend failed to answer."""

    TIMEOUT = "TIMEOUT"
    UNREACHABLE = "UNREACHABLE"
    REFUSED = "REFUSED"
    OVERLOADED = "OVERLOADED"
    MALFORMED = "MALFORMED"


class BackendFailure(Exception):
    """A backend gave no usable answer. The only exception that leaves a connector.

    `retryable` says that the same call may succeed later, and not before `retry_after` seconds where that is known.
    `detail` is for operators, never for a customer.
    """

    def __init__(
        self,
        backend: str,
        operation: str,
        kind: FailureKind,
        *,
        retryable: bool,
        detail: str,
        correlation_id: str,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(f"{backend} {operation}: {kind.value.lower()}: {detail}")
        self.backend = backend
        self.operation = operation
        self.kind = kind
        self.retryable = retryable
        self.detail = detail
        self.correlation_id = correlation_id
        self.retry_after = retry_after


def unanswered(status: int) -> FailureKind | None:
    """What a status means that says nothing of the request, so that repeating it may help; None: it is an answer."""
    match status:
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.GATEWAY_TIMEOUT:
            return FailureKind.TIMEOUT
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return FailureKind.OVERLOADED
        case HTTPStatus.NOT_IMPLEMENTED:
            return None
        case _:
            return FailureKind.UNREACHABLE if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None


def seconds_of(retry_after: str | None) -> float:
    """The Retry-After header, which is seconds or a date; 0 when it is absent or neither."""
    if not retry_after:
        return 0.0
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(parsedate_to_datetime(retry_after).timestamp() - datetime.now(UTC).timestamp(), 0.0)
    except (ValueError, OverflowError):
        return 0.0


def count_of(total: str | None) -> int | None:
    """The X-Total-Count header (TMF630); None when it is absent or no count."""
    return int(total) if total and total.isdecimal() and len(total) < 16 else None
