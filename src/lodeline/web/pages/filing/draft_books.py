"""What filing a draft would do to the firm's books, in sentences, before anything is filed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from lodeline.filing.sentences import kilograms
from lodeline.language import Text, bilingual, text
from lodeline.service.balance.book import SIGMAS
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_HALVES: Final[dict[tuple[str, str], tuple[Text, Text]]] = {
    ("shipment", "closes"): (
        text("One shipment, {mass}, closes."),
        text("{n} shipments, {mass}, close."),
    ),
    ("shipment", "differs"): (
        text("One shipment, {mass}, closes with a difference."),
        text("{n} shipments, {mass}, close with a difference."),
    ),
    ("shipment", "waits"): (
        text("One shipment, {mass}, stays open until its receiver files."),
        text("{n} shipments, {mass}, stay open until their receivers file."),
    ),
    ("receipt", "closes"): (
        text("One receipt, {mass}, closes a delivery."),
        text("{n} receipts, {mass}, close deliveries."),
    ),
    ("receipt", "differs"): (
        text("One receipt, {mass}, differs from what was shipped."),
        text("{n} receipts, {mass}, differ from what was shipped."),
    ),
    ("receipt", "waits"): (
        text("One receipt, {mass}, stays open: it has no whole shipment yet."),
        text("{n} receipts, {mass}, stay open: they have no whole shipment yet."),
    ),
}  # fmt: skip
_QUOTAS: Final[dict[str, Text]] = {
    "mining": text("mining"), "separation": text("separation"),
}  # fmt: skip


def in_the_books(visit: Visit, summary: Mapping[str, Any], counts: Mapping[str, int]) -> list[str]:
    """Sentences: the book of each site, deliveries, quota, balances, flags; none where the rows could not be read."""
    books = summary.get("books")
    if books is None:
        return []
    found = [_site(visit, one) for one in books["sites"]]
    if not found:
        found.append(visit.text("No site’s book changes."))
    for one in books["transfers"]:
        singular, plural = _HALVES[one["half"], one["state"]]
        sentence = visit.localized(singular if one["count"] == 1 else plural)
        found.append(sentence.format(n=written.count(one["count"]), mass=_kg(visit, one["mass_mg"])))
    found += [_quota(visit, one) for one in books["quota"]]
    found += [_balance(visit, one) for one in books.get("balances", ())]
    flags = int(counts.get("flag", 0))
    n = written.count(flags)
    found.append(
        visit.text("It has no flag.") if not flags
        else (visit.text("It has one flag.", n=n) if flags == 1 else visit.text("It has {n} flags.", n=n))
    )  # fmt: skip
    return found


def asked_about(visit: Visit, summary: Mapping[str, Any]) -> dict[str, str] | None:
    """What of a filing will surely be asked about, as `headline` and `cause`: the balance that lies furthest beyond
    measurement. None where measurement explains every count.
    """
    balances = (summary.get("books") or {}).get("balances", ())
    worst = max(balances, key=lambda one: abs(one["z"]), default=None)
    if worst is None or abs(worst["z"]) <= SIGMAS:
        return None
    mass, name = _kg(visit, abs(worst["muf_mg"])), words.element(worst["element"], visit.language)
    site, z = worst["site"], written.sigmas(worst["z"])
    if worst["muf_mg"] > 0:
        return {
            "headline": visit.text(
                "{site} will be asked about {mass} of {name} that its count lacks (z {z})",
                site=site, mass=mass, name=name, z=z,
            ),
            "cause": visit.text(
                "Most likely a lot at hand was not counted, or something that left has no row: a shipment, a loss, "
                "what a process used. Look before you sign; signing stays possible."
            ),
        }  # fmt: skip
    return {
        "headline": visit.text(
            "{site} will be asked about {mass} of {name} that its count has too much (z {z})",
            site=site, mass=mass, name=name, z=z,
        ),
        "cause": visit.text(
            "Most likely a delivery or an output has no row, or a lot was counted twice. Look before you sign; signing "
            "stays possible."
        ),
    }  # fmt: skip


def _site(visit: Visit, one: Mapping[str, Any]) -> str:
    before, after = (_kg(visit, one[name]) for name in ("before_mg", "after_mg"))
    return visit.text(
        "{site} has {before} in book now, and {after} after.", site=one["site"], before=before, after=after
    )


def _balance(visit: Visit, one: Mapping[str, Any]) -> str:
    """What a count says against the rows since the count before, and whether measurement explains it."""
    day = date.fromisoformat(one["on"])
    less, z, site = one["muf_mg"] > 0, written.sigmas(one["z"]), one["site"]
    mass, sigma = _kg(visit, abs(one["muf_mg"])), _kg(visit, round(one["sigma_mg"]))
    name, explained = words.element(one["element"], visit.language), abs(one["z"]) <= SIGMAS
    on = written.day(day, visit.language)
    return (
        visit.text(
            "{site}, counted on {on}: {mass} {less} {name} than the rows leave there (σ {sigma}, z "
            "{z}). Measurement explains it.",
            site=site,
            on=on,
            mass=mass,
            less=text("less") if less else text("more"),
            name=name,
            sigma=sigma,
            z=z,
        )
        if explained
        else visit.text(
            "{site}, counted on {on}: {mass} {less} {name} than the rows leave there (σ {sigma}, z "
            "{z}). Measurement does not explain it: look for rows that are missing and lots that "
            "were not counted.",
            site=site,
            on=on,
            mass=mass,
            less=text("less") if less else text("more"),
            name=name,
            sigma=sigma,
            z=z,
        )
    )


def _quota(visit: Visit, one: Mapping[str, Any]) -> str:
    kind = visit.localized(_QUOTAS.get(one["kind"], bilingual(one["kind"], one["kind"])))
    used, granted = _kg(visit, one["after_mg"]), _kg(visit, one["granted_mg"])
    change, left = one["after_mg"] - one["before_mg"], one["granted_mg"] - one["after_mg"]
    drawn, rest = f"{'+' * (change > 0)}{_kg(visit, change)}", _kg(visit, abs(left))
    return (
        visit.text(
            "Quota for {kind} {year}: {drawn} REO; then {used} of {granted} used, {rest} left.",
            kind=kind,
            year=one["year"],
            drawn=drawn,
            used=used,
            granted=granted,
            rest=rest,
        )
        if left >= 0
        else visit.text(
            "Quota for {kind} {year}: {drawn} REO; then {used} of {granted} used, {rest} overdrawn.",
            kind=kind,
            year=one["year"],
            drawn=drawn,
            used=used,
            granted=granted,
            rest=rest,
        )
    )


def _kg(visit: Visit, mass_mg: int) -> str:
    """A mass as the sentences of a filing tell it: in kilograms, so that what a month changes is seen."""
    return visit.text("{kilograms}\u00a0kg", kilograms=kilograms(mass_mg))
