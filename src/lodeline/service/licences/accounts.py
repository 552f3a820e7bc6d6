"""Licences and quotas as accounts: what is reserved, used and left, computed from rows in force and from draws.

What is stored (`ledger.reservation.POSITION`) holds the mass of goods and is recomputed with every filing that names a
licence. Masses of elements follow from the composition of the lots, so they are worked out when they are asked for: a
corrected assay changes them, and no stored row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from lodeline.ledger.drawdown import draws as quota_draws
from lodeline.ledger.licence import GOODS, Licence, LicenceStatus
from lodeline.ledger.licence_terms import terms
from lodeline.ledger.movement import LINE
from lodeline.ledger.register import Register
from lodeline.ledger.reservation import POSITION, Account, Gone, Position, account
from lodeline.ledger.state import facts_of_lots
from lodeline.ledger.transfer import match
from lodeline.material.assay import shares_of
from lodeline.material.element import TREO
from lodeline.material.mass import share_mg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.history import tied_history
from lodeline.service.licences.draw_facts import DrawTotals, draw_totals, draws_of
from lodeline.store.queries import licences as stored
from lodeline.store.queries.licences import filed_rows
from lodeline.store.store import Store

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceAccount:
    """A licence with what was drawn on it. `licence` is None for a number that the register does not have.

    `account`: by its holders, and of each of them in `holders`. `strangers`: organisations that named it and never held
    it, with what they filed. `handed_on`: as a firm knows it that held it before.
    """

    id: str
    licence: Licence | None
    account: Account
    holders: Mapping[str, Account]
    strangers: Mapping[str, Account]
    exports_most: int | None = None
    handed_on: bool = False

    def standing(self, day: date) -> LicenceStatus | None:
        """Where it stands on a day; None where there is no such licence."""
        if self.licence is None:
            return None
        exhausted = self.account.is_exhausted(day, exports_most=self.exports_most)
        return self.licence.standing(day, is_exhausted=exhausted)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMasses:
    """One mass of a licence or quota on a day; None where nothing is granted in it, or its reader may not know."""

    granted_mg: int | None
    reserved_mg: int
    used_mg: int
    overdrawn_mg: int | None
    left_mg: int | None


def masses_of(found: Account, name: str, day: date) -> AccountMasses:
    """One mass of an account on a day: granted + overdrawn = reserved + used + left."""
    one = found.balance(name, day)
    return AccountMasses(
        granted_mg=one.granted, reserved_mg=one.reserved, used_mg=one.used, overdrawn_mg=one.overdrawn,
        left_mg=one.left,
    )  # fmt: skip


def licence_accounts(
    store: Store, register: Register, law: Jurisdiction, ids: Iterable[str] | None = None, *,
    before: int | None = None,
) -> dict[str, LicenceAccount]:  # fmt: skip
    """The accounts of these licences, or of all that are registered or were ever named, by id; with elements.

    `before`: as the rows and draws below this entry have them.
    """
    wanted = None if ids is None else sorted(set(ids))
    known = register.licences
    rows = filed_rows(store, wanted, before=before)
    limited = [one for one in (known if wanted is None else wanted) if one in known and known[one].elements_mg]
    filed = _gone(rows, _element_masses(store, rows.filter(pl.col("licence").is_in(limited))))
    totals = draw_totals(draws_of(store, "licence", wanted, before=before))
    every = {*known, *(key[0] for key in (*filed, *totals))} if wanted is None else wanted
    by_licence: dict[str, set[str]] = {one: set() for one in every}
    for one, organisation in (*filed, *totals):
        by_licence[one].add(organisation)
    found: dict[str, dict[str, Account]] = {}
    for one, organisations in by_licence.items():
        for organisation in sorted(organisations):
            mine = totals.get((one, organisation), DrawTotals())
            made = account({}, mine.reserved.values(), filed.get((one, organisation), ()), mine.confirmed)
            found.setdefault(one, {})[organisation] = made
    return {one: _licence_account(one, known.get(one), found.get(one, {}), law) for one in sorted(by_licence)}


def _licence_account(
    id_: str, licence: Licence | None, by_organisation: Mapping[str, Account], law: Jurisdiction
) -> LicenceAccount:
    holders = licence.holders if licence else frozenset()
    granted = licence.granted_mg if licence else {}
    ends = last_day(licence) if licence else None
    own = {who: mine for who, mine in by_organisation.items() if who in holders}
    positions = tuple(one for mine in own.values() for one in mine.positions)
    strangers = {who: mine for who, mine in by_organisation.items() if who not in holders}
    first = (licence.valid_from if licence else None) or date.max
    kind = terms(law, first, known=date.max).get(licence.kind) if licence else None
    return LicenceAccount(
        id=id_, licence=licence, account=Account(granted_mg=granted, positions=positions, ends=ends),
        holders=own, strangers=strangers, exports_most=kind.exports_most if kind else None,
    )  # fmt: skip


def last_day(licence: Licence) -> date | None:
    """The last day on which anything may leave on a licence; None where it has no end."""
    ends = [day for day in (licence.valid_to, licence.revoked_on and licence.revoked_on - _DAY) if day is not None]
    return min(ends) if ends else None


def _gone(rows: pl.DataFrame, elements: Mapping[int, Mapping[str, int]]) -> dict[tuple[str, str], list[Gone]]:
    """(licence, organisation) → what its rows say has left."""
    found: dict[tuple[str, str], list[Gone]] = {}
    columns = ("licence", "organisation", "declaration", "line", "mass_mg")
    for licence, organisation, declaration, line, mass_mg in rows.select(*columns).iter_rows():
        # A mass that cannot be read any more counts as nothing; the audit names its row.
        masses = {GOODS: mass_mg or 0, **elements.get(line, {})}
        found.setdefault((licence, organisation), []).append(Gone(declaration=declaration, line="", masses_mg=masses))
    return found


def filed_masses(store: Store, rows: pl.DataFrame, *, elements: bool) -> dict[str, list[Gone]]:
    """Organisation → what rows of one licence (`FILED`) say has left; with the masses of elements where they count."""
    found = _gone(rows, _element_masses(store, rows) if elements else {})
    return {organisation: gone for (_, organisation), gone in found.items()}


def _element_masses(store: Store, rows: pl.DataFrame) -> dict[int, dict[str, int]]:
    """Row → element → mg, of its own composition or its lot's; an element that is not stated counts as nothing."""
    if rows.is_empty():
        return {}
    lots = set(rows.filter(pl.col("composition").is_null())["lot"].drop_nulls())
    of_lot = compositions(store, lots) if lots else {}
    found = {}
    for line, lot, dry_mg, own in rows.select("line", "lot", "dry_mg", "composition").iter_rows():
        found[line] = element_masses(dry_mg or 0, own or of_lot.get(lot))
    return found


def element_masses(dry_mg: int, composition: str | None) -> dict[str, int]:
    """Element → mg of a dry mass of that composition (stored text)."""
    return {element: share_mg(dry_mg, ppb) for element, ppb in shares_of(composition or "").items()}


def compositions(store: Store, lots: set[int]) -> dict[int, str | None]:
    """Lot → its composition as it stands; a renamed lot is what it was shipped as."""
    touched, history = tied_history(store, store.head(), pl.DataFrame(schema=LINE), lots)
    facts = facts_of_lots(history, match(history, store.books.aliases(sorted(touched))))
    return dict(facts.select("lot", "composition").iter_rows())


def positions(store: Store, accounts: Sequence[str] | None = None) -> pl.DataFrame:
    """What is stored of these licences, or of all, computed anew (`POSITION`, in one order)."""
    filed, totals = _gone(filed_rows(store, accounts), {}), draw_totals(draws_of(store, "licence", accounts))
    rows = []
    for licence, organisation in sorted({*filed, *totals}):
        mine = totals.get((licence, organisation), DrawTotals())
        found = account({}, mine.reserved.values(), filed.get((licence, organisation), ()), mine.confirmed)
        rows += [_stored(licence, organisation, one) for one in found.positions]
    return pl.DataFrame(rows, schema=POSITION, orient="row")


def _stored(licence: str, organisation: str, one: Position) -> tuple[object, ...]:
    reserved = one.reserved
    if reserved is None:
        return (licence, organisation, one.declaration, "", 0, "", -1, 0, one.used_mg.get(GOODS, 0), 0, None, "use")
    return (
        licence, organisation, one.declaration, reserved.line, reserved.number, reserved.tranche, reserved.entry,
        reserved.masses_mg.get(GOODS, 0), one.used_mg.get(GOODS, 0), one.open_mg.get(GOODS, 0), reserved.until,
        one.state,
    )  # fmt: skip


def project_again(store: Store, accounts: Iterable[str]) -> None:
    """Puts what these licences amount to in place of what stood. Part of the caller's transaction, under the head."""
    touched = sorted(set(accounts))
    if not touched:
        return
    stored.delete_positions(store, touched)
    store.append_rows("reservation", positions(store, touched))


def rebuild_positions(store: Store) -> None:
    """Puts every position in place of what stood."""
    stored.delete_positions(store)
    store.append_rows("reservation", positions(store))


def differing_positions(store: Store) -> list[str]:
    """The licences whose stored positions are not what rows and draws amount to."""
    counts = [frame.group_by(*POSITION).len() for frame in (positions(store), stored.stored_positions(store))]
    differing = set()
    for one, other in (counts, counts[::-1]):
        joined = one.join(other, on=[*POSITION], how="left", nulls_equal=True, suffix="_there")
        differing |= set(joined.filter(pl.col("len") != pl.col("len_there").fill_null(0))["account"])
    return sorted(differing)


def quota_key(kind: str, ore_type: str, year: int) -> str:
    """The name of a quota's account."""
    return f"{kind}|{ore_type}|{year}"


def quota_accounts(
    store: Store, register: Register, organisation: str | None = None
) -> dict[tuple[str, str, str, int], Account]:
    """(organisation, kind, ore type, year) → account in REO; of one organisation, or of all with a grant or draw."""
    used = {grant: 0 for grant in register.grants if organisation in (None, grant[0])}
    for who, kind, ore_type, year, reo_mg in stored.drawn_of_quotas(store, organisation):
        grant = register.grant_for(str(who), str(kind), str(ore_type or ""), int(str(year)))
        used[grant] = used.get(grant, 0) + int(str(reo_mg))
    totals: dict[tuple[str, str, str, int], DrawTotals] = {}
    for (key, who), mine in draw_totals(draws_of(store, "quota")).items():
        kind, ore_type, year = key.split("|")
        if organisation in (None, who):
            totals[who, kind, ore_type, int(year)] = mine
    runs = _run_draws(store, register, totals)
    found = {}
    for grant in sorted({*used, *totals}):
        announced = runs.get(grant, {})
        mine = totals.get(grant, DrawTotals())
        rest = used.get(grant, 0) - sum(announced.values())
        filed = [Gone(declaration=run, line="", masses_mg={TREO: reo_mg}) for run, reo_mg in announced.items()]
        filed.append(Gone(declaration="", line="", masses_mg={TREO: rest}))
        ends = date(grant[3], 12, 31)
        found[grant] = account({TREO: register.grants.get(grant, 0)}, mine.reserved.values(), filed, (), ends=ends)
    return found


def _run_draws(
    store: Store, register: Register, totals: Mapping[tuple[str, str, str, int], DrawTotals]
) -> dict[tuple[str, str, str, int], dict[str, int]]:
    """Grant → run → mg of REO that rows of an announced run draw."""
    runs: dict[str, set[str]] = {}
    for (organisation, *_), mine in totals.items():
        runs.setdefault(organisation, set()).update(one.declaration for one in mine.reserved.values())
    found: dict[tuple[str, str, str, int], dict[str, int]] = {}
    for organisation, wanted in runs.items():
        lines = stored.lines_of_runs(store, organisation, wanted)
        if lines.is_empty():
            continue
        touched, history = tied_history(store, store.head(), lines.clear(), set(lines["lot"]))
        facts = facts_of_lots(history, match(history, store.books.aliases(sorted(touched))))
        for (run,), of_run in lines.group_by("run"):
            for row in quota_draws(of_run, facts).iter_rows(named=True):
                grant = register.grant_for(organisation, row["kind"], row["ore_type"], row["year"])
                of_grant = found.setdefault(grant, {})
                of_grant[str(run)] = of_grant.get(str(run), 0) + row["reo_mg"]
    return found
