"""What one caller may ask for: each limit declared once, with its setting, its code and what a refused caller is told.

The setting is `ORDERWAY_LIMITS__` and the field's name. Whoever enforces a limit names the field, nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_settings import NoDecode

from app.settings.kinds import Names, pairs

ALL: Final = "*"


def _number(default: float, meaning: str, *, least: float = 1, most: float = 1_000_000, **extra: str) -> Any:
    """A field with a number of this range; `extra` is what `Limit` holds beside."""
    rule = {"rule": f"a number from {least} to {most}", **extra}
    return Field(default, description=meaning, ge=least, le=most, validate_default=True, json_schema_extra={**rule})


def _limit(default: int, meaning: str, code: str, told: str, *, most: int = 1_000_000) -> Any:
    """A number above which a request is refused with this code. `told` may name what was `{found}` and `{allowed}`."""
    return _number(default, meaning, most=most, code=code, told=told)


def _by_role(value: object) -> object:
    """`customer=2000`, separated by commas, as role → number."""
    if not isinstance(value, str):
        return value
    found = pairs(value)
    if any(not role.strip() or not number.strip().isdecimal() for role, _, number in found):
        raise ValueError(value)
    return {role.strip(): int(number) for role, _, number in found}


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := set(names) - {ALL, *LIMITS}:
        raise ValueError(", ".join(sorted(unknown)))
    return names


class Limits(BaseModel, frozen=True):
    """The most that is accepted of one caller; more is refused with a code of its own, or only noted (`warn_only`)."""

    body_bytes: int = _limit(
        1_048_576,
        "Largest request body, in bytes, and longest WebSocket message.",
        "BODY_TOO_LARGE",
        "The request body is larger than {allowed} bytes.",
        most=104_857_600,
    )
    json_depth: int = _limit(
        64,
        "Deepest nesting of objects and lists in a request.",
        "JSON_DEPTH_LIMIT_EXCEEDED",
        "The request nests objects and lists deeper than {allowed} levels.",
        most=1000,
    )
    tokens: int = _limit(
        10_000,
        "Most lexical tokens in one GraphQL document.",
        "TOKEN_LIMIT_EXCEEDED",
        "The document has more than {allowed} tokens.",
    )
    operations: int = _limit(
        50,
        "Most operations in one GraphQL document.",
        "OPERATION_LIMIT_EXCEEDED",
        "The document has {found} operations; at most {allowed} are allowed.",
    )
    depth: int = _limit(
        20,
        "Deepest nesting of fields in one GraphQL document.",
        "DEPTH_LIMIT_EXCEEDED",
        "Fields are nested {found} deep; at most {allowed} are allowed.",
    )
    fields: int = _limit(
        2000,
        "Most fields in one operation, those of a fragment counted wherever it is spread.",
        "FIELD_LIMIT_EXCEEDED",
        "The document selects {found} fields; at most {allowed} are allowed.",
    )
    root_fields: int = _limit(
        50,
        "Most fields at the top of one operation, fragments spread out.",
        "ROOT_FIELD_LIMIT_EXCEEDED",
        "The operation has {found} root fields; at most {allowed} are allowed.",
    )
    aliases: int = _limit(
        50,
        "Most aliased fields in one operation, fragments spread out.",
        "ALIAS_LIMIT_EXCEEDED",
        "The document uses {found} aliases; at most {allowed} are allowed.",
    )
    directives: int = _limit(
        200,
        "Most directives in one operation, fragments spread out.",
        "DIRECTIVE_LIMIT_EXCEEDED",
        "The document uses {found} directives; at most {allowed} are allowed.",
    )
    fragment_spreads: int = _limit(
        500,
        "Most fragment spreads in one operation, those inside a fragment counted wherever it is spread.",
        "FRAGMENT_SPREAD_LIMIT_EXCEEDED",
        "The document spreads fragments {found} times; at most {allowed} times are allowed.",
    )
    variables: int = _limit(
        100,
        "Most variables of one operation.",
        "VARIABLE_LIMIT_EXCEEDED",
        "The operation has {found} variables; at most {allowed} are allowed.",
    )
    list_items: int = _limit(
        1000,
        "Longest list in the arguments of an operation; bigger batches of orders go to `POST /batches`.",
        "LIST_LIMIT_EXCEEDED",
        "A list of the input has {found} items; at most {allowed} are allowed.",
    )
    string_characters: int = _limit(
        20_000,
        "Longest text in the arguments of an operation, in characters.",
        "STRING_LIMIT_EXCEEDED",
        "A text of the input has {found} characters; at most {allowed} are allowed.",
    )
    operations_per_connection: int = _limit(
        100,
        "Most operations that run at once on one WebSocket, or one event stream that they share.",
        "TOO_MANY_OPERATIONS",
        "At most {allowed} operations run at once on a connection.",
    )
    subscriptions: int = _limit(
        10_000,
        "Most subscriptions that one client has at once on one gateway, over all its connections.",
        "TOO_MANY_SUBSCRIPTIONS",
        "You have {allowed} subscriptions here already; at most so many are allowed.",
    )
    operations_per_request: int = _limit(
        1,
        "Most operations in one HTTP request; above 1, its body may be a list of them.",
        "BATCH_LIMIT_EXCEEDED",
        "The request has {found} operations; at most {allowed} are allowed.",
    )
    reserved_streams: int = _limit(
        100,
        "Most event streams that one client has reserved and not opened on one gateway.",
        "TOO_MANY_STREAMS",
        "{allowed} event streams are reserved and not opened; open one of them.",
    )
    batch_bytes: int = _limit(
        16_777_216,
        "Largest upload of a batch of orders, in bytes.",
        "BODY_TOO_LARGE",
        "The request body is larger than {allowed} bytes.",
        most=104_857_600,
    )
    cost: int = _limit(
        20_000,
        "Most that one operation may cost, estimated before it runs (`docs/limits.md`).",
        "COST_LIMIT_EXCEEDED",
        "The operation costs {found}; at most {allowed} is allowed.",
        most=1_000_000_000,
    )
    cost_of_role: Annotated[Mapping[str, int], NoDecode, BeforeValidator(_by_role)] = Field(
        {},
        description="Another `COST` for some roles, separated by commas (for example `customer=2000,system=50000`).",
        json_schema_extra={"rule": "a list such as customer=2000,system=50000"},
        validate_default=True,
    )
    cost_bucket: int = _limit(
        200_000,
        "Most that one client may spend at once on one gateway; what is spent comes back at `COST_RESTORED` a second.",
        "RATE_LIMITED",
        "You have spent what you may spend at once; wait until some of it has come back.",
        most=1_000_000_000,
    )
    cost_restored: float = _number(
        20_000.0, "What comes back to each client in a second.", least=0.001, most=1_000_000_000
    )
    costly: int = _number(
        1_000,
        "Cost from which on an operation is a costly one: a client has `COSTLY_AT_ONCE` of them carried out at once, "
        "and its others wait, in their order.",
        most=1_000_000_000,
    )
    costly_at_once: int = _number(2, "Costly operations of one client at once on one gateway.", most=1_000_000)
    cost_shown: bool = Field(
        True,
        description="Whether answers say in `extensions.cost` what the operation cost and what is left.",
        json_schema_extra={"rule": "true or false"},
    )
    operation_seconds: float = _number(
        30.0,
        "Seconds that a query or mutation may take. Then a query is given up with its calls to backends; a mutation "
        "goes on, and its caller is told so. Subscriptions may last.",
        least=0.01,
        most=3600,
        code="OPERATION_TIMED_OUT",
        told="The operation has taken {allowed} seconds; it may not take longer.",
    )
    warn_only: Annotated[Names, AfterValidator(_known)] = Field(
        (),
        description="Limits that are only watched, by the names of their settings in small letters (`depth,aliases`), "
        "`*` for all: what exceeds them is logged and counted (`orderway_limit_exceeded_total`), not refused.",
        json_schema_extra={"rule": "a list of limits such as depth,aliases, or *"},
    )
    connection_init_seconds: float = _number(
        10.0,
        "Seconds that a WebSocket may wait before it says who it is, and a reserved event stream to be opened.",
        least=0.01,
        most=600,
    )
    heartbeat_seconds: float = _number(
        10.0,
        "Seconds that an event stream may be silent before it shows that it lives; keep them below what proxies wait.",
        least=0.01,
        most=600,
    )
    body_seconds: float = _number(
        30.0,
        "Seconds that the body of a request to the graph, or to TMF622's hub, may take to arrive; and that one of "
        "`/batches` may pause.",
        least=0.01,
        most=600,
    )
    cached_characters: int = _number(
        500_000,
        "Characters of the checked documents that are kept; their trees take about a hundred times as many bytes.",
        most=1_000_000_000,
    )

    def allowed(self, limit: str) -> float:
        """The most that this limit accepts."""
        most: float = getattr(self, limit)
        return most

    def only_warns(self, limit: str) -> bool:
        """Whether what exceeds this limit is only noted."""
        return limit in self.warn_only or ALL in self.warn_only


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: the `extensions.code` of a refusal, and its message."""

    code: str
    _told: str

    def told(self, found: float, allowed: float) -> str:
        """What a refused caller reads."""
        # fragments that spread each other can stand for numbers of hundreds of digits
        shown = str(found) if found < 1_000_000 else "over a million"
        return self._told.format(found=shown, allowed=allowed)


LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        name: Limit(str(extra["code"]), str(extra["told"]))
        for name, field in Limits.model_fields.items()
        if isinstance(extra := field.json_schema_extra, dict) and "code" in extra
    }
)
"""Every limit that refuses, by the name of its setting."""
