"""`lodeline strategy graph`: the network of a base window."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lodeline.cli.app import DEFAULT_DATABASE, Database, From, Json, To, check_span, law_of, snapshot_at
from lodeline.cli.output import console, print_json, print_stream, print_table, text
from lodeline.cli.strategy import commands

#: Columns of `--csv`: an edge a row; `low` and `high` are empty, for a sum of rows has no range.
_EDGE: tuple[str, ...] = (
    "from", "to", "class", "kg_per_day", "transit_days", "transit_basis", "border", "is_filed", "end_user", "end_use",
    "hs_code", "items", "value_per_kg", "currency", "basis", "low", "high", "source", "vintage",
)  # fmt: skip


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
        text(
            f"{asked['base_from']} to {asked['base_to']}: {totals['holdings']} holdings, {totals['edges']} edges,"
            f" {totals['units']} units, {totals['plants']} plants of final customers. {totals['vintage']}.",
            f"{asked['base_from']} 至 {asked['base_to']}：持有 {totals['holdings']} 处，流向 {totals['edges']} 条，"
            f"工序单元 {totals['units']} 个，最终用户工厂 {totals['plants']} 家。{totals['vintage']}。",
        )
    )
    for note in document["notes"]:
        console.print(text(note["en"], note["zh"]), markup=False)
    rows = [
        (
            one["class"] or text("all", "合计"), one["holdings"], f"{one['throughput_kg_per_day']:.1f}",
            f"{one['residual_kg_per_day']:.1f}", "" if one["residual_pct"] is None else f"{one['residual_pct']:.1f}",
            one["basis"],
        )
        for one in document["quality"]
    ]  # fmt: skip
    heads = [
        text("class", "货物类别"), text("holdings", "持有"), text("through, kg/day", "流量 千克/日"),
        text("not explained, kg/day", "无法解释 千克/日"), "%", text("basis", "依据"),
    ]  # fmt: skip
    print_table("", heads, rows, numbers=(1, 2, 3, 4))
