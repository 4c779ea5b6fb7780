"""All backends of the operator together, over one HTTP session."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from connectors import address, billing, catalog, customer, inventory, provisioning, serviceability, workforce
from connectors.base import BackendConfig, BackendHealth, BackendHttp, http_session

PREFIXES: Final[Mapping[str, str]] = {
    "customer": customer.PREFIX,
    "catalog": catalog.PREFIX,
    "address": address.PREFIX,
    "serviceability": serviceability.PREFIX,
    "workforce": workforce.PREFIX,
    "provisioning": provisioning.PREFIX,
    "inventory": inventory.PREFIX,
    "billing": billing.PREFIX,
}
"""Every backend by name, with the path where its Open API puts it."""


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
    http: Mapping[str, BackendHttp]

    def health(self) -> dict[str, BackendHealth]:
        """How each backend does, as its callers have seen it."""
        return {name: http.health for name, http in self.http.items()}


@asynccontextmanager
async def connect(configs: Mapping[str, BackendConfig]) -> AsyncIterator[Backends]:
    """The clients of all backends, by these configurations. Opens no connection before the first call."""
    async with http_session() as session:
        http = {name: BackendHttp(name, prefix, configs[name], session) for name, prefix in PREFIXES.items()}
        yield Backends(
            customer=customer.CustomerBackend(http["customer"]),
            catalog=catalog.CatalogBackend(http["catalog"]),
            address=address.AddressBackend(http["address"]),
            serviceability=serviceability.ServiceabilityBackend(http["serviceability"]),
            workforce=workforce.WorkforceBackend(http["workforce"]),
            provisioning=provisioning.ProvisioningBackend(http["provisioning"]),
            inventory=inventory.InventoryBackend(http["inventory"]),
            billing=billing.BillingBackend(http["billing"]),
            http=http,
        )
