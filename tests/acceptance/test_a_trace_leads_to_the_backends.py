"""One trace from a channel's mutation through the order's workflow to what is done for it on the backends."""

import aiohttp
import orjson
import pytest

from tests.channel import key, until_state
from tests.harness import Json, Product, until
from tests.otlp import Receiver

PLACE = """
mutation Order($input: PlaceProductOrderInput!) {
  placeProductOrder(input: $input) { order { key } errors { message } }
}"""
READ = "query Read { customers(first: 5) { nodes { name products { id } } } }"
MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
SAMPLED, UNSAMPLED = "01", "00"


async def ask(product: Product, document: str, variables: Json, trace: str, sampled: str) -> Json:
    headers = {"Authorization": f"Bearer {product.token()}", "traceparent": f"00-{trace}-{1:016x}-{sampled}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        body = {"query": document, "variables": variables}
        async with http.post(f"{product.urls[0]}/graphql", json=body) as told:
            answer = await told.json()
            assert "errors" not in answer
            return answer["data"]


async def ways(traces: Receiver, trace: str, name: str) -> list[str]:
    """Where spans of this name are in the trace, once those above them have been sent, too: they end later."""
    found = [traces.way_to(span) for span in traces.of(trace) if span.name == name]
    return [" / ".join(way) for way in found if way[0].startswith(("query ", "mutation "))]


async def test_a_mutation_is_followed_to_the_backend_that_the_worker_calls(office: Product, traces: Receiver) -> None:
    trace, unseen = f"{0xA1:032x}", f"{0xA2:032x}"
    order = {"customerId": "cust-1003", "items": [MOBILE]}

    await ask(office, PLACE, {"input": {"idempotencyKey": key(), **order}}, unseen, UNSAMPLED)
    placed = await ask(office, PLACE, {"input": {"idempotencyKey": key(), **order}}, trace, SAMPLED)
    await until_state(office, placed["placeProductOrder"]["order"]["key"], "COMPLETED")

    [way] = await until(lambda: ways(traces, trace, "provisioning createServiceOrder"))
    assert way == (
        "mutation Order / Mutation.placeProductOrder / StartWorkflow:ProductOrder / StartActivity:runTask / "
        "RunActivity:runTask / provisioning createServiceOrder"
    )
    assert {span.service for span in traces.of(trace)} == {"orderway-gateway", "orderway-worker"}
    assert traces.of(unseen) == []
    log = (office.settings.data_dir / "logs" / "worker.log").read_bytes()
    carried_out = [line for line in log.splitlines() if b"task_carried_out" in line]
    assert trace in {orjson.loads(line)["trace_id"] for line in carried_out}


@pytest.mark.parametrize("number", [0xA3, 0xA4], ids=["at first sight", "compiled"])
async def test_what_a_field_waited_for_is_under_that_field(office: Product, traces: Receiver, number: int) -> None:
    trace = f"{number:032x}"

    await ask(office, READ, {}, trace, SAMPLED)

    assert await until(lambda: ways(traces, trace, "customer listCustomer")) == [
        "query Read / Query.customers / customer listCustomer"
    ]
    assert await until(lambda: ways(traces, trace, "inventory listProduct")) == [
        "query Read / Customer.products / inventory listProduct"
    ]
    # one span a place, however many customers there are
    assert len([span for span in traces.of(trace) if span.name == "Customer.products"]) == 1
