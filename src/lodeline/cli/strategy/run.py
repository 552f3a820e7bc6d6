"""`lodeline strategy run`, `compare`, `survive`: who stops under a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, law_of, snapshot_at
from lodeline.cli.output import console, language, localized, print_json, print_stream, print_table, progress
from lodeline.cli.strategy import commands
from lodeline.language import bilingual

Name = Annotated[str, typer.Argument(help="A scenario of scenarios.csv. 情景编号。", metavar="SCENARIO")]
Draws = Annotated[int | None, typer.Option(help="Joint draws; default as the scenario says. 抽样次数。")]
Csv = Annotated[bool, typer.Option("--csv", help="Print the plants as CSV. 以 CSV 输出工厂。")]
#: Columns of `--csv`: a plant a row, days from the start of the scenario.
_PLANT: tuple[str, ...] = (
    "plant", "organisation", "country", "class", "element", "need_kg_per_day", "stop_day", "low", "high", "never_pct",
    "tts_days", "ttr_days", "waits_for", "lost_kg", "lost_kg_low", "lost_kg_high", "basis", "source", "vintage",
)  # fmt: skip
#: Rows of a table that are printed.
_SHOWN = 40


@commands.command()
def run(
    name: Name,
    draws: Draws = None,
    seed: Annotated[int | None, typer.Option(help="Of the draws; default as the scenario says. 随机种子。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Which plants stop, on which day, for want of what, with ranges. 情景推演。"""
    from lodeline.service.strategy.runs import run_scenario  # noqa: PLC0415

    snapshot, law, inputs, held = _asked(database)
    with progress(name, quiet=as_json or as_csv) as told:
        document = run_scenario(snapshot, law, inputs, name, draws=draws, seed=seed, licences=held, progress=told)
    if as_json:
        print_json(document)
    elif as_csv:
        print_stream(_rows(document), _PLANT, as_json=False)
    else:
        _print(document)


@commands.command()
def compare(
    first: Name, second: Name, draws: Draws = None, database: Database = DEFAULT_DATABASE, as_json: Json = False
) -> None:
    """Two scenarios side by side, with the same luck. 情景对比。"""
    from lodeline.service.strategy.runs import compare as compared  # noqa: PLC0415

    snapshot, law, inputs, held = _asked(database)
    with progress(f"{first} / {second}", quiet=as_json) as told:
        document = compared(snapshot, law, inputs, first, second, draws=draws, licences=held, progress=told)
    if as_json:
        print_json(document)
        return
    for key in ("first", "second"):
        console.print(document[key]["headline"][language()], markup=False)
    console.print(document["verdict"][language()], markup=False)
    columns = output.text(
        "plant,country,class,{first}: stop,{second}: stop,{first}: lost kg,{second}: lost kg",
        first=first,
        second=second,
    ).split(",")
    rows = [
        (
            one["plant"], one["country"], one["class"], *(_day(one[key] and one[key]["stop"]) for key in _BOTH),
            *(_kg(one[key]) for key in _BOTH),
        )
        for one in document["plants"][:_SHOWN]
    ]  # fmt: skip
    print_table("", columns, rows, numbers=(3, 4, 5, 6))
    _more(document["plants"])


@commands.command()
def survive(name: Name, draws: Draws = None, database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """How long each plant lasts, against how long it is until goods come again. 可维持时间。"""
    from lodeline.service.strategy.runs import survive as lasting  # noqa: PLC0415

    snapshot, law, inputs, held = _asked(database)
    with progress(name, quiet=as_json) as told:
        document = lasting(snapshot, law, inputs, name, draws=draws, licences=held, progress=told)
    if as_json:
        print_json(document)
        return
    console.print(document["headline"][language()], markup=False)
    columns = output.text("plant,country,class,stock d,under way d,lasts d,waits for,waits d,gap d,basis").split(",")
    rows = [
        (
            one["plant"], one["country"], one["class"], _said(one["stock_days"]["p50"]), _said(one["under_way_days"]),
            _said(one["tts_days"]["p50"]), localized(bilingual(*_WAITS[one["ttr_days"]["what"]])),
            _said(one["ttr_days"]["central"]),
            _said(one["gap_days"]), one["basis"],
        )
        for one in document["plants"][:_SHOWN]
    ]  # fmt: skip
    print_table("", columns, rows, numbers=(3, 4, 5, 7, 8))
    _more(document["plants"])


_BOTH = ("first", "second")
_WAITS = {
    "licence": ("a licence", "许可"), "qualification": ("another supplier", "新供应商"), "none": ("–", "–"),
}  # fmt: skip


def _asked(database: str) -> tuple[Any, Any, Any, Any]:
    """The snapshot, its law, the tables and the accounts of licences."""
    from lodeline.service.strategy.held import accounts_at  # noqa: PLC0415
    from lodeline.service.strategy.inputs import inputs_of  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    law = law_of(store)
    return snapshot, law, inputs_of(store), accounts_at(store, snapshot, law)


def _print(document: Mapping[str, Any]) -> None:
    reader = language()
    console.print(document["headline"][reader], markup=False)
    for note in document["notes"]:
        console.print(f"· {note[reader]}", markup=False)
    if not document["plants"]:
        return
    columns = output.text("plant,country,class,element,stops P50,P10,P90,never %,lasts d,waits d,lost kg,basis").split(
        ","
    )
    rows = [
        (
            one["plant"], one["country"], one["class"], (one["binding"] or {}).get("element") or "",
            _day(one["stop"]), _said(one["stop"]["p10"]), _said(one["stop"]["p90"]), _said(one["stop"]["never_pct"]),
            _said(one["tts_days"]["p50"]), _said(one["ttr_days"]["central"]), _said(one["lost_kg"]["p50"]),
            one["basis"],
        )
        for one in document["plants"][:_SHOWN]
    ]  # fmt: skip
    print_table("", columns, rows, numbers=(4, 5, 6, 7, 8, 9, 10))
    _more(document["plants"])
    columns = output.text("hangs on,from,to,days earlier or later,basis").split(",")
    inputs = {one["key"]: one for one in document["inputs"]}
    moved = [
        (
            one[reader], f"{_said(inputs[one['key']]['low'])} {inputs[one['key']]['unit']}",
            _said(inputs[one["key"]]["high"]), f"{one['low_days']:+g} … {one['high_days']:+g}", one["basis"],
        )
        for one in document["tornado"]
    ]  # fmt: skip
    print_table("", columns, moved, numbers=(2, 3))


def _rows(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for one in document["plants"]:
        stop, lost = one["stop"], one["lost_kg"]
        yield {
            "plant": one["plant"], "organisation": one["organisation"], "country": one["country"],
            "class": one["class"], "element": (one["binding"] or {}).get("element"),
            "need_kg_per_day": one["need_kg_per_day"], "stop_day": stop["p50"], "low": stop["p10"],
            "high": stop["p90"], "never_pct": stop["never_pct"], "tts_days": one["tts_days"]["p50"],
            "ttr_days": one["ttr_days"]["central"], "waits_for": one["ttr_days"]["what"], "lost_kg": lost["p50"],
            "lost_kg_low": lost["p10"], "lost_kg_high": lost["p90"], "basis": one["basis"], "source": one["source"],
            "vintage": one["vintage"],
        }  # fmt: skip


def _day(stop: Mapping[str, Any] | None) -> str:
    """The middle stop day with its date."""
    if stop is None or stop["p50"] is None:
        return output.text("never", context="strategy")
    return f"{stop['p50']:g} ({stop['dates']['p50']})"


def _kg(one: Mapping[str, Any] | None) -> str:
    return _said(None if one is None else one["lost_kg"]["p50"])


def _said(number: float | None) -> str:
    return "–" if number is None else f"{number:,.1f}".removesuffix(".0")


def _more(plants: list[Any]) -> None:
    if len(plants) > _SHOWN:
        count = len(plants) - _SHOWN
        console.print(output.text("… {count} more; --json has all", count=count))
