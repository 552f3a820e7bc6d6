"""The command of the desk: may this consignment leave?"""

from __future__ import annotations

import fcntl
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, Jurisdiction, app, law_of, snapshot_at, store_at
from lodeline.cli.output import console, language, localized, print_json
from lodeline.errors import UserError
from lodeline.language import bilingual, text

_WORDS = {
    "release": ("RELEASE", "放行", "green"),
    "query": ("QUERY", "质疑", "yellow"),
    "hold": ("HOLD", "暂缓放行", "red"),
}
_LINES_SHOWN = 100


@app.command()
def declare(
    file: Annotated[
        Path,
        typer.Argument(help="The declaration: CSV, XLSX, JSON, NDJSON; or the word merge. 报关单，或 merge。"),
    ],
    record: Annotated[
        Path | None, typer.Argument(help="After merge: the record that a port kept. 离线查询记录文件。")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="Answer from a signed bundle, without a store. 离线数据包。")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The vkey that must have signed the bundle. 数据包签名公钥。")
    ] = None,
    record_to: Annotated[
        Path | None, typer.Option("--record", help="Where questions are kept; default BUNDLE.questions. 离线记录文件。")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Keep the question in the log of the store. 记入日志。")] = False,
    amends: Annotated[
        int | None, typer.Option("--amends", help="Entry of the declaration that this one amends. 所更正的条目。")
    ] = None,
    reserve: Annotated[
        bool, typer.Option("--reserve", help="Reserve licence mass for each released line. 放行时预留许可数量。")
    ] = False,
    jurisdiction: Jurisdiction = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """May this consignment leave? A verdict for each line of a declaration, with its reasons. 报关单逐项判断。"""
    if str(file) == "merge":
        _merge(record, database, as_json=as_json)
        return
    if record is not None:
        raise UserError(text("give one file; a record is given after `merge`"))
    if bundle is not None and (log or reserve or amends is not None):
        raise UserError(text("a bundle has no log: its questions are merged later"))
    if jurisdiction is not None and (bundle is not None or log or reserve or amends is not None):
        raise UserError(
            text(
                "--jurisdiction asks under another law than the store's: such an answer is not kept, and "
                "reserves nothing"
            )
        )
    if bundle is not None:
        document = _offline(file, bundle, key, record_to)
    else:
        document = _online(
            file, database, jurisdiction, log=log or amends is not None, amends=amends, quiet=as_json, reserve=reserve
        )
    if as_json:
        print_json(document)
    else:
        _print(document)
    if not document["readable"]:
        raise typer.Exit(2)
    is_clear = all(found["severity"] == "flag" for found in document["problems"])
    raise typer.Exit(0 if is_clear and document["verdict"] == "release" else 1)


def _online(
    file: Path, database: str, jurisdiction: str | None, *, log: bool, amends: int | None, quiet: bool, reserve: bool
) -> dict[str, Any]:
    from lodeline.control.rulebook import LawDay  # noqa: PLC0415
    from lodeline.service.customs import desk  # noqa: PLC0415
    from lodeline.service.customs import papers as desk_papers  # noqa: PLC0415
    from lodeline.service.customs import release as desk_release  # noqa: PLC0415

    store, snapshot = ledger_at(database, quiet=quiet)
    law = law_of(store, jurisdiction)
    now, today = _moment(law)
    declaration = desk.read(file)
    if reserve and store is None:
        raise UserError(text("there is no store in which to reserve"))
    if log and store is None:
        raise UserError(text("there is no store whose log could keep it"))
    ledger = None if snapshot is None else desk.Ledger(snapshot=snapshot, store=store)
    judged = desk_release.judge(declaration, LawDay.of(law, today), ledger, amends=amends)
    document = judged.document
    promise = None
    if reserve or amends is not None:
        promise = judged.promise(store, filed_at=now, by=None, always=reserve)
    if log and document["readable"]:
        kept = desk_papers.put_question(
            store, declaration, document, by="", channel="command", filed_at=now, amends=amends, promise=promise
        )  # fmt: skip
        document["entry"] = kept.index
    elif promise is not None:
        promise(False)
    return document


def _offline(file: Path, bundle: Path, key: str | None, record_to: Path | None) -> dict[str, Any]:
    """The answer from a bundle; the question is kept beside it until it is merged."""
    from lodeline.control.rulebook import LawDay  # noqa: PLC0415
    from lodeline.service.customs import bundle as bundles  # noqa: PLC0415
    from lodeline.service.customs import desk, offline  # noqa: PLC0415

    # The day of a port is that of a pack that comes with the program: the bundle's own is not believed before.
    now, today = _moment(law_of(None))
    opened = bundles.open_bundle(bundle.read_bytes(), today=today, key=key)
    declaration = desk.read(file)
    # Two who ask at once must not be promised the same kilogram: the record is one's own until its line is written.
    with (record_to or bundle.with_name(bundle.name + ".questions")).open("a+b") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        kept.seek(0)
        on = LawDay.of(bundles.law_of(opened), today)
        document = offline.answer_offline(declaration, opened, on, now=now, record=kept.read())
        if document["readable"]:
            kept.write(offline.record_line(declaration, document, asked_at=now))
    return document


def _merge(record: Path | None, database: str, *, as_json: bool) -> None:
    from lodeline.service.customs.offline import merge  # noqa: PLC0415

    if record is None:
        raise UserError(text("say which record: lodeline declare merge RECORD"))
    store = store_at(database)
    law = law_of(store)
    now, today = _moment(law)
    document = merge(store, record.read_bytes(), law=law, now=now, today=today)
    if as_json:
        print_json(document)
        raise typer.Exit(1 if document["conflicts"] else 0)
    for row in document["rows"]:
        hours = f"{row['late_s'] / 3600:.1f}"
        late, again = output.text("{hours} hours late", hours=hours), output.text(" · there already")
        was = localized(bilingual(*_WORDS[row["verdict"]][:2]))
        console.print(
            f"{row['asked_at']}  {was}  → {row['entry']}  {late}{again if row['repeated'] else ''}", markup=False
        )
        for one in row["reservations"]:
            for found in one["problems"]:
                console.print(f"    ! {found['code']}: {found['message'][language()]}", markup=False)
        for one in row["otherwise"]:
            number = one["line"] or one["row"]
            was, is_now = (localized(bilingual(*_WORDS[one[name]][:2])) for name in ("was", "now"))
            console.print(
                output.text(
                    "    line {number}: {was} then, {is_now} by the ledger now", number=number, was=was, is_now=is_now
                ),
                markup=False,
            )
    for one in document["problems"]:
        console.print(f"! {one['code']}: {one['message'][language()]}", markup=False, soft_wrap=True)
    console.print(output.text("{taken} questions taken in.", taken=document["taken"]))
    if document["conflicts"]:
        number = document["conflicts"]
        console.print(output.text("Promises of the port that do not hold: {number}.", number=number))
        raise typer.Exit(1)


def _moment(law: Any) -> tuple[datetime, date]:
    """The moment, and the day that it is under a law."""
    now = datetime.now(UTC).replace(microsecond=0)
    return now, law.day_of(now)


@app.command()
def bundle(
    out: Annotated[Path, typer.Argument(help="Where the bundle is written. 输出文件。")],
    port: Annotated[str, typer.Option("--port", help="The port that it is for. 使用口岸。")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=60, help="How many days it may be used. 有效天数。")] = 7,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Write a signed bundle with which a port can ask without a network. 生成离线数据包。"""
    from lodeline.service.customs import bundle as bundles  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    law = law_of(store)
    now, today = _moment(law)
    content = bundles.make(store, snapshot, law, now=now, days=days, port=port)
    out.write_bytes(content)
    limits = bundles.open_bundle(content, today=today, key=store.signer.verifier.vkey).limits(now)
    if as_json:
        print_json(limits)
        return
    console.print(
        output.text(
            "{out}: as of entry {entry}, to be used until {last_day}. Key: {key}",
            out=out,
            entry=limits["entry"],
            last_day=limits["last_day"],
            key=limits["key"],
        ),
        markup=False,
    )


def register_at(database: str, *, quiet: bool) -> Any:
    """The snapshot of `ledger_at`."""
    return ledger_at(database, quiet=quiet)[1]


def ledger_at(database: str, *, quiet: bool) -> tuple[Any, Any]:
    """The store and its snapshot, where there is one; the desk answers without too, and says what it did not know."""
    from lodeline.store.store import StoreError  # noqa: PLC0415

    try:
        return snapshot_at(database)
    except StoreError as error:
        if not quiet and database != DEFAULT_DATABASE:
            console.print(localized(error.words), markup=False)
        return None, None


def _print(document: dict[str, Any]) -> None:
    reader_language = language()
    for found in document["problems"]:
        where = ":".join(str(part) for part in found["where"].values() if part is not None)
        console.print(f"{where} {found['code']}\n    {found['message'][reader_language]}", markup=False)
    for line in document["lines"][:_LINES_SHOWN]:
        english, chinese, colour = _WORDS[line["verdict"]]
        console.print(f"[{colour}]{localized(bilingual(english, chinese))}[/]", end=" ")
        about = (output.text("line") + f" {line['line'] or '?'} " + localized(bilingual("", "项"))).strip()
        console.print(f"{about}  {line['product_name'] or '–'}  {line['hs_code'] or '–'}  {line['day']}", markup=False)
        for found in line["problems"]:
            console.print(f"    ! {found['where']['column'] or ''}: {found['message'][reader_language]}", markup=False)
        for found in (line.get("reservation") or {}).get("problems", ()):
            console.print(f"    ! {found['code']}: {found['message'][reader_language]}", markup=False)
        for reason in sorted(line["reasons"], key=lambda one: -list(_WORDS).index(one["verdict"])):
            _print_reason(reason, reader_language)
    if len(document["lines"]) > _LINES_SHOWN:
        more = len(document["lines"]) - _LINES_SHOWN
        console.print(output.text("… {more} more lines; --json has all", more=more))
    counts = document["counts"]
    console.print(
        output.text(
            "{release} released, {query} to be asked about, {hold} held.",
            release=counts["release"],
            query=counts["query"],
            hold=counts["hold"],
        )
    )
    if "entry" in document:
        console.print(output.text("Kept as entry {entry}.", entry=document["entry"]))
    if document.get("bundle"):
        _print_bundle(document["bundle"], reader_language)
    if document["licences"] == "unknown":
        console.print(output.text("No licences were at hand."))
    console.print(output.text("Not checked:"))
    for found in document["not_checked"]:
        console.print(f"    {found[reader_language]}", markup=False)


def _print_reason(reason: dict[str, Any], reader_language: str) -> None:
    mark = {"release": "·", "query": "?", "hold": "×"}[reason["verdict"]]
    console.print(f"    {mark} {reason['text'][reader_language]} [{reason['code']}]", markup=False)
    if reason.get("settle"):
        console.print(f"        {output.text('settled by')}: {reason['settle'][reader_language]}", markup=False)
    if reason["verdict"] != "release":
        cited = dict.fromkeys(
            f"{one['title'][reader_language]}, {one['article'][reader_language]}" for one in reason["law"]
        )
        for one in list(cited)[:3]:
            console.print(f"        § {one}", markup=False)


def _print_bundle(bundle: dict[str, Any], reader_language: str) -> None:
    """How old the bundle is, who signed it, and what it cannot tell."""
    name = bundle["key"].partition("+")[0]
    console.print(
        output.text(
            "From a bundle {age_hours} hours old, to be used until {last_day}; signed by {name}{pinned}.",
            age_hours=bundle["age_hours"],
            last_day=bundle["last_day"],
            name=name,
            pinned=bilingual(
                "" if bundle["pinned"] else ", a key that nobody vouched for",
                "" if bundle["pinned"] else "（公钥未经核实）",
            ),
        ),
        markup=False,
    )
    for found in bundle["limits"]:
        console.print(f"    {found[reader_language]}", markup=False)
