"""What an installation can set: environment variables that start with ORDERWAY_, or the same names in a `.env` file.

Every setting says its rule, so that a wrong value is refused by name, in one sentence, before anything starts.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.limits import Limits

PREFIX: Final = "ORDERWAY_"
# Named like settings, but read by the test suite only.
TEST_PREFIX: Final = "ORDERWAY_TEST_"
ENV_FILE: Final = ".env"


class CannotStart(Exception):
    """Why a part cannot start, in sentences for the person who started it; the command line exits with code 2."""


def _http_address(value: str | None) -> str | None:
    """The address without a trailing slash, so that a path can follow it."""
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(value)
    return value.rstrip("/")


def _reachable(host: str) -> str:
    """How to address a listener on `host` from this machine, as part of a URL."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _folder(path: Path | None) -> Path | None:
    if path is not None and not path.expanduser().is_dir():
        raise ValueError(path)
    return path.expanduser().resolve() if path else None


def _mongodb_address(value: str | None) -> str | None:
    if value is not None and not value.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError(value)
    return value


def _host_and_port(value: str | None) -> str | None:
    if value is not None:
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isdecimal() and 0 < int(port) <= 65535):
            raise ValueError(value)
    return value


def _header_value(value: SecretStr | None) -> SecretStr | None:
    text = value.get_secret_value() if value else "-"
    if not (text.isascii() and text.isprintable() and text.strip()):
        raise ValueError("not the value of a header")
    return value


def _split_at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _issuers(value: object) -> object:
    """`issuer` or `issuer=jwks`, separated by commas, as issuer → JWKS location, None when it is to be discovered."""
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
    if any(not issuer.startswith(("http://", "https://")) or (equals and not jwks) for issuer, equals, jwks in pairs):
        raise ValueError(value)
    return {issuer: jwks or None for issuer, _, jwks in pairs}


def _setting(default: object, description: str, rule: str, *, secret: bool = False, **constraints: Any) -> Any:
    """A field with its meaning and the rule that a value has to meet; a secret value is never shown."""
    return Field(
        default,
        description=description,
        json_schema_extra={"rule": rule},
        repr=not secret,
        validate_default=True,
        **constraints,
    )


def _paths(value: object) -> object:
    """`TMF629=customers/v4`, separated by commas, as Open API → path."""
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
    if any(not api.isalnum() or not path.strip("/ ") for api, _, path in pairs):
        raise ValueError(value)
    return {api.upper(): path for api, _, path in pairs}


HttpAddress = Annotated[str | None, AfterValidator(_http_address)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_commas)]
Paths = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_paths)]
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().resolve())]


class BackendSettings(BaseModel, frozen=True):
    """Where one BSS backend is and how long we wait for it."""

    base_url: HttpAddress = _setting(
        None,
        "Address of this backend; unset: `ORDERWAY_BACKENDS_BASE_URL`.",
        "an http:// or https:// address without query",
    )
    path_prefixes: Paths = _setting(
        {},
        "Paths between the address and the resource, in place of those TM Forum publishes, by Open API, separated by "
        "commas (for example `TMF629=customers/v4,TMF632=parties/v4`).",
        "a list such as TMF629=customers/v4,TMF632=parties/v4",
    )
    dialect: Literal["v4", "v5"] = _setting(
        "v4",
        "Generation of the Open APIs that it speaks; CUSTOMER, CATALOG, PROVISIONING and INVENTORY may speak v5.",
        "v4 or v5",
    )
    authorization: Annotated[SecretStr | None, AfterValidator(_header_value)] = _setting(
        None,
        "What to send as the `Authorization` header, for example `Bearer …`. Unset: no such header.",
        "one line of visible ASCII characters",
        secret=True,
    )
    deadline: float = _setting(
        8.0,
        "Seconds that one call may take, retries included.",
        "a number of seconds above 0 and up to 120",
        gt=0,
        le=120,
    )
    concurrency: int = _setting(
        16,
        "Tasks of orders that one worker carries out on it at once; the others wait, the urgent ones in front.",
        "a number from 1 to 1000",
        ge=1,
        le=1000,
    )


class BackendsSettings(BaseModel, frozen=True):
    """One entry per backend, under the name that errors and health give it."""

    customer: BackendSettings = BackendSettings()
    catalog: BackendSettings = BackendSettings()
    address: BackendSettings = BackendSettings()
    serviceability: BackendSettings = BackendSettings()
    workforce: BackendSettings = BackendSettings()
    provisioning: BackendSettings = BackendSettings()
    inventory: BackendSettings = BackendSettings()
    billing: BackendSettings = BackendSettings()
    channels: BackendSettings = BackendSettings()
    credit: BackendSettings = BackendSettings()
    documents: BackendSettings = BackendSettings()
    intelligent_network: BackendSettings = BackendSettings()
    ledger: BackendSettings = BackendSettings()
    service_resources: BackendSettings = BackendSettings()


BACKENDS: Final = tuple(BackendsSettings.model_fields)


class LimitSettings(Limits, frozen=True):
    """What one caller may ask for."""

    batch_lines: int = _setting(10_000, "Most orders in one batch.", "a number from 1 to 100000", ge=1, le=100_000)
    page_size: int = _setting(
        100, "Most items on one page of a connection.", "a number from 10 to 1000", ge=10, le=1000
    )
    idempotency_days: int = _setting(
        30,
        "Days that an idempotency key is remembered, at least.",
        "a number of days from 1 to 3650",
        ge=1,
        le=3650,
    )


class TaskSettings(BaseModel, frozen=True):
    """How patient an order is with its backends; an order keeps what held when it started."""

    attempts: int = _setting(
        10,
        "Times that a task is tried while its backend does not answer, before people have to decide.",
        "a number from 1 to 1000",
        ge=1,
        le=1000,
    )
    first_pause: float = _setting(
        1.0,
        "Seconds before a task is tried for the second time; the pause doubles up to a minute.",
        "a number of seconds above 0 and up to 60",
        gt=0,
        le=60,
    )
    first_poll: float = _setting(
        2.0,
        "Seconds before a backend that has not called back is asked; the pause doubles up to a minute.",
        "a number of seconds above 0 and up to 60",
        gt=0,
        le=60,
    )


class DocumentSettings(BaseModel, frozen=True):
    """How clients may name the documents that they want executed."""

    automatic: bool = _setting(
        True,
        "Whether clients may send the hash of a document in place of one that they sent before (automatic persisted "
        "queries).",
        "true or false",
    )
    manifests: Names = _setting(
        (),
        "Files with the documents that are trusted, separated by commas; `orderway documents` writes and checks them.",
        "a list of files separated by commas",
    )
    trust: Literal["off", "log", "enforce"] = _setting(
        "off",
        "What becomes of documents that no manifest has: `off`: they are executed, `log`: and logged, `enforce`: they "
        "are refused.",
        "off, log or enforce",
    )
    exempt: Names = _setting(
        (),
        "Roles that may send any document nevertheless, separated by commas (`developer` for GraphiQL).",
        "a list of roles separated by commas",
    )


class DraftSettings(BaseModel, frozen=True):
    """How long a draft waits for its channel to go on."""

    days: int = _setting(
        30,
        "Days that a draft is kept after its last change, in channels for which the registry says nothing else.",
        "a number of days from 1 to 3650",
        ge=1,
        le=3650,
    )
    notice_days: int = _setting(
        3, "Days before its end that the customer is told.", "a number of days from 0 to 365", ge=0, le=365
    )


class MonitoringSettings(BaseModel, frozen=True):
    """Where a process shows how it does, apart from the address that clients call."""

    host: str = _setting(
        "127.0.0.1",
        "Address on which each gateway and worker shows its metrics and health. Whoever reaches it needs no token: "
        "open it to your Prometheus only.",
        "a host name or IP address",
        min_length=1,
    )
    port: int | None = _setting(
        None,
        "Port of `/metrics` (Prometheus), `/health/live` and `/health/ready` there. Unset: nothing is shown there.",
        "a port from 1 to 65535",
        ge=1,
        le=65535,
    )
    slow_seconds: float = _setting(
        1.0,
        "Seconds after which a query or mutation is logged as `slow_operation` (of one name, once in ten seconds).",
        "a number of seconds above 0 and up to 120",
        gt=0,
        le=120,
    )


class WebhookSettings(BaseModel, frozen=True):
    """How patiently webhooks are called, and where they may be."""

    attempts: int = _setting(
        8,
        "Times that a webhook is told of an event before it is given up as a dead letter.",
        "a number from 1 to 1000",
        ge=1,
        le=1000,
    )
    first_pause: float = _setting(
        1.0,
        "Seconds before a webhook is called for the second time; the pause doubles up to ten minutes.",
        "a number of seconds above 0 and up to 60",
        gt=0,
        le=60,
    )
    private_addresses: bool = _setting(
        False,
        "Whether webhooks may be in private networks and without TLS. Where development tokens are accepted, they may "
        "be on this machine in any case.",
        "true or false",
    )


class Settings(BaseSettings):
    """Everything that can be set. Read it with `load`, which refuses what is wrong or unknown by name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=ENV_FILE,
        env_ignore_empty=True,
        dotenv_filtering="only_existing",
        extra="forbid",
        frozen=True,
    )

    host: str = _setting("127.0.0.1", "Address that the gateway listens on.", "a host name or IP address", min_length=1)
    port: int = _setting(8000, "Port that the gateway listens on.", "a port from 1 to 65535", ge=1, le=65535)
    public_url: HttpAddress = _setting(
        None,
        "Address at which backends reach the gateway; their callbacks come here. Unset: the gateway's host and port.",
        "an http:// or https:// address without query",
    )
    drain_seconds: int = _setting(
        10,
        "Seconds that operations under way may take to finish when the gateway stops.",
        "a whole number of seconds from 1 to 600",
        ge=1,
        le=600,
    )
    data_dir: Folder = _setting(
        Path(".orderway"), "Folder of the embedded parts: their data, logs and development key.", "a folder"
    )
    rules_dir: Annotated[Path | None, AfterValidator(_folder)] = _setting(
        None,
        "Folder of your own rule files, read again whenever they change. Unset, or a file that is not in it: the rules "
        "that Orderway comes with (`app/rules`).",
        "a folder that exists",
    )
    mongodb_uri: Annotated[str | None, AfterValidator(_mongodb_address)] = _setting(
        None,
        "MongoDB with the orders, a replica set or a sharded cluster. Unset: SQLite in the data folder.",
        "a mongodb:// or mongodb+srv:// address (unset it to use the embedded store)",
        secret=True,
    )
    mongodb_database: str = _setting(
        "orderway",
        "Database in MongoDB.",
        "a database name of up to 63 characters",
        pattern=r'^[^/\\. "$*<>:|?]{1,63}$',
    )
    temporal_address: Annotated[str | None, AfterValidator(_host_and_port)] = _setting(
        None,
        "Temporal server that carries the running orders, as `host:port`. Unset: `orderway dev` starts one.",
        "an address of the form host:port",
    )
    temporal_namespace: str = _setting("default", "Temporal namespace.", "a namespace name", min_length=1)
    temporal_task_queue: str = _setting(
        "orderway", "Temporal task queue that gateway and workers share.", "a task queue name", min_length=1
    )
    temporal_tls: bool = _setting(False, "Whether to talk TLS to Temporal.", "true or false")
    temporal_api_key: SecretStr | None = _setting(None, "API key for Temporal.", "a key", secret=True)
    temporal_executable: str | None = _setting(
        None,
        "The `temporal` program that `orderway dev` starts. Unset: the one that came with the installation, "
        "else the one on the path.",
        "a file",
        min_length=1,
    )
    backends_base_url: HttpAddress = _setting(
        None,
        "Address of every backend that has none of its own. Unset: `orderway dev` starts the mock BSS server for them.",
        "an http:// or https:// address without query",
    )
    backends: BackendsSettings = BackendsSettings()
    jwt_issuers: Annotated[dict[str, str | None], NoDecode, BeforeValidator(_issuers)] = _setting(
        {},
        "Token issuers to trust, separated by commas: `issuer=jwks`, where `jwks` is the address or file of its keys, "
        "or `issuer` alone to find them by OpenID discovery.",
        "a list of issuer=jwks pairs separated by commas, each issuer an http:// or https:// address",
    )
    jwt_audience: str = _setting("orderway", "Audience that a token must name.", "an audience name", min_length=1)
    jwt_clock_skew: int = _setting(
        30, "Seconds by which clocks may differ when a token's times are checked.", "0 to 600 seconds", ge=0, le=600
    )
    development_tokens: bool = _setting(
        False,
        "Whether to accept tokens made by `orderway token`. `orderway dev` turns it on; leave it off elsewhere.",
        "true or false",
    )
    allowed_origins: Names = _setting(
        (),
        "Web origins that may call the gateway from a browser, separated by commas; `*` allows all.",
        "a list of origins separated by commas",
    )
    introspection_roles: Names | None = _setting(
        None,
        "Roles that may ask for the schema and are told what they may have meant, separated by commas. Unset: "
        "developer, and everybody where development tokens are accepted.",
        "a list of roles separated by commas",
    )
    compiled: bool = _setting(
        True,
        "Whether operations that come again are compiled to Python; `false`: graphql-core executes all, at a tenth of "
        "the speed and with the same answers.",
        "true or false",
    )
    limits: LimitSettings = LimitSettings()
    tasks: TaskSettings = TaskSettings()
    drafts: DraftSettings = DraftSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    documents: DocumentSettings = DocumentSettings()
    webhooks: WebhookSettings = WebhookSettings()
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Least severe log event to write.", "debug, info, warning or error"
    )
    log_format: Literal["json", "console"] = _setting(
        "json", "How log events look: one JSON object a line, or text for people.", "json or console"
    )

    @property
    def local_url(self) -> str:
        """The gateway's address as seen from this machine, without a trailing slash."""
        return f"http://{_reachable(self.host)}:{self.port}"

    @property
    def callback_url(self) -> str:
        """The address that backends are told to call back, without a trailing slash."""
        return self.public_url or self.local_url

    def backend(self, name: str) -> BackendSettings:
        """One backend by its name, with the common base URL filled in where it has none of its own."""
        own: BackendSettings = getattr(self.backends, name)
        return own if own.base_url else own.model_copy(update={"base_url": self.backends_base_url})

    def homeless_backends(self) -> tuple[str, ...]:
        """The backends for which no address is set."""
        return tuple(name for name in BACKENDS if self.backend(name).base_url is None)


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting, for people: its variable, its default as one would write it, and what it means."""

    variable: str
    default: str
    meaning: str


def load(**chosen: object) -> Settings:
    """The settings from environment and `.env`, with what the command line chose (None: not chosen) before both.

    Raises CannotStart with one sentence per wrong value or unknown name.
    """
    wrong = [*_unknown_names({**dotenv_values(ENV_FILE), **os.environ})]
    try:
        given = {name: value for name, value in chosen.items() if value is not None}
        settings = Settings(**given)  # type: ignore[arg-type]  # checked by the model itself
    except ValidationError as refusal:
        wrong += [_sentence(error) for error in refusal.errors(include_url=False)]
    if wrong:
        raise CannotStart("\n".join(wrong))
    return settings


def values(settings: Settings) -> dict[str, object]:
    """The value of every setting, by its variable; secrets among them."""
    return {
        variable: getattr(owner, field)
        for owner, variables in _owners(settings)
        for field, variable in variables.items()
    }


def describe() -> list[SettingDescription]:
    """Every setting once; the settings that each backend has stand once, with `<NAME>` for the backend's name."""
    return [
        SettingDescription(variable, _written(field), field.description or "")
        for variable, field in _fields(Settings)
        if f"{PREFIX}BACKENDS__" not in variable or f"__{BACKENDS[0].upper()}__" in variable
        for variable in [variable.replace(f"__{BACKENDS[0].upper()}__", "__<NAME>__")]
    ]


def markdown_table() -> str:
    """The table of the README."""
    rows = [f"| `{s.variable}` | {f'`{s.default}`' if s.default else '–'} | {s.meaning} |" for s in describe()]
    return "\n".join(["| Setting | Default | Meaning |", "|---|---|---|", *rows])


def _fields(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[tuple[str, FieldInfo]]:
    """Each leaf of the settings tree with the variable that sets it."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", field


def _owners(settings: BaseModel, prefix: str = PREFIX) -> Iterator[tuple[BaseModel, dict[str, str]]]:
    """Each part of the settings tree, with the variables of the leaves that it has itself."""
    leaves = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _owners(value, f"{prefix}{name.upper()}__")
        else:
            leaves[name] = f"{prefix}{name.upper()}"
    yield settings, leaves


def _written(field: FieldInfo) -> str:
    """The default as one would write it in the environment; empty when there is none."""
    default = field.default
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default in (None, (), {}) else str(default)


def _unknown_names(environment: Mapping[str, str | None]) -> Iterator[str]:
    """A misspelled setting that was only ignored would silently start the embedded part in its place."""
    known = {variable for variable, _ in _fields(Settings)}
    for name in sorted(environment):
        upper = name.upper()
        if upper.startswith(PREFIX) and not upper.startswith(TEST_PREFIX) and upper not in known:
            near = get_close_matches(upper, known, n=1)
            yield f"{name}: there is no such setting{f'; did you mean {near[0]}?' if near else '.'}"


def _sentence(error: ErrorDetails) -> str:
    variable = PREFIX + "__".join(part for part in error["loc"] if isinstance(part, str)).upper()
    for known, field in _fields(Settings):
        if variable == known or variable.startswith(f"{known}__"):  # behind the field's name: a place inside its value
            extra = field.json_schema_extra
            rule = extra["rule"] if isinstance(extra, dict) else error["msg"]
            shown = str(error["input"])[:80] if field.repr else "the value"
            return f"{known}: {shown} is not {rule}."
    return f"{variable}: {error['msg']}."
