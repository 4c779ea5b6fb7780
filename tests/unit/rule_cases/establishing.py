"""Cases of the rules about who orders, how an order is put together, and how much of it there may be."""

from collections.abc import Iterable
from dataclasses import replace

from app.domain.facts import BillingAccountFact
from app.domain.order import Characteristic, ExternalId, ItemAction, ItemRelationship, Note, RelationshipType
from app.domain.rules import SERVES
from app.domain.rules.case import Case
from tests.unit.orders import NOW, customer, item, order, owned, silent
from tests.unit.rule_cases.row import DAY, MOMENT, C, Row, S, of, one, row, with_order


def people_and_accounts() -> Iterable[Row]:
    yield row(
        "unknown",
        "customerKnown",
        "/customerId",
        C.REFERENCE_NOT_FOUND,
        S.CUSTOMER,
        of(one(), customer=None),
        of(one()),
    )
    for status in ("closed", "Inactive", "TERMINATED"):
        yield row(
            status,
            "customerOpen",
            "/customerId",
            C.INVALID_VALUE,
            S.CUSTOMER,
            of(one(), customer=customer(status=status)),
            of(one(), customer=customer(status="active")),
            of(one(), customer=customer(status="prospective")),
            of(one(), customer=customer(status=None)),
        )

    def paid_from(account: BillingAccountFact | None) -> Case:
        known = {account.id: account} if account else {}
        return of(replace(one(), billing_account_id="ba-1"), billing_accounts=known)

    mine = BillingAccountFact(id="ba-1", customer_ids=("c2", "c1"), state="Active")
    where = "/billingAccountId"
    yield row(
        "unknown",
        "billingAccountKnown",
        where,
        C.REFERENCE_NOT_FOUND,
        S.PAYMENT,
        paid_from(None),
        paid_from(mine),
        of(one()),
    )
    yield row(
        "of another customer",
        "billingAccountKnown",
        where,
        C.INVALID_VALUE,
        S.PAYMENT,
        paid_from(replace(mine, customer_ids=("c2",))),
        paid_from(mine),
    )
    yield row(
        "closed",
        "billingAccountOpen",
        where,
        C.INVALID_VALUE,
        S.PAYMENT,
        paid_from(replace(mine, state="Closed")),
        paid_from(mine),
        paid_from(replace(mine, state=None)),
    )


def structure() -> Iterable[Row]:
    def many(count: int) -> Case:
        return of(order(*(item(str(n)) for n in range(count))))

    yield row("none", "hasItems", "/items", C.MISSING_PROPERTY, S.OFFERING, many(0), many(1))
    yield row("201", "hasItems", "/items", C.TOO_MANY_RECORDS, S.OFFERING, many(201), many(200))
    yield row(
        "twice",
        "itemIdsUnique",
        "/items",
        C.INVALID_VALUE,
        S.OFFERING,
        of(order(item("1"), item("2"), item("1"))),
        of(order(item("1"), item("2"), item("3"))),
    )

    def related(*pairs: str) -> Case:
        relies = RelationshipType.RELIES_ON
        return of(
            order(
                *(item(pair[0], *(ItemRelationship(relies, other) for other in pair[1:])) for pair in pairs),
            )
        )

    yield row(
        "to no item",
        "relationshipsResolve",
        "/items/1/relationships/1/itemId",
        C.REFERENCE_NOT_FOUND,
        S.OFFERING,
        related("1", "21x"),
        related("1", "21"),
    )
    yield row(
        "in a circle",
        "relationshipsResolve",
        "/items",
        C.INVALID_VALUE,
        S.OFFERING,
        related("12", "23", "31"),
        related("123", "24", "34", "4"),
    )
    for count in (0, -1, 101):
        yield row(
            f"{count} pieces",
            "quantityInRange",
            "/items/0/quantity",
            C.INVALID_VALUE,
            S.OFFERING,
            of(one(quantity=count)),
            of(one(quantity=1)),
            of(one(quantity=100)),
        )
    for action in (ItemAction.MODIFY, ItemAction.DELETE, ItemAction.NO_CHANGE):
        yield row(
            f"{action} of nothing",
            "ownedProductNamed",
            "/items/0/productId",
            C.MISSING_PROPERTY,
            S.OFFERING,
            of(one(action=action)),
            of(one(action=action, product_id="p1"), owned=(owned("p1"),)),
            of(one()),
        )
    for priority in (-1, 5):
        yield row(
            str(priority),
            "priorityInRange",
            "/priority",
            C.INVALID_VALUE,
            S.REVIEW,
            with_order(priority=priority),
            with_order(priority=0),
            with_order(priority=4),
        )
    later = NOW + DAY
    yield row(
        "completed before it starts",
        "datesInOrder",
        "/requestedCompletionAt",
        C.INVALID_VALUE,
        S.REVIEW,
        with_order(requested_start_at=later, requested_completion_at=later - MOMENT),
        with_order(requested_start_at=later, requested_completion_at=later),
        with_order(requested_start_at=later),
        with_order(requested_completion_at=later),
    )
    yield row(
        "completed in the past",
        "datesInOrder",
        "/requestedCompletionAt",
        C.INVALID_VALUE,
        S.REVIEW,
        with_order(requested_completion_at=NOW - MOMENT),
        with_order(requested_completion_at=NOW),
    )
    yield from limits()


def limits() -> Iterable[Row]:
    def text(name: str, path: str, broken: Case, kept: Case) -> Row:
        return row(f"{name} of 2001", "textsInLimits", path, C.INVALID_VALUE, S.REVIEW, broken, kept)

    def entries(name: str, path: str, broken: Case, kept: Case) -> Row:
        return row(f"201 {name}", "textsInLimits", path, C.TOO_MANY_RECORDS, S.REVIEW, broken, kept)

    def note(length: int) -> Note:
        return Note(author="c1", at=NOW, text="x" * length)

    def value(length: int) -> Characteristic:
        return Characteristic("type", "x" * length)

    external = ExternalId(owner="shop", type="cart", id="1")
    to_itself = ItemRelationship(RelationshipType.RELIES_ON, "1")
    yield text("description", "/description", with_order(description="x" * 2001), with_order(description="x" * 2000))
    yield text("category", "/category", with_order(category="x" * 2001), with_order(category="x" * 2000))
    yield text("note", "/notes/1", with_order(notes=(note(1), note(2001))), with_order(notes=(note(1), note(2000))))
    for part in ("owner", "type", "id"):
        for length in (0, 201):
            broken = with_order(external_ids=(external, replace(external, **{part: "x" * length})))
            kept = with_order(external_ids=(external, replace(external, **{part: "x" * 200})))
            where = f"/externalIds/1/{part}"
            yield row(f"{part} of {length}", "textsInLimits", where, C.INVALID_VALUE, S.REVIEW, broken, kept)
    yield text("item id", "/items/0/id", of(one(id="x" * 2001)), of(one(id="x" * 2000)))
    yield text(
        "characteristic",
        "/items/0/characteristics/0/value",
        of(one(characteristics=(value(2001),))),
        of(one(characteristics=(value(2000),))),
    )
    yield entries("notes", "/notes", with_order(notes=(note(1),) * 201), with_order(notes=(note(1),) * 200))
    yield entries(
        "external ids",
        "/externalIds",
        with_order(external_ids=(external,) * 201),
        with_order(external_ids=(external,) * 200),
    )
    yield entries(
        "characteristics",
        "/items/0/characteristics",
        of(one(characteristics=(value(1),) * 201)),
        of(one(characteristics=(value(1),) * 200)),
    )
    yield entries(
        "relationships",
        "/items/0/relationships",
        of(one(relationships=(to_itself,) * 201)),
        of(one(relationships=(to_itself,) * 200)),
    )


def sources() -> Iterable[Row]:
    for backend, step in SERVES.items():
        yield row(backend, "sourceAnswered", "", C.OTHER_ISSUE, step, of(one(), unanswered=silent(backend)), of(one()))
