"""The system, for whoever operates it: what waits, what has failed, how large the log is. No business of any firm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.contrib.sessions.models import Session
from django.db.models import Count, Min
from django.http import HttpResponse

from lodeline.build import build
from lodeline.office.access import clock
from lodeline.office.models import Job, User
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Fact
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text

#: Kinds of jobs; who operates the system finds them in its log by the kind itself.
_JOBS: Final[Mapping[str, Text]] = {
    "desk.batch": text("Declarations judged as a batch", "成批报关单判断"),
    "draft.check": text("Large drafts checked", "大型草稿检查"),
    "draft.divide": text("Good events told from the rest", "区分可申报事件"),
    "draft.file": text("Filings entered", "申报入账"),
    "erasure.sweep": text("Copies of erased data removed", "清除已删除信息的副本"),
    "strategy.run": text("Scenarios run", "情景推演"),
    "parties.settle": text("Names of filings settled", "申报名称归并"),
}


def system(visit: Visit) -> HttpResponse:
    """The page `system/`."""
    table = _jobs(visit)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    store = visit.store
    head = store.head()
    now = clock.now()
    failed = Job.objects.filter(state=Job.State.FAILED).count()
    waiting = Job.objects.filter(state=Job.State.WAITING, run_after__lte=now)
    oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    wait_s = 0 if oldest is None else int((now - oldest).total_seconds())
    sessions = Session.objects.filter(expire_date__gt=now).count()
    facts = [
        Fact(term=visit.text("Version", "版本"), text=build(visit.language)),
        Fact(term=visit.text("Entries of the log", "日志条目"), text=written.count(head.size)),
        Fact(term=visit.text("Root", "根"), text=head.frontier.root().hex(), mono=True),
        Fact(term=visit.text("Log's key", "日志公钥"), text=store.signer.verifier.vkey, mono=True),
        Fact(term=visit.text("Database", "数据库"), text="SQLite" if store.database.is_sqlite else "PostgreSQL"),
        Fact(term=visit.text("Accounts", "账户"), text=written.count(User.objects.filter(is_active=True).count())),
        Fact(term=visit.text("Open sessions", "会话"), text=written.count(sessions)),
    ]  # fmt: skip
    return show(
        visit,
        "lodeline/log/system.html",
        title=visit.text(f"{failed} jobs have failed", f"{failed}项作业失败")
        if failed
        else visit.text("Nothing waits too long, and nothing has failed", "没有作业失败或久等")
        if wait_s < 60
        else visit.text(
            f"A job has been waiting for {wait_s} s: is a worker running?",
            f"有作业已等待{wait_s}秒：作业进程是否在运行？",
        ),
        facts=facts,
        table=shown(visit, table),
    )  # fmt: skip


def _jobs(visit: Visit) -> Table:
    states = {
        Job.State.WAITING: visit.text("waiting", "等待"), Job.State.RUNNING: visit.text("running", "进行中"),
        Job.State.DONE: visit.text("done", "完成"), Job.State.FAILED: visit.text("failed", "失败"),
    }  # fmt: skip
    counted = (
        Job.objects.values("kind", "state")
        .annotate(count=Count("id"), first=Min("created_at"))
        .order_by("kind", "state")
    )
    return Table(
        name="jobs",
        caption=visit.text("Jobs", "作业"),
        columns=(
            Column(key="kind", label=text("Job", "作业")),
            Column(key="state", label=text("State", "状态")),
            Column(key="count", label=text("How many", "数量"), number=True),
            Column(key="first", label=text("Oldest since", "最早自")),
        ),
        rows=[
            (
                Cell(text=words.word(_JOBS, one["kind"], visit.language), value=one["kind"], note=one["kind"]),
                Cell(text=states[Job.State(one["state"])]),
                Cell(text=written.count(one["count"]), value=one["count"]),
                Cell(
                    text=written.moment(one["first"].isoformat(), visit.language, visit.law.timezone),
                    value=one["first"].isoformat(),
                ),
            )
            for one in counted.order_by("kind", "state")
        ],
        empty=visit.text("No job has been asked for yet.", "尚无作业。"),
    )  # fmt: skip
