"""Rules about handing a product over to another customer. What they say of that customer is no more than yes or no."""

from collections.abc import Iterable

from app.domain.catalog import Offering
from app.domain.facts import CustomerFact
from app.domain.order import ItemAction
from app.domain.ownership import LONGEST_WAIT
from app.domain.rules.case import Case, breach, listed
from app.domain.rules.owned import IN_USE
from app.domain.rules.parties import CLOSED
from app.domain.violations import Violation, ViolationCode

ACCEPTOR = "/ownership/acceptorId"


def acceptor_known(case: Case) -> Iterable[Violation]:
    """Who takes over is another customer of the operator, and one whose relationship goes on (TMF629)."""
    ownership, acceptor = case.order.ownership, case.facts.acceptor
    if ownership is None:
        return
    if ownership.acceptor_id == case.order.customer_id:
        yield breach(
            "acceptorKnown", ACCEPTOR, ViolationCode.INVALID_VALUE, "the customer owns it already; name another one"
        )
    elif acceptor is None or (acceptor.status or "").lower() in CLOSED:
        yield breach(
            "acceptorKnown",
            ACCEPTOR,
            ViolationCode.REFERENCE_NOT_FOUND,
            f"there is no customer {ownership.acceptor_id!r} who could take it over",
        )


def acceptor_suits(case: Case) -> Iterable[Violation]:
    """Who takes over may have what is handed over: its market segment and age allow it."""
    acceptor = case.facts.acceptor
    if case.order.ownership is None or acceptor is None:
        return
    for path, item, offering in case.items():
        if offering is not None and not _suits(acceptor, offering, case):
            yield breach(
                "acceptorSuits",
                f"{path}/offeringId",
                ViolationCode.INVALID_VALUE,
                f"{item.offering_name!r} cannot be had by this customer; discontinue it and order something else",
            )


def _suits(acceptor: CustomerFact, offering: Offering, case: Case) -> bool:
    segments, age = offering.market_segments, acceptor.age_on(case.at.date())
    if segments and acceptor.segment and acceptor.segment not in segments:
        return False
    if offering.minimum_age is not None and (age is None or age < offering.minimum_age):
        return False
    return offering.maximum_age is None or (age is not None and age <= offering.maximum_age)


def consent_in_time(case: Case) -> Iterable[Violation]:
    """Both parties get some time to consent, and not for ever; what is agreed takes effect afterwards."""
    ownership = case.order.ownership
    if ownership is None:
        return
    if not case.at < ownership.consent_until <= case.order.created_at + LONGEST_WAIT:
        yield breach(
            "consentInTime",
            "/ownership/consentUntil",
            ViolationCode.INVALID_VALUE,
            f"consent is waited for up to {LONGEST_WAIT.days} days, not until {ownership.consent_until.isoformat()}",
        )
    if ownership.effective_at is not None and ownership.effective_at < case.at:
        yield breach(
            "effectiveAhead",
            "/ownership/effectiveAt",
            ViolationCode.INVALID_VALUE,
            f"{ownership.effective_at.isoformat()} has passed; leave it out to take effect once all is agreed",
        )


def handed_over_only(case: Case) -> Iterable[Violation]:
    """An order that changes an owner changes nothing else."""
    if case.order.ownership is None:
        return
    for path, item, _ in case.items():
        if item.action is not ItemAction.MODIFY or item.product_status is not None or item.characteristics:
            yield breach(
                "handedOverOnly",
                f"{path}/action",
                ViolationCode.INVALID_VALUE,
                "what is handed over stays as it is; change it before or afterwards",
            )


def bundle_kept_together(case: Case) -> Iterable[Violation]:
    """A bundle and its parts stay with one owner, and what of it is installed somewhere moves together (TMF637)."""
    owned = {product.id: product for product in case.facts.owned if product.status in IN_USE}
    going = {item.product_id for item in case.order.items}
    for path, item, _ in case.items():
        product, hands_over = owned.get(item.product_id or ""), case.order.ownership is not None
        if product is None or not (hands_over or item.moved_from):
            continue
        parts = [owned[part] for part in product.parts if part in owned]
        left = [part for part in parts if part.id not in going and (hands_over or part.place_id is not None)]
        left += [p for p in owned.values() if hands_over and product.id in p.parts and p.id not in going]
        if left:
            yield breach(
                "bundleKeptTogether",
                f"{path}/productId",
                ViolationCode.OTHER_ISSUE,
                f"{product.name!r} belongs together with {listed(p.name for p in left)}; let that go along, too",
            )


def nothing_under_way(case: Case) -> Iterable[Violation]:
    """What another order is about to change is not handed over or moved under its feet."""
    for path, item, _ in case.items():
        if case.order.ownership is None and item.moved_from is None:
            continue
        busy = [o.id for o in case.facts.other_orders if o.open and item.product_id in o.product_ids]
        if busy:
            yield breach(
                "nothingUnderWay",
                f"{path}/productId",
                ViolationCode.OTHER_ISSUE,
                f"order {listed(busy)} is about the same product; wait for it or cancel it",
            )
