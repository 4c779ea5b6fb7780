"""A draft as a channel edits it, and a channel that knows no rule and is led by `nextSteps` alone."""

from datetime import UTC, datetime, timedelta

from app.domain.actor import Role
from tests.channel import Json, key, run
from tests.harness import Answer, Product, until

NEXT_STEPS = "21-next-steps"


class Draft:
    """A draft at its newest version. Every edit expects that version and takes the next one over."""

    def __init__(self, product: Product, token: str, payload: Json) -> None:
        self._product = product
        self.token = token
        self.key: str = payload["order"]["key"]
        self.version: int = payload["order"]["version"]

    @staticmethod
    async def start(
        product: Product,
        customer: str,
        *,
        role: Role = Role.AGENT,
        subject: str | None = None,
        channel: str | None = None,
        **other: Json,
    ) -> "Draft":
        """A new draft for this customer; `other` is further input of createProductOrder."""
        token = product.token(role, subject, channel)
        given = {"customerId": customer, **other}
        payload = await mutate(product, "createProductOrder", given, token)
        assert payload["errors"] == [], payload["errors"]
        return Draft(product, token, payload)

    async def ask(self, mutation: str, *, token: str | None = None, **given: Json) -> Json:
        """The payload of this mutation, errors and all."""
        given = {"id": self.key, "expectedVersion": self.version, **given}
        payload = await mutate(self._product, mutation, given, token or self.token)
        if payload["order"]:
            self.version = payload["order"]["version"]
        return payload

    async def do(self, mutation: str, *, token: str | None = None, **given: Json) -> Json:
        """The order after this mutation, which must succeed."""
        payload = await self.ask(mutation, token=token, **given)
        assert payload["errors"] == [], payload["errors"]
        return payload["order"]

    async def tell(self, mutation: str, **given: Json) -> Json:
        """The order after this mutation of an order that moves on by itself meanwhile."""

        async def told() -> Json:
            query = "query Version($id: ID!) { productOrder(id: $id) { version } }"
            newest = (await self._product.graphql(query, {"id": self.key}, token=self.token)).whole()
            self.version = newest["productOrder"]["version"]
            payload = await self.ask(mutation, **given)
            if [error["code"] for error in payload["errors"]] == ["STALE_VERSION"]:
                return None
            assert payload["errors"] == [], payload["errors"]
            return payload["order"]

        return await until(told)

    async def steps(self) -> dict[str, Json]:
        """The steps by kind, in their order."""
        found = (await run(self._product, NEXT_STEPS, {"id": self.key}, token=self.token))["productOrder"]
        self.version = found["version"]
        return {step["kind"]: step for step in found["nextSteps"]}

    async def states(self) -> dict[str, str]:
        """Where each step stands."""
        return {kind: step["state"] for kind, step in (await self.steps()).items()}

    async def led_to_the_end(self, place: str | None = None) -> list[str]:
        """Take every step that can be taken, until the order is submitted; the steps taken, in their order.

        Knows how each type of field is chosen and what each mutation takes, and not one rule. `place` is the address
        that the customer names when asked for one.
        """
        taken: list[str] = []
        while True:
            steps = await self.steps()
            step = next(step for step in steps.values() if step["state"] == "TODO")
            taken.append(step["kind"])
            if step["kind"] == "REVIEW":
                await self.do("submitProductOrder")
                return taken
            field = next(f for f in step["fields"] if f["required"] and not _filled(f))
            await self._fill(field, place)

    async def _fill(self, field: Json, place: str | None) -> None:
        item = {"itemId": field["itemId"]} if field["itemId"] else {}
        match field["mutation"]:
            case "changeProductOrderItem":
                await self.do("changeProductOrderItem", **item, characteristics=await self._chosen(field))
            case "addProductOrderItem":
                await self._add_part(field["allowed"][0], field["itemId"])
            case "setProductOrderPlace":
                await self.do("setProductOrderPlace", placeId=place)
            case "setProductOrderAppointment":
                await self.do("setProductOrderAppointment", **item, slot=await self.slot(field["itemId"]))
            case "assessProductOrderCredit":
                await self.do("assessProductOrderCredit", consent=True)
            case "prepareProductOrderAgreement":
                await self.do("prepareProductOrderAgreement")
            case "setProductOrderPayment":
                await self.do("setProductOrderPayment", paymentMethodId=field["allowed"][0])
            case other:
                raise AssertionError(f"a field is set by {other}")

    async def _chosen(self, field: Json) -> list[Json]:
        """The item's characteristics with the first value that this one may have."""
        value = field["allowed"][0] if field["allowed"] else field["minimum"]
        chosen = (await self._items())[field["itemId"]]["characteristics"]
        return [*chosen, {"name": field["path"].rsplit("/", 1)[1], "value": value}]

    async def _add_part(self, offering: str, bundle: str) -> None:
        before = set(await self._items())
        await self.do("addProductOrderItem", item={"offeringId": offering})
        items = await self._items()
        [new] = set(items) - before
        related = [*items[bundle]["relationships"], {"type": "BUNDLES", "itemId": new}]
        await self.do("changeProductOrderItem", itemId=bundle, relationships=related)

    async def slot(self, item: str) -> Json:
        """The first time in which a technician is free where this item goes."""
        place = (await self._items())[item]["goesTo"]
        start = datetime.now(UTC)
        period = {"placeId": place, "start": start.isoformat(), "end": (start + timedelta(days=300)).isoformat()}
        return (await run(self._product, "08-free-time-slots", period, token=self.token))["timeSlots"][0]

    async def _items(self) -> dict[str, Json]:
        query = """query Items($id: ID!) { productOrder(id: $id) { items {
            id characteristics { name value } relationships { type itemId } place { key } } place { key } } }"""
        order = (await self._product.graphql(query, {"id": self.key}, token=self.token)).whole()["productOrder"]
        place = (order["place"] or {}).get("key")
        return {item["id"]: {**item, "goesTo": (item["place"] or {}).get("key", place)} for item in order["items"]}


def _filled(field: Json) -> bool:
    if field["type"] == "OFFERING" and field["minimum"]:
        return int(field["value"] or 0) >= int(field["minimum"])
    return field["value"] is not None


async def mutate(product: Product, mutation: str, given: Json, token: str) -> Json:
    """The payload of a mutation of one order."""
    kind = mutation[0].upper() + mutation[1:]
    document = f"""mutation Do($input: {kind}Input!) {{ {mutation}(input: $input) {{
        replayed order {{ key version state controlledBy }}
        errors {{ __typename code message path
          ... on ValidationFailed {{ violations {{ rule path code message severity step because }} }}
          ... on SlotUnavailable {{ free {{ start end }} }} }} }} }}"""
    answer: Answer = await product.graphql(document, {"input": {"idempotencyKey": key(), **given}}, token=token)
    return answer.whole()[mutation]
