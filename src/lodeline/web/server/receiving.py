"""A request is received whole before a thread takes it up: whoever sends slowly, or not at all, holds no thread.

One loop waits for all connections of a process (the server's own hands each to a thread at its first byte). What is
still arriving is bounded in time, in bytes and in number, and the connection that has waited longest gives way. A body
that is larger than anybody may send without signing in is kept in a file as it comes, and answered by threads of its
own. Without a token or a session it is not awaited: the page refuses it by its stated length. A file has no name, so
that nothing stays of one whose sender or process is gone. See docs/adr/0037.
"""

from __future__ import annotations

import errno
import re
import socket
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from typing import IO, Any, Final

from django.conf import settings
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from lodeline.web.server import configuration

#: Connections that a process has at a time, and of these the ones that wait for a request or are sending one.
CONNECTIONS: Final = 512
_WAITING: Final = 400
#: Bytes of a head; of a request that is awaited whole (LODELINE_UPLOAD_BYTES, its head and a little); of all of them.
_HEAD_BYTES: Final = 65_536
_WHOLE_BYTES: Final = 2_600_000
_HELD_BYTES: Final = 128_000_000
#: Large bodies at a time: of one token or session, of one address, of all; and the bytes of all that lie in files.
LARGE_OF_ONE: Final = 4
_LARGE_OF_ADDRESS: Final = 16
_LARGE: Final = 64
_SPOOLED_BYTES: Final = 2_000_000_000
#: A request has so many seconds, and one more for each of so many bytes that it states: 128 kbit/s.
_PATIENCE_S: Final = 15.0
_BYTES_PER_S: Final = 16_384
#: Seconds for which a visitor may take an answer, and has to read its end before the connection goes.
_ANSWER_S: Final = 120.0
_LINGER_S: Final = 2.0

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
#: What whoever has signed in sends. Whether it is true is asked when the body is there.
_CREDENTIAL: Final = re.compile(
    rb"\r\nauthorization:[^\r]*?([^ \t\r]+)[ \t]*(?=\r)|[ ;-]lodeline_session=([^; \t\r]+)", re.IGNORECASE
)
_FORWARDED: Final = re.compile(rb"\r\nx-forwarded-for:([^\r]*)", re.IGNORECASE)
#: Put on a request of somebody who has enough large bodies under way. Who sends it himself is refused himself.
TOO_MANY: Final = "X-LODELINE-TOO-MANY"
_EXPECTS: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_PROBE: Final = re.compile(rb"(GET|HEAD) /healthz[ ?]")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_HEAD_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)


class _Received(Unreader):  # type: ignore[misc]
    """What has come of a request, for the thread that answers it; a large body from the file in which it lies.

    Where nothing is to come it says so at once: however a head is read, no thread waits for more of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._has_an_end = True
        self._large: _Large | None = None
        #: Bytes in memory when the request was taken up; whether its sender has too many large ones under way.
        self.held = 0
        self.is_one_too_many = False

    def begin(
        self, received: bytes, *, has_an_end: bool, large: _Large | None = None, is_one_too_many: bool = False
    ) -> None:
        """A request is taken up."""
        self.unread(received)
        self.held = len(received)
        self._has_an_end, self._large, self.is_one_too_many = has_an_end, large, is_one_too_many
        if large is not None:
            large.file.seek(0)

    @property
    def is_reusable(self) -> bool:
        """Whether it is known where the next request on this connection begins."""
        return self._has_an_end and self._large is None

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes of a large body."""
        if self._large is None:
            return b""
        return self._large.file.read(min(max(size_hint or 0, 8192), 1 << 20))


def _unnamed() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0, prefix="lodeline-")


@dataclass(slots=True, kw_only=True, eq=False)
class _Large:
    """A large body: whose it is, and the file without a name that keeps what has come of it."""

    credentials: frozenset[bytes]
    address: bytes
    file: IO[bytes] = field(default_factory=_unnamed)
    size: int = 0

    def add(self, piece: bytes) -> None:
        """Keeps the next bytes. Raises OSError where the disk is full."""
        self.size += len(piece)
        while piece:
            piece = piece[self.file.write(piece) :]


@dataclass(slots=True, kw_only=True)
class _Arrival:
    """A connection that waits for a request, sends one, or is being closed."""

    until: float
    since: float
    data: bytearray = field(default_factory=bytearray)
    #: Bytes in which no end of a head was found; bytes of the whole request, once its head is there.
    searched: int = 0
    needs: int | None = None
    is_closing: bool = False
    large: _Large | None = None

    @property
    def missing(self) -> int:
        """Bytes of a large body that are still to come."""
        return (self.needs or 0) - len(self.data) - (self.large.size if self.large else 0)


class ReceivingWorker(ThreadWorker):  # type: ignore[misc]
    """The server's worker with threads, which get requests that are there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._accepting = False
        #: In the order in which they began to wait.
        self._arriving: dict[TConn, _Arrival] = {}
        self._held, self._swept = 0, 0.0
        #: Large bodies that are arriving or being answered.
        self._large: dict[TConn, _Large] = {}

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Threads for requests, one for the question whether the process answers, and some for large bodies."""
        self._probes = ThreadPoolExecutor(max_workers=1)
        self._for_large = ThreadPoolExecutor(max_workers=max(1, self.cfg.threads // 4))
        return ThreadPoolExecutor(max_workers=self.cfg.threads)

    def _connection(self, sock: socket.socket, address: Any, own_address: Any) -> TConn:
        self.nr_conns += 1
        conn = TConn(self.cfg, sock, address, own_address)
        conn.init()
        conn.parser.unreader = _Received()
        return conn

    def accept(self, listener: Any) -> None:
        """A connection: it waits for its request."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE) and self._arriving:
                self._drop(next(iter(self._arriving)))
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        self._await(self._connection(sock, address, listener.getsockname()))

    def _await(self, conn: TConn, data: bytes = b"", *, closing: bool = False) -> None:
        """A connection waits beside the threads. `data`: what has come of its next request."""
        now = time.monotonic()
        patience = _LINGER_S if closing or not self.alive else _PATIENCE_S if data else self.cfg.keepalive
        conn.sock.setblocking(False)
        arrival = _Arrival(until=now + patience, since=now, data=bytearray(data), is_closing=closing)
        self._arriving[conn] = arrival
        self._held += len(data)
        self.poller.register(conn.sock, EVENT_READ, partial(self._take, conn))
        if len(self._arriving) > _WAITING:
            # A large body takes its time, and is bounded in other ways.
            self._drop(next((one for one, of in self._arriving.items() if of.large is None), conn))
            if conn not in self._arriving:
                return
        if data:
            self._peek(conn, arrival)

    def _take(self, conn: TConn, sock: socket.socket) -> None:
        """Bytes have come, or the visitor has gone."""
        arrival = self._arriving.get(conn)
        if arrival is None:
            return  # it gave way to another since this was found out
        try:
            piece = sock.recv(min(1 << 18, arrival.missing) if arrival.large else 1 << 18)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            piece = b""
        if not piece:
            self._drop(conn)
        elif arrival.large is not None:
            self._keep(conn, arrival, arrival.large, piece)
        elif not arrival.is_closing:
            if not arrival.data:
                arrival.since = time.monotonic()
                arrival.until = arrival.since + _PATIENCE_S
            arrival.data += piece
            self._held += len(piece)
            self._peek(conn, arrival)
            if self._held > _HELD_BYTES:
                longest = next((one for one, of in self._arriving.items() if of.data and not of.large), None)
                if longest is not None:
                    self._drop(longest)

    def _keep(self, conn: TConn, arrival: _Arrival, large: _Large, piece: bytes) -> None:
        """The next piece of a large body. It comes at the least rate from its beginning to its end."""
        try:
            large.add(piece)
        except OSError:
            self._refuse(conn)
            return
        arrival.until = arrival.since + _PATIENCE_S + (len(arrival.data) + large.size) / _BYTES_PER_S
        if not arrival.missing:
            self._dispatch(conn, large=large)
        elif sum(one.size for one in self._large.values()) > _SPOOLED_BYTES:
            self._refuse(next(one for one, of in self._arriving.items() if of.large))

    def _begin_large(self, conn: TConn, arrival: _Arrival, head: bytes) -> None:
        """A large body begins: it is kept, or refused without being awaited."""
        credentials = frozenset((one[1] or one[2]).strip(b'"') for one in _CREDENTIAL.finditer(head))
        if not credentials or arrival.missing > settings.LODELINE_FILING_BYTES + _WHOLE_BYTES:
            # The page refuses it by its length.
            self._dispatch(conn, has_an_end=False)
            return
        address = self._address(conn, head)
        under_way = list(self._large.values())
        if (
            sum(not one.credentials.isdisjoint(credentials) for one in under_way) >= LARGE_OF_ONE
            or sum(one.address == address for one in under_way) >= _LARGE_OF_ADDRESS
            or len(under_way) >= _LARGE
        ):
            self._refuse(conn)
            return
        try:
            arrival.large = self._large[conn] = _Large(credentials=credentials, address=address)
        except OSError:
            self._refuse(conn)
            return
        arrival.until = arrival.since + _PATIENCE_S
        if _EXPECTS.search(head):
            self._send(conn, _CONTINUE)

    @staticmethod
    def _address(conn: TConn, head: bytes) -> bytes:
        """Whose a connection is; of one of a proxy, whom it names."""
        peer = str(conn.client[0]) if isinstance(conn.client, tuple) else ""
        forwarded = b",".join(_FORWARDED.findall(head)).decode("latin-1")
        return (configuration.visitor_behind(peer, forwarded) or peer).encode("latin-1")

    def _refuse(self, conn: TConn) -> None:
        """Says to the sender of a large body that it cannot be taken now."""
        self._let_go(conn)
        self._dispatch(conn, has_an_end=False, is_one_too_many=True)

    def _let_go(self, conn: TConn) -> None:
        large = self._large.pop(conn, None)
        if large is not None:
            large.file.close()

    def _peek(self, conn: TConn, arrival: _Arrival) -> None:
        """Hands a request that is there to a thread."""
        data = arrival.data
        if arrival.needs is None:
            end = data.find(_HEAD_END, max(0, arrival.searched - 3))
            arrival.searched = len(data)
            if end < 0:
                if len(data) > _HEAD_BYTES:
                    self._send(conn, _HEAD_TOO_LARGE)
                    self._forget(conn)
                    self._close(conn)
                return
            head = bytes(data[: end + 2])
            stated = _LENGTH.search(head)
            arrival.needs = end + len(_HEAD_END) + (int(stated[1]) if stated else 0)
            if _CHUNKED.search(head):
                # Nothing here takes a body of unknown length: it is answered as one without.
                self._dispatch(conn, has_an_end=False)
                return
            if arrival.needs > _WHOLE_BYTES:
                self._begin_large(conn, arrival, head)
                return
            arrival.until = arrival.since + _PATIENCE_S + arrival.needs / _BYTES_PER_S
            if len(data) < arrival.needs and _EXPECTS.search(head):
                self._send(conn, _CONTINUE)
        if len(data) >= arrival.needs:
            self._dispatch(conn)

    def _dispatch(
        self, conn: TConn, *, has_an_end: bool = True, large: _Large | None = None, is_one_too_many: bool = False
    ) -> None:
        data = bytes(self._forget(conn).data)
        self._held += len(data)
        conn.parser.unreader.begin(data, has_an_end=has_an_end, large=large, is_one_too_many=is_one_too_many)
        pool = self._for_large if large else self._probes if _PROBE.match(data) else self.tpool
        answering = pool.submit(self.handle, conn)
        answering.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """In a thread: answers. Whoever does not take the answer is told of like one who has gone."""
        conn.sock.settimeout(_ANSWER_S)
        if not conn.parser.unreader.is_reusable:
            req.force_close()
        if conn.parser.unreader.is_one_too_many:
            req.headers.append((TOO_MANY, "1"))
        try:
            return super().handle_request(req, conn)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "an answer was not taken") from error

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """In the loop: what becomes of a connection after an answer."""
        self._held -= conn.parser.unreader.held
        self._let_go(conn)
        try:
            kept = not fs.cancelled() and bool(fs.result()) and conn.parser.unreader.is_reusable
        except Exception:  # whatever ended the answer was told where it was raised; the connection is not used again
            kept = False
        if kept:
            self._await(conn, conn.parser.unreader.take_buffered())
        else:
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        """Lets the visitor read to the end first: what is closed with bytes unread is cut off (RFC 9112, 9.6)."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
        else:
            self._await(conn, closing=True)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self._let_go(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: TConn) -> _Arrival:
        arrival = self._arriving.pop(conn)
        self._held -= len(arrival.data)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        return arrival

    @staticmethod
    def _send(conn: TConn, answer: bytes) -> None:
        with suppress(OSError):
            conn.sock.send(answer)

    def murder_keepalived(self, force: bool = False) -> None:
        """Called by the loop in every round: closes whose time is over."""
        now = time.monotonic()
        if not force and now - self._swept < 0.5:
            return
        self._swept = now
        for conn, arrival in list(self._arriving.items()):
            if force or now >= arrival.until:
                if arrival.data and not arrival.is_closing:
                    self._send(conn, _TOO_SLOW)
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """The process is to end: nobody is waited for longer than that."""
        for arrival in self._arriving.values():
            arrival.until = min(arrival.until, deadline)
