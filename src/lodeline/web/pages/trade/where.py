"""Where it goes: who got an element, and who stands between. The headline is the answer."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import HttpResponse

from lodeline.language import bilingual
from lodeline.service.trade.where import NONE, summed
from lodeline.web.pages.common import asked
from lodeline.web.pages.trade.narrowing import BY, TO, Narrowing, narrowing
from lodeline.web.pages.trade.tables import rows_table, sums_table, ways
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Countries or customers that the headline counts together or names.
_NAMED = 3
#: What goods at home are told apart by: they have no licence, no stated use, and one country.
_AT_HOME = ("customer", "product", "firm", "rows")


#: What the page is not narrowed by any more where all is shown.
_LET_GO = ("by", "way", "organisation", "product", "stage", "region", "sort", "where.page")


#: An order and a page of a table that is not shown any more.
_TURNED: dict[str, Any] = {"sort": None, "where.page": None}


def where(visit: Visit) -> HttpResponse:
    """The page `where/`: `?by=`, `?way=` and what it is narrowed to; `by=rows` gives the lines of the ledger."""
    months = asked.months(visit)
    if months is None:
        title = visit.text("Nobody has filed yet")
        return show(visit, "lodeline/common/overview_empty.html", title=title)
    scene = narrowing(visit, months)
    table = rows_table(scene) if scene.by == "rows" else sums_table(scene)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    answer = _Answer(scene)
    return show(
        visit,
        "lodeline/trade/where.html",
        title=answer.headline,
        lede=[part for part in (answer.before, answer.between, answer.open) if part],
        kick=_kick(scene),
        filters=scene.line,
        ways=_ways(scene),
        tabs=_tabs(scene),
        table=shown(visit, table),
        is_rows=scene.by == "rows",
        about=_about(scene),
        merged=scene.merged and {"before": scene.merged, "name": scene.named("customer", scene.own["customer"])},
        every=visit.here(**dict.fromkeys((*_LET_GO, *scene.own))) if _is_narrowed(scene) else None,
    )


def _is_narrowed(scene: Narrowing) -> bool:
    line = scene.line
    return bool(scene.own) or any((line.organisation, line.product, line.stage, line.region))


def _kick(scene: Narrowing) -> list[str]:
    """What the page is narrowed to beside element and months, in words."""
    visit, line = scene.visit, scene.line
    parts = [scene.named(name, value) for name, value in scene.own.items()]
    parts += [] if line.product is None else [scene.named("product", line.product)]
    parts += [] if line.stage is None else [words.word(words.STAGES, line.stage, visit.language)]
    parts += [] if line.region is None else [words.region(line.region, visit.language)]
    firm = line.organisation
    parts += [] if firm is None else [visit.text("sent by {named}", named=scene.named("firm", firm))]
    return parts


def _about(scene: Narrowing) -> dict[str, str] | None:
    """The page of the customer, or of the licence, that it is narrowed to."""
    visit, customer, licence = scene.visit, scene.own.get("customer"), scene.own.get("licence")
    if customer is not None and customer in scene.names:
        href = visit.opens("organisation", organisation=customer)
        return (href and {"text": scene.named("customer", customer), "href": href}) or None
    if customer is not None and customer != NONE:
        href = visit.opens("party-name", query={"name": customer})
        return (href and {"text": visit.text("Who is {customer}?", customer=customer), "href": href}) or None
    if licence is not None and licence != NONE:
        href = visit.opens("licence", licence=licence)
        return (href and {"text": licence, "href": href}) or None
    return None


def _ways(scene: Narrowing) -> list[Tab]:
    visit, found = scene.visit, ways(scene)
    return [
        Tab(
            label=visit.localized(TO[way]),
            here=way == scene.way,
            count=written.mass(mass_mg, visit.language),
            href=visit.here(**_TURNED, by=None, way=None if way == "abroad" else way),
        )
        for way, mass_mg in found
        if mass_mg or way == scene.way
    ]


def _tabs(scene: Narrowing) -> list[Tab]:
    visit = scene.visit
    return [
        Tab(
            label=visit.localized(BY[name]),
            href=visit.here(**_TURNED | {"by": name}),
            here=name == scene.by,
        )
        for name in BY
        if scene.way == "abroad" or name in _AT_HOME or name == scene.by
    ]


class _Answer:
    """The answer in words."""

    def __init__(self, scene: Narrowing) -> None:
        self.scene, self.visit, self.language = scene, scene.visit, scene.visit.language
        (self.mass_mg, self.exact_mg, self.open_mg), self.before_mg = (
            summed(scene.now, scene.element).row(0),
            summed(scene.earlier, scene.element).row(0)[0],
        )

    def _name(self, language: Any) -> str:
        return words.element(self.scene.element, language)

    def _share(self, mass_mg: int) -> str:
        return written.percent(mass_mg / self.mass_mg, self.language, 0)

    @property
    def _when(self) -> tuple[str, str]:
        """In 2025, 2025年; from March to August 2025."""
        en, zh = written.span(self.scene.span, "en"), written.span(self.scene.span, "zh")
        return (f"from {en}" if ".." in str(self.scene.span) else f"in {en}"), zh

    @property
    def headline(self) -> str:
        """Who got how much of it when; by how many; how much of the figure is exact."""
        visit, scene = self.visit, self.scene
        (when_en, when_zh), mass = self._when, written.mass(self.mass_mg, self.language)
        country, customer = scene.own.get("country"), scene.own.get("customer")
        who = (customer and scene.named("customer", customer)) or (country and scene.named("country", country))
        name_en, name_zh = self._name("en"), self._name("zh")
        if not self.mass_mg:
            return self._nothing(who or "")
        if who:
            return visit.text(
                "{who} received {mass} of {name} {when}",
                who=who,
                mass=mass,
                name=bilingual(name_en, name_zh),
                when=bilingual(when_en, when_zh),
            ) + (self._parts)
        told = {
            "abroad": (f"{mass} of {name_en} left the country {when_en}", f"{when_zh}{name_zh}出境{mass}"),
            "sale": (
                f"{mass} of {name_en} went to end customers at home {when_en}",
                f"{when_zh}国内最终客户收到{name_zh}{mass}",
            ),
            "delivery": (
                f"Firms at home delivered {mass} of {name_en} to one another {when_en}",
                f"{when_zh}国内企业之间交付{name_zh}{mass}",
            ),
            "unknown": (
                f"{mass} of {name_en} went to names that nobody has settled {when_en}",
                f"{when_zh}发往待归并名称的{name_zh}为{mass}",
            ),
        }
        return visit.localized(bilingual(*told[scene.way])) + self._parts

    def _nothing(self, who: str) -> str:
        (when_en, when_zh), name_en, name_zh = self._when, self._name("en"), self._name("zh")
        if who:
            return self.visit.text(
                "{who} received no {name} {when}",
                who=who,
                name=bilingual(name_en, name_zh),
                when=bilingual(when_en, when_zh),
            )
        to = self.scene.visit.localized(TO[self.scene.way])
        return self.visit.text(
            "{to}: no {name} {when}", to=to, name=bilingual(name_en, name_zh), when=bilingual(when_en, when_zh)
        )

    @property
    def _parts(self) -> str:
        """By whom most of it was received, and how much of it is exact: the rest of the headline."""
        visit, scene = self.visit, self.scene
        parts = visit.text("; ", context="trade, where, parts 1")
        if scene.own.get("customer") is None:
            by_country = scene.way == "abroad" and scene.own.get("country") is None
            parts += self._by_country() if by_country else self._by_customer()
            parts += visit.text("; ", context="trade, where, parts 2")
        if self.exact_mg == self.mass_mg:
            return parts + visit.text("all of it on own assays")
        exact = self._share(self.exact_mg)
        return parts + visit.text("{exact} of it on own assays", exact=exact)

    def _by_country(self) -> str:
        rows = summed(self.scene.now, self.scene.element, "country").head(_NAMED)
        parts = [
            self.visit.text("{share} to {named}", share=self._share(mass_mg), named=self.scene.named("country", code))
            for code, mass_mg in rows.select("country", "mass_mg").iter_rows()
        ]
        return self.visit.text(", ", context="trade, where").join(parts)

    def _by_customer(self) -> str:
        rows = summed(self.scene.now, self.scene.element, "party").filter(pl.col("mass_mg") > 0)
        if rows.height <= _NAMED:
            few = rows.height
            return self.visit.text("{few} customers", few=few) if few > 1 else self.visit.text("one customer", few=few)
        share = self._share(int(rows["mass_mg"].head(_NAMED).sum()))
        n = written.count(rows.height)
        return self.visit.text("{share} by three of {n} customers", share=share, n=n)

    @property
    def before(self) -> dict[str, str]:
        """The period before, which leads to it."""
        visit, before = self.visit, self.scene.before
        if before is None:
            first = self.scene.months.all[0]
            return {
                "text": visit.text(
                    "Nothing was filed before {month}.",
                    month=bilingual(written.month(first, "en"), written.month(first, "zh")),
                )
            }
        mass, change = written.mass(self.before_mg, self.language), self.mass_mg - self.before_mg
        span = bilingual(written.span(before, "en"), written.span(before, "zh"))
        since = "from" if ".." in str(before) else "in"
        more = written.mass(change, self.language, signed=True)
        share = written.percent(change / self.before_mg, self.language, 0, signed=True) if self.before_mg else ""
        told = (
            visit.text(
                "{mass} {since} {span}: {more}, {share}.",
                mass=mass,
                since=since,
                span=span,
                more=more,
                share=share,
            )
            if share
            else visit.text("{mass} {since} {span}: {more}.", mass=mass, since=since, span=span, more=more)
        )
        if before.first < self.scene.months.all[0]:
            first = self.scene.months.all[0]
            told += visit.text(
                " Of these months {month} is the first that was filed.",
                month=bilingual(written.month(first, "en"), written.month(first, "zh")),
            )
        return {"text": told, "href": visit.here(period=str(before), sort=None)}

    @property
    def between(self) -> dict[str, str] | None:
        """How many sent it, and how much of it traders, to whom it leads."""
        if not self.mass_mg or self.scene.line.organisation is not None or self.scene.line.stage is not None:
            return None
        senders = summed(self.scene.now, self.scene.element, "organisation", "site").filter(pl.col("mass_mg") > 0)
        stages = self.scene.visit.reading.snapshot.register.site_stage
        traders = senders.filter(pl.Series([stages.get(site) == "trade" for site in senders["site"]], dtype=pl.Boolean))
        n, of_traders = written.count(senders["organisation"].n_unique()), traders["organisation"].n_unique()
        href = self.visit.here(by="firm", sort=None)
        if not of_traders:
            return {
                "text": self.visit.text("{n} firms sent it, no trader.", n=n),
                "href": href,
            }
        share = self._share(int(traders["mass_mg"].sum()))
        return {
            "text": self.visit.text(
                "{n} firms sent it; {of_traders} traders among them stand between with {share}.",
                n=n,
                of_traders=of_traders,
                share=share,
            ),
            "href": self.visit.here(by="firm", stage="trade", sort=None),
        }

    @property
    def open(self) -> dict[str, str] | None:
        """Goods of which nobody knows what they hold; among the rows they come last."""
        if not self.open_mg:
            return None
        mass = written.mass(self.open_mg, self.language)
        told = self.visit.text("{mass} of goods in lots without a composition are not in it.", mass=mass)
        return {"text": told, "href": self.visit.here(by="rows", sort="where.mass")}
