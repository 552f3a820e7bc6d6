"""Which old values a pack has otherwise than the law that stands, or no more: nothing that was published is edited.

A value is known by its rule, the first day on which it holds and the day on which it was published; a suspension by its
instrument and days. Of a list the rows are named that went or came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from lodeline.regulation.instrument import Effect
from lodeline.regulation.parameter import HEAD, Jurisdiction
from lodeline.regulation.value import Value

Json = dict[str, Any]
#: Of a row without a name, and of a value, so many signs are shown; of a list so many rows.
_SHOWN_MOST: Final = 80
_ROWS_MOST: Final = 20
#: What a row of a list is called by, the first of these that it has.
_NAMES: Final = ("item", "kind", "code", "breach_kind", "measure")


def altered(before: Jurisdiction, after: Jurisdiction) -> list[Json]:
    """Every value and suspension of `before` that `after` has otherwise or no more, in the order of the files.

    `what`: `went`, or `changed` with what of it in `parts`; `rows_gone` and `rows_come` of a list; `value` of another.
    """
    found = []
    for one in before.parameters.values():
        other = after.ruled(one.rule)
        kept = {} if other is None else {_key(value): value for value in other.values}
        for value in one.values:
            if row := _compared(value, kept.get(_key(value))):
                file, days = f"{before.code}/{one.rule}", (value.in_force_from, value.published)
                found.append(_row(file, one.name, one.label, days, row))
    for instrument in before.instruments.values():
        now = after.instruments.get(instrument.id)
        effects = {} if now is None else {(one.first, one.published, one.suspends): one for one in now.effects}
        for effect in instrument.effects:
            again = effects.get((effect.first, effect.published, effect.suspends))
            if row := _compared_effect(effect, again):
                file, days = f"{before.code}/{instrument.id}/{HEAD}", (effect.first, effect.published)
                found.append(_row(file, "suspends" if effect.suspends else "resumes", instrument.title, days, row))
    return sorted(found, key=lambda one: (one["file"], one["in_force_from"], one["published"]))


def _key(value: Value) -> tuple[object, ...]:
    return value.in_force_from, value.published, value.corrects


def _row(file: str, parameter: str, label: Mapping[str, str], days: tuple[Any, Any], what: Json) -> Json:
    return {
        "file": file if file.endswith(".yaml") else f"{file}.yaml", "parameter": parameter, "label": dict(label),
        "in_force_from": days[0].isoformat(), "published": days[1].isoformat(),
        "parts": [], "rows_gone": [], "rows_come": [], "value": None, **what,
    }  # fmt: skip


def _compared(was: Value, now: Value | None) -> Json | None:
    what: Literal["went", "changed"] = "went" if now is None else "changed"
    parts = [] if now is None else [
        name for name in ("value", "unknown", "in_force_to", "citation", "evidence", "note")
        if getattr(was, name) != getattr(now, name)
    ]  # fmt: skip
    if now is not None and not parts:
        return None
    if not isinstance(was.value, list):
        return {"what": what, "parts": parts, "value": _short(was.value)}
    rows = now.value if now is not None and isinstance(now.value, list) else []
    old, new = (set(map(_plain, several)) for several in (was.value, rows))
    return {
        "what": what, "parts": parts,
        "rows_gone": [_named(row) for row in was.value if _plain(row) not in new][:_ROWS_MOST],
        "rows_come": [_named(row) for row in rows if _plain(row) not in old][:_ROWS_MOST],
    }  # fmt: skip


def _compared_effect(was: Effect, now: Effect | None) -> Json | None:
    if now is None:
        return {"what": "went", "value": ", ".join(was.instruments)}
    parts = [
        name for name in ("instruments", "last", "afterwards", "citation", "evidence", "note")
        if getattr(was, name) != getattr(now, name)
    ]  # fmt: skip
    return {"what": "changed", "parts": parts, "value": ", ".join(was.instruments)} if parts else None


def _named(row: Any) -> str:
    """What a row of a list is called: its number or kind, with its element and form."""
    if not isinstance(row, dict):
        return _short(row)
    name = next((str(row[one]) for one in _NAMES if one in row), None)
    if name is None:
        return _short(row)
    return " ".join((name, *(str(row[one]) for one in ("element", "form") if one in row)))


def _short(value: Any) -> str:
    text = _plain(value)
    return text if len(text) <= _SHOWN_MOST else f"{text[:_SHOWN_MOST]}…"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def told(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What there is to say of a row, in both languages, a part at a time."""
    day = row["in_force_from"]
    whole = (
        (f"{row['file']}: the value from {day}, published {row['published']}, is gone",
         f"{row['file']}：自 {day} 起、{row['published']} 公布的取值已删去")
        if row["what"] == "went"
        else (f"{row['file']}: the value from {day}, published {row['published']}, is another"
              f" ({', '.join(row['parts'])})",
              f"{row['file']}：自 {day} 起、{row['published']} 公布的取值已改动（{'、'.join(row['parts'])}）")
    )  # fmt: skip
    yield whole
    for name, en, zh in (("rows_gone", "gone", "删去"), ("rows_come", "new", "新增")):
        if row[name]:
            yield f"    {en}: {', '.join(row[name])}", f"    {zh}：{'、'.join(row[name])}"
    if row["value"]:
        yield f"    was {row['value']}", f"    原为 {row['value']}"
