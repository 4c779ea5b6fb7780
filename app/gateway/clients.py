"""What one client has under way on this gateway, over all its connections."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.gateway.limits import Guard
from app.security.identity import Identity

Client = tuple[str, str]
"""Who a limit is for: the token's subject, and the application that it was issued to."""


def client_of(identity: Identity) -> Client:
    """The client that calls."""
    return identity.actor.subject, identity.client_id


class Subscriptions:
    """How many subscriptions each client has."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._open: Counter[Client] = Counter()

    @contextmanager
    def one_of(self, identity: Identity) -> Iterator[None]:
        """Counted while the context is entered. Raises Refused when it is one too many."""
        client = client_of(identity)
        self._guard.check("subscriptions", self._open[client] + 1)
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]
