"""Deliveries: accepting becomes a draft of receipts that files like any other; disputes are told to two alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest
from django.test import override_settings
from tests.desk import LAW, Desk
from tests.office.trade import LATER, NOW, made_trade, person
from tests.stores import copied

from lodeline.filing.check import check
from lodeline.office.access.actor import Actor, NotAllowedError
from lodeline.office.accounts.tokens import Program
from lodeline.office.filing import disputes, drafts, submitting, transfers
from lodeline.office.filing.draft_content import content_of
from lodeline.office.models import AuditRecord, Dispute, Draft, Notice
from lodeline.office.overview.home import home
from lodeline.service.filing.posting import post
from lodeline.service.firm.acceptance import Acceptance, ClosedShipment
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The trade, with the office's tables, for one test."""
    path = copied(made_trade, str(tmp_path / "store.sqlite3"))
    with override_settings(LODELINE_DATABASE=path):
        opened = open_store(path)
        yield opened
        opened.database.close()


def own(store: Store, firm: str) -> OrganisationView:
    return OrganisationView(store, LAW, firm)


def waits(store: Store, firm: str, event: str) -> int:
    """The shipment's line, by which a delivery is chosen."""
    rows = own(store, firm).transfers(NOW, waiting=True).filter(pl.col("shipment_event") == event)
    return int(rows["shipment_line"][0])


def accept(store: Store, firm: str, *chosen: Acceptance, on: str = "2025-02-05", site: str | None = None) -> Draft:
    return transfers.accept(
        person(firm), own(store, firm), chosen, on=date.fromisoformat(on), site=site or firm.lower(), now=NOW
    )


def file_draft(store: Store, draft: Draft) -> list[str]:
    """Files what the draft holds, as certifying it would; the problems it has."""
    checked = check(
        content_of(draft).table, organisation=draft.organisation, period=draft.period,
        register=store.register(store.head()),
    )  # fmt: skip
    outcome = post(store, checked, filed_at=NOW, law=LAW)
    assert outcome.entry is not None, [one.message("en") for one in outcome.problems]
    return [one.code for one in outcome.problems if one.severity != "flag"]


def test_an_accepted_delivery_is_a_receipt_of_the_month_and_closes_when_filed(store: Store) -> None:
    line = waits(store, "MAG", "S3")
    draft = accept(store, "MAG", Acceptance(line=line))
    assert (draft.organisation, draft.period, draft.state) == ("MAG", "2025-02", Draft.State.OPEN)
    assert transfers.pending(person("MAG"), "MAG") == {transfers.Sent(shipper="SEP", event="S3", local="OX"): draft.pk}
    assert file_draft(store, draft) == []
    closed = own(store, "MAG").transfers(NOW).row(0, named=True)
    assert (closed["standing"], closed["received_mg"], closed["cause"]) == ("closed", 100_000_000, None)
    assert AuditRecord.objects.filter(what="transfer.accept", organisation="MAG").count() == 1


def test_the_own_mass_is_what_counts_and_the_difference_shows_on_both_sides(store: Store) -> None:
    draft = accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S3"), received_mg=98_000_000, reason="spill"))
    file_draft(store, draft)
    for firm in ("MAG", "SEP"):
        row = own(store, firm).transfers(NOW).filter(pl.col("shipment_event") == "S3").row(0, named=True)
        assert (row["standing"], row["cause"], row["received_mg"]) == ("differs", "mass-differs", 98_000_000)


def test_what_is_accepted_later_joins_the_draft_that_nobody_was_asked_about(store: Store) -> None:
    desk = Desk(store)
    desk.rows("SEP", "2025-02", "S5 shipment 3 sep OX 10 counterparty=MAG", "S6 shipment 4 sep OX 5 counterparty=MAG")
    first = accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S3")))
    again = accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S5")), on="2025-02-06")
    assert again.pk == first.pk
    assert content_of(again).table.frame.height == 2
    Draft.objects.filter(pk=first.pk).update(state=Draft.State.ASKED)
    assert accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S6"))).pk != first.pk
    assert len(transfers.pending(person("MAG"), "MAG")) == 3


def test_a_draft_with_other_rows_is_left_alone(store: Store) -> None:
    mixed = drafts.new_from_rows(
        person("MAG"), "MAG", "2025-02", [{"event": "C", "kind": "stock", "on": "2025-02-01"}], NOW, law=LAW
    )
    assert accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S3"))).pk != mixed.pk


def test_nothing_is_accepted_twice(store: Store) -> None:
    line = waits(store, "MAG", "S3")
    draft = accept(store, "MAG", Acceptance(line=line))
    with pytest.raises(transfers.AcceptanceError, match="accepted already"):
        accept(store, "MAG", Acceptance(line=line))
    file_draft(store, draft)
    with pytest.raises(ClosedShipment):
        accept(store, "MAG", Acceptance(line=line))


@pytest.mark.parametrize("by", ["a person", "a program"])
def test_six_who_accept_at_once_leave_one_draft(url: str, by: str) -> None:
    copied(made_trade, url)
    start = Barrier(6)
    known = {part.name: getattr(person("MAG"), part.name) for part in fields(Actor)}
    program = Program(
        **known | {"scopes": frozenset({"transfers:write"})},
        organisation="MAG",
        opened=frozenset({"own.file", "own.read"}),
        expires_at=LATER,
    )

    def one(line: int, now: datetime) -> int | str:
        opened = open_store(url)
        chosen, on = [Acceptance(line=line)], date(2025, 2, 5)
        try:
            start.wait(timeout=30)
            if by == "a person":
                return transfers.accept(
                    person("MAG"), OrganisationView(opened, LAW, "MAG"), chosen, on=on, site="mag", now=now
                ).pk
            return submitting.accept(program, "MAG", chosen, on=on, site="mag", store=opened, law=LAW, now=now).pk
        except transfers.AcceptanceError as refused:
            return refused.en
        finally:
            opened.database.close()

    with override_settings(LODELINE_DATABASE=url):
        line = waits(open_store(url), "MAG", "S3")
        with ThreadPoolExecutor(6) as pool:
            found = [task.result(timeout=120) for task in [pool.submit(one, line, NOW) for _ in range(6)]]
        assert [draft.pk for draft in Draft.objects.all()] == [got for got in found if isinstance(got, int)]
        refused = [got for got in found if isinstance(got, str)]
        assert len(refused) == 5 and all("accepted already" in words for words in refused)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"site": "sep"}, "your own sites"),
        ({"on": "2025-02-08"}, "later than today"),
        ({"on": "2025-01-10"}, "shipped later"),
    ],
)
def test_what_cannot_have_been_is_refused_with_its_cure(store: Store, change: dict[str, str], says: str) -> None:
    with pytest.raises(transfers.AcceptanceError, match=says):
        accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S3")), **change)
    assert not Draft.objects.exists()


def test_a_mass_of_nothing_is_a_dispute_and_no_receipt(store: Store) -> None:
    with pytest.raises(transfers.AcceptanceError, match="dispute"):
        accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S3"), received_mg=0))


def test_another_firms_delivery_is_not_to_be_had(store: Store) -> None:
    with pytest.raises(ClosedShipment):
        accept(store, "MAG", Acceptance(line=waits(store, "SEP", "S4")))


@pytest.mark.parametrize("roles", [("certifier",), ("organisation-admin",)])
def test_only_who_files_accepts_disputes_and_reminds(store: Store, roles: tuple[str, ...]) -> None:
    line, looker = waits(store, "MAG", "S3"), person("MAG", *roles)
    acts: list[Callable[[], object]] = [
        lambda: transfers.accept(
            looker, own(store, "MAG"), [Acceptance(line=line)], on=NOW.date(), site="mag", now=NOW
        ),
        lambda: transfers.ask_to_confirm(person("SEP", *roles), own(store, "SEP"), "MAG", now=NOW),
        lambda: disputes.dispute(looker, own(store, "MAG"), line, "wet", now=NOW),
        lambda: transfers.pending(looker, "SEP"),
        lambda: disputes.disputes(looker, "SEP"),
    ]
    for act in acts:
        with pytest.raises(NotAllowedError):
            act()


def test_a_dispute_is_told_answered_and_withdrawn_between_the_two(store: Store) -> None:
    line = waits(store, "MAG", "S3")
    raised = disputes.dispute(person("MAG"), own(store, "MAG"), line, "  two drums are missing ", now=NOW)
    assert (raised.shipper, raised.receiver, raised.lot, raised.reason) == ("SEP", "MAG", "OX", "two drums are missing")
    with pytest.raises(disputes.DisputeError, match="already"):
        disputes.dispute(person("MAG"), own(store, "MAG"), line, "again", now=NOW)
    with pytest.raises(disputes.DisputeError):
        disputes.answer(person("MAG"), "MAG", raised.pk, "the receiver cannot answer itself", now=NOW)
    with pytest.raises(disputes.DisputeError):
        disputes.withdraw(person("SEP"), "SEP", raised.pk, now=NOW)
    disputes.answer(person("SEP"), "SEP", raised.pk, "they follow tomorrow", now=NOW)
    disputes.withdraw(person("MAG"), "MAG", raised.pk, now=NOW + timedelta(days=1))
    for firm in ("SEP", "MAG"):
        (seen,) = disputes.disputes(person(firm), firm)
        assert seen.answer == "they follow tomorrow" and seen.withdrawn_at is not None
    assert disputes.disputes(person("TRADE"), "TRADE") == []
    told = Notice.objects.order_by("id").values_list("organisation", "kind")
    assert list(told) == [("SEP", "dispute-raised"), ("MAG", "dispute-answered"), ("SEP", "dispute-withdrawn")]
    disputes.dispute(person("MAG"), own(store, "MAG"), line, "now three", now=LATER)
    assert Dispute.objects.count() == 2


@pytest.mark.parametrize("reason", ["", "  ", "x" * (disputes.REASON_CHARACTERS + 1)])
def test_a_dispute_needs_a_reason_of_bounded_length(store: Store, reason: str) -> None:
    with pytest.raises(disputes.DisputeError):
        disputes.dispute(person("MAG"), own(store, "MAG"), waits(store, "MAG", "S3"), reason, now=NOW)


def test_a_buyer_is_reminded_once_a_week(store: Store) -> None:
    sep = own(store, "SEP")
    assert transfers.ask_to_confirm(person("SEP"), sep, "MAG", now=NOW)
    assert not transfers.ask_to_confirm(person("SEP"), sep, "MAG", now=NOW + timedelta(days=1))
    assert transfers.ask_to_confirm(person("SEP"), sep, "MAG", now=NOW + timedelta(days=7))
    assert Notice.objects.filter(organisation="MAG", kind="confirmation-asked").count() == 2
    with pytest.raises(transfers.AcceptanceError, match="Nothing"):
        transfers.ask_to_confirm(person("SEP"), sep, "ABROAD", now=NOW)


def test_home_counts_what_is_accepted_no_more_among_what_waits(store: Store) -> None:
    before = home(person("MAG"), own(store, "MAG"), now=NOW)
    assert (before.to_accept.height, [month.period for month in before.due]) == (1, ["2025-01"])
    draft = accept(store, "MAG", Acceptance(line=waits(store, "MAG", "S3")))
    after = home(person("MAG"), own(store, "MAG"), now=NOW)
    assert after.to_accept.height == 0
    assert [one.pk for one in after.open_drafts] == [draft.pk]
    with pytest.raises(NotAllowedError):
        home(person("SEP"), own(store, "MAG"), now=NOW)
