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
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from lodeline.web import configuration

#: A request id is taken over where it is 32 hexadecimal digits or a UUID: anything else could be a name or a number
#: of somebody.
_REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: The request that is being answered, for whatever is told of it.
request_id: ContextVar[str] = ContextVar("request_id", default="")
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
        if record.exc_info and record.exc_info[1] is not None:
            line["fault"] = told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)

    @staticmethod
    def _what(record: logging.LogRecord) -> str:
        # What the server says of its workers holds numbers of processes and names of signals, and nothing else.
        of_workers = record.name == "gunicorn.error" and str(record.msg).lower().startswith("worker ")
        if record.name.startswith("lodeline.") or of_workers:
            return record.getMessage()
        # A template that nothing is put into may have been filled before.
        return record.msg if record.args and isinstance(record.msg, str) else f"{record.module}:{record.lineno}"


def told(error: BaseException) -> list[dict[str, Any]]:
    """An exception and what caused it, outermost first: kinds and places, without messages."""
    found: list[dict[str, Any]] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(one.__traceback__)[-40:]
        ]
        found.append({"kind": f"{type(one).__module__}.{type(one).__qualname__}", "at": places})
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


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
        "formatters": {"json": {"()": "lodeline.web.logs.JsonLines"}},
        "filters": {"faults": {"()": "lodeline.web.logs.OnlyFaults"}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["faults"],
            }
        },
        "root": {"handlers": ["lines"], "level": "WARNING"},
        "loggers": {
            "lodeline": {**lines, "level": level},
            "django": {**lines, "level": "ERROR"},
            "gunicorn.error": {**lines, "level": "ERROR"},
            # A host name that is refused is the asker's fault.
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
        },
    }
