"""What operators and their machines ask: is it alive, is it ready, how much and how fast. No names, nobody's data.

Every request gets an id, is timed, counted, and told in one line (web.server.logs). Beyond that there are three
addresses:

    /healthz    this process answers
    /readyz     it can do its work: 200, or 503 with what is missing
    /metrics    numbers for Prometheus

These are answered before anything else looks at a request, so that they need no host name, session or language.
`/metrics`, and what `/readyz` says beyond yes and no, are for this machine and for holders of LODELINE_METRICS_TOKEN.
"""

from __future__ import annotations

import hmac
import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import Error as DjangoDatabaseError
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

from lodeline import __version__
from lodeline.build import commit
from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.access.guarded import OFFICE_TABLES
from lodeline.office.models import Job
from lodeline.office.router import is_prepared
from lodeline.store.guards import guards_of
from lodeline.store.law import assert_first_pack
from lodeline.store.opening import open_store
from lodeline.store.queries.log import entries_by_kind
from lodeline.store.store import OFFICE_KIND
from lodeline.web.reading import EmptyStoreError
from lodeline.web.server import configuration, logs
from lodeline.web.visit import desk

#: Seconds that a job may wait beyond its time while none is done.
JOB_LATE_S: Final = 120
#: Seconds beyond LODELINE_READING_OLDEST_SECONDS that a new reading may take before the process counts as not ready:
#: ten years of a nation take a publisher 13 minutes.
READING_LATE_S: Final = 900
#: Upper bounds of the histogram: what a person does not notice, notices, and gives up on.
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
#: Headers by which proxies tell whom they ask for.
_FORWARDED: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED",
                     "HTTP_X_REAL_IP")  # fmt: skip

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Asked every few seconds by machines: told only where the answer is no.
_POLLED: Final = frozenset({"healthz", "readyz", "metrics"})

_counted = CollectorRegistry()
_requests = Counter("lodeline_requests", "Requests answered, by page", ["page", "method", "status"], registry=_counted)
_seconds = Histogram(
    "lodeline_request_seconds", "Seconds that an answer took, by page", ["page"], buckets=_SECONDS, registry=_counted
)

Check = dict[str, Any]


def count_request(*, page: str, method: str, status: int, seconds: float) -> None:
    """Counts an answered request."""
    _requests.labels(page, method, str(status)).inc()
    _seconds.labels(page).observe(seconds)


def page_of(request: HttpRequest) -> str:
    """The name of the page that a request asked for: never an address, which may hold names."""
    if request.path_info.startswith(settings.STATIC_URL):
        return "static"
    if request.path_info.lstrip("/") in _ANSWERS:
        return request.path_info.lstrip("/")
    match = request.resolver_match
    return (match.view_name if match is not None else "") or "none"


class RequestLog:
    """The outermost middleware: gives a request its id, times and counts it, and tells of it when it is over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        number = given if logs.is_request_id(given) else uuid.uuid4().hex
        request.request_id = number  # type: ignore[attr-defined]  # kept with what the office records of it
        token = logs.request_id.set(number)
        try:
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            response["X-Request-ID"] = number
            method = request.method if request.method in _METHODS else "other"
            page = page_of(request)
            count_request(page=page, method=str(method), status=response.status_code, seconds=seconds)
            if page not in _POLLED or response.status_code >= 400:
                logs.REQUESTS.info(
                    "request",
                    extra={
                        "fields": {
                            "method": method,
                            "page": page,
                            "status": response.status_code,
                            "ms": round(seconds * 1000, 1),
                            "bytes": _size(response),
                        }
                    },
                )
            if not response.streaming and (visit := getattr(request, "visit", None)) is not None:
                visit.end()
        finally:
            logs.request_id.reset(token)
        return response


def _size(response: HttpResponse) -> int | None:
    """Bytes of the answer, None where they are not known beforehand."""
    if not response.streaming:
        return len(response.content)
    stated = response.headers.get("Content-Length", "")
    return int(stated) if stated.isdigit() else None


class TrustedProxy:
    """Middleware: whose address and scheme a request has. A proxy is believed where LODELINE_TRUSTED_PROXY names it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded: dict[str, str] = {name: request.META.pop(name) for name in _FORWARDED if name in request.META}
        peer = str(request.META.get("REMOTE_ADDR", ""))
        if configuration.is_trusted(peer):
            visitor = configuration.visitor_behind(peer, forwarded.get("HTTP_X_FORWARDED_FOR", ""))
            request.META["REMOTE_ADDR"] = visitor or peer
            if forwarded.get("HTTP_X_FORWARDED_PROTO") == "https":
                request.META["wsgi.url_scheme"] = "https"
        # Through a proxy on this machine everybody seems to be this machine.
        request.META["lodeline.direct"] = not forwarded
        return self.get_response(request)


class Operations:
    """Middleware: answers the three addresses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = _ANSWERS.get(request.path_info.removeprefix("/"))
        if answer is None:
            return self.get_response(request)
        response = answer(request) if request.method in ("GET", "HEAD") else HttpResponse(status=405)
        response["Cache-Control"] = "no-store"
        return response


def _health(request: HttpRequest) -> HttpResponse:
    del request
    return HttpResponse("ok\n", content_type="text/plain")


def _readiness(request: HttpRequest) -> HttpResponse:
    checks = readiness(settings.LODELINE_DATABASE)
    ready = all(check["ok"] for check in checks.values())
    program = {"version": __version__, "commit": commit()}
    answer = {"ready": ready, **program, "checks": checks} if _may_know(request) else {"ready": ready}
    return JsonResponse(answer, status=200 if ready else 503)


def _metrics(request: HttpRequest) -> HttpResponse:
    if not _may_know(request):
        return HttpResponse(
            "Ask from this machine, or with LODELINE_METRICS_TOKEN as a bearer token.\n", "text/plain", status=403
        )
    return HttpResponse(metrics(settings.LODELINE_DATABASE), content_type=CONTENT_TYPE_LATEST)


_ANSWERS: Final[dict[str, Callable[[HttpRequest], HttpResponse]]] = {
    "healthz": _health, "readyz": _readiness, "metrics": _metrics,
}  # fmt: skip


def readiness(url: str) -> dict[str, Check]:
    """Each thing that a process needs in order to answer; `ok`, and what is wrong where it is not."""
    checks: dict[str, Check] = {}
    for name, check in _CHECKS.items():
        try:
            checks[name] = check(url)
        except UserError as error:
            checks[name] = {"ok": False, "problem": {"en": error.en, "zh": error.zh}}
        except DjangoDatabaseError as error:
            # Its message may quote rows.
            checks[name] = {"ok": False, "problem": type(error).__name__}
    return checks


def _store(url: str) -> Check:
    return {"ok": True, "entries": open_store(url).head().size}


def _guards(url: str) -> Check:
    database = open_store(url).database
    found = [guards_of(database), *([guards_of(database, OFFICE_TABLES)] if is_prepared(url) else [])]
    named = {
        "missing": [name for one in found for name in one.missing],
        "foreign": [name for one in found for name in one.foreign],
    }
    return {"ok": not any(named.values()), **{what: names for what, names in named.items() if names}}


def _law(url: str) -> Check:
    assert_first_pack(open_store(url))
    return {"ok": True}


def _portal(url: str) -> Check:
    open_store(url)
    return {"ok": is_prepared(url)}


def _reading(url: str) -> Check:
    standing = desk(url).standing()
    if isinstance(standing.failure, EmptyStoreError):
        return {"ok": True, "entry": None}
    if standing.failure is not None:
        return {"ok": False, "problem": type(standing.failure).__name__}
    late = configuration.current().reading_oldest_seconds + READING_LATE_S
    ok = standing.age_s is not None and standing.age_s < late
    return {"ok": ok, "entry": standing.entry, "age_s": None if standing.age_s is None else round(standing.age_s, 1)}


def _jobs(url: str) -> Check:
    if not is_prepared(url):
        return {"ok": False}
    now = clock.now()
    late = Job.objects.filter(state=Job.State.WAITING, run_after__lt=now - timedelta(seconds=JOB_LATE_S)).count()
    at_work = Job.objects.filter(state=Job.State.RUNNING, leased_until__gte=now).exists()
    return {"ok": not late or at_work, "late": late}


def _proxy(url: str) -> Check:
    del url
    trusted = [str(network) for network in configuration.current().trusted_proxies]
    if trusted or not configuration.current().hosts:
        return {"ok": True, "trusted": trusted}
    return {
        "ok": True, "trusted": [],
        "note": text("LODELINE_TRUSTED_PROXY is not set: every visitor seems to come from the proxy, without "
"TLS"),
    }  # fmt: skip


_CHECKS: Final[dict[str, Callable[[str], Check]]] = {
    "store": _store, "guards": _guards, "law": _law, "portal": _portal, "reading": _reading, "jobs": _jobs,
    "proxy": _proxy,
}  # fmt: skip


def metrics(url: str) -> bytes:
    """The numbers of all processes of this server, and of the store, in Prometheus' text format."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_counted)
    registry.register(_OfStore(url))
    return generate_latest(registry)


class _OfStore:
    """Numbers that are read when they are asked for."""

    def __init__(self, url: str) -> None:
        self._url = url

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: a registry that asks for names would read the store."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Of the program, of the log, of the reading that this process gives, of the jobs."""
        program = GaugeMetricFamily("lodeline_build_info", "Which program this is", labels=["version", "commit"])
        program.add_metric([__version__, commit() or ""], 1)
        yield program
        try:
            found = [*self._log(), *self._jobs()]
        except (UserError, DjangoDatabaseError):
            yield _gauge("lodeline_store_up", "Whether the store can be read", 0)
            return
        yield _gauge("lodeline_store_up", "Whether the store can be read", 1)
        yield from found

    def _log(self) -> Iterator[GaugeMetricFamily]:
        store = open_store(self._url)
        size = store.head().size
        yield _gauge("lodeline_log_entries", "Entries of the log", size)
        kinds = GaugeMetricFamily("lodeline_entries", "Entries of the log by kind", labels=["kind"])
        for kind, count in entries_by_kind(store):
            kinds.add_metric([str(kind)], int(str(count)))
        yield kinds
        standing = desk(self._url).standing()
        if standing.entry is not None and standing.age_s is not None:
            behind = "Entries by which the reading of the answering process is behind the log"
            # What the office enters is read by no page but that of the log.
            last = store.last_goods_entry(size, still=[OFFICE_KIND])[0]
            yield _gauge("lodeline_reading_behind_entries", behind, max(0, last - standing.entry))
            age = "Seconds since the reading of the answering process was the end of the log"
            yield _gauge("lodeline_reading_age_seconds", age, standing.age_s)

    def _jobs(self) -> Iterator[GaugeMetricFamily]:
        if not is_prepared(self._url):
            return
        jobs = GaugeMetricFamily("lodeline_jobs", "Jobs by kind and state", labels=["kind", "state"])
        for kind, state, count in Job.objects.order_by().values_list("kind", "state").annotate(Count("pk")):
            jobs.add_metric([kind, state], count)
        yield jobs
        due = Job.objects.filter(state=Job.State.WAITING, run_after__lte=clock.now())
        oldest = due.aggregate(oldest=Min("run_after"))["oldest"]
        waited = 0.0 if oldest is None else (clock.now() - oldest).total_seconds()
        yield _gauge("lodeline_jobs_oldest_seconds", "Seconds that the oldest job which is due has waited", waited)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def _may_know(request: HttpRequest) -> bool:
    """Whether whoever asks is this machine itself, or has the token."""
    token = configuration.current().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    address = configuration.address_of(str(request.META.get("REMOTE_ADDR", "")))
    return address is not None and address.is_loopback and bool(request.META.get("lodeline.direct"))
