"""What is done and who did it are one: a server that dies between the two leaves neither, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import polars as pl
import pytest
from django.apps import apps
from django.test import override_settings
from tests.desk import LAW, assert_sound
from tests.law_packs import with_notice
from tests.office.conftest import official
from tests.office.trade import LATER, NOW, made_trade, person
from tests.stores import copied

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.office.access import audit
from lodeline.office.accounts import tokens
from lodeline.office.customs import desk
from lodeline.office.filing import disputes, duty, extensions, transfers
from lodeline.office.inspections import measuring
from lodeline.office.inspections import visits as inspections
from lodeline.office.law import packs as law_packs
from lodeline.office.licences import acts as licence_acts
from lodeline.office.licences import applications, runs
from lodeline.office.licences import draws as licence_draws
from lodeline.office.log import editions
from lodeline.office.lots import firm_view as own_lots
from lodeline.office.matching import feeds
from lodeline.office.models import AuditRecord
from lodeline.office.parties import parties
from lodeline.office.register import registry
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.replay import replay_proposal
from lodeline.service.firm.acceptance import Acceptance
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.inspections.custody import HandOver
from lodeline.service.inspections.measuring import Weighing
from lodeline.service.inspections.results import Report
from lodeline.service.inspections.visits import Seal, Visited
from lodeline.service.law import publishing
from lodeline.service.licences import draws
from lodeline.service.licences import proposals as licence_proposals
from lodeline.service.licences import runs as service_runs
from lodeline.service.licences.draws import Wanted
from lodeline.service.licences.exits import Exit
from lodeline.service.parties.parties import Decision, Proposal
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
KG: Final = 1_000_000
TODAY: Final = NOW.date()
CUSTOMS, QUOTAS, ANALYST = official("customs-officer"), official("quota-officer"), official("analyst")
REGISTRAR, FILER, LICENSING = official("registrar"), person("SEP"), official("licensing-officer")
#: Held for its dysprosium, as the law has it since April.
JULY: Final = date(2025, 7, 4)
LINE: Final = {
    "line": "1", "declaration": "D-1", "on": "2025-07-04", "exporter": "SEP", "product_name": "NdFeB magnets N45",
    "hs_code": "8505111000", "composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "mass_kg": "2",
}  # fmt: skip
INVOICES: Final = (
    b"number,kind,on,seller,buyer_name,product_name,mass_kg,value\n"
    b"25992000000000000001,special,2025-02-04,SEP,Muster AG,NdFeB magnets,40,1600\n"
)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """The trade: of SEP's licence LIC-1 10 kg are reserved and 5 kg a port's, and SEP has announced the run R-1."""
    made = open_store(copied(made_trade, url))
    with override_settings(LODELINE_DATABASE=url):
        told: dict[str, Any] = {"store": made, "on": TODAY, "filed_at": NOW}
        wanted = Wanted(licence="LIC-1", organisation="SEP", declaration="D-9", line="1", mass_mg=10 * KG)
        draws.reserve(wanted=[wanted], law=LAW, **told)
        draws.allot(licence="LIC-1", tranche="T-1", port="Erenhot", mass_mg=5 * KG, law=LAW, **told)
        service_runs.announce_run(
            organisation="SEP", kind="separation", ore_type="", year=2025, run="R-1", reo_mg=KG, **told
        )
        yield made
    made.database.close()


def own(store: Store, firm: str = "SEP") -> OrganisationView:
    return OrganisationView(store, LAW, firm)


def waits(store: Store, event: str) -> int:
    """The line of a shipment that MAG may accept or dispute."""
    rows = own(store, "MAG").transfers(NOW, waiting=True).filter(pl.col("shipment_event") == event)
    return int(rows["shipment_line"][0])


def judged(store: Store) -> tuple[Declaration, dict[str, Any]]:
    asked = read_fields(LINE)
    return asked, answer(asked, LawDay.of(LAW, JULY), Ledger(snapshot=open_snapshot(store), store=store))


def kept(store: Store, *, changed: bool = False) -> tuple[int, str, int]:
    """A question at the desk, one of its verdicts, and with `changed` the entry of an officer's other verdict."""
    asked, answered = judged(store)
    entry = desk_papers.put_question(store, asked, answered, by="another", channel="desk", filed_at=NOW).index
    line = answered["lines"][0]["id"]
    if not changed:
        return entry, line, 0
    other = desk_papers.override(
        store, desk_papers.question(store, entry), verdict_id=line, verdict="release", reason="seen", by="another",
        filed_at=NOW,
    )  # fmt: skip
    return entry, line, other.index


def about_law(**more: Any) -> dict[str, Any]:
    return {"law": LAW, "now": NOW, **more}


def exits(store: Store) -> Callable[[], object]:
    seen = Exit(declaration="D-9", line="1", mass_mg=6 * KG, reference="E-1")
    return lambda: licence_draws.confirm_exits(CUSTOMS, store, [seen], **about_law())


def exit_corrected(store: Store) -> Callable[[], object]:
    exits(store)()
    right = Exit(declaration="D-9", line="1", mass_mg=KG, reference="E-2", corrects="E-1", reason="a slip")
    return lambda: licence_draws.confirm_exits(CUSTOMS, store, [right], **about_law())


def taken_back(store: Store) -> Callable[[], object]:
    return lambda: licence_draws.void(CUSTOMS, store, declaration="D-9", line="1", reason="not sold", **about_law())


def tranche(store: Store) -> Callable[[], object]:
    options = about_law(licence="LIC-1", tranche="T-2", port="Manzhouli", mass_mg=KG, elements_mg={})
    return lambda: licence_draws.allot(CUSTOMS, store, **options)


def tranche_taken_back(store: Store) -> Callable[[], object]:
    options = about_law(licence="LIC-1", tranche="T-1", reason="the port closes")
    return lambda: licence_draws.void_tranche(CUSTOMS, store, **options)


def run(store: Store) -> Callable[[], object]:
    options = about_law(run="R-2", kind="separation", ore_type="", year=2025, reo_mg=KG)
    return lambda: runs.announce(FILER, store, "SEP", **options)


def run_put_off(store: Store) -> Callable[[], object]:
    return lambda: runs.put_off(FILER, store, "SEP", run="R-1", reason="no ore", **about_law())


def run_put_off_by_authority(store: Store) -> Callable[[], object]:
    register = store.register(store.head())
    number = service_runs.planned_runs(store, register, day=TODAY)[0].reservation
    return lambda: runs.put_off_by_authority(QUOTAS, store, number, reason="suspended", **about_law())


def licence_proposed(store: Store) -> Callable[[], object]:
    options = about_law(on=TODAY, reason="no answer")
    return lambda: licence_acts.propose(LICENSING, store, "LIC-1", "suspended", **options)


def licence_confirmed(store: Store) -> Callable[[], object]:
    made = licence_proposals.propose(
        store, "LIC-1", "suspended", on=TODAY, reason="no answer", today=TODAY, filed_at=NOW, by="another"
    ).proposal
    assert made is not None
    return lambda: licence_acts.confirm(LICENSING, store, made.id, **about_law())


def licence_refused(store: Store) -> Callable[[], object]:
    made = licence_proposals.propose(
        store, "LIC-1", "suspended", on=TODAY, reason="no answer", today=TODAY, filed_at=NOW, by="another"
    ).proposal
    assert made is not None
    return lambda: licence_acts.refuse(LICENSING, store, made.id, answer="too early", **about_law())


def law_proposed(store: Store) -> Callable[[], object]:
    files = {path: text.encode() for path, text in with_notice(TODAY).files.items()}
    return lambda: law_packs.propose(LICENSING, store, files, reason="No. 99", now=NOW)


def law_offered(store: Store, by: str) -> int:
    files = {path: text.encode() for path, text in with_notice(TODAY).files.items()}
    return publishing.propose(store, files, reason="No. 99", filed_at=NOW, by=by).entry.index


def law_published(store: Store) -> Callable[[], object]:
    made = law_offered(store, "another")
    seen = replay_proposal(store, open_snapshot(store), law_now(store), proposal=made, on=TODAY)
    return lambda: law_packs.publish(LICENSING, store, made, preview=seen, now=NOW)


def law_refused(store: Store) -> Callable[[], object]:
    made = law_offered(store, "another")
    return lambda: law_packs.refuse(LICENSING, store, made, reason="another year", now=NOW)


def law_taken_back(store: Store) -> Callable[[], object]:
    made = law_offered(store, LICENSING.pseudonym)
    return lambda: law_packs.refuse(LICENSING, store, made, reason="a slip", now=NOW)


def visit(store: Store) -> Callable[[], object]:
    seals = Visited(act="seal", site="sep", on=TODAY, seals=[Seal(number="K-1", on="the north door")])
    inspector = official("inspector")
    return lambda: inspections.enter(inspector, store, seals, organisation="SEP", now=NOW, today=TODAY)


def measurement(store: Store) -> Callable[[], object]:
    rows = b"lot,product,declared_kg,bag_authority,note\nNEW,oxide:Dy,5,K-17,in no book\n"
    weighing = Weighing(site="sep", on=TODAY, files=[("found.csv", rows)])
    inspector = official("inspector")
    return lambda: measuring.measure(inspector, store, weighing, organisation="SEP", now=NOW, today=TODAY)


def bag_handed_over(store: Store) -> Callable[[], object]:
    measurement(store)()
    rows = f"bag,from,to,at,seal_intact\nK-17,authority,Courier,{TODAY},yes\n".encode()
    handed = HandOver(files=[("handed.csv", rows)])
    return lambda: measuring.hand_over(official("inspector"), store, handed, own=None, now=NOW, today=TODAY)


def analysis(store: Store) -> Callable[[], object]:
    rows = (
        f"reference_material,certified,method,analysed_on,Nd_pct,note\nGBW,Nd=26,ICP,{TODAY},26,new method\n".encode()
    )
    report = Report(laboratory="Laboratory", side="authority", files=[("list.csv", rows)])
    return lambda: measuring.report_results(official("inspector"), store, report, own=None, now=NOW, today=TODAY)


def site(store: Store) -> Callable[[], object]:
    rows: list[Mapping[str, str]] = [{"id": "sep-3", "organisation": "SEP", "name": "Third", "stage": "separation"}]
    return lambda: registry.enter(REGISTRAR, store, "sites", rows, now=NOW)


def extension(store: Store) -> Callable[[], object]:
    outage = extensions.Wanted(period="2025-01", until=date(2025, 2, 14), reason="The portal was down.")
    return lambda: extensions.grant(REGISTRAR, store, outage, **about_law())


def name_decided(store: Store) -> Callable[[], object]:
    decision = Decision(name="Abroad-GmbH", verdict="same", party="ABROAD", reason="the contract names it")
    return lambda: parties.decide(ANALYST, store, decision, now=NOW)


def merger_proposed(store: Store) -> Callable[[], object]:
    merge = Proposal(kind="merge", party="ABROAD", into="MAG", reason="one number")
    return lambda: parties.propose(ANALYST, store, merge, now=NOW)


def owner(store: Store) -> Callable[[], object]:
    share: dict[str, Any] = {"owner": "MAG", "owned": "ABROAD", "share_pct": "51", "since": None, "until": None}
    return lambda: parties.own(ANALYST, store, source="the commercial register", now=NOW, **share)


def party_list(store: Store) -> Callable[[], object]:
    content = b"id,names\nW-1,Nowhere Works\n"
    return lambda: parties.load_list(ANALYST, store, content, name="watch", file="watch.csv", now=NOW)


def feed(store: Store) -> Callable[[], object]:
    return lambda: feeds.submit(REGISTRAR, store, feed="invoices", name="invoices.csv", content=INVOICES, now=NOW)


def edition(store: Store) -> Callable[[], object]:
    return lambda: editions.freeze(ANALYST, store, LAW, "2025-01", reason="", now=LATER)


def alias(store: Store) -> Callable[[], object]:
    return lambda: own_lots.give_alias(FILER, own(store), "SEP/OX", "B-7", now=NOW)


def question(store: Store) -> Callable[[], object]:
    asked, answered = judged(store)
    return lambda: desk.ask(CUSTOMS, store, asked, answered, now=NOW)


def amendment(store: Store) -> Callable[[], object]:
    entry, _, _ = kept(store)
    asked, answered = judged(store)
    return lambda: desk.ask(CUSTOMS, store, asked, answered, amends=entry, now=NOW)


def verdict_changed(store: Store) -> Callable[[], object]:
    entry, line, _ = kept(store)
    return lambda: desk.override(CUSTOMS, store, entry, verdict_id=line, verdict="release", reason="seen", now=NOW)


def verdict_confirmed(store: Store) -> Callable[[], object]:
    entry, _, other = kept(store, changed=True)
    return lambda: desk.confirm(CUSTOMS, store, entry, override_entry=other, now=NOW)


def withdrawal(store: Store) -> Callable[[], object]:
    entry, _, _ = kept(store)
    return lambda: desk.withdraw(CUSTOMS, store, entry, reason="not sold", now=NOW)


def dispute(store: Store) -> Callable[[], object]:
    line = waits(store, "S3")
    return lambda: disputes.dispute(person("MAG"), own(store, "MAG"), line, "two drums are missing", now=NOW)


def delivery(store: Store) -> Callable[[], object]:
    chosen = [Acceptance(line=waits(store, "S3"))]
    return lambda: transfers.accept(person("MAG"), own(store, "MAG"), chosen, on=date(2025, 2, 5), site="mag", now=NOW)


def buyer_reminded(store: Store) -> Callable[[], object]:
    return lambda: transfers.ask_to_confirm(FILER, own(store), "MAG", now=NOW)


def filer_reminded(store: Store) -> Callable[[], object]:
    return lambda: duty.demand(ANALYST, ["MAG"], period="2025-01", kind="reminded", now=NOW)


def token(store: Store) -> Callable[[], object]:
    admin = person("SEP", "organisation-admin")
    return lambda: tokens.issue(admin, "SEP", name="ERP", scopes=["filings:read"], days=30, now=NOW)


def application(store: Store) -> Callable[[], object]:
    return lambda: applications.begin(FILER, "SEP", now=NOW)


ACTS: Final[Mapping[Callable[[Store], Callable[[], object]], str]] = {
    exits: "licence.exits", exit_corrected: "licence.exits-corrected", taken_back: "licence.void",
    tranche: "licence.tranche",
    tranche_taken_back: "licence.tranche-void", run: "quota.run", run_put_off: "quota.run-void",
    run_put_off_by_authority: "quota.run-void", licence_proposed: "licence.proposed",
    licence_confirmed: "licence.confirmed", licence_refused: "licence.refused",
    law_proposed: "law.proposed", law_published: "law.published", law_refused: "law.refused",
    law_taken_back: "law.withdrawn",
    visit: "inspection.seal", measurement: "inspection.measurement", bag_handed_over: "inspection.custody",
    analysis: "inspection.result", site: "register.sites",
    extension: "deadline.extend", name_decided: "party.same", merger_proposed: "party.propose-merge",
    owner: "party.own", party_list: "party.list", feed: "feed.receive", edition: "edition.freeze", alias: "lot.alias",
    question: "desk.asked", amendment: "desk.asked", verdict_changed: "desk.overridden",
    verdict_confirmed: "desk.confirmed", withdrawal: "desk.withdrawn", dispute: "dispute.raise",
    delivery: "transfer.accept", buyer_reminded: "transfer.remind", filer_reminded: "duty.reminded",
    token: "token.issue", application: "application.begin",
}  # fmt: skip


def everything(store: Store) -> tuple[object, ...]:
    """The head of the log, and every row of the office's tables."""
    models = apps.get_app_config("office").get_models()
    return store.head(), [list(model.objects.order_by("pk").values()) for model in models]  # type: ignore[attr-defined]


#: One of each way to hold an act and its record together; the others are tried on PostgreSQL in the long run.
ON_BOTH: Final = (exits, visit, edition, question, verdict_changed, dispute, delivery)


@pytest.mark.ci
@pytest.mark.parametrize(
    ("url", "act"),
    [
        pytest.param(kind, act, id=f"{kind}-{act.__name__}",
                     marks=[] if kind == "sqlite" or act in ON_BOTH else pytest.mark.slow)
        for act in ACTS for kind in ("sqlite", "postgresql")
    ],
    indirect=["url"],
)  # fmt: skip
def test_neither_stands_where_the_server_dies_between_them_and_both_when_it_is_done_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, act: Callable[[Store], Callable[[], object]]
) -> None:
    do, what, written = act(store), ACTS[act], audit._write
    before = everything(store)

    def dies(*records: AuditRecord) -> None:
        if any(one.what == what for one in records):
            raise SystemExit
        written(*records)

    with monkeypatch.context() as dead:
        dead.setattr(audit, "_write", dies)
        with pytest.raises(SystemExit):
            do()
    assert everything(store) == before
    do()
    records = AuditRecord.objects.filter(what=what)
    assert [one.who in ("official", "person-1") for one in records] == [True]
    assert everything(store) != before
    assert_sound(store)
