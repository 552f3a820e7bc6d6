"""Fields of forms in every state, as the design page shows them."""

from __future__ import annotations

from django import forms

from lodeline.web.parts.values import Field
from lodeline.web.visit import Visit


def fields(visit: Visit) -> list[Field]:
    """Fields of each kind as they are filled in, and those that cannot be."""
    text = visit.text
    sites = [("A", text("Sample plant, north", "示例厂区（北）")), ("B", text("Sample plant, south", "示例厂区（南）"))]
    return [
        Field(
            name="firm",
            label=text("Name", "名称"),
            required=True,
            value=text("Sample Magnetics", "示例磁材"),
            width="long",
        ),
        Field(
            name="mass",
            label=text("Mass, kg", "质量（千克）"),
            required=True,
            inputmode="decimal",
            width="short",
            hint=text("Dry mass, as weighed.", "干重，以称重为准。"),
        ),
        Field(name="lot", label=text("Lot", "批次"), suggestions=["N42SH-0417", "N38-0399"]),
        Field(name="day", label=text("Day", "日期"), kind="date", value="2026-10-31", required=True, width="short"),
        Field(name="site", label=text("Site", "场所"), kind="select", options=sites, value="B", required=True),
        Field(name="reason", label=text("Reason", "理由"), kind="textarea", width="long"),
        Field(name="kind", label=text("What kind", "类别"), kind="radio", options=sites, value="A", required=True),
        Field(
            name="second",
            label=text("A second person certifies", "由第二人签认"),
            kind="checkbox",
            checked=True,
            hint=text("Whoever prepares a filing then cannot sign it.", "编制人不得自行签认。"),
        ),
        Field(name="file", label=text("A file", "文件"), kind="file", width="long"),
        Field(name="fixed", label=text("Cannot be changed here", "此处不可更改"), value="MAG-0001", readonly=True),
        Field(name="closed", label=text("Not open now", "暂不可填"), value="–", disabled=True),
        Field(
            name="long",
            required=True,
            label=text(
                "A label as long as none should ever be, and goes on into a second line where the screen is narrow",
                "一个本不该这样长的标签，用来检查在窄屏上换行之后是否仍然清楚、是否与输入框对齐",
            ),
        ),
    ]


def faulty_fields(visit: Visit) -> list[Field]:
    """Fields with something wrong."""
    text = visit.text
    needed = text("Choose a site.", "请选择场所。")
    return [
        Field(
            name="bad-mass",
            label=text("Mass, kg", "质量（千克）"),
            required=True,
            value="48,2OO",
            width="short",
            errors=[
                text("This is no number: write it like 48200 or 48 200.5.", "不是数字：请写作 48200 或 48 200.5。")
            ],
        ),
        Field(
            name="bad-site",
            label=text("Site", "场所"),
            kind="select",
            options=[("", "–")],
            errors=[needed],
            required=True,
        ),
        Field(
            name="bad-reason",
            label=text("Reason", "理由"),
            kind="textarea",
            required=True,
            hint=text("It is kept with the entry.", "将随条目保存。"),
            errors=[text("Say why.", "请说明理由。")],
        ),
        Field(
            name="bad-kind",
            label=text("What kind", "类别"),
            kind="radio",
            required=True,
            errors=[needed],
            options=[("A", text("North", "北")), ("B", text("South", "南"))],
        ),
        Field(
            name="bad-sure",
            label=text("I have checked this filing.", "本人已核对本次申报。"),
            kind="checkbox",
            errors=[text("Confirm it to go on.", "请先确认。")],
        ),
    ]


def account_form(visit: Visit) -> forms.Form:
    """A form of Django's own, as the account pages have them."""
    text = visit.text
    form = forms.Form({"email": "chen.wei"}, auto_id="account-%s")
    form.fields = {
        "email": forms.EmailField(
            label=text("E-mail", "电子邮箱"), error_messages={"invalid": text("This is no address.", "邮箱地址无效。")}
        ),
        "password": forms.CharField(
            label=text("Password", "密码"),
            widget=forms.PasswordInput,
            required=False,
            help_text=text("At least 12 characters.", "至少12个字符。"),
        ),
        "remember": forms.BooleanField(label=text("Stay signed in", "保持登录"), required=False),
    }
    return form


def upload(visit: Visit) -> Field:
    """A place for files."""
    return Field(
        name="files",
        kind="file",
        multiple=True,
        accept=".csv,.xlsx,.json",
        label=visit.text("Files of the month", "当月文件"),
        hint=visit.text("CSV, XLSX or JSON, as your system exports them.", "CSV、XLSX 或 JSON，按贵企业系统导出即可。"),
    )
