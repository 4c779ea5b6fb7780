"""GraphiQL: a page of our own files only, with examples and, on this machine only, the development token."""

import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.gateway.graphiql import STATIC, Example, GraphiQLPage, Page
from tests.unit.gateway_toy import Toy, running

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PAGE = GraphiQLPage(
    token="dev-token", examples=(Example("Say hello", "query Hello { hello }", {"name": "</script><script>alert(1)"}),)
)
LOCK = Path(__file__).parents[2] / "tools" / "graphiql" / "package-lock.json"


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with running(graphiql=PAGE, signed_in=False) as toy:
        yield toy


async def html(toy: Toy, **headers: str) -> str:
    async with toy.http.get("/graphql", headers={"Accept": BROWSER, **headers}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        return await answer.text()


def config(page: str) -> dict[str, object]:
    found = re.findall(r'<script id="config" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    filled: dict[str, object] = json.loads(found[0])
    return filled


async def test_a_browser_gets_the_page_with_examples_and_token(toy: Toy) -> None:
    assert config(await html(toy)) == {
        "token": "dev-token",
        "examples": [
            {
                "name": "Say hello",
                "document": "query Hello { hello }",
                "variables": {"name": "</script><script>alert(1)"},
            }
        ],
    }


@pytest.mark.parametrize(
    ("host", "filled_in"),
    [
        ("localhost:8000", True),
        ("127.0.0.1", True),
        ("[::1]:8000", True),
        ("LOCALHOST", True),
        ("orderway.example", False),
        ("127.0.0.1.evil.example:8000", False),
        ("evil.example#localhost", False),
        ("[", False),
    ],
)
async def test_the_token_is_for_this_machine_only(toy: Toy, host: str, filled_in: bool) -> None:
    assert config(await html(toy, Host=host))["token"] == ("dev-token" if filled_in else None)


async def test_every_file_of_the_page_is_ours_and_is_served(toy: Toy) -> None:
    page = await html(toy)
    assert not re.search(r"(https?:)?//[a-z]", page)
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) > 8
    for file in files:
        if file.startswith("data:"):
            continue
        async with toy.http.get(file) as answer:
            assert answer.status == 200, file
            assert answer.headers["Content-Type"].startswith(("text/css", "text/javascript"))
            assert answer.headers["Cache-Control"] == "no-cache"
            validator = answer.headers["ETag"]
        async with toy.http.get(file, headers={"If-None-Match": validator}) as answer:
            assert answer.status == 304


async def test_the_page_may_reach_nothing_but_the_gateway(toy: Toy) -> None:
    async with toy.http.get("/graphql", headers={"Accept": BROWSER}) as answer:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not any("http" in sources or "*" in sources for sources in policy.values())


async def test_no_file_outside_the_folder_is_served(toy: Toy) -> None:
    for path in ("/graphiql/../app.py", "/graphiql/%2e%2e/app.py", "/graphiql/vendor/..%2f..%2f..%2fapp.py"):
        async with toy.http.get(path) as answer:
            assert answer.status == 404


async def test_a_client_that_wants_json_gets_json(toy: Toy) -> None:
    for accept in ("application/json", "*/*", "application/graphql-response+json, text/html;q=0.5"):
        async with toy.http.get("/graphql", params={"query": "{ hello }"}, headers={"Accept": accept}) as answer:
            assert answer.status == 401


async def test_without_graphiql_there_is_no_page() -> None:
    async with running() as toy:
        async with toy.http.get("/graphql", headers={"Accept": "text/html"}) as answer:
            assert answer.status == 406
        async with toy.http.get("/graphiql/page.js") as answer:
            assert answer.status == 404


def test_a_page_whose_files_are_not_installed_says_how_to_install_them(tmp_path: Path) -> None:
    shutil.copy(STATIC / "index.html", tmp_path)
    response = Page(PAGE, tmp_path).response("localhost")
    assert response.status_code == 503
    assert b"make install" in bytes(response.body)
    assert b"dev-token" not in bytes(response.body)


def test_what_is_installed_is_pinned_with_integrity_and_names_no_registry() -> None:
    packages = {name: package for name, package in json.loads(LOCK.read_text())["packages"].items() if name}
    assert {"node_modules/graphiql", "node_modules/react", "node_modules/graphql-ws"} <= packages.keys()
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
    assert "//" not in re.sub(r'"integrity": "[^"]*"', "", LOCK.read_text())
