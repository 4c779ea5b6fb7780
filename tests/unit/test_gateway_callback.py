"""Subscriptions by callback against a real server and a router of its own: told in order, ended by either side."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from app.domain.webhook import WebhookPolicy, may_be_called
from app.embedded.ports import free_port
from app.gateway.app import Gateway, drain
from app.gateway.callback import Routers
from app.gateway.limits import Limits
from connectors.webhook import posts
from tests.harness import until
from tests.unit.gateway_toy import Toy, running
from tests.webhook_receiver import taking_posts

ACCEPT = {"Accept": "application/json, application/json;callbackSpec=1.0"}
FOREVER = "subscription { forever }"
PROTOCOL = ("subscription-protocol", "callback/1.0")


@dataclass
class Router:
    """Takes messages, or answers one kind of them with another status."""

    url: str
    told: list[Any] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)
    header: str | None = "callback/1.0"
    hangs_at: str = ""

    async def take(self, request: web.Request) -> web.Response:
        assert request.headers["subscription-protocol"] == "callback/1.0"
        message = await request.json()
        assert request.path == f"/callback/{message['id']}"
        assert (message.pop("kind"), message.pop("id"), message.pop("verifier")) == ("subscription", "s-1", "secret")
        self.told.append(message)
        if message["action"] == self.hangs_at:
            await asyncio.Event().wait()  # until the caller is gone
        status = self.status.get(message["action"], 204)
        said = {} if self.header is None else {"subscription-protocol": self.header}
        return web.Response(status=status, headers={**said, "Location": f"{self.url}/x"})

    async def until_told(self, *actions: str) -> None:
        """These are the last messages."""

        async def so() -> bool:
            return [message["action"] for message in self.told][-len(actions) :] == list(actions)

        await until(so)

    async def is_told_next(self) -> bool:
        return any(message["action"] == "next" for message in self.told)


@asynccontextmanager
async def calling(limits: Limits | None = None) -> AsyncIterator[tuple[Toy, Router]]:
    """A gateway and the one router that it may call."""
    port = free_port()
    router = Router(f"http://127.0.0.1:{port}")
    async with (
        taking_posts(router.take, port),
        posts(partial(may_be_called, policy=WebhookPolicy(private=True))) as post,
        running(limits=limits, routers=Routers([router.url], post)) as toy,
    ):
        yield toy, router
        await drain(toy.app)


def wish(router: Router, **other: object) -> dict[str, object]:
    return {
        "callbackUrl": f"{router.url}/callback/s-1",
        "subscriptionId": "s-1",
        "verifier": "secret",
        "heartbeatIntervalMs": 0,
        **other,
    }


async def subscribe(
    toy: Toy, query: str, wished: object, **headers: str
) -> tuple[int, dict[str, Any], tuple[str, str | None]]:
    body = {"query": query, "extensions": {"subscription": wished}}
    async with toy.http.post("/graphql", json=body, headers={**ACCEPT, **headers}) as answer:
        return answer.status, await answer.json(), (PROTOCOL[0], answer.headers.get(PROTOCOL[0]))


async def gone(toy: Toy) -> None:
    """Nothing is left of any subscription."""
    gateway: Gateway = toy.app.state.gateway

    async def none_open() -> bool:
        return not gateway.callbacks.open

    await until(none_open)
    await toy.world.until_watched_by(0)


@pytest.mark.parametrize("header", ["callback/1.0", None], ids=["Apollo Router", "Hive Gateway"])
async def test_the_router_confirms_is_told_in_order_and_then_that_it_is_complete(header: str | None) -> None:
    async with calling() as (toy, router):
        router.header = header
        assert await subscribe(toy, "subscription { count(to: 3) }", wish(router)) == (200, {"data": None}, PROTOCOL)
        await router.until_told("complete")
        await gone(toy)

    assert router.told == [
        {"action": "check"},
        *({"action": "next", "payload": {"data": {"count": number}}} for number in (1, 2, 3)),
        {"action": "complete"},
    ]


async def test_anything_but_a_subscription_is_answered_as_ever() -> None:
    async with calling() as (toy, router):
        status, answer, _ = await subscribe(toy, "{ me }", wish(router))
    assert (status, answer, router.told) == (200, {"data": {"me": "ada"}}, [])


@pytest.mark.parametrize("action", ["next", "check"])
@pytest.mark.parametrize(("status", "last_words"), [(404, 0), (307, 1), (500, 1)])
async def test_what_the_router_does_not_take_ends_the_subscription(action: str, status: int, last_words: int) -> None:
    async with calling() as (toy, router):
        router.status = {"next": status} if action == "next" else {}
        await subscribe(toy, FOREVER, wish(router, heartbeatIntervalMs=100))
        router.status[action] = status
        await gone(toy)

        async def no_task_left() -> bool:
            names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
            return not any(name.startswith(("Callbacks.", "_Subscription.")) for name in names)

        await until(no_task_left)

    ends = [message for message in router.told if message["action"] == "complete"]
    assert [message["errors"][0]["extensions"]["code"] for message in ends] == ["CALLBACK_FAILED"] * last_words


async def test_heartbeats_go_on_while_there_is_nothing_to_tell() -> None:
    async with calling() as (toy, router):
        await subscribe(toy, FOREVER, wish(router, heartbeatIntervalMs=100))
        await router.until_told("check", "check", "check")
        assert [message["action"] for message in router.told][:2] == ["check", "next"]


async def test_the_end_of_the_token_and_of_the_gateway_are_told_as_errors() -> None:
    async with calling() as (toy, router):
        await subscribe(toy, FOREVER, wish(router), Authorization="Bearer brief")
        await router.until_told("complete")
        await gone(toy)
        assert router.told.pop()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

        await subscribe(toy, FOREVER, wish(router))
        await router.until_told("next")
        await drain(toy.app)
        assert router.told[-1]["errors"][0]["extensions"]["code"] == "GOING_AWAY"
        assert toy.world.watching == 0

        status, answer, _ = await subscribe(toy, FOREVER, wish(router))
        assert (status, answer["errors"][0]["extensions"]["code"]) == (503, "GOING_AWAY")


async def test_a_router_that_is_slow_is_sent_one_answer_at_a_time_and_holds_nobody_up() -> None:
    async with calling() as (toy, router):
        router.hangs_at = "next"
        await subscribe(toy, "subscription { count(to: 3) }", wish(router, heartbeatIntervalMs=100))
        await until(router.is_told_next)
        await router.until_told("check", "check")  # behind it: what hangs holds no heartbeat up
        await drain(toy.app)

    actions = [message["action"] for message in router.told if message["action"] != "check"]
    assert actions == ["next", "complete"]
    assert router.told[-1]["errors"][0]["extensions"]["code"] == "GOING_AWAY"


async def test_a_subscription_that_fails_or_is_one_too_many_is_complete_with_errors() -> None:
    async with calling(Limits(subscriptions=1)) as (toy, router):
        await subscribe(toy, "subscription { breaks }", wish(router))
        await router.until_told("next", "complete")
        assert router.told[-1]["errors"][0]["message"] == "Internal error"
        await gone(toy)

        await subscribe(toy, FOREVER, wish(router))
        await router.until_told("next")
        await subscribe(toy, FOREVER, wish(router))
        await router.until_told("check", "complete")
        assert router.told[-1]["errors"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
        assert toy.world.watching == 1


@pytest.mark.parametrize(
    ("status", "header"), [(200, "callback/1.0"), (404, "callback/1.0"), (307, "callback/1.0"), (204, "other/1.0")]
)
async def test_no_subscription_begins_that_the_router_does_not_confirm(status: int, header: str) -> None:
    async with calling() as (toy, router):
        router.status["check"], router.header = status, header
        refused, answer, _ = await subscribe(toy, FOREVER, wish(router))
        assert (refused, answer["errors"][0]["extensions"]["code"]) == (400, "CALLBACK_FAILED")
        assert router.told == [{"action": "check"}]
        assert toy.world.facts == []


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"callbackUrl": "http://127.0.0.1:1/callback/s-1"}, "CALLBACK_NOT_ALLOWED"),
        ({"callbackUrl": "{router}@127.0.0.1:1/callback/s-1"}, "CALLBACK_NOT_ALLOWED"),
        ({"callbackUrl": "{router}.evil.example/callback/s-1"}, "CALLBACK_NOT_ALLOWED"),
        ({"callbackUrl": "{router}\\@127.0.0.1:1/s-1"}, "CALLBACK_NOT_ALLOWED"),
        ({"callbackUrl": "file:///etc/passwd"}, "CALLBACK_NOT_ALLOWED"),
        ({"callbackUrl": None}, "BAD_REQUEST"),
        ({"heartbeatIntervalMs": 1}, "BAD_REQUEST"),
        ({"heartbeatIntervalMs": "5000"}, "BAD_REQUEST"),
    ],
)
async def test_what_the_operator_did_not_name_is_not_called(other: dict[str, Any], code: str) -> None:
    async with calling() as (toy, router):
        given = {k: v.replace("{router}", router.url) if isinstance(v, str) else v for k, v in other.items()}
        status, answer, _ = await subscribe(toy, FOREVER, wish(router, **given))
        assert (status, answer["errors"][0]["extensions"]["code"], router.told) == (400, code, [])


async def test_nobody_is_called_back_unless_routers_are_named() -> None:
    async with running() as toy:
        status, answer, _ = await subscribe(toy, FOREVER, wish(Router("http://127.0.0.1:1")))
    assert (status, answer["errors"][0]["extensions"]["code"]) == (406, "SUBSCRIPTION_NEEDS_STREAM")
    assert "ORDERWAY_CALLBACK_ORIGINS" in answer["errors"][0]["message"]
