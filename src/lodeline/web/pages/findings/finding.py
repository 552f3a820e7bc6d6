"""One finding: the question, what was seen, what would explain it innocently, what to ask, and the rows it stands on.

Printed, the page is a letter to the firm: the same words, with an address and without the menu.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.detection.alarm import ALARM_SCORE, FALSE_FINDINGS_PER_SITE_YEAR
from lodeline.detection.battery import DETECTORS, DUTIES
from lodeline.detection.detector import ANY_QUESTION
from lodeline.detection.finding import Finding
from lodeline.detection.identity import paired
from lodeline.errors import UserError
from lodeline.language import bilingual, text
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.office.access import clock
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.evidence import evidence
from lodeline.office.findings.seen import finding_seen
from lodeline.office.findings.states import CaseError
from lodeline.office.findings.views import CaseStatus, case_at, standing_of
from lodeline.office.models import Case
from lodeline.service.findings.finding import findings as ask
from lodeline.service.inspections.causes import Cause
from lodeline.service.overview.overview import SIDES
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.pages.findings.case_acts import NOTICES, assign_field, done, forms, is_watched
from lodeline.web.pages.findings.case_part import REASONS, state_cell, taken, wanted_paper
from lodeline.web.pages.findings.evidence import balance_table, draw_balances, months_table, rows_table, signed
from lodeline.web.pages.findings.evidence_words import further, in_all
from lodeline.web.pages.findings.measured_part import measured_steps
from lodeline.web.pages.findings.table import PARALLEL_RUN, practice_text
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Of a finding's id, what a letter calls it by: enough to tell apart more findings than there will ever be.
_REFERENCE = 12
#: Detector → its question; a finding that was decided about may be of one that is gone.
_QUESTIONS = {one.name: one.question for one in DETECTORS}


def finding(visit: Visit, finding: str) -> HttpResponse:
    """The page `findings/ID/`; its forms ask the firm and decide. `?bundle=zip`: its evidence as a file."""
    reading = visit.reading
    answer = reading.answer(ask, reading.store, reading.snapshot, reading.law)
    found = case_at(visit.actor, answer.raised, finding)
    is_duty = found.finding is not None and found.finding.detector in DUTIES
    every = [row for row in answer.raised if (row.detector in DUTIES) == is_duty]
    case = found.case
    if found.finding is not None and found.finding.id != finding and visit.request.method != "POST":
        # It had another id when the link was made.
        moved = visit.url("finding", finding=found.finding.id, query=visit.request.GET.dict())
        if moved is not None:
            return HttpResponseRedirect(moved)
    place = next((place for place, row in enumerate(every) if row is found.finding), None)
    if place is not None:
        row = every[place]
    elif case is not None and case.steps_taken:
        row = finding_seen(case)
    else:
        raise NotHereError(
            text(
                "The filings in the log do not raise this question, or no longer: a filing or a "
                "correction may have answered it. See the list of findings."
            )
        )
    paper = None if case is None else wanted_paper(visit, case, reader=None)
    if paper is not None:
        return paper
    if visit.query("bundle") and place is not None:
        return _bundle(visit, row, case)
    now, today = clock.now(), clock.today(reading.law.timezone)
    refused: UserError | None = None
    if visit.request.method == "POST":
        try:
            return _posted(visit, row, case)
        except CaseError as error:
            refused = error
    standing = standing_of(case, row, today=today)
    tables = {
        "balances": balance_table(visit, row),
        "months": months_table(visit, row),
        "rows": rows_table(visit, row),
    }
    more = further(visit, row)
    csv = wanted_csv(visit, *tables.values(), *more)
    if csv is not None:
        return csv
    names = words.organisation_names(reading.snapshot.register, visit.language)
    shape, tone = words.DETECTOR_MARKS.get(row.detector, ("diamond", "ink"))
    return show(
        visit,
        "lodeline/findings/finding.html",
        status=400 if refused else 200,
        title=_question(visit, row, names),
        row=row,
        kind={"text": words.word(words.DETECTORS, row.detector, visit.language), "shape": shape, "tone": tone},
        queue=None if place is None else _in_queue(visit, every, answer.causes, every[place]),
        notices=[*_notices(visit, standing, refused, withdrawn=place is None), *_practice(visit, row)],
        steps=[]
        if case is None
        else taken(visit, case, reader=None, called=lambda one: names.get(one, one), timezone=reading.law.timezone),
        seen=standing.steps,
        measured=measured_steps(row, visit.language, lambda entry: visit.opens("inspection-visit", entry=entry)),
        forms=forms(visit, row, standing, today),
        assign=assign_field(visit, standing, now) if visit.actor.may("finding.decide") else None,
        watched=is_watched(visit, case),
        bundle=visit.here(bundle="zip") if place is not None and visit.territory is None else None,
        subject=_subject(visit, row, names),
        names=names,
        period=_period(visit, row),
        mass=_mass(visit, row),
        interval=interval(visit, row),
        elements=visit.text(", ", context="findings, finding").join(row.elements),
        state=state_cell(visit, standing, today),
        score=written.score(row.score),
        certainty=_certainty(visit, row),
        totals=in_all(visit, row),
        signed=signed(row),
        drawing=draw_balances(visit, row),
        tables={name: shown(visit, table) if table.rows else None for name, table in tables.items()},
        further=[shown(visit, table) for table in more],
        command=f"lodeline findings --detector {row.detector} --json",
        stamp={"entry": written.count(reading.snapshot.entry), "root": reading.snapshot.root},
        addresses=_addresses(visit, row, names),
        letters=[{"text": names.get(one, one), "href": visit.here(to=one)} for one in row.firms]
        if len(row.firms) > 1
        else [],
        reference=row.id[:_REFERENCE],
        pack=written.short_hash(reading.law.digest),
        packs=visit.url("law-packs"),
        as_of=written.moment(reading.snapshot.as_of, visit.language, reading.law.timezone),
        list=visit.url("findings"),
        balance=visit.url("balance", site=row.subject["site"]) if "site" in row.subject else None,
        transfers=visit.url("exceptions", query={"kind": "delivery", "state": "all", "organisation": row.firm}),
        inspected=visit.opens("inspection-visit", entry=int(row.subject["visit"])) if "visit" in row.subject else None,
    )


def _posted(visit: Visit, row: Finding, case: Case | None) -> HttpResponse:
    reading, form = visit.reading, visit.request.POST
    steps = form.get("steps", "")
    seen = FindingAsSeen(
        finding=row,
        stamp=reading.snapshot.stamp,
        today=clock.today(reading.law.timezone),
        steps=int(steps) if steps.isdecimal() and len(steps) < 19 else 0,
        case=None if case is None else case.finding,
    )
    act = done(visit, seen, form.get("act", ""), clock.now())
    return HttpResponseRedirect(visit.here(said=act), status=303)


def _practice(visit: Visit, row: Finding) -> list[Notice]:
    """Of a parallel run nothing counts, and no case is opened."""
    if not in_parallel_run(row.last_period, visit.reading.snapshot.register):
        return []
    return [Notice(kind="info", text=visit.localized(PARALLEL_RUN), more=practice_text(visit) or "")]


def _notices(visit: Visit, standing: CaseStatus, refused: UserError | None, *, withdrawn: bool) -> list[Notice]:
    code = visit.query("said") or ""
    made: list[Notice] = []
    if refused is not None:
        made.append(Notice(kind="problem", text=visit.localized({"en": refused.en, "zh": refused.zh})))
    elif code in NOTICES:
        made.append(Notice(kind="success", text=visit.localized(NOTICES[code])))
    if withdrawn:
        made.append(
            Notice(
                kind="info",
                text=visit.text("The filings do not raise this question any more."),
                more=visit.text("What stands here is the finding as it was when it was last decided about."),
            )
        )
    if standing.reason is not None:
        made.append(
            Notice(
                kind="info",
                text=visit.text("What was decided does not stand any more."),
                more=visit.localized(REASONS[standing.reason]),
            )
        )
    return made


def _bundle(visit: Visit, row: Finding, case: Case | None) -> HttpResponse:
    content = evidence(visit.actor, visit.store, visit.reading.law, row, case)
    return attachment(content, f"lodeline-evidence-{row.id[:_REFERENCE]}.zip", "application/zip")


def _question(visit: Visit, row: Finding, names: Mapping[str, str]) -> str:
    """The finding as what it is: a question to the firm."""
    quota = words.word(words.QUOTA_KINDS, row.subject.get("kind", ""), visit.language)
    return visit.localized(_QUESTIONS.get(row.detector, ANY_QUESTION)).format(
        firm=visit.text(" and ").join(names.get(one, one) for one in _letter_to(visit, row)),
        mass=written.mass(row.mass_mg, visit.language),
        months=_period(visit, row),
        until=written.month(row.last_period, visit.language),
        year=row.last_period[:4],
        quota=quota.lower(),
        label=words.word(words.DETECTORS, row.detector, visit.language),
    )


def _in_queue(visit: Visit, every: Sequence[Finding], causes: Sequence[Cause], row: Finding) -> dict[str, object]:
    """Which question of how many this finding is of, and the ones before and after; of duties, which of `every`."""
    cause = next((one for one in causes if row in one.findings), None)
    asked_about = every if cause is None else [one.finding for one in causes]
    place = every.index(row) if cause is None else causes.index(cause)

    def neighbour(at: int) -> dict[str, object] | None:
        if not 0 <= at < len(asked_about):
            return None
        return {"href": visit.url("finding", finding=asked_about[at].id), "number": written.count(at + 1)}

    n, of = written.count(place + 1), written.count(len(asked_about))
    where = visit.text("{n} of {of}", n=n, of=of) if cause is None else visit.text("question {n} of {of}", n=n, of=of)
    if cause is not None and cause.others:
        within, of = written.count(cause.findings.index(row) + 1), written.count(len(cause.findings))
        where += visit.text(", finding {n} of {of}", n=within, of=of)
    return {"text": where, "before": neighbour(place - 1), "after": neighbour(place + 1)}


def _subject(visit: Visit, row: Finding, names: Mapping[str, str]) -> list[dict[str, str | None]]:
    """Whom and what the finding is about, each with its page."""
    sites = words.site_names(visit.reading.snapshot.register)
    facts = []
    for role, value in paired(row.subject).items():
        if role in ("organisation", "customer", "shipper", "receiver") or value in names:
            label = {
                "shipper": visit.text("Shipper"),
                "receiver": visit.text("Receiver"),
                "customer": visit.text("First customer"),
            }.get(role)
            page = visit.url("organisation", organisation=value) if value in names else None
            label = label or visit.text("Firm")
            facts.append({"label": label, "text": names.get(value, value), "id": value, "href": page})
        elif role == "site":
            page = visit.url("balance", site=value)
            facts.append({"label": visit.text("Site"), "text": sites.get(value, value), "id": value, "href": page})
        elif role == "lot":
            page = visit.url("lot", lot=value)
            facts.append({"label": visit.text("Lot"), "text": value, "id": "", "href": page})
        elif role == "licence":
            page = visit.opens("licence", licence=value)
            facts.append({"label": visit.text("Licence", context="findings"), "text": value, "id": "", "href": page})
        elif role == "kind":
            facts.append(_quota_subject(visit, row, value))
    return facts


def _quota_subject(visit: Visit, row: Finding, kind: str) -> dict[str, str | None]:
    ore = row.subject.get("ore_type", "")
    text = words.word(words.QUOTA_KINDS, kind, visit.language)
    if ore:
        text += visit.text(", ", context="findings, finding, quota subject") + words.word(
            words.ORE_TYPES, ore, visit.language
        )
    query = {"year": row.last_period[:4], "organisation": row.firm}
    return {
        "label": visit.text("Quota", context="findings"),
        "text": text,
        "id": "",
        "href": visit.url("quotas", query=query),
    }


def _period(visit: Visit, row: Finding) -> str:
    first, last = row.first_period, row.last_period
    if first == last:
        return written.month(first, visit.language)
    if (first[5:], last[5:]) == ("01", "12") and first[:4] == last[:4]:
        return visit.localized(bilingual(first[:4], f"{first[:4]}年"))
    return visit.text(
        "{month} to {month2}", month=written.month(first, visit.language), month2=written.month(last, visit.language)
    )


def _mass(visit: Visit, row: Finding) -> str:
    if not row.mass_mg:
        return visit.text("not known: no composition is stated")
    return written.mass(row.mass_mg, visit.language)


def interval(visit: Visit, row: Finding) -> str:
    """What bounds the mass, in words."""
    low, high = (None if bound is None else written.mass(bound, visit.language) for bound in row.interval_mg)
    if low is not None and high is not None:
        return visit.text("in 19 cases of 20 between {low} and {high}", low=low, high=high)
    if low is not None:
        return visit.text("at least {low}; the rest is not known", low=low)
    return visit.text("as filed, without bounds")


def _certainty(visit: Visit, row: Finding) -> str:
    """What the score says, and what it does not."""
    score = row.score
    if score is None:
        return visit.text(
            "No score. The masses are taken as filed, and nothing says how far they may be off; so "
            "nothing says either how often chance would do the same. The rows above are what there "
            "is."
        )
    rarity = 1 - score
    years = written.count(round(1 / rarity)) if rarity > 1e-6 else None
    if row.detector not in SIDES:
        return visit.text(
            "{score}: the probability of seeing less than this if nothing is wrong.", score=written.score(score)
        )
    budget = written.count(round(1 / FALSE_FINDINGS_PER_SITE_YEAR))
    text = visit.text(
        "{score}: the probability that a site without faults shows less than this in a whole year. ",
        score=written.score(score),
    )
    text += (
        visit.text("Chance alone would bring it about once in {years} years. ", years=years)
        if years
        else visit.text("Chance alone would bring it less than once in a million years. ")
    )
    return text + visit.text(
        "A question is asked from {score} on, which is one needless question in {budget} clean "
        "years of a site. It rests on σ as registered: a scale worse than its certificate makes "
        "such a score too.",
        score=written.score(ALARM_SCORE),
        budget=budget,
    )


def _letter_to(visit: Visit, row: Finding) -> list[str]:
    """Whom the letter names: all who are asked, or the one of them that `?to=` names."""
    every, chosen = row.firms, visit.query("to")
    return [chosen] if chosen in every else list(every)


def _addresses(visit: Visit, row: Finding, names: Mapping[str, str]) -> list[dict[str, str]]:
    """To whom the letter goes."""
    register = visit.reading.snapshot.register.tables["organisations"]
    codes = dict(register.select("id", "uscc").iter_rows())
    return [{"name": names.get(one, one), "id": one, "code": codes.get(one) or ""} for one in _letter_to(visit, row)]
