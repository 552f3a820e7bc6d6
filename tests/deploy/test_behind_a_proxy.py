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
from contextlib import contextmanager
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
LI, HAN, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"


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

    def requests(self) -> list[dict[str, Any]]:
        """What the portal has told of requests."""
        lines = (self.room / "portal.log").read_text().splitlines()
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
    whole = f"pid {room}/pid; daemon off;\nevents {{}}\nhttp {{\n{places}{site}\n}}\n"
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
    port, http, https = free_port(), free_port(), free_port()
    environment = {
        "LODELINE_HOSTS": HOST, "LODELINE_TRUSTED_PROXY": "127.0.0.1", "LODELINE_MFA": "optional",
        "LODELINE_CERTIFY": "password", "LODELINE_WORKERS": "1", "LODELINE_LOG": "json",
        "LODELINE_SNAPSHOTS": str(room / "snapshots"),
    }  # fmt: skip
    serve = [str(PROGRAM), "serve", "--database", url, "--port", str(port)]
    proxy = request.param(room, port=port, http=http, https=https)
    home = {"XDG_DATA_HOME": str(room), "XDG_CONFIG_HOME": str(room), "HOME": str(room)}
    with running(serve, room / "portal.log", **environment), running(proxy, room / "proxy.log", **home):
        eventually(lambda: listens(port) and listens(https))
        yield Portal(room=room, port=port, http=http, https=https, token=token)


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


def test_what_is_too_large_is_refused_with_words(portal: Portal) -> None:
    trusted = ssl.create_default_context(cafile=str(portal.room / "cert.pem"))
    with (
        socket.create_connection(("127.0.0.1", portal.https), timeout=30) as plain,
        trusted.wrap_socket(plain, server_hostname=HOST) as connection,
    ):
        connection.sendall(
            f"POST /en/firm/MAG-1/file/1/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            "Content-Length: 400000000\r\nConnection: close\r\n\r\n--x".encode()
        )
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413") and "Nothing of them was kept" in answer.decode()
    assert "文件过大" in answer.decode()
