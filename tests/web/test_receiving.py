"""What strangers send to a served portal: slowly, not whole, too much, without end. Others are answered meanwhile."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from select import select
from selectors import DefaultSelector
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn
from tests.accounts import PASSWORD, office, person
from tests.web.test_serving import Served, eventually, running

from lodeline.office.access import clock
from lodeline.office.access.actor import actor_of
from lodeline.office.accounts.tokens import issue
from lodeline.store.opening import open_store
from lodeline.web.access.strangers import FORMS_A_MINUTE
from lodeline.web.server import receiving, serving
from lodeline.web.server.receiving import ReceivingWorker

pytestmark = pytest.mark.medium
#: Sent whole or in part by those who do not mean it.
UNFINISHED = b"POST /en/verify/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nreceipt="
OWNER = "li@example.org"
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
LARGE = b"POST /en/verify/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"


#: Where floods come from, and others of whom an address is to be remembered.
FLOODER, GUESSER, ELSEWHERE, HOME = "127.0.0.66", "127.0.0.77", "127.0.0.78", "127.0.0.79"
#: Seconds for an answer beside all that, on a machine that does other things too.
SOON_S = 10


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An empty store with an officer, and the text of a token that judges declarations."""
    with office(tmp_path_factory.mktemp("made") / "empty.sqlite3") as url:
        officer = person(OWNER, ("", "customs-officer"), ("", "registrar"))
        actor = actor_of(officer, on=clock.today("Asia/Shanghai"))
        token = issue(actor, "", name="the port", scopes=["declarations:judge"], days=30, now=clock.now())[1]
    return url, token


@pytest.fixture
def token(made: tuple[str, str]) -> str:
    return made[1]


@pytest.fixture(scope="module")
def portal(made: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of one process with four threads, of that store."""
    room, (url, _) = tmp_path_factory.mktemp("portal"), made
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


def test_a_large_body_of_someone_who_has_signed_in_is_taken(portal: Served) -> None:
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


def upload(session: str, *more: bytes) -> bytes:
    """The beginning of a large upload of someone who has signed in."""
    head = LARGE.replace(b"/en/verify/", b"/en/desk/") + f"Cookie: lodeline_session={session}\r\n".encode()
    return head + b"\r\n".join([b"Content-Length: 50000000", *more, b"", b"--x"])


def signed_in(portal: Served) -> str:
    """The session of the officer."""
    form, head = filled(portal, "/en/account/login/", HOME, login=OWNER, password=PASSWORD)
    found = re.search(rb"lodeline_session=([^;]+)", answer_to(portal, head + form, place=HOME))
    assert found is not None
    return found[1].decode()


def refusal(one: socket.socket) -> bytes:
    """What somebody has been answered whose upload is not awaited; b"" where it is."""
    one.settimeout(0.5)
    try:
        return one.recv(65536)
    except TimeoutError:
        return b""


def files_in(portal: Served) -> set[str]:
    """The files without a name that the processes of a server hold open."""
    found = set()
    for process in portal.children():
        for link in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                if re.search(r"/#\d+ \(deleted\)$", target := str(link.readlink())):
                    found.add(f"{process} {target}")
    return found


def test_slow_uploads_of_one_account_hold_nobody_up(portal: Served) -> None:
    session = signed_in(portal)
    with ExitStack() as held:
        uploads = []
        for wave in (40, 35):
            for _ in range(wave):
                uploads.append(held.enter_context(connected(portal, FLOODER)))
                uploads[-1].sendall(upload(session))
            assert seconds_to(portal, "/en/account/login/") < SOON_S
            started = time.monotonic()
            assert portal.get("/readyz")[0] in (200, 503), "nobody does jobs here"
            assert time.monotonic() - started < SOON_S
        answers = [answer for one in uploads if (answer := refusal(one))]
        assert len(answers) == len(uploads) - receiving.LARGE_OF_ONE
        assert all(answer.startswith(b"HTTP/1.1 429") and b"\r\nRetry-After: 30\r\n" in answer for answer in answers)
        assert len(files_in(portal)) == receiving.LARGE_OF_ONE
    eventually(lambda: not files_in(portal))
    with connected(portal) as one:
        one.sendall(upload(session, b"Expect: 100-continue"))
        assert one.recv(100).startswith(b"HTTP/1.1 100 Continue"), "who went away has made room"
    assert portal.errors.read_text() == ""


def test_sessions_that_are_none_are_counted_by_their_address(portal: Served) -> None:
    with ExitStack() as held:
        uploads = []
        for number in range(receiving._LARGE_OF_ADDRESS + 5):
            uploads.append(held.enter_context(connected(portal, GUESSER)))
            uploads[-1].sendall(upload(f"invented{number}"))
        assert sum(1 for one in uploads if b" 429 " in refusal(one)) == 5
        with connected(portal, ELSEWHERE) as one:
            one.sendall(upload("another", b"Expect: 100-continue"))
            assert one.recv(100).startswith(b"HTTP/1.1 100 Continue")


def test_a_program_is_refused_by_a_problem(portal: Served, token: str) -> None:
    head = LARGE.replace(b"/en/verify/", b"/api/v1/declarations") + f"Authorization: Bearer {token}\r\n".encode()
    begun = head + b"Content-Length: 30000000\r\n\r\n--x"
    with ExitStack() as held:
        for _ in range(receiving.LARGE_OF_ONE):
            held.enter_context(connected(portal)).sendall(begun)
        answer = answer_to(portal, begun)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429") and re.search(rb"\r\nRetry-After: \d+", head)
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert problem["type"] == "urn:lodeline:problem:too-many-requests"
    assert "large uploads" in problem["texts"]["en"]["detail"] and "大文件" in problem["texts"]["zh"]["detail"]


class Loop(ReceivingWorker):
    """The loop alone: what it hands to threads is kept here."""

    def __init__(self) -> None:
        self.cfg, self.alive, self.poller = Config(), True, DefaultSelector()
        self.nr_conns, self._held, self._arriving, self._large = 0, 0, {}, {}
        self.answered: list[tuple[bytes, bool]] = []

    def _dispatch(
        self, conn: TConn, *, has_an_end: bool = True, large: Any = None, is_one_too_many: bool = False
    ) -> None:
        data, body = bytes(self._forget(conn).data), b""
        if large is not None:
            large.file.seek(0)
            body = large.file.read()
        self.answered.append((data + body, is_one_too_many))
        self._let_go(conn)

    def take(self, held: ExitStack) -> tuple[TConn, socket.socket]:
        """A connection of this loop and the visitor's end of it."""
        ours, theirs = socket.socketpair()
        held.enter_context(theirs)
        conn = self._connection(held.enter_context(ours), ("127.0.0.1", 1), ("127.0.0.1", 2))
        self._await(conn)
        held.callback(self._let_go, conn)
        return conn, theirs

    def receive(self, conn: TConn, visitor: socket.socket, content: bytes) -> None:
        """Bytes of a visitor, as they come."""
        visitor.setblocking(False)
        while content:
            with suppress(BlockingIOError):
                content = content[visitor.send(content) :]
            self._take(conn, conn.sock)
        while conn in self._arriving and select([conn.sock], [], [], 0)[0]:
            self._take(conn, conn.sock)


def begun(credential: bytes, length: int) -> bytes:
    return b"POST /x HTTP/1.1\r\n%s\r\nContent-Length: %d\r\n\r\n" % (credential, length)


def test_files_of_bodies_have_a_bound_together_and_who_began_first_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_SPOOLED_BYTES", 2_500_000)
    length, body = 2_700_000, b"y" * 2_700_000
    with ExitStack() as held:
        loop = Loop()
        first, second = loop.take(held), loop.take(held)
        heads = [begun(b"Authorization: Bearer %d" % number, length) for number in (1, 2)]
        loop.receive(*first, heads[0] + body[:1_600_000])
        loop.receive(*second, heads[1] + body[:1_600_000])
        assert [is_too_many for _, is_too_many in loop.answered] == [True]
        assert list(loop._large) == [second[0]]
        loop.receive(*second, body[1_600_000:])
        assert loop.answered[1:] == [(heads[1] + body, False)]


def test_a_full_disk_is_said_to_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(receiving._Large, "add", full)
    with ExitStack() as held:
        loop = Loop()
        loop.receive(*loop.take(held), begun(b"Cookie: lodeline_session=x", 3_000_000) + b"y" * 600_000)
        assert [is_too_many for _, is_too_many in loop.answered] == [True]
        assert not loop._large


@pytest.mark.parametrize(
    "credential",
    [b"Authorization: Bearer abc", b"Authorization:  Bearer   abc  ", b"Authorization: Bearer x\r\nCookie: a=b; "
     b"lodeline_session=abc", b"Cookie: lodeline_session=abc", b'Cookie: __Host-lodeline_session="abc"; c=d'],
)  # fmt: skip
def test_who_sends_is_known_however_it_is_written(credential: bytes) -> None:
    with ExitStack() as held:
        loop = Loop()
        for _ in range(receiving.LARGE_OF_ONE):
            loop.receive(*loop.take(held), begun(b"Authorization: Bearer abc", 3_000_000))
        loop.receive(*loop.take(held), begun(credential, 3_000_000))
        assert [is_too_many for _, is_too_many in loop.answered] == [True]


def test_what_no_page_takes_or_no_known_visitor_sends_is_not_awaited() -> None:
    with ExitStack() as held:
        loop = Loop()
        loop.receive(*loop.take(held), begun(b"Cookie: other_session=x", 3_000_000))
        loop.receive(*loop.take(held), begun(b"Authorization: Bearer abc", 10**12))
        assert [is_too_many for _, is_too_many in loop.answered] == [False, False]
        assert not loop._large


@pytest.mark.slow
def test_a_large_body_that_stops_is_answered_408(portal: Served) -> None:
    with connected(portal) as one:
        one.sendall(upload("anybody"))
        assert one.recv(100).startswith(b"HTTP/1.1 408")
    eventually(lambda: not files_in(portal))


@pytest.mark.slow
def test_a_slow_request_is_answered_408(portal: Served) -> None:
    started = time.monotonic()
    assert answer_to(portal, HEAD).startswith(b"HTTP/1.1 408")
    assert 14 < time.monotonic() - started < 18
