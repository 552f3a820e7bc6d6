"""Two officers decide what becomes of a licence; no firm does, and the firm is told once it is decided."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.office.conftest import of_firm, official
from tests.office.test_applications import FIRM, granted, officer

from lodeline.office.access.actor import NotAllowedError
from lodeline.office.licences import acts as licence_acts
from lodeline.office.models import AuditRecord, Notice
from lodeline.office.notices import notices
from lodeline.office.overview.reminders import remind
from lodeline.regulation.parameter import load
from lodeline.service.licences import proposals as licence_proposals
from lodeline.service.licences.licences import revoke_licence
from lodeline.service.licences.proposals import LicenceProposalError
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

LAW = load("cn")
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FROM = date(2026, 3, 5)


def proposed(store: Store, deed: str = "suspended", holder: str = "") -> tuple[str, str]:
    """A licence, and what the first officer proposes about it."""
    licence = granted(store).licence
    made = licence_acts.propose(
        officer("first"), store, licence, deed, on=FROM, reason="No answer.", holder=holder, law=LAW, now=NOW
    )
    assert made.proposal is not None, made.problems
    return licence, made.proposal.id


def told() -> list[tuple[str, str]]:
    return list(Notice.objects.filter(kind="licence-act").order_by("organisation").values_list("organisation", "facts"))


def test_the_firm_is_told_of_the_decision_and_not_of_the_proposal(store: Store) -> None:
    licence, proposal = proposed(store)
    assert told() == []
    assert licence_acts.confirm(officer("second"), store, proposal, law=LAW, now=NOW).entry
    ((firm, facts),) = told()
    assert firm == FIRM and licence in facts and "No answer." in facts
    acts = AuditRecord.objects.filter(subject=licence, organisation=FIRM).order_by("pk").values_list("what", flat=True)
    assert list(acts) == ["licence.proposed", "licence.confirmed"]


def test_the_same_officer_does_not_confirm_and_leaves_no_record(store: Store) -> None:
    _, proposal = proposed(store)
    with pytest.raises(LicenceProposalError):
        licence_acts.confirm(officer("first"), store, proposal, law=LAW, now=NOW)
    assert not AuditRecord.objects.filter(what="licence.confirmed").exists() and told() == []
    licence_acts.refuse(officer("first"), store, proposal, answer="A mistake.", law=LAW, now=NOW)
    assert AuditRecord.objects.filter(what="licence.withdrawn").count() == 1


def test_neither_a_firm_nor_customs_proposes_or_decides(store: Store) -> None:
    licence, proposal = proposed(store)
    size = store.head().size
    for nobody in (of_firm(FIRM, "filer", "certifier"), official("customs-officer"), official("analyst"),
                   officer("away", region="somewhere else")):  # fmt: skip
        with pytest.raises(NotAllowedError):
            licence_acts.propose(nobody, store, licence, "revoked", on=FROM, reason="x", law=LAW, now=NOW)
        with pytest.raises(NotAllowedError):
            licence_acts.confirm(nobody, store, proposal, law=LAW, now=NOW)
        with pytest.raises(NotAllowedError):
            licence_acts.refuse(nobody, store, proposal, answer="x", law=LAW, now=NOW)
    assert store.head().size == size


def test_of_a_hand_over_both_firms_are_told(store: Store) -> None:
    _, proposal = proposed(store, "holder", "ALL-1")
    assert licence_acts.confirm(officer("second"), store, proposal, law=LAW, now=NOW).entry
    assert [firm for firm, _ in told()] == ["ALL-1", FIRM]


def test_what_a_command_decides_is_told_from_the_log_and_a_dossier_tells_nothing(store: Store) -> None:
    remind(NOW, store)
    _, proposal = proposed(store, "revoked")
    licence_proposals.confirm(store, proposal, today=NOW.date(), filed_at=NOW, by="B")
    other = granted(store).licence
    revoke_licence(store=store, licence=other, on=FROM, reason="of old", filed_at=NOW)
    remind(NOW + timedelta(minutes=5), store)
    remind(NOW + timedelta(minutes=9), store)
    assert len(told()) == 1 and other not in told()[0][1]
    (notice,) = (one for one in notices.notices_of(of_firm(FIRM, "filer"), FIRM, str) if one.kind == "licence-act")
    assert notice.text["en"].endswith("is revoked from 5 March 2026. The authority's grounds: No answer.")
    assert "自2026年3月5日起撤销。主管部门理由：No answer." in notice.text["zh"]
