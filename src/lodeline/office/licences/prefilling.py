"""An application that begins with what is known: of a lot, of goods that were described before, or of a licence.

Parties, use and terms are taken from where they stand newest: the firm's applications, its licences in the register,
its exports. Nothing of another firm is asked, and nothing is decided: the draft is the firm's to change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lodeline.control.goods.items import percent
from lodeline.control.licences import application as written
from lodeline.control.licences.application import GOODS, SHARED, TERMS
from lodeline.control.rulebook import LawDay
from lodeline.language import text
from lodeline.ledger.licence import Licence, countries_of
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg, parse_mass
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.office.access.actor import Actor
from lodeline.office.licences.application_steps import ApplicationError
from lodeline.office.licences.application_views import own_applications
from lodeline.office.lots.firm_view import OwnLot
from lodeline.office.models import Application, ApplicationDocument
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.release import judge
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.queries.customs import exports_of
from lodeline.store.snapshot import Snapshot

#: States of an application whose words may serve another: one that was refused or withdrawn had something wrong.
_SERVES: Final = ("granted", "submitted", "queried", "proposed")
#: Days that a licence is asked for where no earlier one says how many.
_YEAR: Final = timedelta(days=364)
#: Questions to the desk that are looked through for a model, the newest.
_QUESTIONS: Final = 50

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefilled:
    """What a draft begins with. `like`: the application that terms, parties and documents are taken from."""

    content: written.Content
    like: Application | None = None
    documents: tuple[ApplicationDocument, ...] = field(default_factory=tuple)


def of_lot(actor: Actor, own: OrganisationView, snapshot: Snapshot, lot: OwnLot, *, today: date) -> Prefilled:
    """For all that is held of a lot, as it is composed. Requires "own.read"."""
    actor.require("own.read", own.organisation)
    kind = product_kind(lot.product or "")
    like = _like(actor, own, lambda row: row.get("product", "") == lot.product) or _of_kind(actor, own, kind)
    before = next((row for row in _goods(like) if product_kind(row.get("product", "")) == kind), {})
    shares = {symbol: ppb for symbol, ppb in lot.composition.items() if symbol != TREO}
    row = {
        "product_name": before.get("product_name") or _product_name(kind),
        "product": lot.product or "",
        "model": before.get("model", "") if before.get("product") == lot.product else "",
        "hs_code": before.get("hs_code") or _only(PRODUCTS[kind].hs_codes if kind in PRODUCTS else ()),
        "control_item": before.get("control_item", ""),
        "composition": ";".join(f"{symbol}={percent(ppb)}" for symbol, ppb in shares.items()),
        "mass_kg": format_kg(lot.held_mg) if lot.held_mg else "",
    }
    row["value"] = _value(before, row["mass_kg"])
    return _filled(own, snapshot, like, [row], kind=kind, today=today)


def of_model(actor: Actor, own: OrganisationView, snapshot: Snapshot, model: str, *, today: date) -> Prefilled:
    """For goods of a model, as an application or a question to the desk last described them. Requires "own.read".

    Raises ApplicationError where the firm never described it.
    """
    like = _like(actor, own, lambda row: model in _models(row))
    row: Row | None = next((one for one in _goods(like) if model in _models(one)), None)
    cells: Row = {}
    if row is None:
        cells = next((one for one in _asked(own) if model in _models(one)), {})
        row = cells or None
    if row is None:
        raise ApplicationError(
            text(
                "None of your applications and none of your questions to the desk names a model {model!r}.", model=model
            )
        )
    kind = product_kind(row.get("product", ""))
    like = like or _of_kind(actor, own, kind)
    return _filled(own, snapshot, like, [_as_goods(row)], kind=kind, today=today, cells=cells)


def of_declaration(
    actor: Actor, own: OrganisationView, snapshot: Snapshot, entry: int, line: int, *, today: date
) -> Prefilled:  # fmt: skip
    """For one line of what the firm asked the desk beforehand. Requires "own.read"; raises ApplicationError."""
    actor.require("own.read", own.organisation)
    found = desk_papers.question(own.store, entry)
    cells = found.paper["cells"]
    if found.paper["asker"] != own.organisation or not 0 <= line < len(cells):
        raise ApplicationError(text("Entry {entry} has no such line of yours.", entry=entry))
    kind = product_kind(cells[line].get("product", ""))
    like = _of_kind(actor, own, kind)
    goods = [_as_goods(cells[line])]
    return _filled(own, snapshot, like, goods, kind=kind, today=today, cells=cells[line])


def of_licence(actor: Actor, own: OrganisationView, snapshot: Snapshot, licence: str, *, today: date) -> Prefilled:
    """For the same again as an earlier licence of the firm. Requires "own.read"; raises ApplicationError."""
    actor.require("own.read", own.organisation)
    found = own.register.licences.get(licence)
    if found is None or own.organisation not in found.holders:
        raise ApplicationError(text("You hold no licence {licence}.", licence=licence))
    like = next((one for one in own_applications(actor, own.organisation) if one.licence == licence), None)
    goods: list[Row] = [*_goods(like)]
    if not goods:
        item = _only(found.control_items)
        mass = format_kg(found.mass_mg) if found.mass_mg and len(found.products) <= 1 else ""
        goods = [
            {
                "product_name": _product_name(product_kind(code)), "product": code, "control_item": item,
                "hs_code": _only(PRODUCTS[product_kind(code)].hs_codes) if product_kind(code) in PRODUCTS else "",
                "mass_kg": mass,
            }
            for code in found.products or ("",)
        ]  # fmt: skip
    kind = product_kind(goods[0].get("product", ""))
    return _filled(own, snapshot, like, goods, kind=kind, today=today, of=found)


def models(actor: Actor, own: OrganisationView) -> list[str]:
    """The models that the firm's applications and questions name, the newest first. Requires "own.read"."""
    rows = [row for one in own_applications(actor, own.organisation) for row in _goods(one)]
    return list(dict.fromkeys(model for row in [*rows, *_asked(own)] for model in _models(row)))


def _filled(
    own: OrganisationView, snapshot: Snapshot, like: Application | None, goods: Sequence[Row], *, kind: str,
    today: date, cells: Row | None = None, of: Licence | None = None,
) -> Prefilled:  # fmt: skip
    """The whole content: what goods say themselves, then `cells` of a declaration, `like`, a licence, an export."""
    earlier: dict[str, Any] = {} if like is None else written.plain(json.loads(like.content))
    sources = [_of_cells(cells or {}), earlier, _of_licence(of or _licence(own, kind))]
    if not earlier:
        sources.append(_of_exports(own, kind))
    content: dict[str, Any] = {
        name: next((one[name] for one in sources if one.get(name)), "") for name in (*TERMS, *SHARED)
    }
    content |= _days(earlier, today)
    content["kind"] = content["kind"] or "individual"
    content["goods"] = [_with_item(own, snapshot, content, row, today) for row in goods]
    papers = () if like is None else tuple(like.documents.filter(step__kind="submitted").order_by("pk"))
    return Prefilled(content=written.plain(content), like=like, documents=papers)


def _like(actor: Actor, own: OrganisationView, fits: Callable[[Row], bool]) -> Application | None:
    """The newest application of the firm with such goods, a granted one before all others."""
    found = [
        one for one in own_applications(actor, own.organisation) if one.state in _SERVES and any(map(fits, _goods(one)))
    ]
    return min(found, key=lambda one: _SERVES.index(one.state) > 0, default=None)


def _of_kind(actor: Actor, own: OrganisationView, kind: str) -> Application | None:
    return _like(actor, own, lambda row: product_kind(row.get("product", "")) == kind) if kind else None


def _goods(application: Application | None) -> list[Row]:
    return [] if application is None else json.loads(application.content)["goods"]


def _models(row: Row) -> list[str]:
    return [one for one in (text.strip() for text in (row.get("model") or "").replace("；", ";").split(";")) if one]


def _asked(own: OrganisationView) -> list[Row]:
    """The lines of what the firm asked the desk beforehand, the newest first."""
    entries = desk_papers.questions(own.store, organisation=own.organisation)[:_QUESTIONS]
    papers = [desk_papers.question(own.store, one.index).paper for one in entries]
    return [cells for paper in papers if paper["asker"] == own.organisation for cells in paper["cells"]]


def _as_goods(cells: Row) -> Row:
    return {name: cells[name] for name in GOODS if cells.get(name)}


def _of_cells(cells: Row) -> Mapping[str, str]:
    """What a line of a declaration says of parties and use."""
    return {**{name: cells.get(name, "") for name in SHARED}, "end_users": cells.get("end_user_name", "")}


def _licence(own: OrganisationView, kind: str) -> Licence | None:
    """The firm's licence for such goods that ends last."""
    found = [
        one
        for one in own.register.licences_held_by(own.organisation)
        if kind in {product_kind(code) for code in one.products}
    ]
    return max(found, key=lambda one: (one.valid_to or date.min, one.id), default=None)


def _of_licence(licence: Licence | None) -> Mapping[str, str]:
    if licence is None:
        return {}
    users, countries = "\n".join(licence.end_users), countries_of(licence.destination)
    country = countries[0] if len(countries) == 1 else ""
    return {
        "kind": licence.kind, "end_users": users, "consignee_name": users.partition("\n")[0],
        "destination": country, "end_user_country": country,
        "end_use": licence.end_use or "",
    }  # fmt: skip


def _of_exports(own: OrganisationView, kind: str) -> Mapping[str, str]:
    """What the newest export of such goods says of its buyer."""
    found = exports_of(own.store, [own.organisation]).sort("on", "line", descending=True)
    for row in found.iter_rows(named=True):
        if product_kind(row["product"] or "") == kind:
            user, buyer = row["end_user_name"] or "", row["counterparty_name"] or ""
            return {
                "end_users": user or buyer, "consignee_name": buyer or user, "destination": row["destination"] or "",
                "end_user_country": row["destination"] or row["country"] or "",
            }  # fmt: skip
    return {}


def _days(earlier: Mapping[str, str], today: date) -> dict[str, str]:
    """From today, as long as the earlier one, or a year."""
    span = _YEAR
    with suppress(KeyError, ValueError):
        span = date.fromisoformat(earlier["valid_to"]) - date.fromisoformat(earlier["valid_from"])
    return {"valid_from": today.isoformat(), "valid_to": (today + (span if span > timedelta(0) else _YEAR)).isoformat()}


def _value(before: Row, mass_kg: str) -> str:
    """What the mass is worth at the earlier price; empty where that was not stated."""
    try:
        price = Decimal(before["value"]) / Decimal(format_kg(parse_mass(before["mass_kg"])))
        return f"{price * Decimal(mass_kg):.2f}" if mass_kg else ""
    except (KeyError, ValueError, InvalidOperation, ZeroDivisionError):
        return ""


def _with_item(
    own: OrganisationView, snapshot: Snapshot, content: Mapping[str, Any], row: Row, today: date
) -> Row:  # fmt: skip
    """Goods with the control item that the desk finds met, where none is stated and it is one."""
    if row.get("control_item"):
        return row
    read = written.read(written.plain({**content, "goods": [row]}), exporter=own.organisation)
    ledger = Ledger(snapshot=snapshot, store=own.store, asker=own.organisation)
    judged = judge(read.declaration, LawDay.of(own.law, today), ledger)
    needs = [need.item.item for one in judged.verdicts if one.case for need in one.case.needs]
    return {**row, "control_item": _only(list(dict.fromkeys(needs)))}


def _product_name(kind: str) -> str:
    """What the goods are called, in both languages."""
    return f"{PRODUCTS[kind].name_zh} {PRODUCTS[kind].name_en}" if kind in PRODUCTS else ""


def _only(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ""
