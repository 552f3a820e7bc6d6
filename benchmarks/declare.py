"""How long does the desk think about one line of a declaration, and about ten thousand?

Measured in one process, warm, from the bytes of a CSV to the JSON document with every reason in both languages. The
lines are made up: magnets, oxides and metals with compositions that all differ, every fifth with a licence.

    python benchmarks/declare.py [--lines 10000] [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from datetime import date

from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.desk import declare

TODAY = date(2026, 11, 24)
HEADER = (
    "declaration,line,on,exporter_name,product_name,hs_code,controlled_declared,licence,destination,end_user_name,"
    "composition,re_total_pct,mass_kg,value,currency,models_in_lot\n"
)
GOODS = (
    ("NdFeB magnets N45SH", "8505111000", "Nd={0:.4f};Pr=6.02;Fe=67.2;B=0.98;Al=0.2"),
    ("烧结钕铁硼磁钢", "8505111000", "Nd={0:.4f};Pr=6.02;Dy=0.4;Fe=67;B=0.98"),
    ("Dysprosium oxide 99.5 %", "2846901500", "Dy2O3={1:.4f}"),
    ("Neodymium metal", "2805301100", "Nd={1:.4f}"),
    ("Rotor assembly with surface-mounted magnets", "8503009090", ""),
)


def declaration(lines: int) -> bytes:
    """A CSV of that many lines, each with a composition of its own."""
    rows = []
    for number in range(lines):
        name, hs_code, composition = GOODS[number % len(GOODS)]
        shares = composition.format(24 + number % 9973 / 9973, 98 + number % 9967 / 9967)
        licence = f"LIC-{number % 50}" if number % 5 == 1 else ""
        rows.append(
            f"D-{number // 50},{number},2025-{number % 9 + 4:02d}-{number % 28 + 1:02d},某某磁材,{name} {number},"
            f"{hs_code},no,{licence},DE,Example Motors GmbH,{shares},,{100 + number},{4000 + 40 * number},USD,1\n"
        )
    return (HEADER + "".join(rows)).encode()


def seconds(source: bytes, law: Jurisdiction) -> float:
    """Seconds for one declaration, from its bytes to the document."""
    started = time.perf_counter()
    document = declare(source=source, name="declaration.csv", law=law, today=TODAY)
    taken = time.perf_counter() - started
    assert document["readable"], document["problems"][:3]
    return taken


def main() -> None:
    """Prints both medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    law = load()
    one, many = declaration(2), declaration(options.lines)
    one = one[: one.rindex(b"D-0,1,")]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; law pack {law.code}")
    seconds(one, law)
    single = [seconds(one, law) for _ in range(options.runs * 20)]
    print(f"one line: median {statistics.median(single) * 1000:.1f} ms, worst {max(single) * 1000:.1f} ms"
          f" of {len(single)} runs")  # fmt: skip
    whole = [seconds(many, law) for _ in range(options.runs)]
    print(f"{options.lines} lines, {len(many) / 1e6:.1f} MB CSV: median {statistics.median(whole):.2f} s, first"
          f" {whole[0]:.2f} s of {len(whole)} runs ({options.lines / statistics.median(whole):,.0f}/s)")  # fmt: skip


if __name__ == "__main__":
    main()
