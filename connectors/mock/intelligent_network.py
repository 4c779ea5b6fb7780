"""TMF654 balances and TMF640 activation of prepaid numbers. A number that ends in 666 cannot be activated."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connectors.mock.collection import Refused, Resource, now
from connectors.mock.state import Document, State, text_of

BALANCE_ROOT = "tmf-api/prepayBalanceManagement/v4"
ACTIVATION_ROOT = "tmf-api/ServiceActivationAndConfiguration/v4"
ROOTS = (BALANCE_ROOT, ACTIVATION_ROOT)
LIVES = timedelta(days=365)
UNLUCKY = "666"


class IntelligentNetwork:
    """The prepaid platform."""

    def __init__(self, state: State) -> None:
        self._state = state

    def resources(self) -> Iterable[Resource]:
        """The plain collections."""
        of = "intelligent_network"
        yield Resource(
            backend=of,
            name="bucket",
            root=BALANCE_ROOT,
            id_prefix="bkt-",
            required=("logicalResource",),
            on_create=_open,
        )
        yield Resource(
            backend=of,
            name="topupBalance",
            root=BALANCE_ROOT,
            id_prefix="top-",
            required=("amount", "bucket"),
            on_create=self._top_up,
        )
        yield Resource(
            backend=of,
            name="adjustBalance",
            root=BALANCE_ROOT,
            id_prefix="adj-",
            required=("topupBalance",),
            on_create=self._reverse,
        )
        yield Resource(
            backend=of,
            name="prepaidService",
            path="service",
            root=ACTIVATION_ROOT,
            id_prefix="pps-",
            required=("serviceCharacteristic",),
            on_create=_activate,
        )

    def _add(self, bucket_id: str, amount: Decimal) -> None:
        bucket = self._state.members("bucket").get(bucket_id)
        if bucket is None:
            raise Refused(404, "not found", f"there is no bucket {bucket_id}")
        remaining = bucket["remainingValue"]
        assert isinstance(remaining, dict), "a balance has a value"
        sum_ = Decimal(str(remaining["amount"])) + amount
        self._state.put("bucket", {**bucket, "remainingValue": {**remaining, "amount": float(sum_)}})

    def _top_up(self, top_up: Document) -> None:
        amount, bucket = top_up["amount"], top_up["bucket"]
        if not isinstance(amount, dict) or not isinstance(bucket, dict):
            raise Refused(400, "bad top-up", "amount and bucket are objects")
        self._add(text_of(bucket, "id"), Decimal(str(amount["value"])))
        top_up["status"] = "completed"
        top_up["confirmationDate"] = now()

    def _reverse(self, adjustment: Document) -> None:
        wanted = adjustment["topupBalance"]
        top_up = self._state.members("topupBalance").get(text_of(wanted, "id") if isinstance(wanted, dict) else "")
        if top_up is None:
            raise Refused(404, "not found", "there is no such top-up")
        amount, bucket = top_up["amount"], top_up["bucket"]
        assert isinstance(amount, dict) and isinstance(bucket, dict), "kept as they were checked"
        if not top_up.get("reversed"):
            self._add(text_of(bucket, "id"), -Decimal(str(amount["value"])))
            self._state.put("topupBalance", {**top_up, "reversed": True})
        adjustment["status"] = "completed"


def _open(bucket: Document) -> None:
    bucket["status"] = "active"
    bucket["remainingValue"] = {"amount": 0, "units": "EUR"}
    bucket["validFor"] = {"startDateTime": now(), "endDateTime": (datetime.now(UTC) + LIVES).isoformat()}


def _activate(service: Document) -> None:
    characteristics = service["serviceCharacteristic"]
    values = {
        text_of(c, "name"): text_of(c, "value")
        for c in (characteristics if isinstance(characteristics, list) else [])
        if isinstance(c, dict)
    }
    if values.get("msisdn", "").endswith(UNLUCKY):
        service["state"] = "failed"
        service["note"] = "the number is blocked on the platform"
    else:
        service["state"] = "active"
