"""What crossed a border in a month: the sentence, the map, and the tables behind it.

A shade is what a country received, unless the findings of the month say that countries sent out more than they had:
then it is that. The caption says which.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import polars as pl

from lodeline.service import overview as questions
from lodeline.web import format as written
from lodeline.web import words
from lodeline.web.drawing.number import Unit
from lodeline.web.drawing.svg import Markup
from lodeline.web.drawing.world_map import Arc, Country, WorldMap, centre_of, draw_world_map
from lodeline.web.language import Text, say
from lodeline.web.pages.scene import Scene
from lodeline.web.table import Cell, Column, Table

#: Flows that are drawn and, on a narrow screen, listed; the tables have all.
_LARGEST: Final = 20
#: Columns of the table: what a country took in and sent out, and how that changed.
_MASSES: Final = (
    ("in", say("Received", "收到")),
    ("in_change", say("Change", "变化")),
    ("out", say("Sent", "发出")),
    ("out_change", say("Change", "变化")),
)


class Border:
    """What crossed a border in the scene's month, of its element."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.visit = scene, scene.visit
        chosen = (pl.col("element") == scene.element) & (pl.col("period") == scene.period)
        self.flows = scene.crossings.filter(chosen).sort("mass_mg", "from", "to", descending=[True, False, False])
        self.before, self.countries = questions.by_country(scene.crossings, element=scene.element, period=scene.period)
        self.unit: Unit = written.unit(
            max([0, *self.countries["in_mg"], *self.countries["out_mg"]]), self.visit.language
        )

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
        """Country → mg that its shade stands for."""
        return self.gaps or {code: mass for code, mass in self.countries.select("country", "in_mg").rows() if mass}

    @property
    def caption(self) -> str:
        """The unit, and what width and shade stand for."""
        shade = (
            self.visit.say(
                "Shade: sent out beyond what was mined and received", "底色深浅：发出超出开采与收到之和的部分"
            )
            if self.gaps
            else self.visit.say("Shade: received from other countries", "底色深浅：从他国收到的质量")
        )
        many = self.visit.say(f" The {_LARGEST} largest flows.", f"仅画出最大的{_LARGEST}条。")
        return (
            self.visit.say(
                f"In {self.unit.word} of {self.scene.element}. ", f"单位：{self.unit.word}{self.scene.element}。"
            )
            + self.visit.say(f"Arrow width is mass. {shade}.", f"箭头宽度表示质量，{shade}。")
            + (many if self.flows.height > _LARGEST else "")
        )

    @property
    def summary(self) -> str:
        """The answer in one or two sentences."""
        say, language = self.visit.say, self.visit.language
        element = words.element(self.scene.element, language)
        if not self.flows.height:
            return say(f"No {element} crossed a border in this month.", f"本月没有{element}跨境。")
        if self.home is not None:
            return self._half(inward=True) + self._half(inward=False)
        source, target, mass_mg = self.flows.select("from", "to", "mass_mg").row(0)
        total = written.mass(int(self.flows["mass_mg"].sum()), language)
        count, largest = written.count(self.flows.height), written.mass(mass_mg, language)
        text = say(
            f"{total} of {element} crossed a border in {count} flows, most from {self._name(source)} to"
            f" {self._name(target)}: {largest}.",
            f"{element}跨境{total}，共{count}条流向，最大的是{self._name(source)}至{self._name(target)}：{largest}。",
        )
        if self.gaps:
            code, gap_mg = max(self.gaps.items(), key=lambda gap: (gap[1], gap[0]))
            gap, name = written.mass(gap_mg, language), self._name(code)
            text += say(
                f" {written.count(len(self.gaps))} countries sent out more than they mined and received, {name} the"
                f" most: at least {gap}.",
                f"{written.count(len(self.gaps))}个国家和地区发出的超出开采与收到之和，最多的是{name}：至少{gap}。",
            )
        return text

    def _half(self, *, inward: bool) -> str:
        """What came into the country of all who file, or what left it."""
        far, near = ("from", "to") if inward else ("to", "from")
        rows = self.flows.filter(pl.col(near) == self.home)
        home, element = self._name(self.home or ""), words.element(self.scene.element, self.visit.language)
        if not rows.height:
            return (
                self.visit.say(f"No {element} came into {home}. ", f"没有{element}进入{home}。")
                if inward
                else self.visit.say(f"No {element} left {home}.", f"没有{element}离开{home}。")
            )
        mass = written.mass(int(rows["mass_mg"].sum()), self.visit.language)
        most, count = self._name(rows[far][0]), rows.height
        if inward:
            of = f"{written.count(count)} countries, most from {most}" if count > 1 else most
            source_zh = f"{written.count(count)}个国家和地区，最多来自{most}" if count > 1 else most
            return self.visit.say(
                f"{mass} of {element} came into {home} from {of}. ", f"{mass}{element}进入{home}，来自{source_zh}。"
            )
        to = f"{written.count(count)} countries, most to {most}" if count > 1 else most
        target_zh = f"{written.count(count)}个国家和地区，最多运往{most}" if count > 1 else most
        return self.visit.say(f"{mass} of {element} left it for {to}.", f"{mass}{element}离开{home}，运往{target_zh}。")

    def _name(self, code: str) -> str:
        return self.visit.say("an unknown country", "不详") if code == "?" else words.country(code, self.visit.language)

    @property
    def largest(self) -> list[dict[str, str]]:
        """The largest flows: `name` (from → to) and `mass`."""
        rows = self.flows.head(_LARGEST).select("from", "to", "mass_mg").iter_rows()
        return [
            {
                "name": f"{self._name(source)} → {self._name(target)}",
                "mass": written.mass(mass_mg, self.visit.language),
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
                name=self.visit.say(f"Across the border, {month}", f"{month}跨境流向"),
                unit=self.unit,
                legend=self.visit.say("Sent beyond what it had", "超出来源的发出量")
                if self.gaps
                else self.visit.say("Received", "收到"),
                elsewhere=self.visit.say("Not on the map:", "图上未示："),
                countries=tuple(
                    Country(code=code, name=self._name(code), mass_mg=mass_mg) for code, mass_mg in self.shades.items()
                ),
                arcs=self._arcs(),
                description=self.visit.say("The list below has every country.", "下方列表含全部国家和地区。"),
            )
        )

    def _arcs(self) -> tuple[Arc, ...]:
        arcs = []
        for source, target, mass_mg in self.flows.head(_LARGEST).select("from", "to", "mass_mg").iter_rows():
            start, end = centre_of(source), centre_of(target)
            if start is None or end is None:
                continue
            both = f"{self._name(source)} → {self._name(target)}"
            label = both if self.home is None else self._name(target if source == self.home else source)
            arcs.append(
                Arc(
                    name=both, start=start, end=end, mass_mg=mass_mg, label=label,
                    told_at="end" if source == self.home else "start",
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
        names = self.visit.say("; ", "；").join(f"{one['name']} {one['mass']}" for one in lacking)
        return self.visit.say(
            f"Not drawn, for want of an outline: {names}.", f"底图缺少其轮廓、未画出的流向：{names}。"
        )

    def table(self) -> Table:
        """What each country received and sent, and the change since the month before."""
        rows = []
        for row in self.countries.iter_rows(named=True):
            cells = [Cell(text=self._name(row["country"]), value=row["country"])]
            for key, _ in _MASSES:
                mass_mg = row[f"{key}_mg"]
                text = self.unit.bare(mass_mg, signed=key.endswith("change")) if mass_mg else written.NOTHING
                cells.append(Cell(text=text, value=None if mass_mg is None else mass_mg / written.MG_PER_KG))
            if self.gaps:
                gap_mg = self.gaps.get(row["country"], 0)
                text = self.unit.bare(gap_mg) if gap_mg else written.NOTHING
                cells.append(Cell(text=text, value=gap_mg / written.MG_PER_KG))
            rows.append(tuple(cells))
        month = written.month(self.scene.period, self.visit.language)
        gap = [Column(key="beyond", label=say("Sent beyond what it had", "超出来源的发出量"), number=True, unit="kg")]
        return Table(
            name="border",
            caption=self.visit.say(f"Across the border, {month}", f"{month}跨境"),
            columns=(
                Column(key="country", label=say("Country", "国家和地区")),
                *(Column(key=key, label=self._head(key, label), number=True, unit="kg") for key, label in _MASSES),
                *(gap if self.gaps else ()),
            ),
            rows=rows,
            empty=self.visit.say("Nothing crossed a border in this month.", "本月没有跨境流动。"),
        )

    def _head(self, key: str, label: Text) -> Text:
        """A change names the month that it is a change from."""
        if not key.endswith("change") or self.before is None:
            return label
        return say(f"Change since {written.month(self.before, 'en')}", f"较{written.month(self.before, 'zh')}变化")
