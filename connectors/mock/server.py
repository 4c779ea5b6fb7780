"""The mock BSS server: every backend at its own TMF path, the control endpoint, health."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.mock import (
    billing,
    catalog,
    channels,
    credit,
    dialect,
    documents,
    intelligent_network,
    ledger,
    people,
    places,
    provisioning,
    service_resources,
    workforce,
)
from connectors.mock.billing import Billing
from connectors.mock.catalog import Catalog
from connectors.mock.collection import answer, routes
from connectors.mock.credit import Credit
from connectors.mock.faults import Control
from connectors.mock.hub import Hub
from connectors.mock.intelligent_network import IntelligentNetwork
from connectors.mock.ledger import Ledger
from connectors.mock.places import Places
from connectors.mock.provisioning import Provisioning
from connectors.mock.service_resources import ServiceResources
from connectors.mock.state import State
from connectors.mock.workforce import Workforce

ROOTS = {
    people.CUSTOMER_ROOT: "customer",
    people.PARTY_ROOT: "customer",
    people.PARTY_ROLE_ROOT: "customer",
    catalog.ROOT: "catalog",
    places.ADDRESS_ROOT: "address",
    places.SERVICEABILITY_ROOT: "serviceability",
    places.SITE_ROOT: "address",
    workforce.APPOINTMENT_ROOT: "workforce",
    workforce.WORK_ORDER_ROOT: "workforce",
    provisioning.ROOT: "provisioning",
    people.INVENTORY_ROOT: "inventory",
    people.NETWORK_ROOT: "inventory",
    **dict.fromkeys(billing.ROOTS, "billing"),
    **dict.fromkeys(channels.ROOTS, "channels"),
    **dict.fromkeys(intelligent_network.ROOTS, "intelligent_network"),
    **dict.fromkeys(service_resources.ROOTS, "service_resources"),
    credit.ROOT: "credit",
    documents.ROOT: "documents",
    ledger.ROOT: "ledger",
}


def create_app(folder: Path | None, *, pace: float = 1.0) -> ASGIApp:
    """The server with its state in `folder`, or in memory. `pace` multiplies how long provisioning takes."""
    state = State(folder)
    app = Starlette()
    roots_v5 = {v5: ROOTS[v4] for v5, v4 in dialect.ROOTS.items()}
    control = Control(dialect.V5(app), ROOTS | roots_v5, state)
    place_operations = Places(state, control)
    calendar = Workforce(state, control)
    books, pools = Ledger(state), ServiceResources(state)
    hubs = {
        backend: Hub(backend, root, state, control, dialect.outgoing)
        for backend, root in (("catalog", catalog.ROOT), ("provisioning", provisioning.ROOT))
    }
    service_orders = Provisioning(state, hubs["provisioning"], control, pace)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for hub in hubs.values():
            await hub.start()
        service_orders.start()
        yield
        await service_orders.stop()
        for hub in hubs.values():
            await hub.stop()
        state.close()

    async def health(_: Request) -> Response:
        return answer(200, {"status": "ok"})

    resources = (
        *Catalog(hubs["catalog"]).resources(),
        *people.RESOURCES,
        *Billing(state).resources(),
        *place_operations.resources(),
        *calendar.resources(),
        *service_orders.resources(),
        *channels.RESOURCES,
        *Credit().resources(),
        *documents.RESOURCES,
        *IntelligentNetwork(state).resources(),
        *books.resources(),
        *pools.resources(),
    )
    app.router.lifespan_context = lifespan
    app.router.routes.extend(
        [
            Route("/health", health),
            *control.routes(),
            *place_operations.routes(),
            *calendar.routes(),
            *service_orders.routes(),
            *books.routes(),
            *pools.routes(),
            *(route for hub in hubs.values() for route in hub.routes()),
            *(route for resource in resources for route in routes(resource, state)),
        ]
    )
    return control


def run(host: str, port: int, folder: Path | None, *, pace: float = 1.0) -> None:
    """Serve until SIGTERM or SIGINT."""
    uvicorn.run(create_app(folder, pace=pace), host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
