"""`lodeline strategy dependence`: who depends on which origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, law_of, snapshot_at
from lodeline.cli.output import console, print_json, print_stream, print_table
from lodeline.cli.strategy import commands

#: Columns of `--csv`: an origin of a buyer a row; `low` and `high` are empty, for what is booked has no range.
_COLUMNS = (
    "country", "customer", "element", "period", "origin_kind", "origin_place", "mass_kg", "share_pct", "basis", "low",
    "high", "source", "vintage",
)  # fmt: skip


@commands.command()
def dependence(
    element: Annotated[str, typer.Option(help="A symbol, or TREO. 元素符号或 TREO。")] = "Dy",
    country: Annotated[str | None, typer.Option(help="Only what went there. 目的国。")] = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer, by id or name. 客户。")] = None,
    period: Annotated[
        str | None, typer.Option(help="2025, 2025-Q2, 2025-05 or 2025-03..2025-08; else all. 期间，省略则为全部。")
    ] = None,
    by: Annotated[str, typer.Option(help="country or customer. 分列方式。")] = "country",
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Beside it what mean flows say. 另列平均流量估算。")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the origins as CSV. 以 CSV 输出来源。")] = False,
) -> None:
    """From which origins came what buyers got, by the lots delivered. 来源依赖。"""
    from lodeline.service.strategy import dependence as origins  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    document = origins.dependence(
        snapshot, law_of(store), element=element, country=country, customer=customer, period=period, by=by,
        estimate=estimate,
    )  # fmt: skip
    if as_json:
        print_json(document)
    elif as_csv:
        print_stream(_flat(document), _COLUMNS, as_json=False)
    else:
        _print(document)


def _flat(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each origin of each buyer."""
    asked = document["settings"]
    for row in document["rows"]:
        about = {"country": row["country"], "customer": row.get("customer", ""), "element": asked["element"]}
        for one in row["origins"]:
            yield about | {"period": asked["period"]} | {name: one.get(name) for name in _COLUMNS[4:]}


def _print(document: dict[str, Any]) -> None:
    asked, total = document["settings"], document["total"]
    console.print(
        output.text(
            "{element}, {period}: {mass_kg} kg ({basis}), by the origins of the lots delivered (booked).",
            element=asked["element"],
            period=asked["period"],
            mass_kg=total["mass_kg"],
            basis=total["basis"],
        )
    )
    for row in document["rows"]:
        if row.get("estimated"):
            buyer, gap = row.get("name") or row["country"], f"{row['estimated']['gap_pct']:.1f}"
            console.print(
                output.text("{buyer}: mean flows put {gap} % elsewhere (estimated).", buyer=buyer, gap=gap),
                markup=False,
            )
    rows = [
        (
            row.get("name") or row["country"], one["origin_kind"], one["origin_place"], one["mass_kg"],
            f"{one['share_pct']:.1f}", one["basis"],
        )
        for row in document["rows"] for one in row["origins"]
    ]  # fmt: skip
    heads = [
        output.text("buyer"), output.text("origin", context="strategy"), output.text("place"), output.text("kg"), "%",
        output.text("basis"),
    ]  # fmt: skip
    print_table("", heads, rows[:200], numbers=(3, 4))
    if len(rows) > 200:
        console.print(output.text("… {rows} more rows; --json has all", rows=len(rows) - 200))
