"""A finding as the organisation that it is about may see it: the question, its numbers, and its own rows as evidence.

Detectors look at the whole ledger, and what they write may name whoever stands farther up or down. Those are not next
to the organisation, so wherever one is named, in a text or in a lot, its mark stands instead: as in
`OrganisationView.lot_name`. A lot that it has by an alias goes by the alias. Only whole names are taken for names, and
only in values of fields that may name somebody: a firm called `mass` or `Nd` changes no key, no mass and no element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import polars as pl

from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.snapshot import Snapshot

Json = dict[str, Any]

#: Fields of a finding and of its evidence whose values are words of the program, numbers, days, or the firm's own ids.
_NAMES_NOBODY: Final = frozenset(
    ("id", "detector", "period", "score", "elements", "element", "state", "event", "kind", "on", "since", "until")
)
#: A letter or digit of a script that parts words by blanks. A name that ends in one ends where no other follows.
_LETTER: Final = r"[^\W_\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
#: What may follow an organisation's id: the maker's own part of the name of a lot.
_LOCAL: Final = r"(?:/[A-Za-z0-9._#+-]*)?"


def own_findings(rows: Iterable[Mapping[str, Any]], own: OrganisationView, snapshot: Snapshot) -> list[Json]:
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


def _without_strangers(row: Json, own: OrganisationView) -> Json:
    texts: list[str] = []

    def noted(text: str) -> str:
        texts.append(text)
        return text

    _changed(row, noted)
    instead = _instead("\n".join(texts), own)
    if not instead:
        return row
    ids = set(own.register.tables["organisations"]["id"])
    # The longest first: one name may be the beginning of another, or stand within it.
    words = sorted(instead, key=lambda word: -len(word))
    pattern = re.compile("|".join(_whole(word) + (_LOCAL if word in ids else "") for word in words))

    def called(found: re.Match[str]) -> str:
        whole = instead.get(found[0])
        maker, slash, local = found[0].partition("/")
        return f"{instead[maker]}{slash}{local}" if whole is None else whole

    changed: Json = _changed(row, lambda text: pattern.sub(called, text))
    return changed


def _instead(text: str, own: OrganisationView) -> dict[str, str]:
    """Names that stand in the text → what the organisation calls them: those that it knows by themselves."""
    found = {name: label for name, label in own.lot_naming.hidden_names.items() if name in text}
    known = {own.organisation, *own.next_to}
    for word, one in _names(own):
        if word in text and word not in found:
            found[word] = word if one in known else own.lot_name(f"{one}/", one, "").removesuffix("/")
    return found


def _names(own: OrganisationView) -> Iterator[tuple[str, str]]:
    """(name, whose) of everybody, those first who are known; a name that two bear is that of the first."""
    known = {own.organisation, *own.next_to}
    tables = own.register.tables
    yield from ((one, one) for one in known)
    yield from ((one, own.organisation) for sites in (own.sites, own.sites_before) for one in sites["id"])
    named = tables["organisations"].select("id", "name_zh", "name_en", "aliases").rows()
    for one, zh, en, aliases in sorted(named, key=lambda row: row[0] not in known):
        yield from ((word, one) for word in (one, zh, en, *(aliases or ())) if word)
    # Who is no organisation is not hidden; its name must not be spoilt by one that stands within it.
    for column, table in (("id", "parties"), ("name", "party_names")):
        for key, word in (
            tables[table].select(pl.col(column).alias("key"), "name").iter_rows() if table in tables else ()
        ):
            meant = own.register.party_of.get(key, key if table == "parties" else None)
            if word and meant:
                yield word, meant if meant in own.register.roles else own.organisation


def _whole(name: str) -> str:
    """A pattern for a name where it is not part of a longer word."""
    before, after = (rf"(?<!{_LETTER})", rf"(?!{_LETTER})")
    begins, ends = (re.match(_LETTER, character) for character in (name[0], name[-1]))
    return f"{before if begins else ''}{re.escape(name)}{after if ends else ''}"


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """The value with its texts changed that may name somebody; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            name: one if name in _NAMES_NOBODY or name.endswith("_kg") else _changed(one, change)
            for name, one in value.items()
        }
    return [_changed(one, change) for one in value] if isinstance(value, list | tuple) else value
