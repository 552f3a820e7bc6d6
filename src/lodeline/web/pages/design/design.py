"""The parts of the pages in every state they can be in, beside each other: what reviewers and browser tests look at.

Only in the demonstration. Nothing here stands for a firm or a filing that exists, and nothing that is sent is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse

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
        raise NotHereError(
            "The parts of the pages are shown in the demonstration only.", "界面部件仅在演示环境中展示。"
        )
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
        title=visit.text("Every part, in every state", "全部部件及其状态"),
        **context,
    )


def _acts(visit: Visit) -> list[Act]:
    text = visit.text
    return [
        Act(label=text("File the month", "提交申报")),
        Act(label=text("Save the draft", "保存草稿"), look="ghost"),
        Act(label=text("Void the event", "作废事件"), look="danger"),
        Act(label=text("Revoke", "吊销"), look="ghost danger", small=True),
        Act(label=text("A link", "链接"), href="#buttons", look="ghost", small=True),
        Act(label=text("Not yet", "暂不可用"), disabled=True),
    ]


def _problems(visit: Visit) -> Problems:
    text = visit.text
    return Problems(
        heading=text("Three rows to look at", "有三行需要查看"),
        note=text(
            "1 to fix, 1 to confirm, 1 flag. A row number goes to its cell.",
            "须更正1处，请确认1处，提示1处。点击行号可跳至单元格。",
        ),
        problems=[
            Problem(
                severity="reject",
                where=text("Row 7", "7行"),
                href="#c-7",
                text=text(
                    "Composition adds up to 101.2 %. The most a lot can hold is 100.5 %.",
                    "成分合计101.2%，最多为100.5%。",
                ),
            ),
            Problem(
                severity="confirm",
                where=text("Row 9", "9行"),
                href="#c-9",
                text=text(
                    "48 200 kg is 1 006 times your usual magnet shipment. Kilograms or grams?",
                    "48 200千克是贵企业通常磁体发货量的1 006倍。单位是千克还是克？",
                ),
            ),
            Problem(
                severity="flag",
                where=text("Row 14", "14行"),
                href="#r14",
                text=text(
                    "You received 3.1 kg less than was shipped. Accepted, and shown to both.",
                    "实收比发货少3.1千克。已接受，双方可见。",
                ),
            ),
        ],
    )


def _steps(visit: Visit) -> list[Step]:
    text = visit.text
    return [
        Step(label=text("Period", "所属期"), note=text("October 2026", "2026年10月"), state="done", href="#steps"),
        Step(label=text("Upload", "上传"), note=text("34 rows, 09:12", "34行，09:12"), state="done"),
        Step(label=text("Problems", "问题"), note=text("1 to fix, 1 to confirm", "须更正1处，请确认1处"), state="now"),
        Step(label=text("Summary", "汇总")),
        Step(label=text("Certify", "签认"), note=text("a second person", "由第二人")),
        Step(label=text("Receipt", "回执")),
    ]


def _badges(visit: Visit) -> list[Badge]:
    text = visit.text
    texts = {
        "circle": text("Open", "未结"),
        "ring": text("Waiting", "等待中"),
        "half": text("Asked", "已询问"),
        "up": text("Gain", "多出"),
        "down": text("Loss", "短少"),
        "square": text("Refused", "已拒绝"),
        "diamond": text("Hold", "暂缓放行"),
        "tick": text("Filed", "已申报"),
        "cross": text("Void", "已作废"),
        "bar": text("Draft", "草稿"),
    }
    assert set(texts) == set(SHAPES), "every shape is shown"
    return [Badge(text=text, shape=shape, tone=_TONES[shape]) for shape, text in texts.items()]


def _tiles(visit: Visit) -> list[dict[str, object]]:
    text = visit.text
    return [
        {
            "label": text("Due", "截止"),
            "figure": text("3 days", "3天"),
            "sub": text("October, by the 9th", "10月，须于9日前"),
            "trend": "",
        },
        {
            "label": text("To accept", "待接收"),
            "figure": "6",
            "small": text("of 41", "共41"),
            "href": "#tiles",
            "sub": text("2 past the deadline", "2项已逾期"),
            "shape": "down",
            "tone": "loss",
            "trend": trend(visit, 9, 7, 8, 4, 5, 6),
        },
        {
            "label": text("Unexplained", "来源不明"),
            "symbol": "Nd",
            "figure": text("31 t", "31吨"),
            "small": "± 9",
            "href": "#tiles",
            "sub": text("Gain, z 3.4", "多出，z 3.4"),
            "shape": "up",
            "tone": "gain",
            "trend": trend(visit, 1, 3, 2, 8, 18, 31),
        },
        {
            "label": text("Quota left", "剩余指标"),
            "figure": "21.6 %",
            "sub": text("year 82.2 % gone", "全年已过82.2%"),
            "trend": trend(visit, 90, 74, 60, 48, 33, 22),
        },
    ]


def _notices(visit: Visit) -> list[Notice]:
    text = visit.text
    notices = [
        Notice(
            kind="success",
            text=text("October is filed.", "10月已申报。"),
            act=Act(label=text("Receipt", "回执"), href="#receipt", look="ghost", small=True),
            more=text("It is entry 4 182 908 of the log.", "为日志第4 182 908条。"),
        ),
        Notice(
            kind="problem",
            text=text("Nothing was filed.", "未提交申报。"),
            more=text(
                "Another filing for October came first. Compare the two.", "10月已有另一份申报先行提交，请比对两者。"
            ),
        ),
        Notice(kind="info", text=text("The draft was saved at 09:14.", "草稿已于09:14保存。")),
    ]
    if visit.request.method == "POST":
        sent = text("The form arrived, and nothing was kept.", "表单已收到，未保存任何内容。")
        notices.insert(0, Notice(kind="success", text=sent))
    return notices


def _jobs(visit: Visit) -> list[Progress]:
    text = visit.text
    return [
        Progress(
            id="job-some",
            label=text("Checking the file", "正在检查文件"),
            done=62_000,
            total=100_000,
            running=False,
            text=text("62 000 of 100 000 rows. You can leave this page.", "已检查62 000行，共100 000行。可离开本页。"),
        ),
        Progress(
            id="job-unknown",
            label=text("Waiting", "等待中"),
            running=False,
            text=text("Two filings are ahead of yours.", "前面还有两份申报。"),
        ),
    ]


def _happenings(visit: Visit) -> list[Happening]:
    text = visit.text
    return [
        Happening(
            when=text("9 Nov, 10:02", "11月9日10:02"),
            title=text("Filed", "已申报"),
            shape="tick",
            tone="flow",
            text=text("34 rows; certified by a second person.", "34行，由第二人签认。"),
            href="#timeline",
        ),
        Happening(
            when=text("12 Nov", "11月12日"),
            title=text("Corrected", "已更正"),
            shape="half",
            text=text("Row 7: composition. The first version stands beside it.", "7行：成分。原版本并列保留。"),
        ),
        Happening(
            when=text("9 Dec", "12月9日"), title=text("November is due", "11月申报截止"), shape="ring", tone="quiet"
        ),
    ]


def _empty(visit: Visit) -> Empty:
    return Empty(
        heading=visit.text("No transfer waits for you", "没有待接收的流转"),
        text=visit.text(
            "When a supplier files a shipment to you, it stands here to be accepted.",
            "供应商申报向贵企业发货后，会在此等待接收。",
        ),
        acts=[Act(label=visit.text("See what was accepted", "查看已接收"), href="#empty", look="ghost")],
    )


def _facts(visit: Visit) -> list[Fact]:
    text = visit.text
    return [
        Fact(term=text("Organisation", "企业"), text=text("Sample Magnetics", "示例磁材"), note="MAG-0001"),
        Fact(term=text("Period", "所属期"), text=text("October 2026", "2026年10月")),
        Fact(term=text("Entry", "条目"), text="4 182 908", href="#receipt"),
        Fact(term=text("Root", "根"), text=_ROOT, mono=True),
    ]


def _receipt(visit: Visit) -> Receipt:
    text = visit.text
    return Receipt(
        heading=text("Receipt", "回执"),
        text=text("A sample: it proves nothing.", "样例，不具证明效力。"),
        facts=_facts(visit),
        statement=text(
            "The log holds this filing at this place. Nobody can change or remove it unseen.",
            "日志在此位置载有本申报；任何改动或删除都会被发现。",
        ),
        qr=draw_code(f"lodeline:sample:4182908:{_ROOT}", name=text("Code of this sample", "本样例的二维码")),
        scan=text("Scan to verify", "扫码核验"),
    )


def _person(visit: Visit) -> Person:
    text = visit.text
    return Person(
        name=text("Chen Wei", "陈伟"),
        role=text("filer", "申报人"),
        organisation=text("Sample Magnetics", "示例磁材"),
        sign_out=visit.here(),
        links=[Act(label=text("Account", "账户"), href="#person")],
    )


def _roles(visit: Visit) -> list[DemoRole]:
    text = visit.text
    firm, authority = text("Sample Magnetics", "示例磁材"), text("Authority", "主管部门")
    return [
        DemoRole(
            key="filer",
            name=text("Chen Wei", "陈伟"),
            role=text("Filer", "申报人"),
            organisation=firm,
            text=text("Files the month from a spreadsheet.", "以表格文件申报当月。"),
        ),
        DemoRole(key="certifier", name=text("Wang Min", "王敏"), role=text("Certifier", "签认人"), organisation=firm),
        DemoRole(
            key="analyst",
            name=text("Lin Yue", "林悦"),
            role=text("Analyst", "分析员"),
            organisation=authority,
            text=text("Sees which balances do not close.", "查看哪些平衡不能闭合。"),
        ),
    ]


def _tabs(visit: Visit) -> list[Tab]:
    return [
        Tab(label=visit.text("Inbox", "待接收"), href="#tabs", here=True, count="6"),
        Tab(label=visit.text("Outbox", "已发出"), href="#tabs", count="12"),
        Tab(label=visit.text("Settled", "已完成"), href="#tabs"),
    ]


def _confirm(visit: Visit) -> Confirm:
    text = visit.text
    return Confirm(
        sentences=[
            text("The event S-2610-001 is voided by a correction.", "以更正方式作废事件 S-2610-001。"),
            text("It stays visible, with the reason.", "该事件仍然可见，并附理由。"),
        ],
        facts=_facts(visit)[:2],
        fields=[Field(name="why", label=text("Reason", "理由"), required=True, width="long")],
        act=Act(label=text("Void the event", "作废事件"), look="danger"),
        cancel=Act(label=text("Keep it", "保留"), href="#confirm", look="ghost"),
    )
