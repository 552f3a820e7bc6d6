"""What pages about an application share: its words, its goods, the steps taken, and the clock as a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.http import HttpResponse

from lodeline.control.licences import application as written_application
from lodeline.control.licences.end_use import read_needs
from lodeline.control.licences.licensing import Clock
from lodeline.ledger.problem import Problem
from lodeline.material.mass import format_kg
from lodeline.office.licences import application_views
from lodeline.office.licences.application_documents import open_document
from lodeline.office.models import Application, ApplicationStep
from lodeline.regulation.instrument import Citation, articles_once
from lodeline.service.entries.receipts import receipt
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.pages.customs.form import LABELS as COLUMNS
from lodeline.web.pages.findings.case_part import Taken
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.parts.values import Fact, Field
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text
from lodeline.web.words.lots import composition_text, product_and_code
from lodeline.web.words.words import Tone

STATES: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "draft": (text("Draft", "草稿"), "ring", "quiet"),
    "submitted": (text("Being examined", "审查中"), "half", "flow"),
    "queried": (text("Queried", "质询中"), "diamond", "hold"),
    "proposed": (text("Proposed, to be decided", "拟定，待决定"), "half", "flow"),
    "granted": (text("Granted", "准予许可"), "tick", "flow"),
    "refused": (text("Refused", "不予许可"), "cross", "loss"),
    "withdrawn": (text("Withdrawn", "已撤回"), "bar", "quiet"),
}
RELATIONS: Final[Mapping[str, Text]] = {
    "new": text("New licence", "新申请"), "renewal": text("Renewal", "续期"), "amendment": text("Amendment", "变更"),
}  # fmt: skip
KINDS: Final[Mapping[str, Text]] = {
    "individual": text("individual", "单项许可"),
    "general": text("general", "通用许可"),
    "registration": text("registration", "登记凭证"),
}
LABELS: Final[Mapping[str, Text]] = {
    **COLUMNS,
    "kind": text("Kind of licence", "许可类型"),
    "contract": text("Contract or agreement", "合同或协议编号"),
    "end_users": text("End users, one a line", "最终用户（每行一个）"),
    "valid_from": text("From", "起始日期"),
    "valid_to": text("Until", "截止日期"),
    "statement": text("Statement of end user and end use", "最终用户和最终用途说明"),
    "needs": text("What the end users need in a year", "最终用户年需求"),
    "goods": text("Goods", "货物"),
}
#: Where what was written is read, and not asked for.
_READ: Final[Mapping[str, Text]] = {
    "end_users": text("End users", "最终用户"),
    "destination": text("Destination", "最终目的国"),
    "end_user_country": text("Country of the end user", "最终用户国家"),
}
REPORTS: Final[Mapping[str, Text]] = {
    "shipment": text("Shipment", "发运"), "arrival": text("Arrival", "到货"),
    "installation": text("Installation", "安装"), "use": text("Use", "使用"),
}  # fmt: skip
_STEPS: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "submitted": (text("Handed in", "提交申请"), "circle", "ink"),
    "taken": (text("Taken in charge", "承办"), "diamond", "quiet"),
    "queried": (text("Queried", "质询"), "half", "hold"),
    "answered": (text("Answered", "答复"), "circle", "ink"),
    "identification-began": (text("Identification by experts begins", "开始专家鉴别"), "half", "quiet"),
    "identification-ended": (text("Identification by experts ends", "专家鉴别结束"), "ring", "quiet"),
    "check-began": (text("Check on site begins", "开始实地核查"), "half", "quiet"),
    "check-ended": (text("Check on site ends", "实地核查结束"), "ring", "quiet"),
    "referred": (text("Referred to the State Council", "报国务院批准"), "diamond", "quiet"),
    "proposed": (text("Decision proposed", "提出审核意见"), "half", "flow"),
    "returned": (text("Proposal not followed", "退回审核意见"), "ring", "quiet"),
    "granted": (text("Granted", "准予许可"), "tick", "flow"),
    "refused": (text("Refused", "不予许可"), "cross", "loss"),
    "withdrawn": (text("Withdrawn", "撤回申请"), "bar", "quiet"),
    "reported": (text("Reported", "报告"), "circle", "ink"),
}


def problem_text(visit: Visit, found: Problem) -> str:
    """What is wrong with an application, with its fields and kinds by their words."""
    facts = dict(found.facts)
    between = visit.text(", ", "、")
    for name in ("column", "columns"):
        if name in facts:
            facts[name] = between.join(_within(visit, one) for one in str(facts[name]).split(", "))
    if found.code == "grant.kind-unknown":
        known = str(facts["known"]).split(", ")
        facts["known"] = between.join(words.word(KINDS, one, visit.language) for one in known)
    return replace(found, facts=facts).message(visit.language)


def problems_once(found: Sequence[Problem]) -> list[Problem]:
    """Of a field that is empty it is enough to say so once: what it may hold stands in the form."""
    empty = {one.where for one in found if one.code == "application.cell-missing"}
    return [one for one in found if one.code == "application.cell-missing" or one.where not in empty]


def _within(visit: Visit, name: str) -> str:
    """A field within a sentence; a name that has no label as it is."""
    return written.within(visit.localized(_READ.get(name, LABELS[name])) if name in LABELS else name)


def state_cell(visit: Visit, application: Application) -> Cell:
    """Where an application stands."""
    word, shape, tone = STATES[application.state]
    note = ""
    if application.until is not None:
        note = visit.text("answer by ", "答复期限：") + written.day(application.until, visit.language)
    elif application.licence:
        note = application.licence
    return Cell(text=visit.localized(word), value=application.state, shape=shape, tone=tone, note=note)


def clock_text(visit: Visit, clock: Clock) -> str:
    """The time to decide, in a sentence."""
    if clock.status == "unlimited":
        return visit.text("The law sets no limit of time here.", "法规对此不设审查期限。")
    if clock.limit is None or clock.used is None:
        return visit.text("No law known here sets a limit of time.", "现有法规未载明审查期限。")
    used = visit.text(
        f"{clock.used} of {clock.limit} working days used", f"已用{clock.used}个工作日，共{clock.limit}个"
    )  # fmt: skip
    if clock.status == "ended":
        return visit.text(
            f"Decided after {clock.used} of {clock.limit} working days.",
            f"历时{clock.used}个工作日，期限{clock.limit}个。",
        )
    if clock.status == "stopped":
        return used + visit.text("; the clock stands.", "；期限中止。")
    due = written.day(clock.due, visit.language)
    over = clock.left is not None and clock.left < 0
    if over:
        return used + visit.text(f"; it was to be decided by {due}.", f"；应于{due}前决定，已逾期。")
    return used + visit.text(f"; to be decided by {due}.", f"；应于{due}前决定。")


def clock_note(visit: Visit, clock: Clock) -> str:
    """What the clock rests on: each instrument and each of its articles once, however many rules cite it."""
    law, cited = visit.law, dict[str, list[Citation]]()
    for one in clock.law:
        cited.setdefault(one.citation.instrument, []).append(one.citation)
    placed = [
        (visit.localized(law.title(instrument)), visit.localized(articles_once(places)))
        for instrument, places in cited.items()
    ]
    text = visit.text("; ", "；").join(
        visit.text(f"{title}, {places}", f"{title}{places}") for title, places in placed
    )  # fmt: skip
    if clock.assumed:
        text += visit.text(". Partly an assumption of the law pack.", "。部分为法规数据包的假设。")
    return text


def facts(visit: Visit, application: Application) -> list[Fact]:
    """What is applied for, but for the goods."""
    content = json.loads(application.content)
    made = [Fact(term=visit.text("About", "事项"), text=_about(visit, application))]
    for name in (*written_application.TERMS, *written_application.SHARED):
        text = content.get(name, "")
        if not text:
            continue
        if name == "kind":
            text = words.word(KINDS, text, visit.language)
        elif name in ("destination", "end_user_country") and text:
            text = f"{words.country(text, visit.language)} ({text})"
        elif name in ("valid_from", "valid_to"):
            # What a draft says need not be a day yet.
            day = day_of(text)
            text = text if day is None else written.day(day, visit.language)
        elif name == "end_users":
            text = visit.text("; ", "；").join(text.splitlines())
        elif name == "needs":
            text = needs_text(visit, content)
        made.append(Fact(term=visit.localized(_READ.get(name, LABELS[name])), text=text))
    return made


def needs_text(visit: Visit, content: Mapping[str, str]) -> str:
    """The needs as sentences; a draft's that cannot be read yet as they were written."""
    end_users = tuple(filter(None, (one.strip() for one in content["end_users"].splitlines())))
    needs, unread = read_needs(content["needs"], end_users)
    if unread:
        return content["needs"]
    sentences = []
    for one in needs:
        need, own = format_kg(one.need_mg), None if one.own_mg is None else format_kg(one.own_mg)
        text = visit.text(
            f"{one.end_user}: {need} kg of {one.element} a year", f"{one.end_user}：{one.element} 每年 {need} 千克"
        )
        sentences.append(
            text + ("" if own is None else visit.text(f", {own} kg for its own use", f"，其中自用 {own} 千克"))
        )
    return visit.text("; ", "；").join(sentences)


def _about(visit: Visit, application: Application) -> str:
    text = words.word(RELATIONS, application.relation, visit.language)
    return f"{text} · {application.of_licence}" if application.of_licence else text


def goods_table(visit: Visit, application: Application) -> Table:
    """The goods as they were written."""
    content, rows = json.loads(application.content), []
    for row in content["goods"]:
        product = row.get("product") or ""
        rows.append(
            (
                Cell(
                    text=row.get("product_name", ""),
                    note=" · ".join(
                        filter(None, (row.get("model"), product and product_and_code(product, visit.language)))
                    ),
                ),
                Cell(text=row.get("control_item", ""), note=row.get("hs_code", "")),
                Cell(text=composition_text(row.get("composition", "")), value=row.get("composition", "")),
                Cell(text=_as_written(row.get("mass_kg") or "", visit.text("kg", "千克")), value=row.get("mass_kg")),
                Cell(text=_as_written(row.get("value") or "", content["currency"] or ""), value=row.get("value")),
            )
        )
    return Table(
        name="goods",
        caption=visit.text("Goods", "货物"),
        columns=(
            Column(key="goods", label=text("Goods", "货物")),
            Column(key="item", label=text("Control item", "管制物项")),
            Column(key="composition", label=text("Composition, %", "成分（%）")),
            Column(key="mass", label=text("Net mass", "净重"), number=True, unit="kg"),
            Column(key="value", label=text("Value", "金额"), number=True),
        ),
        rows=rows,
        empty=visit.text("No goods are named.", "未列明货物。"),
    )


def _as_written(number: str, unit: str) -> str:
    """A number with its unit, to the last digit: it is this that is applied for."""
    whole, point, rest = number.partition(".")
    grouped = written.count(int(whole)) if whole.isascii() and whole.isdecimal() and len(whole) < 19 else whole
    return f"{grouped}{point}{rest} {unit}".strip() if number else ""


def changes_table(visit: Visit, application: Application) -> Table | None:
    """What a renewal or an amendment says otherwise than the application of its licence; None where there is none."""
    before = application_views.before_of(application)
    if before is None:
        return None
    changed = written_application.differences(json.loads(before.content), json.loads(application.content))
    return Table(
        name="changes",
        caption=visit.text("What changes", "变更内容"),
        columns=(
            Column(key="what", label=text("What", "项目")),
            Column(key="before", label=text("Before", "变更前")),
            Column(key="after", label=text("Now", "变更后")),
        ),
        rows=[
            (
                Cell(text=visit.localized(LABELS[name])),
                Cell(text=old or written.NOTHING),
                Cell(text=new or written.NOTHING),
            )
            for name, old, new in changed
        ],
        empty=visit.text("Nothing is different.", "内容无变化。"),
    )


def taken(
    visit: Visit, application: Application, *, disclosed_only: bool, called: Callable[[str], str], timezone: str,
    may_open: bool = True,
) -> list[Taken]:  # fmt: skip
    """The steps, oldest first; of people their pseudonym is in the words alone. `may_open`: lead to documents."""
    steps = application_views.steps_of(application, disclosed_only=disclosed_only)
    every = [_taken(visit, step, content, called=called, timezone=timezone) for step, content in steps]
    return every if may_open else [replace(one, files=tuple((name, "") for name, _ in one.files)) for one in every]


def _taken(
    visit: Visit, step: ApplicationStep, content: Mapping[str, Any], *, called: Callable[[str], str], timezone: str
) -> Taken:
    title, shape, tone = _STEPS[step.kind]
    more = []
    if content["until"]:
        more.append(visit.text("To be answered by ", "答复期限：") + written.day(content["until"], visit.language))
    if content.get("what"):
        more.append(words.word(REPORTS, content["what"], visit.language))
    if content.get("licence"):
        more.append(visit.text("Licence ", "许可证 ") + content["licence"])
    proposal = content.get("proposal")
    if proposal and step.kind == "proposed":
        more.append(
            visit.text("to grant", "拟准予许可") if proposal["grant"] else visit.text("to refuse", "拟不予许可")
        )
        if proposal["mass_kg"]:
            more.append(f"{proposal['mass_kg']} kg")
    return Taken(
        when=written.moment(step.at.isoformat(), visit.language, timezone), title=visit.localized(title),
        by=called(step.organisation) if step.organisation else visit.text("Authority", "主管部门"),
        text=content["text"], more=" · ".join(more), shape=shape, tone=tone,
        files=tuple((one.name, visit.here(document=one.pk)) for one in step.documents.all()),
        entry=written.count(step.entry), entry_href=visit.opens("entry", entry=step.entry),
        words_href=visit.here(words=step.number), receipt_href=visit.here(receipt=step.number),
    )  # fmt: skip


def wanted_paper(visit: Visit, application: Application, *, disclosed_only: bool) -> HttpResponse | None:
    """What `?document=`, `?words=` or `?receipt=` asks for instead of the page; None where nothing is asked for."""
    document = visit.query("document")
    if document is not None:
        name, content = open_document(visit.actor, visit.store, application, _number(document))
        # Whatever it is, it is saved and never shown in our name.
        return attachment(content, name, "application/octet-stream")
    steps = {step.number: step for step, _ in application_views.steps_of(application, disclosed_only=disclosed_only)}
    for asked in ("words", "receipt"):
        text = visit.query(asked)
        if text is None:
            continue
        step = steps.get(_number(text))
        if step is None:
            raise NotHereError("The application has no such step.", "该申请没有此步骤。")
        if asked == "words":
            return attachment(step.content.encode(), f"application-step-{step.number}.json", "application/json")
        proof = receipt(visit.store, step.entry, content=step.content.encode())
        made = json.dumps(proof, ensure_ascii=False, indent=1) + "\n"
        return attachment(made.encode(), f"lodeline-receipt-{step.entry}.json", "application/json")
    return None


def documents(application: Application, labels: Mapping[str, Mapping[str, str]], visit: Visit) -> list[dict[str, Any]]:
    """The documents so far, with what the law calls them."""
    return [
        {
            "number": one.pk, "name": one.name, "href": visit.here(document=one.pk),
            "kind": visit.localized(labels[one.kind]) if one.kind in labels else one.kind,
        }
        for one in application.documents.order_by("pk")
    ]  # fmt: skip


def as_sent(fields: Sequence[Field], sent: Mapping[str, str]) -> list[Field]:
    """The fields as whoever was refused has filled them in: nothing that was written is lost. Files are chosen anew."""
    return [
        field if field.kind == "file"
        else replace(field, checked=sent.get(field.name) == field.value) if field.kind == "checkbox"
        else replace(field, value=sent.get(field.name, ""))
        for field in fields
    ]  # fmt: skip


def day_of(text: str) -> date | None:
    """A day of a form; None where there is none or it cannot be read."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else -1
