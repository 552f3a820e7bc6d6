"""What instruments leave open: scope, dates, licences that wait and are granted, and what opens again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lodeline.errors import UserError
from lodeline.regulation.parameter import load
from lodeline.strategy.control.calendar import working_days
from lodeline.strategy.control.instrument import Acting, cases, laws_of, openness, resolved
from lodeline.strategy.figure import Basis
from lodeline.strategy.network import Edges, Holdings, Network, Openness, Units
from lodeline.strategy.scenario import INSTRUMENT_KINDS, Instrument, Scenario

STARTS: Final = date(2025, 10, 1)
DAYS: Final = 60
LAW: Final = load("cn")
ELEMENTS: Final = ("Nd", "Dy")
#: Site, organisation, class, country, whether it is a plant's, kg a day from nowhere, shares of Nd and Dy.
HOLDINGS: Final[list[tuple[str, str, str, str, bool, float, tuple[float, float]]]] = [
    ("M1", "MINE", "concentrate", "CN", False, 100.0, (0.2, 0.01)),
    ("S1", "SEP", "oxide:Dy", "CN", False, 0.0, (0.0, 0.87)),
    ("A1", "MAG", "magnet-ndfeb+heavy", "CN", False, 0.0, (0.3, 0.03)),
    ("A1", "MAG", "magnet-ndfeb", "CN", False, 0.0, (0.3, 0.0)),
    ("B1", "OTHER", "magnet-ndfeb+heavy", "CN", False, 0.0, (0.3, 0.03)),
    ("P1", "Nordwind GmbH", "magnet-ndfeb+heavy", "DE", True, 0.0, (0.3, 0.03)),
    ("P2", "Isar AG", "magnet-ndfeb", "DE", True, 0.0, (0.3, 0.0)),
    ("P3", "Kobe KK", "magnet-ndfeb+heavy", "JP", True, 0.0, (0.3, 0.03)),
    ("P4", "Kobe KK", "oxide:Dy", "JP", True, 0.0, (0.0, 0.87)),
]
#: From, to, value a kilogram, items as filed.
EDGES: Final[list[tuple[int, int, float, str]]] = [
    (1, 2, 300.0, ""),
    (2, 5, 100.0, "1C905.a.4"),
    (3, 6, 60.0, ""),
    (4, 5, 100.0, "1C905.a.4"),
    (2, 7, 100.0, "1C905.a.4"),
    (1, 8, 300.0, "1C905.b"),
]
HOME, TO_P1, TO_P2, OTHER_TO_P1, TO_P3, TO_P4 = range(6)


def network(order: list[int] | None = None, imported: bool = False) -> Network:
    """The network above, its edges in another order if one is given."""
    edges = [EDGES[place] for place in (order or range(len(EDGES)))]
    site, organisation, goods, country, is_plant, origin, content = zip(*HOLDINGS, strict=True)
    source, target, value, items = zip(*edges, strict=True)
    count, held = len(HOLDINGS), len(edges)
    assumed: tuple[Basis, ...] = ("assumption",)
    return Network(
        elements=ELEMENTS,
        holdings=Holdings(
            site=site, organisation=organisation, goods=goods, country=country, is_plant=np.array(is_plant),
            level_kg=np.ones(count), level_basis=assumed * count, origin=np.array(origin),
            residual=np.zeros(count), floor_kg=np.zeros(count), content=np.array(content),
            imported=tuple({"MM": 0.25} if place == 0 else {} for place in range(count)) if imported else (),
        ),
        edges=Edges(
            source=np.array(source), target=np.array(target), flow=np.ones(held), most=np.ones(held),
            transit=np.ones(held, np.int64), transit_basis=assumed * held, rank=np.zeros(held, np.int64),
            qualified_from=np.zeros(held, np.int64), held_kg=np.array([5.0 if s == 4 else 0.0 for s in source]),
            value_per_kg=np.array(value), border=np.array([country[to] != "CN" for to in target]),
            is_filed=np.ones(held, np.bool_), end_user=tuple(organisation[to] for to in target),
            end_use=tuple("Traction motors" if to == 5 else "" for to in target),
            hs_code=tuple("85051110" if "magnet" in goods[to] else "284690" for to in target), items=items,
        ),
        units=Units(
            name=("S1>oxide:Dy", "A1>magnet-ndfeb+heavy", "P1"), organisation=("SEP", "MAG", "Nordwind GmbH"),
            country=("CN", "CN", "DE"), is_plant=np.array([False, False, True]), need_start=np.array([0, 1, 2, 3]),
            need_holding=np.array([0, 1, 5]), need_rate=np.array([100.0, 0.5, 2.0]), need_group=np.full(3, -1),
            out_start=np.array([0, 1, 3, 3]), out_holding=np.array([1, 2, 3]), out_rate=np.array([1.0, 2.0, 6.0]),
            most=np.ones(3), most_basis=assumed * 3, stop_below=np.full(3, 0.5),
            loss_per_day=np.full(3, np.nan), currency=("",) * 3,
        ),
        vintage="1", window=("2025-01", "2025-06"),
    )  # fmt: skip


def act(kind: str, **scope: Any) -> Instrument:
    return Instrument(id=scope.pop("id", kind), kind=kind, **{"starts": STARTS, **scope})  # type: ignore[arg-type]


def scenario(*instruments: Instrument, days: int = DAYS) -> Scenario:
    return Scenario(
        name="s", name_en="S", name_zh="情景", base_from="", base_to="", starts=STARTS, horizon_days=days,
        instruments=instruments,
    )  # fmt: skip


def left(*instruments: Instrument, **given_: Any) -> Openness:
    return openness(network(), scenario(*instruments), law=given_.pop("law", LAW), **given_)


def shut(one: Openness, day: int = 30) -> set[int]:
    """Edges that carry nothing on a day."""
    return set(np.flatnonzero(one.edge[:, day] == 0).tolist())


def test_without_instruments_everything_is_open() -> None:
    found = left()
    assert all((part == 1).all() for part in (found.edge, found.origin, found.unit))
    assert found.touches_nothing


def test_a_licence_waits_for_working_days_of_the_law_and_then_lets_through_what_is_approved() -> None:
    found = left(act("licence", elements=("Dy",), delay_working_days=5, approval=0.6))
    # 1 to 8 October are holidays and Saturday the 11th is worked: the fifth day is Tuesday the 14th.
    assert found.edge[TO_P1, :14].tolist() == [0] * 14
    assert found.edge[TO_P1, 14:] == pytest.approx(0.6)
    assert (found.edge[[HOME, TO_P2]] == 1).all(), "neither goods at home nor goods without the element"
    assert not found.calendar_assumed
    assert set(np.flatnonzero(found.in_scope).tolist()) == {TO_P1, OTHER_TO_P1, TO_P3, TO_P4}
    assert np.flatnonzero(found.held).tolist() == [OTHER_TO_P1], "only who holds a licence already"


def test_weekdays_are_assumed_where_no_calendar_is() -> None:
    found = left(act("licence", delay_working_days=5, approval=1.0), law=None)
    assert found.edge[TO_P1].tolist() == [0] * 8 + [1] * (DAYS - 8), "Wednesday the 8th is the fifth weekday after"
    assert found.calendar_assumed
    assert left(act("licence", starts=date(2049, 1, 1)), law=LAW).touches_nothing, "it begins after the run"


def test_no_delay_opens_on_the_day_and_one_beyond_the_run_never() -> None:
    days = working_days(None, STARTS, 10)
    assert days.days_for(np.array([0.0, 0.2, 1.0, 7.0, 500.0])).tolist() == [0, 2, 2, 10, 11]


def test_a_licence_that_began_before_the_run_has_waited_already() -> None:
    early = act("licence", starts=STARTS - timedelta(days=30), delay_working_days=5, approval=0.5)
    assert left(early).edge[TO_P1] == pytest.approx(0.5)
    ancient = replace(early, starts=date(1, 1, 2), delay_working_days=2000.0)
    assert left(ancient).edge[TO_P1] == pytest.approx(0.5), "and its calendar is not counted for two thousand years"


def test_an_instrument_holds_from_its_first_to_its_last_day() -> None:
    found = left(act("ban", to_country=("DE",), starts=STARTS + timedelta(5), ends=STARTS + timedelta(9)))
    assert np.flatnonzero(found.edge[TO_P1] == 0).tolist() == [5, 6, 7, 8, 9]
    assert (found.edge[[TO_P3, TO_P4, HOME]] == 1).all()


@pytest.mark.parametrize(
    ("scope", "edges"),
    [
        ({"goods": ("magnet-ndfeb+heavy",)}, {TO_P1, OTHER_TO_P1, TO_P3}),
        ({"goods": ("magnet-ndfeb",)}, {TO_P1, TO_P2, OTHER_TO_P1, TO_P3}),
        ({"goods": ("oxide",)}, {TO_P4}),
        ({"hs_code": "2846"}, {TO_P4}),
        ({"organisation": "MAG"}, {TO_P1, TO_P2, TO_P3}),
        ({"organisation": "B1"}, {OTHER_TO_P1}),
        ({"end_use": "traction"}, {TO_P1, OTHER_TO_P1}),
        ({"end_user": "KOBE  KK"}, {TO_P3, TO_P4}),
        ({"to_country": ("DE", "JP"), "elements": ("Dy",)}, {TO_P1, OTHER_TO_P1, TO_P3, TO_P4}),
        ({"from_country": "JP"}, set()),
        ({"to_country": ("US",)}, set()),
    ],
)
def test_a_scope_is_all_that_it_says_at_once(scope: dict[str, Any], edges: set[int]) -> None:
    found = left(act("licence", delay_working_days=100, **scope))
    assert shut(found) == edges
    assert found.touches_nothing == (not edges)


def test_a_refusal_reaches_who_belongs_to_the_end_user() -> None:
    refused = act("refuse", end_user="Isar AG")
    assert shut(left(refused)) == {TO_P2}
    assert shut(left(refused, owned_by={"ISAR AG": {"Nordwind GmbH"}})) == {TO_P1, TO_P2, OTHER_TO_P1}


def test_a_general_licence_opens_again_what_waits_and_nothing_that_is_banned() -> None:
    licence = act("licence", elements=("Dy",), delay_working_days=500)
    general = act("loosen", to_country=("DE",), starts=STARTS + timedelta(20))
    found = left(licence, general)
    assert found.edge[TO_P1].tolist() == [0] * 20 + [1] * 40
    assert shut(found) == {TO_P3, TO_P4}
    assert shut(left(licence, general, act("ban", to_country=("DE",)))) >= {TO_P1, OTHER_TO_P1}
    assert not left(licence, act("ban", to_country=("DE",))).held.any(), "a licence that is held opens no ban"


def test_cases_are_exporter_end_user_and_item_and_each_has_its_own_luck() -> None:
    licence = scenario(act("licence", elements=("Dy",)))
    found = cases(network(), licence)
    assert [(one.exporter, one.end_user, one.item, one.edges) for one in found] == [
        ("MAG", "Kobe KK", "1C905.a.4", (TO_P3,)),
        ("MAG", "Nordwind GmbH", "1C905.a.4", (TO_P1,)),
        ("OTHER", "Nordwind GmbH", "1C905.a.4", (OTHER_TO_P1,)),
        ("SEP", "Kobe KK", "1C905.b", (TO_P4,)),
    ]
    drawn = openness(
        network(), licence, law=None, delays=np.array([5.0, 500.0, 5.0, 5.0]), approved=np.array([1.0, 1.0, 0.0, 1.0])
    )
    assert shut(drawn) == {TO_P1, OTHER_TO_P1}


def test_edges_in_another_order_are_open_in_that_order() -> None:
    acts = [act("licence", elements=("Dy",)), act("ban", to_country=("JP",)), act("quota", goods=("oxide",), cap=0.5)]
    order = [3, 5, 0, 2, 4, 1]
    delays, approved = np.arange(4.0) * 10, np.array([0.0, 1.0, 0.5, 0.25])
    usual = Acting(network(), scenario(*acts), law=LAW).openness(delays=delays, approved=approved)
    turned = Acting(network(order), scenario(*acts), law=LAW).openness(delays=delays, approved=approved)
    assert (turned.edge == usual.edge[order]).all()


def test_a_list_frees_goods_with_little_of_it_by_value() -> None:
    # An oxide of 300 with 87 % Dy: Dy is worth 345 a kilogram, so 3 % of it is 10 of the 100 of a magnet.
    assert shut(left(act("list", elements=("Dy",), delay_working_days=500, de_minimis_value=0.2))) == {TO_P4}
    much = act("list", elements=("Dy",), delay_working_days=500, de_minimis_value=0.05)
    assert shut(left(much)) == {TO_P1, OTHER_TO_P1, TO_P3, TO_P4}
    assert shut(left(replace(much, elements=("Nd",)))) == {TO_P1, TO_P2, OTHER_TO_P1, TO_P3}, "nobody knows its price"


def test_a_quota_cuts_units_and_mines_in_proportion_and_no_imports() -> None:
    found = left(act("quota", goods=("oxide",), cap_kg=365 * 0.4))
    assert found.unit[0] == pytest.approx(0.4)
    assert (found.unit[1:] == 1).all()
    assert left(act("quota", goods=("concentrate",), cap=0.7)).origin[0] == pytest.approx(0.7)
    half = openness(network(imported=True), scenario(act("quota", goods=("concentrate",), cap_kg=365 * 37.5)), law=None)
    assert half.origin[0] == pytest.approx(0.25 + 0.75 * 0.5), "the imported quarter comes in as before"
    month = act("quota", goods=("oxide",), cap_kg=15.5, ends=STARTS + timedelta(30))
    assert left(month).unit[0, 30:32].tolist() == pytest.approx([0.5, 1.0])
    assert left(act("quota", goods=("oxide",), cap_kg=1e6)).unit[0] == pytest.approx(1.0), (
        "a cap above use cuts nothing"
    )
    assert left(act("quota", elements=("Dy",), goods=("magnet-ndfeb+heavy",), cap_kg=365 * 0.03)).unit[
        1
    ] == pytest.approx(0.5), "two kg a day hold 0.06 kg of the element"


def test_an_import_stops_from_where_it_is_known_to_come() -> None:
    stops = act("origin", goods=("concentrate",), from_country="MM")
    assert left(stops).touches_nothing, "nobody looked where it is from"
    assert openness(network(imported=True), scenario(stops), law=None).origin[0] == pytest.approx(0.75)
    assert left(act("origin", goods=("concentrate",))).origin[0] == pytest.approx(0.0)


def test_an_outage_stops_a_site_and_what_is_mined_there() -> None:
    assert left(act("outage", organisation="A1")).unit[:, 0].tolist() == [1, 0, 1]
    found = left(act("outage", organisation="MINE", cap=0.2))
    assert found.origin[:, 0].tolist() == pytest.approx([0.2] + [1] * 8)
    assert not found.touches_nothing


def test_an_instrument_of_the_law_is_what_its_list_names_in_each_form() -> None:
    heavy = act("law", id="announcement-18-2025", delay_working_days=500)
    assert shut(left(heavy)) == {TO_P1, OTHER_TO_P1, TO_P3, TO_P4}, "Dy as oxide and in magnets; Nd is not listed"
    assert left(act("law", id="announcement-57-2025")).touches_nothing, "no edge has holmium"
    unstated = replace(heavy, starts=date.min)
    assert resolved(scenario(unstated), LAW).instruments[0].starts == date(2025, 4, 4), "the law's own day"
    waited = left(replace(unstated, delay_working_days=5, approval=1.0))
    assert (waited.edge == 1).all(), "half a year ago"
    with pytest.raises(UserError, match="announcement-18-2025"):
        left(act("law", id="announcement-99-2025"))
    assert "announcement-18-2025" in laws_of(LAW)


INSTRUMENTS = some.builds(
    Instrument,
    id=some.just("i"),
    kind=some.sampled_from([kind for kind in INSTRUMENT_KINDS if kind != "law"]),
    starts=some.dates(STARTS - timedelta(40), STARTS + timedelta(DAYS + 5)),
    ends=some.none() | some.dates(STARTS + timedelta(DAYS - 20), STARTS + timedelta(DAYS + 20)),
    goods=some.sampled_from([(), ("oxide",), ("magnet-ndfeb",), ("magnet-ndfeb+heavy", "concentrate")]),
    elements=some.sampled_from([(), ("Dy",), ("Nd", "Dy"), ("Ho",)]),
    hs_code=some.sampled_from(["", "8505"]),
    from_country=some.sampled_from(["", "CN"]),
    to_country=some.sampled_from([(), ("DE",), ("JP", "US")]),
    organisation=some.sampled_from(["", "MAG", "S1"]),
    end_user=some.sampled_from(["", "Kobe KK"]),
    end_use=some.sampled_from(["", "motors"]),
    delay_working_days=some.none() | some.floats(0, 3000),
    approval=some.none() | some.floats(0, 1),
    cap_kg=some.none() | some.floats(0, 1e6),
    cap=some.none() | some.floats(0, 1),
    de_minimis_value=some.none() | some.floats(0, 1),
)


@pytest.mark.medium
@given(some.lists(INSTRUMENTS, max_size=4), INSTRUMENTS, some.integers(0, 4))
def test_one_more_instrument_opens_nothing_but_where_it_loosens(
    acts: list[Instrument], more: Instrument, place: int
) -> None:
    before = openness(network(), scenario(*acts), law=None)
    after = openness(network(), scenario(*acts[:place], more, *acts[place:]), law=None)
    for name in ("edge", "origin", "unit"):
        first, second = getattr(before, name), getattr(after, name)
        assert ((second >= 0) & (second <= 1)).all()
        change = second - first
        assert (change >= -1e-12).all() if more.kind == "loosen" else (change <= 1e-12).all()
    assert (before.edge[~before.in_scope] == 1).all(), "what no instrument touches is open"


@given(INSTRUMENTS)
def test_outside_its_days_an_instrument_does_nothing(more: Instrument) -> None:
    found = openness(network(), scenario(more), law=None)
    last = more.ends or date.max
    outside = [day for day in range(DAYS) if not more.starts <= STARTS + timedelta(day) <= last]
    assert all((part[:, outside] == 1).all() for part in (found.edge, found.origin, found.unit))
