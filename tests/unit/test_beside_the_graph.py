"""TMF622's hub and the upload of batches, without the product behind them: what they refuse before anything is done."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Message, Scope

from app.domain.actor import Actor, Role
from app.gateway import batches, hub
from app.gateway.batches import LINE_COST, UPLOAD_COST, BatchUpload, Taken
from app.gateway.clients import Throttle
from app.gateway.hub import COST, Hub
from app.gateway.limits import Limits
from app.ordering.audit import Audit
from app.ordering.ordering import Ordering
from app.security.identity import Identity

JSON, LINES = "application/json", "application/x-ndjson"
NEVER: Final = b"(the rest never comes)"


@dataclass
class Doors:
    """Both endpoints, for one client, by these limits; `uploaded` are the lines that got through."""

    limits: Limits
    uploaded: list[Sequence[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        throttle = Throttle(self.limits)
        seconds = self.limits.body_seconds
        listeners = Hub(
            _ada, cast("Ordering", None), cast("Audit", None), lambda _: None, _failed, throttle, body_seconds=seconds
        )
        upload = BatchUpload(_ada, bytes, self._take, lambda _: None, throttle, most_lines=100, idle_seconds=seconds)
        routes = [*listeners.routes(), Route(batches.PATH, upload.__call__, methods=["POST"])]
        self._app = Starlette(routes=routes)

    async def _take(self, _: Actor, __: str, lines: Sequence[bytes]) -> Taken:
        self.uploaded.append(lines)
        return Taken(key="b", line_count=len(lines), refused_count=0, replayed=False)

    async def post(self, path: str, media: str, *parts: bytes) -> tuple[int, dict[str, str], Any]:
        """Send the body in these parts; status, headers and body of the answer."""
        left, sent = list(parts), list[Message]()

        async def receive() -> Message:
            part = left.pop(0)
            if part == NEVER:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": part, "more_body": bool(left)}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"content-type", media.encode())]
        scope: Scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        await self._app(scope, receive, send)
        start, body = sent
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], told, json.loads(body["body"])


async def _ada(_: str | None) -> Identity:
    return Identity(Actor(subject="ada", role=Role.AGENT, channel="online"), datetime.max.replace(tzinfo=UTC))


def _failed(_: Exception) -> str:
    return "FAILED"


async def test_who_does_not_send_the_whole_body_is_not_waited_for() -> None:
    doors = Doors(Limits(body_seconds=0.01))

    status, _, refusal = await doors.post(hub.PATH, JSON, NEVER)
    paused, _, why = await doors.post(batches.PATH, LINES, b"1\n", NEVER)

    assert (status, refusal["status"]) == (408, "408")
    assert (paused, why["errors"][0]["extensions"]["code"]) == (408, "REQUEST_TIMEOUT")
    assert doors.uploaded == []


async def test_a_big_upload_comes_in_parts() -> None:
    doors = Doors(Limits())

    status, _, taken = await doors.post(batches.PATH, LINES, b"1\n2", b"2\n", b"", b"3")

    assert (status, taken["batch"]["lineCount"]) == (202, 3)
    assert doors.uploaded == [[b"1", b"22", b"3"]]


async def test_both_are_paid_from_the_same_bucket_and_who_spent_it_waits() -> None:
    doors = Doors(Limits(cost_bucket=UPLOAD_COST + 2 * LINE_COST + COST, cost_restored=0.01))

    assert (await doors.post(batches.PATH, LINES, b"1\n2"))[0] == 202
    listener, _, _ = await doors.post(hub.PATH, JSON, b"[]")  # refused for what it says, and paid for
    status, headers, refused = await doors.post(batches.PATH, LINES, b"3")
    again, hub_headers, _ = await doors.post(hub.PATH, JSON, b"[]")

    assert (listener, status, again) == (400, 429, 429)
    assert refused["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert int(headers["retry-after"]) > 0 < int(hub_headers["retry-after"])
    assert doors.uploaded == [[b"1", b"2"]]
