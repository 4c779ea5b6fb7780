"""`python -m tests.bench.gateway.backend <port>`: the backend that all contenders ask: orders, customers, offerings.

It answers from memory with bodies that were made once, so that it never is what is measured. `/wait/<milliseconds>`
sets how long each answer takes from then on.
"""

import asyncio
import sys
from typing import Final, cast
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
import uvicorn

STATES: Final = ("ACKNOWLEDGED", "IN_PROGRESS", "COMPLETED", "CANCELLED")
ITEMS: Final = 4
OFFERINGS: Final = 40


def order(n: int) -> dict[str, object]:
    """Order number n."""
    day = f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}T09:30:00Z"
    return {
        "id": str(n),
        "href": f"/orders/{n}",
        "state": STATES[n % len(STATES)],
        "externalId": f"PO-{n:07}",
        "description": f"Fibre for house number {n}, “Møllevej”",
        "category": "residential",
        "priority": str(n % 5),
        "channel": "online",
        "orderDate": day,
        "completionDate": day if n % 2 else None,
        "expectedCompletionDate": day,
        "requestedStartDate": day,
        "requestedCompletionDate": day,
        "cancellationDate": None,
        "cancellationReason": None,
        "notificationContact": f"customer-{n}@example.com",
        "currency": "EUR",
        "totalPrice": 12.25 * n,
        "taxRate": 0.19,
        "itemCount": ITEMS,
        "version": n % 9,
        "isUrgent": n % 3 == 0,
        "isBundle": n % 2 == 0,
        "siteName": f"Site {n}",
        "note": f"Ring the bell at {n}",
        "customerId": f"customer-{n}",
        "items": [
            {
                "id": f"{n}.{i}",
                "action": "add",
                "quantity": i + 1,
                "unitPrice": 2.75 * (i + 1),
                "state": STATES[(n + i) % len(STATES)],
                "offeringId": f"offering-{(n * ITEMS + i) % OFFERINGS}",
            }
            for i in range(ITEMS)
        ],
    }


def customer(key: str) -> dict[str, object]:
    """The customer with this id."""
    return {
        "id": key,
        "name": f"Name of {key}",
        "email": f"{key}@example.com",
        "phone": "+49 30 123456",
        "segment": "residential",
        "status": "active",
        "city": "Berlin",
        "country": "DE",
    }


def offering(key: str) -> dict[str, object]:
    """The offering with this id."""
    return {
        "id": key,
        "name": f"Name of {key}",
        "description": "Up to 1 Gbit/s",
        "version": "2.1",
        "price": 29.95,
        "isSellable": True,
        "lifecycleStatus": "Active",
        "category": "internet",
    }


def body(target: str) -> object:
    """What is at this target."""
    path, query = urlsplit(target).path, parse_qs(unquote(urlsplit(target).query))
    match path.strip("/").split("/"):
        case ["orders"]:
            return [order(n + 1) for n in range(int(query["limit"][0]))]
        case ["orders", number]:
            return order(int(number))
        case [("customers" | "offerings") as kind]:
            make = customer if kind == "customers" else offering
            return [make(key) for key in query["id.in"][0].split(",")]
        case _:
            raise ValueError(target)


class Backend(asyncio.Protocol):
    """One connection. Takes GET requests, which have no body."""

    answers: Final[dict[bytes, bytes]] = {}
    seconds = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole by now."""
        *requests, self._unread = (self._unread + data).split(b"\r\n\r\n")
        for request in requests:
            answer = self._answer(request.split(b" ", 2)[1])
            if Backend.seconds:
                asyncio.get_running_loop().call_later(Backend.seconds, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _answer(self, target: bytes) -> bytes:
        if target.startswith(b"/wait/"):
            Backend.seconds = int(target.removeprefix(b"/wait/")) / 1000
            return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        known = self.answers.get(target)
        if known is None:
            content = orjson.dumps(body(target.decode()))
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            known = self.answers[target] = head % len(content) + content
        return known


async def main() -> None:
    """Answer until killed."""
    server = await asyncio.get_running_loop().create_server(Backend, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvicorn.Config("", loop="auto").get_loop_factory()) as runner:
        runner.run(main())
