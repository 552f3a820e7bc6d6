"""A connection that one process has received a request on, passed to the one that answers it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lodeline.web.server import passing
from lodeline.web.server.passing import ENOUGH, POSSIBLE, Passed, Way

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="connections cannot be passed on this system")


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    made = Way.made(tmp_path / "open")
    assert made is not None
    made.open.touch()
    yield made
    made.entrance.close()
    made.exit.close()


def test_what_is_passed_comes_whole_on_its_own_connection(way: Way) -> None:
    content = os.urandom(3_000_000)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert way.send(Passed(sock=theirs, received=content, has_an_end=False))
        theirs.close()  # as who passed it does
        taken = way.take()
        assert taken is not None and way.take() is None
        assert (taken.received, taken.has_an_end) == (content, False)
        with taken.sock:
            taken.sock.sendall(b"answered")
        assert ours.recv(20) == b"answered"


def test_nobody_takes_it_or_has_enough_to_do(way: Way) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        request = Passed(sock=theirs, received=b"POST", has_an_end=True)
        way.note(ENOUGH)
        assert not way.send(request)
        way.note(1_000)
        assert not way.send(request)
        way.note(0)
        way.open.unlink()
        assert not way.send(request)
        assert way.take() is None


def test_more_than_the_system_holds_is_not_passed_and_nothing_is_lost(way: Way) -> None:
    with ExitStack() as held:
        passed = 0
        for number in range(1_000):
            ours, theirs = socket.socketpair()
            held.callback(ours.close)
            with theirs:
                passed += way.send(Passed(sock=theirs, received=b"%d" % number, has_an_end=True))
        assert 0 < passed < 1_000
        taken = list(iter(way.take, None))
        for one in taken:
            one.sock.close()
        assert [one.received for one in taken] == [b"%d" % number for number in range(passed)]


def test_where_files_may_not_be_passed_whoever_received_it_answers(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(24, "too many open files")

    ours, theirs = socket.socketpair()
    with ours, theirs:
        request = Passed(sock=theirs, received=b"POST", has_an_end=True)
        for name in ("os.memfd_create", "socket.send_fds"):
            with monkeypatch.context() as patch:
                patch.setattr(f"{passing.__name__}.{name}", full)
                assert not way.send(request)
        assert way.take() is None and way.send(request)
        taken = way.take()
        assert taken is not None
        taken.sock.close()
