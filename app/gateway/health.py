"""Liveness and readiness, for the platform that runs Orderway."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import orjson
from starlette.responses import Response


class Status(StrEnum):
    """`UP` works, `DEGRADED` works in part, `DOWN` does not work."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Dependency:
    """How one dependency does. `detail` is shown as it is (JSON values): no secrets, no addresses with credentials.

    `required`: without it Orderway cannot serve, so that being down makes the gateway not ready. A dependency that
    is not required, such as the backends, is shown only.
    """

    status: Status
    required: bool = True
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `GET /health/ready` shows, by name of dependency: store, temporal, backends."""

    dependencies: Mapping[str, Dependency]

    @property
    def status(self) -> Status:
        """Down when a required dependency is down, degraded when any is not up."""
        dependencies = self.dependencies.values()
        if any(d.required and d.status is Status.DOWN for d in dependencies):
            return Status.DOWN
        return Status.UP if all(d.status is Status.UP for d in dependencies) else Status.DEGRADED


def live() -> Response:
    """The process answers."""
    return _json(200, {"status": Status.UP})


async def ready(readiness: Callable[[], Awaitable[Readiness]], *, draining: bool) -> Response:
    """200 when the gateway can serve, 503 when not or when it is about to stop, with each dependency's state."""
    known = await readiness()
    serves = known.status is not Status.DOWN and not draining
    shown = {name: {"status": d.status, **d.detail} for name, d in known.dependencies.items()}
    return _json(200 if serves else 503, {"status": "draining" if draining else known.status, "dependencies": shown})


def _json(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, {"Content-Type": "application/json"})
