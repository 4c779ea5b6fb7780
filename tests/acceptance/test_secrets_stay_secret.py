"""Secrets and personal data, planted in all that comes in, are in no log and in no error that goes out."""

from pathlib import Path
from uuid import uuid4

import aiohttp

from app.domain.actor import Role
from tests.channel import Json, key, place_mobile, run, until_state
from tests.harness import Product

PERSONAL = "query($id: ID!) { customer(id: $id) { name email phone paymentMethods { label } } }"


def logged(product: Product) -> str:
    """Everything that every process has logged so far."""
    return "\n".join(file.read_text() for file in Path(product.settings.data_dir, "logs").iterdir())


def texts(found: Json) -> set[str]:
    """The texts in an answer."""
    if isinstance(found, dict | list):
        return set().union(*(texts(one) for one in (found.values() if isinstance(found, dict) else found)))
    return {found} if isinstance(found, str) else set()


async def test_what_comes_in_by_any_door_is_neither_logged_nor_in_an_error(product: Product) -> None:
    planted = f"planted-{uuid4().hex}"
    url, told = product.urls[0], []
    signed_in = {"Authorization": f"Bearer {product.token()}"}
    note = "mutation($input: AddProductOrderNoteInput!) { addProductOrderNote(input: $input) { errors { message } } }"
    bodies: list[Json] = [
        {"query": f'{{ customer(id: "{planted}") {{ name }} }}'},
        {"query": f'{{ customer(id: "{planted}"'},
        {"query": PERSONAL, "variables": {"id": {"card": planted}}},
        {"query": note, "variables": {"input": {"text": planted, "expectedVersion": planted}}},
        {"query": note, "variables": {"input": {"text": planted, "nothing": planted}}},
        {"query": note, "variables": {"input": planted}},
        {"query": f'{{ productOrders(first: "{planted}") {{ nodes {{ id }} }} }}'},
    ]
    async with aiohttp.ClientSession(url) as http:
        for body in bodies:
            async with http.post("/graphql", json=body, headers=signed_in) as response:
                told.append(await response.text())
        for headers in (
            {"Authorization": f"Bearer {planted}"},
            {"Authorization": f"Basic {planted}"},
            {**signed_in, "Cookie": f"session={planted}"},
        ):
            async with http.post("/graphql", json={"query": "{ nothing }"}, headers=headers) as response:
                told.append(await response.text())
        async with http.get("/graphql", params={"query": "{ nothing }", "token": planted}) as response:
            told.append(await response.text())
        for path in ("/listener/serviceOrderStateChangeEvent", "/nowhere"):
            async with http.post(path, json={"event": {"serviceOrder": planted}}) as response:
                told.append(await response.text())
        async with http.ws_connect("/graphql", protocols=["graphql-transport-ws"]) as socket:
            await socket.send_json({"type": "connection_init", "payload": {"Authorization": f"Bearer {planted}"}})
            closed = await socket.receive()
            told.append(str(closed.extra))
    told.append(str(await product.upload(f'{{"customerId": "{planted}", "x": ', key())))

    assert len(told) == 15
    assert [one for one in told if planted in one] == []
    assert planted not in logged(product)


async def test_what_is_shown_and_what_backends_say_is_not_logged(product: Product) -> None:
    customer = "cust-1035"
    token = product.token(Role.DEVELOPER)
    person = texts((await product.graphql(PERSONAL, {"id": customer}, token=token)).whole())
    remark = f"planted-{uuid4().hex}"
    number = await place_mobile(product, customer)
    order = await until_state(product, number, "COMPLETED")
    added = {"id": number, "expectedVersion": order["version"], "idempotencyKey": key(), "text": remark}
    note = "mutation($input: AddProductOrderNoteInput!) { addProductOrderNote(input: $input) { errors { message } } }"
    (await product.graphql(note, {"input": added})).whole()
    await run(product, "04-one-order-in-full", {"id": number})
    await product.mock_control.fault("customer", malformedRate=1.0)
    broken = await product.graphql(PERSONAL, {"id": "cust-1036"}, token=token)

    assert len(person) > 3
    assert broken.codes
    assert [one for one in (*person, remark) if one in logged(product)] == []
    assert [one for one in person if one in str(broken.errors)] == []
