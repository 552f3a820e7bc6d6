"""The answer of the desk: the verdict by word and shape first, then why, by which law, and what would settle it.

What needs somebody comes first: held lines, then those with a question, then those that may leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.http import HttpResponse

from lodeline.control.declaration import Declaration, Line
from lodeline.control.reason import vocabulary
from lodeline.web.pages.common import law_days
from lodeline.web.pages.customs.form import LABELS, form
from lodeline.web.pages.customs.many import CARDS_MOST, presets, row_choices
from lodeline.web.pages.customs.reasons import reason_text
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.language import Text, text
from lodeline.web.words.law import EVIDENCE, short_title
from lodeline.web.words.lots import composition_text
from lodeline.web.words.words import Tone

Json = dict[str, Any]
VERDICTS: Final[Mapping[str, Text]] = {
    "hold": text("Hold", "暂缓放行"),
    "query": text("Query", "质疑"),
    "release": text("Release", "放行"),
}
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "hold": ("square", "hold"), "query": ("diamond", "ink"), "release": ("tick", "flow"),
}  # fmt: skip
_WORST: Final = tuple(VERDICTS)
_SMALL: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
#: Fields that a line is shown with where it states them, under labels that leave room for what was stated.
_FACTS: Final[Mapping[str, Text]] = {
    "hs_code": LABELS["hs_code"],
    "controlled_declared": text("Declared", "申报"),
    "control_item": text("Item", "管制编码"),
    "licence": text("Licence", "许可证"),
    "lot": LABELS["lot"],
    "model": text("Model", "型号"),
    "composition": text("Content, %", "成分，%"),
    "assay_composition": text("Assay, %", "化验，%"),
    "destination": text("To", "目的国"),
    "consignee_name": text("Consignee", "收货人"),
    "end_user_name": text("End user", "最终用户"),
    "end_use": text("Use", "用途"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A question that was answered. `document`: as `service.customs.desk.answer` gives it; `fields`: of a single line.

    `no_store`: why no register was at hand, in both languages. `asker`: the firm that asked about its own goods;
    `entry`: the entry of the log that keeps it.
    """

    document: Json
    declaration: Declaration
    fields: Mapping[str, str]
    file: str | None
    no_store: Mapping[str, str] | None
    at: datetime
    seconds: float
    timezone: str
    asker: str = ""
    entry: int | None = None


def desk_address(visit: Visit, asker: str) -> str | None:
    """The desk: the authority's, or that of the firm that asks beforehand."""
    return visit.url("firm-desk", organisation=asker) if asker else visit.url("desk")


def show_answer(visit: Visit, asked: Asker, more: Mapping[str, Any] | None = None) -> HttpResponse:
    """The page of an answer; `?verdict=hold` narrows it, `?format=csv` gives the verdicts as a file. `more`: what else
    the template shows."""
    pairs = _ordered(asked)
    names = {} if asked.no_store else firm_names(visit)
    more = more or {}
    csv = wanted_csv(visit, _verdict_table(visit, pairs, names))
    if csv is not None:
        return csv
    chosen = [pair for pair in pairs if visit.query("verdict") in (None, pair[0]["verdict"])]
    if visit.query("verdict") not in (None, *VERDICTS):
        known = ", ".join(VERDICTS)
        raise BadQuestionError(f"`verdict` can be {known}.", f"`verdict` 可以是 {known}。")
    many = len(pairs) > CARDS_MOST
    cards = _opened(visit, pairs) if many else chosen
    document = asked.document
    papers = document.get("documents", {})
    return show(
        visit,
        "lodeline/customs/desk_answer.html",
        title=_headline(visit, document),
        headline=_headline(visit, document),
        document=document,
        file=asked.file,
        declarations=sorted({pair[0]["declaration"] for pair in pairs if pair[0]["declaration"]})[:3],
        answered_in=written.number(max(round(asked.seconds, 2), 0.01)),
        lede=_lede(visit, pairs, document, names),
        tiles=_tiles(visit, pairs),
        law=_law(visit, pairs, document),
        lines=[
            {**_line(visit, pair, document["known"], papers, names), "asked": _place(asked, pair)} for pair in cards
        ],
        any_line=bool(pairs),
        many=_many(visit, chosen, names, more.get("open_to"), more.get("decided", {})) if many else None,
        narrowed=visit.localized(VERDICTS[visit.query("verdict") or "hold"]) if visit.query("verdict") else None,
        all_lines=visit.here(verdict=None),
        problems=[_problem(visit, one) for one in document["problems"]],
        jurisdiction=_jurisdiction(visit, document["law"]),
        pack=_pack(visit, document),
        not_checked=[visit.localized(one) for one in document["not_checked"]],
        licences_unknown=document["licences"] == "unknown",
        no_store=asked.no_store,
        csv_href=visit.here(format="csv"),
        at=written.moment(asked.at.isoformat(), visit.language, asked.timezone),
        known=written.day(document["known"], visit.language),
        again=form(visit, asked.fields, _wrong(visit, pairs)) if asked.fields else None,
        here=desk_address(visit, asked.asker),
        entry=asked.entry,
        kept_at=_kept_at(visit, asked),
        releases=bool(
            asked.entry is not None
            and not asked.asker
            and document["counts"].get("release")
            and visit.actor.may("desk.decide")
        ),
        asker=asked.asker,
        apply_at=_apply_at(visit, asked),
        **{"notices": [], "deciding": None, "status": 200, **more},
    )


def with_words(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as it was given: of many lines, with the words that codes and facts give again."""
    if answer.get("words") != "by code":
        return dict(answer)

    def shown(one: Mapping[str, Any]) -> dict[str, Any]:
        entry = vocabulary()[one["code"]]
        text = {language: words.format_map(one["facts"]) for language, words in entry.text.items()}
        settle = {language: words.format_map(one["facts"]) for language, words in entry.settle.items()}
        return {**one, "law": [], "text": text, **({"settle": settle} if one["verdict"] == "query" else {})}

    lines = [
        {**line, "problems": [], "reasons": [shown(one) for one in line["reasons"]]} for line in answer["lines"]
    ]  # fmt: skip
    return {**answer, "lines": lines}


def _kept_at(visit: Visit, asked: Asker) -> str | None:
    """The page of the question as the log keeps it."""
    if asked.entry is None:
        return None
    if asked.asker:
        return visit.opens("firm-asked-one", organisation=asked.asker, entry=asked.entry)
    return visit.opens("desk-asked-one", entry=asked.entry)


def _apply_at(visit: Visit, asked: Asker) -> str | None:
    """Where the firm applies for a licence for goods that it asked about; the log has to have them."""
    if not asked.asker or asked.entry is None or not visit.actor.may("own.file", asked.asker):
        return None
    return visit.opens("firm-licences", organisation=asked.asker, query={"view": "applications"})


Pair = tuple[Json, Line]


def _place(asked: Asker, pair: Pair) -> str:
    """What an application for the goods of a line begins with; empty where no licence is wanted for them."""
    wanted = any(one["code"].startswith("licence.") and one["verdict"] != "release" for one in pair[0]["reasons"])
    place = next(number for number, line in enumerate(asked.declaration.lines) if line is pair[1])
    return f"asked:{asked.entry}.{place}" if wanted else ""


def _ordered(asked: Asker) -> list[Pair]:
    """The lines of the answer with what was declared, the strictest verdict first, then as filed."""
    pairs = list(zip(asked.document["lines"], asked.declaration.lines, strict=True))
    return sorted(pairs, key=lambda pair: _WORST.index(pair[0]["verdict"]))


def _headline(visit: Visit, document: Json) -> str:
    counts, number = document["counts"], len(document["lines"])
    if not document["readable"] or not number:
        return visit.text("This file could not be read: nothing of it is released", "文件无法读取：均暂缓放行")
    if number == 1:
        return visit.localized(
            {
                "hold": text("This line must wait", "本项暂缓放行"),
                "query": text("This line needs an answer before it leaves", "本项须先答复质疑"),
                "release": text("This line may leave", "本项可以放行"),
            }[document["verdict"]]
        )
    if visit.language == "zh":
        phrases = {"release": "{}项可以放行", "hold": "{}项暂缓放行", "query": "{}项须答复质疑"}
        return "，".join(text.format(written.count(counts[word])) for word, text in phrases.items() if counts[word])
    phrases = {"release": "{} may leave", "hold": "{} must wait", "query": "{} need{s} an answer"}
    parts: list[str] = []
    for word, wording in phrases.items():
        if counts[word]:
            in_words = _SMALL[counts[word]] if counts[word] < len(_SMALL) else written.count(counts[word])
            who = in_words.lower() if parts else f"{in_words} {'line' if counts[word] == 1 else 'lines'}"
            parts.append(wording.format(who, s="s" if counts[word] == 1 else ""))
    return ", ".join(parts)


def _lede(visit: Visit, pairs: list[Pair], document: Json, names: Mapping[str, str]) -> dict[str, object]:
    """What was asked about, as far as it was stated: who, to where, by what, how much; and under which law."""

    def all_of(name: str) -> list[str]:
        return list(dict.fromkeys(str(line[name]) for _, line in pairs if line[name]))

    n = written.count(len(pairs))
    countries = [words.country(code, visit.language) for code in all_of("destination")]
    between = "、" if visit.language == "zh" else ", "
    exporter = between.join((all_of("exporter_name") or [names.get(one, one) for one in all_of("exporter")])[:2])
    to = between.join(countries)
    if len(countries) > 3:
        to = visit.text(f"{len(countries)} countries", f"{len(countries)}个国家或地区")
    port = between.join(all_of("port")[:2])
    stated = exporter + visit.text(", ", "，") if exporter else ""
    if to:
        stated += visit.text(f"{'to' if exporter else 'To'} {to}", f"运往{to}")
        stated += visit.text(f" from {port}", f"，自{port}出境") if port else ""
        stated += visit.text("; ", "；")
    return {
        "stated": stated + visit.text("1 line" if len(pairs) == 1 else f"{n} lines", f"共{n}项"),
        "mass": _mass(visit, pairs),
        "value": _value(pairs),
        "judged": _judged(visit, pairs, document),
    }


def _judged(visit: Visit, pairs: list[Pair], document: Json) -> str:
    """The law of which day was asked, or of which days."""
    days = sorted({line["day"] for line, _ in pairs})
    known = written.day(document["known"], visit.language)
    if len(days) > 1:
        return visit.text(
            f"Each line is judged under the law of its own day, as published up to {known}.",
            f"各项按其申报日适用、截至{known}已公布的规定判断。",
        )
    day = written.day(days[0] if days else document["day"], visit.language)
    return visit.text(
        f"Judged under the law of {day}, as published up to {known}.",
        f"按{day}适用、截至{known}已公布的规定判断。",
    )


def _mass(visit: Visit, pairs: list[Pair]) -> str | None:
    """The mass of all lines, None where one of them does not state its own."""
    masses = [line["mass_kg"] for _, line in pairs]
    return written.mass(sum(masses), visit.language) if masses and all(masses) else None


def _value(pairs: list[Pair]) -> str | None:
    """The value of all lines, None where one does not state its own or the currencies differ."""
    values = [(line["currency"], line["value"]) for _, line in pairs]
    if not values or len({currency for currency, _ in values}) != 1 or not all(map(all, values)):
        return None
    return f"{values[0][0]} {written.number(float(sum(Decimal(str(value)) for _, value in values)))}"


def _tiles(visit: Visit, pairs: list[Pair]) -> list[dict[str, object]]:
    tiles: list[dict[str, object]] = []
    for verdict, word in VERDICTS.items():
        those = [pair for pair in pairs if pair[0]["verdict"] == verdict]
        number = written.count(len(those))
        names = [str(pair[0]["line"] or "?") for pair in those]
        listed = visit.text("line " if len(names) == 1 else "lines ", "第") + ", ".join(names[:4])
        listed += (" …" if len(names) > 4 else "") + visit.text("", "项")
        tiles.append(
            {
                "label": visit.localized(word),
                "figure": visit.text(f"{number} {'line' if len(those) == 1 else 'lines'}", f"{number}项"),
                "sub": ", ".join(filter(None, (_mass(visit, those), listed))) if those else visit.text("none", "无"),
                "shape": MARKS[verdict][0],
                "tone": MARKS[verdict][1] if those else "quiet",
                "href": visit.here(verdict=verdict, **{"verdicts.page": None}) + "#lines" if those else None,
            }
        )  # fmt: skip
    return tiles


def _law(visit: Visit, pairs: list[Pair], document: Json) -> dict[str, object]:
    days = sorted({line["day"] for line, _ in pairs}) or [document["day"]]
    return {
        "figure": written.day(days[0], visit.language) if len(days) == 1 else visit.text(
            f"{len(days)} days", f"{len(days)}个日期"
        ),
        "href": visit.url("law", query={"on": days[-1], "known": document["known"]}),
    }  # fmt: skip


def _jurisdiction(visit: Visit, code: str) -> str:
    """What the law of an answer is called; its code where another than this server's has answered."""
    law = visit.law
    return visit.localized(law.label) if law.code == code else code


def _pack(visit: Visit, document: Json) -> dict[str, object] | None:
    """By which pack it was judged, and whether another is the law now; None of an answer that is older than packs."""
    digest = document.get("pack")
    if digest is None:
        return None
    law = visit.law
    return {
        "digest": digest, "short": written.short_hash(digest), "href": visit.url("law-packs"),
        "now": written.short_hash(law.digest) if law.code == document["law"] and law.digest != digest else None,
    }  # fmt: skip


def _line(
    visit: Visit, pair: Pair, known: str, documents: Mapping[str, Json], names: Mapping[str, str]
) -> dict[str, object]:
    """One line as the page shows it."""
    answer, line = pair
    shape, tone = MARKS[answer["verdict"]]
    reasons = sorted(answer["reasons"], key=lambda one: _WORST.index(one["verdict"]))
    return {
        "name": str(answer["line"] or answer["row"]),
        "verdict": answer["verdict"],
        "word": visit.localized(VERDICTS[answer["verdict"]]),
        "shape": shape,
        "tone": tone,
        "goods": answer["product_name"] or visit.text("goods not named", "未填写商品名称"),
        "mass": " · ".join(filter(None, (_mass(visit, [pair]), _value([pair])))),
        "facts": [_fact(visit, name, line) for name in _FACTS if line.cells.get(name)],
        "day": written.day(answer["day"], visit.language),
        "problems": [_problem(visit, one) for one in answer["problems"]],
        "reasons": [_reason(visit, one, day=answer["day"], known=known, names=names) for one in reasons],
        "reservation": _reservation(visit, answer.get("reservation")),
        "settle": list(dict.fromkeys(visit.localized(one["settle"]) for one in reasons if "settle" in one)),
        "documents": [
            {
                "text": visit.localized(document["text"]),
                "law": [_cited(visit, one) for one in document["law"]],
            }
            for code in answer.get("documents", ())
            if (document := documents.get(code))
        ],
        "elements": [_element(visit, one) for one in answer.get("elements", ()) if one["standing"] != "not-listed"],
        "models": [_model(visit, one) for one in answer.get("models", ())],
        "id": answer["id"],
        "short_id": written.short_hash(answer["id"]),
    }


def _reservation(visit: Visit, reservation: Json | None) -> dict[str, object] | None:
    """What is reserved for the line on its licence, or why nothing is."""
    if reservation is None:
        return None
    if reservation["problems"]:
        return {"refused": [_problem(visit, one) for one in reservation["problems"]]}
    until = written.day(reservation["until"], visit.language)
    return {
        "text": visit.text(
            f"{reservation['mass_kg']} kg are reserved on {reservation['licence']} until {until}.",
            f"已在 {reservation['licence']} 上预留 {reservation['mass_kg']} 千克，至{until}。",
        ),
        "href": visit.opens("desk-licence", licence=reservation["licence"]),
        "refused": [],
    }  # fmt: skip


#: How an element stands → its word and tone.
_STANDINGS: Final[Mapping[str, tuple[Text, Tone]]] = {
    "controlled": (text("controlled, no licence", "受管制，无许可证"), "hold"),
    "licensed": (text("controlled, licensed", "受管制，有许可证"), "flow"),
    "trace": (text("trace, by trade practice", "微量（行业惯例）"), "ink"),
    "unknown": (text("state of the item unknown", "管制状态不明"), "ink"),
    "impurity": (text("listed, an impurity here", "列管元素，此处为杂质"), "ink"),
    "other-form": (text("listed, not in this form", "列管元素，此形态未列"), "ink"),
    "outside": (text("deeply processed", "深加工"), "flow"),
    "not-listed": (text("not listed", "未列管"), "quiet"),
}
_RISKS: Final[Mapping[str, Text]] = {
    "unregistered": text("not in the register", "未登记"),
    "no-composition": text("no composition", "无成分"),
    "trace": text("traces", "微量"),
    "grade": text("grade suggests heavy rare earths", "牌号通常含重稀土"),
    "exactly-100": text("adds up to exactly 100 %", "合计恰为 100%"),
}


def _element(visit: Visit, one: Json) -> dict[str, object]:
    word, tone = _STANDINGS[one["standing"]]
    share = "" if one["share_pct"] is None else f" {one['share_pct']} %"
    return {
        "name": one["element"] + share,
        "word": visit.localized(word),
        "tone": tone,
        "items": visit.text(", ", "、").join(one["items"]),
    }


def _model(visit: Visit, one: Json) -> dict[str, object]:
    shape, tone = MARKS[one["verdict"]]
    risks = [visit.localized(_RISKS[risk]) for risk in one["risks"]]
    report = one["test_report"] or visit.text("no test report", "无检测报告")
    return {
        "name": one["model"], "word": visit.localized(VERDICTS[one["verdict"]]), "shape": shape, "tone": tone,
        "note": visit.text(", ", "，").join([*one["items"], *risks, report]),
    }  # fmt: skip


def _cited(visit: Visit, one: Json) -> str:
    return f"{short_title(visit.localized(one['title']))} {visit.localized(one['article'])}"


def _fact(visit: Visit, name: str, line: Line) -> dict[str, object]:
    text, href = str(line.cells[name]), None
    if name in ("composition", "assay_composition"):
        text = composition_text(text)
    if name == "destination" and line[name]:
        text = words.country(line[name], visit.language)
    if name == "controlled_declared" and line[name] is not None:
        text = (
            visit.text("controlled", "属于管制物项") if line[name] else visit.text("not controlled", "不属于管制物项")
        )
    reading = visit.__dict__.get("reading")
    if name == "lot" and reading is not None and reading.snapshot.flow_index().lot_called(text) is not None:
        href = visit.url("lot", lot=text)
    return {"label": visit.localized(_FACTS[name]), "text": text, "href": href}


def _reason(visit: Visit, one: Json, *, day: str, known: str, names: Mapping[str, str]) -> dict[str, object]:
    days = {"on": day, "known": known}
    cited: dict[str, dict[str, object]] = {}
    for citation in one["law"]:
        title, article = visit.localized(citation["title"]), visit.localized(citation["article"])
        text = visit.text(f"{short_title(title)}, {article}", f"{short_title(title)}，{article}")
        cited[text] = {
            "text": text,
            "href": law_days.text_href(visit, citation["instrument"], query=days),
            "evidence": visit.localized(EVIDENCE[citation["evidence"]]),
        }
    return {
        "text": reason_text(visit, one, names),
        "code": one["code"],
        "law": list(cited.values())[:4],
        "more": len(cited) - 4,
        "fields": (", " if visit.language == "en" else "、").join(
            visit.localized(LABELS[name]) if name in LABELS else name for name in one["fields"]
        ),
    }


def _problem(visit: Visit, one: Json) -> dict[str, object]:
    flag = one["severity"] == "flag"
    where = one["where"]
    column = where["column"]
    place = [
        visit.text(f"row {where['row']}", f"第{where['row']}行")
        if where["row"] is not None and where["file"]
        else None,
        visit.localized(LABELS[column]) if column in LABELS else column,
    ]
    return {
        "place": " · ".join(filter(None, place)),
        "text": visit.localized(one["message"]),
        "code": one["code"],
        "tone": "gain" if flag else "loss",
        "shape": "up" if flag else "square",
        "word": visit.text("Flag", "提示") if flag else visit.text("Fix", "须更正"),
    }


def _wrong(visit: Visit, pairs: list[Pair]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for answer, _ in pairs:
        for one in answer["problems"]:
            found.setdefault(str(one["where"]["column"]), []).append(visit.localized(one["message"]))
    return found


def _opened(visit: Visit, pairs: list[Pair]) -> list[Pair]:
    """The line whose card is open: `?line=` its row in the file. Raises NotHereError."""
    row = visit.query("line")
    if row is None:
        return []
    found = [pair for pair in pairs if str(pair[0]["row"]) == row]
    if not found:
        raise NotHereError(f"This question has no row {row[:20]!r}.", f"该查询没有第 {row[:20]!r} 行。")
    return found


def _many(
    visit: Visit, pairs: list[Pair], names: Mapping[str, str], open_to: Any, decided: Mapping[str, Cell]
) -> dict[str, object]:
    """The lines as a table; where `open_to` says what may be done with which, with the choice of each."""
    rows = [_line_row(visit, pair, names, decided) for pair in pairs]
    ids = {id(row): pair[0]["id"] for row, pair in zip(rows, pairs, strict=True)}
    table = shown(visit, Table(
        name="verdicts",
        caption=visit.text("Verdict of each line", "逐项结论"),
        columns=(
            Column(key="line", label=text("Line", "项号")),
            Column(key="verdict", label=text("Verdict", "结论")),
            Column(key="goods", label=text("Goods", "商品名称")),
            Column(key="mass", label=text("Mass, kg", "净重（千克）"), number=True),
            Column(key="to", label=text("To", "目的国")),
            Column(key="why", label=text("Why", "理由")),
            *([Column(key="decided", label=text("Decided", "后续处理"))] if decided else []),
        ),
        rows=rows,
        empty=visit.text("No line has this verdict.", "没有此类结论。"),
    ))  # fmt: skip
    return {
        "table": table,
        "rows": row_choices(visit, [ids[id(row)] for row in table.rows], table.rows, open_to) if open_to else None,
        "presets": presets(visit, open_to) if open_to else [],
    }


def _line_row(visit: Visit, pair: Pair, names: Mapping[str, str], decided: Mapping[str, Cell]) -> Row:
    answer, line = pair
    shape, tone = MARKS[answer["verdict"]]
    those = [one for one in answer["reasons"] if one["verdict"] == answer["verdict"]]
    kilograms = None if line["mass_kg"] is None else line["mass_kg"] / written.MG_PER_KG
    to = words.country(line["destination"], visit.language) if line["destination"] else written.NOTHING
    why = reason_text(visit, those[0], names) if those else ""
    others = visit.text(f"and {len(those) - 1} more", f"另有{len(those) - 1}项") if len(those) > 1 else ""
    name = str(answer["line"] or answer["row"])
    return (
        Cell(
            text=name, value=int(name) if name.isdecimal() and len(name) < 10 else name,
            href=visit.here(line=answer["row"]) + "#card", note=answer["declaration"] or "",
        ),
        Cell(text=visit.localized(VERDICTS[answer["verdict"]]), shape=shape, tone=tone),
        Cell(text=answer["product_name"] or written.NOTHING, note=answer["hs_code"] or ""),
        Cell(text=written.NOTHING if kilograms is None else written.number(kilograms), value=kilograms),
        Cell(text=to, note=str(line["end_user_name"] or line["consignee_name"] or "")),
        Cell(text=why or written.NOTHING, note=others),
        *([decided.get(answer["id"], Cell(text=written.NOTHING))] if decided else []),
    )  # fmt: skip


def _verdict_table(visit: Visit, pairs: list[Pair], names: Mapping[str, str]) -> Table:
    return Table(
        name="verdicts",
        caption=visit.text("Verdict of each line", "逐项结论"),
        columns=(
            Column(key="line", label=text("Line", "项号")),
            Column(key="declaration", label=text("Declaration", "报关单号")),
            Column(key="verdict", label=text("Verdict", "结论")),
            Column(key="goods", label=text("Goods", "商品名称")),
            Column(key="code", label=text("HS code", "商品编码")),
            Column(key="mass", label=text("Mass, kg", "净重（千克）"), number=True),
            Column(key="why", label=text("Why", "理由")),
            Column(key="settle", label=text("What would settle it", "可凭以解决的材料")),
            Column(key="codes", label=text("Codes of the reasons", "理由代码")),
            Column(key="day", label=text("Day of law", "法规适用日")),
            Column(key="id", label=text("Id of the verdict", "结论编号")),
        ),
        rows=[_verdict_row(visit, pair, names) for pair in pairs],
        empty=visit.text("No line could be read.", "没有可读取的项。"),
    )


def _verdict_row(visit: Visit, pair: Pair, names: Mapping[str, str]) -> Row:
    answer, line = pair
    shape, tone = MARKS[answer["verdict"]]
    those = [one for one in answer["reasons"] if one["verdict"] == answer["verdict"]]
    settle = dict.fromkeys(visit.localized(one["settle"]) for one in answer["reasons"] if "settle" in one)
    kilograms = None if line["mass_kg"] is None else line["mass_kg"] / written.MG_PER_KG
    return (
        Cell(text=str(answer["line"] or answer["row"])),
        Cell(text=answer["declaration"] or written.NOTHING, value=answer["declaration"] or "", whole=True),
        Cell(text=visit.localized(VERDICTS[answer["verdict"]]), shape=shape, tone=tone),
        Cell(text=answer["product_name"] or written.NOTHING),
        Cell(text=answer["hs_code"] or written.NOTHING),
        Cell(text=written.NOTHING if kilograms is None else written.number(kilograms), value=kilograms),
        Cell(text=" ".join(reason_text(visit, one, names) for one in those)),
        Cell(text=" ".join(settle) or written.NOTHING),
        Cell(text=", ".join(one["code"] for one in those)),
        Cell(text=written.day(answer["day"], visit.language), value=answer["day"]),
        Cell(text=written.short_hash(answer["id"]), value=answer["id"]),
    )
