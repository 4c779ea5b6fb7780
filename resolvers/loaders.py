"""One loader per key: what one operation asks of a backend on one level goes out as one call."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TypeVar

from strawberry.dataloader import DataLoader

from app.domain.actor import Actor
from app.domain.order import ProductOrder
from app.ordering.reading import Reading, StoredOrder, StoreUnavailable
from connectors.address import GeographicAddress, Site
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.billing import Bill, BillingAccount, Payment, PaymentMethod, RecurringRate
from connectors.catalog import ProductOffering
from connectors.channels import Interaction, Message
from connectors.customer import Customer, Party
from connectors.documents import Document
from connectors.intelligent_network import Bucket
from connectors.inventory import Product, Resource
from connectors.ledger import Journal
from connectors.service_resources import Service
from connectors.workforce import WorkOrder

T = TypeVar("T")


class Loaders:
    """The loaders of one operation, each made when it is first used."""

    def __init__(self, backends: Backends, reading: Reading, actor: Actor) -> None:
        self._backends = backends
        self._reading = reading
        self._actor = actor
        self._under_way: set[asyncio.Task[object]] = set()

    def abandon(self) -> None:
        """Give up what is being loaded: nobody waits for it any more."""
        for task in self._under_way:
            task.cancel()

    def _by_key(self, load: Callable[[Sequence[str]], Awaitable[dict[str, T]]]) -> DataLoader[str, T | None]:
        """A loader that gives None for what is not there, and the failure itself for what could not be asked."""

        async def load_all(keys: list[str]) -> list[T | BaseException | None]:
            task = asyncio.current_task()
            assert task is not None  # the loader's own, which does not end with who waits for it
            self._under_way.add(task)
            try:
                found = await load(keys)
            except (BackendFailure, StoreUnavailable) as failure:
                return [failure] * len(keys)
            finally:
                self._under_way.discard(task)
            return [found.get(key) for key in keys]

        return DataLoader(load_fn=load_all)

    @cached_property
    def customer_by_id(self) -> DataLoader[str, Customer | None]:
        """TMF629."""
        return self._by_key(self._backends.customer.by_ids)

    @cached_property
    def offering_by_id(self) -> DataLoader[str, ProductOffering | None]:
        """TMF620."""
        return self._by_key(self._backends.catalog.offerings_by_ids)

    @cached_property
    def address_by_id(self) -> DataLoader[str, GeographicAddress | None]:
        """TMF673."""
        return self._by_key(self._backends.address.by_ids)

    @cached_property
    def product_by_id(self) -> DataLoader[str, Product | None]:
        """TMF637."""
        return self._by_key(self._backends.inventory.by_ids)

    @cached_property
    def products_by_customer_id(self) -> DataLoader[str, tuple[Product, ...] | None]:
        """TMF637."""
        return self._by_key(self._backends.inventory.products_of)

    @cached_property
    def billing_account_by_id(self) -> DataLoader[str, BillingAccount | None]:
        """TMF666."""
        return self._by_key(self._backends.billing.by_ids)

    @cached_property
    def billing_accounts_by_customer_id(self) -> DataLoader[str, tuple[BillingAccount, ...] | None]:
        """TMF666."""
        return self._by_key(self._backends.billing.accounts_of)

    @cached_property
    def bills_by_customer_id(self) -> DataLoader[str, tuple[Bill, ...] | None]:
        """TMF678."""
        return self._by_key(self._backends.billing.bills_of)

    @cached_property
    def payment_methods_by_customer_id(self) -> DataLoader[str, tuple[PaymentMethod, ...] | None]:
        """TMF670."""
        return self._by_key(self._backends.billing.methods_of)

    @cached_property
    def recurring_by_product_id(self) -> DataLoader[str, tuple[RecurringRate, ...] | None]:
        """TMF678."""
        return self._by_key(self._backends.billing.recurring_of)

    @cached_property
    def payments_by_order_id(self) -> DataLoader[str, tuple[Payment, ...] | None]:
        """TMF676."""
        return self._by_key(self._backends.billing.payments_of)

    @cached_property
    def interactions_by_customer_id(self) -> DataLoader[str, tuple[Interaction, ...] | None]:
        """TMF683."""
        return self._by_key(self._backends.channels.interactions_of)

    @cached_property
    def messages_by_order_id(self) -> DataLoader[str, tuple[Message, ...] | None]:
        """TMF681."""
        return self._by_key(self._backends.channels.messages_for)

    @cached_property
    def documents_by_order_id(self) -> DataLoader[str, tuple[Document, ...] | None]:
        """TMF667."""
        return self._by_key(self._backends.documents.documents_of)

    @cached_property
    def journals_by_order_id(self) -> DataLoader[str, tuple[Journal, ...] | None]:
        """The general ledger."""
        return self._by_key(self._backends.ledger.journals_of)

    @cached_property
    def buckets_by_customer_id(self) -> DataLoader[str, tuple[Bucket, ...] | None]:
        """TMF654."""
        return self._by_key(self._backends.intelligent_network.buckets_of)

    @cached_property
    def services_by_customer_id(self) -> DataLoader[str, tuple[Service, ...] | None]:
        """TMF638."""
        return self._by_key(self._backends.service_resources.services_of)

    @cached_property
    def sites_by_customer_id(self) -> DataLoader[str, tuple[Site, ...] | None]:
        """TMF674."""
        return self._by_key(self._backends.address.sites_of)

    @cached_property
    def party_by_id(self) -> DataLoader[str, Party | None]:
        """TMF632."""
        return self._by_key(self._backends.customer.parties_by_ids)

    @cached_property
    def resources_by_place_id(self) -> DataLoader[str, tuple[Resource, ...] | None]:
        """TMF639."""
        return self._by_key(self._backends.inventory.resources_of)

    @cached_property
    def discovered_by_place_id(self) -> DataLoader[str, tuple[Resource, ...] | None]:
        """TMF639, as the network shows it."""
        return self._by_key(self._backends.inventory.discovered_of)

    @cached_property
    def work_orders_by_order_id(self) -> DataLoader[str, tuple[WorkOrder, ...] | None]:
        """TMF697."""
        return self._by_key(self._backends.workforce.work_orders_of)

    @cached_property
    def children_by_order_id(self) -> DataLoader[str, list[ProductOrder] | None]:
        """Orders that are parts of an order, as far as the actor may see them."""
        return self._by_key(lambda ids: self._reading.children(self._actor, ids))

    @cached_property
    def order_by_id(self) -> DataLoader[str, StoredOrder | None]:
        """Orders that the actor may see."""
        return self._by_key(lambda ids: self._reading.orders(self._actor, ids))
