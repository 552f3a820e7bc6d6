"""Looking changes nothing: whatever pages, previews, replays and runs a process has opened, in whatever order, its
findings, balances and verdicts are those of a process that has opened nothing."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client, override_settings
from tests.conftest import REPOSITORY
from tests.law_packs import with_five_days
from tests.web.test_pages import FILES, Examples, _made, path_of

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.detection.battery import run_detectors
from lodeline.office.access import clock
from lodeline.office.access.actor import ORGANISATION_ROLES, ROLES, Actor, RoleGrant
from lodeline.regulation.pack import Pack, shipped
from lodeline.service.balance.book import balances
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.desk import answer as judged
from lodeline.service.filing.status import filing_status
from lodeline.service.findings.finding import SnapshotView, findings
from lodeline.service.law import publishing
from lodeline.service.matching.exceptions import every as every_exception
from lodeline.service.strategy import asked
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.strategy.judged.backtest import backtest
from lodeline.web.urls import PAGES

pytestmark = pytest.mark.ci

#: Together the orders open every page as each role that may; of each of these addresses every order opens one more.
ORDERS: Final = 3
HELD: Final = (
    "law/packs/{pack}/", "law/packs/{pack}/?on=2026-02-05", "law/replay/", "law/replay/?from=2025-01-08&to=2026-02-05",
    "law/replay/?from=2025-04-05&to=2025-01-08&known=2025-06-01", "law/diff/?from=2025-01-08&to=2025-12-01",
    "strategy/?scenario=one", "strategy/compare/?first=one&second=two", "strategy/backtest/",
)  # fmt: skip
#: Of which state an agency is.
STATES: Final = {"agency": "DE"}
#: What is declared: goods of several forms, of which some are on a list, and to a party of one.
LINES: Final = (
    {"product_name": "NdFeB magnets", "hs_code": "8505111000", "composition": "Nd=29.4;Dy=2;Fe=67.3;B=1.1"},
    {"product_name": "Dysprosium metal", "hs_code": "2805301500", "composition": "Dy=99.5"},
    {"product_name": "Cerium oxide", "hs_code": "2846101000", "composition": "Ce=81"},
    {"product_name": "Electric motors", "hs_code": "8501310000"},
)
DAYS: Final = (date(2025, 1, 8), date(2025, 4, 10), date(2025, 12, 1), date(2026, 2, 5))


def answers(url: str) -> dict[str, str]:
    """What is found, balanced and answered, as JSON: as it is kept, and looked for again from the rows."""
    store = open_store(url)
    law, snapshot = law_now(store), open_snapshot(store)
    seen = SnapshotView(store=store, snapshot=open_snapshot(store), law=law)
    facts = {"exporter": "MAG-0001", "mass_kg": "100", "destination": "DE", "end_user_name": "Motoren GmbH"}
    ledger = Ledger(snapshot=snapshot, store=store)
    verdicts = [
        judged(read_fields({**facts, **line}), LawDay.of(law, DAYS[-1], day=day), ledger)
        for line in LINES for day in DAYS
    ]  # fmt: skip
    found = {
        "findings": findings(store, snapshot, law).as_json()["rows"],
        "findings again": [one.as_json() for one in run_detectors(seen)],
        "balances": balances(store, snapshot, law).to_dicts(),
        "mismatches": every_exception(store, snapshot, law).to_dicts(),
        "filings": filing_status(store, snapshot, law).to_dicts(),
        "verdicts": [[(one["verdict"], one["reasons"]) for one in answered["lines"]] for answered in verdicts],
    }
    return {name: json.dumps(one, default=str, sort_keys=True) for name, one in found.items()}


@pytest.fixture(scope="module")
def made(flawed: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Examples]]:
    """The file of a world with an example of everything, and the parts of its addresses."""
    assert flawed.database.path is not None
    room = tmp_path_factory.mktemp("looking")
    file = Path(shutil.copytree(flawed.database.path.parent, room / "made")) / flawed.database.path.name
    with override_settings(LODELINE_DATABASE=str(file)):
        yield file, _made(str(file))


@pytest.fixture(scope="module")
def unlooked(made: tuple[Path, Examples], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The answers of a process that has opened nothing."""
    ask = (
        "import json, sys, tests.conftest; from tests.web.test_looking import answers;"
        " print(json.dumps(answers(sys.argv[1])))"
    )
    url = copied(made[0], tmp_path_factory.mktemp("unlooked"))
    done = subprocess.run([sys.executable, "-c", ask, url], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def copied(file: Path, room: Path) -> str:
    return str(Path(shutil.copytree(file.parent, room / "store")) / file.name)


def put_in_force(store: Store, pack: Pack) -> None:
    made = propose(store, pack)
    preview: dict[str, Any] = {"on": "2026-02-05", "stamp": {}, "rules": 0, "sha256": "0" * 64}
    preview |= {"pack": law_now(store).digest, "other_pack": pack.digest}
    preview |= {kind: {"judged": 0, "different": 0} for kind in publishing.KINDS}
    publishing.publish(store, made, preview=preview, filed_at=clock.now(), by="ben")


def propose(store: Store, pack: Pack) -> int:
    files = {path: text.encode() for path, text in pack.files.items()}
    return publishing.propose(store, files, reason="No. 99", filed_at=clock.now(), by="ann").entry.index


def of_role(role: str, firm: str) -> Actor:
    own = RoleGrant(
        organisation=firm if role in ORGANISATION_ROLES else "", role=role, region="DE" * (role == "agency")
    )
    return Actor(user=1, name=role, pseudonym=role, standings=(own,))


def looks(examples: Examples) -> list[tuple[str, str]]:
    """(path, role) of every page for every role that may open it."""
    pages = [one for one in PAGES if one.name not in FILES]
    return [
        (path_of(page, language, examples), role)
        for page in pages
        for language, role in zip(["en", "zh"] * len(ROLES), ROLES, strict=False)
        if page.permission in ("anyone", "signed in") or page.permission in ROLES[role]
    ]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A back-test of few draws."""
    monkeypatch.setattr(asked, "tested", partial(backtest, draws=3))


@pytest.mark.usefixtures("pages", "quick")
@pytest.mark.parametrize("order", range(ORDERS))
def test_what_was_opened_changes_no_answer(
    order: int, made: tuple[Path, Examples], unlooked: dict[str, str], tmp_path: Path
) -> None:
    file, examples = made
    url = copied(file, tmp_path)
    store, first = open_store(url), shipped("cn")
    # Each order has a pack of its own: what a process keeps of one law says nothing of another.
    own = Pack(code="cn", files={**first.files, "jurisdiction.yaml": f"{first.files['jurisdiction.yaml']}# {order}\n"})
    put_in_force(store, own)
    changed = with_five_days(own)
    proposal = propose(store, changed)
    chosen = looks(examples)
    random.Random(7).shuffle(chosen)
    chosen = chosen[order::ORDERS] + [(f"/en/{at.format(pack=proposal)}", "licensing-officer") for at in HELD]
    random.Random(order).shuffle(chosen)
    with override_settings(LODELINE_DATABASE=url):
        for path, role in chosen:
            who: Any = {"lodeline.actor": of_role(role, examples[""]["organisation"])}
            answer = Client(HTTP_HOST="127.0.0.1", HTTP_ACCEPT="text/html", **who).get(path)
            assert answer.status_code in (200, 302, 303, 403, 404), (path, role)
    after = answers(url)
    assert [name for name, one in unlooked.items() if after[name] != one] == []
