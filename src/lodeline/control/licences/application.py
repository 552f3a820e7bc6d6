"""An application for an export licence as written: everything that is wrong is said at once, each with its place.

Its goods are lines of a declaration that is yet to come, so they are read as those are and can be put before the desk.
Source: Regulations on Export Control of Dual-Use Items, arts 15 to 18 (2024).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from lodeline.control.declaration import Declaration, Line, read_fields
from lodeline.control.licences.end_use import Need, read_needs
from lodeline.filing.cell import PARSERS
from lodeline.ledger.licence import Licence
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.regulation.parameter import Jurisdiction, NoLawError

#: What a line of goods says, by columns of a declaration.
GOODS: Final = (
    "product_name", "product", "model", "hs_code", "control_item", "composition", "basis", "mass_kg", "value",
)  # fmt: skip
#: What all goods of an application share, by columns of a declaration.
SHARED: Final = ("currency", "consignee_name", "destination", "end_user_country", "end_use")
#: What is said of the licence as a whole. `end_users`: one a line; `needs`: as `end_use.read_needs` reads them.
TERMS: Final = ("kind", "contract", "end_users", "valid_from", "valid_to", "statement", "needs")
NEEDED: Final = (
    "kind", "contract", "end_users", "consignee_name", "destination", "end_user_country", "end_use", "valid_from",
    "valid_to", "statement",
)  # fmt: skip
_NEEDED_OF_GOODS: Final = ("product_name", "hs_code", "control_item", "composition", "mass_kg", "value")
GOODS_MOST: Final = 40
TEXT_CHARACTERS: Final = 4_000
_DOCUMENTS: Final = "application-documents"
_BARS, _GENERAL = "general-licence-bars", "general"

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application as read. `goods`: lines of a declaration; `problems`: all of them, in the order of the form.

    `valid_from`, `valid_to`: the days that are asked for; None where they cannot be read.
    """

    kind: str
    contract: str
    end_users: tuple[str, ...]
    statement: str
    needs: tuple[Need, ...]
    valid_from: date | None
    valid_to: date | None
    goods: tuple[Line, ...]
    problems: tuple[Problem, ...]

    @property
    def is_clear(self) -> bool:
        """Whether nothing stands against handing it in."""
        return all(one.severity == "flag" for one in self.problems)

    @property
    def mass_mg(self) -> int:
        """Mass of all goods, mg."""
        return sum(line["mass_kg"] or 0 for line in self.goods)

    @property
    def declaration(self) -> Declaration:
        """The goods as the desk takes them."""
        return Declaration(lines=self.goods)


def plain(content: Content) -> dict[str, Any]:
    """The content with the known names alone, every cell as text of bounded length; empty lines of goods fall away."""
    goods = [
        {name: text for name in GOODS if (text := _text(row.get(name)))}
        for row in content.get("goods", ())[:GOODS_MOST]
    ]
    return {
        **{name: _text(content.get(name)) for name in (*TERMS, *SHARED)},
        "goods": [row for row in goods if row],
    }  # fmt: skip


def read(content: Content, *, exporter: str) -> Application:
    """An application of `exporter`; never raises on what the content holds. `content` is that of `plain`."""
    found = [
        problem("application.cell-missing", Where(column=name), column=name) for name in NEEDED if not content[name]
    ]
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_to"):
        cell = PARSERS["on"].other(content[name]) if content[name] else None
        days[name] = cell.value if cell is not None and isinstance(cell.value, date) else None
        if cell is not None and cell.code is not None:
            found.append(
                Problem(
                    code=cell.code,
                    severity="reject" if cell.value is None else "flag",
                    where=Where(column=name),
                    facts={"value": content[name], **dict(cell.facts)},
                )
            )
    shared = {name: content[name] for name in SHARED}
    end_users = tuple(filter(None, (one.strip() for one in content["end_users"].splitlines())))
    # What was handed in before needs could be stated has none.
    needs, unread = read_needs(content.get("needs", ""), end_users)
    found += unread
    lines = []
    for number, row in enumerate(content["goods"], 1):
        cells = {
            **row,
            **shared,
            "line": str(number),
            "exporter": exporter,
            "end_user_name": end_users[0] if end_users else "",
        }
        (line,) = read_fields(cells).lines
        lines.append(replace(line, row=number, problems=tuple(_of_row(line, row, number))))
        found += lines[-1].problems
    if not lines:
        found.append(problem("application.no-goods", Where(column="goods")))
    return Application(
        kind=content["kind"], contract=content["contract"], end_users=end_users, statement=content["statement"],
        needs=needs, goods=tuple(lines), problems=tuple(found), **days,
    )  # fmt: skip


def _of_row(line: Line, row: Mapping[str, str], number: int) -> Iterator[Problem]:
    """What is wrong with a line of goods; what all share is said once, at the first."""
    for one in line.problems:
        column = one.where.column
        if one.code != "declaration.cell-missing" and (column in row or number == 1):
            yield replace(one, where=Where(row=number if column in GOODS else None, column=column))
    for name in _NEEDED_OF_GOODS:
        if name not in row:
            yield problem("application.cell-missing", Where(row=number, column=name), column=name)
    if line["mass_kg"] == 0:
        yield problem("grant.mass-not-positive", Where(row=number, column="mass_kg"), mass_kg="0")


def needed_documents(
    law: Jurisdiction, kind: str, *, day: date, besides: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Mapping[str, str]]:  # fmt: skip
    """Kind of document → its name, of those that an application for a licence of `kind` brings; empty without a law.

    `besides`: those that a party of it asks for, which the law names elsewhere.
    """
    try:
        value = law.at(_DOCUMENTS, day, known=day).value
    except NoLawError:
        return {}
    return {one["kind"]: one["label"] for one in value if kind in one["licences"]} | dict(besides or {})


def missing_documents(
    law: Jurisdiction, kind: str, brought: Collection[str], *, day: date,
    besides: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Problem]:  # fmt: skip
    """A problem for each document that the law names and the application does not bring; `other` is never missing."""
    return [
        problem(
            "application.document-missing",
            Where(column=f"document-{one}"),
            document=label["en"],
            document_zh=label["zh"],
        )
        for one, label in needed_documents(law, kind, day=day, besides=besides).items()
        if one != "other" and one not in brought
    ]


def general_licence_bars(law: Jurisdiction, kind: str, *, day: date) -> list[Problem]:
    """Who gets no general licence, as a flag on an application for one: neither register nor ledger knows penalties,
    so applicant and officer are told what to look for."""
    if kind != _GENERAL:
        return []
    try:
        rows = law.at(_BARS, day, known=day).value
    except NoLawError:
        return []
    years = {row["kind"]: row["years_back"] for row in rows if "years_back" in row}
    shown = [
        (f"{row['label']['en']} ({years[row['kind']]})", f"{row['label']['zh']}（{years[row['kind']]}年）")
        if row["kind"] in years
        else (row["label"]["en"], row["label"]["zh"])
        for row in rows
    ]
    return [
        problem(
            "application.general-bars", Where(column="kind"), bars="; ".join(en for en, _ in shown),
            bars_zh="；".join(zh for _, zh in shown),
        )
    ]  # fmt: skip


def as_licence(
    application: Application, *, licence: str, exporter: str, changes: Mapping[str, Any] | None = None
) -> Licence:
    """The licence that the application asks for, as it would be granted; `changes`: what is granted otherwise.

    Nothing is said of single elements: goods are licensed by mass, and the desk compares compositions.
    """
    first = application.goods[0] if application.goods else None
    terms: dict[str, Any] = {
        "end_users": application.end_users,
        "control_items": _each(application, "control_item"),
        "products": _each(application, "product"),
        "mass_mg": application.mass_mg or None,
        "destination": None if first is None else first["destination"],
        "end_use": None if first is None else first["end_use"],
        "valid_from": application.valid_from,
        "valid_to": application.valid_to,
        **(changes or {}),
    }  # fmt: skip
    return Licence(id=licence, kind=application.kind, exporter=exporter, elements_mg={}, **terms)


def _each(application: Application, column: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line[column] for line in application.goods if line[column]))


def differences(before: Content, after: Content) -> list[tuple[str, str, str]]:
    """(column, before, after) of what an application says otherwise than another; lines of goods as one text each."""
    found = [
        (name, before.get(name, ""), after.get(name, ""))
        for name in (*TERMS, *SHARED)
        if before.get(name, "") != after.get(name, "")
    ]
    old, new = (_goods_texts(one.get("goods", ())) for one in (before, after))
    return [
        *found,
        *(("goods", text, "") for text in old if text not in new),
        *(("goods", "", text) for text in new if text not in old),
    ]


#: What makes a change a new application, by the law's words for it (article 18) → its column.
_NEW_APPLICATION: Final = {
    "item": ("control_item", "goods"), "destination": ("destination",), "end-user": ("end_users", "end_user_country"),
    "end-use": ("end_use",),
}  # fmt: skip


def is_amendment(changed: Collection[str], *, new_application: Collection[str]) -> bool:
    """Whether a change of these columns is one of those that are not a new application."""
    return not any(set(_NEW_APPLICATION.get(one, ())) & set(changed) for one in new_application)


def _goods_texts(goods: Sequence[Mapping[str, str]]) -> list[str]:
    return [" · ".join(row[name] for name in GOODS if name in row) for row in goods]


def _text(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text.replace("\r\n", "\n").strip()[:TEXT_CHARACTERS]
