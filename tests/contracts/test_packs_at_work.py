"""Every pack that comes with the program answers what the program asks: none assumes what another country's law has."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from tests.desk import Desk, organisation, site

from lodeline.control.licences.licensing import RELATIONS, clock
from lodeline.control.rulebook import LawDay
from lodeline.detection.battery import run_detectors
from lodeline.errors import UserError
from lodeline.ledger.extension import both_passed, due, extension_of
from lodeline.ledger.roles import QUOTAS
from lodeline.office.customs.queries import terms
from lodeline.regulation.fines import fines
from lodeline.regulation.pack import shipped_codes
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.customs.desk import Ledger, declare
from lodeline.service.customs.replay import replay
from lodeline.service.filing.status import filing_status
from lodeline.service.findings.finding import SnapshotView
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.law import law as questions
from lodeline.service.law import lists
from lodeline.service.licences.quotas import national_quota
from lodeline.service.overview.overview import months
from lodeline.store.snapshot_opening import open_snapshot

DAY, BEFORE = date(2026, 11, 24), date(2023, 12, 31)
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
CONSIGNMENT = """line,on,product_name,hs_code,composition,mass_kg,lot,destination,exporter
1,2026-07-04,ion clay rare earth concentrate,2530902000,,1000,MAG/ORE,DE,MAG
2,2026-07-04,neodymium oxide,2846901300,Nd2O3=99.5,1000,,DE,MAG
3,2026-07-04,NdFeB magnets N45,8505111000,Nd=24.1;Pr=6.02;Fe=67.5;B=0.98,100,MAG/M1,DE,MAG
4,2026-07-04,steel bolts,7318150000,,100,,DE,MAG
"""
#: Pack → the verdicts on the lines. What a law bars or does not know of, another lets leave.
VERDICTS = {
    "cn": ["hold", "hold", "query", "release"],
    "my": ["hold", "release", "release", "release"],
    "vn": ["hold", "query", "release", "release"],
    "eu": ["query", "query", "query", "release"],
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """MAG exports a magnet in June 2025 and files in time, a month later too; IDLE never files."""
    desk = Desk(str(tmp_path_factory.mktemp("packs") / "store.sqlite3"))
    desk.register(
        organisations=[
            organisation("MAG", roles="magnet-maker|exporter"), organisation("IDLE", roles="magnet-maker"),
            organisation("ABROAD", roles="end-user", country="DE"),
        ],
        sites=[site("mag", "MAG"), site("idle", "IDLE")],
    )  # fmt: skip
    desk.rows(
        "MAG", "2025-06",
        "E1 origin 2 mag M1 100 origin_kind=opening product=magnet-ndfeb composition=Nd=30;Fe=68.7;B=1",
        "E2 export 9 mag M1 40 product=magnet-ndfeb counterparty=ABROAD counterparty_country=DE destination=DE",
    )  # fmt: skip
    desk.rows(
        "MAG", "2025-07",
        "E3 export 9 mag M1 10 product=magnet-ndfeb counterparty=ABROAD counterparty_country=DE destination=DE",
    )  # fmt: skip
    return desk


@pytest.fixture(params=shipped_codes())
def law(request: pytest.FixtureRequest) -> Jurisdiction:
    return load(request.param)


def test_the_desk_judges_by_it(law: Jurisdiction, desk: Desk) -> None:
    answer = declare(
        CONSIGNMENT.encode(),
        LawDay.of(law, DAY),
        Ledger(snapshot=open_snapshot(desk.store), store=desk.store),
        name="consignment.csv",
    )
    assert [line["verdict"] for line in answer["lines"]] == VERDICTS[law.code]
    assert json.dumps(answer)


def test_what_it_says_and_how_it_changed_is_told(law: Jurisdiction) -> None:
    document = questions.in_force(law, DAY, DAY)
    assert {row["status"] for row in document["rows"]} >= {"in-force", "unknown"}
    assert questions.diff(law, date(2023, 1, 1), DAY)["rows"]
    assert questions.timeline(law)["rows"]
    assert json.dumps([document, questions.diff(law, BEFORE, DAY), questions.timeline(law)])
    assert json.dumps(lists.control_list(law, DAY, DAY))
    fines(law, DAY, known=DAY)


def test_a_replay_asks_it_twice(law: Jurisdiction, desk: Desk) -> None:
    found = replay(desk.store, open_snapshot(desk.store), law, first=BEFORE, second=DAY)
    assert found["exports"]["judged"] == 2
    assert bool(found["law"])
    assert json.dumps(found)


def test_deadlines_are_those_that_it_sets_or_none(law: Jurisdiction, desk: Desk) -> None:
    snapshot = open_snapshot(desk.store)
    has_duty = "filing-deadline" in law.parameters
    moment = due("MAG", "2026-10", law, snapshot.register)
    assert (moment is not None) == has_duty
    assert extension_of("MAG", "2026-10", law, snapshot.register) is None
    assert both_passed(NOW, law, snapshot.register)(date(2025, 6, 1), "MAG", None) == has_duty
    assert filing_status(desk.store, snapshot, law)["state"].to_list() == ["filed", "filed", *["missing"] * has_duty]
    assert months(desk.store, snapshot, law) is not None
    own = OrganisationView(desk.store, law, "IDLE")
    assert {one.state for one in own.months(NOW)} == ({"missing", "running"} if has_duty else set())


def test_clocks_terms_and_quotas_say_what_it_does_not_know(law: Jurisdiction) -> None:
    for relation in RELATIONS:
        ran = clock([("submitted", DAY)], relation=relation, law=law, today=DAY, on_watch_list=False)
        assert (ran.status == "unknown") == (law.code != "cn")
    if law.code == "cn":
        assert terms(law, DAY).documents
    else:
        with pytest.raises(UserError, match="sets no term"):
            terms(law, DAY)
    for kind in QUOTAS:
        national_quota(law, kind, 2024)


def test_every_detector_runs_under_it(law: Jurisdiction, desk: Desk) -> None:
    found = run_detectors(SnapshotView(store=desk.store, snapshot=open_snapshot(desk.store), law=law))
    missing = [one for one in found if one.detector == "missing-filing"]
    assert bool(missing) == ("filing-deadline" in law.parameters)
