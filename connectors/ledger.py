"""General ledger: what orders mean to the books. No Open API posts journals, so the contract is ours.

A journal balances and is never edited, only reversed; a closed period takes none. The same external id is one journal.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Answer, Apis, BackendHttp, FailureKind, OpenApi
from connectors.wire import Json, segment

APIS: Final[Apis] = {"LEDGER": OpenApi(v4="generalLedger/v1")}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a journal; one of debit and credit is zero."""

    account: str
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)


class Journal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A journal as it is booked."""

    id: str
    external_id: str
    order_id: str
    currency: str
    booked_on: date
    period: str
    lines: tuple[Line, ...]
    reverses: str | None = None
    reversed_by: str | None = None


class Unbalanced(msgspec.Struct, frozen=True, kw_only=True):
    """Debits and credits differ; nothing was booked."""

    reason: str


class PeriodClosed(msgspec.Struct, frozen=True, kw_only=True):
    """The period of the day takes no more journals; the next one that does begins on `next_open_on`."""

    reason: str
    next_open_on: date | None = None


class _Closed(msgspec.Struct, rename="camel"):
    reason: str = ""
    message: str = ""
    next_open_date: date | None = None


class LedgerBackend:
    """Raises BackendFailure when there is no answer. A refusal to book is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def post(
        self,
        *,
        external_id: str,
        order_id: str,
        order_item_id: str | None,
        currency: str,
        booked_on: date,
        lines: Sequence[Line],
        key: str,
    ) -> Journal | Unbalanced | PeriodClosed:
        """Book these lines for the order."""
        body: Json = {
            "externalId": external_id,
            "orderId": order_id,
            "orderItemId": order_item_id,
            "currency": currency,
            "bookedOn": booked_on.isoformat(),
            "lines": [{"account": line.account, "debit": line.debit, "credit": line.credit} for line in lines],
        }
        answer = await self._http.write(
            "POST",
            "createJournal",
            "journal",
            body,
            key=key,
            expected={HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY},
        )
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            return Unbalanced(reason=answer.refusal.text)
        if answer.status == HTTPStatus.CONFLICT:
            return self._closed(answer)
        return answer.decode(Journal)

    async def reverse(self, journal_id: str, *, booked_on: date, key: str) -> Journal | PeriodClosed:
        """Book the opposite of a journal, once however often it is asked for."""
        answer = await self._http.write(
            "POST",
            "reverseJournal",
            f"journal/{segment(journal_id)}/reversal",
            {"bookedOn": booked_on.isoformat()},
            key=key,
            expected={HTTPStatus.CONFLICT},
        )
        return self._closed(answer) if answer.status == HTTPStatus.CONFLICT else answer.decode(Journal)

    async def journals_of(self, order_ids: Collection[str]) -> dict[str, tuple[Journal, ...]]:
        """The journals of each of these orders; every asked order is in the answer."""
        found = await self._http.where("listJournal", "journal", "orderId", order_ids, list[Journal])
        return {order: tuple(j for j in found if j.order_id == order) for order in order_ids}

    def _closed(self, answer: Answer) -> PeriodClosed:
        """The period that is closed. Raises BackendFailure when the conflict is another."""
        wire = answer.decode(_Closed)
        if "period" not in wire.reason.lower() and wire.next_open_date is None:
            detail = f"status {answer.status}: {answer.refusal.text}".removesuffix(": ")
            raise self._http.failure(answer.operation, FailureKind.REFUSED, detail, retryable=False)
        return PeriodClosed(reason=wire.message or wire.reason, next_open_on=wire.next_open_date)
