"""What the law says on a day, as it could be known on another; what changed; and how each rule has run.

Every value comes with its status, its citation and the evidence for it. What is unknown is shown as unknown.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.regulation.instrument import Effect
from lodeline.regulation.parameter import Jurisdiction, Parameter
from lodeline.regulation.timeline import Change, changes, spans
from lodeline.regulation.value import Value

Json = dict[str, Any]


def in_force(law: Jurisdiction, on: date, known: date) -> Json:
    """Every parameter as it stands on `on`, as published up to `known`. What nobody could know of yet is left out.

    The days and the citation are those of the value: the one in force, suspended, to come or the last one, by `status`.
    `informs` says why no rule of the program applies the parameter; null for what one applies.
    """
    rows = []
    for parameter in law.parameters.values():
        state = parameter.state(on, known=known)
        if state.value is not None:
            rows.append(
                {
                    **_head(law, parameter),
                    "status": state.status,
                    **_value(law, state.value),
                    "suspension": None if state.effect is None else _effect(law, state.effect),
                    "informs": parameter.informs,
                }
            )
    return {
        "jurisdiction": law.code, "pack": law.digest, "on": on.isoformat(), "known": known.isoformat(), "rows": rows,
    }  # fmt: skip


def diff(law: Jurisdiction, a: date, b: date, known: date | None = None) -> Json:
    """Every change within [a, b], both included, as published up to `known`, by default `b`.

    Raises UserError where `a` is after `b`.
    """
    if a > b:
        raise UserError(text("{a} is after {b}: give the earlier day first", a=a, b=b))
    known = known or b
    rows = [_change(law, change) for change in changes(law, a, b, known=known)]
    return {
        "jurisdiction": law.code, "pack": law.digest, "from": a.isoformat(), "to": b.isoformat(),
        "known": known.isoformat(), "rows": rows,
    }  # fmt: skip


def timeline(law: Jurisdiction, known: date = date.max) -> Json:
    """How each parameter has run: spans of days in one status, in order and without gaps; by default as known at last.

    `to` is null where no end is known. `published` and `citation` are the suspension's where one makes the status.
    """
    rows = [
        {
            **_head(law, parameter),
            "spans": [
                {
                    "from": span.first.isoformat(),
                    "to": _day(span.last),
                    "status": span.state.status,
                    "published": (span.state.effect or span.state.value).published.isoformat(),
                    "citation": _citation(law, span.state.effect or span.state.value),
                }
                for span in spans(parameter, known=known)
                if span.state.value is not None
            ],
        }
        for parameter in law.parameters.values()
    ]
    return {"jurisdiction": law.code, "pack": law.digest, "rows": rows}


def _head(law: Jurisdiction, parameter: Parameter) -> Json:
    title = law.title(parameter.instrument)
    return {
        "parameter": parameter.name, "label": parameter.label, "instrument": parameter.instrument, "title": title,
    }  # fmt: skip


def _value(law: Jurisdiction, value: Value) -> Json:
    return {
        "value": _plain(value.value),
        "in_force_from": value.in_force_from.isoformat(),
        "in_force_to": _day(value.in_force_to),
        "published": value.published.isoformat(),
        "citation": _citation(law, value),
        "evidence": value.evidence,
        "note": value.note,
    }


def _effect(law: Jurisdiction, effect: Effect) -> Json:
    return {
        "from": effect.first.isoformat(),
        "to": _day(effect.last),
        "published": effect.published.isoformat(),
        "afterwards": effect.afterwards,
        "citation": _citation(law, effect),
        "evidence": effect.evidence,
        "note": effect.note,
    }


def _change(law: Jurisdiction, change: Change) -> Json:
    source = change.effect or change.value
    first, last = (
        (change.value.in_force_from, change.value.in_force_to)
        if change.effect is None
        else (change.effect.first, change.effect.last)
    )
    return {
        "on": change.on.isoformat(),
        "what": change.what,
        **_head(law, change.parameter),
        "from": first.isoformat(),
        "to": _day(last),
        "published": source.published.isoformat(),
        "citation": _citation(law, source),
        "evidence": source.evidence,
    }


def _citation(law: Jurisdiction, source: Value | Effect | None) -> Json:
    assert source is not None, "what is shown comes from somewhere"
    return {
        "instrument": source.citation.instrument,
        "title": law.title(source.citation.instrument),
        "article": source.citation.article,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _plain(value: Any) -> Any:
    """A value of a law file as JSON has it: days become text."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
