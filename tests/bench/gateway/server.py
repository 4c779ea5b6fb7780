"""`python -m tests.bench.gateway.server <port>`: the shop served by Orderway itself; BACKEND is the backend's address.

The same application as `orderway serve`: tokens verified, limits, correlation and traces, errors masked, calls to the
backend under deadline, breaker and cap. A request without a token is served under TOKEN, which is verified like any
other, so that load which cannot sign in is no cheaper.
"""

import gc
import os
import sys
from datetime import timedelta
from pathlib import Path

import structlog
import uvicorn
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from app.domain.actor import Actor
from app.gateway.app import create_app
from app.gateway.health import Readiness
from app.gateway.limits import Limits
from app.gateway.operations import RequestFacts
from app.parts import run
from app.security.identity import Identity
from app.security.tokens import DevelopmentKey, TokenVerifier
from app.serve import GARBAGE
from connectors.base import BackendConfig, BackendHttp, fetch, http_session
from resolvers.errors import explain
from tests.bench.gateway.shop import APIS, Context, schema


async def serve(port: int) -> None:
    """Serve until killed."""
    key = DevelopmentKey.load_or_create(Path(os.environ["KEYS"]))
    verifier = TokenVerifier([], audience="orderway", clock_skew=timedelta(0), fetch=fetch, development_key=key)
    token = os.environ["TOKEN"]

    async def authenticate(given: str | None) -> Identity:
        return await verifier.authenticate(given or token)

    async def readiness() -> Readiness:
        return Readiness({})

    async with http_session() as session:
        backend = BackendHttp("shop", APIS, BackendConfig(base_url=os.environ["BACKEND"]), session)

        def make_context(actor: Actor, _: RequestFacts) -> Context:
            return Context(actor, backend)

        app = create_app(
            schema,
            authenticate=authenticate,
            make_context=make_context,
            readiness=readiness,
            limits=Limits(cost_bucket=1_000_000_000, cost_restored=1e9),  # what one client may spend is not measured
            explain=explain,
            compiled=os.environ["ORDERWAY_COMPILED"] == "true",
        )
        config = uvicorn.Config(app, port=port, log_config=None, access_log=False, server_header=False)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    trace.set_tracer_provider(TracerProvider())
    gc.freeze()  # as the command line does
    gc.set_threshold(*GARBAGE)
    run(serve(int(sys.argv[1])))
