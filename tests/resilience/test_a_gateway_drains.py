"""A gateway that is told to stop finishes what it is at, and tells subscribers to go elsewhere."""

import asyncio
import os
import signal

import aiohttp

from tests.channel import place_mobile
from tests.exposition import total
from tests.harness import Product, start, until

ASK = 'query Slow { customer(id: "cust-1007") { name } productOrders(first: 1) { nodes { key } } }'


async def test_queries_finish_and_subscribers_are_told_to_reconnect(fragile: Product) -> None:
    product = fragile
    [gateway] = product.gateways
    await place_mobile(product, "cust-1007")
    await product.mock_control.fault("customer", stall="before")
    headers = {"Authorization": f"Bearer {product.token()}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"{product.urls[0]}/graphql", protocols=("graphql-transport-ws",)) as subscriber,
    ):
        await subscriber.send_json({"type": "connection_init"})
        assert (await subscriber.receive_json())["type"] == "connection_ack"
        query = "subscription { productOrderEvents { cursor } }"
        await subscriber.send_json({"id": "1", "type": "subscribe", "payload": {"query": query}})
        await product.mock_control.forget_requests()
        asking = asyncio.create_task(product.graphql(ASK))

        async def is_waited_for() -> bool:
            return bool((await product.mock_control.requests()).get("customer"))

        await until(is_waited_for)
        os.kill(gateway.pid, signal.SIGTERM)

        while (closed := await subscriber.receive()).type is aiohttp.WSMsgType.TEXT:
            pass  # what became of the order meanwhile
        assert (closed.type, subscriber.close_code) == (aiohttp.WSMsgType.CLOSE, 1001)
        await product.mock_control.heal()
        answer = (await asking).whole()
    await gateway.stop()

    assert answer["customer"]["name"]
    assert len(answer["productOrders"]["nodes"]) == 1
    await start(gateway)


async def test_settings_are_read_again_and_bad_ones_are_not_taken(fragile: Product) -> None:
    product = fragile
    [gateway] = product.gateways
    environment = product.settings.data_dir / ".env"
    log = product.settings.data_dir / "logs" / f"{gateway.part.name}.log"

    async def seen(event: str) -> bool:
        return event in log.read_text()

    async def set_to(text: str, event: str) -> None:
        environment.write_text(text)
        os.kill(gateway.pid, signal.SIGHUP)
        await until(lambda: seen(event))

    try:
        await set_to("ORDERWAY_LIMITS__DEPTH=1\n", "settings_reloaded")
        assert (await product.graphql(ASK)).codes == ["DEPTH_LIMIT_EXCEEDED"]

        await set_to("ORDERWAY_LIMITS__DEPTH=none\n", "settings_refused")
        assert (await product.graphql(ASK)).codes == ["DEPTH_LIMIT_EXCEEDED"]
    finally:
        environment.unlink()
    os.kill(gateway.pid, signal.SIGHUP)
    await until(lambda: is_answered_with(product))


async def test_a_query_whose_time_is_up_lets_go_of_the_backends_it_waits_for(fragile: Product) -> None:
    product = fragile
    [gateway] = product.gateways
    environment = product.settings.data_dir / ".env"

    async def ended(outcome: str) -> float:
        _, exposition = await product.monitor("gateway")
        return total(exposition, "orderway_backend_calls_total", backend="customer", outcome=outcome)

    before = await ended("CANCELLED")
    await product.mock_control.forget_requests()
    await product.mock_control.fault("customer", stall="before")
    try:
        # half of what one attempt at the backend may take
        environment.write_text("ORDERWAY_LIMITS__OPERATION_SECONDS=1.5\n")
        os.kill(gateway.pid, signal.SIGHUP)
        await until(lambda: is_answered_with(product, "OPERATION_TIMED_OUT"))

        async def is_abandoned() -> bool:
            return await product.mock_control.abandoned("customer") > 0

        await until(is_abandoned)
        assert await ended("CANCELLED") > before
        assert await product.mock_control.stalled("customer"), "the backend had not answered"
    finally:
        environment.unlink()
    await product.mock_control.heal()
    os.kill(gateway.pid, signal.SIGHUP)
    await until(lambda: is_answered_with(product))


async def is_answered_with(product: Product, *codes: str) -> bool:
    return (await product.graphql(ASK)).codes == list(codes)
