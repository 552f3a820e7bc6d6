"""Lines of the log are whole JSON, whoever says what, and however many processes say it at once."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from lodeline.web.server.logs import JsonLines

#: Faults with long ways to them, told by as many processes as like; and what other libraries and Python itself say.
FAULTS = """
import logging, sys, threading, warnings
from logging.config import dictConfig
from lodeline.web.server.logs import logging_settings, capture_python_errors

dictConfig(logging_settings())
capture_python_errors()


def a_function_with_a_long_name_far_down_in_the_program(left, causes):
    if left:
        a_function_with_a_long_name_far_down_in_the_program(left - 1, causes)
    try:
        if not causes:
            raise ValueError("what was typed")
        a_function_with_a_long_name_far_down_in_the_program(60, causes - 1)
    except (ValueError, RuntimeError) as error:
        raise RuntimeError("\\n what was typed") from error


def fail():
    a_function_with_a_long_name_far_down_in_the_program(60, 3)


for number in range(100):
    try:
        fail()
    except RuntimeError:
        logging.getLogger("lodeline.test" if number % 2 else "another.package").exception("it failed")
warnings.warn("what was typed", UserWarning)
logging.getLogger("another.package").error("%d of %s", "none")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def line_of(name: str, message: object, *arguments: object, **fields: Any) -> dict[str, Any]:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, None)
    record.fields = fields
    text = JsonLines().format(record)
    assert text.isascii() and len(text.splitlines()) == 1
    found: dict[str, Any] = json.loads(text)
    return found


def test_every_message_is_one_line_of_json() -> None:
    assert line_of("lodeline.x", "two\nlines\u2028三\ud800")["what"] == "two\nlines\u2028三\ud800"
    assert line_of("lodeline.x", "%d of %s", "none")["what"] == "%d of %s", "what does not fit is left out"
    assert line_of("another", {"a": object()})["logger"] == "another"
    assert line_of("lodeline.x", "on", day=date(2025, 1, 1))["day"] == "date"
    assert len(json.dumps(line_of("lodeline.x", "长" * 100_000))) < 4096


@pytest.mark.medium
def test_lines_of_several_processes_do_not_run_into_each_other() -> None:
    reading, writing = os.pipe()
    environment = os.environ | {"LODELINE_LOG": "json"}
    processes = [
        subprocess.Popen([sys.executable, "-c", FAULTS], stdout=writing, stderr=subprocess.PIPE, env=environment)
        for _ in range(4)
    ]
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        written = pipe.read()
    assert [process.communicate()[1] for process in processes] == [b""] * 4, "nothing is written beside the log"
    lines = [json.loads(line) for line in written.splitlines()]
    assert len(lines) == 4 * (100 + 4)
    assert b"what was typed" not in written
    for line in lines:
        if "fault" in line:
            assert line["fault"][0]["kind"] == "builtins.RuntimeError"
            assert "a_function_with_a_long_name" in line["fault"][1]["at"][-1], "the innermost place is told"
    said = [line["what"] for line in lines]
    assert said.count("a thread ended by a fault") == said.count("a process ended by a fault") == 4
    assert sum(what.startswith("UserWarning at ") for what in said) == 4
