"""The general ledger: balanced journals, reversals, periods that close. The months before the last are closed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, Resource, answer, body_of, error
from connectors.mock.state import Document, KeyReused, State, text_of

ROOT = "generalLedger/v1"


def _first_open() -> date:
    this_month = datetime.now(UTC).date().replace(day=1)
    return (this_month - timedelta(days=1)).replace(day=1)


def _day(document: Document) -> date:
    try:
        return date.fromisoformat(text_of(document, "bookedOn"))
    except ValueError as problem:
        raise Refused(400, "bad date", f"bookedOn: {problem}") from problem


def _check_period(journal: Document) -> None:
    if _day(journal) < _first_open():
        raise Refused(
            409,
            "period closed",
            f"{text_of(journal, 'bookedOn')[:7]} is closed",
            {"nextOpenDate": _first_open().isoformat()},
        )


def _sum(journal: Document, side: str) -> Decimal:
    lines = journal["lines"]
    try:
        return sum((Decimal(str(line.get(side, 0))) for line in (lines if isinstance(lines, list) else [])), Decimal(0))
    except (InvalidOperation, AttributeError) as problem:
        raise Refused(400, "bad lines", "each line has account, debit and credit") from problem


class Ledger:
    """The books."""

    def __init__(self, state: State) -> None:
        self._state = state

    def resources(self) -> Iterable[Resource]:
        """The plain collection."""
        yield Resource(
            backend="ledger",
            name="journal",
            root=ROOT,
            id_prefix="jrn-",
            required=("externalId", "lines", "bookedOn", "currency"),
            on_create=self._book,
            once_by="externalId",
        )

    def routes(self) -> list[Route]:
        """Reversal and periods."""
        return [
            Route(f"/{ROOT}/journal/{{id}}/reversal", self._reverse, methods=["POST"]),
            Route(f"/{ROOT}/period", self._periods, methods=["GET"]),
        ]

    def _book(self, journal: Document) -> None:
        debit, credit = _sum(journal, "debit"), _sum(journal, "credit")
        if debit != credit or not debit:
            raise Refused(422, "not balanced", f"debits are {debit}, credits are {credit}")
        _check_period(journal)
        journal["period"] = text_of(journal, "bookedOn")[:7]

    async def _reverse(self, request: Request) -> Response:
        try:
            wish = await body_of(request)
            original = self._state.members("journal").get(request.path_params["id"])
            if original is None:
                raise Refused(404, "not found", f"there is no journal {request.path_params['id']}")
            done = self._state.members("journal").get(text_of(original, "reversedBy"))
            if done is not None:
                return answer(201, done)
            _check_period(wish)
        except Refused as refusal:
            return refusal.answer()
        key = request.headers.get("Idempotency-Key")

        def act() -> tuple[int, Document]:
            lines = original["lines"]
            reversal = {
                **original,
                "id": self._state.next_id("journal", "jrn-"),
                "externalId": f"{original['externalId']}:reversal",
                "bookedOn": wish["bookedOn"],
                "period": text_of(wish, "bookedOn")[:7],
                "reverses": original["id"],
                "lines": [
                    {**line, "debit": line.get("credit", 0), "credit": line.get("debit", 0)}
                    for line in (lines if isinstance(lines, list) else [])
                ],
            }
            self._state.put("journal", reversal)
            self._state.put("journal", {**original, "reversedBy": reversal["id"]})
            self._state.effect("ledger", "POST", "reversal", reversal, key)
            return 201, reversal

        try:
            status, body = self._state.once(key, request.url.path.encode() + await request.body(), act)
        except KeyReused:
            return error(409, "idempotency key reused", "the key came before with another body")
        return answer(status, body)

    async def _periods(self, _: Request) -> Response:
        opened = _first_open()
        before = (opened - timedelta(days=1)).isoformat()[:7]
        now = datetime.now(UTC).date().isoformat()[:7]
        periods = {before: "closed", opened.isoformat()[:7]: "open", now: "open"}
        return answer(200, [{"id": period, "state": state} for period, state in periods.items()])
