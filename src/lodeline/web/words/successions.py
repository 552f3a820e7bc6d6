"""Who followed whom, in words: what a firm has become part of, who is part of it, who held a site before."""

from __future__ import annotations

from lodeline.ledger.succession import handovers, merged_from, merged_into, successions
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def of_firm(visit: Visit, organisation: str) -> list[str]:
    """Since 1 January 2026 part of X; what has become part of it; what of its sites came or went."""
    register, names = visit.register, words.organisation_names(visit.register, visit.language)
    sites = words.site_names(register)
    sentences = []
    into = merged_into(register, organisation)
    if into is not None:
        day, name = written.day(into.on, visit.language), names.get(into.successor, into.successor)
        sentences.append(visit.text(f"Since {day} part of {name}.", f"自{day}起并入{name}。"))
    for one in merged_from(register, organisation):
        day, name = written.day(one.on, visit.language), names.get(one.organisation, one.organisation)
        sentences.append(visit.text(f"{name} is part of it since {day}.", f"自{day}起，{name}并入本企业。"))
    merged = {(one.organisation, one.successor, one.on) for one in successions(register) if one.kind == "merger"}
    for one in successions(register):
        day, site = written.day(one.on, visit.language), sites.get(one.site, one.site)
        if one.kind == "closure" and one.organisation == organisation:
            sentences.append(visit.text(f"{site} is closed since {day}.", f"{site}自{day}起关闭。"))
        if one.kind != "holder" or (one.organisation, one.successor, one.on) in merged:
            continue
        if one.organisation == organisation:
            name = names.get(one.successor, one.successor)
            sentences.append(visit.text(f"{site} is held by {name} since {day}.", f"{site}自{day}起由{name}持有。"))
        elif one.successor == organisation:
            name = names.get(one.organisation, one.organisation)
            sentences.append(visit.text(f"{site} came from {name} on {day}.", f"{site}于{day}自{name}转入。"))
    return sentences


def of_site(visit: Visit, site: str, *, only: str | None = None) -> list[str]:
    """Since when its holder has it, and who held it before; from when it is closed. `only`: as that firm may know."""
    register, names = visit.register, words.organisation_names(visit.register, visit.language)
    sentences = []
    for one in handovers(register).get(site, ()):
        if only not in (None, one.organisation, one.successor):
            continue
        day = written.day(one.on, visit.language)
        to, before = (names.get(who, who) for who in (one.successor, one.organisation))
        sentences.append(
            visit.text(f"Since {day} of {to}, before of {before}.", f"自{day}起属于{to}，此前属于{before}。")
        )
    for one in successions(register):
        if one.kind == "closure" and one.site == site and only in (None, one.organisation):
            day = written.day(one.on, visit.language)
            sentences.append(visit.text(f"Closed since {day}.", f"自{day}起关闭。"))
    return sentences
