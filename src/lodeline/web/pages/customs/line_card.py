"""The card of a line of a declaration: what was stated, why it may leave or not, by which law, what would settle it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lodeline.control.declaration import Line
from lodeline.control.labels import LABELS, SHORT_LABELS
from lodeline.language import Text, text
from lodeline.web.pages.common import law_days
from lodeline.web.pages.customs.reasons import reason_text
from lodeline.web.pages.customs.verdicts import MARKS, VERDICTS, WORST, Pair, mass_of, problem_words, value_of
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.law import EVIDENCE, short_title
from lodeline.web.words.lots import composition_text
from lodeline.web.words.words import Tone

Json = dict[str, Any]


def line_card(
    visit: Visit, pair: Pair, known: str, documents: Mapping[str, Json], names: Mapping[str, str]
) -> dict[str, object]:
    """One line as the page shows it."""
    answer, line = pair
    shape, tone = MARKS[answer["verdict"]]
    reasons = sorted(answer["reasons"], key=lambda one: WORST.index(one["verdict"]))
    return {
        "name": str(answer["line"] or answer["row"]),
        "verdict": answer["verdict"],
        "word": visit.localized(VERDICTS[answer["verdict"]]),
        "shape": shape,
        "tone": tone,
        "goods": answer["product_name"] or visit.text("goods not named"),
        "mass": " · ".join(filter(None, (mass_of(visit, [pair]), value_of([pair])))),
        "facts": [_fact(visit, name, line) for name in SHORT_LABELS if line.cells.get(name)],
        "day": written.day(answer["day"], visit.language),
        "problems": [problem_words(visit, one) for one in answer["problems"]],
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
        return {"refused": [problem_words(visit, one) for one in reservation["problems"]]}
    until = written.day(reservation["until"], visit.language)
    return {
        "text": visit.text(
            "{mass_kg} kg are reserved on {licence} until {until}.",
            mass_kg=reservation["mass_kg"],
            licence=reservation["licence"],
            until=until,
        ),
        "href": visit.opens("desk-licence", licence=reservation["licence"]),
        "refused": [],
    }


#: How an element stands → its word and tone.
_STANDINGS: Final[Mapping[str, tuple[Text, Tone]]] = {
    "controlled": (text("controlled, no licence"), "hold"),
    "licensed": (text("controlled, licensed"), "flow"),
    "trace": (text("trace, by trade practice"), "ink"),
    "unknown": (text("state of the item unknown"), "ink"),
    "impurity": (text("listed, an impurity here"), "ink"),
    "other-form": (text("listed, not in this form"), "ink"),
    "outside": (text("deeply processed"), "flow"),
    "not-listed": (text("not listed"), "quiet"),
}
_RISKS: Final[Mapping[str, Text]] = {
    "unregistered": text("not in the register"),
    "no-composition": text("no composition"),
    "trace": text("traces"),
    "grade": text("grade suggests heavy rare earths"),
}


def _element(visit: Visit, one: Json) -> dict[str, object]:
    word, tone = _STANDINGS[one["standing"]]
    share = "" if one["share_pct"] is None else f" {one['share_pct']} %"
    return {
        "name": one["element"] + share,
        "word": visit.localized(word),
        "tone": tone,
        "items": visit.text(", ", context="customs, line card, element").join(one["items"]),
    }


def _model(visit: Visit, one: Json) -> dict[str, object]:
    shape, tone = MARKS[one["verdict"]]
    risks = [visit.localized(_RISKS[risk]) for risk in one["risks"]]
    report = one["test_report"] or visit.text("no test report")
    return {
        "name": one["model"],
        "word": visit.localized(VERDICTS[one["verdict"]]),
        "shape": shape,
        "tone": tone,
        "note": visit.text(", ", context="customs, line card, model").join([*one["items"], *risks, report]),
    }


def _cited(visit: Visit, one: Json) -> str:
    return f"{short_title(visit.localized(one['title']))} {visit.localized(one['article'])}"


def _fact(visit: Visit, name: str, line: Line) -> dict[str, object]:
    text, href = str(line.cells[name]), None
    if name in ("composition", "assay_composition"):
        text = composition_text(text)
    if name == "destination" and line[name]:
        text = words.country(line[name], visit.language)
    if name == "controlled_declared" and line[name] is not None:
        text = visit.text("controlled") if line[name] else visit.text("not controlled")
    reading = visit.__dict__.get("reading")
    if name == "lot" and reading is not None and reading.snapshot.flow_index().lot_called(text) is not None:
        href = visit.url("lot", lot=text)
    return {"label": visit.localized(SHORT_LABELS[name]), "text": text, "href": href}


def _reason(visit: Visit, one: Json, *, day: str, known: str, names: Mapping[str, str]) -> dict[str, object]:
    days = {"on": day, "known": known}
    cited: dict[str, dict[str, object]] = {}
    for citation in one["law"]:
        title, article = visit.localized(citation["title"]), visit.localized(citation["article"])
        text = visit.text("{short_title}, {article}", short_title=short_title(title), article=article)
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
        "fields": (visit.text(", ", context="customs")).join(
            visit.localized(LABELS[name]) if name in LABELS else name for name in one["fields"]
        ),
    }
