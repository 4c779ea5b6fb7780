"""The command line: `orderway --help`. Each command imports what it needs when it runs, so that all start quickly."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cannot_start import CannotStart
from app.domain.actor import Actor, Role
from app.settings.model import Settings
from app.settings.variables import load, markdown_table

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA_FILE: Final = Path("schema.graphql")
MOCK_PORT: Final = 8100
# Who a development token speaks for, and through which channel, when the command does not say. The ids are the mock's.
USUAL: Final = {
    Role.CUSTOMER: ("cust-1001", "online"),
    Role.AGENT: ("agent-1", "callCentre"),
    Role.DEALER: ("dealer-100", "dealer"),
    Role.AFFILIATE: ("affiliate-1", "affiliate"),
    Role.OPERATIONS: ("operations-1", "backOffice"),
    Role.DEVELOPER: ("developer-1", "online"),
    Role.SYSTEM: ("system-1", "system"),
}

cli = typer.Typer(
    name="orderway",
    help="Customer Order Management (TM Forum TAM 5.3) as one GraphQL graph over BSS backends.\n\n"
    "Start with: orderway dev --demo\n\n"
    "Settings are environment variables that start with ORDERWAY_ (or a .env file); `orderway settings` lists them. "
    "Exit codes: 0 it went well, 1 it did not, 2 it could not start as it was asked to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

documents = typer.Typer(
    help="Trusted documents: what clients may ask, known beforehand. Manifests are read as Apollo Client writes them, "
    "or as one JSON object from ids to documents (Relay, GraphQL Code Generator).",
    no_args_is_help=True,
)
cli.add_typer(documents, name="documents")

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Manifests or GraphQL documents, in place of those in ORDERWAY_DOCUMENTS__MANIFESTS."),
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Data folder, in place of ORDERWAY_DATA_DIR (./.orderway).")
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Port to listen on, in place of ORDERWAY_PORT (8000)."),
]
Sample = Annotated[
    str,
    typer.Option(
        "--sample",
        metavar="family|tmf622",
        help="Which order: a family bundle of fibre, TV and two mobile lines; or the order published with TMF622.",
    ),
]


@contextmanager
def _loading() -> Iterator[None]:
    """What is loaded here stays until the end: looking for garbage in it would only take time, now and later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main() -> None:
    """Run the command line; what cannot start is told in a sentence on standard error, with exit code 2."""
    try:
        cli(prog_name="orderway")
    except CannotStart as refusal:
        typer.echo(str(refusal), err=True)
        raise SystemExit(2) from refusal


@cli.command()
def dev(
    port: Port = None,
    data: Data = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="When ready, place the family sample order and show it.")
    ] = False,
) -> None:
    """Start everything on this machine and serve until Ctrl-C.

    Starts the gateway and a worker, and each of these that no setting names: a Temporal development server, the mock
    BSS server, the SQLite store. All data, logs and the key for development tokens are in the data folder.
    Development only: the gateway accepts the tokens that `orderway token` makes.

    Examples:

      orderway dev

      orderway dev --port 8080 --data ~/orderway-data --demo
    """
    from app.embedded.development import develop

    settings = load(port=port, data_dir=data, development_tokens=True)
    console = _console()
    outcome: list[bool] = []

    async def show(url: str) -> None:
        from app.demo import place_sample

        token = development_token(settings, Role.CUSTOMER)
        outcome.append(await place_sample(url, token, "family", console))

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    code = develop(settings, say=say, when_ready=show if demo else None)
    raise typer.Exit(code if all(outcome) else 1)


@cli.command()
def serve(port: Port = None) -> None:
    """Run one gateway until SIGTERM. It keeps no state: run as many as you like.

    Needs ORDERWAY_TEMPORAL_ADDRESS, ORDERWAY_BACKENDS_BASE_URL (or an address per backend) and ORDERWAY_JWT_ISSUERS.

    Example:

      ORDERWAY_TEMPORAL_ADDRESS=temporal:7233 ORDERWAY_MONGODB_URI=mongodb://db orderway serve --port 8080
    """
    from app import telemetry
    from app.embedded.ports import require_free_port
    from connectors.base import correlation_id

    settings = load(port=port)
    _require_surroundings(settings)
    if not settings.jwt_issuers and not settings.development_tokens:
        raise CannotStart("ORDERWAY_JWT_ISSUERS is not set: no token would be accepted, so nobody could sign in.")
    require_free_port(settings.host, settings.port)
    telemetry.configure(settings, "gateway", {"correlation_id": correlation_id})
    with _loading():
        from app.serve import serve as run_gateway

    run_gateway(settings, lambda: load(port=port))


@cli.command()
def worker() -> None:
    """Run one worker until SIGTERM; it carries orders out. Run as many as you like.

    Needs ORDERWAY_TEMPORAL_ADDRESS and ORDERWAY_BACKENDS_BASE_URL (or an address per backend).

    Example:

      ORDERWAY_TEMPORAL_ADDRESS=temporal:7233 ORDERWAY_MONGODB_URI=mongodb://db orderway worker
    """
    from app import telemetry
    from connectors.base import correlation_id

    settings = load()
    _require_surroundings(settings)
    telemetry.configure(settings, "worker", {"correlation_id": correlation_id})
    with _loading():
        from app.work import run_worker

    run_worker(settings, load)


@cli.command("mock-bss")
def mock_bss(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = MOCK_PORT,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    data: Data = None,
    pace: Annotated[
        float, typer.Option("--pace", min=0, help="How long provisioning takes: 2 is twice as long, 0 no time.")
    ] = 1.0,
) -> None:
    """Run the mock BSS server: a small operator's backends, with a control endpoint for faults.

    Example:

      orderway mock-bss --port 8100 --pace 0.1
    """
    from app.embedded.ports import require_free_port

    folder = load(data_dir=data).data_dir / "mock-bss"
    require_free_port(host, port)
    folder.mkdir(parents=True, exist_ok=True)
    from connectors.mock.server import run

    run(host, port, folder, pace=pace)


@cli.command()
def demo(
    url: Annotated[
        str | None, typer.Option("--url", help="Address of a running gateway (http://127.0.0.1:8000).")
    ] = None,
    data: Data = None,
    sample: Sample = "family",
) -> None:
    """Place a sample order through the public GraphQL API and follow it; exit code 0 only if it completed.

    Needs a gateway started by `orderway dev` with the same data folder, for the key of its development tokens.

    Examples:

      orderway demo

      orderway demo --url http://127.0.0.1:8080 --sample tmf622
    """
    import asyncio

    from app.demo import SAMPLES, place_sample

    if sample not in SAMPLES:
        raise CannotStart(f"--sample: {sample} is not {' or '.join(SAMPLES)}.")
    settings = load(data_dir=data)
    token = development_token(settings, Role.CUSTOMER, SAMPLES[sample].customer_id)
    completed = asyncio.run(place_sample((url or settings.local_url).rstrip("/"), token, sample, _console()))
    raise typer.Exit(0 if completed else 1)


@cli.command()
def token(
    role: Annotated[Role, typer.Option("--role", help="What the caller is to the operator.")],
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="Who: a customer id, a dealer's organization id, or a name. Has a default."),
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help="Sales channel the calls come through. Has a default per role.")
    ] = None,
    on_behalf_of: Annotated[
        str | None, typer.Option("--on-behalf-of", help="For whom the caller acts: a customer or dealer id.")
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Only this right of the role; may be given several times.")
    ] = None,
    data: Data = None,
) -> None:
    """Print a development token and nothing else. A gateway accepts it if `orderway dev` started it on this data.

    Examples:

      orderway token --role customer --subject cust-1001

      curl -H "Authorization: Bearer $(orderway token --role agent)" …
    """
    scopes = frozenset(scope) if scope else None
    typer.echo(development_token(load(data_dir=data), role, subject, channel, on_behalf_of, scopes))


@cli.command()
def policy() -> None:
    """Print who may use which field of the graph, what is shown of it, and which rows each role sees, as Markdown.

    Examples:

      orderway policy | less
    """
    from app.security.matrix import page

    typer.echo(page(), nl=False)


@cli.command()
def schema(
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare with ./schema.graphql instead: exit code 1 and a diff if it differs."),
    ] = False,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Compare with this older schema instead: what its clients cannot go on with (exit code 1), and what "
            "may surprise them.",
        ),
    ] = None,
    federation: Annotated[
        bool, typer.Option("--federation", help="Print it as an Apollo Federation 2 subgraph, for composers.")
    ] = False,
) -> None:
    """Print the GraphQL schema, check that ./schema.graphql is the schema, or compare it with an older one.

    Examples:

      orderway schema > schema.graphql

      orderway schema --check

      orderway schema --since released.graphql

      orderway schema --federation > orderway.subgraph.graphql
    """
    from resolvers.schema import schema as graph

    if federation:
        from resolvers.subgraph import subgraph_sdl

        if check or since:
            raise CannotStart("--federation is for printing only, without --check and --since.")
        typer.echo(subgraph_sdl(graph), nl=False)
        return
    if since is not None:
        _compare(since, graph.as_str())
        return
    printed = graph.as_str().rstrip("\n") + "\n"
    if not check:
        typer.echo(printed, nl=False)
        return
    if not SCHEMA_FILE.exists():
        raise CannotStart(f"{SCHEMA_FILE} is not in this folder: write it with `orderway schema > {SCHEMA_FILE}`.")
    kept = SCHEMA_FILE.read_text(encoding="utf-8")
    if kept != printed:
        difference = unified_diff(kept.splitlines(True), printed.splitlines(True), str(SCHEMA_FILE), "the code")
        typer.echo("".join(difference), nl=False)
        raise typer.Exit(1)


def _compare(older: Path, newer: str) -> None:
    """Say what clients of the older schema have to be changed for, and what may surprise them."""
    from graphql import DangerousChangeType, GraphQLError, build_schema, find_breaking_changes, find_dangerous_changes

    try:
        before = build_schema(older.read_text(encoding="utf-8"))
    except (GraphQLError, TypeError, UnicodeDecodeError) as error:
        raise CannotStart(f"--since: {older} is no GraphQL schema: {error}") from None
    after = build_schema(newer)
    breaking = find_breaking_changes(before, after)
    for broken in breaking:
        typer.echo(f"breaks: {broken.description}")
    # what may be left out is left out by older clients
    unseen = (DangerousChangeType.OPTIONAL_ARG_ADDED, DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED)
    for change in find_dangerous_changes(before, after):
        if change.type not in unseen:
            typer.echo(f"may surprise: {change.description}")
    if breaking:
        raise typer.Exit(1)


@documents.command("check")
def check_documents(files: Files = None) -> None:
    """Check that every document in these files can be executed; exit code 1 and the reasons if not.

    Examples:

      orderway documents check

      orderway documents check persisted-documents.json src/**/*.graphql
    """
    from app.documents import faults_of, read_files

    settings = load()
    found = read_files(_files(files, settings))
    faults = faults_of(found, settings)
    for fault in faults:
        typer.echo(fault)
    typer.echo(f"{len(found)} documents, {len(faults)} cannot be executed.")
    raise typer.Exit(1 if faults else 0)


@documents.command("add")
def add_documents(
    files: Annotated[list[Path], typer.Argument(help="Manifests, or GraphQL documents as their clients send them.")],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="The manifest to add to, in place of the first that is set.")
    ] = None,
) -> None:
    """Add documents to a manifest, which is made if it is not there. Documents that cannot be executed are not added.

    Example:

      orderway documents add --manifest trusted.json src/queries/*.graphql build/persisted-documents.json
    """
    from app.documents import add, faults_of, read_files

    settings = load()
    target = manifest or next(iter(_files(None, settings)))
    found = read_files(files)
    if faults := faults_of(found, settings):
        typer.echo("\n".join(faults))
        raise typer.Exit(1)
    added, all_there = add(target, found)
    typer.echo(f"{added} added, {all_there} documents in {target}.")


@documents.command("list")
def list_documents(files: Files = None) -> None:
    """Print the documents in these files: id, kind and name of each.

    Example:

      orderway documents list trusted.json
    """
    from app.documents import read_files

    for document in read_files(_files(files, load())):
        typer.echo(f"{document.id}  {document.kind or '-':12}  {document.name or '-'}")


def _files(given: list[Path] | None, settings: Settings) -> list[Path]:
    """The files that were named, else the manifests that are set. Raises CannotStart."""
    files = given or [Path(name) for name in settings.documents.manifests]
    if not files:
        raise CannotStart("No file is named, and ORDERWAY_DOCUMENTS__MANIFESTS is not set.")
    return files


@cli.command()
def explain(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file with one GraphQL operation.")],
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="NAME", help="A variable of @skip or @include that is false."),
    ] = None,
) -> None:
    """Print how an operation is carried out: its plan, and the Python that it is compiled to.

    Variables that decide what is skipped and included are true, but for those named by --without.

    Example:

      orderway explain app/examples/03-list-orders.graphql
    """
    from app.gateway.errors import Refused
    from app.gateway.execution.explained import explained
    from app.gateway.execution.plan import NotCovered
    from resolvers.schema import schema as graph

    try:
        typer.echo(explained(graph, file.read_text(encoding="utf-8"), false=without or ()), nl=False)
    except Refused as refused:
        raise CannotStart(f"{file}: " + " ".join(error.message for error in refused.errors)) from None
    except NotCovered as why:
        raise CannotStart(f"{file}: it is not compiled, but executed by graphql-core: {why}.") from None


@cli.command("settings")
def list_settings() -> None:
    """Print the table of all settings, as Markdown."""
    typer.echo(markdown_table())


def _require_surroundings(settings: Settings) -> None:
    """Raises CannotStart when something is not set that only `orderway dev` would start by itself."""
    missing = []
    if settings.temporal_address is None:
        missing.append("ORDERWAY_TEMPORAL_ADDRESS is not set: name a Temporal server; only `orderway dev` starts one.")
    if homeless := settings.homeless_backends():
        missing.append(
            f"ORDERWAY_BACKENDS_BASE_URL is not set, and these backends have no address: {', '.join(homeless)}."
        )
    if missing:
        raise CannotStart("\n".join(missing))


def development_token(
    settings: Settings,
    role: Role,
    subject: str | None = None,
    channel: str | None = None,
    on_behalf_of: str | None = None,
    scopes: frozenset[str] | None = None,
) -> str:
    """A token for a gateway that accepts development tokens made with the key in the data folder."""
    from datetime import timedelta

    from app.security.development import DevelopmentKey

    usual_subject, usual_channel = USUAL[role]
    actor = Actor(
        subject=subject or usual_subject,
        role=role,
        channel=channel or usual_channel,
        on_behalf_of=on_behalf_of,
        scopes=scopes,
    )
    try:
        key = DevelopmentKey.load_or_create(settings.data_dir)
    except (OSError, ValueError) as refusal:
        raise CannotStart(f"There is no development key in {settings.data_dir}: {refusal}") from refusal
    return key.mint(actor, timedelta(hours=12))


def _console() -> "Console":
    from rich.console import Console

    return Console()


if __name__ == "__main__":
    main()
