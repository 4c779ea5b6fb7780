"""Many answers as the parts of one `multipart/mixed` body: incremental delivery, and subscriptions for Apollo.

A client takes a part for complete when it reads the boundary behind it, so each part is sent with that boundary.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import orjson

from app.gateway.operations import Answer
from app.gateway.streaming import Wire

BOUNDARY: Final = b"graphql"
_PART: Final = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
_NEXT: Final = b"\r\n--" + BOUNDARY
_LAST: Final = b"--\r\n"


def incremental(spec: str) -> Wire:
    """How answers in parts look; `spec` is the parameter that names their format, as `incrementalSpec=v0.2`."""
    return Wire(f'multipart/mixed; boundary="{BOUNDARY.decode()}"; {spec}')


SUBSCRIPTION: Final = Wire(
    f'multipart/mixed; boundary="{BOUNDARY.decode()}"; subscriptionSpec=1.0',
    lambda: _PART + b"{}" + _NEXT,
    lambda refused: _part({"payload": None, "errors": refused.formatted()}) + _LAST,
)


async def incremental_parts(first: Answer, answers: AsyncGenerator[Answer, None]) -> AsyncGenerator[bytes, None]:
    """An answer in parts, of which the first is there already; the last says that none follows."""
    yield _NEXT + _part(first)
    async with aclosing(answers):
        async for answer in answers:
            yield _part(answer) + (b"" if answer.get("hasNext") else _LAST)


async def event_parts(answers: AsyncGenerator[Answer, None]) -> AsyncGenerator[bytes, None]:
    """The events of a subscription."""
    yield _NEXT
    async with aclosing(answers):
        async for answer in answers:
            yield _part({"payload": answer})
    yield _LAST


def _part(content: object) -> bytes:
    return _PART + orjson.dumps(content) + _NEXT
