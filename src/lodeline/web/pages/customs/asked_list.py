"""What was asked of the desk and what was queried of it, as lists: those of customs, and a firm's own questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse

from lodeline.language import bilingual, text
from lodeline.office.access import clock
from lodeline.office.customs import queries as customs_cases
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.offline import other_law
from lodeline.service.customs.papers import Question
from lodeline.store.store import StoredEntry
from lodeline.web.pages.customs.answer import desk_address
from lodeline.web.pages.customs.asked import CHANNELS, LISTED, since_text
from lodeline.web.pages.customs.queries import queries_table
from lodeline.web.pages.customs.verdicts import MARKS, VERDICTS
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

#: States of a query in which somebody has to act, by who.
_FOR_SHIPPER: Final = frozenset({"asked"})
_FOR_CUSTOMS: Final = frozenset({"answered", "laboratory", "found"})


def desk_asked(visit: Visit) -> HttpResponse:
    """The page `desk/asked/`: queries, those that wait first, and what was asked of the desk, the newest first."""
    found = customs_cases.cases(visit.actor)
    entries, questions = _questions(visit, None)
    tables = (queries_table(visit, found), _table(visit, questions, None))
    csv = wanted_csv(visit, *tables)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/customs/desk_asked.html",
        title=_title(visit, [one.state for one in found], len(entries)),
        tables={table.name: shown(visit, table) for table in tables},
        notices=_stale_bundles(visit, questions),
    )


def firm_asked(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/desk/asked/`: what the firm asked beforehand."""
    return _list(visit, organisation)


def _list(visit: Visit, organisation: str) -> HttpResponse:
    entries, found = _questions(visit, organisation)
    table = _table(visit, found, organisation)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    title = (
        visit.text("One question was put to the desk", entries=len(entries))
        if len(entries) == 1
        else visit.text("{entries} questions were put to the desk", entries=len(entries))
    )
    return show(
        visit, "lodeline/customs/desk_list.html",
        title=title if found else visit.text("Nothing was asked yet"),
        kick=visit.text("Pre-check"),
        back=desk_address(visit, organisation), back_word=visit.text("Ask"),
        lede=visit.text("Each stands in the log with what was asked and answered; nothing of it changes."),
        table=shown(visit, table),
    )  # fmt: skip


def _questions(visit: Visit, organisation: str | None) -> tuple[list[StoredEntry], list[Question]]:
    """The entries of what was asked, and of the newest what they hold."""
    # The other parts of a batch are on its page.
    entries = [one for one in desk_papers.questions(visit.store, organisation=organisation) if _is_first(one)]
    found = [desk_papers.question(visit.store, one.index) for one in entries[:LISTED]]
    return entries, [one for one in found if organisation in (None, one.paper["asker"])]


def _table(visit: Visit, found: Sequence[Question], organisation: str | None) -> Table:
    names = firm_names(visit)
    return Table(
        name="asked",
        caption=visit.text("Questions to the desk"),
        columns=(
            Column(key="at", label=text("Asked", context="customs, asked list")),
            Column(key="who", label=text("Exporter", context="customs, asked list")),
            Column(key="number", label=text("Declaration", context="customs")),
            Column(key="verdict", label=text("Verdict", context="customs")),
            Column(key="lines", label=text("Lines"), number=True),
            Column(key="where", label=text("Where", context="customs")),
            Column(key="state", label=text("Decided since")),
            Column(key="entry", label=text("Entry"), number=True),
        ),
        rows=[_row(visit, one, names, organisation) for one in found],
        empty=visit.text("Nothing was asked yet."),
    )


def _title(visit: Visit, states: Sequence[str], asked: int) -> str:
    """How many queries wait for whom; where none does, how many questions there were."""
    shipper, customs = (sum(state in waits for state in states) for waits in (_FOR_SHIPPER, _FOR_CUSTOMS))
    if shipper or customs:
        parts = [
            visit.text("{count} for {who}", count=count, who=bilingual(who, whom))
            for count, who, whom in ((customs, "customs", "海关处理"), (shipper, "the shipper", "发货人答复")) if count
        ]  # fmt: skip
        waits = "query waits" if shipper + customs == 1 else "queries wait"
        return visit.localized(
            bilingual(f"{shipper + customs} {waits}: {', '.join(parts)}", "海关质疑：" + "，".join(parts))
        )
    if not asked:
        return visit.text("Nothing was asked yet")
    count = (
        visit.text("one question was", asked=asked) if asked == 1 else visit.text("{asked} questions were", asked=asked)
    )
    return visit.text("No query waits; {count} put to the desk", count=count)


def _stale_bundles(visit: Visit, found: Sequence[Question]) -> list[Notice]:
    """Ports that may still answer by a law that is not the law now: the newest bundle of each, of which a question
    came home."""
    bundles: dict[str, Mapping[str, Any]] = {}
    for one in found:
        bundle = one.paper["bundle"]
        if bundle is not None and bundle["entry"] > bundles.get(bundle["port"] or "", {"entry": -1})["entry"]:
            bundles[bundle["port"] or ""] = bundle
    today = clock.today(visit.law.timezone).isoformat()
    stale = [other_law(visit.store, one) for one in bundles.values() if one["last_day"] >= today]
    return [Notice(kind="info", text=one.message(visit.language)) for one in stale if one is not None]


def _is_first(entry: StoredEntry) -> bool:
    return bool(desk_papers.facts_of(entry).get("part", 1) == 1)


def _row(visit: Visit, one: Question, names: Mapping[str, str], organisation: str | None) -> Row:
    answer, asked_at = one.paper["answer"], one.paper["asked_at"]
    shape, tone = MARKS[answer["verdict"]]
    numbers = list(dict.fromkeys(cells.get("declaration", "") for cells in one.paper["cells"]))
    page = (
        visit.opens("desk-asked-one", entry=one.entry.index)
        if organisation is None
        else visit.opens("firm-asked-one", organisation=organisation, entry=one.entry.index)
    )
    exporter = one.entry.organisation or ""
    batch = one.paper.get("batch")
    # A batch of a firm's own is the firm's page; an officer opens its parts.
    if batch is not None and (organisation is not None or not one.paper["asker"]):
        page = (
            visit.opens("desk-batch", batch=batch)
            if organisation is None
            else visit.opens("firm-batch", organisation=organisation, batch=batch)
        )
    return (
        Cell(text=written.moment(asked_at, visit.language, visit.law.timezone), value=asked_at, href=page),
        Cell(text=names.get(exporter, exporter) or written.NOTHING, value=exporter),
        Cell(
            text=", ".join(filter(None, numbers[:2])) or written.NOTHING,
            note=visit.text("first part of a batch") if batch is not None else "",
        ),
        Cell(text=visit.localized(VERDICTS[answer["verdict"]]), value=answer["verdict"], shape=shape, tone=tone),
        Cell(text=written.count(len(one.lines)), value=len(one.lines)),
        Cell(text=visit.localized(CHANNELS[one.paper["channel"]]), value=one.paper["channel"]),
        Cell(text=since_text(visit, desk_papers.standing(visit.store, one)) or written.NOTHING),
        Cell(text=written.count(one.entry.index), value=one.entry.index),
    )
