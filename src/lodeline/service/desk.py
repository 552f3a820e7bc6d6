"""The desk: may this consignment leave? A pure question put to the law, and to the register where there is one.

Nothing is written. Every verdict carries an id, the day of its law and what it was computed from, so that anybody who
holds the same declaration, law and register can recompute it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any

from lodeline.control.declaration import Declaration, read_declaration, read_fields
from lodeline.control.desk import Verdict, judge
from lodeline.control.reason import VERDICTS, worst
from lodeline.filing.formats import Limits
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.snapshot import Snapshot

Json = dict[str, Any]
_ENDING = 16

#: What no line is checked for yet, and why.
NOT_CHECKED = (
    {
        "en": "Whether the port is designated for rare earths: no list with a source is at hand.",
        "zh": "口岸是否为稀土指定口岸：尚无有出处的名录。",
    },
    {
        "en": "The parties against watch and control lists.",
        "zh": "交易方是否列入关注名单或管控名单。",
    },
    {
        "en": "What the exporter declared before: repeats, new buyers and destinations, mass used on licences.",
        "zh": "出口企业以往申报情况：重复出口、新买家和新目的国、许可证已用数量。",
    },
)


def declare(
    *,
    source: Path | bytes,
    law: Jurisdiction,
    today: date,
    snapshot: Snapshot | None = None,
    name: str | None = None,
    day: date | None = None,
) -> Json:
    """The verdict for each line of a declaration; `readable` is False where no line could be read.

    `source` is a path, or bytes whose format the ending of `name` tells. `today` is as of when law and corrections are
    known; `day` (default: today) is the day of law for lines without a date. Without a snapshot licences are unknown.
    """
    return answer(read(source, name=name), law=law, today=today, snapshot=snapshot, day=day)


def read(source: Path | bytes, *, name: str | None = None, limits: Limits | None = None) -> Declaration:
    """The lines of a path, or of bytes whose format the ending of `name` tells; never raises on what they hold."""
    if isinstance(source, Path):
        return read_declaration(source, file=name, limits=limits)
    assert name is not None, "bytes come with the name of their file"
    # An ending that is longer than any format's would make a name that no file system takes.
    with tempfile.NamedTemporaryFile(suffix=PurePath(name).suffix[:_ENDING]) as held:
        held.write(source)
        held.flush()
        return read_declaration(Path(held.name), file=name, limits=limits)


def declare_line(
    fields: Mapping[str, str],
    *,
    law: Jurisdiction,
    today: date,
    snapshot: Snapshot | None = None,
    day: date | None = None,
) -> Json:
    """The same for one line, whose cells come by name as a form sends them; empty cells are left out."""
    return answer(read_fields(fields), law=law, today=today, snapshot=snapshot, day=day)


def answer(
    declaration: Declaration,
    *,
    law: Jurisdiction,
    today: date,
    snapshot: Snapshot | None = None,
    day: date | None = None,
) -> Json:
    """What `declare` answers, about a declaration that was read; its lines in the order of the declaration's."""
    day = day or today
    licences = None if snapshot is None else snapshot.register.tables["licences"]
    verdicts = judge(
        declaration, law=law, day=day, known=today, licences=licences,
        exporters=None if snapshot is None else snapshot.register.organisation_by_name,
    )  # fmt: skip
    stamp = None if snapshot is None else snapshot.stamp
    basis = {"law": law.code, "known": today.isoformat(), "stamp": stamp}
    lines = [_line(one, basis) for one in verdicts]
    return {
        "id": _digest([basis, [line["id"] for line in lines]]),
        "verdict": worst(one.verdict for one in verdicts) if lines else "query",
        "lines": lines,
        "counts": {word: sum(one.verdict == word for one in verdicts) for word in VERDICTS},
        "problems": [one.as_json() for one in declaration.problems],
        "readable": declaration.readable,
        "day": day.isoformat(),
        **basis,
        "licences": "unknown" if licences is None or not licences.height else "register",
        "not_checked": list(NOT_CHECKED),
    }


def _line(verdict: Verdict, basis: Json) -> Json:
    line = verdict.line
    reasons = [one.as_json() for one in verdict.reasons]
    # The id stands for what was asked and what was answered; the words of the reasons may be bettered.
    codes = [(one.code, list(one.fields), dict(one.facts)) for one in verdict.reasons]
    return {
        "line": line["line"],
        "verdict": verdict.verdict,
        "reasons": reasons,
        "id": _digest([basis, verdict.day.isoformat(), dict(line.cells), codes]),
        "declaration": line["declaration"],
        "row": line.row,
        "product_name": line["product_name"],
        "hs_code": line["hs_code"],
        "day": verdict.day.isoformat(),
        "problems": [one.as_json() for one in line.problems],
    }


def _digest(content: Any) -> str:
    """SHA-256 of the content as JSON with sorted keys and no spaces; there are texts, lists and objects in it."""
    return sha256(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
