"""The strip above what a firm has to do: what is left, how its sites balance; and what detectors see in its filings."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from lodeline.material.mass import format_kg
from lodeline.office.overview.home import Home
from lodeline.service.findings.finding import findings
from lodeline.service.licences.quotas import OwnQuota
from lodeline.web.drawing.bars import Sparkline, draw_sparkline
from lodeline.web.pages.balance.part import STATES, balances_of
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.reading import Reading
from lodeline.web.words import format as written
from lodeline.web.words import words

Tile = dict[str, object]

#: Balances of a site that its small chart goes back.
_MONTHS_CHARTED: Final = 12
#: The scale of the small chart: z of 3 is where a balance leaves what measurement allows.
_CHART_SIGMAS: Final = 4.0


def tiles(firm: Firm, found: Home) -> list[Tile]:
    """Quota and licences left, and what was sent and no buyer has confirmed."""
    quota = [_quota_tile(firm, row) for row in found.quota]
    licences = [_licences_tile(firm, found)] if found.licences else []
    sent = found.waiting.filter(pl.col("standing") == "unconfirmed")
    return [*quota, *licences, *([_sent_tile(firm, sent)] if sent.height else [])]


def _sent_tile(firm: Firm, sent: pl.DataFrame) -> Tile:
    visit = firm.visit
    late, oldest = sent.filter(pl.col("state") == "exception").height, max(sent["age_days"].to_list())
    sub = visit.text("oldest {oldest} days", oldest=oldest)
    if late:
        sub += visit.text(", {late} past both deadlines", late=late)
    return {
        "label": visit.text("Sent, not confirmed"), "figure": written.count(sent.height), "sub": sub,
        "trend": "", "shape": "down" if late else "", "tone": "loss",
        "href": firm.url("firm-transfers", query={"view": "sent"}),
    }  # fmt: skip


def _quota_tile(firm: Firm, row: OwnQuota) -> Tile:
    visit, language = firm.visit, firm.visit.language
    kind = words.word(words.QUOTA_KINDS, row.kind, language)
    ore = f" · {words.word(words.ORE_TYPES, row.ore_type, language)}" if row.ore_type else ""
    over = row.reo.overdrawn_mg
    if over:
        sub = visit.text("overdrawn by ") + written.mass(over, language)
    else:
        part = written.percent(row.reo.used_mg / row.reo.granted_mg if row.reo.granted_mg else None, language)
        granted = written.mass(row.reo.granted_mg, language)
        sub = visit.text("{part} of {granted} used", part=part, granted=granted)
    return {
        "label": visit.text("{kind} quota left{ore}", kind=kind, ore=ore), "small": "REO", "sub": sub, "trend": "",
        "figure": written.mass(row.reo.left_mg, language), "shape": "up" if over else "", "tone": "gain",
        "href": firm.url("firm-licences", query={"view": "quota"}),
    }  # fmt: skip


def _licences_tile(firm: Firm, found: Home) -> Tile:
    visit = firm.visit
    ends = [one.valid_to for one in found.licences if one.valid_to is not None]
    sub = visit.text("the first ends ") + written.day(min(ends), visit.language) if ends else ""
    return {
        "label": visit.text("Export licences in force"), "sub": sub, "trend": "",
        "figure": written.count(len(found.licences)), "href": firm.url("firm-licences"),
    }  # fmt: skip


def balances(firm: Firm) -> list[Tile]:
    """A tile for each own site: the balance that a finding speaks of, else the newest, with how z went."""
    visit, language = firm.visit, firm.visit.language
    own = firm.balances(balances_of(visit)).filter(pl.col("site").is_in(list(firm.sites)) & pl.col("z").is_not_null())
    made: list[Tile] = []
    for (site,), rows in own.sort("until").group_by("site", maintain_order=True):
        found = rows.filter(pl.col("finding").is_not_null())
        last = (
            found if found.height else rows.filter(pl.col("until") == rows["until"].max()).sort(pl.col("z").abs())
        ).row(-1, named=True)
        element = last["element"]
        charted = rows.filter(pl.col("element") == element)["z"].to_list()[-_MONTHS_CHARTED:]
        word, shape, tone = STATES[last["state"]]
        made.append(
            {
                "label": firm.sites[str(site)], "symbol": element,
                "figure": written.mass(last["muf_mg"], language, signed=True),
                "small": "± " + written.mass(last["sigma_mg"], language),
                "sub": f"{visit.localized(word)}, {written.month(last['period'], language)}", "shape": shape,
                "tone": tone,
                "href": firm.url("firm-balance", site=str(site), query={"element": element}),
                "trend": draw_sparkline(
                    Sparkline(
                        values=tuple(max(-_CHART_SIGMAS, min(_CHART_SIGMAS, z)) for z in charted), low=-_CHART_SIGMAS,
                        high=_CHART_SIGMAS, reference=0.0,
                    )
                ),
            }
        )  # fmt: skip
    return made


def questions(firm: Firm, reading: Reading) -> list[dict[str, Any]]:
    """Findings about the firm, each kind once: what was seen in one line, what may explain it, what will be asked.

    A finding's own sentence may name others' lots and shipments; what stands here names the firm's sites and nothing
    else.
    """
    visit, language = firm.visit, firm.visit.language
    kinds: dict[str, dict[str, Any]] = {}
    for row in reading.answer(findings, reading.store, reading.snapshot, reading.law).rows:
        if row.subject.get("organisation") != firm.organisation:
            continue
        shape, tone = words.DETECTOR_MARKS.get(row.detector, ("diamond", "ink"))
        kind = kinds.setdefault(
            row.detector,
            {
                "word": words.word(words.DETECTORS, row.detector, language), "shape": shape, "tone": tone,
                "rows": [], "innocent": row.innocent, "ask": row.ask,
            },
        )  # fmt: skip
        site = row.subject.get("site")
        parts = [firm.sites_ever[site]] if site in firm.sites_ever else []
        parts += [visit.text(", ", context="overview, firm tiles").join(row.elements)] if row.elements else []
        parts += [f"{format_kg(row.mass_mg)} kg"] if row.mass_mg else []
        span = dict.fromkeys((row.first_period, row.last_period))
        parts.append(visit.text(" to ").join(written.month(one, language) for one in span))
        element = row.elements[0] if row.elements else None
        kind["rows"].append(
            {
                "text": " · ".join(parts),
                "href": (
                    firm.url("firm-balance", site=site, query={"element": element}) if site in firm.sites_ever else None
                ),
            }
        )
    return list(kinds.values())
