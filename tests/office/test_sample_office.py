"""The office of a demo is whole: something in every state, two officers in every role, all of it in the log, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.test import override_settings
from tests import worlds
from tests.web.test_pages import scenario_of

from lodeline.office.access.actor import AGENCY_ROLES, AUTHORITY_ROLES, actor_of
from lodeline.office.filing import transfers
from lodeline.office.log import step_proof
from lodeline.office.models import (
    Application,
    Case,
    CustomsCase,
    Dispute,
    Draft,
    Membership,
    Notice,
    User,
)
from lodeline.office.sample import strategy
from lodeline.office.sample.office import work
from lodeline.office.sample.people import Office
from lodeline.office.sample.standing import standing
from lodeline.office.strategy import releases
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.log.audit import verify
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


@pytest.fixture(scope="module")
def store(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = worlds.living(run_room).copied_to(tmp_path_factory.mktemp("living") / "store.sqlite3")
    with override_settings(LODELINE_DATABASE=url):
        opened = open_store(url)
        yield opened
        opened.database.close()


def test_something_stands_in_every_state(store: Store) -> None:
    asked = set(Case.objects.values_list("state", flat=True))
    assert asked >= {"answered", "confirmed", "withdrawn", "asked"}
    assert {"draft", "submitted", "queried", "proposed"} == set(Application.objects.values_list("state", flat=True))
    assert {"asked", "answered"} == set(CustomsCase.objects.values_list("state", flat=True))
    answers = set(Dispute.objects.values_list("answer", flat=True))
    assert len(answers) == 2 and "" in answers
    stands = standing(store)
    assert None not in (stands.receipts, stands.half_done, stands.dispute, stands.filing)
    assert stands.receipts != stands.half_done and stands.questioned not in ("", stands.maker)
    assert {"question-asked", "customs-query", "application-queried", "dispute-answered"} <= set(
        Notice.objects.values_list("kind", flat=True)
    )


def test_a_delivery_that_came_light_waits_and_others_wait_to_be_accepted(store: Store) -> None:
    maker, number = standing(store).maker, standing(store).receipts
    assert number is not None
    receipts = Draft.objects.get(pk=number)
    filer = actor_of(User.objects.get(email="filer@demo.example"), on=datetime.fromisoformat(worlds.MORNING).date())
    assert set(transfers.pending(filer, maker).values()) == {receipts.pk}
    assert receipts.edits.filter(column="reason").count() == 1
    own = OrganisationView(store, law_now(store), maker)
    waiting = own.transfers(datetime.fromisoformat(worlds.MORNING), waiting=True)
    assert waiting.filter(waiting["standing"] == "to-accept").height > 3


def test_two_officers_stand_in_every_role(store: Store) -> None:
    roles = Counter(Membership.objects.filter(organisation="").values_list("role", flat=True))
    assert roles == {**dict.fromkeys(AUTHORITY_ROLES, 2), **dict.fromkeys(AGENCY_ROLES, 1)}


def test_all_of_it_holds_and_is_done_once(store: Store) -> None:
    assert verify(store).faults == ()
    assert list(step_proof.judge(store, list(store.entries()))) == []
    size = store.head().size
    work(store, law_now(store), lambda _: [], now=datetime.fromisoformat(worlds.MORNING))
    assert store.head().size == size


def test_a_run_of_the_first_scenario_is_kept_and_told_to_the_agency(store: Store) -> None:
    scenario = scenario_of(store)
    now = datetime.fromisoformat(worlds.MORNING)
    strategy.publish(
        Office(
            store=store, snapshot=open_snapshot(store), law=law_now(store), findings=[], now=now, maker="", supplier=""
        )
    )  # fmt: skip
    agency = actor_of(User.objects.get(email="agency@demo.example"), on=now.date())
    (told,) = releases.told(agency)
    assert told["scenario"]["name"] == scenario
    assert told["country"] == agency.agency_of and told["rows"]
