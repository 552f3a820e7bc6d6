"""The documents of the API say what it does: every path, scope and problem, and a tutorial whose program runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import override_settings
from tests.api.conftest import Office
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks

from lodeline.client import Client
from lodeline.office.accounts.tokens import SCOPES
from lodeline.web.api import api
from lodeline.web.api.problems import KINDS

REFERENCE = (REPOSITORY / "docs/reference/api.md").read_text("utf-8")
TUTORIAL = REPOSITORY / "docs/tutorial/erp-integration.md"


def test_the_reference_has_every_operation_with_its_scope() -> None:
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    words = {None: "open to anyone", "signed in": "any token"}
    published = {
        (f"{method.upper()} {path.removeprefix('/api/v1')}", words.get(found["x-scope"], f"`{found['x-scope']}`"))
        for path, operations in paths.items()
        for method, found in operations.items()
    }
    assert set(re.findall(r"^\| `((?:GET|POST) [^`]*)` \| ([^|]*?) \|", REFERENCE, re.MULTILINE)) == published


def test_the_reference_has_every_scope_and_every_problem() -> None:
    rows = re.findall(r"^\| `([a-z:-]+)` \| (?:(\d{3}) )?", REFERENCE, re.MULTILINE)
    assert {name for name, status in rows if ":" in name and not status} == set(SCOPES)
    assert {name: int(status) for name, status in rows if status} == {code: one[0] for code, one in KINDS.items()}


def test_the_reference_has_every_call_of_the_client() -> None:
    calls = {name for name in vars(Client) if not name.startswith("_")} - {"close"}
    assert {name for name in calls if f"{name}(" not in REFERENCE} == set()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def served(office: Office) -> Iterator[str]:
    """The address of a portal that serves the small world as the demo does."""
    application = get_wsgi_application()

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return application(environ, start_response)
        finally:
            connections.close_all()

    with override_settings(LODELINE_DEMO=True), make_server("127.0.0.1", 0, answer, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.medium
def test_the_program_of_the_tutorial_runs(
    office: Office, served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTAL", served)
    ((firm, count),) = office.store.database.rows(
        "SELECT receiver, COUNT(*) FROM transfer WHERE receipt_line IS NULL AND receiver IN"
        " (SELECT organisation FROM line) GROUP BY receiver ORDER BY COUNT(*) DESC LIMIT 1"
    )
    assert int(str(count)) >= 2
    monkeypatch.setenv("TOKEN", office.token(str(firm)))
    certifying = ("filings:read", "filings:write", "filings:certify")
    monkeypatch.setenv("CERTIFYING_TOKEN", office.token(str(firm), *certifying, role="certifier"))
    names: dict[str, Any] = {}
    for block in blocks(TUTORIAL):
        if block.language == "python":
            exec(compile(block.body, str(TUTORIAL), "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith(f"{firm} {firm}-")
    assert re.search(r"^\d+ asked$", printed, re.MULTILINE)
    assert "reject mass.negative 2 mass_kg" in printed
    assert re.search(r"^\d+ False True$", printed, re.MULTILINE)
    assert "not-found" in printed and "token-unknown" in printed
    assert (tmp_path / "cursor.txt").read_text("utf-8").count(".") == 1
    assert len(list(tmp_path.glob("receipt-*.json"))) == 1
    names["client"].close()
