"""A site changes hands: on the pages and in the API each holder sees its own time, and never the other's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from tests.desk import Desk, organisation, site
from tests.office.conftest import official
from tests.office.trade import person
from tests.web.as_official import furnish

from lodeline.filing.table import read_bytes
from lodeline.office.inspections import visits as inspections
from lodeline.office.models import AuditRecord
from lodeline.office.register.successions import Wanted, enter, handover_rows
from lodeline.service.inspections.visits import Visited

pytestmark = pytest.mark.medium

MADE = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"
NOW = "2025-05-05T09:00:00+08:00"
AT = datetime(2025, 3, 3, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """OLD mines OLDORE and counts it at the ends of January and February; from March on NEW mines NEWORE there."""
    path: Path = tmp_path_factory.mktemp("handover") / "store.sqlite3"
    made = Desk(str(path))
    made.register(
        organisations=[organisation(name, roles="miner") for name in ("OLD", "NEW", "FAR")],
        sites=[site("pit", "OLD", "mine"), site("new", "NEW", "mine"), site("far", "FAR", "mine")],
    )
    made.rows("OLD", "2025-01", f"O1 origin 10 pit OLDORE 400 {MADE}", "C1 stock 31 pit OLDORE 400")
    made.rows("OLD", "2025-02", f"O2 origin 10 pit OLDTWO 55 {MADE}", "C2 stock 28 pit OLDORE 400",
              "C2 stock 28 pit OLDTWO 21")  # fmt: skip
    furnish(made.store.database.url)
    with override_settings(LODELINE_DATABASE=made.store.database.url):
        wanted = Wanted(kind="holder", organisation="OLD", successor="NEW", site="pit", on=date(2025, 3, 1), reason="D")
        enter(official("registrar"), made.store, wanted, now=AT)
        rows = handover_rows(made.store, "OLD", "NEW", ["pit"], date(2025, 3, 1))
        text = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows), ""])
        assert made.file("OLD", "2025-02", text, corrects=2).entry is not None
        (event,) = {row["event"] for row in rows}
        made.rows("NEW", "2025-03", f"R receipt 1 pit OLD/OLDORE 400 counterparty=OLD reference={event}",
                  f"R receipt 1 pit OLD/OLDTWO 21 counterparty=OLD reference={event}",
                  f"N1 origin 10 pit NEWORE 90 {MADE}", "C3 stock 31 pit OLD/OLDORE 400",
                  "C3 stock 31 pit OLD/OLDTWO 21",
                  "C3 stock 31 pit NEWORE 64")  # fmt: skip
        made.rows("NEW", "2025-04", "C4 stock 30 pit OLD/OLDORE 400", "C4 stock 30 pit OLD/OLDTWO 21",
                  "C4 stock 30 pit NEWORE 64")  # fmt: skip
        for on, lot in ((date(2025, 2, 20), "OLDORE"), (date(2025, 3, 20), "NEWORE")):
            who = "OLD" if on.month == 2 else "NEW"
            visited = Visited(act="count", site="pit", on=on, note=f"seen {lot}",
                              table=read_bytes([("c.csv", f"lot,mass_kg\n{lot},44\n".encode())]))  # fmt: skip
            done = inspections.enter(
                official("inspector"), made.store, visited, organisation=who, now=AT, today=date(2025, 5, 1)
            )
            assert done.entry is not None, done.problems
    yield made
    made.store.database.close()


def ask(desk: Desk, firm: str, path: str) -> tuple[int, str]:
    who = settings.MIDDLEWARE.index("lodeline.web.access.who_asks.WhoAsks")
    middleware = [*settings.MIDDLEWARE[:who], "tests.web.as_official.AsOfficial", *settings.MIDDLEWARE[who:]]
    environ: Any = {"lodeline.actor": person(firm, "filer")} if firm else {}
    with override_settings(MIDDLEWARE=middleware, LODELINE_DATABASE=desk.store.database.url, LODELINE_DEMO_CLOCK=NOW):
        response: Any = Client(HTTP_HOST="127.0.0.1", **environ).get(path)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        return response.status_code, content.decode()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_sees_its_own_time_at_the_site(desk: Desk, language: str) -> None:
    old = ask(desk, "OLD", f"/{language}/firm/OLD/sites/pit/?element=Nd")
    new = ask(desk, "NEW", f"/{language}/firm/NEW/sites/pit/?element=Nd")
    assert old[0] == new[0] == 200
    assert "2025-02-28" in old[1] and "2025-03-31" not in old[1] and "2025-04-30" not in old[1]
    assert "2025-04-30" in new[1] and "2025-02-28" not in new[1] and "2025-01-31" not in new[1]
    assert "NEWORE" not in old[1] and "OLDORE" in old[1], "the inspection of its own time"
    assert ask(desk, "FAR", f"/{language}/firm/FAR/sites/pit/")[0] == 404
    with override_settings(LODELINE_DATABASE=desk.store.database.url):
        before = AuditRecord.objects.count()
        both = ask(desk, "", f"/{language}/sites/pit/?element=Nd")[1]
        looks = list(AuditRecord.objects.order_by("id").values_list("what", "organisation", "subject"))[before:]
        assert sorted(looks) == [("balance", "NEW", "pit"), ("balance", "OLD", "pit")], "both are told who looked"
    assert "2025-02-28" in both and "2025-04-30" in both, "the authority sees the whole"


def test_a_day_of_the_other_is_no_day_of_ones_own(desk: Desk) -> None:
    assert ask(desk, "OLD", "/en/firm/OLD/sites/pit/?element=Nd&until=2025-04-30")[0] == 404
    assert ask(desk, "NEW", "/en/firm/NEW/sites/pit/?element=Nd&until=2025-02-28")[0] == 404


@pytest.mark.parametrize(("firm", "own", "others"), [("OLD", "2025-02", "2025-03"), ("NEW", "2025-04", "2025-01")])
def test_lists_home_and_api_are_of_ones_own_time(desk: Desk, firm: str, own: str, others: str) -> None:
    for path in (f"/en/firm/{firm}/balances/?element=Nd&format=csv", "/api/v1/balances?site=pit"):
        status, text = ask(desk, firm, path)
        assert status == 200 and own in text and others not in text, path
    assert ask(desk, firm, f"/en/firm/{firm}/")[0] == 200
    status, text = ask(desk, firm, "/api/v1/inspections")
    seen, hidden = ("OLDORE", "NEWORE") if firm == "OLD" else ("NEWORE", "OLDORE")
    assert status == 200 and f"seen {seen}" in text and f"seen {hidden}" not in text
    status, text = ask(desk, firm, "/api/v1/successions")
    assert status == 200 and '"holder"' in text
    assert ask(desk, "FAR", "/api/v1/successions")[1].count('"holder"') == 0


def test_notices_say_it_and_lead_to_the_page(desk: Desk) -> None:
    for firm, words in (("OLD", "is held by NEW Ltd"), ("NEW", "which OLD Ltd held before")):
        status, text = ask(desk, firm, f"/en/firm/{firm}/?kind=notice")
        assert status == 200 and words in text and "The authority has entered what it found at pit" in text
        assert f"/en/firm/{firm}/sites/pit/" in text
