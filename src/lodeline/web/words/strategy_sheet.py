"""The briefing of a run: one sheet of A4 as markup, the same in the portal and as a file of its own.

A reader who has a minute reads the headline and five figures; three pictures, the assumptions and the sources carry
them. Classes are those of `static/lodeline/brief.css`; the file brings its styles along, and asks no network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from lodeline.language import Language, text
from lodeline.web.drawing.svg import SHAPES, Markup, element, escape
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says
from lodeline.web.words import strategy_pictures as pictures
from lodeline.web.words.language import TAGS

Json = Mapping[str, Any]
_STYLES: Final = ("lodeline.css", "drawing.css", "brief.css")
#: Characters of a note that goes on the sheet.
_NOTE_MOST: Final = 150
_ENDS: Final = ("low", "central", "high")
#: Widths in pixels at which the pictures are drawn, so that their letters are read on paper.
_WIDE, _HALF, _HALF_HIGH = 760.0, 372.0, 172.0


def sheet(brief: Json, language: Language) -> Markup:
    """The sheet of `service.strategy.briefing.briefing`."""
    return _tag("article", _head(brief, language), _figures(brief, language), _pictures(brief, language),
                _foundations(brief, language), _foot(brief, language), class_="brief")  # fmt: skip


def document(brief: Json, language: Language) -> str:
    """The sheet as an HTML file of its own: it prints on one page of A4."""
    styles = "\n".join((files("lodeline") / "web/static/lodeline" / name).read_text("utf-8") for name in _STYLES)
    title = escape(brief["scenario"][f"name_{language}"] or brief["scenario"]["name"])
    body = sheet(brief, language)
    return (
        f'<!doctype html>\n<html lang="{TAGS[language]}" data-theme="light">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title} · Lodeline</title>\n'
        f"<style>\n{styles}</style>\n</head>\n<body>\n<main>{body}</main>\n</body>\n</html>\n"
    )


def basis_mark(basis: str, language: Language) -> Markup:
    """The word of a basis with its shape."""
    word = says.BASES[basis]
    drawn = element("svg", element("path", d=SHAPES[word.shape]), viewBox="0 0 10 10", aria_hidden="true")
    return _tag("span", drawn, escape(word.label[language]), class_=f"st c-{word.tone}")


def _tag(name: str, *inside: Markup, class_: str | None = None) -> Markup:
    """An element of HTML, which is never written as an empty one."""
    return element(name, *(inside or (escape(""),)), class_=class_)


def _head(brief: Json, language: Language) -> Markup:
    zh, settings, scenario = language == "zh", brief["settings"], brief["scenario"]
    first, last = pictures.timeline_days(settings["starts"], settings["horizon_days"])
    name = scenario[f"name_{language}"] or scenario["name"]
    when = f"{written.day(first, language)}{'至' if zh else ' to '}{written.day(last, language)}"
    parts = ["战略推演简报" if zh else "Strategy briefing", name, when]
    marks = [_tag("span", escape(" · ".join(parts)))]
    if brief["stamp"].get("synthetic"):
        marks.append(_tag("span", escape("模拟数据，非真实企业" if zh else "Synthetic data"), class_="synth"))
    return _tag(
        "div", _tag("p", *marks, class_="kick"), _tag("h1", escape(brief["headline"][language])), class_="brief-head"
    )


def _figures(brief: Json, language: Language) -> Markup:
    items = [
        _tag(
            "li", _tag("span", escape(label), class_="sc"), _tag("b", escape(figure)), _tag("small", escape(more)),
            basis_mark(one["basis"], language),
        )
        for one in brief["figures"]
        for label, figure, more in (figure_words(one, brief["settings"], language),)
    ]  # fmt: skip
    return _tag("ul", *items, class_="brief-figures")


def figure_words(one: Json, settings: Json, language: Language) -> tuple[str, str, str]:
    """One of the five figures of a briefing: what it is, the figure, and what stands below it."""
    zh, starts, key = language == "zh", settings["starts"], one["key"]
    p50 = one.get("p50")
    if key == "first-stop":
        label, figure = "首家停产" if zh else "First stop", _day(starts, p50, language)
        return label, figure, "" if one.get("p10") is None else says.stops_whole(one, starts, language)
    if key == "stopping":
        low, high, of = (written.number(round(one.get(part) or 0)) for part in ("p10", "p90", "of"))
        n = written.number(round(p50 or 0))
        horizon = says.on_day(starts, settings["horizon_days"], language)
        if zh:
            return f"{horizon}前停产", f"{n}/{of}家", f"{low}至{high}家"
        return f"Stop by {horizon}", f"{n} of {of}", f"plants; {low} – {high}"
    if key == "lost":
        label, spread = "产出损失" if zh else "Output lost", says.spread(one, says.mass, language)
        return label, says.mass(p50, language), spread if spread != says.mass(p50, language) else ""
    if key == "crosses":
        label = "买方损失超过卖方" if zh else "Buyers lose more from"
        if one.get("two_currencies"):
            # Nothing converts one into the other: what the buyers lose by the end stands here instead of the day.
            low, central, high = (says.money(one["buyer"][part], one["currency"], language) for part in _ENDS)
            end = says.on_day(starts, settings["horizon_days"], language)
            return f"至{end}买方损失" if zh else f"Buyers lose by {end}", central, f"{low} – {high}"
        if p50 is not None:
            return label, says.on_day(starts, p50, language), says.stops(one, starts, language)
        end = says.on_day(starts, settings["horizon_days"], language)
        more = says.never(one, language, zh="未超过")
        return label, "未超过" if zh else "no day", f"至{end}；{more}" if zh else f"until {end}; {more}".rstrip("; ")
    if key == "help":
        saved = says.mass(one.get("avoided_kg"), language)
        label = "最有效" if zh else "Helps most"
        return label, f"减少{saved}" if zh else f"{saved} saved", (
            f"{says.helped(one, language)} · {says.plant_name(one, language)}"
        )  # fmt: skip
    share = written.percent((one.get("exact_pct") or 0.0) / 100, language, 0)
    return ("确数占比", share, "其余为推算") if zh else ("Exact", share, "the rest is reckoned")


def _day(starts: str, day: float | None, language: Language) -> str:
    if day is None:
        return text("none", context="strategy sheet")[language]
    return says.on_day(starts, day, language)


def _pictures(brief: Json, language: Language) -> Markup:
    zh, more = language == "zh", brief["left_out"]["plants"]
    n = written.count(more)
    titles = (
        "各工厂停产时间" if zh else "When plants stop",
        "双方累计损失" if zh else "What both sides lose",
        "结论取决于" if zh else "What the answer hangs on",
    )
    rest = (f"另有{n}家工厂停产更晚或不停产" if zh else f"{n} more stop later, or not at all") if more else ""
    stops = pictures.stops(brief, language, plants=brief["plants"], width=_WIDE, narrow=True)
    return _tag(
        "div",
        _figure(titles[0], stops, rest, language),
        _tag(
            "div",
            _figure(titles[1], pictures.loss(brief, language, width=_HALF, height=_HALF_HIGH), "", language),
            _figure(titles[2], pictures.tornado(brief, language, most=3, width=_HALF), "", language),
            class_="brief-two",
        ),
        class_="brief-pictures",
    )  # fmt: skip


def _figure(title: str, drawn: Markup, note: str, language: Language) -> Markup:
    nothing = _tag("p", escape(text("There is nothing to draw.")[language]), class_="note")
    said = [_tag("h2", escape(title)), *([_tag("small", escape(note))] if note else [])]
    return _tag("figure", _tag("div", *said, class_="brief-sec"), drawn or nothing)


def _foundations(brief: Json, language: Language) -> Markup:
    zh = language == "zh"
    assumed = [
        _tag("li", _tag("span", escape(says.named(one, language))), _tag("b", escape(says.valued(one, language))),
             basis_mark(one["basis"], language))
        for one in brief["inputs"]
    ]  # fmt: skip
    sources = [
        _tag(
            "li",
            basis_mark(one["basis"], language),
            _tag("span", escape(f"{says.source(one['source'], language)} · {says.of_when(one['vintage'], language)}")),
        )
        for one in brief["sources"]
    ]
    short = [one[language] for one in brief["notes"] if len(one["en"]) <= _NOTE_MOST]
    notes = [_tag("li", escape(one)) for one in short[:3]]
    return _tag(
        "div",
        _listed("假定" if zh else "Assumptions", assumed, "assumed"),
        _tag(
            "div",
            _listed("来源" if zh else "Sources", sources, "sources"),
            *([_tag("ul", *notes, class_="brief-notes")] if notes else []),
        ),
        class_="brief-two",
    )


def _listed(title: str, items: Sequence[Markup], name: str) -> Markup:
    head = _tag("div", _tag("h2", escape(title)), class_="brief-sec")
    return _tag("div", head, _tag("ul", *items, class_=f"brief-{name}"))


def _foot(brief: Json, language: Language) -> Markup:
    zh, stamp, settings = language == "zh", brief["stamp"], brief["settings"]
    exact = written.percent((brief["coverage"].get("exact_pct") or 0.0) / 100, language, 0)
    root = written.short_hash(str(stamp["root"])) if stamp.get("root") else written.NOTHING
    law = written.short_hash(str(brief["digests"].get("law") or "")) if brief["digests"].get("law") else written.NOTHING
    base = f"{settings['base_from']}–{settings['base_to']}"
    entry, draws, seed = stamp["entry"], settings["draws"], settings["seed"]
    if zh:
        said = (
            f"取自条目 {entry}，根 {root}，法规包 {law}；基期 {base}，抽样 {draws} 次，种子 {seed}；{exact}流量为确数。"
        )
    else:
        said = (
            f"From entry {entry}, root {root}; law pack {law}; base window {base}, {draws} draws, seed {seed};"
            f" {exact} of the flow is exact."
        )
    return _tag("p", escape(said), class_="brief-foot")
