"""The answer of the desk: the verdict by word and shape first, then why, by which law, and what would settle it.

What needs somebody comes first: held lines, then those with a question, then those that may leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse

from lodeline.control.declaration import Declaration
from lodeline.control.reason import vocabulary
from lodeline.language import Text, bilingual, text
from lodeline.web.pages.customs.form import form
from lodeline.web.pages.customs.line_card import line_card
from lodeline.web.pages.customs.line_table import lines_of, opened, verdict_table
from lodeline.web.pages.customs.many import CARDS_MOST
from lodeline.web.pages.customs.verdicts import MARKS, VERDICTS, WORST, Pair, mass_of, problem_words, value_of
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names

Json = dict[str, Any]
_SMALL: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


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
    no_store: Text | None
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
    csv = wanted_csv(visit, verdict_table(visit, pairs, names))
    if csv is not None:
        return csv
    chosen = [pair for pair in pairs if visit.query("verdict") in (None, pair[0]["verdict"])]
    if visit.query("verdict") not in (None, *VERDICTS):
        known = ", ".join(VERDICTS)
        raise BadQuestionError(text("`verdict` can be {known}.", known=known))
    many = len(pairs) > CARDS_MOST
    cards = opened(visit, pairs) if many else chosen
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
            {**line_card(visit, pair, document["known"], papers, names), "asked": _place(asked, pair)} for pair in cards
        ],
        any_line=bool(pairs),
        many=lines_of(visit, chosen, names, more.get("open_to"), more.get("decided", {})) if many else None,
        narrowed=visit.localized(VERDICTS[visit.query("verdict") or "hold"]) if visit.query("verdict") else None,
        all_lines=visit.here(verdict=None),
        problems=[problem_words(visit, one) for one in document["problems"]],
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
        entry = vocabulary().get(one["code"])
        if entry is None:
            # A reason that the desk gave once and gives no more: its code is what is left of it.
            return {**one, "law": [], "text": {"en": one["code"], "zh": one["code"]}}
        text = {language: words.format_map(one["facts"]) for language, words in entry.text.items()}
        settle = {language: words.format_map(one["facts"]) for language, words in entry.settle.items()}
        return {**one, "law": [], "text": text, **({"settle": settle} if one["verdict"] == "query" else {})}

    lines = [{**line, "problems": [], "reasons": [shown(one) for one in line["reasons"]]} for line in answer["lines"]]
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


def _place(asked: Asker, pair: Pair) -> str:
    """What an application for the goods of a line begins with; empty where no licence is wanted for them."""
    wanted = any(one["code"].startswith("licence.") and one["verdict"] != "release" for one in pair[0]["reasons"])
    place = next(number for number, line in enumerate(asked.declaration.lines) if line is pair[1])
    return f"asked:{asked.entry}.{place}" if wanted else ""


def _ordered(asked: Asker) -> list[Pair]:
    """The lines of the answer with what was declared, the strictest verdict first, then as filed."""
    pairs = list(zip(asked.document["lines"], asked.declaration.lines, strict=True))
    return sorted(pairs, key=lambda pair: WORST.index(pair[0]["verdict"]))


def _headline(visit: Visit, document: Json) -> str:
    counts, number = document["counts"], len(document["lines"])
    if not document["readable"] or not number:
        return visit.text("This file could not be read: nothing of it is released")
    if number == 1:
        return visit.localized(
            {
                "hold": text("This line must wait"),
                "query": text("This line needs an answer before it leaves"),
                "release": text("This line may leave"),
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
    between = visit.text(", ", context="customs")
    exporter = between.join((all_of("exporter_name") or [names.get(one, one) for one in all_of("exporter")])[:2])
    to = between.join(countries)
    if len(countries) > 3:
        to = visit.text("{countries} countries", countries=len(countries))
    port = between.join(all_of("port")[:2])
    stated = exporter + visit.text(", ", context="customs, answer") if exporter else ""
    if to:
        stated += visit.text("{exporter} {to}", exporter="to" if exporter else "To", to=to)
        stated += visit.text(" from {port}", port=port) if port else ""
        stated += visit.text("; ", context="customs")
    return {
        "stated": stated + (visit.text("1 line", n=n) if len(pairs) == 1 else visit.text("{n} lines", n=n)),
        "mass": mass_of(visit, pairs),
        "value": value_of(pairs),
        "judged": _judged(visit, pairs, document),
    }


def _judged(visit: Visit, pairs: list[Pair], document: Json) -> str:
    """The law of which day was asked, or of which days."""
    days = sorted({line["day"] for line, _ in pairs})
    known = written.day(document["known"], visit.language)
    if len(days) > 1:
        return visit.text("Each line is judged under the law of its own day, as published up to {known}.", known=known)
    day = written.day(days[0] if days else document["day"], visit.language)
    return visit.text("Judged under the law of {day}, as published up to {known}.", day=day, known=known)


def _tiles(visit: Visit, pairs: list[Pair]) -> list[dict[str, object]]:
    tiles: list[dict[str, object]] = []
    for verdict, word in VERDICTS.items():
        those = [pair for pair in pairs if pair[0]["verdict"] == verdict]
        number = written.count(len(those))
        names = [str(pair[0]["line"] or "?") for pair in those]
        listed = (visit.text("line ") if len(names) == 1 else visit.text("lines ")) + ", ".join(names[:4])
        listed += (" …" if len(names) > 4 else "") + visit.localized(bilingual("", "项"))
        tiles.append(
            {
                "label": visit.localized(word),
                "figure": visit.text("{number} {lines}", number=number, lines="line" if len(those) == 1 else "lines"),
                "sub": ", ".join(filter(None, (mass_of(visit, those), listed))) if those else visit.text("none"),
                "shape": MARKS[verdict][0],
                "tone": MARKS[verdict][1] if those else "quiet",
                "href": visit.here(verdict=verdict, **{"verdicts.page": None}) + "#lines" if those else None,
            }
        )
    return tiles


def _law(visit: Visit, pairs: list[Pair], document: Json) -> dict[str, object]:
    days = sorted({line["day"] for line, _ in pairs}) or [document["day"]]
    return {
        "figure": written.day(days[0], visit.language)
        if len(days) == 1
        else visit.text("{days} days", context="customs", days=len(days)),
        "href": visit.url("law", query={"on": days[-1], "known": document["known"]}),
    }


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
        "digest": digest,
        "short": written.short_hash(digest),
        "href": visit.url("law-packs"),
        "now": written.short_hash(law.digest) if law.code == document["law"] and law.digest != digest else None,
    }


def _wrong(visit: Visit, pairs: list[Pair]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for answer, _ in pairs:
        for one in answer["problems"]:
            found.setdefault(str(one["where"]["column"]), []).append(visit.localized(one["message"]))
    return found
