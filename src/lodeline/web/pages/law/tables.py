"""The tables of the law: its rules, the control list, the quotas of the years, the changes between two days."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lodeline.language import bilingual, text
from lodeline.web.pages.common import law_days
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.law import CHANGES, EVIDENCE, MARKS, STATUS, sentences, short_title, word

Json = dict[str, Any]
#: Characters of a value that its cell holds; a longer one is in full below the table.
_VALUE_LENGTH = {"en": 150, "zh": 80}
_LIST_ROWS = 120
_ITEMS_PER_PAGE = 20
_EVIDENCE_COLUMN = Column(key="evidence", label=text("How it is known"))


def fits(visit: Visit, lines: list[str]) -> bool:
    """Whether a value in words stands in its cell uncut."""
    return len(" ".join(lines)) <= _VALUE_LENGTH[visit.language]


def rule_table(visit: Visit, rows: list[Json], *, full: bool = False) -> Table:
    """Rows of `service.law.law.in_force`; `full` as a file has them, without it as a page has room for."""
    return Table(
        name="rules",
        caption=visit.text("Rules", context="law, tables, rule table"),
        columns=(
            Column(key="rule", label=text("Rule", context="law")),
            Column(key="status", label=text("State")),
            Column(key="says", label=text("What it says")),
            Column(key="from", label=text("From", context="law")),
            *([Column(key="to", label=text("To", context="law, tables"))] if full else []),
            Column(key="citation", label=text("Where it stands")),
            *([_EVIDENCE_COLUMN, Column(key="note", label=text("Note", context="law"))] if full else []),
        ),
        rows=[_rule(visit, row, full=full) for row in rows],
        empty=visit.text("Nothing had been published up to the day given: take a later one for “known”."),
        per_page=_LIST_ROWS,
    )


def _rule(visit: Visit, row: Json, *, full: bool) -> Row:
    shape, tone = MARKS[row["status"]]
    texts = [visit.localized(row[name]) for name in ("note", "informs") if row[name]]
    note = " ".join(texts) if visit.language == "en" else "".join(texts)
    suspension = _suspension(visit, row["suspension"])
    cells = [
        Cell(
            text=visit.localized(row["label"]),
            note=note,
            href=law_days.text_href(visit, row["instrument"], row["parameter"]),
        ),
        Cell(text=visit.localized(STATUS[row["status"]]), shape=shape, tone=tone, note=suspension),
        _value_cell(visit, row),
    ]
    if full:
        return (
            *cells,
            _day_cell(visit, row["in_force_from"]),
            _day_cell(visit, row["in_force_to"]),
            _citation_cell(visit, row["citation"]),
            _evidence_cell(visit, row["evidence"]),
            Cell(text=" ".join(filter(None, (note, suspension)))),
        )
    first, last = (written.day(row[name], visit.language) for name in ("in_force_from", "in_force_to"))
    until = "" if row["in_force_to"] is None else visit.text("to {last}", last=last)
    return (
        *cells,
        Cell(text=first, value=row["in_force_from"], note=until),
        _citation_cell(visit, row["citation"], evidence=row["evidence"]),
    )


def _value_cell(visit: Visit, row: Json) -> Cell:
    lines = sentences(row["value"], visit.language)
    if row["value"] is None:
        return Cell(text=visit.text("was not published or not found"))
    whole = " · ".join(lines)
    if row["parameter"] == "control-list":
        return Cell(text=visit.text("{lines} items", lines=len(lines)), value=whole, href="#items")
    if fits(visit, lines):
        return Cell(text=whole, value=whole)
    cut = whole[: _VALUE_LENGTH[visit.language]].rsplit(" ", 1)[0] if visit.language == "en" else whole[:80]
    return Cell(
        text=cut.rstrip(" ;；·,，、") + " …",
        value=whole,
        href=law_days.text_href(visit, row["instrument"], row["parameter"]),
    )


def _suspension(visit: Visit, suspension: Json | None) -> str:
    if suspension is None:
        return ""
    first, by = written.day(suspension["from"], visit.language), visit.localized(suspension["citation"]["title"])
    if suspension["to"] is None:
        return visit.text("suspended from {first} by {short_title}", first=first, short_title=short_title(by))
    last = written.day(suspension["to"], visit.language)
    return visit.text(
        "suspended {first} to {last} by {short_title}", first=first, last=last, short_title=short_title(by)
    )


def instrument_table(visit: Visit, rows: list[Json], rules: list[Json]) -> Table:
    """Rows of `service.law.lists.instruments`, with how many of the `rules` of the day each sets."""
    number = Counter(rule["instrument"] for rule in rules)
    return Table(
        name="instruments",
        caption=visit.text("Instruments", context="law"),
        columns=(
            Column(key="instrument", label=text("Instrument")),
            Column(key="published", label=text("Published", context="law, tables")),
            Column(key="issuer", label=text("By", context="law, tables, instrument table")),
            Column(key="rules", label=text("Rules", context="law, tables, instrument table"), number=True),
            _EVIDENCE_COLUMN,
        ),
        rows=[
            (
                Cell(
                    text=visit.localized(one["title"]), value=one["instrument"],
                    href=law_days.text_href(visit, one["instrument"]),
                ),
                _day_cell(visit, one["published"]),
                Cell(text=visit.localized(one["issuer"])),
                Cell(text=written.count(number[one["instrument"]]), value=number[one["instrument"]]),
                Cell(text=visit.localized(EVIDENCE[one["evidence"]]), note=visit.localized(one["source"])),
            )
            for one in rows
        ],
        empty=visit.text("Nothing had been published up to that day."),
        per_page=_LIST_ROWS,
    )  # fmt: skip


#: What a hit of the search is.
_KINDS = {
    "instrument": text("instrument"),
    "rule": text("rule"),
    "item": text("control item", context="law"),
}


def hit_table(visit: Visit, hits: list[Json]) -> Table:
    """Rows of `service.law.texts.found`."""
    return Table(
        name="found",
        caption=visit.text("Found in the law"),
        columns=(
            Column(key="found", label=text("Found", context="law")),
            Column(key="kind", label=text("What it is", context="law")),
            Column(key="said", label=text("Where the word stands")),
            Column(key="state", label=text("State")),
            Column(key="instrument", label=text("Instrument")),
        ),
        rows=[_hit(visit, one) for one in hits],
        empty=visit.text(
            "Nothing in this pack says that. Try one word of it, in English or Chinese, an article or a customs code."
        ),
        per_page=_LIST_ROWS,
    )


def _hit(visit: Visit, one: Json) -> Row:
    label, said = visit.localized(one["label"]), visit.localized(one["said"])
    status = one["status"]
    shape, tone = MARKS[status] if status else ("", None)
    rule = one["name"] if one["kind"] == "rule" else ""
    return (
        Cell(
            text=f"{one['name']} {label}" if one["kind"] == "item" else label, value=one["name"] or one["instrument"],
            href=law_days.text_href(visit, one["instrument"], rule),
        ),
        Cell(text=visit.localized(_KINDS[one["kind"]])),
        Cell(text=written.NOTHING if said == label else said),
        Cell(text=visit.localized(STATUS[status]) if status else written.NOTHING, shape=shape, tone=tone),
        Cell(text=short_title(visit.localized(one["title"])), href=law_days.text_href(visit, one["instrument"])),
    )  # fmt: skip


def item_table(visit: Visit, items: list[Json], *, full: bool = False) -> Table:
    """Rows of `service.law.lists.control_list`."""
    return Table(
        name="items",
        caption=visit.text("Control list"),
        columns=(
            Column(key="item", label=text("Item")),
            Column(key="element", label=text("Element")),
            Column(key="form", label=text("Form")),
            Column(key="label", label=text("As listed")),
            Column(key="codes", label=text("Customs codes, for reference")),
            Column(key="status", label=text("State")),
            Column(key="instrument", label=text("Where it stands")),
            *([_EVIDENCE_COLUMN] if full else []),
        ),
        rows=[_item(visit, item, full=full) for item in items],
        empty=visit.text("No control list had been published up to that day."),
        per_page=_ITEMS_PER_PAGE,
    )


def _item(visit: Visit, item: Json, *, full: bool) -> Row:
    shape, tone = MARKS[item["status"]]
    label, named = visit.localized(item["label"]), visit.text(", ", context="law, tables").join(item["named"])
    by_name = visit.text("by name: {named}", named=named) if named else ""
    evidence = _evidence_cell(visit, item["evidence"])
    return (
        Cell(text=item["item"]),
        Cell(text=f"{item['element']} {words.element(item['element'], visit.language)}", value=item["element"]),
        Cell(text=word(item["form"], visit.language), value=item["form"]),
        Cell(text=label, value=f"{label} ({by_name})" if named else label, note=by_name),
        Cell(text=", ".join(item["codes"]) or written.NOTHING, value=", ".join(item["codes"])),
        Cell(text=visit.localized(STATUS[item["status"]]), shape=shape, tone=tone),
        Cell(
            text=short_title(visit.localized(item["title"])), value=visit.localized(item["title"]),
            href=law_days.text_href(visit, item["instrument"]), note=evidence.text,
        ),
        *([evidence] if full else []),
    )  # fmt: skip


def quota_table(visit: Visit, rows: list[Json], *, full: bool = False) -> Table:
    """Rows of `service.law.lists.quota_years`; masses in t REO."""

    def mass(column: str, label: Any) -> Column:
        return Column(key=column, label=label, number=True, unit="t REO")

    return Table(
        name="quotas",
        caption=visit.text("Quotas of the nation by year"),
        columns=(
            Column(key="year", label=text("Year", context="law")),
            Column(key="kind", label=text("Kind", context="law")),
            mass("total", text("In all, t REO")),
            mass("rock", text("Rock ore")),
            mass("ion", text("Ion-adsorption ore")),
            Column(key="published", label=text("Published", context="law, tables")),
            Column(key="source", label=text("Where it stands")),
            *(
                [
                    _EVIDENCE_COLUMN,
                    Column(key="batches", label=text("Batches and groups")),
                    Column(key="note", label=text("Note", context="law")),
                ]
                if full
                else []
            ),
        ),
        rows=[_quota(visit, row, full=full) for row in rows],
        empty=visit.text("No quota had been published up to that day."),
        per_page=_LIST_ROWS,
    )


def _quota(visit: Visit, row: Json, *, full: bool) -> Row:
    value = row["value"] or {}
    first, last = row["from"][:4], (row["to"] or "")[:4]
    year = (
        first
        if last == first
        else visit.text("from {first}", context="law, tables", first=first)
        if not last
        else f"{first}–{last}"
    )
    rest = sentences({name: value[name] for name in ("batches_t_reo", "groups") if name in value}, visit.language)
    note = visit.localized(row["note"]) if row["note"] else ""
    return (
        Cell(text=year, value=first),
        Cell(text=words.word(words.QUOTA_KINDS, row["kind"], visit.language), value=row["kind"]),
        _t_reo(visit, value, "total", missing=visit.text("not known", context="law") if row["value"] is None else ""),
        _t_reo(visit, value, "rock"),
        _t_reo(visit, value, "ion"),
        _day_cell(visit, row["published"]),
        Cell(text=visit.localized(row["article"]), note=_evidence_cell(visit, row["evidence"]).text),
        *([_evidence_cell(visit, row["evidence"]), Cell(text="".join(rest)), Cell(text=note)] if full else []),
    )


def _t_reo(visit: Visit, value: Json, name: str, *, missing: str = "") -> Cell:
    """A mass in t REO; where the source gives it as about so much, that is said."""
    if f"{name}_t_reo" in value:
        return Cell(text=written.count(value[f"{name}_t_reo"]), value=value[f"{name}_t_reo"])
    if f"{name}_t_reo_about" in value:
        about = value[f"{name}_t_reo_about"]
        return Cell(text=visit.text("about {about}", about=written.count(about)), value=about)
    return Cell(text=missing or written.NOTHING)


def fine_rows(visit: Visit, rows: list[Json]) -> Table:
    """Rows of `service.law.lists.fine_table`."""
    return Table(
        name="fines",
        caption=visit.text("Fines"),
        columns=(
            Column(key="breach", label=text("Breach")),
            Column(key="times", label=text("A multiple")),
            Column(key="fixed", label=text("Else, yuan")),
            Column(key="refusing", label=text("Refusing to correct, yuan")),
            Column(key="citation", label=text("Where it stands")),
        ),
        rows=[_fine(visit, row) for row in rows],
        empty=visit.text("No table of fines was in force."),
        per_page=_LIST_ROWS,
    )


#: What a fine is a multiple of, and who pays for refusing.
_BASES = {"gains": text("the unlawful gains"), "turnover": text("the illegal turnover")}
_PAYS = {"firm": text("firm"), "persons": text("persons in charge")}


def _fine(visit: Visit, row: Json) -> Row:
    times = "–"
    bound = ""
    if row["times"] is not None:
        base = visit.localized(_BASES[row["base"]])
        times = visit.text(
            "{span} times {base}", span=bilingual(_span(row["times"], "en"), _span(row["times"], "zh")), base=base
        )
        if row["from_base"] is not None:
            bound = visit.text("from {from_base}", from_base=written.number(row["from_base"]))
    refusing = visit.text("; ", context="law")
    return (
        Cell(text=visit.localized(row["breach"]), note=visit.localized(row["serious"]) if row["serious"] else ""),
        Cell(text=times, note=bound),
        Cell(text=_span(row["fixed"], visit.language), value=row["fixed"][0]),
        Cell(
            text=refusing.join(
                f"{visit.localized(_PAYS[whom])} {_span(span, visit.language)}" for whom,
                span in row["refusing"].items()
            ) or "–"
        ),
        _citation_cell(visit, row["citation"], evidence=row["evidence"]),
    )  # fmt: skip


def _span(span: list[int], language: str) -> str:
    least, most = (written.number(one) for one in span)
    return f"{least}{'至' if language == 'zh' else ' to '}{most}"


def change_table(visit: Visit, rows: list[Json]) -> Table:
    """Rows of `service.law.law.diff`."""
    return Table(
        name="changes",
        caption=visit.text("Changes", context="law"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="what", label=text("What happened", context="law")),
            Column(key="rule", label=text("Rule", context="law")),
            Column(key="instrument", label=text("Instrument")),
            Column(key="from", label=text("Holds from")),
            Column(key="to", label=text("To", context="law, tables")),
            Column(key="citation", label=text("By", context="law, tables, change table")),
            _EVIDENCE_COLUMN,
        ),
        rows=[_change(visit, row) for row in rows],
        empty=visit.text("Nothing changed between these days, as far as this pack knows. Take an earlier first day."),
        per_page=_LIST_ROWS,
    )


def _change(visit: Visit, row: Json) -> Row:
    shape, tone = MARKS[row["what"]]
    law = visit.url("law", query={"on": row["on"]})
    return (
        Cell(text=written.day(row["on"], visit.language), value=row["on"], href=law),
        Cell(text=visit.localized(CHANGES[row["what"]]), shape=shape, tone=tone),
        Cell(text=visit.localized(row["label"])),
        Cell(
            text=short_title(visit.localized(row["title"])), value=visit.localized(row["title"]),
            href=law_days.text_href(visit, row["instrument"], row["parameter"], query={"on": row["on"]}),
        ),
        _day_cell(visit, row["from"]),
        _day_cell(visit, row["to"]),
        _citation_cell(visit, row["citation"], query={"on": row["on"]}),
        _evidence_cell(visit, row["evidence"]),
    )  # fmt: skip


def _day_cell(visit: Visit, day: str | None) -> Cell:
    return Cell(text=written.day(day, visit.language), value=day)


def _citation_cell(
    visit: Visit, citation: Json, *, query: dict[str, str] | None = None, evidence: str | None = None
) -> Cell:
    known = "" if evidence is None else f" · {visit.localized(EVIDENCE[evidence])}"
    title, article = visit.localized(citation["title"]), visit.localized(citation["article"])
    return Cell(
        text=short_title(title), value=visit.text("{title}, {article}", title=title, article=article),
        note=article + known,
        href=law_days.text_href(visit, citation["instrument"], query=query),
    )  # fmt: skip


def _evidence_cell(visit: Visit, evidence: str) -> Cell:
    return Cell(text=visit.localized(EVIDENCE[evidence]), value=visit.localized(EVIDENCE[evidence]))
