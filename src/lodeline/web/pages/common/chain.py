"""The flow along the chain in a month, as a drawing and as the tables behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from lodeline.language import bilingual, text
from lodeline.web.drawing.number import Unit
from lodeline.web.drawing.sankey import Column as Stage
from lodeline.web.drawing.sankey import Link, Node, NodeKind, Sankey, draw_sankey
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common.filters import carried
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.words import Tone

#: Where a stage stands from left to right; recycling makes what separation makes.
_COLUMNS: Final[Mapping[str, int]] = {
    "mine": 1, "separation": 2, "recycling": 2, "metal": 3, "alloy": 4, "magnet": 5, "mixed": 4,
}  # fmt: skip
_LAST: Final = 6
#: Countries with a mark of their own; the others share one.
_COUNTRIES_NAMED: Final = 7
#: Height in pixels of the drawing's body: a chain of a flow or two is one broad band, which says no more when large.
_BODY: Final = 360.0
_BODY_OF_FEW: Final = 110.0
_FEW_FLOWS: Final = 3
#: Order of the stages in a table.
_ORDER: Final = (*_COLUMNS, "trade")


def draw_chain(visit: Visit, flows: pl.DataFrame, unexplained: pl.DataFrame, *, element: str, period: str) -> Markup:
    """The Sankey of one element in one month (rows of `overview.overview.chain`), with what does not close drawn in."""
    largest = max([0, *flows["mass_mg"]])
    if not largest:
        return Markup("")
    leads = _Leads(visit=visit, element=element, period=period)
    builder = _Builder(visit, _named_countries(flows), leads)
    for source, target, mass_mg in flows.select("from", "to", "mass_mg").sort("from", "to").iter_rows():
        builder.add(source, target, mass_mg)
    sums = unexplained.group_by("side", "stage").agg(
        pl.col("muf_mg").sum().abs(), (pl.col("sigma_mg") ** 2).sum().sqrt()
    )
    for side, stage, mass_mg, sigma_mg in sums.sort("stage", "side").iter_rows():
        builder.add_unexplained(side, stage, mass_mg, sigma_mg)
    month = written.month(period, visit.language)
    return draw_sankey(
        Sankey(
            name=visit.text(
                "Flow of {element} in {month}",
                element=bilingual(words.element(element, "en"), words.element(element, "zh")),
                month=month,
            ),
            columns=builder.columns(),
            nodes=tuple(builder.nodes.values()),
            links=tuple(
                Link(source=source, target=target, mass_mg=mass_mg, href=builder.hrefs[source, target])
                for (source, target), mass_mg in builder.links.items()
            ),
            unit=_unit(largest, list(sums["muf_mg"]), visit),
            description=visit.text("Ribbon width is mass. The table below has every number."),
        ),
        body=_BODY_OF_FEW if len(builder.links) < _FEW_FLOWS else _BODY,
    )


def _unit(largest_mg: int, unexplained_mg: list[int], visit: Visit) -> Unit:
    """The unit of the drawing, with a decimal more where what does not close would round to a single figure."""
    unit = written.unit(largest_mg, visit.language)
    small = any(mass_mg < 9.5 * unit.mg for mass_mg in unexplained_mg)
    return replace(unit, decimals=max(unit.decimals, 1)) if small else unit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leads:
    """Where the marks and ribbons of a month lead: the rows behind them, narrowed as the drawing is."""

    visit: Visit
    element: str
    period: str

    def _to(self, page: str, **more: str | None) -> str | None:
        return carried(self.visit, page, {"element": self.element, "period": self.period, **more})

    def of_stage(self, stage: str | None) -> str | None:
        """The balances of its sites."""
        return self._to("balances", stage=stage)

    def of_flow(self, source: str, target: str) -> str | None:
        """What a stage sent on, to customers at home or abroad; of what came in, or was lost, the balances of the
        stage."""
        stage = source if source in _COLUMNS else None
        if target.startswith("abroad:"):
            code = target.partition(":")[2]
            return self._to("where", stage=stage, country=code if code != "?" else None)
        if target == "use":
            return self._to("where", stage=stage, way="sale")
        if stage is not None and target in _COLUMNS:
            return self._to("where", stage=stage, way="delivery")
        return self.of_stage(target if target in _COLUMNS else stage)

    def of_others(self) -> str | None:
        """What went to countries without a mark of their own."""
        return self._to("where", by="country")


@dataclass(slots=True)
class _Builder:
    """Collects marks and ribbons; an end that is both left and comes back to is one mark."""

    visit: Visit
    named: frozenset[str]
    leads: _Leads
    nodes: dict[str, Node]
    links: dict[tuple[str, str], int]
    hrefs: dict[tuple[str, str], str | None]

    def __init__(self, visit: Visit, named: frozenset[str], leads: _Leads) -> None:
        self.visit, self.named, self.leads, self.nodes, self.links, self.hrefs = visit, named, leads, {}, {}, {}

    def add(self, source: str, target: str, mass_mg: int) -> None:
        key = (self._source(source), self._target(target))
        self.links[key] = self.links.get(key, 0) + mass_mg
        others = key[1] == "to:abroad:others"
        self.hrefs[key] = self.leads.of_others() if others else self.leads.of_flow(source, target)

    def add_unexplained(self, side: int, stage: str, mass_mg: int, sigma_mg: float) -> None:
        if stage not in _COLUMNS:
            return  # traders have no mark: the tables tell of them
        at = self._stage(stage)
        kind: NodeKind = "gain" if side < 0 else "loss"
        label = self.visit.text("Gain") if side < 0 else self.visit.text("Loss", context="chain")
        key = f"{kind}:{stage}"
        self.nodes[key] = Node(key=key, column=0, label=label, kind=kind, sigma_mg=round(sigma_mg))
        ends = (key, at) if side < 0 else (at, key)
        self.links[ends], self.hrefs[ends] = mass_mg, self.leads.of_stage(stage)

    def columns(self) -> tuple[Stage, ...]:
        """The heads; a stage says how much passes through it."""
        heads = [self.visit.text("Where from")]
        heads += [
            words.word(words.STAGES, stage, self.visit.language)
            for stage in ("mine", "separation", "metal", "alloy", "magnet")
        ]
        heads.append(self.visit.text("Where to"))
        return tuple(
            Stage(label=label, mass_mg=self._through(at) if 0 < at < _LAST else None) for at, label in enumerate(heads)
        )

    def _through(self, column: int) -> int:
        keys = [node.key for node in self.nodes.values() if node.column == column and node.kind not in ("gain", "loss")]
        entering = {key: sum(mass for (_, target), mass in self.links.items() if target == key) for key in keys}
        leaving = {key: sum(mass for (source, _), mass in self.links.items() if source == key) for key in keys}
        return sum(max(entering[key], leaving[key]) for key in keys)

    def _put(
        self, key: str, column: int, label: str, kind: NodeKind = "flow", group: str | None = None,
        *, href: str | None = None,
    ) -> str:  # fmt: skip
        self.nodes.setdefault(key, Node(key=key, column=column, label=label, kind=kind, group=group, href=href))
        return key

    def _stage(self, stage: str) -> str:
        kind: NodeKind = "recycled" if stage == "recycling" else "flow"
        word = words.word(words.STAGES, stage, self.visit.language)
        return self._put(stage, _COLUMNS[stage], word, kind, href=self.leads.of_stage(stage))

    def _source(self, end: str) -> str:
        if end in _COLUMNS:
            return self._stage(end)
        kind: NodeKind = "recycled" if end == "origin:secondary" else "flow"
        return self._put(f"from:{end}", 0, end_name(self.visit, end), kind)

    def _target(self, end: str) -> str:
        if end in _COLUMNS:
            return self._stage(end)
        at_home, exported = self.visit.text("At home"), self.visit.text("Exported", context="chain")
        if end.startswith("abroad:"):
            key = end if end in self.named else "abroad:others"
            label = end_name(self.visit, end) if end in self.named else self.visit.text("Others")
            href = self.leads.of_flow("", end) if end in self.named else self.leads.of_others()
            return self._put(f"to:{key}", _LAST, label, "abroad", exported, href=href)
        kind: NodeKind = "use" if end == "use" else "flow"
        return self._put(f"to:{end}", _LAST, end_name(self.visit, end), kind, at_home, href=self.leads.of_flow("", end))


def end_name(visit: Visit, end: str) -> str:
    """What an end of the flow is called: a stage, an origin, a country, use, loss."""
    kind, _, rest = end.partition(":")
    if kind == "origin":
        return words.word(words.ORIGINS, rest, visit.language)
    if kind == "abroad" and rest != "?":
        return words.country(rest, visit.language)
    if end == "loss":
        return visit.text("Lost, residue")
    if end == "use":
        return visit.text("Used", context="chain")
    return visit.text("Not known") if end in ("?", "abroad:?") else words.word(words.STAGES, end, visit.language)


def _named_countries(flows: pl.DataFrame) -> frozenset[str]:
    abroad = flows.filter(pl.col("to").str.starts_with("abroad:")).group_by("to").agg(pl.col("mass_mg").sum())
    largest = abroad.sort("mass_mg", "to", descending=[True, False])["to"].to_list()
    # A single one left over is better named than called "others".
    return frozenset(largest if len(largest) <= _COUNTRIES_NAMED + 1 else largest[:_COUNTRIES_NAMED])


def chain_table(visit: Visit, flows: pl.DataFrame, *, element: str, period: str) -> Table:
    """Every ribbon of the drawing as a row."""
    month, leads = written.month(period, visit.language), _Leads(visit=visit, element=element, period=period)
    rows = [
        (
            Cell(text=end_name(visit, source), value=source),
            Cell(text=end_name(visit, target), value=target),
            Cell(
                text=written.mass(mass_mg, visit.language),
                value=mass_mg / written.MG_PER_KG,
                href=leads.of_flow(source, target),
            ),
        )
        for source, target, mass_mg in flows.sort("mass_mg", descending=True)
        .select("from", "to", "mass_mg")
        .iter_rows()
    ]
    return Table(
        name="chain",
        caption=visit.text(
            "Flow of {element} in {month}",
            element=bilingual(words.element(element, "en"), words.element(element, "zh")),
            month=month,
        ),
        columns=(
            Column(key="from", label=text("From", context="chain")),
            Column(key="to", label=text("To", context="chain")),
            Column(key="mass", label=text("Mass", context="chain"), number=True, unit="kg"),
        ),
        rows=rows,
        empty=visit.text("Nothing moved along the chain in this month."),
    )


#: Keys of the stage table's masses and their heads.
_MASSES: Final = (
    ("opening", text("Opening")),
    ("origin", text("New")),
    ("in", text("Received", context="chain")),
    ("out", text("Sent", context="chain")),
    ("export", text("Exported", context="chain")),
    ("loss", text("Lost", context="chain")),
    ("closing", text("Closing")),
    ("difference", text("Difference", context="chain")),
)


def stage_unit(visit: Visit, stages: pl.DataFrame) -> Unit:
    """The unit of every number in the stage table."""
    masses = [f"{key}_mg" for key, _ in _MASSES]
    return written.unit(
        max([0, *(abs(value) for row in stages.select(masses).iter_rows() for value in row)]), visit.language
    )


def stage_table(
    visit: Visit, stages: pl.DataFrame, unexplained: pl.DataFrame, *, period: str, element: str | None = None
) -> Table:
    """What each stage held, moved and cannot explain (rows of `service.overview.overview.by_stage`)."""
    unit = stage_unit(visit, stages)
    order = {stage: place for place, stage in enumerate(_ORDER)}
    rows = []
    for row in sorted(stages.iter_rows(named=True), key=lambda one: order.get(one["stage"], len(order))):
        href = carried(visit, "balances", {"element": element, "period": period, "stage": row["stage"]})
        cells = [Cell(text=words.word(words.STAGES, row["stage"], visit.language), value=row["stage"], href=href)]
        cells.append(Cell(text=f"{written.count(row['tested'])} / {written.count(row['sites'])}", value=row["tested"]))
        for key, _ in _MASSES:
            mass_mg = row[f"{key}_mg"]
            wording = unit.bare(mass_mg, signed=key == "difference") if mass_mg else written.NOTHING
            cells.append(Cell(text=wording, value=mass_mg / written.MG_PER_KG))
        cells.append(_verdict(visit, row, unexplained.filter(pl.col("stage") == row["stage"])))
        rows.append(tuple(cells))
    return Table(
        name="stages",
        caption=visit.text(
            "Stage by stage, {month}", month=bilingual(written.month(period, "en"), written.month(period, "zh"))
        ),
        columns=(
            Column(key="stage", label=text("Stage")),
            Column(key="tested", label=text("Tested"), number=True),
            *(Column(key=key, label=label, number=True, unit="kg") for key, label in _MASSES),
            Column(key="verdict", label=text("Beyond measurement"), number=True, unit="kg"),
        ),
        rows=rows,
        empty=visit.text("No site has a balance in this month."),
    )


def _verdict(visit: Visit, row: Mapping[str, object], alarms: pl.DataFrame) -> Cell:
    """The unexplained mass of a stage, or that its tested balances close."""
    if not row["tested"]:
        return Cell(text=visit.text("not tested"), value=None, tone="quiet")
    if not alarms.height:
        return Cell(text=visit.text("closes"), value=0, shape="tick", tone="quiet")
    mass_mg, sigma_mg = total(alarms)
    tone: Tone = "gain" if mass_mg < 0 else "loss"
    text = written.mass_with_sigma(abs(mass_mg), sigma_mg, visit.language)
    return Cell(text=text, value=mass_mg / written.MG_PER_KG, shape="up" if mass_mg < 0 else "down", tone=tone)


def total(unexplained: pl.DataFrame) -> tuple[int, float]:
    """Inventory difference of these balances together, and its σ: sites err independently."""
    mass_mg, variance = unexplained.select(pl.col("muf_mg").sum(), (pl.col("sigma_mg") ** 2).sum()).row(0)
    return int(mass_mg), float(variance) ** 0.5
