"""What people read of an evidence bundle: a note on how to check it, and an index to be read on screen or on paper."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = (
    "body{font:15px/1.55 system-ui,'Noto Sans CJK SC',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;"
    "border-bottom:1px solid #ccc}code,.hash{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}"
    "h2{margin-top:2rem}@media print{body{margin:0;max-width:none}a{color:inherit;text-decoration:none}}"
)


def readme(row: Mapping[str, Any], stamp: Mapping[str, Any]) -> str:
    """`README.md`, in English and Chinese."""
    whole = bool(stamp["gives_the_finding"])
    en = (
        "recomputes the finding from the rows in this bundle and compares every figure."
        if whole
        else "checks the proofs. The detector needs more of the ledger than a bundle holds, so its figures are not"
        " recomputed here; ask whoever keeps the log."
    )
    zh = (
        "并由包内各行重新计算该线索，逐项比对数值。"
        if whole
        else "仅核验证明。该检测方法所需数据超出证据包范围，此处不重算数值；请向日志保管方查询。"
    )
    return f"""# Evidence of a finding · 线索证据包

Finding · 线索: {row["id"]}
State of the log · 日志状态: entry {stamp["entry"]}, root {stamp["root"]}

A finding is a question, not a verdict. · 线索是疑问，不是结论。

## Check it · 核验
Without anything but Python 3.10 · 仅需 Python 3.10 或更高版本:

    sha256sum -c SHA256SUMS
    python verify.py entries/N.json --vkey KEY

With the program that made it (Lodeline {stamp["program"]}) · 使用制作本包的程序:

    lodeline finding recompute THIS.zip --vkey KEY

It checks every proof and {en}
该命令核验全部证明，{zh}

KEY is the key of the log. Get it from the authority and not from this bundle: a forger would put in his own.
KEY 为日志公钥，请向主管部门另行取得，不要取自本包：伪造者会放入自己的公钥。

## What it holds · 内容
- `evidence.pdf`: to read and to file, with an index of all files · 供阅读归档，附全部文件索引
- `index.html`: the same on screen · 屏幕阅读版
- `finding.json`: the finding · 线索
- `stamp.json`, `checkpoint.txt`: the log that it was computed from, signed · 所依据的日志及其签名检查点
- `entries/`: receipts of entries; the rows used are opened and proved · 条目回执，所用各行已展开并附证明
- `data/`: which lot and counterparty each row resolved to · 各行所对应的批次与对方
- `law/`: the law of the day with its sources; the lines the detector draws · 当日法规及出处；检测参数
- `case/`: what was asked, answered and decided, with receipts · 询问、答复和决定（如有），各附回执
- `inspections/`: what inspectors found, with receipts · 检查所见（如有），各附回执
- `verify.py`: the verifier, one file without dependencies · 单文件核验程序
- `SHA256SUMS`: sums of all files; they show damage, the proofs show forgery · 校验和用于发现损坏，证明用于发现伪造

## What it cannot show · 局限
That no row was left out. The rows are proved to be in the log; whether the log holds others about the same matter is
asked of the log itself (`lodeline verify`). Nor, where only some rows of an entry are shown, that these were resolved
to the right lot and counterparty: an entry binds that for all of its rows together. The law is a copy of what was
published, with its sources; the log does not prove it.

本包不能证明没有遗漏：所附各行确在日志中；日志中是否另有相关行，须对日志本身运行 `lodeline verify`。
仅出示条目的部分行时，也不能单独证明其批次与对方对应无误：该关系由条目对全部行一并绑定。
法规为公布文本的摘录并注明出处，不由日志证明。
"""


def index_page(
    row: Mapping[str, Any], stamp: Mapping[str, Any], law: Mapping[str, Any], files: Mapping[str, bytes]
) -> str:  # fmt: skip
    """`index.html`: the finding, its rows, its entries and its law on one page that prints."""
    subject = ", ".join(f"{name} {value}" for name, value in sorted(row["subject"].items()))
    facts = (
        ("Detector · 检测方法", row["detector"]), ("Subject · 对象", subject),
        ("Period · 期间", f"{row['period']['from']} – {row['period']['to']}"),
        ("Mass · 质量, kg", row["mass_kg"]),
        ("Bounds · 区间, kg", " – ".join(one or "?" for one in row["interval_kg"])),
        ("Elements · 元素", ", ".join(row["elements"])),
        ("Score · 得分", "–" if row["score"] is None else str(row["score"])), ("Id · 编号", row["id"]),
        ("Entry · 条目", str(stamp["entry"])), ("Root · 根", stamp["root"]),
        ("As of · 截至", stamp["as_of"] or "–"),
    )  # fmt: skip
    lines = [
        f"<h1>Evidence of a finding · 线索证据包</h1><p>{escape(row['explanation']['en'])}</p>"
        f'<p lang="zh-Hans">{escape(row["explanation"]["zh"])}</p>',
        "<p>A finding is a question, not a verdict. · 线索是疑问，不是结论。</p>",
        _table("The finding · 线索", (), facts),
        _list("What would explain it innocently · 可能的正常原因", row["innocent"]),
        _list("What to ask · 应询问的事项", row["ask"]),
        _table(
            "Evidence · 证据",
            (),
            [
                (str(number), json.dumps(one, ensure_ascii=False, sort_keys=True))
                for number, one in enumerate(row["evidence"], 1)
            ],
        ),
        _case(files),
        _entries(files),
        _law(law),
        "<h2>How to check · 核验方法</h2><p>See README.md. · 见 README.md。</p>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evidence · 证据包</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(lines)}</body></html>\n"
    )


def _table(heading: str, heads: tuple[str, ...], rows: Any) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<h2>{escape(heading)}</h2><table>{f'<tr>{head}</tr>' if heads else ''}{body}</table>"


def _list(heading: str, texts: Any) -> str:
    items = "".join(f"<li>{escape(one['en'])} · {escape(one['zh'])}</li>" for one in texts)
    return f"<h2>{escape(heading)}</h2><ul>{items}</ul>"


def _entries(files: Mapping[str, bytes]) -> str:
    rows = []
    for name in sorted(files):
        if name.startswith("entries/"):
            receipt = json.loads(files[name])
            envelope = json.loads(receipt["envelope"])
            rows.append(
                (
                    receipt["entry"], envelope["kind"], envelope["organisation"] or "–", envelope["period"] or "–",
                    receipt["filed_at"], f"{len(receipt['rows'])} / {envelope['rows']}",
                )
            )  # fmt: skip
    heads = ("Entry · 条目", "Kind · 类别", "By · 企业", "Month · 月份", "Filed · 入账时间", "Rows shown · 所示行")
    return _table("Entries of the log · 日志条目", heads, sorted(rows))


def _case(files: Mapping[str, bytes]) -> str:
    rows = []
    for name in sorted(files):
        if name.startswith("case/") and f"{name.removesuffix('.json')}.receipt.json" in files:
            step = json.loads(files[name])
            days = step["until"] or step["stands_until"] or "–"
            rows.append((step["at"], step["kind"], step["organisation"] or "authority · 主管部门", days, step["text"]))
    heads = ("When · 时间", "Step · 步骤", "By · 由", "Until · 至", "Words · 内容")
    return _table("What was said and decided · 询问、答复与决定", heads, rows) if rows else ""


def _law(law: Mapping[str, Any]) -> str:
    heads = ("Parameter · 参数", "Instrument · 文件", "In force · 施行", "Status · 状态")
    rows = [
        (
            f"{one['label']['en']} · {one['label']['zh']}",
            f"{one['citation']['title']['en']} · {one['citation']['title']['zh']} {one['citation']['article'] or ''}",
            f"{one['in_force_from']} – {one['in_force_to'] or ''}",
            one["status"],
        )
        for one in law["rows"]
    ]
    return _table(f"Law on {law['on']} · 该日法规", heads, rows)
