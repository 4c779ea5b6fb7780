"""Cases of the rules about products that change or end: what their life cycle allows, suspensions, renewals, dates."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.actor import Role
from app.domain.catalog import OfferingRelation, OfferingRelationship, Term
from app.domain.facts import OtherOrder, OwnedProduct
from app.domain.order import (
    Characteristic,
    ItemAction,
    OrderItem,
    ProductStatus,
    Renewal,
    Suspension,
    SuspensionOriginator,
)
from app.domain.renewal import with_renewals
from app.domain.rules.case import Case
from tests.unit.orders import NOW, item, offering, order, owned
from tests.unit.rule_cases.business import before
from tests.unit.rule_cases.row import DAY, MOMENT, C, Row, S, line, of, one, row, with_order


def lifecycle() -> Iterable[Row]:
    def about(
        action: ItemAction, status: str, wanted: ProductStatus | None = None, earlier: tuple[OtherOrder, ...] = ()
    ) -> Case:
        return of(
            one(action=action, product_id="p1", product_status=wanted),
            owned=(replace(owned("p1"), status=status),),
            other_orders=earlier,
        )

    modify, delete = ItemAction.MODIFY, ItemAction.DELETE
    suspend, resume = ProductStatus.SUSPENDED, ProductStatus.ACTIVE

    def allows(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "productStatusAllows", "/items/0/productId", C.OTHER_ISSUE, S.OFFERING, broken, *kept)

    yield allows("suspended twice", about(modify, "suspended", suspend), about(modify, "active", suspend))
    yield allows("resumed while active", about(modify, "active", resume), about(modify, "suspended", resume))
    yield allows("changed while suspended", about(modify, "suspended"), about(modify, "active"))
    suspending, resuming = (before(h, f"o{h}", statuses={"p1": s}) for h, s in ((3, "suspended"), (2, "active")))
    to_end = before(1, "o1", statuses={"p1": "terminated"})
    yield allows(
        "resumed while active, as it will be by then",
        about(modify, "active", resume, (resuming, suspending)),
        about(modify, "active", resume, (suspending,)),
        about(modify, "active", suspend, (resuming, suspending)),
        about(modify, "active", suspend, (replace(suspending, open=False),)),
        about(modify, "active", suspend, (replace(suspending, later=True),)),
        about(modify, "active", suspend, (replace(suspending, submitted_at=NOW + timedelta(1)),)),
        about(modify, "active", suspend, (replace(suspending, statuses={"p2": "suspended"}),)),
    )
    yield allows(
        "changed though an earlier order ends it",
        about(modify, "active", None, (to_end, suspending)),
        about(modify, "active", None, (replace(to_end, open=False),)),
    )
    ended = about(delete, "terminated")
    yield allows("ended twice", ended, about(delete, "active"), about(delete, "suspended"))
    yield row(
        "a status for something new",
        "productStatusModified",
        "/items/0/productStatus",
        C.UNEXPECTED_PROPERTY,
        S.OFFERING,
        of(one(product_status=suspend)),
        of(one()),
        about(modify, "active", suspend),
    )
    other_one = of(one(action=delete, product_id="p1"), owned=(owned("p1", "other"),))
    yield row(
        "another offering than the product's",
        "productOffering",
        "/items/0/offeringId",
        C.INVALID_VALUE,
        S.OFFERING,
        other_one,
        about(delete, "active"),
        of(one(action=modify, product_id="p1"), owned=(owned("p1", "other"),)),
    )
    yield from suspensions_and_renewals()
    bundle, part = owned("p1", parts=("p2", "p9")), owned("p2")

    def with_part(*more: OrderItem, **changed: Any) -> Case:
        end = replace(item("1"), action=delete, product_id="p1")
        return of(order(end, *more), owned=(bundle, replace(part, **changed)))

    yield row(
        "a part would be left",
        "partsEnded",
        "/items/0/productId",
        C.MISSING_PROPERTY,
        S.OFFERING,
        with_part(),
        with_part(replace(item("2"), action=delete, product_id="p2")),
        with_part(status="terminated"),
        of(one(action=modify, product_id="p1"), owned=(bundle, part)),
    )
    two = (replace(item("1"), action=modify, product_id="p1"), replace(item("2"), action=delete, product_id="p1"))
    yield row(
        "changed and ended",
        "productNamedOnce",
        "/items/1/productId",
        C.INVALID_VALUE,
        S.OFFERING,
        of(order(*two), owned=(owned("p1"),)),
        of(order(two[0], replace(two[1], product_id="p2")), owned=(owned("p1"), owned("p2"))),
    )
    required = tuple(OfferingRelationship(OfferingRelation.REQUIRES, wanted, "any") for wanted in ("base", "other"))
    base, sport = offering("base"), replace(offering("sport"), relationships=required)
    mine = (owned("p1", "base"), owned("p2", sport.id))

    def ending(*more: OrderItem, have: tuple[OwnedProduct, ...] = mine) -> Case:
        end = replace(item("1", offering="base"), action=delete, product_id="p1")
        return of(order(end, *more), base, sport, offering("other"), owned=have)

    too = replace(item("2", offering=sport.id), action=delete, product_id="p2")
    yield row(
        "something needs it",
        "dependentsKept",
        "/items/0/productId",
        C.OTHER_ISSUE,
        S.OFFERING,
        ending(),
        ending(too),
        ending(item("2", offering="other")),
        ending(have=(*mine, owned("p3", "other"))),
        ending(have=(mine[0], replace(mine[1], status="terminated"))),
    )


def suspensions_and_renewals() -> Iterable[Row]:
    def suspended(
        originator: SuspensionOriginator = SuspensionOriginator.CUSTOMER,
        resumes_at: datetime | None = None,
        status: ProductStatus | None = ProductStatus.SUSPENDED,
        start: datetime | None = None,
    ) -> Case:
        how = Suspension(reason="x", originator=originator, resumes_at=resumes_at)
        wanted = one(action=ItemAction.MODIFY, product_id="p1", product_status=status, suspension=how)
        return of(replace(wanted, requested_start_at=start), owned=(owned("p1"),))

    def by(role: Role | None, judged: Case) -> Case:
        return replace(judged, role=role)

    yield row(
        "of what is not suspended",
        "suspensionOfSuspended",
        "/items/0/suspension",
        C.UNEXPECTED_PROPERTY,
        S.OFFERING,
        suspended(status=None),
        suspended(),
    )
    for name, broken in (
        ("by now", suspended(resumes_at=NOW)),
        ("before it begins", suspended(resumes_at=NOW + DAY, start=NOW + DAY)),
        ("in the past", suspended(resumes_at=NOW - MOMENT, start=NOW - DAY)),
    ):
        yield row(
            name,
            "resumesLater",
            "/items/0/suspension/resumesAt",
            C.INVALID_VALUE,
            S.OFFERING,
            broken,
            suspended(resumes_at=NOW + MOMENT),
            suspended(),
        )
    for role in (Role.CUSTOMER, Role.DEALER, Role.AFFILIATE):
        yield row(
            f"by a {role}",
            "suspendedForOthers",
            "/items/0/suspension/originator",
            C.INVALID_VALUE,
            S.OFFERING,
            by(role, suspended(SuspensionOriginator.CREDIT)),
            by(role, suspended()),
            by(Role.AGENT, suspended(SuspensionOriginator.CREDIT)),
            by(None, suspended(SuspensionOriginator.OPERATOR)),
        )

    def resumed(originator: SuspensionOriginator) -> Case:
        had = owned("p1", status="suspended", suspension=Suspension(reason="x", originator=originator))
        wanted = one(action=ItemAction.MODIFY, product_id="p1", product_status=ProductStatus.ACTIVE)
        return of(wanted, owned=(had,))

    for originator in (SuspensionOriginator.CREDIT, SuspensionOriginator.OPERATOR):
        yield row(
            originator,
            "resumedByWhoSuspended",
            "/items/0/productId",
            C.OTHER_ISSUE,
            S.OFFERING,
            by(Role.CUSTOMER, resumed(originator)),
            by(Role.CUSTOMER, resumed(SuspensionOriginator.CUSTOMER)),
            by(Role.AGENT, resumed(originator)),
            by(Role.SYSTEM, resumed(originator)),
        )

    year, two_years = Term(name="12 months", amount=12, unit="month"), Term(name="24 months", amount=24, unit="month")

    def renewed(name: str | None, *terms: Term, **more: Any) -> Case:
        changed = {"action": ItemAction.MODIFY, "product_id": "p1", "renewal": Renewal(term_name=name), **more}
        judged = of(one(**changed), line(terms=terms), owned=(owned("p1"),))
        return replace(judged, order=with_renewals(judged.order, judged.facts, NOW))

    for name, broken in (
        ("another one", renewed("6 months", year)),
        ("one of two", renewed(None, year, two_years)),
        ("none there", renewed(None)),
    ):
        yield row(
            name,
            "termOffered",
            "/items/0/renewal/termName",
            C.INVALID_VALUE,
            S.OFFERING,
            broken,
            renewed("12 months", two_years, year),
            renewed(None, year),
        )
    router = (Characteristic("router", "own"),)
    for name, broken in (
        ("changed as well", renewed(None, year, characteristics=router)),
        ("suspended as well", renewed(None, year, product_status=ProductStatus.SUSPENDED)),
        ("of something new", renewed(None, year, action=ItemAction.ADD)),
    ):
        yield row(
            name,
            "renewalAlone",
            "/items/0/renewal",
            C.UNEXPECTED_PROPERTY,
            S.OFFERING,
            broken,
            renewed(None, year),
            of(one(action=ItemAction.MODIFY, product_id="p1", characteristics=router)),
        )


def retroactive() -> Iterable[Row]:
    def back(days: int, role: Role | None = Role.AGENT) -> Case:
        return replace(with_order(requested_start_at=NOW - days * DAY), role=role)

    where = "/requestedStartAt"
    yield row(
        "by a customer",
        "retroactiveByOwnPeople",
        where,
        C.INVALID_VALUE,
        S.REVIEW,
        back(1, Role.CUSTOMER),
        back(0, Role.CUSTOMER),
        back(-1, Role.CUSTOMER),
        back(1),
        back(1, None),
    )
    yield row(
        "too long ago", "retroactiveWithinLimit", where, C.INVALID_VALUE, S.REVIEW, back(91), back(90), with_order()
    )
