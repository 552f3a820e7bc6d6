"""The customs desk: may this consignment leave? A form, a file, or a published case; then the answer, line by line.

Each question is kept in the log with its answer, and moves no goods. The answer stays in memory for a while as well, so
that it can be read in the other language, printed and exported; its address says nothing of what was asked. Beside it
the question is kept for an hour, for whichever process of the server is asked next: it gets the same answer.

An exporter has the same desk beforehand, for its own goods, and sees what is its own.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import polars as pl
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.db import Error as DjangoDatabaseError
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.filing.formats import Limits
from lodeline.language import Text, enumerated, text
from lodeline.office.access import clock
from lodeline.office.customs import batches as desk_batches
from lodeline.office.customs.desk import ask, question
from lodeline.service.customs.desk import Ledger, read
from lodeline.service.customs.open_questions import open_questions
from lodeline.service.customs.papers import DeskError, Question
from lodeline.service.customs.published_cases import PublishedCase, as_declaration, published_cases
from lodeline.service.customs.release import Judged, judge
from lodeline.web.kept import Kept
from lodeline.web.pages.common import law_days
from lodeline.web.pages.customs.answer import Asker, desk_address, show_answer, with_words
from lodeline.web.pages.customs.batch import batch_address, batch_lines
from lodeline.web.pages.customs.form import column_table, filled, form
from lodeline.web.pages.customs.many import CARDS_MOST
from lodeline.web.pages.customs.rules import count_words
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written

#: Lines of declarations whose answers are kept, in all; the answer about one takes some kilobytes.
_LINES_KEPT = 10_000
#: Bytes that a workbook or document may have once unpacked, for each byte that may be sent.
_UNPACKED = 20
KEPT: Kept[Asker] = Kept(_LINES_KEPT)
#: Under which questions stand in the cache that all processes share, and for how many seconds.
_PREFIX: Final = "desk:"
_KEPT_S: Final = 3600


def desk(visit: Visit) -> HttpResponse:
    """The page `desk/`: the form, filled in from the address; `?case=3` a published case; `?answer=` what was found;
    `?amends=41` the declaration that was kept as entry 41, to be amended."""
    return _desk(visit, "")


def firm_desk(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/desk/`: the same beforehand, about the firm's own goods."""
    return _desk(visit, organisation)


def _desk(visit: Visit, asker: str) -> HttpResponse:
    if visit.request.method == "POST":
        return _asked(visit, asker)
    key = visit.query("answer")
    if key is None:
        return _form(visit, asker)
    asked = KEPT.get(key) or _asked_elsewhere(visit, key)
    if asked is None or asked.asker != asker:
        raise NotHereError(
            text(
                "This answer is not kept any more: a question is kept for an hour. Ask again at the "
                "desk; the same question under the same law gets the same answer."
            )
        )
    law_days.stamp(visit)
    return show_answer(visit, asked)


def _asked(visit: Visit, asker: str) -> HttpResponse:
    """Answers what was sent, keeps it, and leads to the answer; a form without anything in it is shown again."""
    sent = _sent(visit, asker)
    if sent is None:
        return _form(
            visit, asker, missing=text("Nothing was asked: fill in the goods and their code, or choose a file.")
        )
    try:
        asked, judged = _answered(visit, sent, at=clock.now())
        if _is_batch(sent, asked):
            return _as_batch(visit, sent)
    except DeskError as error:
        return _form(visit, asker, missing=error.words)
    others = {str(line["exporter"]) for line in asked.declaration.lines if line["exporter"]} - {asker}
    if asker and others:
        return _form(
            visit,
            asker,
            missing=text(
                "You can ask about your own goods only, and this names {others} as exporter.",
                others=enumerated(sorted(others)[:3]),
            ),
        )
    if asked.no_store is None and asked.document["readable"]:
        try:
            entry = ask(
                visit.actor,
                visit.store,
                asked.declaration,
                asked.document,
                now=asked.at,
                asker=asker,
                amends=sent.amends,
                judged=judged,
            ).index
        except DeskError as error:
            return _form(visit, asker, missing=error.words)
        visit.has_filed(entry)
        sent = replace(sent, entry=entry)
        asked = replace(asked, entry=entry)
    if asked.entry is not None and len(asked.declaration.lines) > CARDS_MOST:
        # Many lines are decided where the log keeps them; the answer is no page beside it.
        kept_at = visit.opens("desk-asked-one", entry=asked.entry) if visit.actor.may("desk.decide") else None
        if kept_at is not None and not asker:
            return HttpResponseRedirect(kept_at, status=303)
    key = KEPT.put(asked, weight=max(1, len(asked.declaration.lines)))
    if asked.no_store is None:  # else the answer is in this process alone
        with contextlib.suppress(DjangoDatabaseError):
            cache.set(_PREFIX + key, sent.as_text(asked.at), _KEPT_S)
    response = HttpResponseRedirect(visit.here(answer=key))
    response.status_code = 303
    return response


def _is_batch(sent: _Sent, asked: Asker) -> bool:
    """Whether a file has more lines, or bytes, than are answered while one waits."""
    return bool(sent.name) and desk_batches.is_batch(asked.declaration) and asked.no_store is None


def _as_batch(visit: Visit, sent: _Sent) -> HttpResponse:
    """Leaves the file to a worker, and leads to its page. Raises DeskError."""
    if sent.amends is not None:
        raise DeskError(
            text(
                "An amendment has at most {lodeline_desk_lines} lines: amend each declaration by itself.",
                lodeline_desk_lines=settings.LODELINE_DESK_LINES,
            )
        )
    batch = desk_batches.begin(
        visit.actor, name=sent.name or "declaration", content=sent.content, asker=sent.asker, now=clock.now()
    )
    return HttpResponseRedirect(batch_address(visit, batch), status=303)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What was asked: a file by its name, or the fields of one line."""

    name: str | None = None
    content: bytes = b""
    fields: Mapping[str, str] = field(default_factory=dict)
    asker: str = ""
    amends: int | None = None
    entry: int | None = None

    def as_text(self, at: datetime) -> str:
        """As it is kept."""
        content = base64.b64encode(zlib.compress(self.content)).decode()
        return json.dumps(
            {
                "name": self.name,
                "content": content,
                "fields": dict(self.fields),
                "at": at.isoformat(),
                "asker": self.asker,
                "entry": self.entry,
            }
        )


def _sent(visit: Visit, asker: str) -> _Sent | None:
    """What the form holds; None where it holds nothing."""
    amends = visit.request.POST.get("amends", "")
    options: dict[str, Any] = {"asker": asker, "amends": int(amends) if re.fullmatch("[0-9]{1,15}", amends) else None}
    file = visit.request.FILES.get("file")
    if isinstance(file, UploadedFile):
        return _Sent(name=file.name or "declaration", content=bytes(file.read()), **options)
    if visit.request.POST.get("cases"):
        return _Sent(name=visit.text("published cases.csv"), content=as_declaration(), **options)
    fields = filled({name: str(text) for name, text in visit.request.POST.items()})
    if fields.keys() <= {"line", "exporter"}:
        return None
    own = {"exporter": asker} if asker else {}
    return _Sent(fields={"line": "1", **own, **fields}, **options)


def _asked_elsewhere(visit: Visit, key: str) -> Asker | None:
    """The answer to a question that another process of the server was asked, found again."""
    text = cache.get(_PREFIX + key) if law_days.reading_or_reason(visit)[1] is None else None
    if text is None:
        return None
    kept = json.loads(text)
    sent = _Sent(
        name=kept["name"],
        content=zlib.decompress(base64.b64decode(kept["content"])),
        fields=kept["fields"],
        asker=kept["asker"],
        entry=kept["entry"],
    )
    asked, _ = _answered(visit, sent, at=datetime.fromisoformat(kept["at"]))
    if sent.entry is None:
        return asked
    # Other questions have been kept since: what was answered then is what the log has.
    answered = question(visit.actor, visit.store, sent.entry, organisation=sent.asker or None).paper["answer"]
    return replace(asked, document=with_words(answered))


def _answered(visit: Visit, sent: _Sent, *, at: datetime) -> tuple[Asker, Judged]:
    """Raises DeskError where it amends what is no question."""
    began = time.perf_counter()
    if sent.name is None:
        declaration = read_fields(sent.fields)
    else:
        declaration = read(sent.content, name=sent.name, limits=_limits())
    reading, why_not = law_days.reading_or_reason(visit)
    law = visit.law
    ledger = None
    if reading is not None:
        ledger = Ledger(snapshot=reading.snapshot, store=reading.store, asker=sent.asker or None)
    judged = judge(declaration, LawDay.of(law, law_days.today(law)), ledger, amends=sent.amends)
    asked = Asker(
        document=judged.document,
        declaration=declaration,
        fields=sent.fields,
        file=sent.name,
        no_store=why_not,
        at=at,
        seconds=time.perf_counter() - began,
        timezone=law.timezone,
        asker=sent.asker,
        entry=sent.entry,
    )
    return asked, judged


def _limits() -> Limits:
    """What a file sent to the page may hold: far less than one given to `lodeline declare`."""
    sent: int = settings.LODELINE_UPLOAD_BYTES
    return Limits(file_bytes=sent, json_bytes=sent, rows=settings.LODELINE_DESK_LINES, unpacked_bytes=_UNPACKED * sent)


def _form(visit: Visit, asker: str, *, missing: Text | None = None) -> HttpResponse:
    table = column_table(visit)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    reading, why_not = law_days.reading_or_reason(visit)
    case = _case(visit)
    amended = _amended(visit, asker)
    given = {name: str(text) for name, text in visit.request.GET.items()} if case is None else case.fields
    fields = filled(amended.paper["cells"][0] if amended is not None and len(amended.lines) == 1 else given)
    if asker:
        fields = {"exporter": asker, **fields}
    licences = None
    if reading is not None:
        every = reading.snapshot.register.tables["licences"]
        licences = (every.filter(pl.col("exporter") == asker) if asker else every).height
    return show(
        visit,
        "lodeline/customs/desk.html",
        title=visit.text("May this consignment leave?"),
        status=200 if missing is None else 400,
        missing=missing,
        form=form(visit, fields, {}),
        prefilled=fields.keys() > {"exporter"},
        amends=None if amended is None else amended.entry.index,
        asker=asker,
        case=None if case is None else {"state": visit.localized(case.state), "story": visit.localized(case.story)},
        cases=[] if asker else [_shown(visit, one) for one in published_cases()],
        asked_before=visit.opens("firm-asked", organisation=asker) if asker else None,
        rules_at=None if asker else visit.opens("desk-rules"),
        open_rules=""
        if asker or reading is None
        else count_words(visit, open_questions(reading.store, visit.law, law_days.today(visit.law))),
        lines_most=written.count(settings.LODELINE_DESK_LINES),
        bytes_most=f"{settings.LODELINE_UPLOAD_BYTES / 1_000_000:g}",
        batch_most=written.count(settings.LODELINE_BATCH_LINES),
        batch_bytes=f"{settings.LODELINE_BATCH_BYTES / 1_000_000:g}",
        batches=[] if reading is None else batch_lines(visit, asker),
        columns=shown(visit, table),
        licences=licences,
        no_store=why_not,
        here=desk_address(visit, asker),
    )


def _amended(visit: Visit, asker: str) -> Question | None:
    """The kept declaration that `?amends=` names. Raises NotHereError where whoever asks may see none."""
    asked = visit.query("amends")
    if asked is None or not re.fullmatch("[0-9]{1,15}", asked):
        return None
    try:
        return question(visit.actor, visit.store, int(asked), organisation=asker or None)
    except DeskError as error:
        raise NotHereError(error.words) from error


def _case(visit: Visit) -> PublishedCase | None:
    """The published case asked for. Raises NotHereError for one that there is none of."""
    asked = visit.query("case")
    if asked is None:
        return None
    for one in published_cases():
        if one.line == asked:
            return one
    known = ", ".join(one.line for one in published_cases())
    raise NotHereError(text("There is no published case {asked!r}: one of {known}.", asked=asked, known=known))


def _shown(visit: Visit, one: PublishedCase) -> dict[str, object]:
    return {
        "href": visit.url("desk", query={"case": one.line}),
        "goods": one.fields["product_name"],
        "on": written.day(one.fields["on"], visit.language),
        "state": visit.localized(one.state),
        "story": visit.localized(one.story),
        "source": visit.localized(one.source),
    }
