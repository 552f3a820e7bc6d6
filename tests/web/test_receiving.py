"""What strangers send to a served portal: slowly, not whole, too much, without end. Others are answered meanwhile."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlencode

import httpx
import pytest
from tests.accounts import PASSWORD, office, person
from tests.web.test_serving import Served, eventually, running

from lodeline.store.opening import open_store
from lodeline.web.access.strangers import FORMS_A_MINUTE
from lodeline.web.server import receiving, serving

pytestmark = pytest.mark.medium
#: Sent whole or in part by those who do not mean it.
UNFINISHED = b"POST /en/verify/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nreceipt="
OWNER = "li@example.org"
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
LARGE = b"POST /en/verify/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"


#: Where floods come from, and others of whom an address is to be remembered.
FLOODER, GUESSER, ELSEWHERE, HOME = "127.0.0.66", "127.0.0.77", "127.0.0.78", "127.0.0.79"
#: Seconds for an answer beside all that, on a machine that does other things too.
SOON_S = 5


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of one process with four threads, of an empty store."""
    room = tmp_path_factory.mktemp("portal")
    with office(room / "empty.sqlite3") as url:
        person(OWNER, ("", "customs-officer"))
    settings = {"LODELINE_THREADS": "4", "LODELINE_MFA": "optional", "LODELINE_JOB_WORKERS": "0",
                "LODELINE_SNAPSHOTS": str(room / "snapshots")}  # fmt: skip
    with running(open_store(url), room, workers=1, **settings) as server:
        # The pages are made ahead once; then only what is sent here is at work.
        eventually(lambda: server.get("/readyz")[0] == 200)
        yield server


def connected(portal: Served, place: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((serving.HOST, portal.port), timeout=30, source_address=(place, 0))


def answer_to(portal: Served, *pieces: bytes, place: str = "127.0.0.1") -> bytes:
    """What is answered to pieces that are sent one after the other, until the server closes."""
    with connected(portal, place) as one:
        for piece in pieces:
            one.sendall(piece)
            time.sleep(0.02)
        answer = b""
        while piece := one.recv(65536):
            answer += piece
    return answer


def filled(portal: Served, path: str, place: str = "127.0.0.1", **fields: str) -> tuple[bytes, bytes]:
    """The form of a page with its token, and the head with which a browser sends it."""
    with closing(HTTPConnection(serving.HOST, portal.port, timeout=30, source_address=(place, 0))) as browser:
        browser.request("GET", path, headers={"Host": "localhost"})
        page = browser.getresponse()
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        cookie = str(page.getheader("Set-Cookie")).partition(";")[0]
    assert token is not None and page.status == 200
    form = urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nCookie: {cookie}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\nConnection: close\r\n\r\n"
    )
    return form, head.encode()


def seconds_to(portal: Served, path: str) -> float:
    started = time.monotonic()
    assert portal.get(path)[0] == 200
    return time.monotonic() - started


@pytest.mark.parametrize(
    "part", [UNFINISHED, HEAD, b"GET", b"\r\n\r\nGET", LARGE + b"Content-Length: 400000000\r\n\r\n--x",
             LARGE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", b""],
    ids=["body", "head", "word", "blank", "large", "chunked", "nothing"],
)  # fmt: skip
def test_what_is_not_sent_whole_holds_no_thread(portal: Served, part: bytes) -> None:
    with ExitStack() as held:
        for _ in range(40):
            one = held.enter_context(connected(portal, FLOODER))
            if part:
                one.sendall(part)
        assert seconds_to(portal, "/healthz") < SOON_S
        assert seconds_to(portal, "/static/lodeline/lodeline.css") < SOON_S
    assert portal.errors.read_text() == ""


def test_who_has_an_answer_and_stays_holds_nobody_up(portal: Served) -> None:
    with ExitStack() as held:
        for _ in range(40):
            one = held.enter_context(connected(portal, FLOODER))
            one.sendall(HEAD + b"Connection: close\r\n\r\n")
        assert seconds_to(portal, "/healthz") < SOON_S


def test_more_connections_than_are_kept_open_shut_nobody_out(portal: Served) -> None:
    with ExitStack() as held:
        for _ in range(receiving.CONNECTIONS + 100):
            held.enter_context(connected(portal, FLOODER)).sendall(UNFINISHED)
        assert seconds_to(portal, "/healthz") < SOON_S


def test_what_comes_in_pieces_is_taken_whole(portal: Served) -> None:
    pieces = b"GET /heal", b"thz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r", b"\n"
    assert b"ok\n" in answer_to(portal, *pieces)
    form, head = filled(portal, "/en/account/login/", login="nobody@example.org", password="x" * 200_000)
    answer = answer_to(portal, head, form[:10], form[10:150_000], form[150_000:])
    assert answer.startswith(b"HTTP/1.1 200") and b"is not right" in answer


def test_a_body_that_waits_to_be_asked_for_is_asked_for(portal: Served) -> None:
    head = UNFINISHED.partition(b"\r\n\r\n")[0] + b"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with connected(portal) as one:
        one.sendall(head)
        assert one.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        one.sendall(b"x" * 5000)
        answer = b""
        while piece := one.recv(65536):
            answer += piece
    assert b"HTTP/1.1 403" in answer, "the form has no token"


def test_several_requests_on_one_connection_are_all_answered(portal: Served) -> None:
    together = (HEAD + b"\r\n") * 3 + HEAD + b"Connection: close\r\n\r\n"
    assert answer_to(portal, together).count(b"HTTP/1.1 200") == 4
    with closing(HTTPConnection(serving.HOST, portal.port, timeout=30)) as browser:
        for _ in range(3):
            browser.request("GET", "/healthz")
            assert browser.getresponse().read() == b"ok\n"


def test_what_is_too_large_is_refused_before_it_is_sent(portal: Served) -> None:
    started = time.monotonic()
    assert answer_to(portal, LARGE + b"Content-Length: 400000000\r\n\r\n--x").startswith(
        (b"HTTP/1.1 400", b"HTTP/1.1 403")
    )
    assert answer_to(portal, HEAD + b"X: " + b"x" * 70_000).startswith(b"HTTP/1.1 431")
    assert time.monotonic() - started < 10


def test_a_stranger_sends_sixty_forms_a_minute_and_then_waits(portal: Served) -> None:
    one = b"POST /en/verify/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    # Two minutes may lie behind this.
    answers = [answer_to(portal, one, place=GUESSER) for _ in range(2 * FORMS_A_MINUTE + 1)]
    assert all(b" 403 " in answer for answer in answers[:FORMS_A_MINUTE])
    refused = next(answer for answer in answers if b" 429 " in answer)
    assert re.search(rb"Retry-After: [1-9]\d?\r\n", refused) and "请求".encode() not in refused
    page = HEAD.replace(b"/healthz", b"/en/account/login/") + b"Connection: close\r\n\r\n"
    assert answer_to(portal, page, place=GUESSER).startswith(b"HTTP/1.1 200"), "to read is not to send"
    assert b" 403 " in answer_to(portal, one), "another place is not held up"


def test_a_lock_after_wrong_passwords_hits_who_guesses_and_not_the_owner(portal: Served) -> None:
    def sign_in(place: str, password: str) -> bytes:
        form, head = filled(portal, "/en/account/login/", place, login=OWNER, password=password)
        return answer_to(portal, head + form, place=place)

    assert all(b"is not right" in sign_in(ELSEWHERE, "wrong") for _ in range(5))
    assert b"Too many attempts" in sign_in(ELSEWHERE, PASSWORD)
    assert sign_in(HOME, PASSWORD).startswith(b"HTTP/1.1 302")


def test_a_large_body_of_someone_who_has_signed_in_is_read_as_it_comes(portal: Served) -> None:
    origin = f"http://localhost:{portal.port}"
    with httpx.Client(base_url=origin, headers={"Origin": origin}, trust_env=False, timeout=60) as browser:

        def token() -> dict[str, str]:
            return {"csrfmiddlewaretoken": str(browser.cookies["lodeline_csrf"])}

        browser.get("/en/account/login/")
        browser.post("/en/account/login/", data={"login": OWNER, "password": PASSWORD, **token()})
        large = {"files": ("lines.csv", b"x" * 3 * receiving._WHOLE_BYTES)}
        browser.get("/en/self/")
        answer = browser.post("/en/desk/", data=token(), files=large)
        assert 'id="cases"' in answer.text, "the desk has read the form, and says of the file what it will"
        browser.cookies.clear()
        refused = browser.post("/en/desk/", data={"csrfmiddlewaretoken": "x" * 32}, files=large)
        assert refused.status_code in (400, 403) and 'id="cases"' not in refused.text


def test_a_large_body_that_stops_or_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_PATIENCE_S", 0.2)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        received = receiving._Received(ours)
        received.begin(b"the head", to_come=1_000_000, has_an_end=True)
        assert received.read() == b"the head"
        theirs.sendall(b"x" * 1000)
        assert received.read() == b"x" * 1000
        with pytest.raises(TimeoutError):
            received.read()
        started = time.monotonic()
        with pytest.raises(TimeoutError, match="too slowly"):
            while time.monotonic() - started < 5:
                theirs.sendall(b"x")
                time.sleep(0.02)
                assert received.read() == b"x"
        assert not received.is_reusable
        received.begin(b"a whole one", to_come=0, has_an_end=True)
        assert (received.read(), received.read(), received.is_reusable) == (b"a whole one", b"", True)


@pytest.mark.slow
def test_a_slow_request_is_answered_408(portal: Served) -> None:
    started = time.monotonic()
    assert answer_to(portal, HEAD).startswith(b"HTTP/1.1 408")
    assert 14 < time.monotonic() - started < 18
