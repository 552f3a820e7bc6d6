"""What the pages of parties say of names, candidates, proposals and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
from lodeline.web.words.language import Language, text


def queue_table(visit: Visit, every: Any) -> Table:
    """Names that wait, with who filed them."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)

    def cells(row: dict[str, Any]) -> Row:
        by = [names.get(one, one) for one in row["by"][:2]]
        more = len(row["by"]) - len(by)
        return (
            Cell(text=row["name"], value=row["name"], href=visit.url("party-name", query={"name": row["name"]})),
            Cell(
                text=visit.text(", ", "、").join(by), value=" ".join(row["by"]),
                note=visit.text(f"and {more} more", f"另有 {more} 家") if more > 0 else "",
            ),
            Cell(
                text=visit.text(", ", "、").join(words.country(one, visit.language) for one in row["countries"])
                or written.NOTHING
            ),
            Cell(text=written.count(row["rows"]), value=row["rows"]),
            Cell(text=written.mass(row["mass_mg"], visit.language), value=row["mass_mg"]),
            Cell(text=written.day(row["last_on"], visit.language), value=row["last_on"].isoformat()),
        )  # fmt: skip

    sorts = {"name": "name", "rows": "rows", "mass": "mass_mg", "last": "last_on"}
    return Table(
        name="names",
        caption=visit.text("Names that wait", "待归并名称"),
        columns=(
            Column(key="name", label=text("Name as filed", "申报名称")),
            Column(key="by", label=text("Filed by", "申报企业")),
            Column(key="country", label=text("Country", "国家或地区")),
            Column(key="rows", label=text("Rows", "行数"), number=True),
            Column(key="mass", label=text("Mass", "质量"), number=True, unit="mg"),
            Column(key="last", label=text("Last", "最近")),
        ),
        rows=FrameRows(every, cells, sorts=sorts),
        empty=visit.text("Nothing waits.", "没有待归并的名称。"),
    )


def lists_table(visit: Visit) -> Table:
    """Lists that stand, with the entry of each."""
    rows = [
        (
            Cell(text=name, value=name),
            Cell(text=written.count(len(one.list.parties)), value=len(one.list.parties)),
            Cell(
                text=written.moment(one.entry.filed_at, visit.language, visit.law.timezone), value=one.entry.filed_at,
                href=visit.opens("entry", entry=one.entry.index),
            ),
            Cell(text=one.list.digest[:16], value=one.list.digest),
        )
        for name, one in party_lists.newest(visit.store).items()
    ]  # fmt: skip
    return Table(
        name="lists",
        caption=visit.text("Lists that stand", "现行名录"),
        columns=(
            Column(key="list", label=text("List", "名录")),
            Column(key="parties", label=text("Parties", "主体"), number=True),
            Column(key="loaded", label=text("Loaded", "载入时间")),
            Column(key="sha256", label=text("SHA-256", "SHA-256 摘要")),
        ),
        rows=rows,
        empty=visit.text("No list is loaded: those of the law alone are asked.", "尚未载入名录：仅查询法规所载名单。"),
    )


def seen_table(visit: Visit, found: dict[str, Any]) -> Table:
    """Whose rows name a party, under which text."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    rows = [
        (
            Cell(text=names.get(one["by"], one["by"]), value=one["by"],
                 href=visit.opens("organisation", organisation=one["by"])),
            Cell(text=one["name"] or written.NOTHING, value=one["name"]),
            Cell(text=written.count(one["rows"]), value=one["rows"]),
            Cell(text=written.mass(parse_mass(one["mass_kg"]), visit.language), value=float(one["mass_kg"])),
            Cell(text=written.day(one["last_on"], visit.language), value=one["last_on"]),
        )
        for one in found["seen"]
    ]  # fmt: skip
    return Table(
        name="seen",
        caption=visit.text("Where it was seen", "出现之处"),
        columns=(
            Column(key="by", label=text("Filed by", "申报企业")),
            Column(key="name", label=text("As", "申报名称")),
            Column(key="rows", label=text("Rows", "行数"), number=True),
            Column(key="mass", label=text("Mass", "质量"), number=True, unit="kg"),
            Column(key="last", label=text("Last", "最近")),
        ),
        rows=rows,
        empty=visit.text("No row in force names it.", "现行申报行中未出现。"),
    )


def number_text(visit: Visit, identifier: str) -> str:
    """`uscc:9199…` → credit code 9199…; a scheme that has no word is shown as it is."""
    scheme, _, number = identifier.partition(":")
    word = words.SCHEMES.get(scheme)
    return f"{visit.localized(word)} {number}" if word and number else identifier


def source_text(visit: Visit, source: str, identifier: str) -> str:
    """Where screening found a name: in the register, in filings, on a list."""
    if source == FILED:
        return visit.text("named in filings", "申报中的名称")
    return (
        visit.text(f"register {identifier}", f"登记簿 {identifier}") if source == REGISTER else f"{source} {identifier}"
    )


def registered_name(names: Mapping[str, str], records: Iterable[Party], name: str) -> str:
    """What the register calls a party in the reader's language; `name` for one that it does not have."""
    return next((names[one.id] for one in records if one.source == REGISTER and one.id in names), name)


def proposal_view(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    """A proposal as a sentence, and whether it is the reader's own."""
    names = visit.text(", ", "、").join(row["names"] or ())
    if row["kind"] == "merge":
        text = visit.text(f"{row['party']} is {row['into']}", f"{row['party']} 即 {row['into']}")
    elif names:
        text = visit.text(f"{names}: not {row['party']}", f"{names}：并非 {row['party']}")
    else:
        text = visit.text(f"{row['party']} stands by itself again", f"{row['party']} 恢复为独立主体")
    own = row["by"] == visit.actor.pseudonym
    return {"id": row["id"], "text": text, "reason": row["reason"], "own": own}


def listing_text(visit: Visit, one: dict[str, Any]) -> str:
    """That a party counts as listed, and what that means for it, as a sentence."""
    since = written.day(one["since"], visit.language)
    kind = visit.text(", ", "，").join(kind_text(one[name], visit.language) for name in ("measure", "scope"))
    if one["how"] == "listed":
        return visit.text(
            f"On {one['list']} since {since} ({kind}): {one['reason'] or '–'}",
            f"列入 {one['list']}（自 {since}；{kind}）：{one['reason'] or '–'}",
        )
    share = written.percent(one["share"], visit.language)
    return visit.text(
        f"Counts as listed on {one['list']} ({kind}): {share} held",
        f"按 {one['list']} 视同列入（{kind}）：合计持股 {share}",
    )


def kind_options(kinds: Sequence[str], name: str, language: Language) -> list[tuple[str, str]]:
    """Options of a field: nothing, where the rows or topics of a list say it, and each measure or scope."""
    nothing = {"en": f"as the list says; else {kind_text(kinds[-1 if name == 'scope' else 0], 'en')}",
               "zh": f"按名录所载，未载明的为：{kind_text(kinds[-1 if name == 'scope' else 0], 'zh')}"}  # fmt: skip
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
            "countries": visit.text(", ", "、").join(words.country(code, visit.language) for code in one["countries"]),
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
    by = visit.text(", ", "、").join(names.get(one, one) for one in found["by"][:6])
    countries = visit.text(", ", "、").join(words.country(one, visit.language) for one in found["countries"])
    count, mass = written.count(found["rows"]), written.mass(parse_mass(found["mass_kg"]), visit.language)
    rows = visit.text("1 row" if found["rows"] == 1 else f"{count} rows", f"{count}行")
    first, last = (written.day(found[key], visit.language) for key in ("first_on", "last_on"))
    when = first if first == last else visit.text(f"{first} to {last}", f"{first}至{last}")
    facts = [
        visit.text(f"Filed by {by}", f"申报企业：{by}"),
        visit.text(f"{rows}, {mass}, {when}", f"{rows}，{mass}，{when}"),
    ]
    return [*facts, visit.text(f"Country as filed: {countries}", f"申报国家：{countries}")] if countries else facts


def reason_label(visit: Visit) -> str:
    """The label of a field for a reason."""
    return visit.text(f"Why; at most {REASON_CHARACTERS} characters", f"理由（最多 {REASON_CHARACTERS} 个字符）")


def new_fields(visit: Visit, found: dict[str, Any]) -> list[Field]:
    """What is asked of a new party."""
    return [
        Field(name="called", label=visit.text("What it is called", "主体名称"), value=found["name"], required=True),
        Field(
            name="other_name", label=visit.text("Its other name", "另一种文字名称"),
            hint=visit.text(
                "In Chinese, or in Latin letters: by both names it is found, however it is written",
                "中文或外文；两种名称齐备，方可准确比对",
            ),
        ),
        Field(
            name="country", label=visit.text("Country, such as DE", "国家代码，如 DE"), width="short",
            value=found["countries"][0] if len(found["countries"]) == 1 else "",
        ),
        Field(
            name="identifiers", label=visit.text("Numbers", "号码"), width="long",
            hint=visit.text("Such as uscc:… or lei:…, with blanks between them", "如 uscc:… 或 lei:…，以空格分隔"),
        ),
        Field(name="reason", label=visit.text("Why", "理由"), required=True, width="full"),
    ]  # fmt: skip


def history_view(visit: Visit, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was decided, the newest first, as sentences."""
    return [
        {
            "at": written.moment(row["at"], visit.language, visit.law.timezone),
            "by": row["by"] or visit.text("a run", "自动"),
            "text": _decided(visit, row), "reason": row.get("reason") or "",
            "href": visit.opens("entry", entry=row["entry"]),
        }
        for row in reversed(rows)
    ]  # fmt: skip


def _decided(visit: Visit, row: dict[str, Any]) -> str:
    if row["table"] == "party_names":
        others = visit.text(", ", "、").join(row["others"] or ())
        if row["party"]:
            likely = f" ({row['probability']})" if row["probability"] else ""
            if row["basis"] == "evidence":
                since = written.day(row["valid_from"], visit.language)
                return visit.text(f"{row['name']} → {row['party']}, by its number, since {since}",
                                 f"{row['name']} → {row['party']}，依号码关联，始于 {since}")  # fmt: skip
            return visit.text(f"{row['name']} → {row['party']}{likely}", f"{row['name']} → {row['party']}{likely}")
        return visit.text(f"{row['name']}: open", f"{row['name']}：待决") + (
            visit.text(f"; not {others}", f"；并非 {others}") if others else ""
        )
    if row["table"] == "parties":
        into = row["merged_into"]
        return (
            visit.text(f"{row['id']} is part of {into}", f"{row['id']} 并入 {into}")
            if into
            else visit.text(f"{row['id']} stands by itself", f"{row['id']} 为独立主体")
        )
    states = {
        "proposed": text("proposed", "已提议"), "done": text("accepted", "已接受"),
        "refused": text("refused", "已驳回"),
    }  # fmt: skip
    return f"{row['id']} {row['kind']}: {visit.localized(states[row['state']])}"
