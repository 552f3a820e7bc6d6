"""Questions that were put at a port without a network: written down there, and brought into the log later.

Each is kept with the answer that was given and the bundle that it was given from, and says how late it came. The same
record brought in twice is taken once. What the ledger would answer now is told beside it, and changes nothing of what
was answered then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from lodeline.control.declaration import Declaration, read_fields
from lodeline.journal.entry import canonical_json
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.bundle import Bundle
from lodeline.service.desk import answer, answer_from
from lodeline.service.desk_papers import cells_of, facts_of, put_question
from lodeline.service.moment import utc_text
from lodeline.spoken import SpokenError
from lodeline.store.snapshot import open_snapshot
from lodeline.store.store import DESK_KIND, Store

FORMAT: Final = "lodeline-offline-question-v1"
Json = dict[str, Any]


class RecordError(SpokenError):
    """A record of questions cannot be read."""


def answer_offline(
    declaration: Declaration, bundle: Bundle, *, law: Jurisdiction, now: datetime, today: date, day: date | None = None
) -> Json:  # fmt: skip
    """What the desk answers from a bundle, with what is said of it."""
    return {**answer_from(declaration, bundle.sources(), law=law, today=today, day=day), "bundle": bundle.said(now)}


def record_line(declaration: Declaration, answered: Json, *, asked_at: datetime) -> bytes:
    """The line of a record (NDJSON) that `merge` takes."""
    content = {
        "format": FORMAT, "asked_at": utc_text(asked_at), "cells": cells_of(declaration),
        "answer": answered,
    }  # fmt: skip
    return canonical_json(content) + b"\n"


def merge(
    store: Store, record: bytes, *, law: Jurisdiction, now: datetime, today: date, by: str = ""
) -> Json:  # fmt: skip
    """Brings a record into the log. Every line of it is read before the first is taken; raises RecordError.

    `rows`: `entry`, `asked_at`, `late_s`, `repeated`, `verdict`, and `otherwise`: the lines whose verdict the ledger
    gives otherwise now.
    """
    lines = [one for one in record.splitlines() if one.strip()]
    questions = [_read(number, one) for number, one in enumerate(lines, 1)]
    known = {
        facts["record"]: one.index
        for one in store.entries_of(DESK_KIND) for facts in [facts_of(one)] if facts.get("record")
    }  # fmt: skip
    rows = []
    for line, asked in zip(lines, questions, strict=True):
        digest = sha256(line).hexdigest()
        declaration = Declaration(lines=tuple(_lines(asked["cells"])))
        asked_at = datetime.fromisoformat(asked["asked_at"])
        repeated = digest in known
        if not repeated:
            known[digest] = put_question(
                store, declaration, asked["answer"], by=by, channel="offline", filed_at=now, asked_at=asked_at,
                bundle=asked["answer"]["bundle"], record=digest,
            ).index  # fmt: skip
        again = answer(
            declaration, law=law, today=today, snapshot=open_snapshot(store), store=store,
            day=date.fromisoformat(asked["answer"]["day"]),
        )  # fmt: skip
        rows.append(
            {
                "entry": known[digest], "asked_at": asked["asked_at"], "verdict": asked["answer"]["verdict"],
                "late_s": int((now - asked_at).total_seconds()), "repeated": repeated,
                "otherwise": [
                    {"line": was["line"], "row": was["row"], "was": was["verdict"], "now": now_["verdict"]}
                    for was, now_ in zip(asked["answer"]["lines"], again["lines"], strict=True)
                    if was["verdict"] != now_["verdict"]
                ],
            }
        )  # fmt: skip
    return {"rows": rows, "taken": sum(not one["repeated"] for one in rows)}


def _lines(cells: Iterable[Mapping[str, str]]) -> Iterable[Any]:
    for one in cells:
        yield from read_fields(one).lines


def _read(number: int, line: bytes) -> Json:
    try:
        found = json.loads(line)
        if found["format"] != FORMAT or len(found["cells"]) != len(found["answer"]["lines"]):
            raise ValueError("another format")
        datetime.fromisoformat(found["asked_at"]), date.fromisoformat(found["answer"]["day"])
        if not found["answer"]["bundle"]["sha256"] or canonical_json(found) != line.strip():
            raise ValueError("no bundle, or not as it was written")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"line {number} of the record cannot be read: copy the file again; nothing was taken",
            f"记录第{number}行无法读取：请重新复制；未导入任何内容",
        ) from error
    return found  # type: ignore[no-any-return]
