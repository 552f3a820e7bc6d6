"""A finding as the organisation that it is about may see it: the question, its numbers, and its own rows as evidence.

Detectors look at the whole ledger, and what they write may name whoever stands farther up or down. Those are not next
to the organisation, so wherever one is named, in a text or in a lot, its mark stands instead: as in `Own.lot_name`.
A lot that it has by an alias goes by the alias.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from lodeline.service.own import Own
from lodeline.store.snapshot import Snapshot

Json = dict[str, Any]


def own_findings(rows: Iterable[Mapping[str, Any]], own: Own, snapshot: Snapshot) -> list[Json]:
    """The findings about the organisation among `rows` (the shape of `findings --json`)."""
    about = [dict(row) for row in rows if row["subject"].get("organisation") == own.organisation]
    entries = sorted({one["entry"] for row in about for one in row["evidence"] if isinstance(one.get("entry"), int)})
    lines = snapshot.lines.filter((pl.col("organisation") == own.organisation) & pl.col("entry").is_in(entries))
    mine = set(lines["entry"])

    def is_own(evidence: Mapping[str, Any]) -> bool:
        # Totals are of the subject; any other row without an entry may be anybody's.
        return evidence.get("entry") in mine or evidence.keys() == {"totals"}

    return [
        _without_strangers({**row, "evidence": [one for one in row["evidence"] if is_own(one)]}, own) for row in about
    ]


def _without_strangers(row: Json, own: Own) -> Json:
    text = json.dumps(row, ensure_ascii=False)
    for name, label in own.calling.hidden_names.items():
        text = text.replace(json.dumps(name, ensure_ascii=False)[1:-1], label)
    known = {own.organisation, *own.next_to}
    named = own.register.tables["organisations"].select("id", "name_zh", "name_en", "aliases")
    words = [
        (word, one)
        for one, zh, en, aliases in named.iter_rows()
        if one not in known
        for word in (one, zh, en, *(aliases or ()))
        if word and json.dumps(word, ensure_ascii=False)[1:-1] in text
    ]
    # The longest first: one name may be the beginning of another.
    for word, one in sorted(words, key=lambda pair: -len(pair[0])):
        mark = own.lot_name(f"{one}/", one, "").removesuffix("/")
        text = text.replace(json.dumps(word, ensure_ascii=False)[1:-1], mark)
    changed: Json = json.loads(text)
    return changed
