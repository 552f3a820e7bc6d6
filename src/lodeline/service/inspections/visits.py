"""What an inspector found at a site: own counts, seizures and seals, as entries of the log in their own kind.

None of it moves the firm's book. What was found stands beside what the firm filed, and where the two differ, that is
shown as a difference and not booked: a finding is a question. The entry commits to the paper and names the firm and the
month; the paper says the rest, and its receipt proves it.

InspectionError    what was entered cannot be meant; each sentence says what to do
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, Literal, get_args

import polars as pl

from lodeline.errors import UserError
from lodeline.filing.check import check
from lodeline.filing.table import Table
from lodeline.journal.entry import canonical_json
from lodeline.language import bilingual, text
from lodeline.ledger.problem import Problem
from lodeline.ledger.register import Register
from lodeline.ledger.resolution import resolve
from lodeline.ledger.succession import holders_of
from lodeline.service.entries import papers
from lodeline.service.entries.moment import utc_text
from lodeline.service.filing.preparing import parties
from lodeline.store.opening import assert_guarded
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import INSPECTION_KIND, Store, StoredEntry

FORMAT: Final = "lodeline-inspection-v1"
Act = Literal["count", "seizure", "release", "seal", "unseal", "end"]
ACTS: Final[tuple[Act, ...]] = get_args(Act)
#: Acts that are about lots with their masses; the others are about seals alone, and the end about nothing but the day.
WITH_LOTS: Final[frozenset[Act]] = frozenset({"count", "seizure", "release"})
NOTE_CHARACTERS: Final = 4_000
SEAL_CHARACTERS: Final = 64
#: Columns of the filing format that the form says once for all rows.
_STATED_ONCE: Final = ("event", "kind", "on", "site")


class InspectionError(UserError):
    """What was entered cannot be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A seal by its number, and what it is on."""

    number: str
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What an inspector enters about one visit. `whole`: the count is of everything at the site.

    `table`: rows as of a filing's stock count; `event`, `kind`, `on` and `site` may be left out, and a column `seal`
    says which seal a lot bears. `seals`: what is sealed or unsealed without a count.
    """

    act: Act
    site: str
    on: date
    table: Table | None = None
    seals: Sequence[Seal] = ()
    whole: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What became of it: the entry (None: refused) and the problems of its rows."""

    entry: StoredEntry | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """An inspection as it stands in the log."""

    entry: StoredEntry
    content: bytes

    @cached_property
    def paper(self) -> Mapping[str, Any]:
        """`act`, `organisation`, `site`, `on` (ISO), `whole`, `rows`, `seals`, `note`, `entered_at`."""
        return json.loads(self.content)  # type: ignore[no-any-return]

    @property
    def act(self) -> str:
        """One of ACTS, or of `reading.MEASURED_ACTS`."""
        return str(self.paper["act"])


def inspections(
    store: Store, organisations: Iterable[str] | None = None, *, site: str | None = None
) -> list[Inspection]:
    """What was entered about organisations (None: about all), or about one site of theirs, the oldest first."""
    entries = (
        store.entries_of(INSPECTION_KIND)
        if organisations is None
        else [one for who in sorted(set(organisations)) for one in store.entries_of(INSPECTION_KIND, organisation=who)]
    )
    found = [Inspection(entry=one, content=papers.paper_of(store, one)) for one in entries]
    return sorted(
        (one for one in found if site is None or one.paper["site"] == site), key=lambda one: one.entry.index
    )  # fmt: skip


def entered(store: Store, first: int, end: int) -> list[Inspection]:
    """Those of the entries [first, end), in order."""
    entries = store.entries_of(INSPECTION_KIND, within=(first, end))
    return [Inspection(entry=one, content=papers.paper_of(store, one)) for one in entries]


def enter(
    store: Store, visited: Visited, *, organisation: str, filed_at: datetime, today: date, by: str,
    in_transaction: Callable[[StoredEntry], None] | None = None,
) -> Entered:  # fmt: skip
    """Enters a visit to a site of the organisation. `by`: the pseudonym of the inspector.

    `also` is done in the transaction that writes the entry, so that both stand or neither; it locks nothing.
    Raises InspectionError; problems of rows are values, each with its place.
    """
    assert_guarded(store)
    _check_words(visited, today)
    register = store.register(store.head())
    rows, problems = _rows(store, visited, organisation, register)
    if any(one.severity == "reject" for one in problems):
        return Entered(entry=None, problems=tuple(problems))
    if visited.act in WITH_LOTS and not rows:
        raise InspectionError(text("Give at least one lot with its mass, in rows or as a file."))
    with store.database.transaction():
        head = store.head(lock=True)
        before = inspections(store, [organisation], site=visited.site)
        _check_against(visited, rows, before)
        content = canonical_json(
            {
                "format": FORMAT, "act": visited.act, "organisation": organisation, "site": visited.site,
                "on": visited.on.isoformat(), "whole": visited.whole, "rows": rows,
                "seals": [_as_paper(one) for one in visited.seals], "note": visited.note.strip(),
                "entered_at": utc_text(filed_at), "by": by, "number": len(before) + 1,
            }
        )  # fmt: skip
        entry = papers.put_paper(
            store, head, content, kind=INSPECTION_KIND, name=f"inspection-{head.size}.json", filed_at=filed_at,
            facts={"act": visited.act, "by": by}, organisation=organisation, period=visited.on.isoformat()[:7],
        )  # fmt: skip
        if in_transaction is not None:
            in_transaction(entry)
    return Entered(entry=entry, problems=tuple(problems))


def standing_seals(every: Sequence[Inspection]) -> dict[str, tuple[str, str]]:
    """Number of each seal that stands → what it is on, and since when (ISO), of the inspections of one site."""
    standing: dict[str, tuple[str, str]] = {}
    for one in every:
        for number, on in _seals_of(one.paper):
            if one.act == "unseal":
                standing.pop(number, None)
            else:
                standing[number] = (on, one.paper["on"])
    return standing


def seized_mg(every: Sequence[Inspection]) -> dict[str, int]:
    """Lot (canonical name) → dry mass that is seized and not released, of the inspections of one site."""
    held: dict[str, int] = {}
    for one in every:
        sign = {"seizure": 1, "release": -1}.get(one.act, 0)
        for row in one.paper["rows"] if sign else ():
            held[row["name"]] = held.get(row["name"], 0) + sign * row["dry_mg"]
    return {name: mass_mg for name, mass_mg in held.items() if mass_mg > 0}


def compared(snapshot: Snapshot, inspection: Inspection) -> list[dict[str, Any]]:
    """The authority's count beside the firm's book and the firm's own count, one row per lot.

    `lot` (canonical name), `found_mg` (dry; None: a count of the whole site did not find it), `book_mg` at the end of
    the day, `counted_mg` and `counted_on` of the firm's count nearest to it (None: never), `difference_mg` (found −
    book), `method`, `seal`. Nothing of it changes a book.
    """
    paper = inspection.paper
    on, site = date.fromisoformat(paper["on"]), paper["site"]
    names = snapshot.lots.select("lot", "name")
    # What another holder of the site has in book there is not what this one answers for.
    others = [who for who in holders_of(snapshot.register, site) if who != paper["organisation"]]
    book = (
        snapshot.balanced.filter((pl.col("site") == site) & (pl.col("on") <= on) & ~pl.col("owner").is_in(others))
        .group_by("lot", "owner", maintain_order=True)
        .agg(pl.col("held_mg").last())
        .group_by("lot")
        .agg(pl.col("held_mg").sum())
        .join(names, on="lot")
    )
    held = {name: int(mass_mg) for name, mass_mg in book.select("name", "held_mg").iter_rows()}
    of_firm = (pl.col("site") == site) & (pl.col("organisation") == paper["organisation"])
    own = snapshot.counts.filter(of_firm).join(names, on="lot")
    days = own.with_columns(far=(pl.col("on") - pl.lit(on)).dt.total_days().abs())
    nearest = days.filter(pl.col("far") == pl.col("far").min()).filter(pl.col("on") == pl.col("on").min())
    counted = dict(nearest.group_by("name").agg(pl.col("mass_mg").sum()).iter_rows())
    counted_on = nearest["on"][0] if nearest.height else None
    found: dict[str, dict[str, Any]] = {}
    for row in paper["rows"]:
        one = found.setdefault(row["name"], {"found_mg": 0, "method": row["method"], "seal": row["seal"]})
        one["found_mg"] += row["dry_mg"]
    absent = [name for name, mass_mg in held.items() if mass_mg and name not in found] if paper["whole"] else []
    rows = []
    for name in [*sorted(found), *sorted(absent)]:
        one = found.get(name, {"found_mg": None, "method": None, "seal": None})
        rows.append(
            {
                "lot": name, **one, "book_mg": held.get(name, 0), "counted_mg": counted.get(name),
                "counted_on": counted_on, "difference_mg": (one["found_mg"] or 0) - held.get(name, 0),
            }
        )  # fmt: skip
    return rows


def _rows(
    store: Store, visited: Visited, organisation: str, register: Register
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The rows of the paper, read and named like those of the organisation's own count, and their problems."""
    if visited.table is None or visited.act not in WITH_LOTS:
        return [], []
    once = {"event": "inspection", "kind": "stock", "on": visited.on.isoformat(), "site": visited.site}
    frame = visited.table.frame
    given = [pl.lit(once[name], pl.String()).alias(name) for name in _STATED_ONCE if name not in frame.columns]
    table = replace(visited.table, frame=frame.with_columns(given))
    checked = check(table, organisation=organisation, period=visited.on.isoformat()[:7], register=register)
    problems = [one for one in checked.problems if one.severity == "reject"]
    if problems:
        return [], problems
    strange = checked.rows.filter(
        (pl.col("kind") != "stock") | (pl.col("site") != visited.site) | (pl.col("on") != visited.on)
    )
    if strange.height:
        raise InspectionError(
            text("Every row is of kind stock, of this site and of this day. Leave these columns out, or correct them.")
        )
    named = resolve(
        register.meant(checked.rows.with_columns(parties(checked.rows, register))), organisation=organisation,
        known=lambda wanted: store.books.known(organisation, wanted),
    ).names  # fmt: skip
    return [
        {
            "lot": row["lot"], "name": name, "product": row["product"], "mass_mg": row["mass_mg"],
            "dry_mg": row["dry_mg"], "composition": row["composition"], "method": row["method"],
            "location": row["location"], "seal": json.loads(row["extra"] or "{}").get("seal"), "note": row["note"],
        }
        for row, name in zip(checked.rows.iter_rows(named=True), named, strict=True)
    ], []  # fmt: skip


def _check_words(visited: Visited, today: date) -> None:
    if visited.on > today:
        raise InspectionError(text("The day of the visit has not come yet."))
    if len(visited.note) > NOTE_CHARACTERS:
        raise InspectionError(text("Write at most {note_characters} characters.", note_characters=NOTE_CHARACTERS))
    if visited.act == "seizure" and not visited.note.strip():
        raise InspectionError(text("Say on what ground the goods are seized."))
    if visited.act == "end" and visited.seals:
        raise InspectionError(text("Enter the seals by themselves, then the end."))
    if visited.act not in (*WITH_LOTS, "end") and not visited.seals:
        raise InspectionError(text("Give the number of at least one seal."))
    if any(not one.number.strip() or len(one.number) > SEAL_CHARACTERS for one in visited.seals):
        raise InspectionError(
            text("A seal has a number of at most {seal_characters} characters.", seal_characters=SEAL_CHARACTERS)
        )


def _check_against(visited: Visited, rows: Sequence[Mapping[str, Any]], before: Sequence[Inspection]) -> None:
    """Seals and seizures are of what stands: judged under the head, so that two visits cannot both take it."""
    days = {one.paper["on"] for one in before if one.act == "measurement"}
    if visited.act == "end" and visited.on.isoformat() not in days:
        raise InspectionError(
            text(
                "Nothing was measured here on that day. Days with measurements: {sorted}.",
                sorted=bilingual(", ".join(sorted(days)) or "none", "、".join(sorted(days)) or "无"),
            )
        )
    standing = standing_seals(before)
    given = [number for number, _ in _seals_of({"rows": rows, "seals": [_as_paper(one) for one in visited.seals]})]
    if len(set(given)) != len(given):
        raise InspectionError(text("A seal is named twice."))
    for number in given:
        if visited.act == "unseal" and number not in standing:
            raise InspectionError(
                text(
                    "No seal {number} stands at this site: those that do are {standing}.",
                    number=number,
                    standing=bilingual(", ".join(standing) or "none", "、".join(standing) or "无"),
                )
            )
        if visited.act in ("seal", "seizure") and number in standing:
            raise InspectionError(
                text("A seal {number} stands at this site already.", number=number)
            )  # fmt: skip
    if visited.act == "release":
        held = seized_mg(before)
        for row in rows:
            held[row["name"]] = held.get(row["name"], 0) - row["dry_mg"]
            if held[row["name"]] < 0:
                raise InspectionError(text("More of {name} would be released than was seized.", name=row["name"]))


def _as_paper(seal: Seal) -> dict[str, str]:
    return {"number": seal.number, "on": seal.on}


def _seals_of(paper: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(number, what it is on) of every seal that a paper names."""
    on_lots = [(row["seal"], row["name"]) for row in paper["rows"] if row.get("seal")]
    return [*on_lots, *((one["number"], one["on"]) for one in paper["seals"])]
