"""A labelled world: plots and further natural dirt between what happened and what is filed, all of it written down.

A world that nobody asked to be labelled never comes here and stays what it was, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable

from lodeline.world.clerk import Row
from lodeline.world.feeds import Authorities, Paper
from lodeline.world.industry import Amendment, Deed, FirmMonth, Industry
from lodeline.world.paper import DAY
from lodeline.world.plan import MORE_DIRT
from lodeline.world.plant import Plant, loopholes
from lodeline.world.plots import plots_of
from lodeline.world.plots.feeds import FeedMismatch
from lodeline.world.scene import Cast, MonthBook, Scene
from lodeline.world.stream import Stream
from lodeline.world.tables import dirt_rate, table
from lodeline.world.visits.truth import TrueItem

#: A count that was made again differs from the first by this share, one sigma (assumption).
RECOUNTED = 0.004
#: A value that is stated before the accounts are closed is off by this share, one sigma (assumption).
VALUED = 0.02


class Labelled:
    """The plots of a world, month by month, and the truth about them."""

    def __init__(self, industry: Industry, plants: tuple[Plant, ...]) -> None:
        self._industry = industry
        self.scene = Scene(industry)
        self._plots = plots_of(plants, self.scene)
        self._streams: dict[str, Stream] = {}
        self._book: MonthBook | None = None

    @property
    def cast(self) -> Cast:
        """Organisations that plots brought, and what the registers say because of them."""
        return self.scene.cast

    def month(self, pages: list[FirmMonth]) -> list[FirmMonth]:
        """The month as it is to be filed, firms that plots brought last."""
        for page in pages:
            if not page.firm.silent:
                self._soil(page)
        book = MonthBook(self.scene, pages)
        for plot in self._plots:
            plot.month(book)
        self._book = book
        return list(book.pages.values())

    def there(self, month: int) -> Iterable[TrueItem]:
        """What plots have at the end of a month beside what the industry holds."""
        for plot in self._plots:
            yield from plot.there(month)

    def bend(self, papers: list[Paper], authorities: Authorities) -> None:
        """What plots do to the month's records of other authorities."""
        assert self._book is not None, "a month is filed before its records are bent"
        for plot in self._plots:
            if isinstance(plot, FeedMismatch):
                plot.bend(self._book, papers, authorities)

    def finish(self) -> None:
        """To be called once, after the last month and before the registers are written."""
        for plot in self._plots:
            plot.finish()

    def planted(self) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        """(what was planted, what found nothing to work on), as the truth file has it."""
        periods = [month.period for month in self.scene.months]
        rules = loopholes()
        plots = sorted(self._plots, key=lambda one: one.plant.number)
        planted = [
            plot.record.as_json(periods, rules[plot.plant.loophole]["unit"]) for plot in plots if plot.record.happened
        ]  # fmt: skip
        return planted, [plot.record.idle(periods) for plot in plots if not plot.record.happened]

    def natural(self, deeds: list[Deed]) -> list[Deed]:
        """The dirt of filings that were made: what a withheld month would have held is not in the dossier."""
        withheld = {
            key for plot in self._plots for key, change in plot.record.filings.items() if change == "withheld"
        }  # fmt: skip
        return [
            deed for deed in deeds
            if (deed.organisation, deed.period) not in withheld or deed.kind in ("yield-drift", "scale-recalibrated")
        ]  # fmt: skip

    def _soil(self, page: FirmMonth) -> None:
        """Names with a character left out, masses with digits exchanged, counts made again."""
        plan = page.firm.plan
        stream = self._streams.get(plan.id)
        if stream is None:
            stream = self._streams[plan.id] = Stream(self._industry.world.seed, MORE_DIRT, plan.place)
        fates = [stream.uniform() for _ in range(3)]
        if fates[0] < dirt_rate("name-mistyped"):
            self._mistype(page, stream)
        if fates[1] < dirt_rate("digits-exchanged-corrected"):
            self._exchange(page, stream)
        if fates[2] < dirt_rate("recount-corrected"):
            self._recount(page, stream)
        if page.firm.habits.corrects and not page.amendments and stream.chance(page.firm.profile.corrected_months):
            self._revalue(page, stream)

    def _note(self, page: FirmMonth, kind: str, row: Row, facts: dict[str, str]) -> None:
        self._industry.deeds.append(
            Deed(kind=kind, organisation=page.firm.plan.id, period=page.month.period, event=row["event"], facts=facts)
        )

    def _mistype(self, page: FirmMonth, stream: Stream) -> None:
        rows = [row for row in page.rows if row["kind"] in ("shipment", "receipt") and row.get("counterparty")]
        if not rows:
            return
        row = stream.choose(rows)
        right = row["counterparty_name"]
        place = stream.integer(1, len(right) - 1)
        row["counterparty_name"] = right[:place] + right[place + 1 :]
        self._note(page, "name-mistyped", row, {"filed": row["counterparty_name"], "right": right, "lot": row["lot"]})

    def _exchange(self, page: FirmMonth, stream: Stream) -> None:
        """Two neighbouring digits of a received mass, so that the mass filed first is the larger one."""
        candidates = []
        for row in page.rows:
            column = "mass_t" if "mass_t" in row else "mass_kg"
            if row["kind"] == "receipt":
                text = row[column]
                places = [
                    p for p in range(min(4, len(text) - 1)) if text[p : p + 2].isdigit() and text[p] < text[p + 1]
                ]
                candidates += [(row, column, place) for place in places]
        if not candidates:
            return
        row, column, place = stream.choose(candidates)
        right = row[column]
        wrong = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
        self._amend(page, stream, "digits-exchanged-corrected", Amendment(row=row, column=column, wrong=wrong))

    def _recount(self, page: FirmMonth, stream: Stream) -> None:
        rows = [row for row, _ in page.counted]
        if not rows:
            return
        row = stream.choose(rows)
        column = "mass_t" if "mass_t" in row else "mass_kg"
        wrong = f"{float(row[column]) * (1 + RECOUNTED * stream.normal()):.3f}"
        self._amend(page, stream, "recount-corrected", Amendment(row=row, column=column, wrong=wrong))

    def _revalue(self, page: FirmMonth, stream: Stream) -> None:
        """The value of a sale is put right when the accounts are closed."""
        rows = [row for row in page.rows if row["kind"] in ("shipment", "export") and row.get("value")]
        if rows:
            row = stream.choose(rows)
            wrong = f"{float(row['value']) * (1 + VALUED * stream.normal()):.2f}"
            self._amend(page, stream, "value-corrected", Amendment(row=row, column="value", wrong=wrong))

    def _amend(self, page: FirmMonth, stream: Stream, kind: str, change: Amendment) -> None:
        page.amendments.append(change)
        page.corrected_after = stream.integer(2 * DAY, 18 * DAY)
        facts = {
            "column": change.column, "filed": change.wrong, "right": change.row[change.column], "lot": change.row["lot"]
        }  # fmt: skip
        self._note(page, kind, change.row, facts)


def causes() -> dict[str, dict[str, str]]:
    """Kind of natural dirt → what it comes from, in English and Chinese."""
    return {row["kind"]: {"en": row["cause_en"], "zh": row["cause_zh"]} for row in table("dirt") if row["cause_en"]}
