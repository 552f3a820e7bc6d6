"""The lists within the law, as a reader looks them up: instruments, control items and fines of a day, quotas.

Each value comes with its status, its citation and the evidence for it, as in `service.law.law`.
"""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from lodeline.ledger.roles import QUOTAS
from lodeline.regulation.control_list import control_items_by_status
from lodeline.regulation.fines import fines
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.timeline import spans
from lodeline.regulation.value import Status

Json = dict[str, Any]


def instruments(law: Jurisdiction, known: date) -> list[Json]:
    """Every instrument published up to `known`, newest first, with the rules that it sets and what it suspends."""
    rows = [
        {
            "instrument": one.id,
            "title": one.title,
            "issuer": one.issuer,
            "number": one.number,
            "published": one.published.isoformat(),
            "source": one.source,
            "evidence": one.evidence,
            "effects": [
                {
                    "suspends": effect.suspends,
                    "titles": [law.title(name) for name in effect.instruments],
                    "from": effect.first.isoformat(),
                    "to": None if effect.last is None else effect.last.isoformat(),
                    "afterwards": effect.afterwards,
                }
                for effect in one.effects
                if effect.published <= known
            ],
        }
        for one in law.instruments.values()
        if one.published <= known
    ]
    return sorted(rows, key=lambda row: str(row["published"]), reverse=True)


def control_list(law: Jurisdiction, on: date, known: date) -> list[Json]:
    """Every item of the lists published up to `known`, those in force on `on` first; `status` is that of its list."""
    return [
        {
            "item": one.item,
            "element": one.element,
            "form": one.form,
            "label": one.label,
            "named": list(one.named),
            "codes": list(one.codes),
            "instrument": one.instrument,
            "title": law.title(one.instrument),
            "status": status,
            "evidence": one.evidence,
        }
        for status in get_args(Status)
        for one in control_items_by_status(law, on, status, known=known)
    ]


def fine_table(law: Jurisdiction, on: date, known: date) -> list[Json]:
    """What each breach can cost on `on`; amounts in the currency of the law, `[least, most]`, as `regulation.fines`."""
    return [
        {
            "breach": one.breach,
            "base": one.base,
            "times": None if one.times is None else list(one.times),
            "from_base": one.from_base,
            "fixed": list(one.fixed),
            "refusing": {whom: list(span) for whom, span in one.refusing.items()},
            "serious": one.serious,
            "citation": {
                "instrument": one.citation.instrument,
                "title": law.title(one.citation.instrument),
                "article": one.citation.article,
            },
            "evidence": one.evidence,
        }
        for one in fines(law, on, known=known)
    ]


def quota_years(law: Jurisdiction, known: date) -> list[Json]:
    """What is known of the national quotas, a row for each parameter and span of days, oldest first.

    `value` is None where the quota was not published; masses in it are in t REO, as the notices give them.
    """
    rows = []
    for kind, name in QUOTAS.items():
        for parameter in law.named(name):
            for span in spans(parameter, known=known):
                value = span.state.value
                if value is None or span.state.status not in ("in-force", "unknown"):
                    continue
                rows.append(
                    {
                        "kind": kind,
                        "from": span.first.isoformat(),
                        "to": None if span.last is None else span.last.isoformat(),
                        "value": value.value,
                        "article": value.citation.article,
                        "title": law.title(value.citation.instrument),
                        "published": value.published.isoformat(),
                        "evidence": value.evidence,
                        "note": value.note,
                    }
                )
    return sorted(rows, key=lambda row: (str(row["from"]), str(row["kind"])))
