"""What a telephone collected without a network, taken row by row: what is right enters, the rest stays where it is.

The verb of a visit takes all rows of a file or none. A telephone that kept a day's work to itself must not lose it to
one slip: rows with a problem are set aside and named, and the others are handed in again without them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lodeline.errors import UserError
from lodeline.language import Text, text
from lodeline.ledger.problem import Problem
from lodeline.service.inspections.entering import Taken
from lodeline.service.inspections.visits import InspectionError

#: Bytes and rows that are taken at a time; a telephone sends what is more in several goes.
BODY_BYTES: Final = 600_000
ROWS_MOST: Final = 200
UID_CHARACTERS: Final = 64
#: The first row of a file is its header, which JSON has not.
_FIRST_ROW: Final = 2

#: Hands in the rows of one day as a file: the verb of a visit.
Enter = Callable[[date, bytes], Taken]


class SentError(UserError):
    """What was sent is not what the page sends; nothing of it was read. `status`: of HTTP."""

    def __init__(self, words: Text, *, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A row as the telephone has it. `on`: the day of its clock; `cells`: as of a file of measurements."""

    uid: str
    on: date
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a row: `entry` in which it stands (None: it was not taken); `stood`: since before."""

    uid: str
    entry: int | None = None
    stood: bool = False
    problems: Sequence[Problem] = ()
    of_visit: UserError | None = None

    def as_json(self) -> dict[str, object]:
        """The shape that the page reads; problems in both languages."""
        said = [
            {"code": one.code, "severity": one.severity, "column": one.where.column,
             "message": {"en": one.message("en"), "zh": one.message("zh")}}
            for one in self.problems
        ]  # fmt: skip
        if self.of_visit is not None:
            words = {"en": self.of_visit.en, "zh": self.of_visit.zh}
            said.append({"code": "inspection", "severity": "reject", "column": None, "message": words})
        return {"uid": self.uid, "entry": self.entry, "stood": self.stood, "problems": said}


def read_sent(body: bytes) -> list[Sent]:
    """The rows of a body. Raises SentError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _strange() from None
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows or len(rows) > ROWS_MOST:
        raise _strange()
    sent = [_row(one) for one in rows]
    if len({one.uid for one in sent}) != len(sent):
        raise _strange()
    return sent


def take(sent: Sequence[Sent], enter: Enter) -> list[Answer]:
    """Hands in the rows, day by day; an answer for each, in order."""
    answers: dict[str, Answer] = {}
    for on in sorted({one.on for one in sent}):
        answers |= _of_day([one for one in sent if one.on == on], on, enter)
    return [answers[one.uid] for one in sent]


def _of_day(rows: Sequence[Sent], on: date, enter: Enter) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    left = list(rows)
    while left:
        try:
            done = enter(on, _file(left))
        except InspectionError as refused:
            return answers | {one.uid: Answer(uid=one.uid, of_visit=refused) for one in left}
        found = _by_row(done.problems, len(left))
        if done.accepted:
            entry = done.entries[0].index if done.entries else None
            return answers | {
                one.uid: Answer(
                    uid=one.uid, entry=done.repeated.get(one.uid, entry), stood=one.uid in done.repeated,
                    problems=found[place],
                )
                for place, one in enumerate(left)
            }  # fmt: skip
        wrong = {place for place, problems in enumerate(found) if any(one.severity != "flag" for one in problems)}
        # What is said of the file as a whole is said of each of its rows.
        wrong = wrong or set(range(len(left)))
        answers |= {
            left[place].uid: Answer(uid=left[place].uid, problems=found[place] or done.problems) for place in wrong
        }
        left = [one for place, one in enumerate(left) if place not in wrong]
    return answers


def _by_row(problems: Sequence[Problem], count: int) -> list[list[Problem]]:
    found: list[list[Problem]] = [[] for _ in range(count)]
    for one in problems:
        place = (one.where.row or 0) - _FIRST_ROW
        if 0 <= place < count:
            found[place].append(one)
    return found


def _file(rows: Sequence[Sent]) -> bytes:
    return json.dumps({"rows": [{**one.cells, "uid": one.uid} for one in rows]}).encode()


def _row(one: Any) -> Sent:
    uid, on, cells = (one.get(name) if isinstance(one, dict) else None for name in ("uid", "on", "cells"))
    if not isinstance(uid, str) or not (0 < len(uid) <= UID_CHARACTERS and uid.isascii() and uid.isprintable()):
        raise _strange()
    if uid != uid.strip() or not isinstance(on, str) or not isinstance(cells, dict):
        raise _strange()
    if not all(isinstance(cell, str) for cell in cells.values()):
        raise _strange()
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise _strange() from None
    return Sent(uid=uid, on=day, cells=cells)


def _strange() -> SentError:
    return SentError(
        text(
            "This is not what the telephone page sends, and nothing of it was taken. Load the page "
            "anew and send again: entries stay on the device."
        )
    )
