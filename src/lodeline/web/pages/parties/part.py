"""What the pages of parties say of names, candidates, proposals and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lodeline.language import Language, bilingual, text
from lodeline.material.mass import parse_mass
from lodeline.party.lists import Party
from lodeline.party.reasons import kind_text
from lodeline.party.registered import REGISTER
from lodeline.party.screening import FILED
from lodeline.service.parties import lists as party_lists
from lodeline.service.parties.parties import REASON_CHARACTERS
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.parts.values import Field
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def queue_table(visit: Visit, every: Any) -> Table:
    """Names that wait, with who filed them."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)

    def cells(row: dict[str, Any]) -> Row:
        by = [names.get(one, one) for one in row["by"][:2]]
        more = len(row["by"]) - len(by)
        return (
            Cell(text=row["name"], value=row["name"], href=visit.url("party-name", query={"name": row["name"]})),
            Cell(
                text=visit.text(", ", context="parties, part, cells").join(by),
                value=" ".join(row["by"]),
                note=visit.text("and {more} more", more=more) if more > 0 else "",
            ),
            Cell(
                text=visit.text(", ", context="parties, part, cells").join(
                    words.country(one, visit.language) for one in row["countries"]
                )
                or written.NOTHING
            ),
            Cell(text=written.count(row["rows"]), value=row["rows"]),
            Cell(text=written.mass(row["mass_mg"], visit.language), value=row["mass_mg"]),
            Cell(text=written.day(row["last_on"], visit.language), value=row["last_on"].isoformat()),
        )

    sorts = {"name": "name", "rows": "rows", "mass": "mass_mg", "last": "last_on"}
    return Table(
        name="names",
        caption=visit.text("Names that wait"),
        columns=(
            Column(key="name", label=text("Name as filed")),
            Column(key="by", label=text("Filed by")),
            Column(key="country", label=text("Country", context="parties, part")),
            Column(key="rows", label=text("Rows", context="parties"), number=True),
            Column(key="mass", label=text("Mass", context="parties"), number=True, unit="mg"),
            Column(key="last", label=text("Last", context="parties")),
        ),
        rows=FrameRows(every, cells, sorts=sorts),
        empty=visit.text("Nothing waits.", context="parties"),
    )


def lists_table(visit: Visit) -> Table:
    """Lists that stand, with the entry of each."""
    rows = [
        (
            Cell(text=name, value=name),
            Cell(text=written.count(len(one.list.parties)), value=len(one.list.parties)),
            Cell(
                text=written.moment(one.entry.filed_at, visit.language, visit.law.timezone),
                value=one.entry.filed_at,
                href=visit.opens("entry", entry=one.entry.index),
            ),
            Cell(text=one.list.digest[:16], value=one.list.digest),
        )
        for name, one in party_lists.newest(visit.store).items()
    ]
    return Table(
        name="lists",
        caption=visit.text("Lists that stand"),
        columns=(
            Column(key="list", label=text("List")),
            Column(key="parties", label=text("Parties", context="parties, part"), number=True),
            Column(key="loaded", label=text("Loaded")),
            Column(key="sha256", label=text("SHA-256")),
        ),
        rows=rows,
        empty=visit.text("No list is loaded: those of the law alone are asked."),
    )


def seen_table(visit: Visit, found: dict[str, Any]) -> Table:
    """Whose rows name a party, under which text."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    rows = [
        (
            Cell(
                text=names.get(one["by"], one["by"]),
                value=one["by"],
                href=visit.opens("organisation", organisation=one["by"]),
            ),
            Cell(text=one["name"] or written.NOTHING, value=one["name"]),
            Cell(text=written.count(one["rows"]), value=one["rows"]),
            Cell(text=written.mass(parse_mass(one["mass_kg"]), visit.language), value=float(one["mass_kg"])),
            Cell(text=written.day(one["last_on"], visit.language), value=one["last_on"]),
        )
        for one in found["seen"]
    ]
    return Table(
        name="seen",
        caption=visit.text("Where it was seen"),
        columns=(
            Column(key="by", label=text("Filed by")),
            Column(key="name", label=text("As")),
            Column(key="rows", label=text("Rows", context="parties"), number=True),
            Column(key="mass", label=text("Mass", context="parties"), number=True, unit="kg"),
            Column(key="last", label=text("Last", context="parties")),
        ),
        rows=rows,
        empty=visit.text("No row in force names it."),
    )


def number_text(visit: Visit, identifier: str) -> str:
    """`uscc:9199…` → credit code 9199…; a scheme that has no word is shown as it is."""
    scheme, _, number = identifier.partition(":")
    word = words.SCHEMES.get(scheme)
    return f"{visit.localized(word)} {number}" if word and number else identifier


def source_text(visit: Visit, source: str, identifier: str) -> str:
    """Where screening found a name: in the register, in filings, on a list."""
    if source == FILED:
        return visit.text("named in filings")
    return (
        visit.text("register {identifier}", identifier=identifier) if source == REGISTER else f"{source} {identifier}"
    )


def registered_name(names: Mapping[str, str], records: Iterable[Party], name: str) -> str:
    """What the register calls a party in the reader's language; `name` for one that it does not have."""
    return next((names[one.id] for one in records if one.source == REGISTER and one.id in names), name)


def proposal_view(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    """A proposal as a sentence, and whether it is the reader's own."""
    names = visit.text(", ", context="parties, part, proposal view").join(row["names"] or ())
    if row["kind"] == "merge":
        text = visit.text("{party} is {into}", party=row["party"], into=row["into"])
    elif names:
        text = visit.text("{names}: not {party}", names=names, party=row["party"])
    else:
        text = visit.text("{party} stands by itself again", party=row["party"])
    own = row["by"] == visit.actor.pseudonym
    return {"id": row["id"], "text": text, "reason": row["reason"], "own": own}


def listing_text(visit: Visit, one: dict[str, Any]) -> str:
    """That a party counts as listed, and what that means for it, as a sentence."""
    since = written.day(one["since"], visit.language)
    kind = visit.text(", ", context="parties, part, listing text").join(
        kind_text(one[name], visit.language) for name in ("measure", "scope")
    )
    if one["how"] == "listed":
        return visit.text(
            "On {list} since {since} ({kind}): {reason}",
            list=one["list"],
            since=since,
            kind=kind,
            reason=one["reason"] or "–",
        )
    share = written.percent(one["share"], visit.language)
    return visit.text("Counts as listed on {list} ({kind}): {share} held", list=one["list"], kind=kind, share=share)


def kind_options(kinds: Sequence[str], name: str, language: Language) -> list[tuple[str, str]]:
    """Options of a field: nothing, where the rows or topics of a list say it, and each measure or scope."""
    nothing = text(
        "as the list says; else {kind_text}",
        kind_text=bilingual(
            kind_text(kinds[-1 if name == "scope" else 0], "en"), kind_text(kinds[-1 if name == "scope" else 0], "zh")
        ),
    )
    return [("", nothing[language]), *((kind, kind_text(kind, language)) for kind in kinds)]


def candidates_view(visit: Visit, found: dict[str, Any]) -> dict[str, Any]:
    """The candidates with their reasons in the reader's language."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    candidates = [
        {
            **one,
            "name": (name := names.get(one["party"], one["name"])),
            "found_as": one["name"] if one["name"] != name else "",
            "href": visit.opens("party", party=one["party"]),
            "likely": f"{one['probability']:.2f}",
            "numbers": [number_text(visit, number) for number in one["identifiers"]],
            "countries": visit.text(", ", context="parties, part, candidates view").join(
                words.country(code, visit.language) for code in one["countries"]
            ),
            "reasons": [
                {"speaks": reason["speaks"] or "!", "text": reason["text"][visit.language]} for reason in one["reasons"]
            ],
        }
        for one in found["candidates"]
    ]
    return {
        **found,
        "candidates": candidates,
        "remarks": [one["text"][visit.language] for one in found["remarks"]],
        "also": [{"name": one, "href": visit.url("party-name", query={"name": one})} for one in found["also_filed"]],
    }


def name_facts(visit: Visit, found: dict[str, Any]) -> list[str]:
    """Who filed a name, how often, when."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    by = visit.text(", ", context="parties, part, name facts").join(names.get(one, one) for one in found["by"][:6])
    countries = visit.text(", ", context="parties, part, name facts").join(
        words.country(one, visit.language) for one in found["countries"]
    )
    count, mass = written.count(found["rows"]), written.mass(parse_mass(found["mass_kg"]), visit.language)
    rows = (
        visit.text("1 row", context="parties", count=count)
        if found["rows"] == 1
        else visit.text("{count} rows", count=count)
    )
    first, last = (written.day(found[key], visit.language) for key in ("first_on", "last_on"))
    when = first if first == last else visit.text("{first} to {last}", context="parties", first=first, last=last)
    facts = [
        visit.text("Filed by {by}", by=by),
        visit.text("{rows}, {mass}, {when}", rows=rows, mass=mass, when=when),
    ]
    return [*facts, visit.text("Country as filed: {countries}", countries=countries)] if countries else facts


def reason_label(visit: Visit) -> str:
    """The label of a field for a reason."""
    return visit.text("Why; at most {reason_characters} characters", reason_characters=REASON_CHARACTERS)


def new_fields(visit: Visit, found: dict[str, Any]) -> list[Field]:
    """What is asked of a new party."""
    return [
        Field(
            name="called",
            label=visit.text("What it is called", context="parties, part"),
            value=found["name"],
            required=True,
        ),
        Field(
            name="other_name",
            label=visit.text("Its other name", context="parties"),
            hint=visit.text("In Chinese, or in Latin letters: by both names it is found, however it is written"),
        ),
        Field(
            name="country",
            label=visit.text("Country, such as DE"),
            width="short",
            value=found["countries"][0] if len(found["countries"]) == 1 else "",
        ),
        Field(
            name="identifiers",
            label=visit.text("Numbers"),
            width="long",
            hint=visit.text("Such as uscc:… or lei:…, with blanks between them"),
        ),
        Field(name="reason", label=visit.text("Why", context="parties"), required=True, width="full"),
    ]


def history_view(visit: Visit, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was decided, the newest first, as sentences."""
    return [
        {
            "at": written.moment(row["at"], visit.language, visit.law.timezone),
            "by": row["by"] or visit.text("a run"),
            "text": _decided(visit, row),
            "reason": row.get("reason") or "",
            "href": visit.opens("entry", entry=row["entry"]),
        }
        for row in reversed(rows)
    ]


def _decided(visit: Visit, row: dict[str, Any]) -> str:
    if row["table"] == "party_names":
        others = visit.text(", ", context="parties, part, decided").join(row["others"] or ())
        if row["party"]:
            likely = f" ({row['probability']})" if row["probability"] else ""
            if row["basis"] == "evidence":
                since = written.day(row["valid_from"], visit.language)
                return visit.text(
                    "{name} → {party}, by its number, since {since}", name=row["name"], party=row["party"], since=since
                )
            return visit.text("{name} → {party}{likely}", name=row["name"], party=row["party"], likely=likely)
        return visit.text("{name}: open", name=row["name"]) + (
            visit.text("; not {others}", others=others) if others else ""
        )
    if row["table"] == "parties":
        into = row["merged_into"]
        return (
            visit.text("{id} is part of {into}", id=row["id"], into=into)
            if into
            else visit.text("{id} stands by itself", id=row["id"])
        )
    states = {
        "proposed": text("proposed", context="parties"),
        "done": text("accepted"),
        "refused": text("refused", context="parties"),
    }
    return f"{row['id']} {row['kind']}: {visit.localized(states[row['state']])}"
