"""`inspect plan` and `inspect choose`: what a visit is to measure, and which firms are to be visited first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, law_of, month, snapshot_at, today_of
from lodeline.cli.inspect import inspect_app
from lodeline.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from lodeline.service.inspections.choosing import Choice


@inspect_app.command("plan")
def plan_site(
    site: Annotated[str, typer.Argument(help="Site to be visited. 场所。")],
    goal: Annotated[
        list[str] | None, typer.Option(help="Mass whose loss shall show: Dy=10kg. May be repeated. 目标质量。")
    ] = None,
    detect: Annotated[
        list[str] | None, typer.Option(help="With which probability: gross=90%. May be repeated. 期望发现概率。")
    ] = None,
    minutes: Annotated[int | None, typer.Option(help="Work at the site. 现场时间。", show_default="480")] = None,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the visit. 计划日期。")] = None,
    chosen: Annotated[str, typer.Option(help="ranked, random or asked. 选取方式。")] = "asked",
    enter: Annotated[
        bool, typer.Option("--enter", help="Draw the items and enter the plan. 抽取检查件并登记计划。")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """What to measure at a site, and what that would show. 抽样计划。"""
    from lodeline.service.inspections import planning  # noqa: PLC0415
    from lodeline.service.inspections.asked import detect_of, goals_of  # noqa: PLC0415
    from lodeline.service.inspections.items import site_items  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    today = today_of(store)
    wanted = planning.Wanted(
        site=site, on=on.date() if on else today, goals=goals_of(goal or ()), chosen=chosen,  # type: ignore[arg-type]
        detect=detect_of(detect) if detect else planning.USUAL_DETECT,
        minutes=planning.USUAL_MINUTES if minutes is None else minutes,
    )  # fmt: skip
    items = site_items(snapshot, site=site)
    proposal = planning.propose(items, wanted, register=snapshot.register, entry=snapshot.entry, today=today)
    if enter:
        entered = planning.enter_plan(store, proposal, filed_at=datetime.now(UTC), by="command line")
        document = {**entered.paper, "plan": entered.entry.index}
    else:
        document = planning.plan_facts(proposal)
    if as_json:
        print_json(document)
        return
    _print_plan(document)


@inspect_app.command()
def choose(
    of_month: Annotated[str | None, typer.Option("--month", help="YYYY-MM. 月份。", show_default="this month")] = None,
    visits: Annotated[int | None, typer.Option(help="Visits in the month. 当月检查次数。", show_default="10")] = None,
    share: Annotated[
        float | None, typer.Option(help="Percent of them by lot. 随机抽取比例（%）。", show_default="20")
    ] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Which firms to visit first: where most is expected to be found, and some by lot. 本月优先检查的企业。"""
    from lodeline.service.findings.finding import findings  # noqa: PLC0415
    from lodeline.service.inspections import choosing, reasons  # noqa: PLC0415
    from lodeline.service.inspections.taking_along import taking_along  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    law = law_of(store)
    period = month(of_month) or f"{today_of(store):%Y-%m}"
    chosen = choosing.choose(
        answered(choosing.visitable, snapshot), answered(findings, store, snapshot, law).rows,
        choosing.last_visits(store, period), month=period, seed=choosing.month_seed(store, period),
        visits=choosing.VISITS if visits is None else visits,
        share=choosing.RANDOM_SHARE if share is None else share / 100,
    )  # fmt: skip
    if as_json:
        rows = [reasons.as_json(one, answered(taking_along, snapshot, site=one.site)) for one in chosen]
        print_json({"month": period, "rows": rows})
        return
    _print_choices(period, chosen)


def _print_choices(period: str, chosen: Sequence[Choice]) -> None:
    from lodeline.message import localized  # noqa: PLC0415
    from lodeline.service.inspections.reasons import reasons  # noqa: PLC0415

    columns = output.text("firm,site,chosen,expected USD,probability,role,days since a visit").split(",")
    rows = [
        (one.organisation, one.site, one.how, f"{one.expected_usd:.0f}", f"{one.probability:.2f}",
         f"{one.role_weight:g}", "–" if one.days is None else one.days)
        for one in chosen
    ]  # fmt: skip
    print_table(output.text("Visit first in {period}", period=period), columns, rows, numbers=(3, 4, 5, 6))
    for one in chosen:
        why = localized(reasons(one))
        console.print(f"{one.organisation}: {why[output.language()]}", markup=False)


def _print_plan(document: dict[str, Any]) -> None:
    from lodeline.material.mass import format_kg  # noqa: PLC0415

    columns = output.text("stratum,items,kg,count,weigh,XRF,laboratory").split(",")  # fmt: skip
    rows = [
        (one["key"], one["items"], format_kg(one["dry_mg"]), *(one["n"][act] for act in one["n"]))
        for one in document["strata"]
    ]
    print_table(f"{document['site']}  {document['on']}", columns, rows, numbers=range(1, 7))
    columns = output.text("element,kind,kg,would show,wanted").split(",")  # fmt: skip
    sights = [
        (one["element"], one["kind"], format_kg(one["goal_mg"]), one["probability"][:5], one["wanted"][:5])
        for one in document["sights"]
    ]
    print_table("", columns, sights, numbers=range(2, 5))
    minutes = output.text("{minutes} of {budget} minutes", minutes=document["minutes"], budget=document["budget"])
    console.print(minutes, markup=False)
    if "plan" in document:
        said = output.text("Entered as entry {plan}.", plan=document["plan"])
        console.print(said, markup=False)
