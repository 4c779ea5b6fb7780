"""Work for people, for the tests: rules that ask for it, and the worklists that it is on."""

import shutil
from pathlib import Path
from typing import Any, Final

from app.domain.actor import Role
from tests.channel import place, run
from tests.harness import Product, until

Json = Any
"""A JSON value as it came over the wire."""

RULES: Final = Path(__file__).parents[1] / "app" / "rules"
WORK: Final = """
- id: papers
  when: item.action == "add" && order.category == "withPapers"
  tasks:
    - id: check-papers
      name: Check the customer's papers
      operation: people.perform
      expected: PT1H
      pointOfNoReturn: {reason: the papers are being checked}
      worklist: {queue: back-office, asks: [documentNumber]}

- id: welcome
  scope: order
  when: order.category == "withCall"
  tasks:
    - id: call-customer
      name: Welcome the customer on the telephone
      operation: people.contactCustomer
      expected: PT1H
      after: ["items:activate-product"]
      worklist:
        queue: contact-centre
        escalations:
          - {after: PT2S, to: contact-centre-leads}
"""
MOBILE: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
HASTY: Final = {"ORDERWAY_TASKS__ATTEMPTS": "3", "ORDERWAY_TASKS__FIRST_PAUSE": "2"}
"""Settings with which a backend that is away is waited for six seconds: as long as a breaker rests, and a bit more."""


def with_work_for_people(folder: Path) -> dict[str, str]:
    """The settings of a product whose rules, in this folder, ask for such work."""
    shutil.copytree(RULES, folder / "rules")
    file = folder / "rules" / "decomposition.yaml"
    file.write_text(file.read_text() + WORK)
    return {"ORDERWAY_RULES_DIR": str(folder / "rules")}


async def placed(product: Product, customer: str, *items: Json, **other: Json) -> str:
    """An order of these items, by default one mobile line; its order number."""
    payload = await place(product, {"customerId": customer, "items": list(items) or [MOBILE], **other})
    assert payload["errors"] == []
    return str(payload["order"]["key"])


async def waiting(product: Product, order_key: str, *, token: str | None = None) -> list[Json]:
    """What waits for people of this order, as operations sees it."""
    token = token or product.token(Role.OPERATIONS)
    found: list[Json] = []
    after = None
    while True:
        given = {"filter": None, "first": 100, "after": after}
        page = (await run(product, "70-what-waits-for-people", given, token=token))["workItems"]
        found += [item for item in page["nodes"] if item["order"]["key"] == order_key]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def until_waiting(product: Product, order_key: str, **expected: Json) -> Json:
    """The one piece of work of this order, once there is one that is so."""

    async def there() -> Json:
        found = await waiting(product, order_key)
        return next((w for w in found if all(w[name] == value for name, value in expected.items())), None)

    return await until(there)
