"""Where the tours of the demo stop: what to look at, why, and the page with what stands there now.

A station leads to the page it names, or to the first of several that there is; it is left out where what it would show
is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lodeline.office.sample.standing import Standing
from lodeline.service.overview.demonstration import AnswerKey
from lodeline.store.store import Store
from lodeline.web.visit import Visit
from lodeline.web.words.language import Text, text

#: Loopholes that are understood at the first look, the plainest first.
_SOONEST: Final = {
    name: place
    for place, name in enumerate(("trader-pass-through", "shell-customer", "misdeclaration", "round-trip", "skimming"))
}
#: Stations of a tour: a stop takes less than a minute.
MOST: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What tours are made of: what stands in the office, the key, the store, the newest month that is filed."""

    standing: Standing
    key: AnswerKey
    store: Store
    month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A stop of a tour. `pages`: the first of these that there is; `query` and `parts` of its address.

    A part that is None: there is nothing to show.
    """

    pages: tuple[str, ...]
    look: Text
    why: Text
    query: Mapping[str, object] | None = None
    parts: Mapping[str, object] | None = None

    def href(self, visit: Visit) -> str | None:
        """Where it leads; None where there is nothing."""
        parts = self.parts or {}
        if None in parts.values():
            return None
        found = (visit.url(page, query=self.query, **parts) for page in self.pages)
        return next((one for one in found if one is not None), None)


def stations(visit: Visit, who: str, sight: Sight) -> list[tuple[Station, str]]:
    """The stations of a role's tour that there are, each with its address."""
    led = ((one, one.href(visit)) for one in TOURS[who](sight))
    return [(one, href) for one, href in led if href is not None][:MOST]


def _analyst(sight: Sight) -> Iterator[Station]:
    yield Station(
        pages=("overview",), query={"period": sight.month},
        look=text("The newest month of the nation in one picture.", "全国最近一个月的流向图。"),
        why=text("The headline is the answer, computed from what was filed.", "标题即结论，由申报数据计算得出。"),
    )  # fmt: skip
    yield Station(
        pages=("where",), query={"element": "Dy"},
        look=text("Who gets the dysprosium, country by country.", "镝流向哪些国家和客户。"),
        why=text("Each figure leads to the rows that it is the sum of.", "每个数字都可点到其明细。"),
    )  # fmt: skip
    yield Station(
        pages=("strategy",),
        look=text("Who stops if licences are asked for, and on which day.", "实行许可后哪家工厂停产、何日停产。"),
        why=text(
            "Each number says what it rests on; the headline, on what it hangs most.",
            "各数均注明依据，标题说明结论最取决于什么。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("traders",),
        look=text("Traders by the share that they only pass through.", "按转手比例排列的贸易商。"),
        why=text("One of them was planted: the answer key says which.", "其中有植入的一家，见答案。"),
    )  # fmt: skip
    yield Station(
        pages=("year", "balances"), query={"element": "Tb"},
        look=text("Whether terbium closes.", "铽的平衡是否闭合。"),
        why=text(
            "What nobody counted is shown as not counted, and never as closed.",
            "未盘点即显示未盘点，绝不算闭合。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("findings",), query={"state": "open"},
        look=text("The questions that nobody has taken up yet.", "尚未处理的线索。"),
        why=text(
            "Loopholes and honest mistakes stand side by side here, as in life.",
            "漏洞与无心之失并列，与现实无异。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("finding",), parts={"finding": _best_found(sight)},
        look=text("A planted loophole that its detector found.", "检测方法查出的一处植入漏洞。"),
        why=text(
            "It says what would explain it innocently, and which rows it rests on.",
            "列出可能的正常原因及所依据的记录。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("finding",), parts={"finding": sight.standing.cases.get("answered")},
        look=text("A question that its firm has answered.", "企业已答复的询问。"),
        why=text("Every step stands in the log: neither side can deny it.", "每一步均入日志，双方都无法否认。"),
    )  # fmt: skip


def _inspector(sight: Sight) -> Iterator[Station]:
    yield Station(
        pages=("inspection-plans",),
        look=text("Whom to visit this month.", "本月应检查哪些企业。"),
        why=text("A ranked list with reasons, and some drawn by lot beside it.", "按理由排序，另附抽签选出的若干家。"),
    )  # fmt: skip
    yield Station(
        pages=("inspection-plan",), parts={"plan": sight.standing.plan},
        look=text("A plan that nobody has followed yet.", "尚未执行的抽样计划。"),
        why=text(
            "It says before the visit what a visit would show, and what not.",
            "检查之前即说明能查出什么、查不出什么。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("inspection-visit",), parts={"entry": sight.standing.measured},
        look=text("A visit: the firm's figures beside what was measured.", "一次检查：企业数据与实测值对照。"),
        why=text(
            "One item is lighter than its label; the firm's laboratory reads high.",
            "一件轻于标签，企业化验室读数偏高。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("laboratories",),
        look=text("Laboratories and scales that differ beyond chance.", "超出偶然范围的实验室与衡器偏差。"),
        why=text("A difference may be the instrument's and not the firm's.", "差异可能来自仪器，而非企业。"),
    )  # fmt: skip
    yield Station(
        pages=("findings",), query={"assigned": "mine"},
        look=text("The question that is assigned to you.", "指派给您的询问。"),
        why=text(
            "Its firm has answered: you explain, confirm or go on asking.",
            "企业已答复，由您决定采信、确认或继续询问。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("balance",), parts={"site": _site_of_a_plant(sight)},
        look=text("The balance of a site in which mass was planted.", "植入了质量漏洞的场所的物料平衡。"),
        why=text("See how much of it measurement alone would explain.", "看测量误差本身能解释多少。"),
    )  # fmt: skip
    yield Station(
        pages=("finding",), parts={"finding": sight.standing.cases.get("confirmed")},
        look=text("A finding that a second official has confirmed.", "经第二名人员确认的线索。"),
        why=text("Whoever asked cannot confirm: it takes two.", "询问人不能自行确认，须由两人完成。"),
    )  # fmt: skip


def _licensing_officer(sight: Sight) -> Iterator[Station]:
    of = sight.standing.applications
    yield Station(
        pages=("applications", "licences"),
        look=text("What waits for a decision, with the working days left.", "待决申请及剩余工作日。"),
        why=text("The law's clock runs here, and stands while a query is open.", "法定时限在此计算，质疑期间暂停。"),
    )  # fmt: skip
    yield Station(
        pages=("application",), parts={"application": of.get("submitted")},
        look=text("An application that nobody has taken yet.", "尚无人承办的申请。"),
        why=text(
            "Beside it stands what the ledger knows of goods, exporter and end user.",
            "旁列账本所知的货物、出口商与最终用户。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("application",), parts={"application": of.get("queried")},
        look=text("An application that was queried.", "已提出质疑的申请。"),
        why=text("It waits for the firm; until then no day is counted.", "等待企业答复，其间不计时限。"),
    )  # fmt: skip
    yield Station(
        pages=("application",), parts={"application": of.get("proposed")},
        look=text("A grant that one officer has proposed.", "一名人员已提出准予意见的申请。"),
        why=text("Come as the second officer to decide it.", "以第二名人员身份登录即可作出决定。"),
    )  # fmt: skip
    yield Station(
        pages=("licence",), parts={"licence": sight.standing.licence},
        look=text("A licence that somebody wants suspended.", "拟暂停的许可证。"),
        why=text("Its firm is not told until a second officer agrees.", "第二名人员同意前，不告知企业。"),
    )  # fmt: skip
    yield Station(
        pages=("licences",),
        look=text("What was drawn on the licences in use.", "在用许可证的使用情况。"),
        why=text("Reserved, used and left add up to the milligram.", "预留、已用、剩余精确到毫克。"),
    )  # fmt: skip


def _customs_officer(sight: Sight) -> Iterator[Station]:
    of = sight.standing.queries
    yield Station(
        pages=("desk",), query={"case": 2},
        look=text("A published penalty case, put to the desk.", "将一例公开处罚案件提交窗口。"),
        why=text(
            "The verdict names its law, its fields, and what would settle it.",
            "结论注明法规、依据字段及补正办法。",
        ),
    )  # fmt: skip
    yield Station(
        pages=("desk-asked",),
        look=text("What was declared, and what became of it.", "已申报的货物及其结果。"),
        why=text("One consignment is held for dysprosium without a licence.", "其中一票含镝而无许可证，暂缓放行。"),
    )  # fmt: skip
    yield Station(
        pages=("desk-query",), parts={"case": of.get("answered")},
        look=text("A query with the exporter's answer.", "出口商已答复的质疑。"),
        why=text("You release, refuse, or send samples to a laboratory.", "由您放行、不予放行或送检。"),
    )  # fmt: skip
    yield Station(
        pages=("desk-query",), parts={"case": of.get("asked")},
        look=text("A query that still waits for its answer.", "尚待答复的质疑。"),
        why=text("Seven working days run by the law's calendar.", "按法定日历计七个工作日。"),
    )  # fmt: skip
    yield Station(
        pages=("desk-licences", "licences"),
        look=text("Licences, with what this port may let go.", "许可证及本口岸可放行数量。"),
        why=text("A release reserves; the exit draws.", "放行即预留，出境即核销。"),
    )  # fmt: skip
    yield Station(
        pages=("law",),
        look=text("The law of any day, as it was known on another.", "任一日的法规，以另一日所知为准。"),
        why=text("A verdict can be checked years later.", "多年之后仍可复核结论。"),
    )  # fmt: skip


def _registrar(sight: Sight) -> Iterator[Station]:
    silent = _first(sight, "missing-filing")
    yield Station(
        pages=("duty", "organisations"), query={"period": sight.month, "state": "late"},
        look=text("Who has filed late, or not at all.", "逾期或未申报的企业。"),
        why=text("Remind many at once, or order one to file by a day.", "可批量催报，或责令限期申报。"),
    )  # fmt: skip
    yield Station(
        pages=("register-organisation",), parts={"organisation": silent},
        look=text("A firm that fell silent: it was planted.", "停止申报的企业（植入）。"),
        why=text("What is known of it is changed here, by an entry of the log.", "其登记信息在此变更，并入日志。"),
    )  # fmt: skip
    yield Station(
        pages=("parties",),
        look=text("Names of customers that are no party yet.", "尚未归入交易方的客户名称。"),
        why=text("Decide who they are: sums by customer rest on it.", "判定其身份，按客户汇总以此为据。"),
    )  # fmt: skip
    yield Station(
        pages=("register-changes",), parts={"organisation": sight.standing.maker or None},
        look=text("Mergers, and sites that change hands.", "合并与场所转让。"),
        why=text("Stocks and duties follow from a day on.", "库存与义务自某日起随之转移。"),
    )  # fmt: skip
    yield Station(
        pages=("officials",),
        look=text("The authority's people: two in every role.", "主管部门人员：每个角色两名。"),
        why=text("Many acts need two, and nobody gives himself a role.", "许多事项须两人办理，任何人不得自授角色。"),
    )  # fmt: skip
    yield Station(
        pages=("law-packs",),
        look=text("Which law pack is in force, and since when.", "现行法规包及其生效时间。"),
        why=text(
            "A new one is proposed here, tried, and published by another officer.",
            "新法规包在此提出、试算，由另一人发布。",
        ),
    )  # fmt: skip


def _quota_officer(sight: Sight) -> Iterator[Station]:
    firm = _first(sight, "quota-overrun")
    yield Station(
        pages=("quotas",),
        look=text("Granted, used and left, grant by grant.", "逐项指标的下达、使用与剩余。"),
        why=text("Use is drawn by what mines and separators file.", "使用量取自矿山与冶炼分离企业的申报。"),
    )  # fmt: skip
    yield Station(
        pages=("quotas",), query={"organisation": firm}, parts={} if firm else {"organisation": None},
        look=text("The firm whose overrun was planted.", "植入超指标生产的企业。"),
        why=text("Its filings stay within the grant: here nothing is seen.", "其申报未超指标，此处看不出。")
        if sight.key.manner("quota-overrun") == "hidden"
        else text("More was used than granted, and filed.", "使用超过下达数量，且已申报。"),
    )  # fmt: skip
    yield Station(
        pages=("organisation",), parts={"organisation": firm},
        look=text("The same firm, with the questions about it.", "同一企业及其线索。"),
        why=text("What it hid comes back as gain in its balances.", "隐瞒的产量在物料平衡中表现为盈余。"),
    )  # fmt: skip
    yield Station(
        pages=("findings",), query={"detector": "quota-overrun"},
        look=text("All questions about quotas.", "全部指标类线索。"),
        why=text("Overdrawn openly, or by what the balance says at least.", "公开超用，或平衡至少表明的超用。"),
    )  # fmt: skip
    yield Station(
        pages=("balances", "year"), query={"stage": "separation"},
        look=text("Whether separators close.", "冶炼分离企业是否闭合。"),
        why=text("Oxide from nowhere is ore without a quota.", "来历不明的氧化物即无指标的矿。"),
    )  # fmt: skip


def _auditor(sight: Sight) -> Iterator[Station]:
    yield Station(
        pages=("audit",),
        look=text("Who looked at which firm, and why.", "谁因何事由查阅过哪家企业。"),
        why=text("Your own look at a firm is written down as well.", "您本人的查阅同样记录在案。"),
    )  # fmt: skip
    yield Station(
        pages=("audit",), query={"kind": "act"},
        look=text("Who did what in the office.", "各人员办理的事项。"),
        why=text("Every act of the demo's people stands here.", "演示人员的每一步都在此列出。"),
    )  # fmt: skip
    yield Station(
        pages=("log",), query={"kind": "correction"},
        look=text("What filers put right.", "企业的更正申报。"),
        why=text("The old figure stays beside the new one for ever.", "原数与更正永久并存。"),
    )  # fmt: skip
    yield Station(
        pages=("entry",), parts={"entry": sight.standing.filing},
        look=text("One entry, with its place in the tree.", "一个条目及其在树中的位置。"),
        why=text("Its receipt can be checked without us.", "其回执可脱离本系统核验。"),
    )  # fmt: skip
    yield Station(
        pages=("holds",),
        look=text("Legal holds.", "法律保全。"),
        why=text("What is held cannot be erased, whoever asks.", "保全期间任何人不得删除。"),
    )  # fmt: skip
    yield Station(
        pages=("verify",),
        look=text("The check that anybody may make.", "任何人均可进行的核验。"),
        why=text("You need not believe the authority.", "无须听信主管部门。"),
    )  # fmt: skip


def _operator(sight: Sight) -> Iterator[Station]:
    del sight
    yield Station(
        pages=("system",),
        look=text("Jobs, sessions, and the key of the log.", "作业、会话与日志密钥。"),
        why=text("You keep it running, and see no firm's business.", "保障运行，不查看任何企业数据。"),
    )  # fmt: skip
    yield Station(
        pages=("erasures",),
        look=text("Requests to erase personal data.", "删除个人信息的请求。"),
        why=text("The page says what stands in the way.", "页面说明有何障碍。"),
    )  # fmt: skip
    yield Station(
        pages=("api",),
        look=text("The interface for programs.", "程序接口。"),
        why=text("Made from its schema, so it says what is.", "由接口定义生成，与实际一致。"),
    )  # fmt: skip
    yield Station(
        pages=("law-packs",),
        look=text("The law as files.", "以文件形式发布的法规。"),
        why=text("A law is published while the server runs.", "法规可在运行中发布。"),
    )  # fmt: skip
    yield Station(
        pages=("account-self",),
        look=text("Your own account and its second factor.", "本人账户及第二验证。"),
        why=text("In earnest no official comes in by a password alone.", "正式环境中，任何人员不得仅凭密码登录。"),
    )  # fmt: skip


def _filer(sight: Sight) -> Iterator[Station]:
    of = sight.standing
    firm = {"organisation": of.maker or None}
    yield Station(
        pages=("firm",), parts=firm,
        look=text("What your firm has to do today.", "本企业今日待办。"),
        why=text("One list, the most urgent first.", "一张清单，最急者在前。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-draft",), parts={**firm, "draft": of.half_done},
        look=text("A month that is half done.", "填报一半的月份。"),
        why=text("All its problems are shown at once, each at its cell.", "全部问题一次列出，逐格标明。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-draft",), parts={**firm, "draft": of.receipts},
        look=text("A delivery that came lighter than its papers.", "轻于单据的一笔到货。"),
        why=text("Your own scales count; both sides see the difference.", "以自有衡器为准，差异双方可见。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-dispute",), parts={**firm, "dispute": of.dispute},
        look=text("A delivery that you have disputed.", "已提出异议的到货。"),
        why=text("Only the two of you see what is said.", "往来内容仅双方可见。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-query",), parts={**firm, "case": of.queries.get("asked")},
        look=text("What customs ask about your consignment.", "海关对本企业货物的质疑。"),
        why=text("Answer with documents before the day that is shown.", "请在所示期限前提交材料。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-application",), parts={**firm, "application": of.applications.get("draft")},
        look=text("An application for a licence, half written.", "撰写中的许可证申请。"),
        why=text("It says what is still missing before it is handed in.", "提交前即提示所缺内容。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-balances",), parts=firm,
        look=text("Your own balance, as the authority sees it.", "与主管部门所见一致的本企业平衡。"),
        why=text("You find out first what does not close.", "不闭合之处由您最先得知。"),
    )  # fmt: skip


def _certifier(sight: Sight) -> Iterator[Station]:
    of = sight.standing
    firm = {"organisation": of.maker or None}
    yield Station(
        pages=("firm",), parts=firm,
        look=text("What waits at your firm.", "本企业待办。"),
        why=text("You answer for what is filed.", "申报内容由您负责。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-draft",), parts={**firm, "draft": of.receipts},
        look=text("Receipts that the filer has entered.", "申报人已录入的收货。"),
        why=text("You sign what you have seen: its rows have one root.", "所见即所签，全部行归于一个根。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-filings",), parts=firm,
        look=text("What your firm has filed.", "本企业的申报记录。"),
        why=text("A filing stays; a correction stands beside it.", "申报永存，更正并列。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-filing",), parts={**firm, "entry": of.filing},
        look=text("The newest of them, with its receipt.", "最近一份及其回执。"),
        why=text("Give the receipt to a customer: it proves itself.", "可将回执交给客户，自可核验。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-balances",), parts=firm,
        look=text("What closes at your sites.", "本企业场所的闭合情况。"),
        why=text("Look before you sign.", "签认前请先查看。"),
    )  # fmt: skip
    yield Station(
        pages=("firm-licences",), parts=firm,
        look=text("Your licences, and what is left of them.", "本企业许可证及余量。"),
        why=text("What customs release is reserved here at once.", "海关放行即在此预留。"),
    )  # fmt: skip


#: What whoever has no part in the goods looks at as well.
_RECEIPT_FORM: Final = Station(
    pages=("verify",),
    look=text("The form for a receipt as a file.", "提交回执文件的表单。"),
    why=text("Change one character of it, and it holds no more.", "改动一个字符即不成立。"),
)  # fmt: skip
_LAW: Final = Station(
    pages=("law",),
    look=text("The law in force.", "现行法规。"),
    why=text("Each rule with its text and source.", "逐条附原文与出处。"),
)  # fmt: skip
_AUTUMN: Final = Station(
    pages=("law-diff",), query={"from": "2025-10-01", "to": "2025-11-09"},
    look=text("What changed between two days of autumn 2025.", "2025年秋两日之间的变化。"),
    why=text("A package was announced and then suspended.", "一揽子措施公布后又暂停。"),
)  # fmt: skip


def _agency(sight: Sight) -> Iterator[Station]:
    del sight
    yield Station(
        pages=("strategy-aggregate",),
        look=text("What is told to your state of a run.", "向贵国公布的推演内容。"),
        why=text(
            "Sums of five firms and more; what would tell of one is kept back, and says why.",
            "至少五家企业的汇总；可推知企业者不公布，并说明理由。",
        ),
    )  # fmt: skip
    yield _LAW
    yield _RECEIPT_FORM
    yield _AUTUMN
    yield Station(
        pages=("api",),
        look=text("The interface for programs.", "程序接口。"),
        why=text("The same sums, for a program of yours.", "同样的汇总，可供程序读取。"),
    )  # fmt: skip


def _stranger(sight: Sight) -> Iterator[Station]:
    entry = None if sight.standing.filing is None else sight.store.entry(sight.standing.filing)
    yield Station(
        pages=("verify",), query=None if entry is None else {"entry": entry.index, "leaf": entry.leaf_hash},
        parts={} if entry else {"entry": None},
        look=text("A receipt that a firm handed you: it holds.", "企业交给您的回执：成立。"),
        why=text("You need no account, and see nothing of the firm's goods.", "无需账户，也看不到企业货物。"),
    )  # fmt: skip
    yield _RECEIPT_FORM
    yield _LAW
    yield _AUTUMN
    yield Station(
        pages=("law-packs",),
        look=text("The law as files to take along.", "可下载的法规文件。"),
        why=text("Anybody can recompute a verdict.", "任何人均可重算结论。"),
    )  # fmt: skip
    yield Station(
        pages=("api",),
        look=text("The interface for programs.", "程序接口。"),
        why=text("Proofs of the log are open to everybody.", "日志证明向所有人开放。"),
    )  # fmt: skip


#: Whom a tour is for: a role of `WORDS.roles`, or "stranger", in the order of the page.
TOURS: Final[Mapping[str, Callable[[Sight], Iterator[Station]]]] = {
    "analyst": _analyst,
    "inspector": _inspector,
    "licensing-officer": _licensing_officer,
    "customs-officer": _customs_officer,
    "registrar": _registrar,
    "quota-officer": _quota_officer,
    "auditor": _auditor,
    "system-admin": _operator,
    "filer": _filer,
    "certifier": _certifier,
    "agency": _agency,
    "stranger": _stranger,
}


def _best_found(sight: Sight) -> str | None:
    """A finding of a plant by its own detector, of a kind that is quickly understood, about which nobody has asked."""
    taken = set(sight.standing.cases.values())
    found = [one.found for one in sight.key.rows if one.found is not None]
    free = [one for one in found if one.id not in taken] or found
    return min(free, key=lambda one: _SOONEST.get(one.detector, len(_SOONEST))).id if free else None


def _site_of_a_plant(sight: Sight) -> str | None:
    """A site at which mass was planted and found, else one where a plant touches mass at all."""
    about = ("recycling-laundering", "unexplained-gain", "unexplained-loss", "yield-outlier", "unassayed-lot")
    of_mass = [one for one in sight.key.rows if one.plant["loophole"] in about]
    chosen = next((one for one in of_mass if one.found is not None), next(iter(of_mass), None))
    return None if chosen is None else chosen.plant["subjects"]["site"]


def _first(sight: Sight, loophole: str) -> str | None:
    """The firm of the first plant of a kind."""
    return next(
        (one.plant["subjects"]["organisation"] for one in sight.key.rows if one.plant["loophole"] == loophole), None
    )
