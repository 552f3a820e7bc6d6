"""What crossed a border in a month: the sentence, the map, and the tables behind it.

A shade is what a country received, unless findings of the month say that the sites of a country sent out more than
they had: then it is that. The caption says which.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl
from django.utils.functional import cached_property

from lodeline.language import Text, bilingual, text
from lodeline.service.overview import overview as questions
from lodeline.web.drawing.svg import Markup
from lodeline.web.drawing.world_map import Arc, Country, WorldMap, centre_of, draw_world_map
from lodeline.web.pages.common.filters import carried
from lodeline.web.pages.overview.scene import Scene
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Flows that are drawn and, on a narrow screen, listed; the tables have all.
_LARGEST: Final = 20
#: Countries that the sentence names; the others it counts.
_NAMED: Final = 3
#: Columns of the table: what a country took in and sent out, and how that changed.
_MASSES: Final = (
    ("in", text("Received", context="overview")),
    ("in_change", text("Change", context="overview")),
    ("out", text("Sent", context="overview")),
    ("out_change", text("Change", context="overview")),
)


class Border:
    """What crossed a border in the scene's month, of its element."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.visit = scene, scene.visit
        chosen = (pl.col("element") == scene.element) & (pl.col("period") == scene.period)
        self.flows = scene.crossings.filter(chosen).sort("mass_mg", "from", "to", descending=[True, False, False])
        self.before, self.countries = questions.by_country(scene.crossings, element=scene.element, period=scene.period)
        self.unit = written.unit(max([0, *self.countries["in_mg"], *self.countries["out_mg"]]), self.visit.language)

    @cached_property
    def homes(self) -> pl.DataFrame:
        """`site`, `home`: where those who file have their sites."""
        return self.visit.reading.answer(questions.home, self.visit.reading.snapshot)

    @cached_property
    def home(self) -> str | None:
        """The country of all who file; None where they are of several."""
        found = self.homes["home"].drop_nulls().unique()
        return str(found[0]) if len(found) == 1 else None

    @cached_property
    def gaps(self) -> dict[str, int]:
        """Country → mg that its sites at least sent out beyond what they had; nothing where all are of one country."""
        if self.home is not None:
            return {}
        country = dict(self.homes.iter_rows())
        sums: dict[str, int] = {}
        for site, mass_mg in self.scene.bounds.items():
            code = country.get(site) or "?"
            sums[code] = sums.get(code, 0) + mass_mg
        return sums

    @cached_property
    def shades(self) -> dict[str, int]:
        """Country → mg that its shade stands for; less than a unit of the drawing is not shaded."""
        received = self.countries.filter(pl.col("country") != (self.home or "")).select("country", "in_mg")
        masses = self.gaps or dict(received.iter_rows())
        return {code: mass_mg for code, mass_mg in masses.items() if round(mass_mg / self.unit.mg, self.unit.decimals)}

    @property
    def extent(self) -> str:
        """The unit, and how much of what crossed is shown."""
        unit, symbol = self.unit.word, self.scene.element
        text = self.visit.text("In {unit} of {symbol}.", unit=unit, symbol=symbol)
        if self.flows.height > _LARGEST:
            text += self.visit.text(" The {largest} largest flows.", largest=_LARGEST)
        return text

    @property
    def legend(self) -> str:
        """What width and shade stand for."""
        text = self.visit.text
        if self.gaps:
            shade = text("sent out by sites beyond what they had and took in")
        elif self.home is not None:
            shade = text("received from {name}", name=self._name(self.home))
        else:
            shade = text("received from others")
        return text(" Arrow width is mass. Shade: {shade}.", shade=shade)

    @property
    def summary(self) -> str:
        """The answer in one or two sentences."""
        element = words.element(self.scene.element, self.visit.language)
        if not self.flows.height:
            return self.visit.text("No {element} crossed a border in this month.", element=element)
        return self._between_many() if self.home is None else self._in_and_out(self.home)

    def _between_many(self) -> str:
        """How much moved between countries, the largest flow, and who sent out more than it had."""
        language = self.visit.language
        element, count = words.element(self.scene.element, language), written.count(self.flows.height)
        mass, largest = written.mass(int(self.flows["mass_mg"].sum()), language), self.largest[0]
        text = self.visit.text(
            "{mass} of {element} crossed a border in {count} flows; the largest: {name}, {mass2}.",
            mass=mass,
            element=element,
            count=count,
            name=largest["name"],
            mass2=largest["mass"],
        )
        if not self.gaps:
            return text
        code, gap_mg = max(self.gaps.items(), key=lambda gap: (gap[1], gap[0]))
        count, gap, name = written.count(len(self.gaps)), written.mass(gap_mg, language), self._name(code)
        return text + self.visit.text(
            " Countries whose sites sent out more than they had and took in: {count}; the most: "
            "{name}, at least {gap}.",
            count=count,
            name=name,
            gap=gap,
        )

    def _in_and_out(self, home: str) -> str:
        """What came into the country of all who file, and what left it."""
        text, name = self.visit.text, self._name(home)
        element = words.element(self.scene.element, self.visit.language)
        came, left = self.flows.filter(pl.col("to") == home), self.flows.filter(pl.col("from") == home)
        mass_in, mass_out = (written.mass(int(rows["mass_mg"].sum()), self.visit.language) for rows in (came, left))
        inward = (
            text(
                "{mass_in} of {element} came into {name}: {shares}.",
                mass_in=mass_in,
                element=element,
                name=name,
                shares=self._shares(came, "from"),
            )
            if came.height
            else text("No {element} came into {name}.", element=element, name=name)
        )
        outward = (
            text(" {mass_out} left it: {shares}.", mass_out=mass_out, shares=self._shares(left, "to"))
            if left.height
            else text(" None left it.")
        )
        return inward + outward

    def _shares(self, rows: pl.DataFrame, end: str) -> str:
        """The countries at one end with their masses: the first by name, the others together."""
        language = self.visit.language
        # A single one left over is better named.
        named = rows.height if rows.height <= _NAMED + 1 else _NAMED
        parts = [
            f"{self._name(code)} {written.mass(mass_mg, language)}"
            for code, mass_mg in rows.select(end, "mass_mg").head(named).iter_rows()
        ]
        if rows.height > named:
            rest = written.mass(int(rows["mass_mg"][named:].sum()), language)
            others = written.count(rows.height - named)
            parts.append(self.visit.text("{others} others {rest}", others=others, rest=rest))
        return self.visit.text(", ", context="overview, border").join(parts)

    def _name(self, code: str) -> str:
        return self.visit.text("Not known") if code == "?" else words.country(code, self.visit.language)

    def _leads_to(self, source: str, target: str) -> str | None:
        """The rows of a flow: what firms sent there; of what came from abroad, the firms of the country."""
        if source == (self.home or source) and target != self.home:
            return self._where(target)
        country = None if source == "?" else source
        return self.visit.opens("organisations", query={"country": country}) if country else None

    def _shade_leads_to(self, country: str) -> str | None:
        """What was sent there; where the shade is what does not close, the questions about it."""
        if self.gaps:
            query = {"element": self.scene.element, "period": self.scene.period}
            return self.visit.opens("findings", query=query)
        return self._where(country)

    @property
    def largest(self) -> list[dict[str, str | None]]:
        """The largest flows: `name` (from → to), `mass`, `href`."""
        rows = self.flows.head(_LARGEST).select("from", "to", "mass_mg").iter_rows()
        return [
            {
                "name": f"{self._name(source)} → {self._name(target)}",
                "mass": written.mass(mass_mg, self.visit.language),
                "href": self._leads_to(source, target),
            }
            for source, target, mass_mg in rows
        ]

    @cached_property
    def drawing(self) -> Markup:
        """The map; nothing where nothing crossed a border."""
        if not self.flows.height:
            return Markup("")
        month = written.month(self.scene.period, self.visit.language)
        return draw_world_map(
            WorldMap(
                name=self.visit.text("Across the border, {month}", context="overview, border, drawing", month=month),
                unit=self.unit,
                legend=self.visit.text("Sent beyond what was there")
                if self.gaps
                else self.visit.text("Received", context="overview"),
                elsewhere=self.visit.text("Not on the map:"),
                countries=tuple(
                    Country(code=code, name=self._name(code), mass_mg=mass_mg, href=self._shade_leads_to(code))
                    for code, mass_mg in self.shades.items()
                ),
                arcs=self._arcs(),
                description=self.visit.text("The list below has every country."),
            )
        )

    def _arcs(self) -> tuple[Arc, ...]:
        arcs = []
        for source, target, mass_mg in self.flows.head(_LARGEST).select("from", "to", "mass_mg").iter_rows():
            start, end = centre_of(source), centre_of(target)
            if start is None or end is None:
                continue
            both = f"{self._name(source)} → {self._name(target)}"
            if self.home is None:
                label = both
            elif source == self.home:
                label = self.visit.text("to {name}", name=self._name(target))
            else:
                label = self.visit.text("from {name}", name=self._name(source))
            labelled_at: Literal["start", "end"] = "end" if source == self.home else "start"
            arcs.append(
                Arc(
                    name=both, start=start, end=end, mass_mg=mass_mg, label=label, labelled_at=labelled_at,
                    href=self._leads_to(source, target),
                )
            )  # fmt: skip
        return tuple(arcs)

    @property
    def unseen(self) -> str:
        """The flows among the largest that no arrow shows, since the outlines lack one of their ends."""
        rows = self.flows.head(_LARGEST).select("from", "to").rows()
        lacking = [one for one, ends in zip(self.largest, rows, strict=True) if None in map(centre_of, ends)]
        if not lacking:
            return ""
        names = self.visit.text("; ", context="overview").join(f"{one['name']} {one['mass']}" for one in lacking)
        return self.visit.text("Not drawn, for want of an outline: {names}.", names=names)

    def _where(self, code: str) -> str | None:
        """The page of who got it there; None where it is not told by customer."""
        if code in ("?", self.home):
            return None
        return carried(
            self.visit, "where", {"element": self.scene.element, "period": self.scene.period, "country": code}
        )

    @property
    def year(self) -> str:
        return self.scene.period[:4]

    @property
    def receivers(self) -> list[dict[str, str]]:
        """Where most of it went in the year so far, each leading to who got it there; the last to all of it."""
        element, year = self.scene.element, self.year
        received = self.countries.filter((pl.col("in_mg") > 0) & ~pl.col("country").is_in([self.home or "", "?"]))
        codes = received.sort("in_mg", "country", descending=[True, False])["country"].head(_NAMED)
        named = [(self._name(code), {"country": code}) for code in codes]
        every = [*named, (self.visit.text("everybody", context="overview"), {})]
        links = [(name, carried(self.visit, "where", {"element": element, "period": year, **at})) for name, at in every]
        return [{"name": name, "href": href} for name, href in links if href is not None]

    def table(self) -> Table:
        """What each country received and sent, and the change since the month before."""
        rows = []
        for row in self.countries.iter_rows(named=True):
            cells = [Cell(text=self._name(row["country"]), value=row["country"], href=self._where(row["country"]))]
            for key, _ in _MASSES:
                mass_mg = row[f"{key}_mg"]
                wording = self.unit.bare(mass_mg, signed=key.endswith("change")) if mass_mg else written.NOTHING
                cells.append(Cell(text=wording, value=None if mass_mg is None else mass_mg / written.MG_PER_KG))
            if self.gaps:
                gap_mg = self.gaps.get(row["country"], 0)
                wording = self.unit.bare(gap_mg) if gap_mg else written.NOTHING
                cells.append(Cell(text=wording, value=gap_mg / written.MG_PER_KG))
            rows.append(tuple(cells))
        month = written.month(self.scene.period, self.visit.language)
        gap = [Column(key="beyond", label=text("Sent beyond what was there"), number=True, unit="kg")]
        return Table(
            name="border",
            caption=self.visit.text("Across the border, {month}", context="overview, border, table", month=month),
            columns=(
                Column(key="country", label=text("Country or region")),
                *(Column(key=key, label=self._head(key, label), number=True, unit="kg") for key, label in _MASSES),
                *(gap if self.gaps else ()),
            ),
            rows=rows,
            empty=self.visit.text("Nothing crossed a border in this month."),
        )

    def _head(self, key: str, label: Text) -> Text:
        """A change names the month that it is a change from."""
        if not key.endswith("change") or self.before is None:
            return label
        return text(
            "Change since {month}", month=bilingual(written.month(self.before, "en"), written.month(self.before, "zh"))
        )
