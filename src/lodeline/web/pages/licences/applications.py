"""Applications for export licences as the authority has them: the oldest first, with the time left to decide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from django.http import HttpResponse

from lodeline.control.licences.licensing import Clock
from lodeline.office.access import clock
from lodeline.office.licences import application_views
from lodeline.office.models import Application
from lodeline.web.pages.licences import application_part as part
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text

_TABS: Final[dict[str, tuple[Text, frozenset[str]]]] = {
    "open": (text("To decide", "待决定"), frozenset({"submitted", "queried", "proposed"})),
    "decided": (text("Decided", "已决定"), frozenset({"granted", "refused"})),
    "withdrawn": (text("Withdrawn", "已撤回"), frozenset({"withdrawn"})),
}


def applications(visit: Visit) -> HttpResponse:
    """The page `applications/`."""
    law = visit.reading.law
    today = clock.today(law.timezone)
    every = application_views.submitted(visit.actor)
    clocks = {one.pk: application_views.clock_of(one, law, today=today) for one in every}
    chosen = visit.query("state") if visit.query("state") in _TABS else "open"
    assert chosen is not None, "one of the tabs is open"
    table = _table(visit, [one for one in every if one.state in _TABS[chosen][1]], clocks)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/licences/applications.html",
        title=_title(visit, every, clocks),
        tabs=[
            Tab(
                label=visit.localized(label), href=visit.here(state=name), here=name == chosen,
                count=written.count(sum(one.state in states for one in every)),
            )
            for name, (label, states) in _TABS.items()
        ],
        table=shown(visit, table),
    )  # fmt: skip


def _title(visit: Visit, every: Sequence[Application], clocks: dict[int, Clock]) -> str:
    waiting = [one for one in every if one.state in _TABS["open"][1]]
    if not waiting:
        return visit.text("No application waits for a decision", "没有待决定的许可申请")
    n = written.count(len(waiting))
    late = sum(1 for one in waiting if (clocks[one.pk].left or 0) < 0)
    what = visit.text(
        "One application waits" if len(waiting) == 1 else f"{n} applications wait", f"有{n}份申请待决定"
    )  # fmt: skip
    if late:
        return what + visit.text(f", {late} beyond the law's time", f"，其中{late}份已超过法定期限")
    least = min((left for one in waiting if (left := clocks[one.pk].left) is not None), default=None)
    if least is None:
        return what
    return what + visit.text(f"; the most pressing has {least} working days left", f"；最紧迫的一份还有{least}个工作日")


def _table(visit: Visit, every: Sequence[Application], clocks: dict[int, Clock]) -> Table:
    names = words.organisation_names(visit.register, visit.language)
    return Table(
        name="applications",
        caption=visit.text("Applications", "许可申请"),
        columns=(
            Column(key="exporter", label=text("Exporter", "出口企业")),
            Column(key="for", label=text("End user", "最终用户")),
            Column(key="goods", label=text("Control items", "管制物项")),
            Column(key="in", label=text("Handed in", "提交时间")),
            Column(key="left", label=text("Working days left", "剩余工作日"), number=True),
            Column(key="officer", label=text("In charge", "承办人")),
            Column(key="state", label=text("State", "状态")),
        ),
        rows=[_row(visit, one, clocks[one.pk], names) for one in every],
        empty=visit.text("There is none.", "没有申请。"),
    )


def _row(visit: Visit, one: Application, time: Clock, names: dict[str, str]) -> Row:
    content = json.loads(one.content)
    users = content["end_users"].splitlines()
    items = dict.fromkeys(row.get("control_item", "") for row in content["goods"])
    submitted_on = None if one.submitted_at is None else one.submitted_at.isoformat()
    # Of what is decided no days are left, and none are lacking.
    left = None if time.status == "ended" else time.left
    over = left is not None and left < 0
    note = visit.text("beyond the limit", "已逾期") if over else ""
    if time.status == "stopped":
        note = visit.text("clock stands", "中止")
    return (
        Cell(
            text=names.get(one.organisation, one.organisation), value=one.reference,
            href=visit.url("application", application=one.reference), note=one.organisation,
        ),
        Cell(
            text=visit.text("; ", "；").join(users),
            note=words.country(content["destination"], visit.language) if content["destination"] else "",
        ),
        Cell(text=" ".join(items), note=words.word(part.RELATIONS, one.relation, visit.language)),
        Cell(
            text=written.moment(submitted_on, visit.language, visit.reading.law.timezone), value=submitted_on,
        ),
        Cell(
            text=written.NOTHING if left is None else written.count(max(0, left)), value=left,
            note=note,
            shape="square" if over else "", tone="loss" if over else None,
        ),
        Cell(text=written.NOTHING if one.officer is None else one.officer.name),
        part.state_cell(visit, one),
    )  # fmt: skip
