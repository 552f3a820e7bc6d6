"""The tables of the law: its rules, the control list, the quotas of the years, the changes between two days."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lodeline.web.pages.common import law_days
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import text
from lodeline.web.words.law import CHANGES, EVIDENCE, MARKS, STATUS, sentences, short_title, word

Json = dict[str, Any]
#: Characters of a value that its cell holds; a longer one is in full below the table.
_VALUE_LENGTH = {"en": 150, "zh": 80}
_LIST_ROWS = 120
_ITEMS_PER_PAGE = 20
_EVIDENCE_COLUMN = Column(key="evidence", label=text("How it is known", "依据来源"))


def fits(visit: Visit, lines: list[str]) -> bool:
    """Whether a value in words stands in its cell uncut."""
    return len(" ".join(lines)) <= _VALUE_LENGTH[visit.language]


def rule_table(visit: Visit, rows: list[Json], *, full: bool = False) -> Table:
    """Rows of `service.law.law.in_force`; `full` as a file has them, without it as a page has room for."""
    return Table(
        name="rules",
        caption=visit.text("Rules", "各项规定"),
        columns=(
            Column(key="rule", label=text("Rule", "事项")),
            Column(key="status", label=text("State", "状态")),
            Column(key="says", label=text("What it says", "内容")),
            Column(key="from", label=text("From", "自")),
            *([Column(key="to", label=text("To", "至"))] if full else []),
            Column(key="citation", label=text("Where it stands", "出处")),
            *([_EVIDENCE_COLUMN, Column(key="note", label=text("Note", "说明"))] if full else []),
        ),
        rows=[_rule(visit, row, full=full) for row in rows],
        empty=visit.text(
            "Nothing had been published up to the day given: take a later one for “known”.",
            "截至所填日期尚无公布的规定：请填写较晚的“截至”日期。",
        ),
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
    until = "" if row["in_force_to"] is None else visit.text(f"to {last}", f"至{last}")
    return (
        *cells,
        Cell(text=first, value=row["in_force_from"], note=until),
        _citation_cell(visit, row["citation"], evidence=row["evidence"]),
    )


def _value_cell(visit: Visit, row: Json) -> Cell:
    lines = sentences(row["value"], visit.language)
    if row["value"] is None:
        return Cell(text=visit.text("was not published or not found", "未公布或未查到"))
    whole = " · ".join(lines)
    if row["parameter"] == "control-list":
        return Cell(text=visit.text(f"{len(lines)} items", f"{len(lines)}项"), value=whole, href="#items")
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
        return visit.text(f"suspended from {first} by {short_title(by)}", f"{first}起暂停实施，依据{short_title(by)}")
    last = written.day(suspension["to"], visit.language)
    return visit.text(
        f"suspended {first} to {last} by {short_title(by)}", f"{first}至{last}暂停实施，依据{short_title(by)}"
    )


def instrument_table(visit: Visit, rows: list[Json], rules: list[Json]) -> Table:
    """Rows of `service.law.lists.instruments`, with how many of the `rules` of the day each sets."""
    number = Counter(rule["instrument"] for rule in rules)
    return Table(
        name="instruments",
        caption=visit.text("Instruments", "法规文件"),
        columns=(
            Column(key="instrument", label=text("Instrument", "法规文件")),
            Column(key="published", label=text("Published", "公布日")),
            Column(key="issuer", label=text("By", "发布机关")),
            Column(key="rules", label=text("Rules", "事项"), number=True),
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
        empty=visit.text("Nothing had been published up to that day.", "截至该日尚无公布的规定。"),
        per_page=_LIST_ROWS,
    )  # fmt: skip


#: What a hit of the search is.
_KINDS = {
    "instrument": text("instrument", "法规文件"),
    "rule": text("rule", "事项"),
    "item": text("control item", "管制物项"),
}


def hit_table(visit: Visit, hits: list[Json]) -> Table:
    """Rows of `service.law.texts.found`."""
    return Table(
        name="found",
        caption=visit.text("Found in the law", "法规检索结果"),
        columns=(
            Column(key="found", label=text("Found", "检索结果")),
            Column(key="kind", label=text("What it is", "类型")),
            Column(key="said", label=text("Where the word stands", "出现之处")),
            Column(key="state", label=text("State", "状态")),
            Column(key="instrument", label=text("Instrument", "法规文件")),
        ),
        rows=[_hit(visit, one) for one in hits],
        empty=visit.text(
            "Nothing in this pack says that. Try one word of it, in English or Chinese, an article or a customs code.",
            "本库未检索到。请改用其中一个词（中文或英文）、条号或海关编码。",
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
        caption=visit.text("Control list", "管制清单"),
        columns=(
            Column(key="item", label=text("Item", "管制编码")),
            Column(key="element", label=text("Element", "元素")),
            Column(key="form", label=text("Form", "形态")),
            Column(key="label", label=text("As listed", "清单表述")),
            Column(key="codes", label=text("Customs codes, for reference", "参考海关编码")),
            Column(key="status", label=text("State", "状态")),
            Column(key="instrument", label=text("Where it stands", "出处")),
            *([_EVIDENCE_COLUMN] if full else []),
        ),
        rows=[_item(visit, item, full=full) for item in items],
        empty=visit.text("No control list had been published up to that day.", "截至该日尚未公布管制清单。"),
        per_page=_ITEMS_PER_PAGE,
    )


def _item(visit: Visit, item: Json, *, full: bool) -> Row:
    shape, tone = MARKS[item["status"]]
    label, named = visit.localized(item["label"]), visit.text(", ", "、").join(item["named"])
    by_name = visit.text(f"by name: {named}", f"列名：{named}") if named else ""
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
        caption=visit.text("Quotas of the nation by year", "全国年度总量控制指标"),
        columns=(
            Column(key="year", label=text("Year", "年度")),
            Column(key="kind", label=text("Kind", "类别")),
            mass("total", text("In all, t REO", "合计（吨REO）")),
            mass("rock", text("Rock ore", "岩矿型")),
            mass("ion", text("Ion-adsorption ore", "离子型")),
            Column(key="published", label=text("Published", "公布日")),
            Column(key="source", label=text("Where it stands", "出处")),
            *(
                [
                    _EVIDENCE_COLUMN,
                    Column(key="batches", label=text("Batches and groups", "批次及集团")),
                    Column(key="note", label=text("Note", "说明")),
                ]
                if full
                else []
            ),
        ),
        rows=[_quota(visit, row, full=full) for row in rows],
        empty=visit.text("No quota had been published up to that day.", "截至该日尚未公布指标。"),
        per_page=_LIST_ROWS,
    )


def _quota(visit: Visit, row: Json, *, full: bool) -> Row:
    value = row["value"] or {}
    first, last = row["from"][:4], (row["to"] or "")[:4]
    year = first if last == first else visit.text(f"from {first}", f"{first}年起") if not last else f"{first}–{last}"
    rest = sentences({name: value[name] for name in ("batches_t_reo", "groups") if name in value}, visit.language)
    note = visit.localized(row["note"]) if row["note"] else ""
    return (
        Cell(text=year, value=first),
        Cell(text=words.word(words.QUOTA_KINDS, row["kind"], visit.language), value=row["kind"]),
        _t_reo(visit, value, "total", missing=visit.text("not known", "情况不明") if row["value"] is None else ""),
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
        return Cell(text=visit.text(f"about {written.count(about)}", f"约{written.count(about)}"), value=about)
    return Cell(text=missing or written.NOTHING)


def fine_rows(visit: Visit, rows: list[Json]) -> Table:
    """Rows of `service.law.lists.fine_table`."""
    return Table(
        name="fines",
        caption=visit.text("Fines", "罚款"),
        columns=(
            Column(key="breach", label=text("Breach", "违法行为")),
            Column(key="times", label=text("A multiple", "倍数")),
            Column(key="fixed", label=text("Else, yuan", "否则（元）")),
            Column(key="refusing", label=text("Refusing to correct, yuan", "拒不改正（元）")),
            Column(key="citation", label=text("Where it stands", "出处")),
        ),
        rows=[_fine(visit, row) for row in rows],
        empty=visit.text("No table of fines was in force.", "该日没有有效的罚款规定。"),
        per_page=_LIST_ROWS,
    )


#: What a fine is a multiple of, and who pays for refusing.
_BASES = {"gains": text("the unlawful gains", "违法所得"), "turnover": text("the illegal turnover", "违法经营额")}
_PAYS = {"firm": text("firm", "单位"), "persons": text("persons in charge", "责任人员")}


def _fine(visit: Visit, row: Json) -> Row:
    times = "–"
    bound = ""
    if row["times"] is not None:
        base = visit.localized(_BASES[row["base"]])
        times = visit.text(f"{_span(row['times'], 'en')} times {base}", f"{base}的{_span(row['times'], 'zh')}倍")
        if row["from_base"] is not None:
            bound = visit.text(f"from {written.number(row['from_base'])}", f"{written.number(row['from_base'])}以上")
    refusing = "; " if visit.language == "en" else "；"
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
        caption=visit.text("Changes", "变化"),
        columns=(
            Column(key="on", label=text("Day", "日期")),
            Column(key="what", label=text("What happened", "变化")),
            Column(key="rule", label=text("Rule", "事项")),
            Column(key="instrument", label=text("Instrument", "法规文件")),
            Column(key="from", label=text("Holds from", "自")),
            Column(key="to", label=text("To", "至")),
            Column(key="citation", label=text("By", "依据")),
            _EVIDENCE_COLUMN,
        ),
        rows=[_change(visit, row) for row in rows],
        empty=visit.text(
            "Nothing changed between these days, as far as this pack knows. Take an earlier first day.",
            "就本库所知，这两日之间没有变化。请填写更早的起始日。",
        ),
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
        text=short_title(title), value=visit.text(f"{title}, {article}", f"{title}，{article}"),
        note=article + known,
        href=law_days.text_href(visit, citation["instrument"], query=query),
    )  # fmt: skip


def _evidence_cell(visit: Visit, evidence: str) -> Cell:
    return Cell(text=visit.localized(EVIDENCE[evidence]), value=visit.localized(EVIDENCE[evidence]))
