"""What the desk looks up for a declaration: the lots, models and exporters that its lines name, and no others.

An exporter who asks beforehand gets what is its own alone: its models, its exports, and of a lot what stands on its own
papers. The authority sees what the ledger knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Final

import polars as pl

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.goods.genealogy import fed
from lodeline.control.record import LotRecord, Model, Records, Trade, Version, named_models, plain
from lodeline.ledger.movement import makes_lot
from lodeline.ledger.register import Register
from lodeline.material.assay import explode
from lodeline.material.composition import CompositionError, read_stated
from lodeline.material.element import SYMBOLS
from lodeline.material.product import PRODUCTS
from lodeline.service.customs.papers import facts_of, is_question
from lodeline.service.entries.papers import paper_of
from lodeline.store.queries.customs import declared_exports_of, exports_of
from lodeline.store.queries.lots import stated_compositions
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import DESK_KIND, Store

#: Of an exporter so many questions to the desk are looked at, and of each so many lines.
_QUESTIONS_MOST: Final = 50
_LINES_MOST: Final = 50
_ASKED: Final = {
    "organisation": pl.String, "on": pl.Date, "product": pl.String, "dry_mg": pl.Int64, "destination": pl.String,
    "end_user_name": pl.String, "counterparty_name": pl.String, "declaration": pl.String,
}  # fmt: skip
#: Goods worked beyond the last stage that the lists name.
_PROCESSED = frozenset(kind for kind, product in PRODUCTS.items() if product.stage == "use")


def records_of(
    declaration: Declaration, snapshot: Snapshot, *, store: Store | None = None, asker: str | None = None,
    owners: Mapping[str, str] | None = None,
) -> Records:  # fmt: skip
    """What is on record for the lines. `asker`: the organisation that asks about its own goods; None: the authority.

    `owners` as of `party_owners.owners_behind`. Without a store, versions that a correction replaced and earlier
    exports are not looked up.
    """
    lines = declaration.lines
    names = snapshot.register.organisation_by_name
    exporters = {line["exporter"] or names.get(str(line["exporter_name"] or "").casefold()) for line in lines}
    known = sorted(one for one in exporters if one and asker in (None, one))
    behind = _Behind(names, owners or {})
    buyers = {str(line[column]) for line in lines for column in ("end_user_name", "consignee_name") if line[column]}
    return Records(
        lots=lots_of(
            {(line["lot"], line["exporter"]) for line in lines if line["lot"]}, snapshot, store=store, asker=asker
        ),
        models=models_of(
            {name for line in lines for name in named_models(line["model"])}, snapshot.register, asker=asker
        ),
        trades=None
        if store is None
        else trades_of(
            store,
            known,
            before=snapshot.entry + 1,
            behind=behind,
            asker=asker,
            apart_from={line["declaration"] for line in lines} - {None},
        ),
        owners={plain(name): behind.of(name) for name in buyers},
        users={plain(name): behind.itself(name) for name in buyers},
        register=snapshot.register if asker is None else _told_to(asker, snapshot.register),
    )


def _told_to(asker: str, register: Register) -> Register:
    """The register with those extensions alone of which the asker is told: they are for it as well."""
    every = chain.from_iterable(register.extensions.values())
    known = [one.id for one in every if one.is_for(asker, register)]
    kept = register.tables["extensions"].filter(pl.col("id").is_in(known))
    return replace(register, tables={**register.tables, "extensions": kept})


@dataclass(frozen=True, slots=True)
class _Behind:
    """Who stands behind a buyer: its owner, else the organisation that bears the name, else the name."""

    names: Mapping[str, str]
    owners: Mapping[str, str]

    def of(self, name: str, party: str | None = None) -> str:
        """`party`: the organisation that the name was resolved to, where it was."""
        itself = self.itself(name, party)
        return self.owners.get(itself) or self.owners.get(plain(name), itself)

    def itself(self, name: str, party: str | None = None) -> str:
        """The same without its owner."""
        party = self.names.get(name.casefold()) or party
        return f"@{party}" if party else plain(name)


def models_of(wanted: Iterable[str], register: Register, *, asker: str | None = None) -> dict[str, tuple[Model, ...]]:
    """The registered models of these ids."""
    rows = register.tables["models"].filter(pl.col("id").is_in(sorted(set(wanted))))
    return models_of_table(rows if asker is None else rows.filter(pl.col("organisation") == asker))


def models_of_table(rows: pl.DataFrame) -> dict[str, tuple[Model, ...]]:
    """Models by id, from rows of `TABLES["models"]`; a composition that cannot be read is none."""
    found: dict[str, tuple[Model, ...]] = {}
    for row in rows.iter_rows(named=True):
        try:
            shares = dict(read_stated(row["composition"]).shares) if row["composition"] else {}
        except CompositionError:
            shares = {}
        model = Model(
            id=row["id"], organisation=row["organisation"], grade=row["grade"], shares=shares,
            test_report=row["test_report"], valid_from=row["valid_from"], valid_to=row["valid_to"],
        )  # fmt: skip
        found[model.id] = (*found.get(model.id, ()), model)
    return found


def trades_of(
    store: Store, exporters: Iterable[str], *, before: int, behind: _Behind, asker: str | None = None,
    apart_from: Set[str] = frozenset(),
) -> dict[str, Trade]:  # fmt: skip
    """The exports of each exporter in the entries below `before`: those in force that it has filed; those that customs
    have sent, and those of which the desk was asked, where no row names their declaration yet.

    `asker`: who sees its own questions, and nothing that customs have sent. `apart_from`: declarations being judged.
    """
    wanted = sorted(exporters)
    filed = exports_of(store, wanted, before=before)
    several = [filed, _asked_of(store, wanted, before=before, asker=asker)]
    if asker is None:
        several.insert(1, declared_exports_of(store, wanted, before=before))
    # Of one declaration the first that names it is taken: what was filed, else what customs sent, else what was asked.
    rows, known = several[0], set(apart_from)
    for more in several[1:]:
        known |= set(rows["declaration"].drop_nulls())
        own = more.select(one for one in rows.columns if one in more.columns)
        rows = pl.concat([rows, own.filter(~pl.col("declaration").is_in(list(known)))], how="diagonal")
    found = {}
    for (exporter,), own in rows.sort("on", maintain_order=True).group_by("organisation", maintain_order=True):
        # The party is the buyer of the papers; the end user may be another.
        named = [
            (user or buyer or "", None if user else party)
            for user, buyer, party in own.select("end_user_name", "counterparty_name", "party").rows()
        ]
        kinds = [(product or "").partition(":")[0] for product in own["product"]]
        found[str(exporter)] = Trade(
            days=tuple(own["on"]),
            masses_mg=tuple(mass or 0 for mass in own["dry_mg"]),
            kinds=tuple(kinds),
            destinations=tuple(own.select(pl.coalesce("destination", "country", pl.lit(""))).to_series()),
            owners=tuple(behind.of(*one) for one in named),
            end_users=tuple(behind.itself(*one) for one in named),
            processed=tuple(kind in _PROCESSED for kind in kinds),
        )
    return found


def _asked_of(store: Store, exporters: Iterable[str], *, before: int, asker: str | None) -> pl.DataFrame:
    """The lines of which the desk was asked for these exporters, with the names of the columns of `exports_of`.

    Of each exporter the newest questions (`_QUESTIONS_MOST`) that name their declaration and were not withdrawn.
    """
    found: list[dict[str, object]] = []
    for exporter in exporters:
        entries = store.newest_of(DESK_KIND, before=before, most=_QUESTIONS_MOST, organisation=exporter)
        over = {facts_of(one)["about"] for one in entries if facts_of(one)["act"] in ("question", "withdrawal")}
        for entry in (one for one in entries if is_question(one) and one.index not in over):
            paper = json.loads(paper_of(store, entry))
            cells = paper["cells"] if paper["asker"] == (asker or paper["asker"]) else ()
            for line in (read_fields(one).lines[0] for one in cells[:_LINES_MOST]):
                if line["declaration"] and line["mass_kg"]:
                    found.append(
                        {
                            "organisation": exporter, "on": line["on"] or date.fromisoformat(paper["answer"]["day"]),
                            "product": line["product"], "dry_mg": line["mass_kg"], "destination": line["destination"],
                            "end_user_name": line["end_user_name"], "counterparty_name": line["consignee_name"],
                            "declaration": line["declaration"],
                        }
                    )  # fmt: skip
    return pl.DataFrame(found, schema=_ASKED)


def lots_of(
    wanted: set[tuple[str, str | None]], snapshot: Snapshot, *, store: Store | None, asker: str | None = None
) -> dict[str, LotRecord]:
    """The lots that the ledger knows, by canonical name; `wanted` are (what a line calls it, its exporter).

    With a store each has every composition that was filed about it, those that were replaced too.
    """
    by_name = lots_in_force(snapshot, wanted=tuple(sorted(wanted, key=str)), asker=asker)
    if store is None or not by_name:
        return {name: record for name, (_, record) in by_name.items()}
    filed = stated_compositions(store, [lot for lot, _ in by_name.values()])
    versions = _versions(filed.filter(pl.col("entry") <= snapshot.entry), asker)
    return {name: replace(record, versions=versions.get(lot, ())) for name, (lot, record) in by_name.items()}


def lots_in_force(
    snapshot: Snapshot, *, wanted: tuple[tuple[str, str | None], ...], asker: str | None
) -> dict[str, tuple[int, LotRecord]]:
    """The lots of `lots_of` with their numbers, by what is in force."""
    called = {text for text, _ in wanted} | {f"{exporter}/{text}" for text, exporter in wanted if exporter}
    lots = dict(snapshot.lots.filter(pl.col("name").is_in(sorted(called))).select("name", "lot").iter_rows())
    steps = snapshot.lines
    if asker is not None:
        seen = (pl.col("organisation") == asker) | (pl.col("party") == asker)
        own = set(steps.filter(pl.col("lot").is_in(list(lots.values())) & seen)["lot"])
        lots = {name: lot for name, lot in lots.items() if lot in own}
        steps = steps.filter(pl.col("organisation") == asker)
    if not lots:
        return {}
    numbers = list(lots.values())
    facts = {row["lot"]: row for row in snapshot.lot_facts.filter(pl.col("lot").is_in(numbers)).iter_rows(named=True)}
    shares = _shares(numbers, snapshot)
    filed = snapshot.lines.filter(pl.col("lot").is_in(numbers))
    versions = _versions(filed.select("lot", "entry", "organisation", "composition", in_force=pl.lit(True)), asker)
    upstream, made = fed(numbers, lines=steps, lot_assays=snapshot.lot_assays), _made(numbers, snapshot)
    return {
        name: (
            lot,
            LotRecord(
                name=name,
                product=facts.get(lot, {}).get("product"),
                shares=shares.get(lot, {}),
                versions=versions.get(lot, ()),
                fed=upstream.get(lot, {}),
                made_mg=made.get(lot),
            ),
        )
        for name, lot in lots.items()
    }


def _shares(lots: list[int], snapshot: Snapshot) -> dict[int, dict[str, int]]:
    """Lot → element → ppb as its composition stands, without a total that was computed."""
    facts = snapshot.lot_facts.filter(pl.col("lot").is_in(lots)).select("lot", "composition").with_row_index("place")
    rows = explode(facts["composition"]).join(facts, on="place")
    found: dict[int, dict[str, int]] = {}
    for lot, element, ppb in rows.select("lot", "element", "ppb").iter_rows():
        found.setdefault(lot, {})[SYMBOLS[element]] = ppb
    return found


def _versions(rows: pl.DataFrame, asker: str | None) -> dict[int, tuple[Version, ...]]:
    """Lot → the compositions that rows (`lot`, `entry`, `organisation`, `composition`, `in_force`) state of it; with an
    asker those that it filed."""
    if asker is not None:
        rows = rows.filter(pl.col("organisation") == asker)
    found: dict[int, list[Version]] = {}
    for row in rows.filter(pl.col("composition").is_not_null()).sort("entry").iter_rows(named=True):
        parts = (part.partition("=") for part in row["composition"].split(";"))
        shares = {symbol: int(ppb) for symbol, _, ppb in parts}
        found.setdefault(row["lot"], []).append(
            Version(organisation=row["organisation"], entry=row["entry"], shares=shares, in_force=bool(row["in_force"]))
        )
    return {lot: tuple(several) for lot, several in found.items()}


def _made(lots: list[int], snapshot: Snapshot) -> dict[int, int]:
    rows = snapshot.lines.filter(pl.col("lot").is_in(lots) & makes_lot())
    return dict(rows.group_by("lot").agg(pl.col("dry_mg").sum()).iter_rows())
