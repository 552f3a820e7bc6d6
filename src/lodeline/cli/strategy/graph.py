"""`lodeline strategy graph`: the network of a base window."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, From, Json, To, check_span, law_of, snapshot_at
from lodeline.cli.output import console, localized, print_json, print_stream, print_table
from lodeline.cli.strategy import commands
from lodeline.language import bilingual

#: Columns of `--csv`: an edge a row; `low` and `high` are empty, for a sum of rows has no range.
_EDGE: tuple[str, ...] = (
    "from",
    "to",
    "class",
    "kg_per_day",
    "transit_days",
    "transit_basis",
    "border",
    "is_filed",
    "end_user",
    "end_use",
    "hs_code",
    "items",
    "value_per_kg",
    "currency",
    "basis",
    "low",
    "high",
    "source",
    "vintage",
)


@commands.command()
def graph(
    first: From = None,
    last: To = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the edges as CSV. 以 CSV 输出流向。")] = False,
) -> None:
    """Who sends how much to whom and makes what, in a normal time; how well the books close. 供应网络。"""
    from lodeline.service.strategy.inputs import inputs_of  # noqa: PLC0415
    from lodeline.service.strategy.network import graph_json  # noqa: PLC0415

    check_span(first, last)
    store, snapshot = snapshot_at(database)
    document = graph_json(snapshot, law_of(store), inputs_of(store), base_from=first, base_to=last)
    if as_json:
        print_json(document)
    elif as_csv:
        print_stream((_edge(one) for one in document["edges"]), _EDGE, as_json=False)
    else:
        _print(document)


def _edge(one: dict[str, Any]) -> dict[str, Any]:
    flat = {**one, "transit_days": one["transit"]["value"], "transit_basis": one["transit"]["basis"]}
    return {name: flat.get(name) for name in _EDGE}


def _print(document: dict[str, Any]) -> None:
    asked, totals = document["settings"], document["totals"]
    console.print(
        output.text(
            "{base_from} to {base_to}: {holdings} holdings, {edges} edges, {units} units, {plants} "
            "plants of final customers. {vintage}.",
            base_from=asked["base_from"],
            base_to=asked["base_to"],
            holdings=totals["holdings"],
            edges=totals["edges"],
            units=totals["units"],
            plants=totals["plants"],
            vintage=totals["vintage"],
        )
    )
    for note in document["notes"]:
        console.print(localized(bilingual(note["en"], note["zh"])), markup=False)
    rows = [
        (
            one["class"] or output.text("all", context="strategy"),
            one["holdings"],
            f"{one['throughput_kg_per_day']:.1f}",
            f"{one['residual_kg_per_day']:.1f}",
            "" if one["residual_pct"] is None else f"{one['residual_pct']:.1f}",
            one["basis"],
        )
        for one in document["quality"]
    ]
    heads = [
        output.text("class"),
        output.text("holdings"),
        output.text("through, kg/day"),
        output.text("not explained, kg/day"),
        "%",
        output.text("basis"),
    ]
    print_table("", heads, rows, numbers=(1, 2, 3, 4))
