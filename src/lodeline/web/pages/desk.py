"""The customs desk: may this consignment leave? A form, a file, or a published case; then the answer, line by line.

The desk writes nothing. An answer stays in memory for a while, so that it can be read in the other language, printed
and exported; its address says nothing of what was asked.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.control.declaration import Declaration, read_fields
from lodeline.filing.formats import Limits
from lodeline.regulation.parameter import load
from lodeline.service.desk import answer, read
from lodeline.service.published_cases import PublishedCase, as_declaration, published_cases
from lodeline.web.kept import Kept
from lodeline.web.language import Text, say
from lodeline.web.pages import lawful
from lodeline.web.pages.desk_answer import Asked, show_answer
from lodeline.web.pages.desk_form import column_table, filled, form
from lodeline.web.shell import show
from lodeline.web.table import shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit

#: Lines of declarations whose answers are kept, in all; the answer about one takes some kilobytes.
_LINES_KEPT = 10_000
#: Bytes that a workbook or document may have once unpacked, for each byte that may be sent.
_UNPACKED = 20
KEPT: Kept[Asked] = Kept(_LINES_KEPT)


def desk(visit: Visit) -> HttpResponse:
    """The page `desk/`: the form, filled in from the address; `?case=3` a published case; `?answer=` what was found."""
    if visit.request.method == "POST":
        return _asked(visit)
    key = visit.query("answer")
    if key is None:
        return _form(visit)
    asked = KEPT.get(key)
    if asked is None:
        raise NotHereError(
            "This answer is not kept any more: answers stay in memory for a while and are written nowhere. Ask again at"
            " the desk; the same question under the same law gets the same answer.",
            "该结果已不再保留：结果只在内存中暂存，不作任何记录。请在窗口重新查询；同一问题在同一法规下结果相同。",
        )
    lawful.reading_or_reason(visit)
    return show_answer(visit, asked)


def _asked(visit: Visit) -> HttpResponse:
    """Answers what was sent and leads to the answer; a form without anything in it is shown again."""
    began = time.perf_counter()
    file = visit.request.FILES.get("file")
    fields = filled({name: str(text) for name, text in visit.request.POST.items()})
    name: str | None = None
    if isinstance(file, UploadedFile):
        name = file.name or "declaration"
        declaration = read(bytes(file.read()), name=name, limits=_limits())
    elif visit.request.POST.get("cases"):
        name = visit.say("published cases.csv", "已公布案例.csv")
        declaration = read(as_declaration(), name=name)
    elif fields.keys() <= {"line"}:
        return _form(visit, missing=say(
            "Nothing was asked: fill in the goods and their code, or choose a file.",
            "未填写任何内容：请填写商品名称和商品编码，或选择文件。",
        ))  # fmt: skip
    else:
        fields = {"line": "1", **fields}
        declaration = read_fields(fields)
    asked = _answered(visit, declaration, fields=fields if name is None else {}, file=name, began=began)
    response = HttpResponseRedirect(visit.here(answer=KEPT.put(asked, weight=max(1, len(declaration.lines)))))
    response.status_code = 303
    return response


def _answered(
    visit: Visit, declaration: Declaration, *, fields: Mapping[str, str], file: str | None, began: float
) -> Asked:
    reading, why_not = lawful.reading_or_reason(visit)
    law = load()
    document = answer(
        declaration, law=law, today=lawful.today(law), snapshot=None if reading is None else reading.snapshot
    )
    return Asked(
        document=document, declaration=declaration, fields=fields, file=file, no_store=why_not,
        at=datetime.now(UTC), seconds=time.perf_counter() - began, timezone=law.timezone,
    )  # fmt: skip


def _limits() -> Limits:
    """What a file sent to the page may hold: far less than one given to `lodeline declare`."""
    sent: int = settings.LODELINE_UPLOAD_BYTES
    return Limits(file_bytes=sent, json_bytes=sent, rows=settings.LODELINE_DESK_LINES, unpacked_bytes=_UNPACKED * sent)


def _form(visit: Visit, *, missing: Text | None = None) -> HttpResponse:
    table = column_table(visit)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    reading, why_not = lawful.reading_or_reason(visit)
    case = _case(visit)
    fields = filled({name: str(text) for name, text in visit.request.GET.items()} if case is None else case.fields)
    licences = None if reading is None else reading.snapshot.register.tables["licences"].height
    return show(
        visit,
        "lodeline/desk.html",
        title=visit.say("May this consignment leave?", "这批货物能否放行？"),
        status=200 if missing is None else 400,
        missing=missing,
        form=form(visit, fields, {}),
        prefilled=bool(fields),
        case=None if case is None else {"state": visit.spoken(case.state), "story": visit.spoken(case.story)},
        cases=[_shown(visit, one) for one in published_cases()],
        lines_most=settings.LODELINE_DESK_LINES,
        bytes_most=f"{settings.LODELINE_UPLOAD_BYTES / 1_000_000:g}",
        columns=shown(visit, table),
        licences=licences,
        no_store=why_not,
        here=visit.url("desk"),
    )


def _case(visit: Visit) -> PublishedCase | None:
    """The published case asked for. Raises NotHereError for one that there is none of."""
    asked = visit.query("case")
    if asked is None:
        return None
    for one in published_cases():
        if one.line == asked:
            return one
    known = ", ".join(one.line for one in published_cases())
    raise NotHereError(
        f"There is no published case {asked!r}: one of {known}.", f"没有已公布案例 {asked!r}：可选 {known}。"
    )


def _shown(visit: Visit, one: PublishedCase) -> dict[str, object]:
    return {
        "href": visit.url("desk", query={"case": one.line}),
        "goods": one.fields["product_name"],
        "on": one.fields["on"],
        "state": visit.spoken(one.state),
        "story": visit.spoken(one.story),
        "source": visit.spoken(one.source),
    }
