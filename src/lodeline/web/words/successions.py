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
        sentences.append(visit.text("Since {day} part of {name}.", day=day, name=name))
    for one in merged_from(register, organisation):
        day, name = written.day(one.on, visit.language), names.get(one.organisation, one.organisation)
        sentences.append(visit.text("{name} is part of it since {day}.", name=name, day=day))
    merged = {(one.organisation, one.successor, one.on) for one in successions(register) if one.kind == "merger"}
    for one in successions(register):
        day, site = written.day(one.on, visit.language), sites.get(one.site, one.site)
        if one.kind == "closure" and one.organisation == organisation:
            sentences.append(visit.text("{site} is closed since {day}.", site=site, day=day))
        if one.kind != "holder" or (one.organisation, one.successor, one.on) in merged:
            continue
        if one.organisation == organisation:
            name = names.get(one.successor, one.successor)
            sentences.append(visit.text("{site} is held by {name} since {day}.", site=site, name=name, day=day))
        elif one.successor == organisation:
            name = names.get(one.organisation, one.organisation)
            sentences.append(visit.text("{site} came from {name} on {day}.", site=site, name=name, day=day))
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
        sentences.append(visit.text("Since {day} of {to}, before of {before}.", day=day, to=to, before=before))
    for one in successions(register):
        if one.kind == "closure" and one.site == site and only in (None, one.organisation):
            day = written.day(one.on, visit.language)
            sentences.append(visit.text("Closed since {day}.", day=day))
    return sentences
