"""TMF622's hub, without the product behind it."""

import asyncio
import json
from datetime import UTC, datetime
from typing import cast

from starlette.applications import Starlette
from starlette.types import Message, Scope

from app.domain.actor import Actor, Role
from app.gateway.hub import PATH, Hub
from app.ordering.audit import Audit
from app.ordering.ordering import Ordering
from app.security.identity import Identity


async def test_who_does_not_send_the_whole_body_is_not_waited_for() -> None:
    sent: list[Message] = []

    async def authenticate(_: str | None) -> Identity:
        return Identity(
            Actor(subject="cust-1003", role=Role.CUSTOMER, channel="online"), datetime.max.replace(tzinfo=UTC)
        )

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nothing ever comes")

    async def send(message: Message) -> None:
        sent.append(message)

    hub = Hub(
        authenticate, cast("Ordering", None), cast("Audit", None), lambda _: None, lambda _: "FAILED", body_seconds=0.01
    )
    headers = [(b"content-type", b"application/json"), (b"content-length", b"30")]
    scope: Scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": headers}
    await Starlette(routes=hub.routes())(scope, receive, send)

    start, body = sent
    assert (start["status"], json.loads(body["body"])["status"]) == (408, "408")
