"""Everything that can be set, by subject, each setting with its default, its meaning and its rule."""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.limits import Limits
from app.settings.kinds import (
    ExistingFolder,
    Folder,
    HeaderValue,
    HostAndPort,
    HttpAddress,
    Issuers,
    MongodbAddress,
    Names,
    Origins,
    Paths,
    setting,
)

PREFIX: Final = "ORDERWAY_"
ENV_FILE: Final = ".env"


class BackendSettings(BaseModel, frozen=True):
    """Where one BSS backend is and how long we wait for it."""

    base_url: HttpAddress = setting(
        None,
        "Address of this backend; unset: `ORDERWAY_BACKENDS_BASE_URL`.",
        "an http:// or https:// address without query",
    )
    path_prefixes: Paths = setting(
        {},
        "Paths between the address and the resource, in place of those TM Forum publishes, by Open API, separated by "
        "commas (for example `TMF629=customers/v4,TMF632=parties/v4`).",
        "a list such as TMF629=customers/v4,TMF632=parties/v4",
    )
    dialect: Literal["v4", "v5"] = setting(
        "v4",
        "Generation of the Open APIs that it speaks; CUSTOMER, CATALOG, PROVISIONING and INVENTORY may speak v5.",
        "v4 or v5",
    )
    authorization: HeaderValue = setting(
        None,
        "What to send as the `Authorization` header, for example `Bearer …`. Unset: no such header.",
        "one line of visible ASCII characters",
        secret=True,
    )
    deadline: float = setting(
        8.0,
        "Seconds that one call may take, retries included.",
        "a number of seconds above 0 and up to 120",
        gt=0,
        le=120,
    )
    concurrency: int = setting(
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

    batch_lines: int = setting(10_000, "Most orders in one batch.", "a number from 1 to 100000", ge=1, le=100_000)
    page_size: int = setting(100, "Most items on one page of a connection.", "a number from 10 to 1000", ge=10, le=1000)
    idempotency_days: int = setting(
        30,
        "Days that an idempotency key is remembered, at least.",
        "a number of days from 1 to 3650",
        ge=1,
        le=3650,
    )


class TaskSettings(BaseModel, frozen=True):
    """How patient an order is with its backends; an order keeps what held when it started."""

    attempts: int = setting(
        10,
        "Times that a task is tried while its backend does not answer, before people have to decide.",
        "a number from 1 to 1000",
        ge=1,
        le=1000,
    )
    first_pause: float = setting(
        1.0,
        "Seconds before a task is tried for the second time; the pause doubles up to a minute.",
        "a number of seconds above 0 and up to 60",
        gt=0,
        le=60,
    )
    first_poll: float = setting(
        2.0,
        "Seconds before a backend that has not called back is asked; the pause doubles up to a minute.",
        "a number of seconds above 0 and up to 60",
        gt=0,
        le=60,
    )


class DocumentSettings(BaseModel, frozen=True):
    """How clients may name the documents that they want executed."""

    automatic: bool = setting(
        True,
        "Whether clients may send the hash of a document in place of one that they sent before (automatic persisted "
        "queries).",
        "true or false",
    )
    manifests: Names = setting(
        (),
        "Files with the documents that are trusted, separated by commas; `orderway documents` writes and checks them.",
        "a list of files separated by commas",
    )
    trust: Literal["off", "log", "enforce"] = setting(
        "off",
        "What becomes of documents that no manifest has: `off`: they are executed, `log`: and logged, `enforce`: they "
        "are refused.",
        "off, log or enforce",
    )
    exempt: Names = setting(
        (),
        "Roles that may send any document nevertheless, separated by commas (`developer` for GraphiQL).",
        "a list of roles separated by commas",
    )


class DraftSettings(BaseModel, frozen=True):
    """How long a draft waits for its channel to go on."""

    days: int = setting(
        30,
        "Days that a draft is kept after its last change, in channels for which the registry says nothing else.",
        "a number of days from 1 to 3650",
        ge=1,
        le=3650,
    )
    notice_days: int = setting(
        3, "Days before its end that the customer is told.", "a number of days from 0 to 365", ge=0, le=365
    )


class MonitoringSettings(BaseModel, frozen=True):
    """Where a process shows how it does, apart from the address that clients call."""

    host: str = setting(
        "127.0.0.1",
        "Address on which each gateway and worker shows its metrics and health. Whoever reaches it needs no token: "
        "open it to your Prometheus only.",
        "a host name or IP address",
        min_length=1,
    )
    port: int | None = setting(
        None,
        "Port of `/metrics` (Prometheus), `/health/live` and `/health/ready` there. Unset: nothing is shown there.",
        "a port from 1 to 65535",
        ge=1,
        le=65535,
    )
    slow_seconds: float = setting(
        1.0,
        "Seconds after which a query or mutation is logged as `slow_operation` (of one name, once in ten seconds).",
        "a number of seconds above 0 and up to 120",
        gt=0,
        le=120,
    )


class WebhookSettings(BaseModel, frozen=True):
    """How patiently webhooks are called, and where they may be."""

    attempts: int = setting(
        8,
        "Times that a webhook is told of an event before it is given up as a dead letter.",
        "a number from 1 to 1000",
        ge=1,
        le=1000,
    )
    first_pause: float = setting(
        1.0,
        "Seconds before a webhook is called for the second time; the pause doubles up to ten minutes.",
        "a number of seconds above 0 and up to 60",
        gt=0,
        le=60,
    )
    private_addresses: bool = setting(
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

    host: str = setting("127.0.0.1", "Address that the gateway listens on.", "a host name or IP address", min_length=1)
    port: int = setting(8000, "Port that the gateway listens on.", "a port from 1 to 65535", ge=1, le=65535)
    public_url: HttpAddress = setting(
        None,
        "Address at which backends reach the gateway; their callbacks come here. Unset: the gateway's host and port.",
        "an http:// or https:// address without query",
    )
    drain_seconds: int = setting(
        10,
        "Seconds that operations under way may take to finish when the gateway stops.",
        "a whole number of seconds from 1 to 600",
        ge=1,
        le=600,
    )
    data_dir: Folder = setting(
        Path(".orderway"), "Folder of the embedded parts: their data, logs and development key.", "a folder"
    )
    rules_dir: ExistingFolder = setting(
        None,
        "Folder of your own rule files, read again whenever they change. Unset, or a file that is not in it: the rules "
        "that Orderway comes with (`app/rules`).",
        "a folder that exists",
    )
    mongodb_uri: MongodbAddress = setting(
        None,
        "MongoDB with the orders, a replica set or a sharded cluster. Unset: SQLite in the data folder.",
        "a mongodb:// or mongodb+srv:// address (unset it to use the embedded store)",
        secret=True,
    )
    mongodb_database: str = setting(
        "orderway",
        "Database in MongoDB.",
        "a database name of up to 63 characters",
        pattern=r'^[^/\\. "$*<>:|?]{1,63}$',
    )
    temporal_address: HostAndPort = setting(
        None,
        "Temporal server that carries the running orders, as `host:port`. Unset: `orderway dev` starts one.",
        "an address of the form host:port",
    )
    temporal_namespace: str = setting("default", "Temporal namespace.", "a namespace name", min_length=1)
    temporal_task_queue: str = setting(
        "orderway", "Temporal task queue that gateway and workers share.", "a task queue name", min_length=1
    )
    temporal_tls: bool = setting(False, "Whether to talk TLS to Temporal.", "true or false")
    temporal_api_key: SecretStr | None = setting(None, "API key for Temporal.", "a key", secret=True)
    temporal_executable: str | None = setting(
        None,
        "The `temporal` program that `orderway dev` starts. Unset: the one that came with the installation, "
        "else the one on the path.",
        "a file",
        min_length=1,
    )
    backends_base_url: HttpAddress = setting(
        None,
        "Address of every backend that has none of its own. Unset: `orderway dev` starts the mock BSS server for them.",
        "an http:// or https:// address without query",
    )
    backends: BackendsSettings = BackendsSettings()
    jwt_issuers: Issuers = setting(
        {},
        "Token issuers to trust, separated by commas: `issuer=jwks`, where `jwks` is the address or file of its keys, "
        "or `issuer` alone to find them by OpenID discovery.",
        "a list of issuer=jwks pairs separated by commas, each issuer an http:// or https:// address",
    )
    jwt_audience: str = setting("orderway", "Audience that a token must name.", "an audience name", min_length=1)
    jwt_clock_skew: int = setting(
        30, "Seconds by which clocks may differ when a token's times are checked.", "0 to 600 seconds", ge=0, le=600
    )
    development_tokens: bool = setting(
        False,
        "Whether to accept tokens made by `orderway token`. `orderway dev` turns it on; leave it off elsewhere.",
        "true or false",
    )
    allowed_origins: Names = setting(
        (),
        "Web origins that may call the gateway from a browser, separated by commas; `*` allows all.",
        "a list of origins separated by commas",
    )
    callback_origins: Origins = setting(
        (),
        "Routers that may have the answers of subscriptions sent to them (Apollo's HTTP callback protocol), by the "
        "origins of their callbacks, separated by commas (for example `http://router:4000`). Unset: nobody is called "
        "back.",
        "a list of http:// or https:// origins separated by commas",
    )
    introspection_roles: Names | None = setting(
        None,
        "Roles that may ask for the schema and are told what they may have meant, separated by commas. Unset: "
        "developer, and everybody where development tokens are accepted.",
        "a list of roles separated by commas",
    )
    compiled: bool = setting(
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
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Least severe log event to write.", "debug, info, warning or error"
    )
    log_format: Literal["json", "console"] = setting(
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


def _reachable(host: str) -> str:
    """How to address a listener on `host` from this machine, as part of a URL."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
