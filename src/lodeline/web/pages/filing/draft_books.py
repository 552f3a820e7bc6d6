"""What filing a draft would do to the firm's books, in sentences, before anything is filed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from lodeline.filing.sentences import kilograms
from lodeline.service.balance.book import SIGMAS
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text

_HALVES: Final[dict[tuple[str, str], tuple[Text, Text]]] = {
    ("shipment", "closes"): (
        text("One shipment, {mass}, closes.", "1笔发货（{mass}）将对上。"),
        text("{n} shipments, {mass}, close.", "{n}笔发货（{mass}）将对上。"),
    ),
    ("shipment", "differs"): (
        text("One shipment, {mass}, closes with a difference.", "1笔发货（{mass}）将对上，但有差异。"),
        text("{n} shipments, {mass}, close with a difference.", "{n}笔发货（{mass}）将对上，但有差异。"),
    ),
    ("shipment", "waits"): (
        text("One shipment, {mass}, stays open until its receiver files.", "1笔发货（{mass}）待收货方申报。"),
        text("{n} shipments, {mass}, stay open until their receivers file.", "{n}笔发货（{mass}）待收货方申报。"),
    ),
    ("receipt", "closes"): (
        text("One receipt, {mass}, closes a delivery.", "1笔收货（{mass}）将与发货对上。"),
        text("{n} receipts, {mass}, close deliveries.", "{n}笔收货（{mass}）将与发货对上。"),
    ),
    ("receipt", "differs"): (
        text("One receipt, {mass}, differs from what was shipped.", "1笔收货（{mass}）与发货有差异。"),
        text("{n} receipts, {mass}, differ from what was shipped.", "{n}笔收货（{mass}）与发货有差异。"),
    ),
    ("receipt", "waits"): (
        text("One receipt, {mass}, stays open: it has no whole shipment yet.", "1笔收货（{mass}）尚无对应的完整发货。"),
        text(
            "{n} receipts, {mass}, stay open: they have no whole shipment yet.",
            "{n}笔收货（{mass}）尚无对应的完整发货。",
        ),
    ),
}  # fmt: skip
_QUOTAS: Final[dict[str, Text]] = {
    "mining": text("mining", "开采"), "separation": text("separation", "冶炼分离"),
}  # fmt: skip


def in_the_books(visit: Visit, summary: Mapping[str, Any], counts: Mapping[str, int]) -> list[str]:
    """Sentences: the book of each site, deliveries, quota, balances, flags; none where the rows could not be read."""
    books = summary.get("books")
    if books is None:
        return []
    found = [_site(visit, one) for one in books["sites"]]
    if not found:
        found.append(visit.text("No site’s book changes.", "各场所账面不变。"))
    for one in books["transfers"]:
        singular, plural = _HALVES[one["half"], one["state"]]
        sentence = visit.localized(singular if one["count"] == 1 else plural)
        found.append(sentence.format(n=written.count(one["count"]), mass=_kg(visit, one["mass_mg"])))
    found += [_quota(visit, one) for one in books["quota"]]
    found += [_balance(visit, one) for one in books.get("balances", ())]
    flags = int(counts.get("flag", 0))
    n = written.count(flags)
    found.append(
        visit.text("It has no flag.", "没有提示。") if not flags
        else visit.text("It has one flag." if flags == 1 else f"It has {n} flags.", f"有{n}项提示。")
    )  # fmt: skip
    return found


def _site(visit: Visit, one: Mapping[str, Any]) -> str:
    before, after = (_kg(visit, one[name]) for name in ("before_mg", "after_mg"))
    return visit.text(
        f"{one['site']} has {before} in book now, and {after} after.",
        f"{one['site']} 账面现为 {before}，申报后为 {after}。",
    )


def _balance(visit: Visit, one: Mapping[str, Any]) -> str:
    """What a count says against the rows since the count before, and whether measurement explains it."""
    day = date.fromisoformat(one["on"])
    less, z, site = one["muf_mg"] > 0, written.sigmas(one["z"]), one["site"]
    mass, sigma = _kg(visit, abs(one["muf_mg"])), _kg(visit, round(one["sigma_mg"]))
    name, explained = words.element(one["element"], visit.language), abs(one["z"]) <= SIGMAS
    on = written.day(day, visit.language)
    return visit.text(
        f"{site}, counted on {on}: {mass} {'less' if less else 'more'} {name} than the rows leave there"
        f" (σ {sigma}, z {z}). "
        + (
            "Measurement explains it."
            if explained
            else "Measurement does not explain it: look for rows that are missing and lots that were not counted."
        ),
        f"{site} 于{on}盘存：{name}较账面应存{'少' if less else '多'} {mass}（σ {sigma}，z {z}），"
        + ("在测量误差范围内。" if explained else "测量误差不足以解释。请核对是否有漏报事项或漏盘批次。"),
    )


def _quota(visit: Visit, one: Mapping[str, Any]) -> str:
    kind = visit.localized(_QUOTAS.get(one["kind"], text(one["kind"], one["kind"])))
    used, granted = _kg(visit, one["after_mg"]), _kg(visit, one["granted_mg"])
    change, left = one["after_mg"] - one["before_mg"], one["granted_mg"] - one["after_mg"]
    drawn, rest = f"{'+' * (change > 0)}{_kg(visit, change)}", _kg(visit, abs(left))
    return visit.text(
        f"Quota for {kind} {one['year']}: {drawn} REO; then {used} of {granted} used, "
        + (f"{rest} left." if left >= 0 else f"{rest} overdrawn."),
        f"{one['year']}年{kind}总量控制指标：{drawn} REO，申报后已用 {used}／{granted}，"
        + (f"剩余 {rest}。" if left >= 0 else f"超出 {rest}。"),
    )


def _kg(visit: Visit, mass_mg: int) -> str:
    """A mass as the sentences of a filing tell it: in kilograms, so that what a month changes is seen."""
    return visit.text(f"{kilograms(mass_mg)}\N{NO-BREAK SPACE}kg", f"{kilograms(mass_mg)} 千克")
