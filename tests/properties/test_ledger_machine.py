"""Random histories of three firms against a model of dictionaries and loops that shares nothing with the ledger.

After every filing the stored state is the model's, the log verifies and a rebuild finds nothing to change; at
the end somebody changes a row behind the guards, and is found out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.desk import Desk, amounts, assert_sound, codes, organisation, quota, site

from lodeline.service.filing.posting import Outcome
from lodeline.service.licences.quotas import quota as quota_answer
from lodeline.service.log.audit import verify
from lodeline.service.lots.aliases import give_alias
from lodeline.store.guards import make_guards
from lodeline.store.snapshot_opening import open_snapshot

KG = 1_000_000
NOW = datetime(2025, 8, 1, tzinfo=UTC)
SITES = {"M": ("m", "m2"), "S": ("s",), "T": ("t",)}
GRANTED_KG = {"mining": 60, "separation": 30}
#: 60 % of the concentrate is oxide.
SHARE = "product=concentrate composition=TREO=60 origin_place=P"


@dataclass(frozen=True)
class Row:
    """A row as filed, with the lot under its canonical name."""

    kind: str
    day: int
    site: str
    lot: str
    kg: int
    role: str = ""
    origin: str = ""
    party: str = ""
    to_site: str = ""
    reference: str = ""
    bare: bool = False

    @property
    def makes(self) -> bool:
        """Whether the row brings its lot into being."""
        return bool(self.origin) or self.role == "out"

    def text(self, event: str, *, firm: str, made: set[str]) -> str:
        """The row in the short notation; lots that the firm has ever made go by their bare id."""
        lot = self.lot.removeprefix(firm + "/") if self.makes or self.lot in made else self.lot
        lot = self.lot.rpartition("/")[2] if self.bare else lot
        cells = {
            "role": self.role, "origin_kind": self.origin, "counterparty": self.party, "to_site": self.to_site,
            "reference": self.reference, "reason": "told",
        }  # fmt: skip
        extra = "".join(f" {name}={value}" for name, value in cells.items() if value)
        what = f" {SHARE}" if self.origin else " product=oxide composition=TREO=99" if self.role == "out" else ""
        return f"{event} {self.kind} {self.day} {self.site} {lot} {self.kg}{extra}{what}"


@dataclass
class Event:
    """What an organisation last filed under one reference; no rows once it is withdrawn."""

    firm: str
    name: str
    period: str
    entry: int
    rows: tuple[Row, ...]


Placed = tuple[Any, ...]


@dataclass
class Model:
    """The truth by loops: every question is answered anew from the events in force."""

    events: dict[tuple[str, str], Event] = field(default_factory=dict)
    #: `SHIPPER/ALIAS` → the lot.
    aliases: dict[str, str] = field(default_factory=dict)

    def placed(self) -> list[tuple[str, str, str, int, Row]]:
        """(day, firm, event, ordinal, row) of everything in force."""
        return [
            (f"{event.period}-{row.day:02d}", event.firm, event.name, ordinal, row)
            for event in self.events.values()
            for ordinal, row in enumerate(event.rows)
        ]

    def on_the_way(self, firm: str, local: str) -> set[str]:
        """What a firm that never had such a lot may mean by the bare id: as the papers of what was sent to it say."""
        return {
            f"{shipper}/{local}" for lot, shipper, to, event, receipt, *_ in self.transfers()
            if to == firm and event is not None and receipt is None and lot.rpartition("/")[2] == local
            and not any(named == lot and label.startswith(shipper + "/") for label, named in self.aliases.items())
        }  # fmt: skip

    def makers(self) -> dict[str, Row]:
        """Lot → the row that made it."""
        return {row.lot: row for *_, row in self.placed() if row.makes}

    def holdings(self) -> list[Placed]:
        moves = []
        for day, firm, event, ordinal, row in self.placed():
            if row.kind == "stock":
                continue
            comes = row.makes or row.kind in ("receipt", "adjustment")
            signed = row.kg if comes else -row.kg
            moves.append((day, signed < 0, firm, event, ordinal, (row.lot, row.site, firm), signed * KG))
            if row.to_site:
                moves.append((day, False, firm, event, ordinal, (row.lot, row.to_site, firm), row.kg * KG))
        book: dict[tuple[str, str, str], list[int]] = {}
        for *_, account, delta_mg in sorted(moves):
            held = book.setdefault(account, [0, 0])
            held[0] += delta_mg
            if held[0] < 0:
                held[1] -= held[0]
                held[0] = 0
        return [(*account, *held) for account, held in book.items() if any(held)]

    def drawn(self) -> list[Placed]:
        """(lot, firm, kind of quota, ore type, year, mg of oxide)."""
        total: dict[tuple[str, str, str], int] = {}
        makers = self.makers()
        for name, lot in self.renamed().items():
            if lot in makers:
                makers[name] = makers[lot]
        for _, firm, _, _, row in self.placed():
            if row.origin == "mined":
                total[row.lot, firm, "mining"] = total.get((row.lot, firm, "mining"), 0) + row.kg * KG * 6 // 10
            if row.role == "in" and row.lot in makers and makers[row.lot].origin:
                total[row.lot, firm, "separation"] = total.get((row.lot, firm, "separation"), 0) + row.kg * KG * 6 // 10
        return [(*key[:3], "rock", 2025, mass_mg) for key, mass_mg in total.items()]

    def transfers(self) -> list[Placed]:
        """In the columns of the stored table, lot first."""
        shipments, parts, alone = self.matched()
        same = self._same_lots(shipments, parts)
        rows = [self._shipped(shipments[number], found, same) for number, found in parts.items()]
        for day, firm, event, _, row in alone:
            rows.append((row.lot, row.party, firm, None, event, None, row.kg * KG, None, day, None, None, None))
        return rows

    def renamed(self) -> dict[str, str]:
        """Lots that nobody made, but that came where one other lot was shipped: each with that lot."""
        shipments, parts, _ = self.matched()
        same, makers = self._same_lots(shipments, parts), self.makers()
        sources: dict[str, set[str]] = {}
        for number, found in parts.items():
            for receipt, *_ in found:
                shipped, lot = shipments[number], receipt[4].lot
                is_label = lot == f"{shipped[1]}/{shipped[4].lot.rpartition('/')[2]}"
                if lot not in (shipped[4].lot, *makers) and ((shipped[4].lot, lot) in same or not is_label):
                    sources.setdefault(lot, set()).add(shipped[4].lot)

        def ends(lot: str, seen: frozenset[str]) -> set[str]:
            if lot not in sources:
                return {lot}
            return {end for one in sources[lot] - seen for end in ends(one, seen | {one})}

        # What stands for several lots is a lot of its own to whatever was shipped under it.
        while unclear := [name for name in sources if len(ends(name, frozenset({name}))) != 1]:
            for name in unclear:
                del sources[name]
        return {name: min(ends(name, frozenset({name}))) for name in sources}

    def matched(self) -> tuple[list[Any], dict[int, list[Any]], list[Any]]:
        """The shipments; by the place of each the receipts that belong to it; and the receipts of no shipment."""
        order = sorted(self.placed(), key=lambda one: (one[0], one[2], one[3], one[1]))
        shipments = [one for one in order if one[4].kind == "shipment" and not one[4].to_site]
        waiting = [one for one in order if one[4].kind == "receipt"]
        parts: dict[int, list[tuple[Any, int, bool, set[str]]]] = {number: [] for number in range(len(shipments))}
        for fits in (self._same, self._aliased, self._labelled, lambda *_: True):
            free = [number for number in parts if not parts[number]]
            for receipt in list(waiting):
                row = receipt[4]
                found = [
                    number for number in free
                    if (shipments[number][1], shipments[number][2]) == (row.party, row.reference)
                    and fits(shipments[number], row)
                ]  # fmt: skip
                if row.reference and found:
                    parts[found[0]].append((receipt, row.kg * KG, True, set()))
                    waiting.remove(receipt)
        queue = [number for number in parts if not parts[number]]
        left = [one for one in waiting if not self._fill(shipments, parts, queue, one, self._named)]
        alone = [one for one in left if not self._fill(shipments, parts, queue, one, self._alike)]
        return shipments, parts, alone

    @staticmethod
    def _same(shipment: Any, row: Row) -> bool:
        return bool(shipment[4].lot == row.lot)

    @staticmethod
    def _alike(shipment: Any, row: Row) -> bool:
        return bool(shipment[4].lot.rpartition("/")[2] == row.lot.rpartition("/")[2])

    def _aliased(self, shipment: Any, row: Row) -> bool:
        return bool(self.aliases.get(row.lot) == shipment[4].lot and row.lot.startswith(shipment[1] + "/"))

    def _named(self, shipment: Any, row: Row) -> bool:
        is_alias = row.lot in self.aliases and row.lot.startswith(row.party + "/")
        return self._aliased(shipment, row) if is_alias else self._same(shipment, row)

    def _labelled(self, shipment: Any, row: Row) -> bool:
        if row.lot in self.aliases:
            return self._aliased(shipment, row)
        return bool(row.lot == f"{shipment[1]}/{shipment[4].lot.rpartition('/')[2]}")

    def _same_lots(self, shipments: list[Any], parts: dict[int, list[Any]]) -> set[tuple[str, str]]:
        """(shipped lot, received lot) that are one: a label stands for what was shipped under it, if one lot was."""
        sources: dict[str, set[str]] = {}
        for number, found in parts.items():
            for receipt, _, _, may_be in found:
                shipped, row = shipments[number], receipt[4]
                if row.lot != shipped[4].lot and row.lot not in self.makers() and self._labelled(shipped, row):
                    sources.setdefault(row.lot, set()).update({shipped[4].lot}, may_be)

        def ends(lot: str, seen: frozenset[str]) -> set[str]:
            if lot not in sources:
                return {lot}
            return {end for one in sources[lot] - seen for end in ends(one, seen | {one})}

        clear = [name for name in sources if len(ends(name, frozenset({name}))) == 1]
        return {(lot, name) for name in clear for lot in sources[name]}

    @staticmethod
    def _fill(
        shipments: list[Any], parts: dict[int, list[Any]], queue: list[int], receipt: Any, fits: Callable[..., bool]
    ) -> bool:
        """Spreads a receipt over what its shipper sent it of that lot, oldest first; False if nothing waits."""
        _, firm, _, _, row = receipt
        rest_mg, found = row.kg * KG, False
        mine = [
            number for number in queue
            if shipments[number][1] == row.party and shipments[number][4].party == firm and fits(shipments[number], row)
        ]  # fmt: skip
        may_be = {shipments[number][4].lot for number in mine} if fits is Model._alike else set()
        for place, number in enumerate(mine):
            shipped_mg = shipments[number][4].kg * KG
            spare_mg = shipped_mg * 4243 // 1_000_000
            missing_mg = shipped_mg - sum(part_mg for _, part_mg, *_ in parts[number])
            enough = place == len(mine) - 1 or rest_mg <= missing_mg + spare_mg
            part_mg = rest_mg if enough else missing_mg
            parts[number].append((receipt, part_mg, False, may_be))
            rest_mg -= part_mg
            found = True
            if part_mg >= missing_mg - spare_mg:
                queue.remove(number)
            if rest_mg == 0:
                break
        return found

    @staticmethod
    def _shipped(shipment: Any, parts: list[Any], same: set[tuple[str, str]]) -> Placed:
        day, firm, event, _, row = shipment
        arrived = sorted(parts, key=lambda part: (part[0][0], part[0][1], part[0][2]))
        if not arrived:
            return (row.lot, firm, row.party, event, None, row.kg * KG, None, day, None, None, False, False)
        return (
            row.lot, firm, row.party, event, ";".join(dict.fromkeys(part[0][2] for part in arrived)), row.kg * KG,
            sum(part[1] for part in arrived), day, max(part[0][0] for part in arrived),
            all(part[2] for part in arrived), any(part[0][4].lot != row.lot and (row.lot, part[0][4].lot) not in same
                for part in arrived),
            any(part[0][1] != row.party for part in arrived),
        )  # fmt: skip


days, masses = st.integers(1, 28), st.integers(1, 40)
periods = st.sampled_from(["2025-04", "2025-05", "2025-06"])
firms = st.sampled_from(list(SITES))
lots = st.sampled_from(["M/1", "M/2", "M/3", "S/x", "S/y", "S/1"])


class LedgerMachine(RuleBasedStateMachine):
    """Files at random and keeps the model's books beside."""

    def __init__(self) -> None:
        super().__init__()
        self.model, self.number, self.filed = Model(), 0, list[tuple[str, str, tuple[str, ...], int | None, int]]()
        self.made: set[str] = set()
        self.received: set[tuple[str, str]] = set()
        self.room = tempfile.TemporaryDirectory()

    @initialize()
    def open(self) -> None:
        self.desk = Desk(str(Path(self.room.name) / "store.sqlite3"))
        self.desk.register(
            organisations=[organisation(firm) for firm in SITES],
            sites=[site(name, firm) for firm, names in SITES.items() for name in names],
            quotas=[
                quota("M", "mining", GRANTED_KG["mining"]), quota("S", "separation", GRANTED_KG["separation"]),
            ],
        )  # fmt: skip

    def texts(self, firm: str, event: str, rows: tuple[Row, ...]) -> tuple[str, ...]:
        return tuple(row.text(event, firm=firm, made=self.made) for row in rows)

    def file(self, firm: str, period: str, texts: tuple[str, ...], corrects: int | None = None) -> Outcome:
        outcome = self.desk.try_rows(firm, period, *texts, corrects=corrects)
        if outcome.entry is not None and not outcome.repeated:
            self.filed.append((firm, period, texts, corrects, outcome.entry.index))
        return outcome

    def add(self, firm: str, period: str, *rows: Row) -> list[str]:
        """Files a new event; it is refused only if it makes a lot that is made already. What was objected."""
        self.number += 1
        name = f"E{self.number}"
        outcome = self.file(firm, period, self.texts(firm, name, rows))
        again = any(row.makes and row.lot in self.model.makers() for row in rows)
        assert (outcome.entry is None) == again, codes(outcome)
        if outcome.entry is None:
            assert "lot.exists" in codes(outcome)
            return codes(outcome)
        self.made |= {row.lot for row in rows if row.makes}
        self.received |= {(firm, row.lot) for row in rows if row.kind == "receipt"}
        # Whatever a bare id meant, it means for good.
        named = tuple(replace(row, bare=False) for row in rows)
        self.model.events[firm, name] = Event(firm, name, period, outcome.entry.index, named)
        return codes(outcome)

    @rule(
        period=periods, day=days, firm=firms, local=st.sampled_from("123xy"), kg=masses,
        kind=st.sampled_from(["loss", "stock", "shipment"]),
    )  # fmt: skip
    def draw_by_the_bare_id(self, *, period: str, day: int, firm: str, local: str, kg: int, kind: str) -> None:
        """One's own lot; else what one has received, of several what one holds; else what is on its way to one."""
        own = f"{firm}/{local}"
        had = {lot for who, lot in self.received if who == firm and lot.rpartition("/")[2] == local}
        held = {lot for lot, _, owner, mass_mg, _ in self.model.holdings() if owner == firm and mass_mg}
        sent = set() if own in self.made or had else self.model.on_the_way(firm, local)
        meant = {own} if own in self.made else had if len(had) == 1 else had & held or had or sent or {own}
        to = next(other for other in SITES if other != firm) if kind == "shipment" else ""
        row = Row(kind, day, SITES[firm][0], min(meant), kg, party=to, bare=True)
        if len(meant) > 1:
            outcome = self.file(firm, period, self.texts(firm, "E0", (row,)))
            assert outcome.entry is None and "lot.ambiguous" in codes(outcome)
        else:
            assert ("lot.without-receipt" in self.add(firm, period, row)) == bool(sent)

    @rule(period=periods, day=days, lot=st.sampled_from(["M/1", "M/2", "M/3"]), kg=masses, mined=st.booleans())
    def origin(self, *, period: str, day: int, lot: str, kg: int, mined: bool) -> None:
        self.add("M", period, Row("origin", day, "m", lot, kg, origin="mined" if mined else "opening"))

    @rule(period=periods, day=days, firm=firms, to=firms, lot=lots, kg=masses)
    def ship(self, *, period: str, day: int, firm: str, to: str, lot: str, kg: int) -> None:
        if firm != to:
            self.add(firm, period, Row("shipment", day, SITES[firm][0], lot, kg, party=to))

    @rule(period=periods, day=days, lot=lots, kg=masses)
    def move(self, *, period: str, day: int, lot: str, kg: int) -> None:
        self.add("M", period, Row("shipment", day, "m", lot, kg, to_site="m2"))

    @rule(period=periods, day=days, firm=firms, shipper=firms, lot=lots, kg=masses)
    def receive(self, *, period: str, day: int, firm: str, shipper: str, lot: str, kg: int) -> None:
        if firm != shipper:
            self.add(firm, period, Row("receipt", day, SITES[firm][0], lot, kg, party=shipper))

    def shipments(self) -> list[tuple[Event, Row]]:
        return [
            (event, row) for event in self.model.events.values() for row in event.rows
            if row.kind == "shipment" and row.party
        ]  # fmt: skip

    @precondition(lambda self: self.shipments())
    @rule(
        data=st.data(), period=periods, day=days, less=st.integers(0, 3), other=st.booleans(), quoted=st.booleans(),
        labelled=st.booleans(),
    )  # fmt: skip
    def arrive(
        self, *, data: st.DataObject, period: str, day: int, less: int, other: bool, quoted: bool, labelled: bool
    ) -> None:
        """What was shipped arrives, at its receiver or elsewhere, whole or not, by reference, by label, or neither."""
        event, shipped = data.draw(st.sampled_from(self.shipments()))
        firm = data.draw(firms) if other else shipped.party
        lot = data.draw(lots) if other else shipped.lot
        if labelled:
            names = [label for label, named in self.model.aliases.items() if named == lot]
            lot = data.draw(st.sampled_from([f"{event.firm}/{lot.rpartition('/')[2]}", *names]))
        if firm != event.firm:
            reference = event.name if quoted else ""
            kg = max(shipped.kg - less, 0)
            self.add(firm, period, Row("receipt", day, SITES[firm][0], lot, kg, party=event.firm, reference=reference))

    @precondition(lambda self: self.shipments())
    @rule(data=st.data())
    def name(self, data: st.DataObject) -> None:
        """A shipper gives a lot an alias, before or after it ships it."""
        event, shipped = data.draw(st.sampled_from(self.shipments()))
        self.number += 1
        alias = f"a{self.number}"
        number = self.desk.store.books.lot_ids([shipped.lot])[shipped.lot]
        give_alias(self.desk.store, event.firm, lot=number, alias=alias, filed_at=NOW)
        self.model.aliases[f"{event.firm}/{alias}"] = shipped.lot

    @rule(period=periods, day=days, lot=st.sampled_from(["M/1", "M/2", "M/3"]), kg=masses, out=st.sampled_from("xy1"))
    def separate(self, *, period: str, day: int, lot: str, kg: int, out: str) -> None:
        fed = Row("transformation", day, "s", lot, kg, role="in")
        self.add("S", period, fed, Row("transformation", day, "s", f"S/{out}", max(kg // 2, 1), role="out"))

    @rule(period=periods, day=days, firm=firms, lot=lots, kg=masses, sign=st.sampled_from([1, -1]))
    def adjust(self, *, period: str, day: int, firm: str, lot: str, kg: int, sign: int) -> None:
        self.add(firm, period, Row("adjustment", day, SITES[firm][0], lot, sign * kg))

    @rule(period=periods, day=days, firm=firms, lot=lots, kg=masses, kind=st.sampled_from(["loss", "stock"]))
    def lose_or_count(self, *, period: str, day: int, firm: str, lot: str, kg: int, kind: str) -> None:
        self.add(firm, period, Row(kind, day, SITES[firm][0], lot, kg))

    @precondition(lambda self: self.model.events)
    @rule(data=st.data(), kg=masses, day=days)
    def restate(self, *, data: st.DataObject, kg: int, day: int) -> None:
        event = data.draw(st.sampled_from(list(self.model.events.values())))
        rows = tuple(replace(row, kg=-kg if row.kg < 0 else kg, day=day) for row in event.rows)
        texts = self.texts(event.firm, event.name, rows)
        if not rows:
            return
        outcome = self.file(event.firm, event.period, texts, corrects=event.entry)
        assert outcome.entry is not None, codes(outcome)
        if not outcome.repeated:
            self.model.events[event.firm, event.name] = replace(event, rows=rows, entry=outcome.entry.index)

    @precondition(lambda self: any(event.rows for event in self.model.events.values()))
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from([event for event in self.model.events.values() if event.rows]))
        outcome = self.file(event.firm, event.period, (f"{event.name} void",), corrects=event.entry)
        assert outcome.entry is not None, codes(outcome)
        self.model.events[event.firm, event.name] = replace(event, rows=(), entry=outcome.entry.index)

    @precondition(lambda self: self.filed)
    @rule(data=st.data())
    def file_again(self, data: st.DataObject) -> None:
        firm, period, texts, corrects, entry = data.draw(st.sampled_from(self.filed))
        outcome = self.file(firm, period, texts, corrects)
        assert outcome.repeated
        assert outcome.entry is not None and outcome.entry.index == entry

    @precondition(lambda self: any(event.rows for event in self.model.events.values()))
    @rule(data=st.data())
    def file_other_content(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from([event for event in self.model.events.values() if event.rows]))
        texts = self.texts(event.firm, event.name, tuple(replace(row, kg=row.kg + 1000) for row in event.rows))
        assert "event.exists-with-other-content" in codes(self.file(event.firm, event.period, texts))

    @invariant()
    def the_state_is_the_models(self) -> None:
        if not hasattr(self, "desk"):
            return
        found = amounts(self.desk.store)
        assert found["holding"] == sorted(self.model.holdings(), key=repr)
        assert found["drawdown"] == sorted(self.model.drawn(), key=repr)
        transfers = [tuple(map(_day_text, row)) for row in found["transfer"]]
        assert sorted(transfers, key=repr) == sorted(self.model.transfers(), key=repr)

    @invariant()
    def the_log_holds_and_a_rebuild_changes_nothing(self) -> None:
        if hasattr(self, "desk"):
            assert_sound(self.desk.store)

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self._quotas_add_up()
            self._a_changed_row_is_found()
            self.desk.store.database.close()
        self.room.cleanup()

    def _quotas_add_up(self) -> None:
        used: dict[str, int] = {}
        for _, _, kind, _, _, mass_mg in self.model.drawn():
            used[kind] = used.get(kind, 0) + mass_mg
        for row in quota_answer(self.desk.store, open_snapshot(self.desk.store)):
            one = row.reo
            assert one.granted_mg is not None and one.overdrawn_mg is not None and one.left_mg is not None
            assert one.granted_mg + one.overdrawn_mg == one.reserved_mg + one.used_mg + one.left_mg
            if row.organisation == {"mining": "M", "separation": "S"}[row.kind]:
                assert one.used_mg == used.get(row.kind, 0) - self._drawn_by_others(row.kind)

    def _drawn_by_others(self, kind: str) -> int:
        holder = {"mining": "M", "separation": "S"}[kind]
        return sum(row[5] for row in self.model.drawn() if row[2] == kind and row[1] != holder)

    def _a_changed_row_is_found(self) -> None:
        database = self.desk.store.database
        rows = database.rows("SELECT id, entry FROM line WHERE mass_mg IS NOT NULL ORDER BY id")
        if not rows:
            return
        line, entry = rows[self.number % len(rows)]
        database.execute("DROP TRIGGER line_no_update")
        database.execute("UPDATE line SET mass_mg = mass_mg + 1 WHERE id = %s", (int(str(line)),))
        make_guards(database)
        assert [(fault.entry, fault.what) for fault in verify(self.desk.store).faults] == [(entry, "row.changed")]


def _day_text(cell: object) -> object:
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.medium
def test_the_ledger_is_the_model() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=QUIET),
    )


@pytest.mark.slow
def test_the_ledger_is_the_model_for_long() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=QUIET),
    )
