"""What a notice says, in both languages: one sentence for each kind, made of its facts when somebody reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from lodeline.language import Text, bilingual, text
from lodeline.service.customs.reservations import AMENDED

Facts = Mapping[str, Any]
#: What a sentence needs besides the facts: the name of an organisation, person or role in the reader's language.
Named = Callable[[str], str]

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def month(period: str) -> Text:
    """`2026-01` → January 2026, 2026年1月."""
    year, number = int(period[:4]), int(period[5:7])
    return text("{months} {year}", months=bilingual(_MONTHS[number - 1], str(number)), year=year)


def day(on: str) -> Text:
    """`2026-02-09` → 9 February 2026, 2026年2月9日."""
    at = date.fromisoformat(on)
    return text(
        "{day} {months} {year}", day=at.day, months=bilingual(_MONTHS[at.month - 1], str(at.month)), year=at.year
    )


def _deliveries(count: int) -> Text:
    return text("One delivery", count=count) if count == 1 else text("{count} deliveries", count=count)


def due_soon(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    days = facts["days"]
    left = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
    left_zh = {0: "即今天", 1: "即明天"}.get(days, f"还有{days}天")
    return text("{period} is due by {last}, {left}.", period=period, last=last, left=bilingual(left, left_zh))


def late(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return text(
        "{period} was due by {last} and is not filed. It can still be filed; it will be marked late.",
        period=period,
        last=last,
    )


def extended_deadline(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return text(
        "{period} can be filed in time until the end of {last}. The authority's reason: {reason}",
        period=period,
        last=last,
        reason=facts["reason"],
    )


def to_accept(facts: Facts, named: Named) -> Text:
    del named
    some = _deliveries(facts["count"])
    verb = "waits" if facts["count"] == 1 else "wait"
    return text("{some} {verb} for you to accept.", some=some, verb=verb)


def exceptions(facts: Facts, named: Named) -> Text:
    del named
    count, period = facts["count"], month(facts["period"])
    shipments = "One transfer" if count == 1 else f"{count} transfers"
    return text(
        "{shipments} of {period} {are} past both deadlines without the other half.",
        shipments=bilingual(shipments, count),
        period=period,
        are="is" if count == 1 else "are",
    )


def records(facts: Facts, named: Named) -> Text:
    del named
    count, period = facts["count"], month(facts["period"])
    papers = "One paper" if count == 1 else f"{count} papers"
    return text(
        "{papers} of {period} {disagree} with what the tax authority or customs record. A correction settles most.",
        papers=papers,
        period=period,
        disagree="disagrees" if count == 1 else "disagree",
        count=count,
    )


def corrected(facts: Facts, named: Named) -> Text:
    who, period = named(facts["other"]), month(facts["period"])
    return text(
        "{who} has corrected its filing of {period}, and with it deliveries between you.", who=who, period=period
    )


def certify(facts: Facts, named: Named) -> Text:
    del named
    period = month(facts["period"])
    return text("The filing of {period} waits for you to certify it.", period=period)


def disputed(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return text("{who} disputes your shipment {event}.", who=who, event=facts["event"])


def dispute_answered(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return text("{who} has answered your dispute of shipment {event}.", who=who, event=facts["event"])


def dispute_withdrawn(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return text("{who} has withdrawn its dispute of your shipment {event}.", who=who, event=facts["event"])


def confirm(facts: Facts, named: Named) -> Text:
    who, some = named(facts["other"]), _deliveries(facts["count"])
    return text("{who} asks you to confirm: {some}.", who=who, some=bilingual(some["en"].lower(), some["zh"]))


def reminded(facts: Facts, named: Named) -> Text:
    del named
    period = month(facts["period"])
    return text("The authority reminds you to file {period}.", period=period)


def ordered(facts: Facts, named: Named) -> Text:
    del named
    period, until = month(facts["period"]), day(facts["until"])
    return text("The authority orders you to file {period} by {until}.", period=period, until=until)


def ordered_to_correct(facts: Facts, named: Named) -> Text:
    del named
    period, until = month(facts["period"]), day(facts["until"])
    return text(
        "The authority orders you to correct {period} by {until}: {why}", period=period, until=until, why=facts["why"]
    )


def asked(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text("The authority asks you about a finding. Please answer by {until}.", until=until)


def extended(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text("You have until {until} to answer the authority's question.", until=until)


def unanswered(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text("A question of the authority is to be answered by {until}.", until=until)


def overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        "A question of the authority was to be answered by {until}. You can still answer until it is decided.",
        until=until,
    )


#: What became of a question, as the organisation is told it.
_DECIDED: Final[Mapping[str, Text]] = {
    "explained": text("The authority accepts the explanation of a question it asked you."),
    "confirmed": text("The authority has confirmed a finding about you."),
    "withdrawn": text("The authority has withdrawn a question it asked you."),
    "reopened": text("A question that was settled is open again. You will be asked before anything is decided."),
}


def decided(facts: Facts, named: Named) -> Text:
    del named
    return _DECIDED[facts["decided"]]


def key(facts: Facts, named: Named) -> Text:
    del named
    entry, certifier = facts["entry"], facts["certifier"]
    return text(
        "A key that certifies for you was registered in entry {entry}; its holder is "
        "{certifier}. Tell the authority if nobody of you knows of it.",
        entry=entry,
        certifier=certifier,
    )


def customs_asked(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        "Customs queries a line that you declared. Submit the documents by {until}; until then the goods stay.",
        until=until,
    )


def customs_due(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text("The documents for a query of customs are due by {until}.", until=until)


def customs_overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        "The documents for a query of customs were due by {until}. They can be submitted until it is decided.",
        until=until,
    )


#: What became of a query of customs, as the exporter is told it.
_CUSTOMS: Final[Mapping[str, Text]] = {
    "laboratory": text("Customs has sent goods that it queries to a laboratory."),
    "found": text("The laboratory's result about queried goods is there."),
    "released": text("Customs has released goods that it had queried."),
    "refused": text("Customs does not release goods that it had queried."),
    "settled": text("Customs has answered for all goods alike what its query about a rule asked."),
    "closed": text("A query of customs is closed."),
}


def customs_decided(facts: Facts, named: Named) -> Text:
    del named
    return _CUSTOMS[facts["became"]]


def application_queried(facts: Facts, named: Named) -> Text:
    del named
    if not facts["until"]:
        return text("The licensing authority asks about your application. Its time to decide stands until you answer.")
    until = day(facts["until"])
    return text("The licensing authority asks about your application. Please answer by {until}.", until=until)


def application_overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text("A query about your application was to be answered by {until}. You can still answer.", until=until)


_APPLICATION_DECIDED: Final[Mapping[str, Text]] = {
    "granted": text("The licence that you applied for is granted."),
    "refused": text("The licence that you applied for is refused; the reasons are with it."),
}


def application_decided(facts: Facts, named: Named) -> Text:
    del named
    return _APPLICATION_DECIDED[facts["decided"]]


def _line(facts: Facts) -> Text:
    declaration, line = facts["declaration"], facts["line"]
    return text("declaration {declaration}, line {line}", declaration=declaration, line=line)


def exit_confirmed(facts: Facts, named: Named) -> Text:
    del named
    line, licence, mass = _line(facts), facts["licence"], facts["mass_kg"]
    if mass == "0":
        # The line is closed with nothing: all that leaves on it has left.
        return text(
            "Customs confirms that nothing more leaves under {line}: what was still reserved for it "
            "returns to the licence {licence}.",
            line=line,
            licence=licence,
        )
    sentence = text(
        "Customs confirms that {mass} kg left under {line}; they count on the licence {licence}.",
        mass=mass,
        line=line,
        licence=licence,
    )
    return _with_flags(sentence, facts)


def exit_corrected(facts: Facts, named: Named) -> Text:
    """What was confirmed before stands in the log of the licence; what is told is what counts now."""
    del named
    line, licence, mass, reason = _line(facts), facts["licence"], facts["mass_kg"], facts["reason"]
    sentence = text(
        "Customs corrects a confirmation under {line}: {mass} kg left, and these count on the "
        "licence {licence}. The reason: {reason}",
        line=line,
        mass=mass,
        licence=licence,
        reason=reason,
    )
    return _with_flags(sentence, facts)


def _with_flags(sentence: Text, facts: Facts) -> Text:
    """The sentence, and what customs' books flag about the exit. A reason ends as its writer ended it."""
    if "flagged_en" not in facts:
        return sentence
    english = sentence["en"] if sentence["en"].endswith(".") else f"{sentence['en']}."
    chinese = sentence["zh"] if sentence["zh"].endswith("。") else f"{sentence['zh']}。"
    return text(
        "{english} Flagged: {flagged}",
        english=bilingual(english, chinese),
        flagged=bilingual(facts["flagged_en"], facts["flagged_zh"]),
    )


def reservation_void(facts: Facts, named: Named) -> Text:
    del named
    line, licence = _line(facts), facts["licence"]
    if facts["reason"] == AMENDED:
        return text(
            "What was reserved on the licence {licence} for {line} is taken back: the declaration was amended.",
            licence=licence,
            line=line,
        )
    return text(
        "What was reserved on the licence {licence} for {line} is taken back. The reason: {reason}",
        licence=licence,
        line=line,
        reason=facts["reason"],
    )


_ACTS: Final[Mapping[str, tuple[str, str]]] = {
    "suspended": ("is suspended", "中止"),
    "resumed": ("may be used again", "恢复使用"),
    "revoked": ("is revoked", "撤销"),
}


def licence_act(facts: Facts, named: Named) -> Text:
    licence, on, reason = facts["licence"], day(facts["on"]), facts["reason"]
    if facts["deed"] == "holder":
        en, zh = f"is held by {named(facts['holder'])}", f"改由{named(facts['holder'])}持有"
    else:
        en, zh = _ACTS[facts["deed"]]
    return text(
        "The licence {licence} {text} from {on}. The authority's grounds: {reason}",
        licence=licence,
        text=bilingual(en, zh),
        on=on,
        reason=reason,
    )


def run_put_off(facts: Facts, named: Named) -> Text:
    del named
    run, reason = facts["run"], facts["reason"]
    return text(
        "The authority has called your planned run {run} off: what it had not drawn of the quota "
        "is free again. The reason: {reason}",
        run=run,
        reason=reason,
    )


def opening_stock(facts: Facts, named: Named) -> Text:
    del named
    period, count = month(facts["period"]), facts["count"]
    lots = f"{count} lots" if count != 1 else "one lot"
    return text(
        "The opening stock of your sites at the end of {period}, {lots}, is prepared as a draft: "
        "look it over, correct it, and let your certifier attest it.",
        period=period,
        lots=bilingual(lots, count),
    )


def extension_ended(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return text(
        "The extension for {period} ends early: it can be filed in time until the end of {last}.",
        period=period,
        last=last,
    )


def inspected(facts: Facts, named: Named) -> Text:
    del named
    on, site, entry = day(facts["on"]), facts["site"], facts["entry"]
    if facts.get("act") == "custody":
        return text(
            "Bags of samples taken at {site} on {on} have changed hands: entry {entry}.",
            site=site,
            on=on,
            entry=entry,
        )
    if facts.get("act") == "result":
        return text(
            "Laboratory results of samples taken at {site} on {on} have been entered: entry {entry}.",
            site=site,
            on=on,
            entry=entry,
        )
    if facts.get("act") == "end":
        return text(
            "The visit to {site} of {on} has ended: entry {entry}. All that was drawn for it is now shown.",
            site=site,
            on=on,
            entry=entry,
        )
    return text(
        "The authority has entered what it found at {site} on {on}, as entry {entry}.",
        site=site,
        on=on,
        entry=entry,
    )


def merged_into(facts: Facts, named: Named) -> Text:
    who, on = named(facts["other"]), day(facts["on"])
    return text(
        "From {on} you are part of {who}. File the months before, with the deliveries of your "
        "goods to it; you go on seeing what you have filed.",
        on=on,
        who=who,
    )


def merged_from(facts: Facts, named: Named) -> Text:
    who, on = named(facts["other"]), day(facts["on"])
    return text(
        "From {on} {who} is part of you: its sites are yours to file, and its goods come as deliveries.",
        on=on,
        who=who,
    )


def handed_over(facts: Facts, named: Named) -> Text:
    who, on, site = named(facts["other"]), day(facts["on"]), facts["site"]
    return text(
        "From {on} the site {site} is held by {who}. File your own days there, and deliver what goes with it.",
        on=on,
        site=site,
        who=who,
    )


def taken_over(facts: Facts, named: Named) -> Text:
    who, on, site = named(facts["other"]), day(facts["on"]), facts["site"]
    return text("From {on} you hold the site {site}, which {who} held before.", on=on, site=site, who=who)


def closed(facts: Facts, named: Named) -> Text:
    del named
    on, site = day(facts["on"]), facts["site"]
    return text("The site {site} is closed from {on} on. File what became of its goods before.", site=site, on=on)


def _account_act(facts: Facts, named: Named) -> Text:
    """What is done to an account, as the end of a sentence."""
    role = named(facts["role"])
    who = named(facts["person"]) if facts["person"] else ""
    if facts["what"] == "let-back-in":
        return text("let {who} back in: password and second factor go", who=who)
    if facts["what"] == "change":
        return text("change a role of {who} to {role}", who=who, role=role)
    if facts["what"] == "role":
        return text("give {who} the role {role}", who=who, role=role)
    return text("invite {who} as {role}", who=bilingual(who or "somebody", who or "新人员"), role=role)


def account_proposed(facts: Facts, named: Named) -> Text:
    act, by = _account_act(facts, named), named(facts["by"])
    return text("{by} proposed to {act}. It waits for another registrar.", by=by, act=act)


def account_confirmed(facts: Facts, named: Named) -> Text:
    act, by = _account_act(facts, named), named(facts["by"])
    return text("{by} confirmed the proposal to {act}.", by=by, act=act)


def account_on_server(facts: Facts, named: Named) -> Text:
    act = _account_act(facts, named)
    return text("A command on the server was used to {act}.", act=act)
