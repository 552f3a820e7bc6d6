"""Parameters of the law as dated data: in force, published, suspended, cited, tagged with their evidence.

A value is never edited; a later `published` version corrects it. Lookup takes both days, so any decision can
be replayed under the law as it could be known at the time. No code knows a country: a jurisdiction is a folder.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from importlib.resources.abc import Traversable
from typing import Any, Final
from zoneinfo import ZoneInfo

from lodeline.language import bilingual, text
from lodeline.regulation.combining import combined, is_combined
from lodeline.regulation.content import CHECKS
from lodeline.regulation.document import Node, PackError, each, read
from lodeline.regulation.instrument import Effect, Instrument, instrument_of
from lodeline.regulation.pack import Pack, pack_in, shipped
from lodeline.regulation.value import Status, Value, values_of

HEAD, JURISDICTION = "instrument.yaml", "jurisdiction.yaml"
#: Laws that stay read; each takes a few megabytes.
_LAWS_KEPT: Final = 16


class NoLawError(LookupError):
    """No value of the parameter was in force on the day, as far as was known.

    `status` says what was instead; None where the law has no such parameter at all.
    """

    def __init__(self, text: str, status: Status | None) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a parameter stands on a day.

    `value`: the one it is about, that is, the one to come or the last one where none is in force; None where nothing
    had been published. `effect`: the suspension that bears on the status, if one does.
    """

    status: Status
    value: Value | None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A thing that the law sets, with every value it has had, and every suspension of an instrument that set one.

    `always`: how it stands on every day, where a replay holds the law of one day (`regulation.replay`).
    `informs`: why people alone read it and no rule of the program applies it; None for what a rule applies.
    """

    name: str
    instrument: str
    label: dict[str, str]
    values: tuple[Value, ...]
    effects: tuple[Effect, ...]
    tests: tuple[dict[str, Any], ...]
    always: State | None = None
    informs: dict[str, str] | None = None

    @property
    def rule(self) -> str:
        """What it is called among all that a pack sets: `instrument/parameter`."""
        return f"{self.instrument}/{self.name}"

    def at(self, day: date, *, known: date) -> Value:
        """The value in force on `day`, as published up to `known`.

        Raises NoLawError, which carries the status, where there is none.
        """
        state = self.state(day, known=known)
        if state.status != "in-force":
            raise NoLawError(f"{self.name} is {state.status} on {day}, known on {known}", state.status)
        assert state.value is not None, "what is in force is a value"
        return state.value

    def state(self, day: date, *, known: date) -> State:
        """How the parameter stands on `day`, as published up to `known`. What was published last about a day counts."""
        if self.always is not None:
            return self.always
        published = [value for value in self.values if value.published <= known]
        covering = [
            value
            for value in published
            if value.covers(day) and not any(value.ends_for(other, day) for other in published)
        ]
        if covering:
            value = max(covering, key=lambda value: value.published)
            return self._suspended(value, day, known) or State(
                status="unknown" if value.unknown else "in-force", value=value
            )
        ended = [value for value in published if value.in_force_from < day]
        if ended:
            return State(status="ended", value=max(ended, key=lambda value: value.in_force_from))
        if not published:
            return State(status="not-yet", value=None)
        coming = min(published, key=lambda value: (value.in_force_from, -value.published.toordinal()))
        # A rule that is suspended before it began reads as suspended: whoever waits for its first day must know.
        return self._suspended(coming, day, known) or State(status="not-yet", value=coming)

    def _suspended(self, value: Value, day: date, known: date) -> State | None:
        effects = [
            effect
            for effect in self.effects
            if value.citation.instrument in effect.instruments and effect.published <= known and effect.first <= day
        ]
        covering = [effect for effect in effects if effect.covers(day)]
        if covering:
            effect = max(covering, key=lambda effect: (effect.published, effect.first))
            return State(status="suspended", value=value, effect=effect) if effect.suspends else None
        if effects:
            effect = max(effects, key=lambda effect: (effect.last or date.max, effect.published))
            if effect.afterwards == "unknown":
                return State(status="unknown", value=value, effect=effect)
        return None


#: Of several statements the state of the first of these that one of them has is told.
_TELLING: Final[tuple[Status, ...]] = ("in-force", "unknown", "suspended", "not-yet", "ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """A country's law: which addresses are domestic, in which time its days are counted, what it sets.

    `parameters` is keyed by name; one that several instruments set, by `instrument/name`: who asks what holds asks by
    name (`at`, `state`, `named`) and gets what all of them state together (`regulation.combining`). `pack`: the files
    that it was read from, by whose digest whatever rests on this law names it.

    Two laws are equal where all that they set is, and only then. So what is kept of a law is kept under the law itself,
    never under its digest: a replay makes laws with other parameters of the same pack (`regulation.replay.held`).
    """

    code: str
    country: str
    label: dict[str, str]
    timezone: str
    instruments: dict[str, Instrument]
    parameters: dict[str, Parameter]
    pack: Pack

    def __hash__(self) -> int:
        return hash((self.code, self.pack.digest))

    @property
    def digest(self) -> str:
        """SHA-256 of the pack's files, in hex (`Pack.digest`): names the pack to readers, and is no key of a cache."""
        return self.pack.digest

    def day_of(self, moment: datetime) -> date:
        """The day of a moment, which has a time zone, where this law is in force."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def named(self, name: str) -> tuple[Parameter, ...]:
        """Every parameter of that name, by order of instrument."""
        return tuple(parameter for parameter in self.parameters.values() if parameter.name == name)

    def has(self, name: str) -> bool:
        """Whether an instrument of this law sets the parameter, in force or not."""
        return name in self.parameters or bool(self.named(name))

    def at(self, name: str, day: date, *, known: date) -> Value:
        """What all instruments together state under that name on `day`, as published up to `known`.

        Raises NoLawError where none of them is in force, and where this law has no such parameter.
        """
        state = self.state(name, day, known=known)
        if state is None:
            raise NoLawError(f"the law of {self.code} has no {name}", None)
        if state.status != "in-force":
            raise NoLawError(f"{name} is {state.status} on {day}, known on {known}", state.status)
        assert state.value is not None, "what is in force is a value"
        return state.value

    def state(self, name: str, day: date, *, known: date) -> State | None:
        """How the parameter stands on `day` by all instruments that set it; None where none does.

        In force where one of them is: what is suspended adds nothing, and takes nothing away from the others.
        """
        states = self.states(name, day, known=known)
        for status in _TELLING:
            found = [one for one in states if one.status == status]
            told = [one for one in found if one.value is not None and not one.value.unknown]
            if len(told) > 1 and status in ("in-force", "unknown"):
                return State(status=status, value=combined(name, [one.value for one in told if one.value is not None]))
            if found:
                return (told or found)[0]
        return None

    def states(self, name: str, day: date, *, known: date) -> tuple[State, ...]:
        """How the statement of each instrument that sets the parameter stands, by order of instrument."""
        one = self.parameters.get(name)
        several = (one,) if one is not None else self.named(name)
        return tuple(parameter.state(day, known=known) for parameter in several)

    def ruled(self, rule: str) -> Parameter | None:
        """The parameter that a rule is (`Parameter.rule`)."""
        found = self.parameters.get(rule) or self.parameters.get(rule.partition("/")[2])
        return found if found is not None and found.rule == rule else None

    def title(self, instrument: str) -> dict[str, str]:
        """What a citation cites, in both languages; a source outside the pack is called as it calls itself."""
        if instrument in self.instruments:
            return self.instruments[instrument].title
        return {"en": instrument, "zh": instrument}


@cache
def load(code: str, root: Traversable | None = None) -> Jurisdiction:
    """The law of the pack in the folder `code` of `root`, by default of those that come with the program.

    Raises FileNotFoundError where there is none, and as `law_of`.
    """
    return law_of(shipped(code) if root is None else pack_in(root / code))


def law_of(pack: Pack) -> Jurisdiction:
    """The law that a pack sets; of the same files the same object, for as long as it is kept.

    Raises PackError, with file, place and cure, where they are not what they must be.
    """
    return _law_of(_ByDigest(pack))


class _ByDigest:
    """A pack, told from others by its digest, so that it is read once."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def __hash__(self) -> int:
        return hash(self.pack.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and (other.pack.digest, other.pack.code) == (
            self.pack.digest, self.pack.code,
        )  # fmt: skip


@lru_cache(maxsize=_LAWS_KEPT)
def _law_of(one: _ByDigest) -> Jurisdiction:
    code, texts = one.pack.code, one.pack.files
    if JURISDICTION not in texts:
        raise PackError(
            text(
                "{code}: lacks {jurisdiction}; add it with `country`, `label` and `timezone`",
                code=code,
                jurisdiction=JURISDICTION,
            )
        )
    head = head_of(read(texts[JURISDICTION], f"{code}/{JURISDICTION}"))
    instruments: dict[str, Instrument] = {}
    sources: list[tuple[str, Node]] = []
    for path in sorted(texts):
        if path == JURISDICTION:
            continue
        folder, _, name = path.partition("/")
        if not name or "/" in name:
            raise PackError(bilingual(*_misplaced(f"{code}/{path}")))
        node = read(texts[path], f"{code}/{path}")
        if name == HEAD:
            instruments[folder] = instrument_of(node, folder)
        else:
            sources.append((folder, node))
    for error in unknown_instruments(code, instruments):
        raise error
    found = list(parameters_of(sources, instruments))
    often = Counter(parameter.name for parameter in found)
    parameters = {one.name if often[one.name] == 1 else one.rule: one for one in found}
    return Jurisdiction(
        code=code, country=head["country"].text(), label=head["label"].labels(), timezone=head["timezone"].text(),
        instruments=instruments, parameters=parameters, pack=one.pack,
    )  # fmt: skip


def head_of(node: Node) -> dict[str, Node]:
    """What the file of a jurisdiction says. Raises PackError."""
    head = node.table(("country", "label", "timezone"))
    head["country"].text()
    head["label"].labels()
    try:
        ZoneInfo(head["timezone"].text())
    except (LookupError, ValueError) as error:
        raise head["timezone"].wrong(text("is no time zone; write one like Asia/Tokyo")) from error
    return head


def unknown_instruments(code: str, instruments: dict[str, Instrument]) -> Iterator[PackError]:
    """Instruments that another one suspends or resumes and that have no folder."""
    for instrument in instruments.values():
        for named in (named for effect in instrument.effects for named in effect.instruments):
            if named not in instruments:
                yield PackError(bilingual(*_no_folder(f"{code}/{instrument.id}/{HEAD}", named)))


#: What is said of a second file that sets a parameter of which one instrument alone states what holds.
SET_TWICE: Final = (
    "is set in another file too, and nothing says which of the two counts; write what a notice changes as a second "
    "value into the first file, from its own day and with `citation: {instrument: …}` of the notice",
    "已在另一文件中规定，且未规定以何者为准；公告所作变更，请作为第二个取值写入前一文件，载明其施行日及 "
    "`citation: {instrument: …}`",
)


def parameters_of(sources: list[tuple[str, Node]], instruments: dict[str, Instrument]) -> Iterator[Parameter]:
    """The parameters of the files, each as its instrument sets it.

    Older programs had files say `shared: true` where several set one: laws that they published are read as they are.
    """
    met: dict[str, bool] = {}
    for folder, node in sources:
        row = node.table(("parameter", "label", "values"), ("shared", "holes", "tests", "informs", "reason"))
        name = row["parameter"].text()
        shared = "shared" in row and row["shared"].flag()
        if name in met and not is_combined(name) and not (shared and met[name]):
            raise row["parameter"].wrong(bilingual(f"{name} {SET_TWICE[0]}", f"{name} {SET_TWICE[1]}"))
        met[name] = shared
        values = values_of(row["values"], row.get("holes"), folder)
        each(row["values"].rows(), lambda member: _check_value(member, name, folder, instruments))  # noqa: B023
        cited_here = {value.citation.instrument for value in values}
        yield Parameter(
            name=name,
            instrument=folder,
            label=row["label"].labels(),
            values=values,
            effects=tuple(
                effect
                for instrument in instruments.values()
                for effect in instrument.effects
                if cited_here & set(effect.instruments)
            ),
            tests=tuple(test.content for test in row["tests"].rows()) if "tests" in row else (),
            informs=_informs(node, row),
        )


def _check_value(member: Node, name: str, folder: str, instruments: dict[str, Instrument]) -> None:
    """What a value cites, and what it must hold where the program reads it."""
    content = member.content
    cited = content["citation"].get("instrument", folder)
    # Ids are written in small letters and hyphens; what is written otherwise names a source outside the pack.
    if re.fullmatch(r"[a-z0-9-]+", cited) and cited not in instruments:
        raise PackError(bilingual(*_no_folder(f"{member.file}, {member.place}", cited)))
    if name in CHECKS and "value" in content:
        CHECKS[name](member.table(tuple(content))["value"])


def _informs(node: Node, row: dict[str, Node]) -> dict[str, str] | None:
    """Why a parameter is for people to read: said by the file, and never without a reason."""
    if ("informs" in row) != ("reason" in row):
        raise node.wrong(
            text("`informs: people` and `reason` go together: what no rule applies says why, in both languages")
        )
    if "informs" not in row:
        return None
    row["informs"].choice(("people",))
    return row["reason"].labels()


def _misplaced(path: str) -> tuple[str, str]:
    return (
        f"{path}: stands where nothing is read; put it into the folder of its instrument",
        f"{path}：所在位置不会被读取；请放入所属文件的文件夹",
    )


def _no_folder(place: str, name: str) -> tuple[str, str]:
    return (
        f"{place}: names the instrument {name}, which has no folder with {HEAD}; correct the name or add it",
        f"{place}：所引文件 {name} 没有含 {HEAD} 的文件夹；请改正名称或补上",
    )
