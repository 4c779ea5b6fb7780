"""Liveness and readiness, for the platform that runs Orderway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """`UP` works, `DEGRADED` works in part, `DOWN` does not work."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Dependency:
    """How one dependency does. `detail` is shown as it is (JSON values); no secrets, no addresses with credentials.

    `required`: without it Orderway cannot serve, so that being down makes the gateway not ready. A dependency that
    is not required, such as a backend, is shown only.
    """

    status: Status
    required: bool = True
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `GET /health/ready` shows, by name of dependency: store, temporal, backends."""

    dependencies: Mapping[str, Dependency]
