"""Law packs: which one is the law and since when, those before it, what waits to be published, and the form that
proposes one.

Anybody may read the law and take its files; what is only proposed is for officials, and a form for who may send it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, text
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY
from lodeline.office.law import packs as law_office
from lodeline.service.law.publishing import (
    KINDS,
    PROBES,
    REASON_CHARACTERS,
    Proposal,
    Publication,
    PublishingError,
    proposals,
    publications,
)
from lodeline.service.law.zipped import ZipError, files_of_zip, zip_of
from lodeline.store.law import law_by_digest
from lodeline.web.pages.common import law_days
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.pages.common.firm_part import error_text
from lodeline.web.pages.common.officers import officers
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice, Problem, Problems
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.words import Tone

#: State of a proposal → its word, shape and tone.
STATES: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "proposed": (text("Waits for another officer"), "half", "hold"),
    "published": (text("Published", context="law, packs"), "tick", "flow"),
    "refused": (text("Refused", context="law"), "square", "loss"),
    "withdrawn": (text("Taken back", context="law"), "bar", "quiet"),
    "overtaken": (text("Overtaken by another"), "bar", "quiet"),
}
NOTICES: Final[Mapping[str, Text]] = {
    "published": text("It is the law now: every page and every question from this moment on."),
    "refused": text("It is not published; the law that stands goes on."),
}
#: How many of a kind come out differently, of how many that were judged.
KIND_TEXTS: Final[Mapping[str, Text]] = {
    "exports": text("{n} of {all} exports"),
    "declarations": text("{n} of {all} declarations"),
    "filings": text("{n} of {all} months of filings"),
    "findings": text("{n} of {all} findings"),
    PROBES: text("{n} of {all} probe lines"),
}
assert KIND_TEXTS.keys() == {*KINDS, PROBES}, "every kind that is judged has its word"


def law_packs(visit: Visit) -> HttpResponse:
    """The page `law/packs/`; `?zip=DIGEST` gives the files of a pack. Its form proposes."""
    asked = visit.query("zip")
    if asked is not None:
        return _zip(visit, asked)
    refused: list[str] = []
    if visit.request.method == "POST":
        try:
            return _proposed(visit)
        except (PublishingError, ZipError) as error:
            refused = error_text(visit, error).splitlines()
    law_days.stamp(visit)
    published, proposed = publications(visit.store), proposals(visit.store)
    sees = visit.actor.may("nation.read", AUTHORITY)
    names = officers(visit, [*(one.by for one in proposed), *(one.by for one in published)])
    tables = {"publications": _published_table(visit, published, proposed, names)}
    if sees:
        tables["proposals"] = _proposed_table(visit, proposed, names)
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/law/law_packs.html",
        title=_headline(visit, published),
        status=400 if refused else 200,
        jurisdiction=visit.law.label[visit.language],
        code=visit.law.code,
        digest=visit.law.digest,
        by=_by(visit, published[0], names) if published else None,
        files=written.count(len(visit.law.pack.files)),
        zip=zip_address(visit, visit.law.digest),
        law=visit.url("law"),
        waiting=[_waits(visit, one, names) for one in proposed if one.state == "proposed"] if sees else [],
        tables={name: shown(visit, table) for name, table in tables.items()},
        notices=_notices(visit),
        problems=_problems(visit, refused),
        fields=_fields(visit) if visit.actor.may("law.publish", AUTHORITY) else None,
    )


def zip_address(visit: Visit, digest: str) -> str | None:
    """Where the files of a pack are handed out."""
    return visit.url("law-packs", query={"zip": digest})


def changes_text(visit: Visit, preview: Mapping[str, Any]) -> str:
    """3 of 120 exports, 0 of 40 declarations …"""
    return visit.text(", ", context="law, packs").join(
        visit.localized(word).format(
            n=written.count(preview[kind]["different"]), all=written.count(preview[kind]["judged"])
        )
        for kind, word in KIND_TEXTS.items()
        if kind in preview
    )


def _zip(visit: Visit, digest: str) -> HttpResponse:
    law = law_by_digest(visit.store, digest)
    if law is None:
        raise NotHereError(text("No pack with this digest is or was the law here."))
    return attachment(zip_of(law.pack), f"{law.code}-{digest[:12]}.zip", "application/zip")


def _proposed(visit: Visit) -> HttpResponse:
    """Proposes what the form holds. Raises PublishingError, ZipError."""
    visit.actor.require("law.publish", AUTHORITY)
    file = visit.request.FILES.get("file")
    if visit.request.POST.get("act") != "propose":
        raise BadQuestionError(text("Choose what to do."))
    if file is None:
        raise PublishingError(text("Choose the ZIP of the pack."))
    made = law_office.propose(
        visit.actor,
        visit.store,
        files_of_zip(file.read(), visit.law.code),
        reason=visit.request.POST.get("reason", ""),
        now=clock.now(),
    )
    visit.has_filed(made.entry.index)
    return HttpResponseRedirect(visit.url("law-pack", entry=made.entry.index) or "", status=303)


def _headline(visit: Visit, published: list[Publication]) -> str:
    short = written.short_hash(visit.law.digest)
    if not published:
        return visit.text("Pack {short} has been the law since this store was made", short=short)
    since = written.moment(published[0].entry.filed_at, visit.language, visit.law.timezone)
    return visit.text("Pack {short} has been the law since {since}", short=short, since=since)


def _by(visit: Visit, one: Publication, names: Mapping[str, str]) -> Mapping[str, str]:
    return {
        "proposed_by": names.get(one.proposed_by, one.proposed_by),
        "by": names.get(one.by, one.by),
        "entry": written.count(one.entry.index),
    }


def _waits(visit: Visit, one: Proposal, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "href": visit.opens("law-pack", entry=one.entry.index),
        "pack": written.short_hash(one.pack),
        "by": names.get(one.by, one.by),
        "at": written.moment(one.entry.filed_at, visit.language, visit.law.timezone),
        "reason": one.reason,
    }


def _notices(visit: Visit) -> list[Notice]:
    said = visit.query("said") or ""
    return [Notice(kind="success", text=visit.localized(NOTICES[said]))] if said in NOTICES else []


def _problems(visit: Visit, refused: list[str]) -> Problems | None:
    if not refused:
        return None
    heading = visit.text("Nothing was proposed, and the law that stands goes on")
    listed = refused[1:] or refused
    return Problems(heading=heading, problems=[Problem(severity="reject", text=one) for one in listed])


def _fields(visit: Visit) -> list[Field]:
    return [
        Field(
            name="file",
            label=visit.text("The pack's folder as a ZIP"),
            kind="file",
            required=True,
            accept=".zip,application/zip",
            hint=visit.text(
                "The whole folder {code}, not the changes alone. Its tests are run before it is proposed.",
                code=visit.law.code,
            ),
        ),
        Field(
            name="reason",
            label=visit.text("The notice that it rests on"),
            kind="textarea",
            lines=3,
            required=True,
            width="full",
            value=visit.request.POST.get("reason", "")[:REASON_CHARACTERS],
            hint=visit.text("Issuer, number, day, and where it was published. It goes into the log and stays there."),
        ),
    ]


def _published_table(
    visit: Visit, published: list[Publication], proposed: list[Proposal], names: Mapping[str, str]
) -> Table:
    reasons = {one.entry.index: one.reason for one in proposed}
    first = visit.store.first_pack
    return Table(
        name="publications",
        caption=visit.text("Packs that are or were the law"),
        columns=(
            Column(key="pack", label=text("Pack")),
            Column(key="since", label=text("The law since")),
            Column(key="entry", label=text("Entry"), number=True),
            Column(key="reason", label=text("On the notice")),
            Column(key="proposed", label=text("Proposed by")),
            Column(key="by", label=text("Published by")),
            Column(key="changes", label=text("What came out differently")),
        ),
        rows=[
            *(_publication(visit, one, reasons.get(one.proposal, ""), names) for one in published),
            (
                _pack_cell(visit, first),
                Cell(text=visit.text("this store was made")),
                *(Cell(text=written.NOTHING) for _ in range(5)),
            ),
        ],
        empty="",
    )


def _publication(visit: Visit, one: Publication, reason: str, names: Mapping[str, str]) -> Row:
    entry = one.entry
    return (
        _pack_cell(visit, one.pack),
        Cell(text=written.moment(entry.filed_at, visit.language, visit.law.timezone), value=entry.filed_at),
        Cell(text=written.count(entry.index), value=entry.index, href=visit.opens("law-pack", entry=one.proposal)),
        Cell(text=reason),
        Cell(text=names.get(one.proposed_by, one.proposed_by), value=one.proposed_by),
        Cell(text=names.get(one.by, one.by), value=one.by),
        Cell(text=changes_text(visit, one.preview)),
    )


def _pack_cell(visit: Visit, digest: str) -> Cell:
    return Cell(text=written.short_hash(digest), value=digest, href=zip_address(visit, digest), whole=True)


def _proposed_table(visit: Visit, proposed: list[Proposal], names: Mapping[str, str]) -> Table:
    return Table(
        name="proposals",
        caption=visit.text("Proposals"),
        columns=(
            Column(key="entry", label=text("Entry")),
            Column(key="at", label=text("Proposed", context="law, packs")),
            Column(key="state", label=text("State")),
            Column(key="pack", label=text("Pack")),
            Column(key="by", label=text("By", context="law, packs")),
            Column(key="reason", label=text("On the notice")),
        ),
        rows=[_proposal(visit, one, names) for one in proposed],
        empty=visit.text("No pack was proposed yet. An officer proposes one below."),
    )


def _proposal(visit: Visit, one: Proposal, names: Mapping[str, str]) -> Row:
    word, shape, tone = STATES[one.state]
    entry = one.entry
    return (
        Cell(text=written.count(entry.index), value=entry.index, href=visit.opens("law-pack", entry=entry.index)),
        Cell(text=written.moment(entry.filed_at, visit.language, visit.law.timezone), value=entry.filed_at),
        Cell(text=visit.localized(word), value=one.state, shape=shape, tone=tone),
        Cell(text=written.short_hash(one.pack), value=one.pack, whole=True),
        Cell(text=names.get(one.by, one.by), value=one.by),
        Cell(text=one.reason),
    )
