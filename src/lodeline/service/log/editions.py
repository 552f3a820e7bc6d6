"""The figures of a month, frozen: what the authority published, from which state of the log, and what changed since.

An edition is an entry of the log. It commits to its figures and to the entry and root that they were computed from, so
that anybody who holds the log computes the same bytes again. Nothing is overwritten: what corrections and late filings
change is a later edition of the month, with its reason and its differences.

EditionError    this month cannot be frozen (again): the message says why
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import polars as pl

from lodeline.detection.imbalance import TESTED
from lodeline.errors import UserError
from lodeline.journal.entry import canonical_json
from lodeline.journal.verify import Fault
from lodeline.language import text
from lodeline.ledger.extension import due
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.balance.book import balances
from lodeline.service.entries import papers
from lodeline.service.filing.status import filing_states
from lodeline.service.overview.overview import by_stage, chain
from lodeline.store.law import law_before
from lodeline.store.opening import assert_guarded
from lodeline.store.published import answered
from lodeline.store.queries.filing import filers, first_filings
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot_as_of
from lodeline.store.store import EDITION_KIND, Store, StoredEntry

FORMAT: Final = "lodeline-edition-v1"
REASON_CHARACTERS: Final = 500
#: The parts of an edition: its name → what tells one row from another, and the masses or words that may change.
PARTS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "filed": (("organisation",), ("state",)),
    "flows": (("from", "to", "element"), ("mass_mg",)),
    "stages": (
        ("stage", "element"),
        (
            "sites", "tested", "opening_mg", "origin_mg", "in_mg", "out_mg", "export_mg", "loss_mg", "adjustment_mg",
            "closing_mg", "difference_mg", "muf_mg",
        ),
    ),
}  # fmt: skip


class EditionError(UserError):
    """This month cannot be frozen as it is."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A frozen month. `number` counts from 1; `entry` and `root` in `stamp` are those it was computed from."""

    number: int
    entry: StoredEntry
    content: bytes

    @property
    def period(self) -> str:
        return str(self.entry.period)

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What the entry itself says: `edition`, `entry`, `root`, `by`, `reason`."""
        return json.loads(self.entry.envelope)["facts"]  # type: ignore[no-any-return]

    @property
    def stamp(self) -> tuple[int, str]:
        return int(self.facts["entry"]), str(self.facts["root"])

    @cached_property
    def figures(self) -> Mapping[str, Any]:
        """The figures, with the parts of PARTS."""
        return json.loads(self.content)  # type: ignore[no-any-return]


def figures(store: Store, snapshot: Snapshot, law: Jurisdiction, period: str) -> bytes:
    """The national figures of a month as canonical JSON, the same for the same state of the log.

    Masses are integer milligrams. σ is left out: a floating-point number is no part of what is committed to.
    """
    every = balances(store, snapshot, law)
    flows = chain(snapshot, law).filter(pl.col("period") == period)
    stages = [
        by_stage(snapshot, every, element=element, period=period)
        .with_columns(pl.col("stage").fill_null(""), element=pl.lit(element))
        .select(*PARTS["stages"][0], *PARTS["stages"][1])
        for element in TESTED
    ]
    filed = filing_states(first_filings(store, upto=snapshot.entry), snapshot.register, law, as_of=snapshot.as_of)
    frames = {
        "filed": filed.filter(pl.col("period") == period),
        "flows": flows,
        "stages": pl.concat(stages),
    }
    parts = {name: frames[name].select(*keys, *values).sort(*keys).to_dicts() for name, (keys, values) in PARTS.items()}
    return canonical_json(
        {
            "format": FORMAT, "jurisdiction": law.code, "pack": law.digest, "period": period, "entry": snapshot.entry,
            "root": snapshot.root, **parts,
        }
    )  # fmt: skip


def editions(store: Store, period: str | None = None) -> list[Edition]:
    """The editions of a month, or of every month, in the order in which they were frozen."""
    return [
        Edition(
            number=int(json.loads(entry.envelope)["facts"]["edition"]), entry=entry,
            content=papers.paper_of(store, entry),
        )
        for entry in store.entries_of(EDITION_KIND, period=period)
    ]  # fmt: skip


def recompute(store: Store, edition: Edition) -> bytes:
    """The figures computed again from the log as of the edition's stamp, under the law that it had then; the same bytes
    where nothing was touched."""
    entry, _ = edition.stamp
    return figures(store, open_snapshot_as_of(store, entry), law_before(store, entry + 1), edition.period)


def freeze(
    store: Store, snapshot: Snapshot, law: Jurisdiction, period: str, *, reason: str = "", filed_at: datetime, by: str,
    in_transaction: Callable[[Edition], None] | None = None,
) -> Edition:  # fmt: skip
    """Freezes a month as the next edition of it, computed from the snapshot.

    `by`: the pseudonym of who decided. `also` is done in the transaction that writes the entry; it locks nothing.
    Raises EditionError where the month is still open, nobody has filed it, nothing has changed since the last edition,
    or a later edition comes without a reason.
    """
    assert_guarded(store)
    reason = reason.strip()
    _check(store, snapshot, law, period, reason=reason, filed_at=filed_at)
    content = answered(figures, store, snapshot, law, period=period)
    with store.database.transaction():
        head = store.head(lock=True)
        before = editions(store, period)
        if before and not differences(before[-1].figures, json.loads(content)):
            raise EditionError(
                text(
                    "Nothing has changed since edition {number} of {period}: there is nothing to freeze.",
                    number=before[-1].number,
                    period=period,
                )
            )
        if before and not reason:
            raise EditionError(
                text("Say why a new edition is published: which corrections or late filings it takes in.")
            )
        number = len(before) + 1
        facts = {"by": by, "edition": number, "entry": snapshot.entry, "reason": reason, "root": snapshot.root}
        entry = papers.put_paper(
            store, head, content, kind=EDITION_KIND, name=f"edition-{period}-{number}.json", filed_at=filed_at,
            facts=facts, period=period,
        )  # fmt: skip
        made = Edition(number=number, entry=entry, content=content)
        if in_transaction is not None:
            in_transaction(made)
    return made


def _check(
    store: Store, snapshot: Snapshot, law: Jurisdiction, period: str, *, reason: str, filed_at: datetime
) -> None:
    if len(reason) > REASON_CHARACTERS:
        raise EditionError(
            text("Write at most {reason_characters} characters.", reason_characters=REASON_CHARACTERS)
        )  # fmt: skip
    filed = filers(store, period, upto=snapshot.entry)
    if not filed:
        raise EditionError(text("Nobody has filed {period}: there are no figures to freeze.", period=period))
    moments = [due(organisation, period, law, snapshot.register) for organisation in filed]
    last = max((moment for moment in moments if moment is not None), default=None)
    if last is not None and filed_at < last:
        raise EditionError(
            text(
                "{period} can still be filed in time, until {last:%Y-%m-%d %H:%M}: freeze it afterwards.",
                period=period,
                last=last,
            )
        )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What differs between two figures of a month, by part: the row's keys, `field`, `before` and `after`.

    A row that one of them lacks is null there. Parts without a difference are left out.
    """
    found = {}
    for name, (keys, values) in PARTS.items():
        sides = [{tuple(row[key] for key in keys): row for row in side[name]} for side in (before, after)]
        rows = [
            {**dict(zip(keys, place, strict=True)), "field": value, "before": was, "after": now}
            for place in sorted(sides[0].keys() | sides[1].keys())
            for value in values
            if (was := sides[0].get(place, {}).get(value)) != (now := sides[1].get(place, {}).get(value))
        ]
        if rows:
            found[name] = rows
    return found


def causes(entries: pl.DataFrame, *, period: str, after: int, until: int) -> pl.DataFrame:
    """The filings that came after entry `after`, up to `until`: rows of `overview.entries`, and `cause`.

    `cause`: `correction` or `late-filing` of the month itself, `other-month` for filings that may move its stocks.
    """
    came = entries.filter((pl.col("kind") == "filing") & (pl.col("entry") > after) & (pl.col("entry") <= until))
    own = pl.col("period") == period
    return came.with_columns(
        cause=pl.when(own & pl.col("corrects").is_not_null())
        .then(pl.lit("correction"))
        .when(own)
        .then(pl.lit("late-filing"))
        .otherwise(pl.lit("other-month"))
    )


def entered_mg(figures_: Mapping[str, Any], element: str) -> int:
    """What of an element entered the chain in the month, in milligrams."""
    return sum(
        row["mass_mg"] for row in figures_["flows"] if row["element"] == element and row["from"].startswith("origin:")
    )


def faults(store: Store, entry: StoredEntry) -> Iterable[Fault]:
    """Whether the edition speaks of a state that the log had, and its figures of the same."""
    facts = json.loads(entry.envelope)["facts"]
    stated = (facts.get("entry"), facts.get("root"))
    of_log = store.entry(stated[0]) if isinstance(stated[0], int) and stated[0] < entry.index else None
    try:
        contents = [json.loads(content) for _, content in store.uploads(entry.index)]
    except (zlib.error, ValueError):
        return  # damaged bytes are a fault of the upload
    if of_log is None or of_log.root != stated[1] or any((one["entry"], one["root"]) != stated for one in contents):
        yield Fault(entry=entry.index, what="figures.stamp-differs")
