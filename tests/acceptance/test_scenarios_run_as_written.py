"""The scenarios of the documentation show what happens: each is run as it is written."""

from typing import Final

import pytest

from tests.channel import effects_in, expected_effects, order
from tests.conftest import StartProduct
from tests.harness import Product
from tests.walkthrough import SCENARIOS, settings_of, walk

OUTAGE: Final = SCENARIOS / "backend-down-for-an-hour.md"
"""Needs an Orderway of its own."""
LINES: Final = "query L($id: ID!) { productOrderBatch(id: $id) { lines(first: 50) { nodes { order { key } } } } }"


@pytest.mark.parametrize("name", sorted(p.stem for p in SCENARIOS.glob("*.md") if p.stem != "README" and p != OUTAGE))
async def test_a_scenario_goes_as_it_is_written(product: Product, name: str) -> None:
    scenario = SCENARIOS / f"{name}.md"
    assert settings_of(scenario) == {}
    await walk(product, scenario)


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param({}, marks=pytest.mark.thorough, id="fifty"),
        pytest.param({"50": "10", "30": "6", "20": "4"}, id="ten"),
    ],
)
async def test_orders_outlive_their_backend_and_each_is_done_once(
    start_product: StartProduct, instead: dict[str, str]
) -> None:
    product = await start_product(environment=settings_of(OUTAGE))

    seen = await walk(product, OUTAGE, instead)

    lines = (await product.graphql(LINES, {"id": seen["<batch>"]})).whole()["productOrderBatch"]["lines"]["nodes"]
    effects = await product.mock_control.effects()
    for number in [line["order"]["key"] for line in lines]:
        found = await order(product, number)
        assert effects_in(effects, number) == expected_effects(found)
        why = "retry 1/provision: Provisioning is back"
        assert [v["reason"] for v in found["versions"] if "back" in v["reason"]] == [why]


def test_every_scenario_is_listed() -> None:
    listed = (SCENARIOS / "README.md").read_text()
    assert [p.name for p in SCENARIOS.glob("*.md") if p.name != "README.md" and f"({p.name})" not in listed] == []
