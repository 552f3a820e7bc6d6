"""Passes a connection from the process that received a request to the one that answers it (SCM_RIGHTS, unix(7)).

A message has no body: what has come of the request lies in a file in memory, which is passed beside the connection. So
a message is sent whole or not at all, and nobody waits for the other process to read it.
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Whether this system has what is needed.
POSSIBLE: Final = hasattr(os, "memfd_create") and hasattr(socket, "send_fds")
#: Requests at a time: more would take turns with each other, while other processes have little to do.
ENOUGH: Final = 4
#: Whether the request has a known end.
_MESSAGE: Final = struct.Struct("!?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A request on its connection: what has come of it, whether it is known where it ends."""

    sock: socket.socket
    received: bytes
    has_an_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way of connections from one process to another: made by the parent of both."""

    entrance: socket.socket
    exit: socket.socket
    #: A file that is there while somebody takes what is passed.
    open: Path
    #: One byte that both share: how many requests whoever takes them is answering.
    answering: mmap.mmap

    @classmethod
    def made(cls, mark: Path) -> Way | None:
        """A new way; None where this system has none."""
        if not POSSIBLE:
            return None
        try:
            entrance, exit_ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        except OSError:
            return None  # whoever confines the service may forbid it
        entrance.setblocking(False)
        exit_.setblocking(False)
        return cls(entrance=entrance, exit=exit_, open=mark, answering=mmap.mmap(-1, 1))

    def note(self, answering: int) -> None:
        """Says how many requests are being answered; whoever takes them alone says so."""
        self.answering[0] = min(answering, 255)

    def send(self, request: Passed) -> bool:
        """Passes a request on; False where nobody takes it, or who does has enough to do."""
        if self.answering[0] >= ENOUGH or not self.open.exists():
            return False
        try:
            content = os.memfd_create("request")
        except OSError:
            return False
        try:
            with os.fdopen(os.dup(content), "wb") as file:
                file.write(request.received)
            message = _MESSAGE.pack(request.has_an_end)
            socket.send_fds(self.entrance, [message], [request.sock.fileno(), content])
        except OSError:
            return False
        finally:
            os.close(content)
        return True

    def take(self) -> Passed | None:
        """The next request that was passed; None where there is none."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self.exit, _MESSAGE.size, 2)
        except OSError:
            return None
        if len(descriptors) != 2 or len(message) != _MESSAGE.size:
            # This process has as many files open as it may: the visitor is cut off, as where no connection is taken.
            for one in descriptors:
                os.close(one)
            return None
        connection, content = descriptors
        (has_an_end,) = _MESSAGE.unpack(message)
        with os.fdopen(content, "rb") as file:
            file.seek(0)
            received = file.read()
        return Passed(sock=socket.socket(fileno=connection), received=received, has_an_end=has_an_end)
