"""What operators ask is answered without a session, tells nothing of anybody, and logs hold no word that was typed."""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from prometheus_client.parser import text_string_to_metric_families
from tests.desk import Desk as Filer

from lodeline import __version__
from lodeline.build import build, commit
from lodeline.errors import UserError
from lodeline.office.models import Job
from lodeline.office.opening import prepare
from lodeline.store import opening
from lodeline.store.opening import create
from lodeline.web.server import configuration, logs
from lodeline.web.server.configuration import read
from lodeline.web.visit import desk

MIDDLEWARE = [
    "lodeline.web.server.operations.RequestLog",
    "lodeline.web.server.operations.TrustedProxy",
    "lodeline.web.server.operations.Operations",
]
SECRETS = ("张三", "110101199003078515", "zhang.san@example.org", "correct horse battery", "SECRET-LOT-7")


def fails(request: HttpRequest, lot: str) -> HttpResponse:
    """A page with a mistake whose message quotes what was typed."""
    try:
        int(request.POST["name"])
    except ValueError as error:
        raise RuntimeError(f"cannot file {lot} of {request.POST['mail']}") from error
    return HttpResponse("never")


def tells(request: HttpRequest) -> HttpResponse:
    """A page that shows whom it is asked by."""
    return HttpResponse(f"{request.META['REMOTE_ADDR']} {request.scheme} {request.META['lodeline.direct']}")


urlpatterns = [path("lots/<str:lot>/", fails, name="failing"), path("who/", tells, name="who")]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one entry and the portal's tables. Not to be changed."""
    path = tmp_path_factory.mktemp("example") / "store.sqlite3"
    filer = Filer(str(path))
    filer.firms("ACME")
    filer.put_away()
    return path


@pytest.fixture
def url(example: Path, tmp_path: Path) -> str:
    """A copy of it."""
    return str(shutil.copy(example, tmp_path / "store.sqlite3"))


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    desk.cache_clear()
    with override_settings(MIDDLEWARE=MIDDLEWARE, LODELINE_DATABASE=url, ROOT_URLCONF=__name__):
        yield Client(raise_request_exception=False)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the configuration of this process from variables."""

    def set_to(**variables: str) -> None:
        monkeypatch.setattr(configuration, "current", lambda: read(variables))

    return set_to


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """What the logs say meanwhile."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.JsonLines())
    handler.addFilter(logs.OnlyFaults())
    loggers = [logging.getLogger(name) for name in ("lodeline", "django")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    yield written
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get("/readyz")
    return response.status_code, response.json()


def until_ready(client: Client, url: str) -> dict[str, Any]:
    desk(url).reading()
    status, said = ready(client)
    assert (status, said["ready"]) == (200, True), said
    return said


def test_health_needs_no_store_and_no_host_name(client: Client) -> None:
    with override_settings(LODELINE_DATABASE="/nowhere/at/all"):
        response = client.get("/healthz", HTTP_HOST="10.1.2.3")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert client.post("/healthz").status_code == 405


def test_ready_says_what_it_looked_at(client: Client, url: str) -> None:
    answer = until_ready(client, url)
    assert (answer["version"], answer["commit"]) == (__version__, commit())
    checks = answer["checks"]
    assert checks.keys() == {"store", "guards", "law", "portal", "reading", "jobs", "proxy"}
    assert checks["store"]["entries"] == 1 and checks["reading"]["entry"] == 0


def test_a_process_without_a_reading_makes_one_and_is_not_ready_before(client: Client, url: str) -> None:
    status, said = ready(client)
    assert (status, said["checks"]["reading"]["ok"]) == (503, False)
    desk(url).reading()
    assert ready(client)[0] == 200


def test_not_ready_without_guards(client: Client, url: str) -> None:
    until_ready(client, url)
    Filer(url).store.database.execute('DROP TRIGGER "line_no_update"')
    status, said = ready(client)
    assert (status, said["checks"]["guards"]) == (503, {"ok": False, "missing": ["line_no_update"]})


def test_not_ready_without_a_store(client: Client, tmp_path: Path) -> None:
    with override_settings(LODELINE_DATABASE=str(tmp_path / "none.sqlite3")):
        status, said = ready(client)
    assert status == 503 and "lodeline init" in said["checks"]["store"]["problem"]["en"]


def test_a_lost_store_is_to_be_restored_and_not_made_again(client: Client, url: str) -> None:
    until_ready(client, url)
    Path(url).unlink()
    status, found = ready(client)
    problem = found["checks"]["store"]["problem"]
    assert status == 503 and "restore the newest backup" in problem["en"] and "恢复最新备份" in problem["zh"]
    assert "lodeline init" not in str(found)


def test_a_store_is_known_to_be_lost_by_its_answers_where_the_process_is_new(
    client: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk(url).reading()
    monkeypatch.setattr(opening, "_found", set())
    Path(url).unlink()
    assert "lodeline init" not in str(ready(client)[1])


def test_the_log_says_why_the_api_has_no_store(told: io.StringIO) -> None:
    away = "postgresql:///lodeline?host=/nowhere/a-socket"
    with override_settings(LODELINE_DATABASE=away):
        answer = Client(raise_request_exception=False, headers={"Host": "127.0.0.1"}).get(
            "/api/v1/filings", headers={"Authorization": "Bearer lodeline_any"}
        )
    assert answer.status_code == 503 and "a-socket" not in answer.content.decode()
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    assert any("a-socket" in line["what"] for line in lines), lines
    assert not any("%s" in line["what"] for line in lines), lines


def test_an_empty_store_is_ready_for_its_first_filing(client: Client, tmp_path: Path) -> None:
    empty = str(tmp_path / "empty.sqlite3")
    create(empty)
    prepare(empty)
    with override_settings(LODELINE_DATABASE=empty):
        ready(client)
        with pytest.raises(UserError):
            desk(empty).reading()
        ready(client)
        for _ in range(100):
            status, said = ready(client)
            if status == 200:
                break
    assert (status, said["checks"]["reading"]) == (200, {"ok": True, "entry": None})


def test_not_ready_where_jobs_wait_and_nobody_works(client: Client, url: str) -> None:
    until_ready(client, url)
    now = datetime.now(UTC)
    job = {"kind": "check", "created_at": now, "run_after": now - timedelta(minutes=10)}
    Job.objects.create(**job)
    status, said = ready(client)
    assert (status, said["checks"]["jobs"]) == (503, {"ok": False, "late": 1})
    Job.objects.create(**job, state="running", leased_until=now + timedelta(minutes=5))
    assert ready(client)[1]["checks"]["jobs"] == {"ok": True, "late": 1}


def test_details_and_numbers_are_for_this_machine_and_for_the_token(client: Client, url: str, configured: Any) -> None:
    until_ready(client, url)
    configured(LODELINE_METRICS_TOKEN="a-token-of-some-length")
    foreign: list[dict[str, str]] = [
        {"REMOTE_ADDR": "192.0.2.7"},
        # A proxy on this machine that nobody has said to trust, and what its visitor claims.
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer another-token-of-it"},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer "},
    ]
    for one in foreign:
        assert client.get("/metrics", **one).status_code == 403, one  # type: ignore[arg-type]
        assert client.get("/readyz", **one).json() == {"ready": True}, one  # type: ignore[arg-type]
    known = {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer a-token-of-some-length"}
    assert client.get("/metrics", **known).status_code == 200  # type: ignore[arg-type]
    assert "checks" in client.get("/readyz", **known).json()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trusted", "headers", "seen"),
    [
        ("", {}, "127.0.0.1 http True"),
        ("", {"HTTP_X_FORWARDED_FOR": "192.0.2.7", "HTTP_X_FORWARDED_PROTO": "https"}, "127.0.0.1 http False"),
        (
            "127.0.0.1",
            {"HTTP_X_FORWARDED_FOR": "192.0.2.7", "HTTP_X_FORWARDED_PROTO": "https"},
            "192.0.2.7 https False",
        ),
        # What a visitor writes in front of what the proxies add is not believed.
        ("127.0.0.1,10.0.0.0/8", {"HTTP_X_FORWARDED_FOR": "127.0.0.1, 192.0.2.7, 10.9.9.9"}, "192.0.2.7 http False"),
        ("127.0.0.1", {"HTTP_X_FORWARDED_FOR": "no address"}, "127.0.0.1 http False"),
        ("10.0.0.0/8", {"REMOTE_ADDR": "192.0.2.9", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, "192.0.2.9 http False"),
    ],
)
def test_a_proxy_is_believed_where_it_is_named(
    client: Client, configured: Any, trusted: str, headers: dict[str, str], seen: str
) -> None:
    configured(LODELINE_TRUSTED_PROXY=trusted)
    assert client.get("/who/", **headers).content.decode() == seen  # type: ignore[arg-type]


def test_readiness_says_when_no_proxy_is_named(client: Client, url: str, configured: Any) -> None:
    configured(LODELINE_HOSTS="lodeline.example")
    assert "LODELINE_TRUSTED_PROXY" in until_ready(client, url)["checks"]["proxy"]["note"]["en"]


def test_metrics_can_be_parsed_and_name_nobody(client: Client, url: str) -> None:
    client.get("/who/")
    client.post("/lots/SECRET-LOT-7/", {"name": "张三", "mail": "zhang.san@example.org"})
    desk(url).reading()
    text = client.get("/metrics").content.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families.keys() >= {
        "lodeline_requests", "lodeline_request_seconds", "lodeline_log_entries",
        "lodeline_reading_behind_entries", "lodeline_jobs", "lodeline_jobs_oldest_seconds", "lodeline_store_up",
    }  # fmt: skip
    counted = {
        (sample.labels["page"], sample.labels["method"], sample.labels["status"])
        for sample in families["lodeline_requests"].samples
        if sample.name.endswith("_total")
    }
    assert {("who", "GET", "200"), ("failing", "POST", "500")} <= counted
    assert families["lodeline_log_entries"].samples[0].value == 1
    program = families["lodeline_build_info"].samples[0]
    assert (program.labels, program.value) == ({"version": __version__, "commit": commit() or ""}, 1)
    assert not [word for word in (*SECRETS, "ACME", "/lots/", url) if word in text]


def test_metrics_say_when_the_store_cannot_be_read(client: Client, tmp_path: Path) -> None:
    with override_settings(LODELINE_DATABASE=str(tmp_path / "none.sqlite3")):
        text = client.get("/metrics").content.decode()
    assert "lodeline_store_up 0.0" in text and "lodeline_build_info{" in text and "lodeline_log_entries" not in text


def test_logs_hold_nothing_that_was_typed(client: Client, told: io.StringIO) -> None:
    name, number, mail, password, lot = SECRETS
    response = client.post(
        f"/lots/{lot}/?citizen={number}",
        {"name": name, "mail": mail, "password": password},
        HTTP_REFERER=f"http://127.0.0.1/lots/{lot}/",
        HTTP_USER_AGENT=name,
        HTTP_COOKIE=f"session={password}",
        HTTP_X_REQUEST_ID=number,
    )
    assert response.status_code == 500
    text = told.getvalue()
    assert not [secret for secret in SECRETS if secret in text or secret.encode("unicode_escape").decode() in text]
    fault, request = (json.loads(line) for line in text.splitlines())
    assert request.keys() >= {"time", "request", "method", "page", "status", "ms", "bytes", "worker"}
    assert (request["page"], request["method"], request["status"]) == ("failing", "POST", 500)
    assert [one["kind"] for one in fault["fault"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert any(re.search(r"test_operations\.py:\d+ fails", place) for place in fault["fault"][0]["at"])
    assert fault["program"] == build()
    assert fault["request"] == request["request"] == response["X-Request-ID"]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("0123456789abcdef0123456789abcdef", True),
        ("01234567-89ab-cdef-0123-456789abcdef", True),
        ("110101199003078515", False),
        ("zhang.san", False),
        ('0123456789abcdef0123456789abcdef"}\n{"x', False),
    ],
)
def test_a_request_keeps_its_id_where_it_can_only_be_a_number(client: Client, given: str, taken: bool) -> None:
    answered = client.get("/who/", HTTP_X_REQUEST_ID=given)["X-Request-ID"]
    assert (answered == given) is taken
    assert re.fullmatch(r"[0-9a-f-]{32,36}", answered)


def test_health_checks_are_logged_only_when_they_fail(client: Client, told: io.StringIO, tmp_path: Path) -> None:
    client.get("/healthz")
    assert told.getvalue() == ""
    with override_settings(LODELINE_DATABASE=str(tmp_path / "none.sqlite3")):
        client.get("/readyz")
    assert '"page": "readyz", "status": 503' in told.getvalue()


def test_messages_of_other_libraries_are_logged_without_their_values(told: io.StringIO) -> None:
    logging.getLogger("django.other").error("cannot send to %s", SECRETS[2])
    logging.getLogger("django.other").error(f"cannot send to {SECRETS[2]}")
    first, second = (json.loads(line)["what"] for line in told.getvalue().splitlines())
    assert first == "cannot send to %s" and re.fullmatch(r"test_operations:\d+", second)


def test_configuration_names_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(configuration.ConfigurationError) as wrong:
        read(
            {
                "LODELINE_WORKERS": "none", "LODELINE_THREADS": "0", "LODELINE_TRUSTED_PROXY": "10.0.0.0/8,proxy",
                "LODELINE_METRICS_TOKEN": "short", "LODELINE_LOG": "loud", "LODELINE_READING_SECONDS": "nan",
            }
        )  # fmt: skip
    for name in ("WORKERS", "THREADS", "TRUSTED_PROXY", "METRICS_TOKEN", "LOG", "READING_SECONDS"):
        assert f"LODELINE_{name}" in wrong.value.en and f"LODELINE_{name}" in wrong.value.zh
    chosen = read({"LODELINE_HOSTS": " a.example, b.example ,"})
    assert (chosen.hosts, chosen.workers, chosen.threads) == (("a.example", "b.example"), 2, 8)


def test_the_portal_looks_at_every_request_in_this_order() -> None:
    assert settings.MIDDLEWARE[: len(MIDDLEWARE)] == MIDDLEWARE
    assert logs.logging_settings() == settings.LOGGING
