"""Items at one place that wish for the same time share one visit: one appointment, one work order, one technician."""

from typing import Final

from tests.channel import Json, effects_of, free_slot, order, place, until_state
from tests.harness import Product

LINE: Final = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
VISITS: Final = """query V($id: ID!) { productOrder(id: $id) {
  items { id appointment { start } } workOrders { key } plan { tasks { id itemIds operation } } } }"""


async def test_two_items_share_a_visit(product: Product) -> None:
    slot = await free_slot(product, "addr-1904")
    items = [{**LINE, "placeId": "addr-1904", "slot": slot}, {**LINE, "placeId": "addr-1904", "slot": slot}]
    placed = await place(product, {"customerId": "cust-1003", "items": items})
    assert placed["errors"] == []
    ended = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD", "FAILED")

    found = (await product.graphql(VISITS, {"id": ended["key"]})).whole()["productOrder"]
    tasks: dict[str, Json] = {t["operation"]: t["itemIds"] for t in found["plan"]["tasks"]}
    assert ended["state"] == "COMPLETED"
    assert tasks["workforce.confirmAppointment"] == tasks["workforce.createWorkOrder"] == ["1", "2"]
    assert len(found["workOrders"]) == 1
    effects = await effects_of(product, ended["key"])
    assert [e.split(" ")[:2] for e in effects if "appointment" in e or "workOrder" in e] == [
        ["PATCH", "appointment"],
        ["POST", "workOrder"],
    ]
    assert (await order(product, ended["key"]))["items"][1]["state"] == "COMPLETED"
