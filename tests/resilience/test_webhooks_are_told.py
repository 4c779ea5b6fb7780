"""Webhooks: told at least once of what their owner may see, signed, whatever fails or is killed in between."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest

from app.domain.actor import Role
from tests.channel import Json, key, place_mobile, run, timeline_of, until_state
from tests.exposition import total
from tests.harness import WAIT_SECONDS, Product, until
from tests.webhook_receiver import Receiver, receiving

REGISTER, LIST = "105-register-a-webhook", "106-how-webhooks-do"
REPLAY, UNREGISTER = "107-replay-to-a-webhook", "108-unregister-a-webhook"
STARTED = "eventType=ProductOrderCreateEvent,ProductOrderStateChangeEvent"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


def verified(secret: str, headers: dict[str, str], body: bytes) -> Json:
    """The message, if its signature is right; by the words of the Standard Webhooks specification."""
    secret_key = base64.b64decode(secret.split("_", 1)[1])
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    expected = "v1," + base64.b64encode(hmac.new(secret_key, signed, hashlib.sha256).digest()).decode()
    assert expected in headers["webhook-signature"].split(" ")
    return json.loads(body)


async def registered(product: Product, token: str, callback: str, query: str | None = STARTED) -> tuple[str, str]:
    given = {"input": {"idempotencyKey": key(), "callback": callback, "query": query}}
    payload = (await run(product, REGISTER, given, token=token))["registerWebhook"]
    assert payload["errors"] == []
    return payload["webhook"]["id"], payload["secret"]


async def told(product: Product, token: str, example: str, webhook: str, **given: Json) -> Json:
    own = {"input": {"idempotencyKey": key(), "id": webhook, **given}}
    [payload] = (await run(product, example, own, token=token)).values()
    return payload


async def calls_counted(product: Product) -> dict[str, float]:
    """The worker's calls to webhooks so far, by what became of the event."""
    _, exposition = await product.monitor("worker")
    outcomes = ("delivered", "again", "deadLetter")
    return {outcome: total(exposition, "orderway_webhook_calls_total", outcome=outcome) for outcome in outcomes}


async def backlog(product: Product) -> tuple[float, float]:
    """How many webhooks are still to be told of something, and since how many seconds."""
    _, exposition = await product.monitor("worker")
    return total(exposition, "orderway_webhooks_behind"), total(exposition, "orderway_webhook_oldest_event_seconds")


async def one(product: Product, token: str, webhook: str) -> Json:
    found = (await run(product, LIST, token=token))["webhooks"]["nodes"]
    return next((node for node in found if node["id"] == webhook), None)


async def expected(product: Product, order: str) -> list[int]:
    wanted = ("ProductOrderCreateEvent", "ProductOrderStateChangeEvent")
    return [e["sequence"] for e in await timeline_of(product, order) if e["__typename"] in wanted]


def in_order_without_gap(seen: Sequence[int], wanted: Sequence[int]) -> bool:
    """Every event, each for the first time in its order; some may have come more than once."""
    return list(dict.fromkeys(seen)) == list(wanted)


async def test_a_receiver_that_fails_and_recovers_and_a_killed_worker_lose_nothing(
    fragile: Product, receiver: Receiver
) -> None:
    product = fragile
    dealer, rival = product.token(Role.DEALER, "dealer-301"), product.token(Role.DEALER, "dealer-302")
    webhook, secret = await registered(product, dealer, f"{receiver.url}/orders")

    receiver.status = 503
    foreign = await place_mobile(product, "cust-1012", token=rival)
    order = await place_mobile(product, "cust-1011", token=dealer)

    async def retrying() -> Json:
        found = await one(product, dealer, webhook)
        return found if found["state"] == "RETRYING" and found["nextTryAt"] else None

    waiting = await until(retrying)
    assert (waiting["failure"], waiting["deadLetterCount"]) == ("answered 503", 0)

    async def weighed() -> bool:
        behind, age = await backlog(product)
        return behind >= 1 and age > 0

    await until(weighed)
    receiver.hangs = True
    async with asyncio.timeout(WAIT_SECONDS):
        await receiver.hung.wait()
    await product.worker.kill()
    receiver.status, receiver.hangs = 204, False
    await product.worker.start()
    await product.worker.until_ready()
    await until_state(product, order, "COMPLETED")
    wanted = await expected(product, order)

    async def whole() -> bool:
        return in_order_without_gap(receiver.sequences(order), wanted)

    await until(whole)
    messages = [verified(secret, headers, body) for headers, body in receiver.taken]
    assert receiver.events(foreign) == [], "a dealer is told of what it sold"
    assert {headers["webhook-id"] for headers, _ in receiver.taken} == {message["eventId"] for message in messages}
    assert messages[0]["eventType"] == "ProductOrderCreateEvent"
    assert messages[-1]["event"]["productOrder"]["state"] == "completed"
    with pytest.raises(AssertionError):
        verified("whsec_" + base64.b64encode(b"x" * 32).decode(), *receiver.taken[0])

    receiver.taken.clear()
    assert (await told(product, dealer, REPLAY, webhook, after=messages[0]["cursor"]))["errors"] == []

    async def again() -> bool:
        return in_order_without_gap(receiver.sequences(order), wanted[1:])

    await until(again)
    assert secret not in "".join(log.read_text() for log in (product.settings.data_dir / "logs").iterdir())

    async def nothing_left() -> bool:
        return await backlog(product) == (0, 0)

    await until(nothing_left)
    ended = await told(product, dealer, UNREGISTER, webhook)
    assert (ended["webhook"]["state"], ended["replayed"]) == ("REMOVED", False)
    assert await one(product, dealer, webhook) is None


async def test_what_is_not_taken_is_given_up_visibly_and_can_be_told_again(
    fragile: Product, receiver: Receiver
) -> None:
    product = fragile
    customer = product.token(Role.CUSTOMER, "cust-1011")
    webhook, _ = await registered(product, customer, receiver.url, "eventType=ProductOrderCreateEvent")
    receiver.status = 302
    before = await calls_counted(product)
    order = await place_mobile(product, "cust-1011")

    async def given_up() -> Json:
        found = await one(product, customer, webhook)
        return found if found["deadLetterCount"] else None

    found = await until(given_up)
    [letter] = found["deadLetters"]
    assert (letter["orderKey"], letter["sequence"], letter["failure"]) == (order, 1, "answered 302")
    assert letter["attempts"] == receiver.refused

    receiver.status = 200
    assert await one(product, product.token(Role.CUSTOMER, "cust-1012"), webhook) is None
    operations = product.token(Role.OPERATIONS)
    assert (await one(product, operations, webhook))["owner"] == "cust-1011"
    assert (await told(product, operations, REPLAY, webhook, after=None))["errors"] == []

    async def told_again() -> bool:
        return receiver.sequences(order) == [1]

    await until(told_again)
    assert order in receiver.orders()

    async def counted() -> bool:
        more = {outcome: count - before[outcome] for outcome, count in (await calls_counted(product)).items()}
        assert (more["again"], more["deadLetter"]) == (letter["attempts"] - 1, 1)
        return more["delivered"] >= 1

    await until(counted)
    await told(product, operations, UNREGISTER, webhook)


async def test_a_client_that_speaks_tmf622_only_registers_at_its_hub(fragile: Product, receiver: Receiver) -> None:
    product = fragile
    own, foreign = (product.token(Role.CUSTOMER, f"cust-101{n}") for n in (1, 2))
    asked = {"callback": f"{receiver.url}/tmf", "query": "customer=cust-1011", "@type": "Hub"}

    async with aiohttp.ClientSession() as http:

        async def ask(method: str, path: str = "", token: str | None = own, **sent: Any) -> tuple[int, Json]:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            key = {"Idempotency-Key": once}
            url = f"{product.urls[0]}/tmf-api/productOrderingManagement/v4/hub{path}"
            async with http.request(method, url, headers=headers | key, **sent) as response:
                return response.status, await response.json(content_type=None) if await response.read() else None

        once = key()
        status, listener = await ask("POST", json=asked)
        again = await ask("POST", json=asked)
        conflict = await ask("POST", json={**asked, "query": None})
        unsigned = await ask("POST", token=None, json=asked)
        plain = await ask("POST", data=b"[]", skip_auto_headers=["Content-Type"])
        nonsense: tuple[Json, ...] = ([], {"query": "state=completed"}, {"callback": "http://10.0.0.1/"})
        for bad in nonsense:
            once = key()
            refused = await ask("POST", json=bad)
            assert (refused[0], refused[1].keys()) == (400, {"code", "reason", "message", "status"})
        order = await place_mobile(product, "cust-1011")
        await until_state(product, order, "COMPLETED")

        async def completed() -> bool:
            return any(event["event"]["productOrder"]["state"] == "completed" for event in receiver.events(order))

        await until(completed)
        hidden = await ask("DELETE", f"/{listener['id']}", token=foreign)
        shown = await one(product, own, listener["id"])
        gone = [(await ask("DELETE", f"/{listener['id']}"))[0] for _ in range(2)]

    types = "ProductOrderCreateEvent,ProductOrderAttributeValueChangeEvent,ProductOrderStateChangeEvent"
    secret = listener.pop("secret")
    assert (status, again) == (201, (201, listener)), "the secret is shown once"
    assert listener == {
        "id": listener["id"],
        "callback": asked["callback"],
        "query": f"eventType={types}&{asked['query']}",
    }
    assert (conflict[0], conflict[1]["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert (unsigned[0], unsigned[1]["status"], plain[0]) == (401, "401", 415)
    messages = [verified(secret, headers, body) for headers, body in receiver.taken]
    told_of = [(m["eventType"], m["event"]["productOrder"]["state"]) for m in messages if m["correlationId"] == order]
    assert told_of[0][0] == "ProductOrderCreateEvent"
    assert told_of[-1] == ("ProductOrderStateChangeEvent", "completed")
    assert {kind for kind, _ in told_of} <= set(types.split(","))
    assert (hidden[0], hidden[1]["code"]) == (404, "NOT_FOUND")
    assert (shown["callback"], shown["owner"]) == (asked["callback"], "cust-1011")
    assert gone == [204, 204]
    assert await one(product, own, listener["id"]) is None


@pytest.mark.parametrize(
    "callback",
    [
        "http://example.com/",
        "https://10.0.0.1/",
        "https://[::ffff:192.168.0.1]/",
        "https://169.254.169.254/latest",
        "https://user@example.com/",
        "file:///etc/passwd",
        "",
    ],
)
async def test_an_address_that_may_not_be_called_is_refused(fragile: Product, callback: str) -> None:
    given = {"input": {"idempotencyKey": key(), "callback": callback, "query": "color=red"}}
    payload = (await run(fragile, REGISTER, given))["registerWebhook"]

    assert (payload["webhook"], payload["secret"]) == (None, None)
    [error] = payload["errors"]
    assert error["code"] == "VALIDATION_FAILED"


async def test_a_key_registers_once_and_shows_the_secret_once(fragile: Product, receiver: Receiver) -> None:
    given = {"input": {"idempotencyKey": key(), "callback": receiver.url, "query": None}}
    first, again = [(await run(fragile, REGISTER, given))["registerWebhook"] for _ in range(2)]
    given["input"]["query"] = STARTED
    other = (await run(fragile, REGISTER, given))["registerWebhook"]

    assert (first["secret"][:6], first["replayed"]) == ("whsec_", False)
    assert (again["webhook"]["id"], again["secret"], again["replayed"]) == (first["webhook"]["id"], None, True)
    assert [error["code"] for error in other["errors"]] == ["IDEMPOTENCY_CONFLICT"]
    await told(fragile, fragile.token(Role.OPERATIONS), UNREGISTER, first["webhook"]["id"])
