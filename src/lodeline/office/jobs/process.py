"""Which process does a piece of work, as a text that another process can judge: has it died since?

Only what is certain counts as dead: a process of another machine, or of another room of one (a container), may live.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def mark(number: int | None = None) -> str:
    """The machine, the room, the process and its first moment; by default of this process."""
    number = os.getpid() if number is None else number
    return f"{_room()} {number} {_begun(number)}"


def is_dead(marked: str) -> bool:
    """Whether a process that was marked is known to be gone; a number that was given out again is another process."""
    room, number, begun = ("", "", "", *marked.rsplit(" ", 2))[-3:]
    return bool(room) and room == _room() and number.isdecimal() and begun.isdecimal() and _begun(int(number)) != begun


def _room() -> str:
    try:
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _begun(number: int) -> str:
    """When a process began, in ticks since the machine did; "" if it is gone, or lies dead and is not yet buried."""
    try:
        # proc(5): the name in brackets may hold anything; after it come the state (field 3) and, later, field 22.
        fields = Path(f"/proc/{number}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]
