"""The files of `deploy/` keep to what Orderway really has: settings, commands, metrics, labels, ports."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import Counter, Histogram

from app import metrics
from app.cli import cli
from app.embedded.parts import DYNAMIC
from app.gateway import meters
from app.settings.model import PREFIX, Settings
from app.settings.variables import describe, load

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
COMPOSE: Final = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: Final[Mapping[str, Any]] = COMPOSE["services"]
IMAGE: Final = "orderway:0.1.0"
OF_ORDERWAY: Final = sorted(name for name, service in SERVICES.items() if service["image"] == IMAGE)
SUFFIXES: Final = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
OF_PROMETHEUS: Final = {"le", "job", "instance"}


def series() -> dict[str, set[str]]:
    """Every series that Orderway shows, with its labels."""
    known: dict[str, set[str]] = {}
    for watched in metrics.WATCHED:
        base = watched.name.removesuffix("_total")
        known |= {base + suffix: set(watched.labels) for suffix in SUFFIXES[watched.kind]}
    for metric in (*vars(metrics).values(), *vars(meters).values()):
        if isinstance(metric, Counter | Histogram):
            (described,) = metric.describe()
            known |= {described.name + suffix: set(metric._labelnames) for suffix in SUFFIXES[described.type]}
    return known


def expressions() -> Iterator[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "orderway.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


def containerfile() -> list[tuple[str, str]]:
    """The instructions with their arguments, in order."""
    lines = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text()).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line and line[0] not in "# ")]


def environment_of(name: str) -> dict[str, str]:
    """What a service of Orderway is told: by its image, then by the compose file with nothing set outside."""
    of_image = dict(re.findall(rf"({PREFIX}\w+)=(\S+)", dict(containerfile())["ENV"]))
    given = SERVICES[name].get("environment", {})
    return of_image | {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in given.items()}


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_exist(expression: str) -> None:
    known = series()
    asked = re.findall(r"(orderway_\w+)(?:\{([^}]*)\})?", expression)
    labels: set[str] = set()
    for name, matchers in asked:
        assert name in known
        assert set(re.findall(r"(\w+)\s*[!=]~?\"", matchers)) <= known[name] | OF_PROMETHEUS
        labels |= known[name]
    grouped = {label for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(", ")}

    assert asked or re.search(r"\b(up|process_\w+)\b", expression)
    assert grouped <= labels | OF_PROMETHEUS


def test_every_metric_is_on_the_dashboard() -> None:
    dashboard = (DEPLOY / "grafana" / "orderway.json").read_text()
    shown = set(re.findall(r"orderway_\w+", dashboard))

    assert {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in series()} <= {
        name.removesuffix("_bucket") for name in shown
    }


def test_every_alert_says_how_urgent_it_is_and_what_to_do() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]

    for rule in group["rules"]:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert f"`{rule['alert']}`" in page


@pytest.mark.parametrize("name", OF_ORDERWAY)
def test_the_settings_of_each_service_are_taken(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for variable, value in environment_of(name).items():
        monkeypatch.setenv(variable, value)

    settings = load()

    command = SERVICES[name]["command"][0]
    assert command in {known.name or known.callback.__name__ for known in cli.registered_commands if known.callback}
    if command in ("serve", "worker"):
        assert settings.homeless_backends() == ()
        assert settings.temporal_address
        assert settings.mongodb_uri
    if command == "serve":
        assert settings.jwt_issuers or settings.development_tokens


def test_no_file_names_a_setting_that_is_none() -> None:
    known = {setting.variable for setting in describe()}
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    named = {name for path in files for name in re.findall(rf"{PREFIX}\w+", path.read_text())}

    assert named <= known
    assert len(named) > 5


def test_there_are_two_of_each_and_what_they_need() -> None:
    commands = [SERVICES[name]["command"][0] for name in OF_ORDERWAY]
    servers = re.findall(r"^    server (\S+) \1:(\d+)$", (DEPLOY / "haproxy" / "haproxy.cfg").read_text(), re.MULTILINE)
    members = [name for name, service in SERVICES.items() if "--replSet" in service.get("command", ())]
    uri = COMPOSE["x-environment"]["ORDERWAY_MONGODB_URI"]

    assert (commands.count("serve"), commands.count("worker")) == (2, 2)
    assert servers == [("gateway-1", str(Settings().port)), ("gateway-2", str(Settings().port))]
    assert uri.startswith(f"mongodb://{','.join(members)}/?replicaSet=orderway")
    assert json.dumps(members) in (DEPLOY / "mongodb" / "replica-set.js").read_text()
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[needed]
        for source, _, _ in (volume.partition(":") for volume in service.get("volumes", ())):
            assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_prometheus_asks_every_gateway_and_worker_where_they_answer() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    targets = {target for job in config["scrape_configs"] for target in job["static_configs"][0]["targets"]}
    monitored = [name for name in OF_ORDERWAY if SERVICES[name]["command"][0] in ("serve", "worker")]

    assert targets == {f"{name}:{environment_of(name)['ORDERWAY_MONITORING__PORT']}" for name in monitored}
    assert {job["job_name"] for job in config["scrape_configs"]} == {"orderway-gateway", "orderway-worker"}


def test_temporal_is_told_what_the_embedded_one_is_told() -> None:
    told = yaml.safe_load((DEPLOY / "temporal" / "orderway.yaml").read_text())
    embedded = {name: json.loads(value) for name, _, value in (setting.partition("=") for setting in DYNAMIC)}

    assert told
    assert {name: value for name, ((value),) in ((n, [v["value"] for v in values]) for n, values in told.items())} == {
        name: embedded[name] for name in told
    }


def test_the_image_is_built_in_stages_and_run_by_nobody_special() -> None:
    steps = containerfile()
    last = max(index for index, (word, _) in enumerate(steps) if word == "FROM")
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert [word for word, _ in steps].count("FROM") == 3
    assert all(rest.startswith("--from=") for word, rest in steps[last:] if word == "COPY")
    assert dict(steps[last:])["USER"] not in ("", "0", "root", "0:0")
    assert dict(steps[last:])["ENTRYPOINT"] == '["orderway"]'
    for needed in ("app", "connectors", "resolvers", "tools", "README.md", "pyproject.toml", "requirements.lock"):
        assert (ROOT / needed).exists()
        assert f"!{needed}" in ignored
