"""From what happened to what is filed: deadlines, and the mistakes of ordinary filers.

Every mistake is noted with its event. What a system must refuse is filed again, put right, under the same
references; what it must accept is corrected by a later filing that names the first. A firm files its months
in order, since nobody can ship in March what it did not yet report as made in February.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lodeline.world.clerk import Row
from lodeline.world.industry import Deed, FirmMonth
from lodeline.world.staff import Firm
from lodeline.world.stream import Stream
from lodeline.world.tables import dirt_rate

#: The previous month's flow is due before the 10th (Order 71 of 2025), Asia/Shanghai.
DUE_DAY = 10
DAY = 24 * 60
#: Natural dirt, per filing: late by habit and by chance, typing errors, unit slips.
LATE_BY_HABIT_FIRMS, LATE_BY_HABIT = dirt_rate("late-by-habit-firms"), dirt_rate("late-by-habit")
LATE = dirt_rate("late")
MOST_DAYS_LATE = 30
TYPING_ERRORS = dirt_rate("typing-error-refused")
SLIPS_REFUSED, SLIPS_ACCEPTED = dirt_rate("unit-slip-refused"), dirt_rate("unit-slip-corrected")
SLIP = 1000
#: A true mass this many times the lower bound of what is usual is confirmed with a reason.
UNUSUAL, CHECKED = 300, "核对无误 / checked, as weighed"

#: Columns of the exchange format that this world fills, in their order.
COLUMNS = (
    "event", "kind", "on", "site", "role", "lot", "product", "mass_kg", "mass_t", "mass_g", "moisture_pct",
    "composition", "composition_status", "basis", "method", "model", "pieces", "origin_kind", "origin_place", "owner",
    "counterparty", "counterparty_name", "counterparty_country", "to_site", "reference", "document",
    "document_kind", "value", "currency", "declaration", "hs_code", "control_item", "licence", "destination",
    "end_user_name", "end_user_country", "end_use", "port", "run", "reason",
)  # fmt: skip
NIL = ("event", "kind", "on", "site", "lot", "mass_kg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """One file: `filed_at` in minutes since 0001-01-01 Asia/Shanghai less one day, `path` within the dossier."""

    organisation: str
    period: str
    path: str
    filed_at: int
    corrects: str
    rows: list[Row]


class Registry:
    """Files months, and remembers who filed what when, and which masses are usual with whom."""

    def __init__(self, deeds: list[Deed]) -> None:
        self._deeds = deeds
        self._usual: dict[tuple[str, str, str], _Usual] = {}
        self._last: dict[str, int] = {}
        self._late_by_habit: dict[str, bool] = {}

    def file(self, done: FirmMonth) -> Iterator[Filing]:
        """The filings of a firm for a month, in the order in which they come in; none when it stays silent."""
        firm = done.firm
        if firm.silent:
            return
        if done.withheld:
            # The fates of later months stay those of a world in which this one is filed.
            _exhaust(_Desk(done, self._when(done), []).filings())
            return
        self._confirm_unusual(done)
        desk = _Desk(done, self._when(done), self._deeds)
        yield from desk.filings()
        self._last[firm.plan.id] = desk.filed_at

    def _confirm_unusual(self, done: FirmMonth) -> None:
        """A mass that a system may take for a slip, but is true, carries a reason."""
        name = done.firm.plan.id
        for row in done.rows:
            kind = row["kind"]
            mass_kg = float(row["mass_t"]) * 1000 if "mass_t" in row else float(row["mass_kg"])
            key = (name, kind, row.get("product", ""))
            usual = self._usual.get(key)
            if usual is None:
                usual = self._usual[key] = _Usual()
            if usual.is_far_below(int(abs(mass_kg) * 1000)) and kind != "receipt" and "reason" not in row:
                row["reason"] = CHECKED
                deed = Deed(
                    kind="unusual-mass-confirmed", organisation=name, period=done.month.period, event=row["event"],
                    facts={"lot": row["lot"]},
                )  # fmt: skip
                self._deeds.append(deed)

    def _when(self, done: FirmMonth) -> int:
        firm, fates = done.firm, done.firm.fates
        name = firm.plan.id
        if name not in self._late_by_habit:
            self._late_by_habit[name] = fates.chance(LATE_BY_HABIT_FIRMS)
        days = fates.integer(1, DUE_DAY - 2)
        if firm.habits.filing_day:
            # About its day: one before to one after, and before the tenth.
            days = min(DUE_DAY - 2, firm.habits.filing_day - 1 + days % 3)
        if fates.chance(LATE_BY_HABIT if self._late_by_habit[name] else LATE):
            days = DUE_DAY - 1 + int(MOST_DAYS_LATE * fates.uniform() * fates.uniform())
        minute = (done.month.last + 1 + days) * DAY + fates.integer(8 * 60, 18 * 60 + 59)
        if done.minutes_late:
            minute = max(minute, (done.month.last + DUE_DAY) * DAY + done.minutes_late)
        earlier = [self._last[other] for other in (name, *done.waits_for) if other in self._last]
        return max([minute, *(other + 45 for other in earlier)])


def _exhaust(filings: Iterator[Filing]) -> None:
    for _ in filings:
        pass


class _Usual:
    """Masses of one firm, kind and product, counted by powers of two: their median is known within a factor of two."""

    __slots__ = ("_counts", "_least", "_seen")

    def __init__(self) -> None:
        self._counts = [0] * 64
        self._least, self._seen = 63, 0

    def is_far_below(self, grams: int) -> bool:
        """True when at least five earlier masses have a median so far below this one; counts it."""
        power = grams.bit_length()
        # The median is no less than the least mass, which clears almost every row at once.
        far = self._seen >= 5 and grams > UNUSUAL << max(0, self._least - 1) and grams > UNUSUAL * self._median_floor()
        self._counts[power] += 1
        self._least, self._seen = min(self._least, power), self._seen + 1
        return far

    def _median_floor(self) -> int:
        seen = 0
        for power, count in enumerate(self._counts):
            seen += count
            if seen * 2 >= self._seen:
                return 1 << max(0, power - 1)
        return 1


class _Desk:
    """One firm's paper for one month."""

    def __init__(self, done: FirmMonth, filed_at: int, deeds: list[Deed]) -> None:
        self._done, self._deeds, self.filed_at = done, deeds, filed_at
        self._firm: Firm = done.firm
        self._fates: Stream = done.firm.fates
        self._period, self._count = done.month.period, 0
        #: Rows as they should be, by the identity of the wrong ones.
        self._right: dict[int, Row] = {}

    def filings(self) -> Iterator[Filing]:
        due = (self._done.month.last + DUE_DAY) * DAY
        rows, corrected = self._amended()
        slip = False
        fate = self._fates.uniform()
        places = bool(self._industrys(rows))
        if places and fate < TYPING_ERRORS:
            yield self._filing(self._mistyped(rows))
            self._later(20, 2 * DAY)
        elif places and fate < TYPING_ERRORS + SLIPS_REFUSED:
            slipped = self._slipped(rows, _draws_what_it_holds, "unit-slip-refused")
            if slipped:
                yield self._filing(slipped[0])
                self._later(20, 2 * DAY)
        elif places and fate < TYPING_ERRORS + SLIPS_REFUSED + SLIPS_ACCEPTED:
            slipped = self._slipped(rows, lambda row: row["kind"] == "receipt", "unit-slip-corrected")
            if slipped:
                slip = True
                rows, restated = slipped
                events = {row["event"] for row in restated}
                corrected = [row for row in corrected if row["event"] not in events] + [
                    self._right.get(id(row), row) for row in restated
                ]
        if self.filed_at >= due and not self._done.minutes_late:
            self._note("late", "", {"filed_at": moment(self.filed_at), "due": moment(due)})
        if not rows:
            self._note("nil-return", "", {})
        first = self._filing(rows)
        yield first
        if self._done.found_later:
            self._later(3 * DAY, 15 * DAY)
            yield self._filing(self._done.found_later)
        if slip:
            self._later(2 * DAY, 18 * DAY)
        elif corrected:
            self.filed_at += self._done.corrected_after
        if corrected:
            yield self._filing(corrected, corrects=first.path)

    def _amended(self) -> tuple[list[Row], list[Row]]:
        """(the rows with what is filed wrong at first, the rows of those events as they should be)."""
        wrong = {id(change.row): {**change.row, change.column: change.wrong} for change in self._done.amendments}
        if not wrong:
            return self._done.rows, []
        rows = [wrong.get(id(row), row) for row in self._done.rows]
        self._right = {id(wrong[id(row)]): row for row in self._done.rows if id(row) in wrong}
        events = {change.row["event"] for change in self._done.amendments}
        return rows, [row for row in self._done.rows if row["event"] in events]

    def _industrys(self, rows: list[Row]) -> list[int]:
        """Places of the rows that an act of the industry is behind: mistakes happen to them."""
        added = self._done.added
        return [place for place, row in enumerate(rows) if id(row) not in added and id(row) not in self._right]

    def _filing(self, rows: list[Row], corrects: str = "") -> Filing:
        self._count += 1
        suffix = f"-{self._count}" if self._count > 1 else ""
        organisation = self._firm.plan.id
        path = f"filings/{organisation}/{self._period}{suffix}.csv"
        return Filing(
            organisation=organisation, period=self._period, path=path, filed_at=self.filed_at, corrects=corrects,
            rows=rows,
        )  # fmt: skip

    def _later(self, least: int, most: int) -> None:
        self.filed_at += self._fates.integer(least, most)

    def _note(self, kind: str, event: str, facts: dict[str, str]) -> None:
        organisation = self._firm.plan.id
        self._deeds.append(Deed(kind=kind, organisation=organisation, period=self._period, event=event, facts=facts))

    def _mistyped(self, rows: list[Row]) -> list[Row]:
        """The rows with one cell that cannot be right."""
        places = self._industrys(rows)
        place = places[self._fates.integer(0, len(places) - 1)]
        row = {**rows[place]}
        mass = "mass_t" if "mass_t" in row else "mass_kg"
        column, wrong = self._fates.choose(
            (
                ("site", row.get("site", row["event"]).replace("-0", "-", 1)),
                (mass, f"{row[mass]} kg"),
                (mass, row[mass].replace("1", "l") + "O"),
                ("on", row["on"][:8] + "32"),
                ("kind", row["kind"][:-1]),
            )
        )
        facts = {"row": str(place + 2), "column": column, "filed": wrong, "right": row.get(column, "")}
        self._note("typing-error-refused", row["event"], facts)
        row[column] = wrong
        return [*rows[:place], row, *rows[place + 1 :]]

    def _slipped(self, rows: list[Row], suits: Callable[[Row], bool], kind: str) -> tuple[list[Row], list[Row]] | None:
        """(rows with one mass a thousand times too large, the rows of that event as they should be)."""
        candidates = [place for place in self._industrys(rows) if suits(rows[place])]
        if not candidates:
            return None
        place = self._fates.choose(candidates)
        right = rows[place]
        mass = "mass_t" if "mass_t" in right else "mass_kg"
        wrong = {**right, mass: f"{Decimal(right[mass]) * SLIP:f}"}
        facts = {"row": str(place + 2), "column": mass, "filed": wrong[mass], "right": right[mass], "lot": right["lot"]}
        self._note(kind, right["event"], facts)
        event = [row for row in rows if row["event"] == right["event"]]
        return [*rows[:place], wrong, *rows[place + 1 :]], event


def _draws_what_it_holds(row: Row) -> bool:
    """True for rows that a thousandfold mass takes beyond any holding."""
    return (row["kind"] in ("shipment", "export", "loss") or row.get("role") == "in") and "reason" not in row


def moment(minute: int) -> str:
    """ISO 8601 with the offset of Asia/Shanghai."""
    day, rest = divmod(minute, DAY)
    return f"{date.fromordinal(day).isoformat()}T{rest // 60:02d}:{rest % 60:02d}:00+08:00"


def sheet(rows: list[Row]) -> str:
    """The CSV text of a filing: the columns that any row fills, in the order of the format."""
    if not rows:
        return ",".join(NIL) + "\n"
    used: set[str] = set()
    for row in rows:
        used.update(row)
    columns = [column for column in COLUMNS if column in used]
    assert len(columns) == len(used), f"unknown columns {used.difference(COLUMNS)}"
    lines = [",".join(columns)]
    for row in rows:
        get = row.get
        line = ",".join([get(column, "") for column in columns])
        if line.count(",") >= len(columns):
            line = ",".join([quoted(get(column, "")) for column in columns])
        lines.append(line)
    lines.append("")
    return "\n".join(lines)


def quoted(cell: str) -> str:
    """A cell as RFC 4180 wants it."""
    return '"' + cell.replace('"', '""') + '"' if "," in cell or '"' in cell else cell
