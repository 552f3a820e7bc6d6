"""Lines that are put to two laws whatever the ledger holds: that none of them differs says something.

A fixed line for each rule of the desk (`data/reference/probe_lines.csv`), and one for each row of the lists of either
law: a control item by its number, a listed party by its name. The licence that some of them name covers whatever any
item needs, so that what else a law asks shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from lodeline.control.case import Licence
from lodeline.control.declaration import Declaration, Line, read_fields
from lodeline.control.desk import Verdict, judge
from lodeline.control.replay import only_in
from lodeline.control.rulebook import LawDay
from lodeline.control.sources import Sources
from lodeline.party.packed import packed
from lodeline.regulation.control_list import items_with_status
from lodeline.regulation.parameter import Jurisdiction
from lodeline.tables import table_rows

Json = dict[str, Any]
#: What every probe states unless it states it otherwise.
_USUAL: Final = {
    "line": "1", "exporter": "X", "exporter_name": "X", "end_user_name": "Y", "consignee_name": "Z",
    "destination": "DE", "mass_kg": "10", "controlled_declared": "no",
}  # fmt: skip
_LICENCE: Final = "PROBE"
#: More than any probe weighs.
_MASS_MG: Final = 10**15
_TO_A_PARTY: Final = {"product_name": "dysprosium oxide", "hs_code": "2846901500", "composition": "Dy2O3=99.9",
                      "licence": _LICENCE}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A line, and what it is put to a law for: parameters, an item or a party."""

    asks: str
    line: Line


@cache
def fixed() -> tuple[Probe, ...]:
    """The line of each rule."""
    rows = table_rows("reference/probe_lines.csv")
    return tuple(_probe(row.pop("rules").replace("|", ", "), row) for row in rows)


def _probe(asks: str, cells: Mapping[str, str]) -> Probe:
    stated = {name: cell for name, cell in cells.items() if cell}
    return Probe(asks=asks, line=read_fields(_USUAL | stated).lines[0])


def _of_lists(laws: Iterable[Jurisdiction], day: date) -> Iterator[Probe]:
    """A line for each row of a list that one of the laws knows on the day, once."""
    items = {item.item: None for law in laws for _, item in items_with_status(law, day, known=day)}
    for number in items:
        yield _probe(f"control-list {number}", {"product_name": "goods", "control_item": number})
    parties = {(name, min(party.countries, default="")): None
               for law in laws for one in packed(law, day, known=day) for party in one.parties
               for name in party.names[:1]}  # fmt: skip
    limbs = (row for law in laws for state in law.states("barred-end-use", day, known=day)
             if state.status in ("in-force", "unknown") and state.value and not state.value.unknown
             for row in state.value.value)  # fmt: skip
    for country in dict.fromkeys(country for row in limbs for country in row.get("countries", ())):
        yield _probe(f"barred-end-use {country}", {**_TO_A_PARTY, "destination": country, "end_use": "missiles"})
    for name, country in parties:
        yield _probe(name, {**_TO_A_PARTY, "end_user_name": name, "end_user_country": country})


def judged(law: Jurisdiction, probes: Iterable[Probe], day: date) -> tuple[Verdict, ...]:
    """What the desk says of the probes under the law of a day, as known on it."""
    items = {item.item for _, item in items_with_status(law, day, known=day)}
    licence = Licence(
        id=_LICENCE, kind="individual", exporter="X", end_users=("Y",), control_items=sorted(items), products=(),
        mass_mg=_MASS_MG, used_mg=0, elements_mg={}, destination=None, end_use=None, valid_from=date(1900, 1, 1),
        valid_to=date(9000, 1, 1),
    )  # fmt: skip
    lines = Declaration(lines=tuple(one.line for one in probes))
    return judge(lines, LawDay.of(law, day), Sources(licences={_LICENCE: licence}))


def probed(law: Jurisdiction, other: Jurisdiction, day: date) -> Json:
    """The probes that the desk answers otherwise under the second law than under the first, with the reasons that go
    and come; `judged`: how many were put to both."""
    probes = (*fixed(), *_of_lists((law, other), day))
    rows = []
    for probe, one, two in zip(probes, judged(law, probes, day), judged(other, probes, day), strict=True):
        gone, come = only_in(one, two), only_in(two, one)
        if gone or come:
            rows.append(
                {
                    "asks": probe.asks, "product_name": probe.line["product_name"], "from": one.verdict,
                    "to": two.verdict, "gone": [why.as_json() for why in gone],
                    "come": [why.as_json() for why in come],
                }
            )  # fmt: skip
    return {"judged": len(probes), "rows": rows}
