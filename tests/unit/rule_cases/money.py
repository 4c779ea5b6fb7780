"""Cases of the rules about credit, payment, and what is agreed in writing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.domain.catalog import CreditCheck, Offering, PriceType
from app.domain.facts import PaymentMethodFact
from app.domain.money import Money
from app.domain.order import Agreement, CreditDecision, ItemAction, PaymentChoice, PriceTotal, ProductOrder
from app.domain.pricing import price_order
from app.domain.rules.case import Case
from app.domain.rules.documents import content_of
from app.domain.violations import ViolationCode
from tests.unit.orders import NOW, credit, euros, owned, place, price
from tests.unit.rule_cases.row import MOMENT, C, Row, S, line, of, one, row


def money() -> Iterable[Row]:
    checked = line(credit_check=CreditCheck.FULL)
    due = PriceTotal(price_type=PriceType.ONE_TIME, period=None, duty_free=euros("80"), tax_included=euros("60.00"))
    monthly = replace(due, price_type=PriceType.RECURRING, period="month", tax_included=euros("40.00"))

    def assessed(at: datetime = NOW, offered: Offering = checked, **more: Any) -> Case:
        said = credit(**more) if more else credit(CreditDecision.ACCEPT)
        return of(replace(one(), credit=said, totals=(due, monthly)), offered, at=at)

    accepted = assessed()

    def decided(name: str, rule: str, code: ViolationCode, broken: Case, *kept: Case) -> Row:
        return row(name, rule, "/creditConsent", code, S.QUALIFICATION, broken, accepted, *kept)

    owns = one(action=ItemAction.NO_CHANGE, product_id="p1")
    yield decided(
        "not yet",
        "creditAssessed",
        C.MISSING_PROPERTY,
        of(one(), checked),
        of(one(), line(credit_check=CreditCheck.SOFT)),
        of(owns, checked, owned=(owned("p1"),)),
    )
    yield decided(
        "refused",
        "creditAccepted",
        C.INVALID_VALUE,
        assessed(decision=CreditDecision.REJECT),
        assessed(decision=CreditDecision.REVIEW),
        assessed(decision=CreditDecision.DEPOSIT),
        assessed(decision=CreditDecision.REJECT, offered=line()),
    )
    yield decided(
        "expired", "creditValid", C.MISSING_PROPERTY, assessed(valid_until=NOW), assessed(valid_until=NOW + MOMENT)
    )
    yield decided(
        "costs another currency now",
        "creditCovers",
        C.MISSING_PROPERTY,
        assessed(amount=Money(Decimal(1000), "USD")),
    )
    yield decided(
        "costs more now",
        "creditCovers",
        C.MISSING_PROPERTY,
        assessed(amount=euros("99.99")),
        assessed(amount=euros("100.00")),
        of(replace(one(), credit=credit(amount=euros("0.00"))), checked),
    )
    yield from payments()
    yield from agreements()


def payments() -> Iterable[Row]:
    card = PaymentMethodFact(id="pm-1", label="Card")
    prepaid = line(categories=("prepaid",))

    def paid(method: str | None, offered: Offering = prepaid, **more: Any) -> Case:
        choice = PaymentChoice(method_id=method, label=method) if method else None
        return of(replace(one(), payment=choice, **more), offered, payment_methods=(card,))

    where = "/paymentMethodId"
    deposit = {"credit": credit(CreditDecision.DEPOSIT, deposit=euros("50"))}
    yield row(
        "none of the customer's",
        "paymentMethodKnown",
        where,
        C.REFERENCE_NOT_FOUND,
        S.PAYMENT,
        paid("pm-2"),
        paid("pm-1"),
    )
    yield row(
        "cash where nobody takes it",
        "paymentMethodKnown",
        where,
        C.REFERENCE_NOT_FOUND,
        S.PAYMENT,
        paid("cash"),
        paid("cash", controlled_by="retail"),
        paid("cash", controlled_by="dealer"),
    )
    yield row(
        "prepaid", "paymentChosen", where, C.MISSING_PROPERTY, S.PAYMENT, paid(None), paid("pm-1"), paid(None, line())
    )
    yield row(
        "deposit",
        "paymentChosen",
        where,
        C.MISSING_PROPERTY,
        S.PAYMENT,
        paid(None, line(), **deposit),
        paid("pm-1", line(), **deposit),
        paid(None, line(), credit=credit(CreditDecision.ACCEPT, deposit=euros("50"))),
    )


def agreements() -> Iterable[Row]:
    signed = line(signature_required=True, prices=(price("10"),))

    def drawn_up(content: str) -> Agreement:
        return Agreement(
            version=1, content=content, contract_id="d-1", summary_id="d-2", signature_required=True, prepared_at=NOW
        )

    def agreed(about: ProductOrder, now: ProductOrder, offered: Offering = signed) -> Case:
        return of(replace(now, agreement=drawn_up(content_of(about))), offered)

    priced = price_order(one(), {"line": signed}, at=NOW)
    current = agreed(priced, priced)
    unsigned = line(prices=(price("10"),))
    yield row(
        "left out",
        "agreementPrepared",
        "/agreement",
        C.MISSING_PROPERTY,
        S.AGREEMENT,
        of(priced, signed),
        current,
        of(priced, unsigned),
        of(one(action=ItemAction.NO_CHANGE, product_id="p1"), signed, owned=(owned("p1"),)),
    )
    twice = price_order(one(quantity=2), {"line": signed}, at=NOW)
    placed = replace(priced, place=place())
    dearer = price_order(one(), {"line": replace(signed, prices=(price("11"),))}, at=NOW)
    renamed = replace(priced, customer_name="Ada King")
    for name, now in (("quantity", twice), ("place", placed), ("price", dearer), ("name", renamed)):
        yield row(
            f"another {name} since",
            "agreementCurrent",
            "/agreement",
            C.MISSING_PROPERTY,
            S.AGREEMENT,
            agreed(priced, now),
            current,
            agreed(priced, replace(priced, priority=0, description="soon")),
            agreed(priced, now, unsigned),
        )
