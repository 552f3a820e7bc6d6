"""The inspector's page on a telephone: the route of a plan, entered without a network and handed in afterwards.

Its address holds the page, the worker of the browser that keeps it for when there is no network, and what the page asks
and sends as JSON. The page keeps what is entered until this address has answered for each row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token

from lodeline.filing.inspection.measured import CALIBRATION_DAYS
from lodeline.language import bilingual, text
from lodeline.ledger.problem import CATALOGUE
from lodeline.material.composition import SUM_LIMIT_PPB, read_canonical
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import PPB, format_kg
from lodeline.office.access import clock
from lodeline.office.inspections.measuring import measure
from lodeline.office.inspections.plans import plan_open_to
from lodeline.service.inspections.drawing import PARTS
from lodeline.service.inspections.measuring import UNUSUAL_TIMES, Weighing
from lodeline.service.inspections.planning import EnteredPlan
from lodeline.service.inspections.reading import MEASUREMENT
from lodeline.service.inspections.visits import inspections
from lodeline.web.pages.inspections.plan_part import ACTS, route
from lodeline.web.pages.inspections.plan_part import PARTS as PART_WORDS
from lodeline.web.pages.inspections.telephone_rows import BODY_BYTES, SentError, read_sent, take
from lodeline.web.parts.shell import show
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product

#: Problems that the device sees by itself, before anything is sent; their words are the catalogue's.
SEEN_ON_THE_DEVICE: Final = (
    "number.invalid", "inspection.cell-missing", "inspection.bag-malformed", "inspection.bag-twice",
    "inspection.mass-unusual", "inspection.weighs-nothing", "inspection.shipped-without-document",
    "inspection.calibrated-later", "inspection.calibration-lapsed", "composition.over-100",
)  # fmt: skip
#: Where a sentence of the catalogue quotes a fact; the page has `<fact>` there.
_FACT: Final = re.compile(r"\{(\w+)\}")
_WORKER: Final = (files("lodeline") / "web/static/lodeline/inspect_worker.js").read_text("utf-8")


def telephone(visit: Visit, plan: int) -> HttpResponse:
    """The page `inspections/plans/ENTRY/telephone/`; `?standing`: what stands already, as JSON; POST hands rows in."""
    found = plan_open_to(visit.actor, visit.store, plan, today=clock.today(visit.law.timezone))
    if found is None:
        raise NotHereError(text("There is no plan in entry {plan} that is open to you.", plan=plan))
    visit.actor.require("inspection.write", found.paper["organisation"])
    if visit.request.method == "POST":
        response: HttpResponse = _handed_in(visit, found)
    elif "standing" in visit.request.GET:
        response = JsonResponse(_standing(visit, found))
    else:
        response = _page(visit, found)
    # The worker keeps the page, and lets go of it when the inspector signs out; nothing else shall keep it.
    response.headers["Cache-Control"] = "no-store"
    return response


def worker(visit: Visit, plan: int) -> HttpResponse:
    """The worker of the page: it stands below the page's address, so a browser lets it see no other."""
    del visit, plan
    return HttpResponse(_WORKER, content_type="text/javascript; charset=utf-8")


def _page(visit: Visit, found: EnteredPlan) -> HttpResponse:
    paper = found.paper
    site = words.site_names(visit.store.newest_register()).get(paper["site"], paper["site"])
    return show(
        visit,
        "lodeline/inspections/telephone.html",
        title=visit.text("Inspection of {site}", site=site),
        day=written.day(paper["on"], visit.language),
        printed=visit.url("inspection-plan", plan=found.entry.index),
        by_file=visit.url("inspections", site=paper["site"]),
        sign_out=f"/{visit.language}/account/logout/",
        data=json.dumps(_data(visit, found), ensure_ascii=False),
    )


def _data(visit: Visit, found: EnteredPlan) -> dict[str, Any]:
    """What the script is given of the plan: the items that were drawn with all that is done with them, the others by
    name."""
    paper, language = found.paper, visit.language
    methods = visit.store.newest_register().tables["methods"].select("quantity", "id").drop_nulls()
    return {
        "plan": found.entry.index, "person": visit.actor.pseudonym, "site": paper["site"], "on": paper["on"],
        "signIn": f"/{language}/account/login/?next={visit.request.path}",
        "items": [
            {**_named(visit, one), "do": one["do"], "bags": one["bags"], "shares": _elements(one)}
            for one in route(paper)
        ],
        "others": [_named(visit, one) for one in paper["items"] if not one["do"]],
        "products": sorted({(one["product"], product(one["product"], language)) for one in paper["items"]}),
        "elements": list(SYMBOLS),
        "methods": {
            what: sorted({str(one) for quantity, one in methods.iter_rows() if quantity == what})
            for what in ("weighing", "assay")
        },
        "limits": {"calibration": CALIBRATION_DAYS, "unusual": UNUSUAL_TIMES, "sum": 100 * SUM_LIMIT_PPB / PPB},
        "acts": {act: visit.localized(label) for act, label in ACTS.items()},
        "parts": {part: visit.localized(label) for part, label in zip(PARTS, PART_WORDS, strict=True)},
        "words": {
            code: {"severity": CATALOGUE[code].severity, "text": _FACT.sub(r"<\1>", CATALOGUE[code].text[language]),
                   "cure": CATALOGUE[code].cure[language]}
            for code in SEEN_ON_THE_DEVICE
        },
    }  # fmt: skip


def _named(visit: Visit, item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lot": item["lot"], "label": item["label"], "place": item["place"], "location": item["location"],
        "product": product(item["product"], visit.language), "book": format_kg(item["dry_mg"]),
    }  # fmt: skip


def _elements(item: Mapping[str, Any]) -> list[str]:
    """What is worth a button: the elements of an item by their share, the total oxide last."""
    shares = read_canonical(item["composition"])
    return sorted(shares, key=lambda symbol: (symbol not in SYMBOLS or symbol == "TREO", -shares[symbol]))


def _standing(visit: Visit, found: EnteredPlan) -> dict[str, Any]:
    """Who is signed in, the token that a form of his carries now, and what stands of the visit."""
    papers = inspections(visit.store, [found.paper["organisation"]], site=found.paper["site"])
    return {
        "token": get_token(visit.request), "person": visit.actor.pseudonym,
        "clock": f"{clock.now().astimezone(ZoneInfo(visit.law.timezone)):%Y-%m-%dT%H:%M:%S}",
        "rows": [
            {"uid": row["uid"], "lot": row["name"], "place": row["place"], "outcome": row["outcome"],
             "entry": one.entry.index}
            for one in papers if one.act == MEASUREMENT and one.paper["plan"] == found.entry.index
            for row in one.paper["rows"]
        ],
    }  # fmt: skip


def _handed_in(visit: Visit, found: EnteredPlan) -> HttpResponse:
    try:
        sent = read_sent(_body(visit.request))
    except SentError as strange:
        return JsonResponse({"problem": {"en": strange.en, "zh": strange.zh}}, status=strange.status)
    store, site = visit.store, found.paper["site"]

    def enter(on: date, file: bytes) -> Any:
        done = measure(
            visit.actor, store,
            Weighing(site=site, on=on, files=[("telephone.json", file)], plan=found.entry.index),
            organisation=found.paper["organisation"], now=clock.now(), today=clock.today(visit.law.timezone),
        )  # fmt: skip
        for entry in done.entries:
            visit.has_filed(entry.index)
        return done

    return JsonResponse({"rows": [one.as_json() for one in take(sent, enter)]})


def _body(request: HttpRequest) -> bytes:
    """What was sent, if the page can have sent it. Raises SentError before any of it is read."""
    if request.content_type != "application/json":
        raise SentError(text("Send the rows as JSON."), status=415)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or len(length) > len(str(BODY_BYTES)) or int(length) > BODY_BYTES:
        raise SentError(
            text(
                "Send at most {most} bytes at a time.",
                most=bilingual(f"{BODY_BYTES:,}".replace(",", " "), str(BODY_BYTES)),
            ),
            status=413,
        )
    return request.body
