"""What the metrics tell of a gateway's operations."""

from prometheus_client import generate_latest

from app import metrics
from app.gateway.limits import Limits
from tests.exposition import total
from tests.unit.gateway_toy import running

NAMED = {"graphql-client-name": "shop", "graphql-client-version": "1.2"}


def shown() -> str:
    return generate_latest(metrics.REGISTRY).decode()


async def test_operations_are_counted_by_name_kind_and_how_they_ended() -> None:
    async with running() as toy:
        await toy.post("query Greet { hello }")
        await toy.post("query Greet { hello }")
        await toy.post("query Broken2 { hello known }")
        await toy.post("query Gone { required }")
        await toy.post('mutation Write { write(text: "a") }')
        await toy.post("query Wrong($n: String!) { hello(name: $n) }")
        await toy.post("query { nothing }")
        seen = shown()

    def ended(kind: str, name: str, outcome: str) -> float:
        return total(seen, "orderway_operations_total", type=kind, name=name, outcome=outcome)

    assert ended("query", "Greet", "ok") == 2
    assert total(seen, "orderway_operation_seconds_count", type="query", name="Greet") == 2
    assert total(seen, "orderway_operation_seconds_bucket", name="Greet", le="+Inf") == 2
    assert ended("query", "Broken2", "partial") == 1
    assert ended("query", "Gone", "failed") == 1
    assert ended("mutation", "Write", "ok") == 1
    assert ended("query", "Wrong", "refused") == 1
    assert total(seen, "orderway_document_lookups_total", result="hit") == 1
    assert total(seen, "orderway_operations_running") == 0


async def test_errors_and_refusals_are_counted_by_code() -> None:
    before = shown()
    async with running() as toy:
        await toy.post("{ known refused }")
        await toy.post("{ nothing }")
        await toy.post("{")
    after = shown()

    def more(series: str, code: str) -> float:
        return total(after, series, code=code) - total(before, series, code=code)

    assert more("orderway_operation_errors_total", "CLOSED") == 1
    assert more("orderway_operation_errors_total", "FORBIDDEN") == 1
    assert more("orderway_refused_total", "GRAPHQL_VALIDATION_FAILED") == 1
    assert more("orderway_refused_total", "GRAPHQL_PARSE_FAILED") == 1


async def test_clients_are_counted_by_what_they_call_themselves() -> None:
    async with running() as toy:
        async with toy.http.post("/graphql", json={"query": "{ hello }"}, headers=NAMED) as answer:
            assert answer.status == 200
        apollo = {"apollographql-client-name": "care", "apollographql-client-version": "7"}
        async with toy.http.post("/graphql", json={"query": "{ hello }"}, headers=apollo) as answer:
            assert answer.status == 200
        await toy.post("{ hello }")
        seen = shown()

    assert total(seen, "orderway_client_operations_total", client="shop", version="1.2") == 1
    assert total(seen, "orderway_client_operations_total", client="care", version="7") == 1
    assert total(seen, "orderway_client_operations_total", client="", version="") == 1


async def test_names_that_clients_make_up_do_not_fill_the_memory() -> None:
    async with running(limits=Limits()) as toy:
        for n in range(205):
            await toy.post(f"query Made{n} {{ hello }}")
        for n in range(105):
            named = {"graphql-client-name": f"made-{n}"}
            async with toy.http.post("/graphql", json={"query": "{ hello }"}, headers=named) as answer:
                assert answer.status == 200
        seen = shown()

    # one name of the two hundred is `anonymous`, or not yet: whoever comes later is one of the others
    assert total(seen, "orderway_operations_total") == 205 + 105
    assert total(seen, "orderway_operations_total", name="other") == 5 + 105
    assert total(seen, "orderway_client_operations_total", client="other", version="other") == 105 - 99


async def test_what_is_under_way_is_shown() -> None:
    async with running() as toy, toy.socket(headers=NAMED) as ws:
        await ws.send_json({"id": "1", "type": "subscribe", "payload": {"query": "subscription On { forever }"}})
        await ws.receive_json()
        during = shown()
        await ws.send_json({"id": "1", "type": "complete"})
        await toy.world.until_watched_by(0)
        await ws.send_json({"id": "2", "type": "subscribe", "payload": {"query": "subscription On { count(to: 1) }"}})
        while (await ws.receive_json())["type"] != "complete":
            pass
        after = shown()

    assert total(during, "orderway_connections_open") == 1
    assert total(during, "orderway_subscriptions_open") == 1
    assert total(after, "orderway_subscriptions_open") == 0
    assert total(after, "orderway_operations_total", type="subscription", name="On", outcome="ok") == 2
    assert total(after, "orderway_client_operations_total", client="shop", version="1.2") == 2
