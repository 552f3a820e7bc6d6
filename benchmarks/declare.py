"""How often is the desk right, and how long does it think?

Figures: the published cases and variants of `labelled/declarations.csv`, which the desk was built with; and the lines
of `labelled/public.csv`, written from public sources with verdict and law before the desk had seen one, each with its
source. `open` marks where the law itself leaves the verdict open; `or` is the other one. Beside the desk stands what
the papers alone would say: the supervision flag of the tariff code and the exporter's own word, which is all that a
declaration shows at sight. `--labelled` judges lines of your own, in the form of `public.csv`.

Speed: from the bytes of a CSV to the JSON document with every reason in both languages; one process, warm. The lines
are made up: magnets, oxides and metals with compositions that all differ, a thousand exporters and buyers. No peer is
known that answers the same question; reading the file and writing the document are printed by themselves.

    python benchmarks/declare.py [--lines 100000] [--parties 1000] [--runs 1] [--figures] [--speed] [--labelled FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from lodeline.control.declaration import Declaration, columns, read_fields
from lodeline.control.desk import judge
from lodeline.control.licences.licence import read_licences
from lodeline.control.reason import VERDICTS
from lodeline.control.record import Records
from lodeline.control.rulebook import LawDay
from lodeline.control.sources import Sources
from lodeline.ledger.register import TABLES
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.customs.desk import answer, declare, read

TODAY = date(2026, 11, 24)
LABELLED = Path(__file__).parent / "labelled"
Row = dict[str, str]


# Figures.


def licence_table() -> pl.DataFrame:
    """The register that the labelled lines speak of."""
    usual: dict[str, Any] = {
        "id": "LIC-1", "kind": "general", "exporter": "ACME", "end_users": ["Example Motors GmbH"],
        "control_items": ["1C905.a.4"], "products": ["magnet-ndfeb"], "mass_mg": 1_000_000_000, "elements": "Dy=20",
        "destination": "DE", "end_use": None, "valid_from": date(2025, 5, 1), "valid_to": date(2026, 4, 30),
    }  # fmt: skip
    return pl.DataFrame([usual, usual | {"id": "LIC-2", "end_use": "traction motors"}], schema=TABLES["licences"])


def variants(path: Path = LABELLED / "declarations.csv") -> list[Row]:
    """The labelled lines: `id`, `expect`, `why`, `law`, `group`, and the columns of a declaration.

    `line` may be left out; `open` is yes where the law leaves a verdict open, and `or` the other one.
    """
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    return [row | {"line": row.get("line") or str(number)} for number, row in enumerate(rows, 1)]


def verdicts(rows: Sequence[Row], law: Jurisdiction) -> Iterator[str]:
    """The desk's verdict on each row; rows of a group are one file, the others each their own."""
    licences = read_licences(licence_table())
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.get("group") or row["id"]].append(row)
    found: dict[str, str] = {}
    for own in groups.values():
        lines = tuple(
            read_fields({name: row[name] for name in columns() if row.get(name)}).lines[0] for row in own
        )  # fmt: skip
        judged = judge(Declaration(lines=lines), LawDay.of(law, TODAY), Sources(licences=licences, records=Records()))
        found |= {row["id"]: one.verdict for row, one in zip(own, judged, strict=True)}
    yield from (found[row["id"]] for row in rows)


def by_the_papers_alone(rows: Sequence[Row], law: Jurisdiction) -> Iterator[str]:
    """What the flag of the code and the exporter's word say: hold without a licence, query where a code is unknown."""
    flags = law.parameters["supervision-flags"].at(TODAY, known=TODAY).value
    for row in rows:
        flagged = any("3" in one["flags"] and row["hs_code"].startswith(one["code"]) for one in flags)
        controlled = flagged or row["controlled_declared"] == "yes" or bool(row["control_item"])
        yield "hold" if controlled and not row["licence"] else "release"


def scores(expected: Sequence[str], found: Sequence[str]) -> list[tuple[str, int, float, float]]:
    """(verdict, how many are expected, precision, recall) of each verdict; precision of none found is 1."""
    pairs = Counter(zip(expected, found, strict=True))
    table: list[tuple[str, int, float, float]] = []
    for verdict in reversed(VERDICTS):
        right = pairs[verdict, verdict]
        said, wanted = found.count(verdict), expected.count(verdict)
        table.append((verdict, wanted, right / said if said else 1.0, right / wanted if wanted else 1.0))
    return table


def print_figures(law: Jurisdiction, path: Path) -> None:
    """Precision and recall of hold, query and release, of the desk and of the papers alone."""
    rows = variants(path)
    expected = [row["expect"] for row in rows]
    print(f"{len(rows)} labelled lines of {path.name}")
    print(f"{'':24}{'verdict':10}{'lines':>6}{'precision':>11}{'recall':>8}")
    ways: tuple[tuple[str, Callable[[Sequence[Row], Jurisdiction], Iterator[str]]], ...] = (
        ("the desk", verdicts),
        ("the papers alone", by_the_papers_alone),
    )
    for name, way in ways:
        found = list(way(rows, law))
        for verdict, wanted, precision, recall in scores(expected, found):
            print(f"{name:24}{verdict:10}{wanted:6}{precision:11.3f}{recall:8.3f}")
        if name == "the desk":
            print_misses(rows, found)


def print_misses(rows: Sequence[Row], found: Sequence[str]) -> None:
    """What was let go, queries scored strictly and with what the law leaves open, and every miss."""
    pairs = list(zip(rows, found, strict=True))
    let_go = [row["id"] for row, one in pairs if one == "release" != row["expect"]]
    lawful = [one for row, one in pairs if row["expect"] == "release"]
    wrong = [(row, one) for row, one in pairs if one != row["expect"]]
    allowed = [(row, one) for row, one in wrong if row.get("open") == "yes" and row.get("or") == one]
    print(f"    released where hold or query is asked: {len(let_go)} {' '.join(let_go)}")
    print(f"    lawful lines that leave without a question: {lawful.count('release')} of {len(lawful)}")
    print(f"    right: {len(pairs) - len(wrong)} of {len(pairs)};"
          f" with what the law leaves open: {len(pairs) - len(wrong) + len(allowed)}")  # fmt: skip
    for row, one in wrong:
        mark = " (the law leaves it open)" if (row, one) in allowed else ""
        print(f"    {row['id']}: {one}, expected {row['expect']}{mark}: {row['why']}")


# Speed.

HEADER = (
    "declaration,line,on,exporter,exporter_name,product_name,hs_code,controlled_declared,licence,destination,"
    "end_user_name,composition,re_total_pct,mass_kg,value,currency,models_in_lot\n"
)
GOODS = (
    ("NdFeB magnets N45SH", "8505111000", "Nd={0:.4f};Pr=6.02;Fe=67.2;B=0.98;Al=0.2"),
    ("烧结钕铁硼磁钢", "8505111000", "Nd={0:.4f};Pr=6.02;Dy=0.4;Fe=67;B=0.98"),
    ("Dysprosium oxide 99.5 %", "2846901500", "Dy2O3={1:.4f}"),
    ("Neodymium metal", "2805301100", "Nd={1:.4f}"),
    ("Rotor assembly with surface-mounted magnets", "8503009090", ""),
)


def declaration(lines: int, parties: int) -> bytes:
    """A CSV of that many lines, each with a composition of its own, from half the parties to the other half."""
    half = max(1, parties // 2)
    rows = []
    for number in range(lines):
        name, hs_code, composition = GOODS[number % len(GOODS)]
        shares = composition.format(24 + number % 9973 / 9973, 98 + number % 9967 / 9967)
        licence = f"LIC-{number % 50}" if number % 5 == 1 else ""
        rows.append(
            f"D-{number // 50},{number},2025-{number % 9 + 4:02d}-{number % 28 + 1:02d},E-{number % half},某某磁材,"
            f"{name} {number},{hs_code},no,{licence},DE,Example Motors {number * 7 % half} GmbH,{shares},,"
            f"{100 + number % 900},{4000 + 40 * (number % 900)},USD,1\n"
        )
    return (HEADER + "".join(rows)).encode()


def seconds(source: bytes, law: Jurisdiction) -> float:
    """Seconds for one declaration, from its bytes to the document."""
    started = time.perf_counter()
    document = declare(source, LawDay.of(law, TODAY), name="declaration.csv")
    taken = time.perf_counter() - started
    assert document["readable"], document["problems"][:3]
    return taken


def print_speed(law: Jurisdiction, *, lines: int, parties: int, runs: int) -> None:
    """One line, then many, by wall and by processor: on a busy machine the two differ."""
    one, many = declaration(2, 2), declaration(lines, parties)
    one = one[: one.rindex(b"D-0,1,")]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python"
          f" {platform.python_version()}; law pack {law.code}")  # fmt: skip
    seconds(one, law)
    single = [seconds(one, law) for _ in range(100)]
    print(f"one line: median {statistics.median(single) * 1000:.1f} ms, worst {max(single) * 1000:.1f} ms"
          f" of {len(single)} runs")  # fmt: skip
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        read_lines = read(many, name="declaration.csv")
        was_read = time.perf_counter() - began
        document = answer(read_lines, LawDay.of(law, TODAY))
        answered = time.perf_counter() - began
        size = len(json.dumps(document, ensure_ascii=False).encode())
        whole, processor = time.perf_counter() - began, time.process_time() - used
        print(f"{lines} lines, {parties} parties, {len(many) / 1e6:.1f} MB CSV: {answered:.1f} s to the answer (read in"
              f" {was_read:.1f} s), {whole:.1f} s with {size / 1e6:.0f} MB of JSON; {processor:.1f} s of processor"
              f" ({lines / answered:,.0f} lines/s)")  # fmt: skip


def main() -> None:
    """Prints the figures, then the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--parties", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--figures", action="store_true", help="the figures alone")
    parser.add_argument("--speed", action="store_true", help="the times alone")
    parser.add_argument("--labelled", type=Path, help="judge these lines alone")
    options = parser.parse_args()
    law = load("cn")
    if options.labelled:
        print_figures(law, options.labelled)
        return
    if options.figures or not options.speed:
        for name in ("declarations", "public"):
            print_figures(law, LABELLED / f"{name}.csv")
    if options.speed or not options.figures:
        print_speed(law, lines=options.lines, parties=options.parties, runs=options.runs)


if __name__ == "__main__":
    main()
