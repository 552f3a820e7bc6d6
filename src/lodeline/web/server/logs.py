"""What the server writes: one line of JSON for each request and each fault, and never what anybody typed or is called.

A line names the page, not its address, because addresses hold lots and organisations. A fault is told by the kind of
its exception and the places in the code; its message may quote a form or a row, and is left out. What other libraries
say is told by its template alone, without what would be put into it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import traceback
import warnings
from contextvars import ContextVar
from datetime import UTC, datetime
from io import UnsupportedOperation
from typing import Any, Final, TextIO

from lodeline.build import build
from lodeline.web.server import configuration

#: A request id is taken over where it is 32 hexadecimal digits or a UUID: anything else could be a name or a number
#: of somebody.
_REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: The request that is being answered, for whatever is told of it.
request_id: ContextVar[str] = ContextVar("request_id", default="")
#: Bytes of a line. What a process writes into a pipe at once is not mixed with what others write up to so many.
#: Source: POSIX.1-2017, write(), PIPE_BUF; 4096 on Linux.
_LINE_BYTES: Final = 4096
#: Characters of what happened.
_MESSAGE: Final = 500
#: Places in the code that are told of a fault, where they fit; fewer, the innermost, where they do not.
_PLACES: Final = (40, 20, 10, 5, 2, 1, 0)
#: Where requests are told.
REQUESTS: Final = logging.getLogger("lodeline.request")


def is_request_id(text: str) -> bool:
    """Whether an id that came with a request can be taken over."""
    return _REQUEST_ID.fullmatch(text) is not None


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, what happened, the request in which it did, and whatever else is safe to tell."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "what": self._what(record),
            "request": request_id.get() or None,
            "worker": os.getpid(),
            **getattr(record, "fields", {}),
        }
        if record.name != REQUESTS.name:
            line["logger"] = record.name
        if not record.exc_info or record.exc_info[1] is None:
            return _written(line)
        text = ""
        for places in _PLACES:
            text = _written({**line, "program": build(), "fault": error_facts(record.exc_info[1], places)})
            if len(text) < _LINE_BYTES:
                break
        return text if len(text) < _LINE_BYTES else _written(line)

    @staticmethod
    def _what(record: logging.LogRecord) -> str:
        # What the server says of its workers holds numbers of processes and names of signals, and nothing else.
        of_workers = record.name == "gunicorn.error" and str(record.msg).lower().startswith("worker ")
        if record.name.startswith("lodeline.") or of_workers:
            try:
                return record.getMessage()[:_MESSAGE]
            except (TypeError, ValueError):
                return str(record.msg)[:_MESSAGE]  # what was to be put in does not fit
        # A template that nothing is put into may have been filled before.
        whole = record.args and isinstance(record.msg, str)
        return record.msg[:_MESSAGE] if whole else f"{record.module}:{record.lineno}"


def _written(line: dict[str, Any]) -> str:
    """In ASCII, which every stream can take, and in which nothing but the end of a line ends one."""
    return json.dumps(line, default=lambda value: type(value).__name__)


def error_facts(error: BaseException, places: int = _PLACES[0]) -> list[dict[str, Any]]:
    """An exception and what caused it, outermost first: kinds and so many places, without messages."""
    found: list[dict[str, Any]] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        frames = traceback.extract_tb(one.__traceback__)[-places:] if places else []
        at = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"kind": f"{type(one).__module__}.{type(one).__qualname__}", "at": at})
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


def capture_python_errors() -> None:
    """What Python writes to the error stream by itself becomes lines: warnings, and faults that nobody has caught."""
    faults = logging.getLogger("lodeline.fault")

    def of_python(  # noqa: PLR0917  (as Python calls it)
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        del message, file, line
        faults.warning("%s at %s:%d", category.__name__, filename, lineno)

    def of_process(kind: type[BaseException], error: BaseException, _: Any) -> None:
        if issubclass(kind, Exception):
            faults.error("a process ended by a fault", exc_info=error)

    def of_thread(arguments: threading.ExceptHookArgs) -> None:
        faults.error("a thread ended by a fault", exc_info=arguments.exc_value)

    def of_nobody(arguments: Any) -> None:
        faults.error("a fault where nobody could be told", exc_info=arguments.exc_value)

    warnings.showwarning = of_python
    sys.excepthook, threading.excepthook, sys.unraisablehook = of_process, of_thread, of_nobody


class WholeLines(logging.StreamHandler[TextIO]):
    """A line is written at once, so that those of several processes do not run into each other."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes past the stream's own buffer, which gives lines on in pieces. A stream that is gone takes nothing."""
        try:
            line = f"{self.format(record)}\n"
            self.flush()
            os.write(self.stream.fileno(), line.encode("ascii"))
        except UnsupportedOperation:
            self.stream.write(line)  # no file of the system's
        except (OSError, ValueError):
            return


class OnlyFaults(logging.Filter):
    """Leaves out what Django says of an answer's status: the line of the request says it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record tells something else."""
        return record.name != "django.request" or bool(record.exc_info)


def logging_settings() -> dict[str, Any]:
    """Settings of Python's logging for every process of the server: JSON lines on standard output."""
    level = "INFO" if configuration.current().log == "json" else "ERROR"
    lines = {"handlers": ["lines"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "lodeline.web.server.logs.JsonLines"}},
        "filters": {"faults": {"()": "lodeline.web.server.logs.OnlyFaults"}},
        "handlers": {
            "lines": {
                "class": "lodeline.web.server.logs.WholeLines",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["faults"],
            },
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["lines"], "level": "WARNING"},
        "loggers": {
            "lodeline": {**lines, "level": level},
            "django": {**lines, "level": "ERROR"},
            "gunicorn.error": {**lines, "level": "ERROR"},
            # A host name that is refused is the asker's fault. Without any handler Python would write it itself.
            "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        },
    }
