"""All backends of the operator together, over one HTTP session."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from connectors import (
    address,
    billing,
    catalog,
    channels,
    credit,
    customer,
    documents,
    intelligent_network,
    inventory,
    ledger,
    provisioning,
    service_resources,
    serviceability,
    workforce,
)
from connectors.base import Apis, BackendConfig, BackendHealth, BackendHttp, Watch, http_session

APIS: Final[Mapping[str, Apis]] = {
    "customer": customer.APIS,
    "catalog": catalog.APIS,
    "address": address.APIS,
    "serviceability": serviceability.APIS,
    "workforce": workforce.APIS,
    "provisioning": provisioning.APIS,
    "inventory": inventory.APIS,
    "billing": billing.APIS,
    "channels": channels.APIS,
    "credit": credit.APIS,
    "documents": documents.APIS,
    "intelligent_network": intelligent_network.APIS,
    "ledger": ledger.APIS,
    "service_resources": service_resources.APIS,
}
"""Every backend by name, with the Open APIs that it answers by."""


@dataclass(frozen=True, slots=True)
class Backends:
    """One client per backend."""

    customer: customer.CustomerBackend
    catalog: catalog.CatalogBackend
    address: address.AddressBackend
    serviceability: serviceability.ServiceabilityBackend
    workforce: workforce.WorkforceBackend
    provisioning: provisioning.ProvisioningBackend
    inventory: inventory.InventoryBackend
    billing: billing.BillingBackend
    channels: channels.ChannelsBackend
    credit: credit.CreditBackend
    documents: documents.DocumentsBackend
    intelligent_network: intelligent_network.IntelligentNetworkBackend
    ledger: ledger.LedgerBackend
    service_resources: service_resources.ServiceResourcesBackend
    http: Mapping[str, BackendHttp]

    def health(self) -> dict[str, BackendHealth]:
        """How each backend does, as its callers have seen it."""
        return {name: http.health for name, http in self.http.items()}


@asynccontextmanager
async def connect(configs: Mapping[str, BackendConfig], watch: Watch | None = None) -> AsyncIterator[Backends]:
    """The clients of all backends, by these configurations. Opens no connection before the first call.

    `watch` is told of every call.
    """
    async with http_session() as session:
        http = {name: BackendHttp(name, apis, configs[name], session, watch) for name, apis in APIS.items()}
        yield Backends(
            customer=customer.CustomerBackend(http["customer"]),
            catalog=catalog.CatalogBackend(http["catalog"]),
            address=address.AddressBackend(http["address"]),
            serviceability=serviceability.ServiceabilityBackend(http["serviceability"]),
            workforce=workforce.WorkforceBackend(http["workforce"]),
            provisioning=provisioning.ProvisioningBackend(http["provisioning"]),
            inventory=inventory.InventoryBackend(http["inventory"]),
            billing=billing.BillingBackend(http["billing"]),
            channels=channels.ChannelsBackend(http["channels"]),
            credit=credit.CreditBackend(http["credit"]),
            documents=documents.DocumentsBackend(http["documents"]),
            intelligent_network=intelligent_network.IntelligentNetworkBackend(http["intelligent_network"]),
            ledger=ledger.LedgerBackend(http["ledger"]),
            service_resources=service_resources.ServiceResourcesBackend(http["service_resources"]),
            http=http,
        )
