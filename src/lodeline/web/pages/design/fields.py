"""Fields of forms in every state, as the design page shows them."""

from __future__ import annotations

from django import forms

from lodeline.web.parts.values import Field
from lodeline.web.visit import Visit


def fields(visit: Visit) -> list[Field]:
    """Fields of each kind as they are filled in, and those that cannot be."""
    say = visit.say
    sites = [("A", say("Sample plant, north", "示例厂区（北）")), ("B", say("Sample plant, south", "示例厂区（南）"))]
    return [
        Field(
            name="firm",
            label=say("Name", "名称"),
            required=True,
            value=say("Sample Magnetics", "示例磁材"),
            width="long",
        ),
        Field(
            name="mass",
            label=say("Mass, kg", "质量（千克）"),
            required=True,
            inputmode="decimal",
            width="short",
            hint=say("Dry mass, as weighed.", "干重，以称重为准。"),
        ),
        Field(name="lot", label=say("Lot", "批次"), suggestions=["N42SH-0417", "N38-0399"]),
        Field(name="day", label=say("Day", "日期"), kind="date", value="2026-10-31", required=True, width="short"),
        Field(name="site", label=say("Site", "场所"), kind="select", options=sites, value="B", required=True),
        Field(name="reason", label=say("Reason", "理由"), kind="textarea", width="long"),
        Field(name="kind", label=say("What kind", "类别"), kind="radio", options=sites, value="A", required=True),
        Field(
            name="second",
            label=say("A second person certifies", "由第二人签认"),
            kind="checkbox",
            checked=True,
            hint=say("Whoever prepares a filing then cannot sign it.", "编制人不得自行签认。"),
        ),
        Field(name="file", label=say("A file", "文件"), kind="file", width="long"),
        Field(name="fixed", label=say("Cannot be changed here", "此处不可更改"), value="MAG-0001", readonly=True),
        Field(name="closed", label=say("Not open now", "暂不可填"), value="–", disabled=True),
        Field(
            name="long",
            required=True,
            label=say(
                "A label as long as none should ever be, and goes on into a second line where the screen is narrow",
                "一个本不该这样长的标签，用来检查在窄屏上换行之后是否仍然清楚、是否与输入框对齐",
            ),
        ),
    ]


def faulty_fields(visit: Visit) -> list[Field]:
    """Fields with something wrong."""
    say = visit.say
    needed = say("Choose a site.", "请选择场所。")
    return [
        Field(
            name="bad-mass",
            label=say("Mass, kg", "质量（千克）"),
            required=True,
            value="48,2OO",
            width="short",
            errors=[say("This is no number: write it like 48200 or 48 200.5.", "不是数字：请写作 48200 或 48 200.5。")],
        ),
        Field(
            name="bad-site",
            label=say("Site", "场所"),
            kind="select",
            options=[("", "–")],
            errors=[needed],
            required=True,
        ),
        Field(
            name="bad-reason",
            label=say("Reason", "理由"),
            kind="textarea",
            required=True,
            hint=say("It is kept with the entry.", "将随条目保存。"),
            errors=[say("Say why.", "请说明理由。")],
        ),
        Field(
            name="bad-kind",
            label=say("What kind", "类别"),
            kind="radio",
            required=True,
            errors=[needed],
            options=[("A", say("North", "北")), ("B", say("South", "南"))],
        ),
        Field(
            name="bad-sure",
            label=say("I have checked this filing.", "本人已核对本次申报。"),
            kind="checkbox",
            errors=[say("Confirm it to go on.", "请先确认。")],
        ),
    ]


def account_form(visit: Visit) -> forms.Form:
    """A form of Django's own, as the account pages have them."""
    say = visit.say
    form = forms.Form({"email": "chen.wei"}, auto_id="account-%s")
    form.fields = {
        "email": forms.EmailField(
            label=say("E-mail", "电子邮箱"), error_messages={"invalid": say("This is no address.", "邮箱地址无效。")}
        ),
        "password": forms.CharField(
            label=say("Password", "密码"),
            widget=forms.PasswordInput,
            required=False,
            help_text=say("At least 12 characters.", "至少12个字符。"),
        ),
        "remember": forms.BooleanField(label=say("Stay signed in", "保持登录"), required=False),
    }
    return form


def upload(visit: Visit) -> Field:
    """A place for files."""
    return Field(
        name="files",
        kind="file",
        multiple=True,
        accept=".csv,.xlsx,.json",
        label=visit.say("Files of the month", "当月文件"),
        hint=visit.say("CSV, XLSX or JSON, as your system exports them.", "CSV、XLSX 或 JSON，按贵企业系统导出即可。"),
    )
