"""What a firm reads of a licence on its page and by the API: the same, and nothing of others."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from tests.contracts.test_draws import DAY, KG, MADE, NOW, ask, grant, leave, want
from tests.desk import LAW, Desk
from tests.licences import change_holder, resume_licence, suspend_licence
from tests.web.as_official import OFFICIAL
from tests.web.conftest import Browser

from lodeline.encoding import encoded
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.service.licences.answers import LicenceDetail, UnknownLicence, licence_shown
from lodeline.web.pages.licences import licence as licence_page
from lodeline.web.parts.shell import show

pytestmark = pytest.mark.medium

#: MAG hands its licence on to SEP. MINE never holds it, and is the agent of MAG.
FIRMS = ("MAG", "SEP", "MINE")
READERS = {
    "MAG": RoleGrant(organisation="MAG", role="certifier"),
    "SEP": RoleGrant(organisation="SEP", role="filer"),
    "agent": RoleGrant(organisation="MAG", role="filer", agent="MINE"),
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(str(tmp_path / "store.sqlite3"))
    desk.firms(*FIRMS)
    grant(desk, "L1", mass_mg=500 * KG, elements="Dy=20")
    return desk


def drawn(desk: Desk, dice: random.Random) -> dict[str, set[str]]:
    """Draws on the licence by every firm, some flagged; returns by firm its own declarations and masses."""
    theirs: dict[str, set[str]] = {who: set() for who in FIRMS}

    def of(who: str) -> tuple[str, float]:
        """A declaration and a mass that nobody else has."""
        count = len(theirs[who])
        declaration, kg = f"{who}-D{count}", 1 + count + FIRMS.index(who) / 10 + dice.randint(1, 9) / 1000
        theirs[who] |= {declaration, f'"{kg:g}"'}
        return declaration, kg

    for holder in ("MAG", "SEP"):
        for _ in range(dice.randint(2, 4)):
            declaration, kg = of(holder)
            ask(desk, want("1", kg, declaration, organisation=holder, elements_mg={"Dy": KG // 10}))
            if dice.random() < 0.7:
                # More than was reserved is flagged.
                leave(desk, "1", kg * dice.choice((0.5, 1.5)), f"{declaration}-E", declaration=declaration)
        for who in FIRMS:
            declaration, kg = of(who)
            leave(desk, "9", kg, f"{declaration}-E", declaration=declaration, licence="L1", organisation=who)
        if holder == "MAG":
            change_holder(store=desk.store, licence="L1", holder="SEP", on=DAY, reason="merged", filed_at=NOW)
    for who in FIRMS:
        declaration, kg = of(who)
        made = MADE.format(kg=1000).replace(" mag ", f" {who.lower()} ")
        row = f"X export 12 {who.lower()} 1 {kg:g} product=magnet-ndfeb licence=L1 declaration={declaration}"
        desk.rows(who, "2025-06", made, row)
    return theirs


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The answers that pages of a licence were made of, the newest last."""
    found: list[Any] = []

    def noted(*about: Any, **context: Any) -> Any:
        found.append(context["document"])
        return show(*about, **context)

    monkeypatch.setattr(licence_page, "show", noted)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_page_and_api_show_a_holder_the_same_and_nothing_of_others(
    desk: Desk, elsewhere: Callable[[str], Browser], documents: list[Any], seed: int
) -> None:
    theirs = drawn(desk, random.Random(seed))
    client = elsewhere(desk.store.database.url).client
    with override_settings(LODELINE_DEMO_CLOCK="2025-06-20T09:00:00+08:00"):
        official: Any = {"lodeline.actor": OFFICIAL}
        whole = client.get("/api/v1/licences/L1", **official).json()
        for name, standing in READERS.items():
            reader = standing.organisation
            who: Any = {"lodeline.actor": Actor(user=1, name=name, pseudonym=name, standings=(standing,))}
            by_api = client.get("/api/v1/licences/L1", **who).json()
            page = client.get(f"/en/firm/{reader}/licences/L1/", **who)
            assert page.status_code == 200 and encoded(documents[-1]) == by_api
            rows = [*by_api["draws"], *by_api["positions"]]
            assert {one["organisation"] for one in rows} <= {None, reader} and rows
            assert by_api["flagged_exits"] == sum(bool(one["problems"]) for one in by_api["draws"])
            own = [one for one in whole["draws"] if one["organisation"] == reader]
            assert by_api["draws"] == own and by_api["of_others"] == {} != whole["of_others"]
            text = json.dumps(by_api) + page.content.decode()
            beyond = set().union(*(found for firm, found in theirs.items() if firm != reader))
            assert [one for one in beyond if one in text] == []
            (listed,) = client.get("/api/v1/licences", **who).json()["rows"]
            assert [listed[name] for name in ("exporter", "state")] == [by_api["exporter"], by_api["state"]]
            assert listed["exporter"] == reader and listed["used_kg"] == by_api["used_kg"]
        stranger: Any = {"lodeline.actor": Actor(user=1, standings=(RoleGrant(organisation="MINE", role="filer"),))}
        assert client.get("/api/v1/licences/L1", **stranger).status_code == 404
        assert client.get("/en/firm/MINE/licences/L1/", **stranger).status_code == 404


def test_a_holder_reads_the_acts_of_its_time_and_what_is_left_while_it_holds(desk: Desk) -> None:
    """L1 goes from MAG to SEP to MINE, and each is suspended once for a reason of its own."""
    for day, holder in enumerate(FIRMS):
        on = DAY + timedelta(days=2 * day)
        if day:
            change_holder(store=desk.store, licence="L1", holder=holder, on=on, reason=f"to {holder}", filed_at=NOW)
        about: dict[str, Any] = {"store": desk.store, "licence": "L1", "filed_at": NOW}
        suspend_licence(**about, on=on, reason=f"{holder} did not answer")
        resume_licence(**about, on=on, reason=f"{holder} answered")
        ask(desk, want("1", 10 + day, f"{holder}-D", organisation=holder), on=on)

    def read(reader: str, days: int = 4) -> LicenceDetail:
        register = desk.store.register(desk.store.head())
        return licence_shown(desk.store, register, LAW, "L1", day=DAY + timedelta(days=days), reader=reader)

    first, second, third = (read(firm) for firm in FIRMS)
    assert [(one.state, one.exporter) for one in (first, second, third)] == [
        ("handed-on", "MAG"), ("handed-on", "SEP"), ("granted", "MINE"),
    ]  # fmt: skip
    assert [one.goods.reserved_mg // KG for one in (first, second, third)] == [10, 11, 33]
    assert (first.goods.left_mg, second.goods.left_mg, third.goods.left_mg) == (None, None, 467 * KG)
    assert [one.reason for one in first.acts] == ["MAG did not answer", "MAG answered", "to SEP"]
    assert [one.reason for one in second.acts] == ["to SEP", "SEP did not answer", "SEP answered", "to MINE"]
    assert [(one.deed, one.reason) for one in third.acts] == [
        ("suspended", None), ("resumed", None), ("holder", None), ("suspended", None), ("resumed", None),
        ("holder", "to MINE"), ("suspended", "MINE did not answer"), ("resumed", "MINE answered"),
    ]  # fmt: skip
    assert [one.holder for one in third.acts if one.deed == "holder"] == [None, "MINE"]
    with pytest.raises(UnknownLicence):
        read("MINE", 3)
