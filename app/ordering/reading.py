"""The one door to orders for readers: every look is an actor's, and shows only the actor's own rows."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.access import Dealers, Right, is_told, may, rows_of, sees, sees_as_acceptor, view_of
from app.domain.actor import Actor
from app.domain.durations import Duration
from app.domain.event_filter import EventFilter as EventFilter
from app.domain.events import OrderEvent
from app.domain.family import MOST_CHILDREN
from app.domain.order import ProductOrder
from app.domain.ownership import as_seen_by
from app.ordering.drafts import require
from app.store.feed import Feed, Interest, of_customer, of_order
from app.store.port import FeedEvent as FeedEvent
from app.store.port import OrderBy as OrderBy
from app.store.port import OrderSearch as OrderSearch
from app.store.port import OrderStore
from app.store.port import OrderVersion as OrderVersion
from app.store.port import StoredOrder as StoredOrder
from app.store.port import StoreUnavailable as StoreUnavailable


@dataclass(frozen=True, slots=True)
class _Interest:
    """What those with this view want who ask for this; see `app.store.feed.Interest`."""

    view: Actor
    filter: EventFilter
    dealers: Callable[[], Dealers]

    @property
    def topics(self) -> frozenset[str]:
        if self.filter.order_ids:
            return frozenset(map(of_order, self.filter.order_ids))
        customers = self.filter.customer_ids
        if not customers and (own := rows_of(self.view, self.dealers()).customer_id) is not None:
            customers = frozenset({own})
        return frozenset(map(of_customer, customers))

    def wants(self, event: OrderEvent) -> bool:
        return self.filter.wants(event) and _sees(self.view, self.dealers(), event) and is_told(self.view, event.type)


def interest_of(actor: Actor, wanted: EventFilter, dealers: Callable[[], Dealers]) -> Interest:
    """What the actor is told of who asks for these events, by the rules of the moment at which it is told."""
    return _Interest(view_of(actor), wanted, dealers)


@dataclass(frozen=True, slots=True)
class Told(FeedEvent):
    """An event for a subscriber. `behind` other than 0: the subscriber was too slow, and that many waited for it.

    Those with the same `view` are told the same.
    """

    view: Actor
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An order as it stands; `position` is that of the last event that is in it."""

    stored: StoredOrder
    position: int


class Reading:
    """Orders, their versions and events, as an actor may see them."""

    def __init__(self, store: OrderStore, feed: Feed, dealers: Callable[[], Dealers]) -> None:
        """`dealers` are those in force now: whose rows are whose may change while a subscription runs."""
        self._store = store
        self._dealers = dealers
        self._feed = feed

    async def orders(self, actor: Actor, order_ids: Sequence[str]) -> dict[str, StoredOrder]:
        """The orders with these ids that the actor may see."""
        require(actor, Right.READ_ORDERS)
        found = await self._store.load(order_ids)
        seen = {key: (stored, as_seen_by(actor, self._dealers(), stored.order)) for key, stored in found.items()}
        return {key: replace(stored, order=order) for key, (stored, order) in seen.items() if order is not None}

    async def search(
        self, actor: Actor, search: OrderSearch, order_by: OrderBy, *, after: str | None, limit: int
    ) -> list[ProductOrder]:
        """A page of the actor's orders; see OrderStore.search."""
        dealers = self._dealers()
        mine = _own(actor, dealers, search)
        found = await self._store.search(mine, order_by, after=after, limit=limit) if mine else []
        return [order for order in (as_seen_by(actor, dealers, one) for one in found) if order is not None]

    async def children(self, actor: Actor, parent_ids: Sequence[str]) -> dict[str, list[ProductOrder]]:
        """By parent, the orders that are parts of it and that the actor may see, the oldest first."""
        found: dict[str, list[ProductOrder]] = {}
        search, after = OrderSearch(parent_ids=tuple(parent_ids)), None
        while page := await self.search(actor, search, OrderBy.CREATED_ASCENDING, after=after, limit=MOST_CHILDREN):
            for order in page:
                if order.parent_id is not None:
                    found.setdefault(order.parent_id, []).append(order)
            after = page[-1].id
            if len(page) < MOST_CHILDREN:
                break
        return found

    async def count(self, actor: Actor, search: OrderSearch) -> int:
        """How many of the actor's orders the search finds."""
        mine = _own(actor, self._dealers(), search)
        return await self._store.count(mine) if mine else 0

    async def as_of(self, actor: Actor, order_id: str, at: datetime) -> ProductOrder | None:
        """The order as it was at that time; None when it did not exist, or the actor may not see it."""
        versions = await self.versions(actor, order_id)
        return next((v.order for v in reversed(versions) if v.at <= at), None)

    async def versions(self, actor: Actor, order_id: str) -> list[OrderVersion]:
        """All versions of an order that the actor may see, the oldest first."""
        if order_id not in await self.orders(actor, [order_id]):
            return []
        versions = [(v, as_seen_by(actor, self._dealers(), v.order)) for v in await self._store.versions(order_id)]
        return [replace(version, order=order) for version, order in versions if order is not None]

    async def events_of(self, actor: Actor, order_id: str, *, after: int, limit: int) -> list[FeedEvent]:
        """The timeline of an order that the actor may see, as far as it may."""
        if order_id not in await self.orders(actor, [order_id]):
            return []
        found: list[FeedEvent] = []
        while len(found) < limit:
            page = await self._store.events.of(order_id, after=after, limit=limit)
            found += (fed for fed in page if is_told(actor, fed.event.type))
            if len(page) < limit:
                break
            after = page[-1].event.sequence
        return found[:limit]

    async def count_events(self, actor: Actor, stored: StoredOrder) -> int:
        """How many events the timeline of this order has for the actor."""
        if may(actor, Right.WORK_LISTS):
            return stored.sequence
        return (
            len(await self.events_of(actor, stored.order.id, after=0, limit=stored.sequence)) if stored.sequence else 0
        )

    async def durations(self, actor: Actor) -> list[Duration]:
        """How long operations take lately."""
        require(actor, Right.READ_INTERNAL)
        return await self._store.learnt()

    async def follow(self, actor: Actor, wanted: EventFilter, after: int | None) -> AsyncGenerator[Told, None]:
        """The actor's events after this position of the feed (None: from now on), as they come, each once."""
        require(actor, Right.READ_ORDERS)
        view = view_of(actor)
        async with aclosing(self._feed.follow(after, _Interest(view, wanted, self._dealers))) as feed:
            async for stretch in feed:
                behind = stretch.behind
                for fed in stretch.events:
                    yield Told(fed.position, fed.event, view, behind)
                    behind = 0

    async def watch(self, actor: Actor, order_id: str, after: int | None) -> AsyncGenerator[Snapshot | Told, None]:
        """An order as it stands, then its events as they come; after a position, the events alone.

        Ends at once when there is no order that the actor may see.
        """
        found = (await self.orders(actor, [order_id])).get(order_id)
        if found is None:
            return
        if after is None:
            # the order holds what its events say up to the sequence that was stored with it, and nothing else
            [last] = await self._store.events.of(order_id, after=found.sequence - 1, limit=1)
            after = last.position
            yield Snapshot(found, after)
        async with aclosing(self.follow(actor, EventFilter(order_ids=frozenset({order_id})), after)) as events:
            async for told in events:
                yield told


def _sees(actor: Actor, dealers: Dealers, event: OrderEvent) -> bool:
    own = sees(actor, dealers, customer_id=event.customer_id, seller_id=event.seller_id)
    return own or sees_as_acceptor(actor, acceptor_id=event.acceptor_id)


def _own(actor: Actor, dealers: Dealers, search: OrderSearch) -> OrderSearch | None:
    """The search, restricted to the actor's rows; None when it asks only for others'."""
    require(actor, Right.READ_ORDERS)
    rows = rows_of(actor, dealers)
    if rows.customer_id is not None:
        if search.customer_ids and rows.customer_id not in search.customer_ids:
            return None
        # who asks for its own orders gets those that it placed; who asks for all gets what it is to take over as well
        if search.customer_ids:
            search = replace(search, customer_ids=(rows.customer_id,))
        else:
            search = replace(search, party_id=rows.customer_id)
    if rows.seller_ids is not None:
        asked = rows.seller_ids & set(search.seller_ids) if search.seller_ids else rows.seller_ids
        if not asked:
            return None
        search = replace(search, seller_ids=tuple(sorted(asked)))
    return search
