"""What the customer gets in writing: the contract and its summary as PDF.

The same order and version always give the same bytes, so that storing them can be repeated.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import ttf_opensans
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from app.domain.catalog import PriceType
from app.domain.money import Money
from app.domain.order import ItemPrice, OrderItem, ProductOrder
from app.domain.pricing import PricePeriod, price_periods

FACE: Final = "Open Sans"
TITLE, HEADING, TEXT = 18, 12, 9
Row = tuple[str, str]


def contract_pdf(order: ProductOrder, *, version: int, at: datetime) -> bytes:
    """The contract: who, what, where, for how much and how long, and the place to sign."""
    paper = _paper(f"Contract for order {order.id}, version {version}", at)
    _rows(paper, "Parties", _parties(order))
    for item in order.items:
        _rows(paper, item.offering_name, _item(order, item))
    _rows(paper, "Totals", _totals(order))
    _rows(paper, "Signature", [("Place and date", "_" * 40), (order.customer_name, "_" * 40)])
    return bytes(paper.output())


def summary_pdf(order: ProductOrder, *, version: int, at: datetime) -> bytes:
    """The contract summary that a consumer gets before agreeing: services, prices, duration, on one page."""
    paper = _paper(f"Contract summary for order {order.id}, version {version}", at)
    _rows(paper, "For", _parties(order))
    _rows(paper, "Services", [(item.offering_name, f"{item.quantity} ×") for item in order.items])
    _rows(paper, "Prices", _totals(order))
    terms = [(item.offering_name, f"{t.amount} {t.unit}") for item in order.items for t in item.terms]
    _rows(paper, "Duration", terms or [("No commitment", "")])
    return bytes(paper.output())


def _paper(title: str, at: datetime) -> FPDF:
    paper = FPDF(format="A4")
    for style, name in (("", "Regular"), ("B", "Bold")):
        paper.add_font(FACE, style, ttf_opensans.TTF_BIN_FOLDER / f"OpenSans-{name}.ttf")
    paper.set_creation_date(at)
    paper.set_title(title)
    paper.add_page()
    paper.set_font(FACE, "B", TITLE)
    paper.multi_cell(0, 10, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return paper


def _rows(paper: FPDF, heading: str, rows: Iterable[Row]) -> None:
    paper.ln(4)
    paper.set_font(FACE, "B", HEADING)
    paper.multi_cell(0, 8, heading, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font(FACE, "", TEXT)
    for left, right in rows:
        paper.multi_cell(90, 6, left, new_x=XPos.RIGHT, new_y=YPos.TOP)
        paper.multi_cell(0, 6, right, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _parties(order: ProductOrder) -> Iterable[Row]:
    yield "Customer", f"{order.customer_name} ({order.customer_id})"
    if order.seller_id:
        yield "Sold by", order.seller_id
    if order.billing_account_id:
        yield "Billing account", order.billing_account_id


def _item(order: ProductOrder, item: OrderItem) -> Iterable[Row]:
    yield "Quantity", str(item.quantity)
    for characteristic in item.characteristics:
        yield characteristic.name, characteristic.value
    if place := order.place_of(item):
        yield "Delivered at", place.label
    if item.appointment:
        yield "Visit", item.appointment.start.strftime("%Y-%m-%d %H:%M %Z")
    for price in item.prices:
        yield price.name, _price(price)
    for term in item.terms:
        yield term.name, f"{term.amount} {term.unit}"


def _price(price: ItemPrice) -> str:
    if price.price_type is PriceType.USAGE:
        return f"{_money(price.unit_price)} per {price.unit_of_measure or 'unit'} without tax"
    period = f" per {price.period}" if price.period else ""
    less = "".join(f", {a.name}" for a in price.alterations)
    return f"{_money(price.tax_included)}{period} with tax{less}"


def _totals(order: ProductOrder) -> Iterable[Row]:
    for total in order.totals:
        if total.price_type is PriceType.ONE_TIME:
            yield "Once", f"{_money(total.tax_included)} with tax"
    for period in price_periods(order):
        for total in period.totals:
            yield _span(period, total.period or "period"), f"{_money(total.tax_included)} with tax"


def _span(period: PricePeriod, unit: str) -> str:
    if period.last is None:
        return f"Every {unit}" if period.first == 1 else f"Every {unit} from the {period.first}. on"
    return f"Every {unit}, {period.first}. to {period.last}."


def _money(money: Money) -> str:
    return f"{money.amount} {money.currency}"
