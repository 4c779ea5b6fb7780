"""One loader per key: what one operation asks of a backend on one level goes out as one call."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TypeVar

from strawberry.dataloader import DataLoader

from app.domain.actor import Actor
from app.ordering.reading import Reading, StoredOrder, StoreUnavailable
from connectors.address import GeographicAddress
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.billing import BillingAccount
from connectors.catalog import ProductOffering
from connectors.customer import Customer
from connectors.inventory import Product

T = TypeVar("T")


def _by_key(load: Callable[[Sequence[str]], Awaitable[dict[str, T]]]) -> DataLoader[str, T | None]:
    """A loader that gives None for what is not there, and the failure itself for what could not be asked."""

    async def load_all(keys: list[str]) -> list[T | BaseException | None]:
        try:
            found = await load(keys)
        except (BackendFailure, StoreUnavailable) as failure:
            return [failure] * len(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load_all)


class Loaders:
    """The loaders of one operation, each made when it is first used."""

    def __init__(self, backends: Backends, reading: Reading, actor: Actor) -> None:
        self._backends = backends
        self._reading = reading
        self._actor = actor

    @cached_property
    def customer_by_id(self) -> DataLoader[str, Customer | None]:
        """TMF629."""
        return _by_key(self._backends.customer.by_ids)

    @cached_property
    def offering_by_id(self) -> DataLoader[str, ProductOffering | None]:
        """TMF620."""
        return _by_key(self._backends.catalog.offerings_by_ids)

    @cached_property
    def address_by_id(self) -> DataLoader[str, GeographicAddress | None]:
        """TMF673."""
        return _by_key(self._backends.address.by_ids)

    @cached_property
    def product_by_id(self) -> DataLoader[str, Product | None]:
        """TMF637."""
        return _by_key(self._backends.inventory.by_ids)

    @cached_property
    def products_by_customer_id(self) -> DataLoader[str, tuple[Product, ...] | None]:
        """TMF637."""
        return _by_key(self._backends.inventory.products_of)

    @cached_property
    def billing_account_by_id(self) -> DataLoader[str, BillingAccount | None]:
        """TMF666."""
        return _by_key(self._backends.billing.by_ids)

    @cached_property
    def billing_accounts_by_customer_id(self) -> DataLoader[str, tuple[BillingAccount, ...] | None]:
        """TMF666."""
        return _by_key(self._backends.billing.accounts_of)

    @cached_property
    def order_by_id(self) -> DataLoader[str, StoredOrder | None]:
        """Orders that the actor may see."""
        return _by_key(lambda ids: self._reading.orders(self._actor, ids))
