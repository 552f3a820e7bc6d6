"""Who looked at whom and why, and who did what: the records that nobody can change, for auditors."""

from __future__ import annotations

import json
from typing import Final

from django.db.models import Q
from django.http import HttpResponse

from lodeline.office.looking import LOOK_REASONS
from lodeline.office.models import AuditRecord, User
from lodeline.regulation.parameter import load
from lodeline.web import format as written
from lodeline.web.language import Text, say
from lodeline.web.parts import Tab
from lodeline.web.shell import show
from lodeline.web.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.visit import Visit

_KINDS: Final[dict[str, Text]] = {"look": say("Looks", "查阅"), "act": say("Acts", "操作")}
#: Records that one page reads at most; narrower questions reach older ones.
_MOST: Final = 5_000


def audit(visit: Visit) -> HttpResponse:
    """The page `audit/`: `?kind=look` or `act`, `?organisation=`, `?who=` (name or id) narrow it; newest first."""
    kind = visit.query("kind") if visit.query("kind") in _KINDS else "look"
    records = AuditRecord.objects.filter(kind=kind)
    if visit.territory is not None:
        records = records.filter(organisation__in=visit.territory)
    organisation, who = visit.query("organisation"), visit.query("who")
    if organisation:
        records = records.filter(organisation=organisation)
    if who:
        people = User.objects.filter(Q(name__icontains=who) | Q(pseudonym=who)).values_list("pseudonym", flat=True)
        records = records.filter(who__in=list(people))
    total = records.count()
    table = records_table(visit, str(kind), list(records.order_by("-id")[:_MOST]))
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/audit.html",
        title=visit.say(
            f"{written.count(total)} looks at firms, each with its reason"
            if kind == "look" else f"{written.count(total)} acts",
            f"对企业的查阅共{written.count(total)}次，均有事由"
            if kind == "look" else f"操作共{written.count(total)}次",
        ),
        table=shown(visit, table),
        tabs=[Tab(label=visit.spoken(_KINDS[key]), href=visit.here(kind=key), here=key == kind) for key in _KINDS],
        kind=kind,
        organisation=organisation or "",
        who=who or "",
        most=written.count(_MOST) if total > _MOST else None,
    )  # fmt: skip


def records_table(visit: Visit, kind: str, records: list[AuditRecord], *, name: str = "audit") -> Table:
    """Records as a table, in the order given; `kind` is `look` or `act`."""
    people = dict(User.objects.filter(pseudonym__in={one.who for one in records}).values_list("pseudonym", "name"))
    timezone = load().timezone
    rows: list[tuple[Cell, ...]] = []
    for one in records:
        person = (
            people.get(one.who)
            or (one.who and visit.say("erased person", "已删除人员"))
            or visit.say("nobody yet", "未登录")
        )
        about = json.loads(one.facts)
        why = visit.spoken(LOOK_REASONS[one.reason]) if one.reason in LOOK_REASONS else one.reason
        facts = ", ".join(f"{key}: {value}" for key, value in about.items() if value not in (None, ""))
        rows.append(
            (
                Cell(text=written.moment(one.at.isoformat(), visit.language, timezone), value=one.at.isoformat()),
                Cell(text=person, value=one.who, note=visit.say("by program", "由程序") if one.token else ""),
                Cell(text=one.what, value=one.what),
                Cell(text=one.organisation or written.NOTHING, value=one.organisation, note=one.subject),
                Cell(text=(why if kind == "look" else facts) or written.NOTHING),
            )
        )
    return Table(
        name=name,
        caption=visit.say("Records", "记录"),
        columns=(
            Column(key="at", label=say("When", "时间")),
            Column(key="who", label=say("Who", "人员")),
            Column(key="what", label=say("What", "内容")),
            Column(key="organisation", label=say("About", "对象")),
            Column(key="why", label=say("Why", "事由") if kind == "look" else say("How", "说明")),
        ),
        rows=rows,
        empty=visit.say("No record fits.", "没有符合的记录。"),
    )
