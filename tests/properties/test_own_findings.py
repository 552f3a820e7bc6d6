"""What a firm is shown of a finding about it, on its page and by the API, is one set of facts and names no stranger.

The worlds are small and random: which firm made a lot, and which shipped to which. In each, every detector asks every
firm about something, with evidence of every kind that it declares, and of kinds that nobody has declared.
"""

from __future__ import annotations

import csv
import html
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import pytest
from django.conf import settings as portal
from django.test import Client, override_settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.desk import LAW, Desk, organisation, site
from tests.findings import answer_of, findings_in
from tests.office.trade import NOW, person
from tests.web.as_official import furnish
from tests.web.conftest import Page

from lodeline.detection.battery import DETECTORS
from lodeline.detection.detector import Detector
from lodeline.detection.detectors import round_trip
from lodeline.language import words
from lodeline.message import ARROW, NOTHING, Contact, Key, Lot, Mass, Name, Party, Series, Site, as_json, localized
from lodeline.office.findings.firm_view import own_findings
from lodeline.office.models import Case, CaseStep
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.api import books
from lodeline.web.pages.findings.evidence_words import value_text

pytestmark = pytest.mark.medium

FIRMS: Final = ("ALPHA", "BRAVO", "DELTA", "GAMMA", "OMEGA")
#: A party of an invoice that no register has, and an address of the register.
GHOST, ADDRESS = "Ghostly Trading BV", "addr:1 Hidden Road"
#: Kinds of evidence that no detector declares, and in which a name may be.
UNDECLARED: Final = ("ring", "shared", "pair", "customers", "lot", "site", "organisation", "remark")
ORE: Final = "product=concentrate composition=TREO=60;Nd=12 origin_kind=mined origin_place=CN-PIT"
#: A value of each declared fact that is no count.
PLAIN: Final[Mapping[str, Any]] = {
    "kind": "shipment", "on": "2025-01-15", "period": "2025-01", "element": "Nd",
    "before": {"US": 3}, "after": {"DE": 4}, "products": ["oxide:Nd"], "contradicts": ["code"], "since": "2025-01-01",
    "control_date": "2025-04-04", "filed_at": "2025-02-20T01:00:00+00:00", "composition": "Nd=12", "hs_code": "2846",
    "declaration": "3101", "cause": "mass", "product": "oxide:Nd", "lot_product": "oxide:Nd", "complete": True,
}  # fmt: skip
#: As a page in English writes a value.
ENGLISH: Final = SimpleNamespace(
    language="en",
    text=lambda english, **facts: words("en", english, "", {k: v for k, v in facts.items() if k != "context"}),
    localized=lambda text: text["en"],
    reading=SimpleNamespace(law=LAW),
)


def called(firm: str) -> str:
    return f"{firm.title()} Holding"


def world(store: str, deliveries: set[tuple[str, str]]) -> Desk:
    """Each firm digs a lot of its own and ships it to those of the deliveries."""
    desk = Desk(store)
    desk.register(
        organisations=[organisation(one, name_en=called(one), aliases=[ADDRESS]) for one in FIRMS],
        sites=[site(f"pit-{one.lower()}", one) for one in FIRMS],
    )
    for firm in FIRMS:
        pit, to = f"pit-{firm.lower()}", sorted(receiver for shipper, receiver in deliveries if shipper == firm)
        desk.rows(
            firm, "2025-01", f"O1 origin 2 {pit} ORE-1 1000 {ORE}",
            *(f"S{number} shipment 4 {pit} ORE-1 10 counterparty={one}" for number, one in enumerate(to)),
        )  # fmt: skip
    furnish(desk.store.database.url)
    return desk


def made_up(detector: Detector, firm: str, entries: Mapping[str, int], chance: Random) -> dict[str, Any]:
    """A finding about a firm whose evidence has every declared kind of fact, and names of anybody in all others."""
    one, other = (chance.choice(FIRMS) for _ in range(2))
    words = [*FIRMS, *map(called, FIRMS), *(f"pit-{who.lower()}" for who in FIRMS), *(f"{who}/ORE-1" for who in FIRMS)]
    parties = [*FIRMS, *map(called, FIRMS), GHOST]

    def value(name: str, kind: Any) -> Any:
        if isinstance(kind, Mapping):
            record = {key: value(key, of_it) for key, of_it in kind.items()}
            return {**record, **{key: chance.choice(words) for key in UNDECLARED}}
        if kind == "party":
            return chance.choice(parties)
        assert kind == "plain", "say here what it looks like"
        return PLAIN.get(name, "12.5" if name.endswith("_kg") else "2025-01-20" if name.endswith("_on") else 7)

    facts = {name: value(name, kind) for name, kind in detector.shown.items()}
    strange = {name: chance.choice([chance.choice(words), chance.sample(words, 2)]) for name in UNDECLARED}
    records = [{name: one} for name, one in facts.items() if isinstance(one, dict)]
    row = {name: one for name, one in facts.items() if not isinstance(one, dict)}
    sentence = round_trip.TEXTS.message(
        "went-round", times=NOTHING, mass=Mass(7),
        ring=Series(
            (Party(one), Name(called(other)), Name(GHOST), Site(f"pit-{one.lower()}"), Lot("1", f"{other}/ORE-1"),
             Contact(ADDRESS), Key(ADDRESS)), ARROW,
        ),
    )  # fmt: skip
    return {
        "id": f"{DETECTORS.index(detector):02x}{FIRMS.index(firm):02x}" * 16, "detector": detector.name,
        "subject": {
            **strange, "organisation": firm, "site": f"pit-{one.lower()}", "lot": f"{one}/ORE-1",
            "customer": called(other),
        },
        "period": {"from": "2025-01", "to": "2025-02"}, "since": "2025-01", "score": 0.99, "mass_kg": "12.5",
        "interval_kg": ["1", None], "elements": ["Nd"], "innocent": [], "ask": [], "state": "open",
        "explanation": localized([sentence]), "sentences": [as_json(sentence)], "seller": called(other),
        "evidence": [
            *records, {"totals": strange}, {"unheard-of": strange}, strange,
            *({**row, **strange, "event": f"EVENT-{FIRMS.index(who)}", "entry": entry, "movement": 7}
              for who, entry in entries.items()),
        ],
    }  # fmt: skip


def strange_words(own: OrganisationView) -> set[str]:
    """What names somebody who is not next to the firm, or is a site or a row of others."""
    beyond = set(FIRMS) - own.next_to - {own.organisation}
    others = {f"pit-{one.lower()}" for one in FIRMS if one != own.organisation}
    events = {f"EVENT-{number}" for number, one in enumerate(FIRMS) if one != own.organisation}
    return {*beyond, *map(called, beyond), *others, *events, GHOST, ADDRESS}


def asked(row: Mapping[str, Any]) -> None:
    """The question that an official put to its firm."""
    firm = row["subject"]["organisation"]
    case = Case.objects.create(
        finding=row["id"], organisation=firm, detector=row["detector"], state="asked", until=date(2025, 3, 1),
        seen=json.dumps(row), steps_taken=1, opened_at=NOW, changed_at=NOW,
    )  # fmt: skip
    content: dict[str, Any] = {"text": "Why?", "files": [], "until": "2025-03-01", "stands_until": None, "reason": None}
    CaseStep.objects.create(case=case, number=1, kind="asked", at=NOW, content=json.dumps(content), entry=1)


def leaves(facts: Mapping[str, Any]) -> Iterator[str]:
    """The values of a row or record of evidence, as a page writes them."""
    for name, one in facts.items():
        if name in ("totals", "measured"):
            yield from leaves(one)
        elif name not in ("movement", "kind"):
            yield value_text(ENGLISH, name, one)  # type: ignore[arg-type]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ").replace("\u202f", " "))


def agree(store: Store, firm: str, rows: list[dict[str, Any]], opened: set[str]) -> None:
    """The view, the API and the pages of a firm agree, and name no stranger. `opened`: of which detectors pages are."""
    own = OrganisationView(store, LAW, firm)
    shown = [one.as_json() for one in own_findings(findings_in(rows), own, open_snapshot(store))]
    beyond = strange_words(own)
    environ: Any = {"lodeline.actor": person(firm)}
    client = Client(HTTP_HOST="127.0.0.1", **environ)
    listed = {one["id"]: one for one in client.get("/api/v1/findings?limit=1000").json()["rows"]}
    assert listed == {one["id"]: {**one, "state": "asked"} for one in json.loads(json.dumps(shown))}
    for row in shown:
        assert not {word for word in beyond if word in json.dumps(row)}, row
        declared = next(one.shown for one in DETECTORS if one.name == row["detector"])
        assert {name for one in row["evidence"] for name in one} == declared.keys(), "all that is declared is shown"
        if row["detector"] not in opened:
            continue
        page = Page(client.get(f"/en/firm/{firm}/findings/{row['id']}/"))
        assert page.status == 200
        text = plain(html.unescape(page.html))
        assert not {word for word in beyond if word in text}, row["detector"]
        assert not {one for item in row["evidence"] for one in leaves(item) if plain(one) not in text}, row["detector"]
        sums = [name for item in row["evidence"] for name in item.get("totals", ())]
        assert len(re.findall("<dt>", page.html.partition("<h2>In all</h2>")[2].partition("</dl>")[0])) == len(sums)
        table = client.get(f"/en/firm/{firm}/findings/{row['id']}/?format=csv&table=rows").content.decode("utf-8-sig")
        filed = [(one["on"], str(one["entry"])) for one in row["evidence"] if "kind" in one]
        assert [(one["Day"], one["Entry"]) for one in csv.DictReader(table.splitlines())] == filed
    assert len(shown) == len(DETECTORS)


@settings(max_examples=3, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deliveries=st.sets(st.tuples(*[st.sampled_from(FIRMS)] * 2).filter(lambda pair: pair[0] != pair[1]), max_size=6),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_page_and_api_show_a_firm_the_same_and_no_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deliveries: set[tuple[str, str]], seed: int
) -> None:
    chance, room = Random(seed), tempfile.mkdtemp(dir=tmp_path)
    desk = world(f"{room}/store.sqlite3", deliveries)
    lines = open_snapshot(desk.store).lines
    entries = dict(lines.select("organisation", "entry").unique().iter_rows())
    rows = [made_up(detector, firm, entries, chance) for detector in DETECTORS for firm in FIRMS]
    monkeypatch.setattr(books, "found_by_detectors", lambda *_, **__: answer_of(rows))
    who = portal.MIDDLEWARE.index("lodeline.web.access.who_asks.WhoAsks")
    middleware = [*portal.MIDDLEWARE[:who], "tests.web.as_official.AsOfficial", *portal.MIDDLEWARE[who:]]
    with override_settings(
        MIDDLEWARE=middleware, LODELINE_DATABASE=desk.store.database.url, LODELINE_DEMO_CLOCK=NOW.isoformat()
    ):
        for row in rows:
            asked(row)
        for firm in FIRMS:
            agree(desk.store, firm, rows, {one.name for one in chance.sample(DETECTORS, 5)})
    desk.store.database.close()
