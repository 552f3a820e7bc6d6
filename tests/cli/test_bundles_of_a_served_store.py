"""The evidence of every finding of a store that was served: parties were decided, merged and proposed in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests import worlds
from tests.cli.program import Lodeline
from tests.desk import LAW

from lodeline.ledger.register import TABLES
from lodeline.service.findings.evidence import GOES_WITH, bundle
from lodeline.service.findings.recomputing import recompute
from lodeline.service.parties import parties
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.ci

NOW, LATER = datetime(2025, 5, 5, 1, tzinfo=UTC), datetime(2025, 5, 6, 1, tzinfo=UTC)

#: Of a bundle with the rows of OURS, which goes by the name "Ours GmbH": table → a record that goes, one that does not.
RECORDS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any] | None]] = {
    "organisations": ({"id": "OURS"}, {"id": "OTHER"}),
    "sites": ({"organisation": "OURS"}, {"organisation": "OTHER"}),
    "methods": ({"id": "M"}, None),
    "parallel_run": ({"id": "nation"}, None),
    "models": ({"organisation": "OURS"}, {"organisation": "OTHER"}),
    "processes": ({"id": "P"}, None),
    "quotas": ({"organisation": "OURS"}, {"organisation": "OTHER"}),
    "licences": ({"exporter": "OURS"}, {"exporter": "OTHER"}),
    "licence_acts": ({"licence": "L-OURS"}, {"licence": "L-OTHER"}),
    "extensions": ({"organisations": []}, {"organisations": ["OTHER"]}),
    "successions": ({"organisation": "OTHER", "successor": "OURS"}, {"organisation": "OTHER", "successor": "THIRD"}),
    "parties": ({"id": "P-1", "merged_into": "OURS"}, {"id": "P-2", "merged_into": None}),
    "party_names": ({"name": "Ours GmbH", "party": None}, {"name": "Other GmbH", "party": "OTHER"}),
    "ownership": ({"owner": "OTHER", "owned": "OURS"}, {"owner": "OTHER", "owned": "THIRD"}),
}
#: Nothing follows from a record of these.
NEVER = {"licence_proposals", "party_proposals"}


@pytest.mark.parametrize("table", TABLES)
def test_each_table_says_whose_its_records_are(table: str) -> None:
    chosen: Any = SimpleNamespace(organisations={"OURS"}, texts={"OURS", "Ours GmbH"}, licences={"L-OURS"})
    goes = GOES_WITH[table]
    if table in NEVER:
        assert not goes(chosen, {"by": "OURS", "party": "OURS", "licence": "L-OURS"})
        return
    ours, anothers = RECORDS[table]
    assert goes(chosen, ours)
    assert anothers is None or not goes(chosen, anothers)


def decided(store: Store, firm: str) -> Snapshot:
    """What officials enter about parties on a server, some of it about a firm."""
    same = parties.Decision(name="Our Old Name GmbH", verdict="same", party=firm, reason="Its letterhead.")
    parties.decide(store, same, filed_at=NOW, by="a")
    made = []
    for name in ("A Buyer", "The Same Buyer"):
        new = parties.Decision(name=name, verdict="new", reason="Its letterhead.", country="DE")
        made.append(str(parties.decide(store, new, filed_at=NOW, by="a")[1]))
    one, two = made
    parties.own(
        store, owner=one, owned=firm, share_pct="51", since=date(2025, 1, 1), until=None, source="Its register.",
        filed_at=NOW, by="a",
    )  # fmt: skip
    merger = parties.Proposal(kind="merge", party=two, into=one, reason="One firm.")
    _, proposed = parties.propose(store, merger, filed_at=NOW, by="a")
    parties.settle(store, proposed, accept=True, filed_at=LATER, by="b")
    split = parties.Proposal(kind="split", party=two, reason="Two firms.")
    parties.propose(store, split, filed_at=LATER, by="a")
    return open_snapshot(store)


@pytest.mark.medium
def test_the_bundle_of_every_finding_is_made_and_holds_offline(run_room: Path, tmp_path: Path) -> None:
    database = worlds.flawed(run_room).copied_to(tmp_path / "store.sqlite3")
    store = open_store(database)
    snapshot = decided(store, "SEP-0002")
    tables = {str(table) for (table,) in store.database.rows('SELECT DISTINCT "table" FROM record')}
    assert {"parties", "party_names", "ownership", "party_proposals"} <= tables
    vkey = store.signer.verifier.vkey
    rows = Lodeline(database=database)("findings", "--json").document["rows"]
    assert len({row["detector"] for row in rows}) > 1
    made = {row["id"]: bundle(store, snapshot, LAW, row["id"]) for row in rows}
    # From here on there is no store.
    store.database.close()
    Path(database).unlink()
    for row in rows:
        answer = recompute(made[row["id"]], vkey=vkey)
        assert (answer.finding, answer.ok, answer.gives_the_finding) == (row["id"], True, True), answer.faults
