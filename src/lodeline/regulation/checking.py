"""Judges a law pack whole, before it becomes the law: every fault with its file, its place and its cure.

A pack may come from anybody. So its size, its depth and its paths are looked at before anything is built of it, and
whatever it holds ends in faults or in a law, never in an error of the program and never after long.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import yaml

from lodeline import language as lang
from lodeline.language import Text, bilingual
from lodeline.regulation.combining import UNION, is_combined
from lodeline.regulation.document import Node, PackError, Parser, read
from lodeline.regulation.instrument import Effect, Instrument, instrument_of
from lodeline.regulation.pack import Pack
from lodeline.regulation.parameter import (
    HEAD,
    JURISDICTION,
    SET_TWICE,
    Jurisdiction,
    Parameter,
    head_of,
    law_of,
    parameters_of,
    unknown_instruments,
)
from lodeline.regulation.timeline import spans

#: The largest of the packs that come with the program is below a fifth of each.
FILES_MOST: Final = 1_000
BYTES_MOST: Final = 4 << 20
BYTES_MOST_OF_FILE: Final = 256 << 10
DEPTH_MOST: Final = 12
TESTS_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a pack: in `file`, as both texts say with the place and the cure."""

    file: str
    en: str
    zh: str

    def as_json(self) -> dict[str, str]:
        return {"file": self.file, "en": self.en, "zh": self.zh}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of a check: the law where there is no fault, else every fault; `tests`: how many were run.

    `read`: what the files say, also where tests fail or nothing reads a part of it; None where they cannot be read.
    """

    law: Jurisdiction | None
    faults: tuple[Fault, ...]
    tests: int = 0
    read: Jurisdiction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file that sets a parameter."""

    path: str
    node: Node
    parameter: Parameter


def files_in(folder: Path) -> tuple[dict[str, bytes], tuple[Fault, ...]]:
    """The files below a folder by path, and what of it is not read: links, and all that is beyond the limits."""
    found: dict[str, bytes] = {}
    faults: list[Fault] = []
    total = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *(one for one in folders if (Path(place) / one).is_symlink())]):
            path = Path(place) / name
            called = path.relative_to(folder).as_posix()
            if path.is_symlink() or not path.is_file():
                faults.append(
                    _fault(folder.name, called, lang.text("is a link or no plain file; put the file itself there"))
                )
                continue
            size = path.stat().st_size
            total += size
            if len(found) >= FILES_MOST or total > BYTES_MOST:
                return {}, (_too_much(folder.name),)
            found[called] = b"" if size > BYTES_MOST_OF_FILE else path.read_bytes()
            if size > BYTES_MOST_OF_FILE:
                faults.append(_too_long(folder.name, called))
    return found, tuple(faults)


def check(code: str, files: Mapping[str, bytes], *, reads: frozenset[str]) -> Checked:
    """The law of the files of a pack, or what is wrong with them.

    Parameters
    ----------
    code : what the folder of the pack is called.
    files : path below that folder → bytes.
    reads : the names of parameters that rules of the program read; any other says `informs: people`.
    """
    texts, nodes, faults = _looked_through(code, files)
    sources, others = _sources(code, nodes)
    of_each = (fault for one in sources for fault in (*_failing(one), *_unread(one, reads)))
    found = [*faults, *others, *_set_twice(sources), *of_each]
    law = None
    if not faults and not others:
        try:
            law = law_of(Pack(code=code, files=texts))
        except PackError as error:
            found += (one for one in _of_error(error) if one not in found)
        else:
            found += _contradictions(law)
    tests = sum(len(one.parameter.tests) for one in sources)
    return Checked(law=None if found else law, faults=tuple(found), tests=0 if law is None else tests, read=law)


def law_of_stranger(code: str, files: Mapping[str, bytes]) -> Jurisdiction:
    """The law of files that anybody may have written, who is not asked for tests: nothing large or strange is built of
    them. Raises PackError with the first fault."""
    texts, _, faults = _looked_through(code, files)
    if faults:
        raise PackError(bilingual(faults[0].en, faults[0].zh))
    return law_of(Pack(code=code, files=texts))


# Files: what they are called, how large they are, whether they are text and YAML that is safe to build.


def _looked_through(code: str, files: Mapping[str, bytes]) -> tuple[dict[str, str], dict[str, Node], tuple[Fault, ...]]:
    """The texts and the trees of files that are safe to build, and what is wrong with the others."""
    faults = tuple(_of_size(code, files))
    if faults:
        return {}, {}, faults
    texts, faults = _texts(code, files)
    nodes, more = _nodes(code, texts)
    return texts, nodes, (*faults, *more)


def _of_size(code: str, files: Mapping[str, bytes]) -> Iterator[Fault]:
    if len(files) > FILES_MOST or sum(map(len, files.values())) > BYTES_MOST:
        yield _too_much(code)
        return
    for path, content in files.items():
        parts = path.split("/")
        if path.startswith("/") or "\\" in path or ":" in path or {"", ".", ".."} & set(parts):
            yield _fault(code, path, lang.text("leaves the folder of the pack, or is no path; rename it"))
        elif len(parts) != (1 if path == JURISDICTION else 2) or not path.endswith(".yaml"):
            yield _fault(
                code,
                path,
                lang.text(
                    "stands where nothing is read: beside {jurisdiction} there are folders of .yaml files; "
                    "move it or leave it out",
                    jurisdiction=JURISDICTION,
                ),
            )
        if len(content) > BYTES_MOST_OF_FILE:
            yield _too_long(code, path)


def _texts(code: str, files: Mapping[str, bytes]) -> tuple[dict[str, str], tuple[Fault, ...]]:
    found, faults = {}, []
    for path in sorted(files):
        try:
            found[path] = files[path].decode("utf-8")
        except UnicodeDecodeError:
            faults.append(_fault(code, path, lang.text("is no text in UTF-8; save it as such")))
    return found, tuple(faults)


def _nodes(code: str, texts: Mapping[str, str]) -> tuple[dict[str, Node], tuple[Fault, ...]]:
    found, faults = {}, []
    for path, text in texts.items():
        empty = Node(file=f"{code}/{path}", place="", content=None)
        try:
            _look_through(text, empty)
            node = read(text, empty.file)
            _look_at_leaves(node)
            found[path] = node
        except PackError as error:
            faults += _of_error(error)
    return found, tuple(faults)


def _look_through(text: str, empty: Node) -> None:
    """Refuses what YAML can make large or strange of a small text, before anything is made of it."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=Parser):
            line = event.start_mark.line + 1 if event.start_mark else 1
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise empty.wrong(lang.text("line {line} repeats another place by `*`; write it out", line=line))
            if getattr(event, "tag", None) is not None:
                raise empty.wrong(lang.text("line {line} has a tag, `!`; leave it out", line=line))
            if depth > DEPTH_MOST:
                raise empty.wrong(
                    lang.text(
                        "line {line} lies more than {depth_most} levels deep; write it flatter",
                        line=line,
                        depth_most=DEPTH_MOST,
                    )
                )
    except yaml.YAMLError:
        return  # `read` tells where


def _look_at_leaves(node: Node) -> None:
    """Refuses names that are no texts, and figures that are none: no rule and no document can show them."""
    places = [node]
    while places:
        one = places.pop()
        if isinstance(one.content, dict):
            for name in one.content:
                if not isinstance(name, str):
                    raise one.wrong(
                        lang.text("has the name {name!r}, which is no text; put it between quotes", name=name)
                    )
            places += one.table((), tuple(one.content)).values()
        elif isinstance(one.content, list):
            places += one.rows()
        elif isinstance(one.content, float) and not math.isfinite(one.content):
            raise one.wrong(lang.text("is no figure; write one"))


# Each file by itself.


def _sources(code: str, nodes: Mapping[str, Node]) -> tuple[tuple[_File, ...], tuple[Fault, ...]]:
    """The parameters by file, and what is wrong with any file."""
    faults: list[Fault] = []
    instruments: dict[str, Instrument] = {}
    for path, node in nodes.items():
        folder, _, name = path.partition("/")
        if path == JURISDICTION:
            try:
                head_of(node)
            except PackError as error:
                faults += _of_error(error)
        elif name == HEAD:
            try:
                instruments[folder] = instrument_of(node, folder)
            except PackError as error:
                faults += _of_error(error)
                # It is there: whoever cites it is not at fault.
                instruments[folder] = _nameless(folder)
    faults += (one for error in unknown_instruments(code, instruments) for one in _of_error(error))
    sources = []
    for path, node in nodes.items():
        folder, _, name = path.partition("/")
        if name and name != HEAD:
            try:
                (parameter,) = parameters_of([(folder, node)], instruments)
                sources.append(_File(path=f"{code}/{path}", node=node, parameter=parameter))
            except PackError as error:
                faults += _of_error(error)
    return tuple(sources), tuple(faults)


def _set_twice(sources: tuple[_File, ...]) -> Iterator[Fault]:
    """Files that set what another sets too, where nothing declares how the two are one rule; and statements that are to
    be one list, and are none."""
    met: set[str] = set()
    for one in sources:
        name = one.parameter.name
        if name in met and not is_combined(name):
            yield _at(one, "parameter", bilingual(f"{name} {SET_TWICE[0]}", f"{name} {SET_TWICE[1]}"))
        met.add(name)
        if name in UNION and any(
            not value.unknown and not isinstance(value.value, list) for value in one.parameter.values
        ):
            yield _at(one, "values", lang.text("{name} is a list; write its rows as one", name=name))


def _nameless(folder: str) -> Instrument:
    no_text = {"en": "", "zh": ""}
    return Instrument(
        id=folder,
        title=no_text,
        issuer=no_text,
        number=None,
        published=date.min,
        source=no_text,
        evidence="assumption",
        effects=(),
    )


def _unread(one: _File, reads: frozenset[str]) -> Iterator[Fault]:
    parameter = one.parameter
    if parameter.name in reads and parameter.informs is not None:
        yield _at(
            one,
            "informs",
            lang.text("says that people alone read {name}, which a rule reads; leave it out", name=parameter.name),
        )
    elif parameter.name not in reads and parameter.informs is None:
        yield _at(
            one,
            "parameter",
            lang.text(
                "{name} is read by no rule; correct the name, or say `informs: people` with a `reason`",
                name=parameter.name,
            ),
        )
    if not parameter.tests:
        yield _at(one, "tests", lang.text("has no test; add what the value is on a day (`on`, `known`, `expect`)"))


# The tests that stand beside the values.


def _failing(one: _File) -> Iterator[Fault]:
    rows = one.node.table((), tuple(one.node.content)).get("tests")
    if rows is None:
        return
    tests = rows.rows()
    if len(tests) > TESTS_MOST:
        yield from _of_error(
            rows.wrong(lang.text("holds more than {tests_most} tests; keep the telling ones", tests_most=TESTS_MOST))
        )
        return
    for test in tests:
        try:
            _run(test, one.parameter)
        except PackError as error:
            yield from _of_error(error)


def _run(test: Node, parameter: Parameter) -> None:
    """Runs a test of a law file. Raises PackError that says what was expected and what is.

    `input` chooses the rows of a list that hold it; `expect` is what the one row must hold, or `none`. Without `input`,
    `expect` tells the status, the value (a table may name part of it) or the evidence. Where no status is told, the
    value must be in force.
    """
    entry = test.table(("on", "known", "expect"), ("input",))
    on, known, expect = entry["on"].day(), entry["known"].day(), entry["expect"]
    state = parameter.state(on, known=known)
    if "input" in entry:
        rows = state.value.value if state.status == "in-force" and state.value is not None else None
        if not isinstance(rows, list):
            raise _differs(test, lang.text("a list in force"), state.status)
        found = [row for row in rows if _holds(row, entry["input"].content)]
        if expect.content == "none":
            if found:
                raise _differs(test, lang.text("no such row"), found[0])
        elif len(found) != 1:
            raise _differs(test, lang.text("one such row"), f"{len(found)}")
        elif not _holds(found[0], expect.content):
            raise _differs(test, lang.text("{content}", content=expect.content), found[0])
        return
    wanted = expect.table((), ("status", "value", "evidence"))
    if not wanted:
        raise expect.wrong(lang.text("expects nothing; write `status`, `value` or `evidence`"))
    value = state.value
    told = {"status": state.status, "value": value and value.value, "evidence": value and value.evidence}
    for name, content in ({"status": "in-force"} | {name: one.content for name, one in wanted.items()}).items():
        if not _holds(told[name], content):
            raise _differs(test, lang.text("{name} {content}", name=name, content=content), told[name])


def _holds(found: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is found; a table may hold more."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and _holds(found[name], inner) for name, inner in wanted.items())
    return bool(found == wanted)


def _differs(test: Node, words: Text, found: object) -> PackError:
    shown = str(found)
    shown = shown if len(shown) <= _SHOWN_MOST else f"{shown[:_SHOWN_MOST]}…"
    return test.wrong(
        lang.text(
            "fails: expected {short}, found {shown}; correct the value or the test",
            short=bilingual(_short(words["en"]), _short(words["zh"])),
            shown=shown,
        )
    )


_SHOWN_MOST: Final = 200


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_MOST else f"{text[:_SHOWN_MOST]}…"


# What no file says wrongly by itself, and two say against each other.


def _contradictions(law: Jurisdiction) -> Iterator[Fault]:
    yield from _effects_at_odds(law)
    yield from _listed_twice(law)


def _effects_at_odds(law: Jurisdiction) -> Iterator[Fault]:
    """An instrument that suspends itself, and two effects of one day of which nothing says which counts."""
    by_target: dict[str, list[tuple[str, Effect]]] = {}
    for instrument in law.instruments.values():
        for effect in instrument.effects:
            for target in effect.instruments:
                by_target.setdefault(target, []).append((instrument.id, effect))
                if target == instrument.id:
                    yield _fault(
                        law.code, f"{instrument.id}/{HEAD}", lang.text("suspends itself; name the other instrument")
                    )
    for target, effects in by_target.items():
        seen: dict[tuple[date, date], tuple[bool, date | None, str]] = {}
        for id_, one in effects:
            said = (one.suspends, one.last, one.afterwards)
            if seen.setdefault((one.published, one.first), said) != said:
                yield _fault(
                    law.code,
                    f"{id_}/{HEAD}",
                    lang.text(
                        "says of {target} from {first} on what another text of the same day contradicts; keep one",
                        target=target,
                        first=one.first,
                    ),
                )


def _listed_twice(law: Jurisdiction) -> Iterator[Fault]:
    """An item with its element and form in two lists that are in force together."""
    lists = law.named("control-list")
    known = max((value.published for one in lists for value in one.values), default=date.min)
    runs = [
        (
            one,
            [
                (span.first, span.last or date.max, _items(span.state.value.value))
                for span in spans(one, known=known)
                if span.state.status == "in-force" and span.state.value is not None
            ],
        )
        for one in lists
    ]
    for (one, days), (other, others) in combinations(runs, 2):
        twice = {
            item
            for first, last, items in days
            for other_first, other_last, other_items in others
            if first <= other_last and other_first <= last
            for item in items & other_items
        }
        for item in sorted(twice):
            yield _fault(
                law.code,
                other.instrument,
                lang.text(
                    "lists {item}, which {instrument} lists too; keep one, or end the older",
                    item=" ".join(item),
                    instrument=one.instrument,
                ),
            )


def _items(rows: list[dict[str, str]]) -> frozenset[tuple[str, str, str]]:
    return frozenset((row["item"], row.get("element", ""), row["form"]) for row in rows)


# Faults.


def _fault(code: str, path: str, words: Text) -> Fault:
    return Fault(file=f"{code}/{path}", en=f"{code}/{path}: {words['en']}", zh=f"{code}/{path}：{words['zh']}")


def _at(one: _File, name: str, words: Text) -> Fault:
    return _of_error(Node(file=one.path, place=name, content=None).wrong(words))[0]


def _of_error(error: PackError) -> list[Fault]:
    """What an error says, and what is wrong next to it."""
    return [
        Fault(file=one.en.partition(":")[0].partition(",")[0], en=one.en, zh=one.zh) for one in (error, *error.others)
    ]


def _too_long(code: str, path: str) -> Fault:
    most = BYTES_MOST_OF_FILE >> 10
    return _fault(code, path, lang.text("is longer than {most} KiB; split it", most=most))


def _too_much(code: str) -> Fault:
    return Fault(
        file=code,
        en=f"{code}: holds more than {FILES_MOST} files or {BYTES_MOST >> 20} MiB; leave out what is no law",
        zh=f"{code}：超过 {FILES_MOST} 个文件或 {BYTES_MOST >> 20} MiB；请删去与法规无关的内容",
    )
