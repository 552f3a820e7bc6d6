"""What an export row says of its licence is held against the licence and flagged: the goods have left, so it counts.

Flagged is a number that nobody was given, a licence of somebody else, one that did not stand on the day, every mass of
which more has left than was granted, and listed goods that left without any. A register without any licence is not
judged by: not known is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from lodeline.detection.detectors.licence_abuse import DETECTOR as LICENCE_ABUSE
from lodeline.detection.limits import limits_of
from lodeline.ledger.admission import Objection
from lodeline.ledger.controlled import ControlledForms
from lodeline.ledger.licence import GOODS, Licence
from lodeline.ledger.register import Register
from lodeline.ledger.reservation import Gone, account
from lodeline.material.assay import shares_of
from lodeline.material.mass import PPB, format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import element_masses, filed_masses
from lodeline.service.licences.draw_facts import DrawTotals, draw_totals, draws_of
from lodeline.store.queries.licences import filed_rows
from lodeline.store.store import Store

_LOT: Final = ["lot", "product", "composition"]


def licence_flags(
    store: Store, register: Register, *, rows: pl.DataFrame, organisation: str,
    withdrawn: Sequence[str], lots: pl.DataFrame,
) -> list[Objection]:  # fmt: skip
    """The objections to these export rows of a filing, each of which names a licence.

    Parameters
    ----------
    rows : the rows with their lots by number (`lot`, `ordinal`, `dry_mg` and the filed cells).
    withdrawn : events that the filing restates or withdraws: their rows count no longer.
    lots : what the lots of the filing are (`ledger.state.facts_of_lots`).
    """
    if rows.is_empty():
        return []
    known = register.licences
    if not known:
        return []
    found: list[Objection] = []
    for ordinal, id_, on in rows.select("ordinal", "licence", "on").iter_rows():
        licence = known.get(id_)
        if licence is None:
            found.append(_objection("export.licence-unknown", ordinal, licence=id_))
        elif licence.holder(on) != organisation:
            found.append(_objection("export.licence-of-other", ordinal, licence=id_, stated=organisation))
        elif (standing := licence.standing(on)) != "granted":
            facts = {"licence": id_, "standing": standing, "day": on.isoformat()}
            found.append(_objection("export.licence-not-in-force", ordinal, **facts))
    mine = [one for one in sorted(set(rows["licence"])) if one in known and organisation in known[one].holders]
    return found + _overdrafts(
        store, [known[one] for one in mine], rows=rows, organisation=organisation, withdrawn=withdrawn, lots=lots
    )


def missing_licence_flags(
    register: Register, law: Jurisdiction, *, rows: pl.DataFrame, lots: pl.DataFrame
) -> list[Objection]:
    """The objections to export rows that name no licence although their goods are on the control list of their day.

    `rows` name none; `lots` as of `licence_flags`. Elements count from the share that the detector of licences takes.
    """
    if rows.is_empty() or not register.licences:
        return []
    forms, facts = ControlledForms(law), {lot: (product, text) for lot, product, text in lots[_LOT].iter_rows()}
    limits = limits_of(LICENCE_ABUSE.name)
    found = []
    for row in rows.iter_rows(named=True):
        if not row["dry_mg"] or (row["destination"] or row["counterparty_country"]) == law.country:
            continue
        product, of_lot = facts.get(row["lot"], (row["product"], None))
        least = limits.on(row["on"])["controlled_pct"] / 100 * PPB
        shares = shares_of(row["composition"] or of_lot or "")
        listed = forms.of(row["product"] or product, [one for one, ppb in shares.items() if ppb > least], row["on"])
        if listed:
            facts_ = {"elements": ", ".join(listed), "day": row["on"].isoformat()}
            found.append(_objection("export.licence-missing", row["ordinal"], **facts_))
    return found


def _objection(code: str, ordinal: int, **facts: str | int) -> Objection:
    return Objection(code=code, ordinal=ordinal, column="licence", facts=facts)


def _overdrafts(
    store: Store, mine: Sequence[Licence], *, rows: pl.DataFrame, organisation: str, withdrawn: Sequence[str],
    lots: pl.DataFrame,
) -> list[Objection]:  # fmt: skip
    """One objection for each mass of a licence of which more has left than granted, and more so than before."""
    if not mine:
        return []
    ids = [one.id for one in mine]
    before = filed_rows(store, ids)
    out_of_force = (pl.col("organisation") == organisation) & pl.col("event").is_in(list(withdrawn))
    totals = draw_totals(draws_of(store, "licence", ids))
    of_lot = dict(lots.select("lot", "composition").iter_rows())
    found = []
    for licence in mine:
        own = before.filter(pl.col("licence") == licence.id)
        earlier = filed_masses(store, own, elements=bool(licence.elements_mg))
        kept = filed_masses(store, own.filter(~out_of_force), elements=bool(licence.elements_mg))
        fresh = rows.filter(pl.col("licence") == licence.id)
        gone = [_gone(row, of_lot) for row in fresh.iter_rows(named=True)]
        later = {**kept, organisation: [*kept.get(organisation, ()), *gone]}
        used = [_used(licence, masses, totals) for masses in (earlier, later)]
        for name, granted in licence.granted_mg.items():
            then, now = (one.get(name, 0) for one in used)
            if now > granted and now > then:
                over = format_kg(now - granted)
                found.append(
                    _objection(
                        "export.licence-overdrawn", fresh["ordinal"][-1], licence=licence.id, what=name or "goods",
                        over_kg=over,
                    )
                )  # fmt: skip
    return found


def _gone(row: Mapping[str, object], of_lot: Mapping[object, str | None]) -> Gone:
    composition = row["composition"] or of_lot.get(row["lot"])
    masses = {
        GOODS: int(str(row["mass_mg"] or 0)),
        **element_masses(int(str(row["dry_mg"] or 0)), composition if isinstance(composition, str) else None),
    }
    return Gone(declaration=str(row["declaration"] or ""), line="", masses_mg=masses)


def _used(
    licence: Licence, filed: Mapping[str, Sequence[Gone]], totals: Mapping[tuple[str, str], DrawTotals]
) -> dict[str, int]:
    """Mass name → mg that have left on a licence, by its holders."""
    total: dict[str, int] = {}
    for holder in licence.holders:
        mine = totals.get((licence.id, holder), DrawTotals())
        found = account({}, mine.reserved.values(), filed.get(holder, ()), mine.confirmed)
        for name in licence.granted_mg:
            total[name] = total.get(name, 0) + found.used(name)
    return total
