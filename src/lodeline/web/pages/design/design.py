"""The parts of the pages in every state they can be in, beside each other: what reviewers and browser tests look at.

Only in the demonstration. Nothing here stands for a firm or a filing that exists, and nothing that is sent is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse

from lodeline.language import text
from lodeline.web.drawing.svg import SHAPES
from lodeline.web.pages.design.drawings import calendars, samples, trend
from lodeline.web.pages.design.fields import account_form, faulty_fields, fields, upload
from lodeline.web.pages.design.grid import grid
from lodeline.web.parts.qr import draw_code
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import (
    Act,
    Badge,
    Confirm,
    DemoRole,
    Empty,
    Fact,
    Field,
    Happening,
    Notice,
    Person,
    Problem,
    Problems,
    Progress,
    Receipt,
    Step,
    Tab,
)
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words.words import Tone

_TONES: Final[Mapping[str, Tone]] = {
    "circle": "ink",
    "ring": "quiet",
    "half": "ink",
    "up": "gain",
    "down": "loss",
    "square": "loss",
    "diamond": "hold",
    "tick": "flow",
    "cross": "loss",
    "bar": "quiet",
}
_ROOT: Final = "7f3a09d2c91e4b7780aa13f0c6d25e9b7f3a09d2c91e4b7780aa13f0c6d25e9b"


def design(visit: Visit) -> HttpResponse:
    """Every part in every state. Raises NotHereError outside of the demonstration."""
    if not settings.LODELINE_DEMO:
        raise NotHereError(text("The parts of the pages are shown in the demonstration only."))
    context: dict[str, Any] = {
        "here": visit.here(),
        "acts": _acts(visit),
        "fields": fields(visit),
        "faulty": faulty_fields(visit),
        "account": account_form(visit),
        "upload": upload(visit),
        "problems": _problems(visit),
        "steps": _steps(visit),
        "grid": grid(visit),
        "badges": _badges(visit),
        "tiles": _tiles(visit),
        "notices": _notices(visit),
        "jobs": _jobs(visit),
        "happenings": _happenings(visit),
        "empty": _empty(visit),
        "receipt": _receipt(visit),
        "sample_person": _person(visit),
        "roles": _roles(visit),
        "tabs": _tabs(visit),
        "confirm": _confirm(visit),
        "drawings": samples(visit),
        "calendars": calendars(visit),
    }
    return show(
        visit,
        "lodeline/design/design.html",
        title=visit.text("Every part, in every state"),
        **context,
    )


def _acts(visit: Visit) -> list[Act]:
    text = visit.text
    return [
        Act(label=text("File the month")),
        Act(label=text("Save the draft"), look="ghost"),
        Act(label=text("Void the event"), look="danger"),
        Act(label=text("Revoke", context="design"), look="ghost danger", small=True),
        Act(label=text("A link"), href="#buttons", look="ghost", small=True),
        Act(label=text("Not yet"), disabled=True),
    ]


def _problems(visit: Visit) -> Problems:
    text = visit.text
    return Problems(
        heading=text("Three rows to look at"),
        note=text("1 to fix, 1 to confirm, 1 flag. A row number goes to its cell."),
        problems=[
            Problem(
                severity="reject",
                where=text("Row 7"),
                href="#c-7",
                text=text("Composition adds up to 101.2 %. The most a lot can hold is 100.5 %."),
            ),
            Problem(
                severity="confirm",
                where=text("Row 9"),
                href="#c-9",
                text=text("48 200 kg is 1 006 times your usual magnet shipment. Kilograms or grams?"),
            ),
            Problem(
                severity="flag",
                where=text("Row 14"),
                href="#r14",
                text=text("You received 3.1 kg less than was shipped. Accepted, and shown to both."),
            ),
        ],
    )


def _steps(visit: Visit) -> list[Step]:
    text = visit.text
    return [
        Step(label=text("Period", context="design"), note=text("October 2026"), state="done", href="#steps"),
        Step(label=text("Upload"), note=text("34 rows, 09:12"), state="done"),
        Step(label=text("Problems"), note=text("1 to fix, 1 to confirm"), state="now"),
        Step(label=text("Summary", context="design")),
        Step(label=text("Certify"), note=text("a second person")),
        Step(label=text("Receipt", context="design")),
    ]


def _badges(visit: Visit) -> list[Badge]:
    text = visit.text
    texts = {
        "circle": text("Open", context="design"),
        "ring": text("Waiting"),
        "half": text("Asked", context="design"),
        "up": text("Gain"),
        "down": text("Loss", context="design"),
        "square": text("Refused", context="design"),
        "diamond": text("Hold"),
        "tick": text("Filed", context="design"),
        "cross": text("Void"),
        "bar": text("Draft"),
    }
    assert set(texts) == set(SHAPES), "every shape is shown"
    return [Badge(text=text, shape=shape, tone=_TONES[shape]) for shape, text in texts.items()]


def _tiles(visit: Visit) -> list[dict[str, object]]:
    text = visit.text
    return [
        {
            "label": text("Due"),
            "figure": text("3 days"),
            "sub": text("October, by the 9th"),
            "trend": "",
        },
        {
            "label": text("To accept", context="design"),
            "figure": "6",
            "small": text("of 41"),
            "href": "#tiles",
            "sub": text("2 past the deadline"),
            "shape": "down",
            "tone": "loss",
            "trend": trend(visit, 9, 7, 8, 4, 5, 6),
        },
        {
            "label": text("Unexplained", context="design"),
            "symbol": "Nd",
            "figure": text("31 t"),
            "small": "± 9",
            "href": "#tiles",
            "sub": text("Gain, z 3.4"),
            "shape": "up",
            "tone": "gain",
            "trend": trend(visit, 1, 3, 2, 8, 18, 31),
        },
        {
            "label": text("Quota left"),
            "figure": "21.6 %",
            "sub": text("year 82.2 % gone"),
            "trend": trend(visit, 90, 74, 60, 48, 33, 22),
        },
    ]


def _notices(visit: Visit) -> list[Notice]:
    text = visit.text
    notices = [
        Notice(
            kind="success",
            text=text("October is filed."),
            act=Act(label=text("Receipt", context="design"), href="#receipt", look="ghost", small=True),
            more=text("It is entry 4 182 908 of the log."),
        ),
        Notice(
            kind="problem",
            text=text("Nothing was filed."),
            more=text("Another filing for October came first. Compare the two."),
        ),
        Notice(kind="info", text=text("The draft was saved at 09:14.")),
    ]
    if visit.request.method == "POST":
        sent = text("The form arrived, and nothing was kept.")
        notices.insert(0, Notice(kind="success", text=sent))
    return notices


def _jobs(visit: Visit) -> list[Progress]:
    text = visit.text
    return [
        Progress(
            id="job-some",
            label=text("Checking the file"),
            done=62_000,
            total=100_000,
            running=False,
            text=text("62 000 of 100 000 rows. You can leave this page."),
        ),
        Progress(
            id="job-unknown",
            label=text("Waiting"),
            running=False,
            text=text("Two filings are ahead of yours."),
        ),
    ]


def _happenings(visit: Visit) -> list[Happening]:
    text = visit.text
    return [
        Happening(
            when=text("9 Nov, 10:02"),
            title=text("Filed", context="design"),
            shape="tick",
            tone="flow",
            text=text("34 rows; certified by a second person."),
            href="#timeline",
        ),
        Happening(
            when=text("12 Nov"),
            title=text("Corrected"),
            shape="half",
            text=text("Row 7: composition. The first version stands beside it."),
        ),
        Happening(when=text("9 Dec"), title=text("November is due"), shape="ring", tone="quiet"),
    ]


def _empty(visit: Visit) -> Empty:
    return Empty(
        heading=visit.text("No transfer waits for you"),
        text=visit.text("When a supplier files a shipment to you, it stands here to be accepted."),
        acts=[Act(label=visit.text("See what was accepted"), href="#empty", look="ghost")],
    )


def _facts(visit: Visit) -> list[Fact]:
    text = visit.text
    return [
        Fact(term=text("Organisation", context="design"), text=text("Sample Magnetics"), note="MAG-0001"),
        Fact(term=text("Period", context="design"), text=text("October 2026")),
        Fact(term=text("Entry"), text="4 182 908", href="#receipt"),
        Fact(term=text("Root"), text=_ROOT, mono=True),
    ]


def _receipt(visit: Visit) -> Receipt:
    text = visit.text
    return Receipt(
        heading=text("Receipt", context="design"),
        text=text("A sample: it proves nothing."),
        facts=_facts(visit),
        statement=text("The log holds this filing at this place. Nobody can change or remove it unseen."),
        qr=draw_code(f"lodeline:sample:4182908:{_ROOT}", name=text("Code of this sample")),
        scan=text("Scan to verify"),
    )


def _person(visit: Visit) -> Person:
    text = visit.text
    return Person(
        name=text("Chen Wei"),
        role=text("filer"),
        organisation=text("Sample Magnetics"),
        sign_out=visit.here(),
        links=[Act(label=text("Account"), href="#person")],
    )


def _roles(visit: Visit) -> list[DemoRole]:
    text = visit.text
    firm, authority = text("Sample Magnetics"), text("Authority")
    return [
        DemoRole(
            key="filer",
            name=text("Chen Wei"),
            role=text("Filer"),
            organisation=firm,
            text=text("Files the month from a spreadsheet."),
        ),
        DemoRole(key="certifier", name=text("Wang Min"), role=text("Certifier"), organisation=firm),
        DemoRole(
            key="analyst",
            name=text("Lin Yue"),
            role=text("Analyst"),
            organisation=authority,
            text=text("Sees which balances do not close."),
        ),
    ]


def _tabs(visit: Visit) -> list[Tab]:
    return [
        Tab(label=visit.text("Inbox"), href="#tabs", here=True, count="6"),
        Tab(label=visit.text("Outbox"), href="#tabs", count="12"),
        Tab(label=visit.text("Settled"), href="#tabs"),
    ]


def _confirm(visit: Visit) -> Confirm:
    text = visit.text
    return Confirm(
        sentences=[
            text("The event S-2610-001 is voided by a correction."),
            text("It stays visible, with the reason."),
        ],
        facts=_facts(visit)[:2],
        fields=[Field(name="why", label=text("Reason", context="design"), required=True, width="long")],
        act=Act(label=text("Void the event"), look="danger"),
        cancel=Act(label=text("Keep it"), href="#confirm", look="ghost"),
    )
