"""What a notice says, in both languages: one sentence for each kind, made of its facts when somebody reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from lodeline.errors import Text, text
from lodeline.service.customs.reservations import AMENDED

Facts = Mapping[str, Any]
#: What a sentence needs besides the facts: the name of an organisation, person or role in the reader's language.
Named = Callable[[str], str]

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def month(period: str) -> Text:
    """`2026-01` → January 2026, 2026年1月."""
    year, number = int(period[:4]), int(period[5:7])
    return {"en": f"{_MONTHS[number - 1]} {year}", "zh": f"{year}年{number}月"}


def day(on: str) -> Text:
    """`2026-02-09` → 9 February 2026, 2026年2月9日."""
    at = date.fromisoformat(on)
    return {"en": f"{at.day} {_MONTHS[at.month - 1]} {at.year}", "zh": f"{at.year}年{at.month}月{at.day}日"}


def _deliveries(count: int) -> Text:
    return text("One delivery" if count == 1 else f"{count} deliveries", f"{count}笔到货")


def due_soon(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    days = facts["days"]
    left = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
    left_zh = {0: "即今天", 1: "即明天"}.get(days, f"还有{days}天")
    return text(f"{period['en']} is due by {last['en']}, {left}.", f"{period['zh']}的申报{last['zh']}截止，{left_zh}。")


def late(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return text(
        f"{period['en']} was due by {last['en']} and is not filed. It can still be filed; it will be marked late.",
        f"{period['zh']}的申报已于{last['zh']}截止，贵企业尚未申报。仍可申报，将标记为逾期。",
    )


def extended_deadline(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return text(
        f"{period['en']} can be filed in time until the end of {last['en']}. The authority's reason: {facts['reason']}",
        f"{period['zh']}的申报期限延至{last['zh']}。主管部门说明：{facts['reason']}",
    )


def to_accept(facts: Facts, named: Named) -> Text:
    del named
    some = _deliveries(facts["count"])
    verb = "waits" if facts["count"] == 1 else "wait"
    return text(f"{some['en']} {verb} for you to accept.", f"有{some['zh']}待确认。")


def exceptions(facts: Facts, named: Named) -> Text:
    del named
    count, period = facts["count"], month(facts["period"])
    shipments = "One transfer" if count == 1 else f"{count} transfers"
    return text(
        f"{shipments} of {period['en']} {'is' if count == 1 else 'are'} past both deadlines without the other half.",
        f"{period['zh']}有{count}笔流转双方均已逾期，仍缺一方申报。",
    )


def records(facts: Facts, named: Named) -> Text:
    del named
    count, period = facts["count"], month(facts["period"])
    papers = "One paper" if count == 1 else f"{count} papers"
    return text(
        f"{papers} of {period['en']} {'disagrees' if count == 1 else 'disagree'} with what the tax authority or customs"
        " record. A correction settles most.",
        f"{period['zh']}有{count}项单据与税务或海关记录不符，多数可通过更正申报消除。",
    )


def corrected(facts: Facts, named: Named) -> Text:
    who, period = named(facts["other"]), month(facts["period"])
    return text(
        f"{who} has corrected its filing of {period['en']}, and with it deliveries between you.",
        f"{who}更正了{period['zh']}的申报，涉及与贵企业之间的流转。",
    )


def certify(facts: Facts, named: Named) -> Text:
    del named
    period = month(facts["period"])
    return text(f"The filing of {period['en']} waits for you to certify it.", f"{period['zh']}的申报待您签认。")


def disputed(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return text(f"{who} disputes your shipment {facts['event']}.", f"{who}对贵企业的发货 {facts['event']} 提出异议。")


def dispute_answered(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return text(
        f"{who} has answered your dispute of shipment {facts['event']}.",
        f"{who}答复了贵企业对发货 {facts['event']} 的异议。",
    )


def dispute_withdrawn(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return text(
        f"{who} has withdrawn its dispute of your shipment {facts['event']}.",
        f"{who}撤回了对贵企业发货 {facts['event']} 的异议。",
    )


def confirm(facts: Facts, named: Named) -> Text:
    who, some = named(facts["other"]), _deliveries(facts["count"])
    return text(f"{who} asks you to confirm: {some['en'].lower()}.", f"{who}请贵企业确认{some['zh']}。")


def reminded(facts: Facts, named: Named) -> Text:
    del named
    period = month(facts["period"])
    return text(f"The authority reminds you to file {period['en']}.", f"主管部门提醒贵企业申报{period['zh']}。")


def ordered(facts: Facts, named: Named) -> Text:
    del named
    period, until = month(facts["period"]), day(facts["until"])
    return text(
        f"The authority orders you to file {period['en']} by {until['en']}.",
        f"主管部门责令贵企业在{until['zh']}前申报{period['zh']}。",
    )


def ordered_to_correct(facts: Facts, named: Named) -> Text:
    del named
    period, until = month(facts["period"]), day(facts["until"])
    return text(
        f"The authority orders you to correct {period['en']} by {until['en']}: {facts['why']}",
        f"主管部门责令贵企业在{until['zh']}前更正{period['zh']}：{facts['why']}",
    )


def asked(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"The authority asks you about a finding. Please answer by {until['en']}.",
        f"主管部门就一条线索向贵企业询问，请于{until['zh']}前答复。",
    )


def extended(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"You have until {until['en']} to answer the authority's question.",
        f"对主管部门询问的答复期限延至{until['zh']}。",
    )


def unanswered(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"A question of the authority is to be answered by {until['en']}.",
        f"主管部门的一项询问须于{until['zh']}前答复。",
    )


def overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"A question of the authority was to be answered by {until['en']}. You can still answer until it is decided.",
        f"主管部门的一项询问应于{until['zh']}前答复，现已逾期。作出决定前仍可答复。",
    )


#: What became of a question, as the organisation is told it.
_DECIDED: Final[Mapping[str, Text]] = {
    "explained": text(
        "The authority accepts the explanation of a question it asked you.", "主管部门已接受贵企业对一项询问的说明。"
    ),
    "confirmed": text("The authority has confirmed a finding about you.", "主管部门已认定一条涉及贵企业的线索。"),
    "withdrawn": text("The authority has withdrawn a question it asked you.", "主管部门已撤回一项询问。"),
    "reopened": text(
        "A question that was settled is open again. You will be asked before anything is decided.",
        "一项已办结的询问重新开启。作出决定前将再次听取贵企业说明。",
    ),
}


def decided(facts: Facts, named: Named) -> Text:
    del named
    return _DECIDED[facts["decided"]]


def key(facts: Facts, named: Named) -> Text:
    del named
    entry, certifier = facts["entry"], facts["certifier"]
    return text(
        f"A key that certifies for you was registered in entry {entry}; its holder is {certifier}. Tell the authority"
        " if nobody of you knows of it.",
        f"第 {entry} 号条目登记了一个代表贵企业签认的密钥，持有人为 {certifier}。如贵企业无人知悉，请告知主管部门。",
    )


def customs_asked(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"Customs queries a line that you declared. Submit the documents by {until['en']}; until then the goods stay.",
        f"海关对贵企业申报的一项货物提出质疑，请于{until['zh']}前提交材料；其间货物不予放行。",
    )


def customs_due(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"The documents for a query of customs are due by {until['en']}.",
        f"海关质疑所需材料须于{until['zh']}前提交。",
    )


def customs_overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"The documents for a query of customs were due by {until['en']}. They can be submitted until it is decided.",
        f"海关质疑所需材料应于{until['zh']}前提交，现已逾期。作出决定前仍可提交。",
    )


#: What became of a query of customs, as the exporter is told it.
_CUSTOMS: Final[Mapping[str, Text]] = {
    "laboratory": text("Customs has sent goods that it queries to a laboratory.", "海关已将所质疑的货物送实验室鉴别。"),
    "found": text("The laboratory's result about queried goods is there.", "所质疑货物的鉴别结果已出具。"),
    "released": text("Customs has released goods that it had queried.", "海关已放行所质疑的货物。"),
    "refused": text("Customs does not release goods that it had queried.", "海关对所质疑的货物不予放行。"),
    "settled": text(
        "Customs has answered for all goods alike what its query about a rule asked.",
        "海关已就所质疑的规定作出统一答复。",
    ),
    "closed": text("A query of customs is closed.", "海关的一项质疑已结束。"),
}


def customs_decided(facts: Facts, named: Named) -> Text:
    del named
    return _CUSTOMS[facts["became"]]


def application_queried(facts: Facts, named: Named) -> Text:
    del named
    if not facts["until"]:
        return text(
            "The licensing authority asks about your application. Its time to decide stands until you answer.",
            "许可机关就贵企业的申请提出质询，答复前审查期限中止。",
        )
    until = day(facts["until"])
    return text(
        f"The licensing authority asks about your application. Please answer by {until['en']}.",
        f"许可机关就贵企业的申请提出质询，请于{until['zh']}前答复。",
    )


def application_overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return text(
        f"A query about your application was to be answered by {until['en']}. You can still answer.",
        f"就贵企业申请提出的质询应于{until['zh']}前答复，现已逾期，仍可答复。",
    )


_APPLICATION_DECIDED: Final[Mapping[str, Text]] = {
    "granted": text("The licence that you applied for is granted.", "贵企业申请的许可证已获准。"),
    "refused": text(
        "The licence that you applied for is refused; the reasons are with it.",
        "贵企业申请的许可证未获准，理由见决定。",
    ),
}


def application_decided(facts: Facts, named: Named) -> Text:
    del named
    return _APPLICATION_DECIDED[facts["decided"]]


def _line(facts: Facts) -> Text:
    declaration, line = facts["declaration"], facts["line"]
    return text(f"declaration {declaration}, line {line}", f"报关单 {declaration} 第 {line} 项")


def exit_confirmed(facts: Facts, named: Named) -> Text:
    del named
    line, licence, mass = _line(facts), facts["licence"], facts["mass_kg"]
    if mass == "0":
        # The line is closed with nothing: all that leaves on it has left.
        return text(
            f"Customs confirms that nothing more leaves under {line['en']}: what was still reserved for it returns to"
            f" the licence {licence}.",
            f"海关确认{line['zh']}不再有货物出境，许可证 {licence} 为其预留的余量已退回。",
        )
    sentence = text(
        f"Customs confirms that {mass} kg left under {line['en']}; they count on the licence {licence}.",
        f"海关确认{line['zh']}的 {mass} 千克货物已出境，计入许可证 {licence}。",
    )
    return _with_flags(sentence, facts)


def exit_corrected(facts: Facts, named: Named) -> Text:
    """What was confirmed before stands in the log of the licence; what is told is what counts now."""
    del named
    line, licence, mass, reason = _line(facts), facts["licence"], facts["mass_kg"], facts["reason"]
    sentence = text(
        f"Customs corrects a confirmation under {line['en']}: {mass} kg left, and these count on the licence {licence}."
        f" The reason: {reason}",
        f"海关更正{line['zh']}的出境确认：实际出境 {mass} 千克，以此计入许可证 {licence}。理由：{reason}",
    )
    return _with_flags(sentence, facts)


def _with_flags(sentence: Text, facts: Facts) -> Text:
    """The sentence, and what customs' books flag about the exit. A reason ends as its writer ended it."""
    if "flagged_en" not in facts:
        return sentence
    english = sentence["en"] if sentence["en"].endswith(".") else f"{sentence['en']}."
    chinese = sentence["zh"] if sentence["zh"].endswith("。") else f"{sentence['zh']}。"
    return text(f"{english} Flagged: {facts['flagged_en']}", f"{chinese}已附提示：{facts['flagged_zh']}")


def reservation_void(facts: Facts, named: Named) -> Text:
    del named
    line, licence = _line(facts), facts["licence"]
    if facts["reason"] == AMENDED:
        return text(
            f"What was reserved on the licence {licence} for {line['en']} is taken back: the declaration was amended.",
            f"许可证 {licence} 为{line['zh']}预留的额度已收回：该报关单已更正。",
        )
    return text(
        f"What was reserved on the licence {licence} for {line['en']} is taken back. The reason: {facts['reason']}",
        f"许可证 {licence} 为{line['zh']}预留的额度已收回。理由：{facts['reason']}",
    )


_ACTS: Final[Mapping[str, tuple[str, str]]] = {
    "suspended": ("is suspended", "中止"),
    "resumed": ("may be used again", "恢复使用"),
    "revoked": ("is revoked", "撤销"),
}


def licence_act(facts: Facts, named: Named) -> Text:
    licence, on, reason = facts["licence"], day(facts["on"]), facts["reason"]
    if facts["deed"] == "holder":
        en, zh = f"is held by {named(facts['holder'])}", f"改由{named(facts['holder'])}持有"
    else:
        en, zh = _ACTS[facts["deed"]]
    return text(
        f"The licence {licence} {en} from {on['en']}. The authority's grounds: {reason}",
        f"许可证 {licence} 自{on['zh']}起{zh}。主管部门理由：{reason}",
    )


def run_put_off(facts: Facts, named: Named) -> Text:
    del named
    run, reason = facts["run"], facts["reason"]
    return text(
        f"The authority has called your planned run {run} off: what it had not drawn of the quota is free again. The"
        f" reason: {reason}",
        f"主管部门已取消贵企业的计划批次 {run}，未用指标已退回。理由：{reason}",
    )


def opening_stock(facts: Facts, named: Named) -> Text:
    del named
    period, count = month(facts["period"]), facts["count"]
    lots = f"{count} lots" if count != 1 else "one lot"
    return text(
        f"The opening stock of your sites at the end of {period['en']}, {lots}, is prepared as a draft: look it"
        " over, correct it, and let your certifier attest it.",
        f"贵企业各场所{period['zh']}末的期初库存（{count} 个批次）已编为草稿：请核对、更正，并由签认人确认。",
    )


def extension_ended(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return text(
        f"The extension for {period['en']} ends early: it can be filed in time until the end of {last['en']}.",
        f"{period['zh']}的延期提前结束：按期申报截至{last['zh']}。",
    )


def inspected(facts: Facts, named: Named) -> Text:
    del named
    on, site, entry = day(facts["on"]), facts["site"], facts["entry"]
    if facts.get("act") == "custody":
        return text(
            f"Bags of samples taken at {site} on {on['en']} have changed hands: entry {entry}.",
            f"{on['zh']}在 {site} 所取样袋已交接：第 {entry} 号条目。",
        )
    if facts.get("act") == "result":
        return text(
            f"Laboratory results of samples taken at {site} on {on['en']} have been entered: entry {entry}.",
            f"{on['zh']}在 {site} 所取样品的化验结果已登记：第 {entry} 号条目。",
        )
    if facts.get("act") == "end":
        return text(
            f"The visit to {site} of {on['en']} has ended: entry {entry}. All that was drawn for it is now shown.",
            f"{on['zh']}对 {site} 的检查已结束：第 {entry} 号条目。抽样计划现可查阅。",
        )
    return text(
        f"The authority has entered what it found at {site} on {on['en']}, as entry {entry}.",
        f"主管部门已将{on['zh']}在 {site} 的检查结果记入第 {entry} 号条目。",
    )


def merged_into(facts: Facts, named: Named) -> Text:
    who, on = named(facts["other"]), day(facts["on"])
    return text(
        f"From {on['en']} you are part of {who}. File the months before, with the deliveries of your goods to it; you"
        " go on seeing what you have filed.",
        f"自{on['zh']}起贵企业并入{who}。请申报此前各月，并申报向其交付的货物；贵企业仍可查看已申报的内容。",
    )


def merged_from(facts: Facts, named: Named) -> Text:
    who, on = named(facts["other"]), day(facts["on"])
    return text(
        f"From {on['en']} {who} is part of you: its sites are yours to file, and its goods come as deliveries.",
        f"自{on['zh']}起{who}并入贵企业：其场所由贵企业申报，其货物以交付方式转入。",
    )


def handed_over(facts: Facts, named: Named) -> Text:
    who, on, site = named(facts["other"]), day(facts["on"]), facts["site"]
    return text(
        f"From {on['en']} the site {site} is held by {who}. File your own days there, and deliver what goes with it.",
        f"自{on['zh']}起场所 {site} 由{who}持有。请申报此前由贵企业持有的期间，并申报随之交付的货物。",
    )


def taken_over(facts: Facts, named: Named) -> Text:
    who, on, site = named(facts["other"]), day(facts["on"]), facts["site"]
    return text(
        f"From {on['en']} you hold the site {site}, which {who} held before.",
        f"自{on['zh']}起贵企业持有场所 {site}，此前由{who}持有。",
    )


def closed(facts: Facts, named: Named) -> Text:
    del named
    on, site = day(facts["on"]), facts["site"]
    return text(
        f"The site {site} is closed from {on['en']} on. File what became of its goods before.",
        f"场所 {site} 自{on['zh']}起关闭。请申报此前其货物的去向。",
    )


def _account_act(facts: Facts, named: Named) -> Text:
    """What is done to an account, as the end of a sentence."""
    role = named(facts["role"])
    who = named(facts["person"]) if facts["person"] else ""
    if facts["what"] == "let-back-in":
        return text(f"let {who} back in: password and second factor go", f"恢复{who}登录：清除其密码及第二验证方式")
    if facts["what"] == "change":
        return text(f"change a role of {who} to {role}", f"将{who}的角色变更为{role}")
    if facts["what"] == "role":
        return text(f"give {who} the role {role}", f"授予{who}{role}角色")
    return text(f"invite {who or 'somebody'} as {role}", f"邀请{who or '新人员'}担任{role}")


def account_proposed(facts: Facts, named: Named) -> Text:
    act, by = _account_act(facts, named), named(facts["by"])
    return text(
        f"{by} proposed to {act['en']}. It waits for another registrar.", f"{by}提议{act['zh']}，待另一名登记员确认。"
    )


def account_confirmed(facts: Facts, named: Named) -> Text:
    act, by = _account_act(facts, named), named(facts["by"])
    return text(f"{by} confirmed the proposal to {act['en']}.", f"{by}已确认：{act['zh']}。")


def account_on_server(facts: Facts, named: Named) -> Text:
    act = _account_act(facts, named)
    return text(f"A command on the server was used to {act['en']}.", f"已在服务器上执行命令：{act['zh']}。")
