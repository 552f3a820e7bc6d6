"""The proxies of `deploy/`, as they are shipped, before a portal on PostgreSQL: over TLS, with an own certificate.

Only what must differ on a machine of tests is put in another's place: ports, the certificate, and where logs go.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.accounts import PASSWORD, as_actor, office, person
from tests.conftest import REPOSITORY
from tests.office.register import REGISTER
from tests.stores import new_database

from lodeline.office.access import clock
from lodeline.office.accounts.tokens import grantable, issue
from lodeline.service.entries.records import put_records
from lodeline.store.opening import open_store

pytestmark = pytest.mark.slow

HOST = "lodeline.example"
PROGRAM = Path(sys.executable).with_name("lodeline")
HEADER = "event,kind,on,site,lot,product,mass_kg,composition,origin_kind,origin_place"
#: Addresses of this machine from which visitors come; the proxy comes from 127.0.0.1.
LI, HAN, STRANGER, FLOODER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
#: Uploads at a time that nginx takes of one address; seconds for an answer next to many of them.
UNDER_WAY, SOON_S = 32, 10


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def eventually(true: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[None]:
    with log.open("ab") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=os.environ | environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A portal behind a proxy: the ports of both, and the text of a token of MAG-1."""

    proxy: str
    room: Path
    port: int
    http: int
    https: int
    token: str

    def visitor(self, address: str, *, port: int | None = None) -> httpx.Client:
        """A browser at an address, which knows the certificate and believes nothing else."""
        trusted = ssl.create_default_context(cafile=str(self.room / "cert.pem"))
        return httpx.Client(
            base_url=f"https://{HOST}:{port or self.https}", transport=_Here(verify=trusted, local_address=address),
            headers={"Origin": f"https://{HOST}"}, follow_redirects=False, timeout=60,
        )  # fmt: skip

    def requests(self, log: str = "portal.log") -> list[dict[str, Any]]:
        """What the portal has told of requests."""
        lines = (self.room / log).read_text().splitlines()
        return [json.loads(line) for line in lines if '"what": "request"' in line]


class _Here(httpx.HTTPTransport):
    """The name of the portal leads to this machine; it is asked for as browsers do on the port of HTTPS."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = request.headers.copy()
        headers["Host"] = HOST
        here = httpx.Request(
            request.method, request.url.copy_with(host="127.0.0.1"), headers=headers, stream=request.stream,
            extensions={**request.extensions, "sni_hostname": HOST},
        )  # fmt: skip
        return super().handle_request(here)


def certificate(room: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
         "-keyout", str(room / "key.pem"), "-out", str(room / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """The text with each change made, which must be one that can be."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(room: Path, *, port: int, http: int, https: int) -> list[str]:
    site = replaced(
        (REPOSITORY / "deploy/nginx.conf").read_text("utf-8"),
        ("    listen [::]:80;\n", ""), ("    listen [::]:443 ssl;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{http};"), ("listen 443 ssl;", f"listen 127.0.0.1:{https} ssl;"),
        ("127.0.0.1:8000", f"127.0.0.1:{port}"),
        ("/etc/ssl/lodeline/fullchain.pem", str(room / "cert.pem")),
        ("/etc/ssl/lodeline/key.pem", str(room / "key.pem")),
        ("/var/log/nginx/lodeline.log", str(room / "site.log")),
    )  # fmt: skip
    places = "".join(
        f"{name}_temp_path {room}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"pid {room}/pid; daemon off;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{site}\n}}\n"
    (room / "nginx.conf").write_text(whole, "utf-8")
    return ["nginx", "-p", str(room), "-e", str(room / "nginx.log"), "-c", str(room / "nginx.conf")]


def caddy(room: Path, *, port: int, http: int, https: int) -> list[str]:
    site = replaced(
        (REPOSITORY / "deploy/Caddyfile").read_text("utf-8"),
        ("lodeline.example {\n", f"lodeline.example {{\n\ttls {room}/cert.pem {room}/key.pem\n"),
        ("127.0.0.1:8000", f"127.0.0.1:{port}"),
    )
    machine = f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port {http}\n\thttps_port {https}\n}}\n"
    (room / "Caddyfile").write_text(machine + site, "utf-8")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(room / "Caddyfile")]


@pytest.fixture(scope="module", params=[nginx, caddy])
def portal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    name = request.param.__name__
    for program in (name, "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    room = tmp_path_factory.mktemp(name)
    room.chmod(0o755)
    certificate(room)
    url = new_database(request.getfixturevalue("postgresql"))
    with office(url):
        put_records(open_store(url), REGISTER, filed_at=clock.now())
        person("li@example.org", ("MAG-1", "filer"), ("MAG-1", "certifier"))
        admin = as_actor(person("admin@example.org", ("MAG-1", "organisation-admin")))
        scopes = [one.name for one in grantable(admin, "MAG-1")]
        _, token = issue(admin, "MAG-1", name="ERP", scopes=scopes, days=2, now=clock.now())
    with behind(request.param, room, url) as ports:
        yield Portal(proxy=name, room=room, token=token, **ports)


@contextmanager
def behind(proxy: Callable[..., list[str]], room: Path, url: str) -> Iterator[dict[str, int]]:
    """A portal behind a proxy: the ports of both."""
    ports = {"port": free_port(), "http": free_port(), "https": free_port()}
    home = {"XDG_DATA_HOME": str(room), "XDG_CONFIG_HOME": str(room), "HOME": str(room)}
    with serving(room / "portal.log", url, ports["port"]), running(proxy(room, **ports), room / "proxy.log", **home):
        eventually(lambda: listens(ports["https"]))
        yield ports


@contextmanager
def serving(log: Path, url: str, port: int) -> Iterator[None]:
    """A portal on a port, from when it listens."""
    environment = {
        "LODELINE_HOSTS": HOST, "LODELINE_TRUSTED_PROXY": "127.0.0.1", "LODELINE_MFA": "optional",
        "LODELINE_CERTIFY": "password", "LODELINE_WORKERS": "1", "LODELINE_LOG": "json",
        "LODELINE_SNAPSHOTS": str(log.parent / "snapshots"),
    }  # fmt: skip
    with running([str(PROGRAM), "serve", "--database", url, "--port", str(port)], log, **environment):
        eventually(lambda: listens(port))
        yield


def token_of(page: httpx.Response) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found, page.text[:500]
    return {"csrfmiddlewaretoken": found[1]}


def sign_in(visitor: httpx.Client, email: str, password: str, **headers: str) -> httpx.Response:
    page = visitor.get("/en/account/login/")
    fields = {"login": email, "password": password, **token_of(page)}
    return visitor.post("/en/account/login/", data=fields, headers=headers)


def test_without_tls_one_is_led_to_it(portal: Portal) -> None:
    answer = httpx.get(f"http://127.0.0.1:{portal.http}/en/law/?a=b", headers={"Host": HOST})
    assert answer.status_code in (301, 308)
    assert re.fullmatch(rf"https://{HOST}(:\d+)?/en/law/\?a=b", answer.headers["Location"])


def test_a_month_is_filed_through_the_proxy(portal: Portal) -> None:
    with portal.visitor(LI) as li:
        assert sign_in(li, "li@example.org", PASSWORD).status_code == 302
        page = li.get("/en/firm/MAG-1/file/")
        period = f"{date.today().replace(day=1):%Y-%m}"
        draft = li.post("/en/firm/MAG-1/file/", data={"act": "start", "period": period, **token_of(page)})
        at = draft.headers["Location"].partition("?")[0]
        page = li.get(at)
        row = f"E1,origin,{period}-01,MAG-1-A,L1,scrap-eol,100,Nd=24.1;Pr=6.0;Dy=1.6;Fe=67.3;B=1.0,secondary,CN"
        fields = {"act": "upload", "revision": revision(page), **token_of(page)}
        sent = li.post(at, data=fields, files={"files": ("month.csv", f"{HEADER}\n{row}\n".encode(), "text/csv")})
        page = li.get(sent.headers["Location"])
        asked = li.post(at, data={"act": "ask", "revision": revision(page), **token_of(page)})
        assert asked.status_code == 303
        page = li.get(at + "certify/")
        fields = {"act": "password", "sure": "yes", "revision": revision(page), **token_of(page)}
        done = li.post(at + "certify/", data=fields)
        receipt = li.get(done.headers["Location"], follow_redirects=True)
        assert receipt.status_code == 200 and "Receipt" in receipt.text, receipt.text[:2000]
        assert "L1" in li.get("/en/firm/MAG-1/lots/").text
    with portal.visitor(LI) as program:
        answer = program.get("/api/v1/filings", headers={"Authorization": f"Bearer {portal.token}"})
        assert answer.status_code == 200 and period in answer.text
        assert int(answer.headers["RateLimit-Remaining"]) < int(answer.headers["RateLimit-Limit"])


def revision(page: httpx.Response) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page.text)
    return found[1] if found else "0"


def test_pages_carry_the_security_headers(portal: Portal) -> None:
    with portal.visitor(HAN) as han:
        page = han.get("/en/account/login/")
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    (cookie,) = page.headers.get_list("Set-Cookie")
    assert cookie.startswith("__Host-lodeline_csrf=") and {"Secure", "HttpOnly"} <= set(cookie.split("; "))
    assert len(re.findall(r"X-Request-ID", str(page.headers), re.IGNORECASE)) == 1
    assert page.headers["X-Request-ID"] in {line["request"] for line in portal.requests()}


def test_attempts_are_counted_by_the_visitors_own_address(portal: Portal) -> None:
    with portal.visitor(STRANGER) as stranger:
        for number in range(10):
            # What a visitor claims about himself counts for nothing.
            claimed = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
            answer = sign_in(stranger, f"nobody{number}@example.org", "not the password", **claimed)
            assert answer.status_code == 200
        answer = sign_in(stranger, "li@example.org", PASSWORD, **{"X-Forwarded-For": LI})
        assert answer.status_code != 302
    with portal.visitor(HAN) as han:
        assert sign_in(han, "li@example.org", PASSWORD).status_code == 302


def test_what_is_for_machines_inside_is_not_there(portal: Portal) -> None:
    with portal.visitor(HAN) as han:
        assert [han.get(path).status_code for path in ("/metrics", "/readyz", "/healthz")] == [404, 404, 200]
    inside = httpx.get(f"http://127.0.0.1:{portal.port}/readyz").json()
    assert inside["checks"]["proxy"] == {"ok": True, "trusted": ["127.0.0.1/32"]}


@contextmanager
def connected(portal: Portal, address: str) -> Iterator[ssl.SSLSocket]:
    trusted = ssl.create_default_context(cafile=str(portal.room / "cert.pem"))
    with (
        socket.create_connection(("127.0.0.1", portal.https), timeout=30, source_address=(address, 0)) as plain,
        trusted.wrap_socket(plain, server_hostname=HOST) as connection,
    ):
        yield connection


def test_slow_uploads_hold_nobody_up(portal: Portal) -> None:
    answers = []
    with ExitStack() as held, portal.visitor(LI) as li, portal.visitor(HAN) as han:
        assert sign_in(li, "li@example.org", PASSWORD).status_code == 302
        begun = (
            f"POST /en/firm/MAG-1/file/1/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            f"Cookie: __Host-lodeline_session={li.cookies['__Host-lodeline_session']}\r\n"
            "Content-Length: 50000000\r\n\r\n--x"
        ).encode()
        uploads = []
        for wave in (40, 35):
            for _ in range(wave):
                uploads.append(held.enter_context(connected(portal, FLOODER)))
                uploads[-1].sendall(begun)
            started = time.monotonic()
            assert han.get("/en/account/login/").status_code == 200, "who reads is answered"
            assert time.monotonic() - started < SOON_S
            started = time.monotonic()
            page = li.get("/en/firm/MAG-1/file/")
            assert li.post("/en/firm/MAG-1/file/", data={"act": "none", **token_of(page)}).status_code < 500, (
                "a form too"
            )
            assert time.monotonic() - started < 2 * SOON_S
        for one in uploads:
            one.settimeout(0.2)
            with suppress(TimeoutError):
                answers.append(one.recv(65536).decode())
    assert len(answers) == (len(uploads) - UNDER_WAY if portal.proxy == "nginx" else 0)
    assert all(one.startswith("HTTP/1.1 429") and "\r\nRetry-After: 30\r\n" in one for one in answers)
    assert all("Too many uploads" in one and "同时上传的文件过多" in one for one in answers)
    assert "firm-draft" not in {line["page"] for line in portal.requests() if line["status"] >= 400}, (
        "none was passed on"
    )


def test_readers_and_filers_have_a_server_each(postgresql: Any, tmp_path: Path) -> None:
    for program in ("nginx", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    certificate(tmp_path)
    url, second = new_database(postgresql), free_port()
    with office(url):
        put_records(open_store(url), REGISTER, filed_at=clock.now())
        person("li@example.org", ("MAG-1", "filer"))

    def apart(room: Path, *, port: int, **ports: int) -> list[str]:
        command = nginx(room, port=port, **ports)
        readers, filers, rest = (room / "nginx.conf").read_text("utf-8").partition("upstream lodeline_filers")
        changed = replaced(rest, (f"127.0.0.1:{port}", f"127.0.0.1:{second}"))
        (room / "nginx.conf").write_text(readers + filers + changed, "utf-8")
        return command

    with behind(apart, tmp_path, url) as ports, serving(tmp_path / "filers.log", url, second):
        portal = Portal(proxy="nginx", room=tmp_path, token="", **ports)
        with portal.visitor(LI) as li:
            assert sign_in(li, "li@example.org", PASSWORD).status_code == 302
            page = li.get("/en/firm/MAG-1/file/")
            draft = li.post(
                "/en/firm/MAG-1/file/", data={"act": "start", "period": f"{date.today():%Y-%m}", **token_of(page)}
            )
            assert li.get(draft.headers["Location"]).status_code == 200, "what the one took is what the other shows"
    assert {line["method"] for line in portal.requests()} == {"GET"}
    assert [line["method"] for line in portal.requests("filers.log")] == ["POST", "POST"]


def test_what_is_too_large_is_refused_with_words(portal: Portal) -> None:
    with connected(portal, STRANGER) as connection:
        connection.sendall(
            f"POST /en/firm/MAG-1/file/1/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            "Content-Length: 400000000\r\nConnection: close\r\n\r\n--x".encode()
        )
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413") and "Nothing of them was kept" in answer.decode()
    assert "文件过大" in answer.decode()
