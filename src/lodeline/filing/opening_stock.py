"""What lay at the sites of a nation on the evening before its first month: one table of lots, as a filing of each firm.

A lot becomes an origin of kind `opening` and a row of the stock count of that evening, so that the first balance begins
with what was found, and the first count after it closes one. A firm's certifier attests its filing like any other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from lodeline.errors import UserError
from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.filing.take_over import columns_of, rows_of
from lodeline.language import text
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.ledger.register import Register

#: The columns of the table, in the order of the template.
COLUMNS: Final = columns_of("opening_stock_columns.csv")
KIND: Final = "opening"
_NEEDED: Final = ("site", "lot", "product", "mass_kg")
_OF_LOT: Final = (
    "site", "lot", "product", "mass_kg", "moisture_pct", "composition", "composition_status", "basis", "method",
    "model", "pieces", "owner",
)  # fmt: skip
#: What a count repeats of a lot: its composition is that of the origin, and no second assay.
_COUNTED: Final = ("site", "lot", "product", "mass_kg", "moisture_pct", "method", "pieces", "owner", "location")
_FILED: Final = ("event", "kind", "on", *_OF_LOT, "origin_kind", "origin_place", "location", "note")


class OpeningDayError(UserError):
    """The day cannot be that of an opening stock; the message says which can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningFiling:
    """What a firm would attest: its filing as a file of the exchange format."""

    organisation: str
    period: str
    lots: int
    content: bytes

    @property
    def name(self) -> str:
        """The name of the file."""
        return f"opening-stock-{self.period}.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningStocks:
    """The table as read: a filing for each firm by id, and every problem at its row of the table."""

    filings: Sequence[OpeningFiling] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether anything stands in the way."""
        return any(one.severity != "flag" for one in self.problems)


def require_evening(on: date) -> None:
    """Raises OpeningDayError unless the day is the last of a month: stock of a month's evening opens the next month."""
    if (on + timedelta(days=1)).day != 1:
        last = (on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        raise OpeningDayError(
            text(
                "{on} is not the last day of a month: stock is taken on the evening before the first "
                "month that is filed, such as {last}",
                on=on,
                last=last,
            )
        )


def read_stocks(name: str, content: bytes, *, on: date, register: Register) -> OpeningStocks:
    """The filings that a table of lots makes, judged by themselves and against the register.

    Raises OpeningDayError; never on what a file contains.
    """
    require_evening(on)
    rows, problems = rows_of(name, content, COLUMNS, needed=_NEEDED)
    if any(one.severity == "reject" for one in problems):
        return OpeningStocks(problems=tuple(problems))
    of_firm: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for number, row in rows:
        site = row.get("site")
        holder = register.site_organisation.get(site or "")
        if site is None:
            problems.append(problem("cell.missing", Where(row=number, column="site"), kind="lot", column="site"))
        elif holder is None:
            problems.append(problem("site.unknown", Where(row=number, column="site"), value=site))
        else:
            of_firm.setdefault(holder, []).append((number, row))
    filings = []
    for firm, lots in sorted(of_firm.items()):
        filing, found = _filing(firm, lots, on, register)
        filings.append(filing)
        problems += found
    return OpeningStocks(filings=filings, problems=tuple(problems))


def _filing(
    firm: str, lots: Sequence[tuple[int, dict[str, str]]], on: date, register: Register
) -> tuple[OpeningFiling, list[Problem]]:
    made = [_origin(number, row, on) for number, row in lots] + [_count(row, on) for _, row in lots]
    numbers = [number for number, _ in lots] * 2
    filing = OpeningFiling(
        organisation=firm, period=f"{on:%Y-%m}", lots=len(lots), content=_csv(made)
    )  # fmt: skip
    checked = check(
        read_bytes([(filing.name, filing.content)]), organisation=firm, period=filing.period, register=register
    )
    found: dict[tuple[str, int | None, str | None], Problem] = {}
    for one in checked.problems:
        # The header is row 1; of a lot's two rows each problem is named once.
        row = None if one.where.row is None or one.where.row < 2 else numbers[one.where.row - 2]
        where = Where(row=row, column=one.where.column)
        found.setdefault((one.code, row, one.where.column), replace(one, where=where))
    return filing, [one for one in found.values() if one.code not in _EXPECTED]


#: What a table of old lots need not say.
_EXPECTED: Final = frozenset({"origin.place-missing"})


def _origin(number: int, row: Mapping[str, str], on: date) -> dict[str, str]:
    maker = row.get("maker")
    notes = [row.get("note", ""), f"maker: {maker}" if maker else ""]
    return {
        **{column: row.get(column, "") for column in _OF_LOT},
        "event": f"OPENING-{on}-{number}", "kind": "origin", "on": on.isoformat(), "origin_kind": KIND,
        "origin_place": row.get("origin_place", ""), "note": "; ".join(one for one in notes if one),
    }  # fmt: skip


def _count(row: Mapping[str, str], on: date) -> dict[str, str]:
    return {
        **{column: row.get(column, "") for column in _COUNTED},
        "event": f"OPENING-COUNT-{row['site']}-{on}"[:64], "kind": "stock", "on": on.isoformat(),
    }  # fmt: skip


def _csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, _FILED, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
