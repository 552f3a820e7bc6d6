"""The evidence of a finding as a paper that can be read, filed and printed; made from the files of a bundle alone.

The paper says what was seen, on which rows, under which law, what was said and decided, what inspectors found, and
lists the entries with their proofs and every file with its sum. The same files give the same bytes. Chinese is set
in a font that readers of PDF bring along (STSong-Light, Adobe's character collection GB1), so that none is packed in.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import zip_longest
from typing import Any, Final
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from lodeline.filing.canonical import parse_cells
from lodeline.material.mass import format_kg

NAME: Final = "evidence.pdf"
#: What set the paper: bytes are compared only where the same one sets it again.
SETTER: Final = f"reportlab {reportlab.__version__}"
#: Rows shown on paper; the rest is in the data beside it, and the paper says so.
ROWS_MOST: Final = 300
_CHINESE: Final = "STSong-Light"
#: What a cell holds at most: so many lines of so many characters, which break further in a narrow column.
_LINES_MOST: Final = 8
_LINE: Final = 60
_WIDTH_MM: Final = 174.0
#: Points at the right of a cell.
_PADDING: Final = 6
#: What Helvetica does not have is set in the Chinese font.
_OTHER: Final = re.compile("[^\u0000-\u00ff\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026]+")
_BODY: Final = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12.5, spaceAfter=3, wordWrap="CJK")
_SMALL: Final = ParagraphStyle("small", parent=_BODY, fontSize=7.5, leading=9.5, spaceAfter=0)
_MONO: Final = ParagraphStyle("mono", parent=_SMALL, fontName="Courier", fontSize=6.5, leading=8.5)
_HEAD: Final = ParagraphStyle("head", parent=_BODY, fontName="Helvetica-Bold", fontSize=12, leading=16, spaceBefore=10)
_TITLE: Final = ParagraphStyle("title", parent=_HEAD, fontSize=17, leading=22, spaceBefore=0)
_LINES: Final = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#bbbbbb")),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
)


def evidence_pdf(files: Mapping[str, bytes]) -> bytes:
    """The bytes of the paper, from the files of a bundle (name → bytes) without itself and the sums."""
    pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))
    others = {name: content for name, content in files.items() if name != NAME}
    row, stamp, law = (_document(others, name) for name in ("finding.json", "stamp.json", "law/in-force.json"))
    out = io.BytesIO()
    title = f"Evidence of finding {row['id'][:12]}"
    paper = SimpleDocTemplate(
        out, pagesize=A4, title=title, author="Lodeline", subject=row["detector"], lang="en", invariant=1,
        leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=18 * mm,
    )  # fmt: skip
    paper.build(
        [*_seen(row, stamp), *_steps(others), *_inspections(others), *_rows(others), *_law(law), *_entries(others),
         *_index(others)],
        onFirstPage=_foot(row, stamp), onLaterPages=_foot(row, stamp),
    )  # fmt: skip
    return out.getvalue()


def _document(files: Mapping[str, bytes], name: str) -> Any:
    return json.loads(files[name])


def _foot(row: Mapping[str, Any], stamp: Mapping[str, Any]) -> Any:
    def draw(canvas: Any, paper: Any) -> None:
        canvas.setFont("Helvetica", 7)
        canvas.drawString(18 * mm, 10 * mm, f"{row['id']} · entry {stamp['entry']} · root {stamp['root'][:16]}…")
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(paper.page))

    return draw


def _seen(row: Mapping[str, Any], stamp: Mapping[str, Any]) -> Iterable[Flowable]:
    subject = ", ".join(f"{name} {value}" for name, value in sorted(row["subject"].items()))
    yield _text("Evidence of a finding · 线索证据", _TITLE)
    yield _text(row["explanation"]["en"])
    yield _text(row["explanation"]["zh"])
    yield _text("A finding is a question, not a verdict. · 线索是疑问，不是结论。")
    facts = [
        ("Detector · 检测方法", row["detector"]), ("Subject · 对象", subject),
        ("Period · 期间", f"{row['period']['from']} – {row['period']['to']}"),
        ("Mass, kg · 质量（千克）", row["mass_kg"] or "–"),
        ("Bounds, kg · 区间（千克）", " – ".join(one or "?" for one in row["interval_kg"])),
        ("Elements · 元素", ", ".join(row["elements"])),
        ("Score · 得分", "–" if row["score"] is None else str(row["score"])), ("Finding · 线索编号", row["id"]),
        ("Computed from entry · 所据条目", str(stamp["entry"])), ("Root · 根", stamp["root"]),
        ("Gives the finding again · 可重算", "yes · 是" if stamp["gives_the_finding"] else "no · 否"),
    ]  # fmt: skip
    yield _table((), facts, (52, 122), mono=())
    yield _text("What would explain it innocently · 可能的正常原因", _HEAD)
    yield from (_text(f"• {one['en']} · {one['zh']}") for one in row["innocent"])
    yield _text("What to ask · 应询问的事项", _HEAD)
    yield from (_text(f"• {one['en']} · {one['zh']}") for one in row["ask"])
    yield _text("What was seen · 所见", _HEAD)
    seen = [
        (str(number), json.dumps(one, ensure_ascii=False, sort_keys=True))
        for number, one in enumerate(row["evidence"], 1)
    ]
    yield _table(("", "Evidence · 证据"), seen, (8, 166), mono=(1,))


def _steps(files: Mapping[str, bytes]) -> Iterable[Flowable]:
    rows = []
    for name in _proved(files, "case/"):
        step = _document(files, name)
        receipt = _document(files, f"{name.removesuffix('.json')}.receipt.json")
        attached = "".join(f"\n{one['name']} · SHA-256 {one['sha256']}" for one in step["files"])
        days = step["until"] or step["stands_until"] or "–"
        who = step["organisation"] or "authority · 主管部门"
        rows.append((step["at"], step["kind"], who, days, step["text"] + attached, str(receipt["entry"])))
    if rows:
        yield _text("What was said and decided · 询问、答复与决定", _HEAD)
        heads = ("When · 时间", "Step · 步骤", "By · 由", "Until · 至", "Words · 内容", "Entry · 条目")
        yield _table(heads, rows, (30, 18, 24, 18, 68, 16), mono=())


def _inspections(files: Mapping[str, bytes]) -> Iterable[Flowable]:
    rows = []
    for name in _proved(files, "inspections/"):
        paper = _document(files, name)
        receipt = _document(files, f"{name.removesuffix('.json')}.receipt.json")
        lots = [_found(one) for one in paper["rows"]]
        seals = [f"{one['number']} {one['on']}" for one in paper["seals"]]
        bags = [f"{one['bag']}: {one['from']} → {one['to']} {one['at']}" for one in paper.get("bags", ())]
        remarks = "\n".join(part for part in (*lots, *bags, *seals, paper["note"]) if part)
        rows.append((paper["on"], paper["act"], paper["site"], remarks, str(receipt["entry"])))
    if rows:
        yield _text("What inspectors found · 检查所见", _HEAD)
        yield _text("It stands beside the firm's book and moves none of it. · 与企业账目并列，不改动账目。")
        heads = ("Day · 日期", "What · 事项", "Site · 场所", "Found · 所见", "Entry · 条目")
        yield _table(heads, rows, (22, 20, 30, 86, 16), mono=())


def _found(row: Mapping[str, Any]) -> str:
    """A row of an inspection's paper, in a line."""
    words = [row.get("outcome") if row.get("outcome") != "present" else None]
    if row.get("dry_mg") is not None:
        words.append(f"{format_kg(row['dry_mg'])} kg dry")
    if row.get("declared_mg") is not None:
        words.append(f"declared {format_kg(row['declared_mg'])} kg net")
    if row.get("composition"):
        words.append(f"{row['composition']} ppb")
    if row.get("seal"):
        words.append(f"seal {row['seal']}")
    what = row.get("bag") or row.get("reference_material")
    return f"{row['name'] or ''} {what or ''}".strip() + ": " + ", ".join(word for word in words if word)


def _proved(files: Mapping[str, bytes], folder: str) -> list[str]:
    """The papers of a folder that an entry commits to."""
    return [
        name
        for name in sorted(files)
        if name.startswith(folder) and f"{name.removesuffix('.json')}.receipt.json" in files
    ]


def _rows(files: Mapping[str, bytes]) -> Iterable[Flowable]:
    named = {one.get("entry") for one in _document(files, "finding.json")["evidence"]}
    filed = [one for one in _receipts(files) if json.loads(one["envelope"])["kind"] == "filing"]
    # Those that the finding itself names come first: a paper is cut short at the end.
    filed.sort(key=lambda one: one["entry"] not in named)
    opened = [(receipt, one) for receipt in filed for one in receipt["rows"]]
    shown = [_row(receipt, one) for receipt, one in opened[:ROWS_MOST]]
    yield _text("Rows it stands on · 所依据的行", _HEAD)
    if len(opened) > len(shown):
        yield _text(
            f"The first {len(shown)} of {len(opened)}; the rest is in entries/. ·"
            f" 前{len(shown)}行，共{len(opened)}行，其余见 entries/。"
        )
    heads = (
        "Entry · 条目",
        "Firm · 企业",
        "Event · 事件",
        "Kind · 类型",
        "Day · 日期",
        "Site · 场所",
        "Lot · 批次",
        "kg",
    )
    yield _table(heads, shown, (17, 22, 28, 20, 19, 22, 30, 16), mono=())


def _row(receipt: Mapping[str, Any], opened: Mapping[str, Any]) -> tuple[str, ...]:
    cells = parse_cells(bytes.fromhex(opened["cells"]))
    firm, mass_mg = json.loads(receipt["envelope"])["organisation"], cells["mass_mg"]
    kind = " ".join(str(cells[name]) for name in ("kind", "role") if cells[name])
    texts = [str(cells[name] or "") for name in ("on", "site", "lot")]
    mass = format_kg(mass_mg) if isinstance(mass_mg, int) else ""
    return (f"{receipt['entry']}/{opened['ordinal']}", firm or "", str(cells["event"] or ""), kind, *texts, mass)


def _law(law: Mapping[str, Any]) -> Iterable[Flowable]:
    yield _text(f"Law on {law['on']} · 该日法规", _HEAD)
    rows = []
    for one in law["rows"]:
        cited = one["citation"]
        title = f"{cited['title']['en']} · {cited['title']['zh']} {cited['article'] or ''}"
        span = f"{one['in_force_from']} – {one['in_force_to'] or ''}"
        rows.append((f"{one['label']['en']} · {one['label']['zh']}", title, span, one["status"]))
    yield _table(
        ("Parameter · 参数", "Instrument · 文件", "In force · 施行", "Status · 状态"), rows, (56, 70, 30, 18), mono=()
    )


def _entries(files: Mapping[str, bytes]) -> Iterable[Flowable]:
    rows = []
    for receipt in _receipts(files):
        envelope = json.loads(receipt["envelope"])
        rows.append(
            (
                str(receipt["entry"]), envelope["kind"], envelope["organisation"] or "–", receipt["filed_at"],
                f"{len(receipt['rows'])} / {envelope['rows']}", receipt["leaf_hash"],
            )
        )  # fmt: skip
    yield _text("Entries and their proofs · 条目及其证明", _HEAD)
    yield _text(
        "The leaf is the hash of the entry; its path to the signed root stands in entries/N.json. ·"
        " 叶为条目哈希；其至已签名根的路径见 entries/N.json。"
    )
    heads = ("Entry · 条目", "Kind · 类别", "By · 企业", "Filed · 入账时间", "Rows · 行", "Leaf · 叶")
    yield _table(heads, rows, (15, 22, 24, 32, 17, 64), mono=(5,))


def _index(files: Mapping[str, bytes]) -> Iterable[Flowable]:
    yield _text("Files beside this paper · 随附文件", _HEAD)
    yield _text(
        "python verify.py entries/N.json --vkey KEY; lodeline finding recompute THIS.zip --vkey KEY. See README.md. ·"
        " 核验方法见 README.md。"
    )
    rows = [(name, f"{len(files[name]):,}", sha256(files[name]).hexdigest()) for name in sorted(files)]
    yield _table(("File · 文件", "Bytes · 字节", "SHA-256"), rows, (78, 20, 76), mono=(2,))
    yield Spacer(1, 4 * mm)


def _receipts(files: Mapping[str, bytes]) -> list[Any]:
    found = [_document(files, name) for name in files if name.startswith("entries/")]
    return sorted(found, key=lambda one: int(one["entry"]))


class _Settled(Paragraph):  # type: ignore[misc]  # the setter has no types
    """Broken into lines once for a width: a table asks anew on each page that it goes on to."""

    _settled: tuple[float, tuple[float, float]] | None = None

    def wrap(self, availWidth: float, availHeight: float) -> tuple[float, float]:  # noqa: N803  (the setter's names)
        if self._settled is None or self._settled[0] != availWidth or not hasattr(self, "blPara"):
            self._settled = availWidth, super().wrap(availWidth, availHeight)
        return self._settled[1]


def _text(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    return _Settled(_marked(text), style)


def _marked(text: str) -> str:
    """Text as the setter takes it, with what Helvetica lacks in the Chinese font."""
    marked = _OTHER.sub(lambda found: f'<font name="{_CHINESE}">{found[0]}</font>', escape(text))
    return marked.replace("\n", "<br/>")


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], widths_mm: Sequence[float], *, mono: Sequence[int]
) -> Flowable:  # fmt: skip
    assert abs(sum(widths_mm) - _WIDTH_MM) < 0.5, "columns fill the width of the page"
    made: list[list[Flowable | str]] = [[_text(head, _SMALL) for head in heads]] if heads else []
    styles = [_MONO if place in mono else _SMALL for place in range(len(widths_mm))]
    for row in rows:
        # A row does not break across pages: what is long goes on in rows below.
        for part in zip_longest(*(_pieces(cell) for cell in row), fillvalue=""):
            made.append([_cell(*cell) for cell in zip(part, styles, widths_mm, strict=True)])
    if not made or (heads and len(made) == 1):
        return _text("–")
    fonts = [
        ("FONT", (place, 0), (place, -1), style.fontName, style.fontSize, style.leading)
        for place, style in enumerate(styles)
    ]
    return Table(
        made, colWidths=[width * mm for width in widths_mm], style=TableStyle(fonts, parent=_LINES),
        repeatRows=1 if heads else 0, hAlign="LEFT",
    )  # fmt: skip


def _cell(text: str, style: ParagraphStyle, width_mm: float) -> Flowable | str:
    """What fits on a line is drawn as it is: breaking lines costs a hundred times as much."""
    fits = pdfmetrics.stringWidth(text, style.fontName, style.fontSize) <= width_mm * mm - _PADDING
    return text if fits and "\n" not in text and not _OTHER.search(text) else _text(text, style)


def _pieces(text: str) -> list[str]:
    """A text in parts that fit on a page in any column."""
    pieces: list[list[str]] = [[]]
    left = _LINES_MOST
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), _LINE * _LINES_MOST):
            part = line[start : start + _LINE * _LINES_MOST]
            takes = max(1, -(-len(part) // _LINE))
            if takes > left:
                pieces.append([])
                left = _LINES_MOST
            pieces[-1].append(part)
            left -= takes
    return ["\n".join(lines) for lines in pieces]
