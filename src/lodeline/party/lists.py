"""Lists of parties that somebody watches or bars, read whole or not at all: what a list says is never half taken in.

Two forms are read. *JSON lines* of FollowTheMoney entities, one a line, as most published lists are offered: companies,
bodies and people with names, countries, numbers and `topics`; `Sanction` with its days; `Ownership` with its
percentage. *CSV*, one party a row, for lists of one's own. docs/reference/party-lists.md has both.

What a list does to those on it is its *measure*, and to which goods it does it its *scope*. What a row says counts
before what the list is said to be when it is loaded, and that before what a topic tells; where nobody says anything,
a party is barred from all goods.

Nobody's list is shipped. What is wrong with a file is said with its line, all at once (`Problem`, codes `list.…`).
Source of the entity form: the FollowTheMoney model (LegalEntity, Sanction, Ownership, Interval).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from lodeline.ledger.problem import Problem, Where, problem
from lodeline.party.identifier import SCHEMES, Identifier, identifier
from lodeline.party.ownership import Stake
from lodeline.party.script import is_cjk
from lodeline.party.tables import rows_of

#: What a number may be called in an entity; the first scheme that it is a number of is taken.
_NUMBERS: Final = {
    "leiCode": ("lei",), "uscCode": ("uscc",), "vatCode": ("vat",), "eoriCode": ("eori",),
    "registrationNumber": ("uscc", "lei"), "taxNumber": ("uscc",), "idNumber": ("uscc", "lei"),
}  # fmt: skip
_NAMES: Final = ("name", "alias", "previousName")
_COUNTRIES: Final = ("country", "jurisdiction", "mainCountry")
_PARTIES: Final = frozenset({"LegalEntity", "Company", "Organization", "PublicBody", "Person"})
#: `barred`: nothing within the scope goes there. `watched`: no general licence, a risk report and a written promise.
#: `end-user-ban`: barred for an end use, the military one.
Measure = Literal["barred", "watched", "end-user-ban"]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
#: `dual-use`: items of the control list alone.
Scope = Literal["dual-use", "all-goods"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
_COLUMNS: Final = (
    "id",
    "names",
    "country",
    *SCHEMES,
    "listed",
    "listed_from",
    "listed_to",
    "reason",
    "source",
    "owners",
    "measure",
    "scope",
)
_BETWEEN: Final = "|"
_DAY: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T.*)?")
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%?")
_JSON_ENDINGS: Final = (".json", ".jsonl", ".ndjson", ".ftm")
#: Of one code so many are said; a file of another kind has one in each line.
_MOST_OF_A_CODE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """That a party stands on a list from one day to another, both included; None is open. Texts are the list's.

    `unsure`: no text tells whether the measure stands on these days.
    """

    since: date | None = None
    until: date | None = None
    reason: str = ""
    source: str = ""
    measure: Measure = "barred"
    scope: Scope = "all-goods"
    unsure: bool = False

    def stands(self, day: date) -> bool:
        """Whether it stood on the day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whom a source knows: `source` is a list's name, or `register`. Without listings it is known and not listed."""

    source: str
    id: str
    names: tuple[str, ...]
    countries: frozenset[str] = frozenset()
    identifiers: frozenset[Identifier] = frozenset()
    listings: tuple[Listing, ...] = ()

    @property
    def key(self) -> str:
        """What stakes call it."""
        return f"{self.source}:{self.id}"

    @property
    def is_named_once(self) -> bool:
        """Whether all its names are in one script, so that it is found under another by a guess alone."""
        return len({any(map(is_cjk, name)) for name in self.names}) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyList:
    """A list as it was read. `skipped`: kind of entity → how many are no parties; `digest`: SHA-256 of the file.

    `measure`, `scope`: what was said of the list as a whole when it was loaded, None where nothing was.
    """

    name: str
    parties: tuple[Party, ...] = ()
    stakes: tuple[Stake, ...] = ()
    problems: tuple[Problem, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    measure: Measure | None = None
    scope: Scope | None = None

    @property
    def accepted(self) -> bool:
        """Whether nothing of it had to be rejected; else it has no parties."""
        return all(one.severity != "reject" for one in self.problems)


def read_list(
    source: Path | bytes, *, name: str, file: str | None = None, measure: Measure | None = None,
    scope: Scope | None = None,
) -> PartyList:  # fmt: skip
    """The list of a path, or of bytes whose format the ending of `file` tells; never raises on what they hold.

    `measure`, `scope`: what holds for whoever the list says nothing more of.
    """
    called = file or (source.name if isinstance(source, Path) else name)
    try:
        content = source.read_bytes() if isinstance(source, Path) else source
    except OSError:
        return PartyList(name=name, problems=(problem("file.not-found", Where(file=called), path=str(source)),))
    reading = _Reading(name, called, measure, scope)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reading.add("list.not-utf-8", line, None, offset=error.start)
        text = ""
    ending = Path(called).suffix.lower()
    if text and ending == ".csv":
        reading.rows(text)
    elif text and ending in _JSON_ENDINGS:
        reading.entities(text)
    elif text or ending not in (".csv", *_JSON_ENDINGS):
        reading.add("list.unknown-format", None, None, path=called)
    elif not reading.problems:
        reading.add("list.nobody", None, None)
    return reading.done(sha256(content).hexdigest())


class _Reading:
    """One file, line by line; what is wrong is collected, and `done` gives a list or none."""

    def __init__(self, name: str, file: str, measure: Measure | None, scope: Scope | None) -> None:
        self.name, self.file = name, file
        self.measure, self.scope = measure, scope
        self.problems: list[Problem] = []
        self.parties: dict[str, Party] = {}
        self.stakes: list[tuple[int, Stake]] = []
        self.skipped: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def add(self, code: str, line: int | None, column: str | None, **facts: str | int) -> None:
        self._seen[code] += 1
        if self._seen[code] <= _MOST_OF_A_CODE:
            self.problems.append(problem(code, Where(file=self.file, row=line, column=column), severity=None, **facts))

    def done(self, digest: str) -> PartyList:
        for line, stake in self.stakes:
            for end in (stake.owner, stake.owned):
                if end not in self.parties:
                    self.add("list.owner-unknown", line, None, value=end)
        if not self.problems and not any(party.listings for party in self.parties.values()):
            self.add("list.nobody", None, None)
        once = sum(party.is_named_once for party in self.parties.values())
        if once and all(one.severity != "reject" for one in self.problems):
            self.add("list.named-once", None, "names", count=once)
        read = PartyList(
            name=self.name, problems=tuple(self.problems), skipped=dict(self.skipped), digest=digest,
            measure=self.measure, scope=self.scope,
        )  # fmt: skip
        if not read.accepted:
            return read
        key = {id_: party.key for id_, party in self.parties.items()}
        stakes = tuple(
            replace(one, owner=key[one.owner], owned=key[one.owned])
            for _, one in self.stakes
            if one.owner in key and one.owned in key
        )
        return replace(read, parties=tuple(self.parties.values()), stakes=stakes)

    def _take(self, party: Party, line: int) -> None:
        if party.id in self.parties:
            self.add("list.twice", line, "id", value=party.id)
        self.parties[party.id] = party

    def _number(self, schemes: Iterable[str], text: str, line: int, column: str, *, strict: bool) -> list[Identifier]:
        found = next((one for scheme in schemes if (one := identifier(scheme, text))), None)
        if found is None and strict:
            self.add("list.number-wrong", line, column, value=text)
        return [found] if found else []

    def _day(self, text: str, line: int, column: str, *, last: bool = False) -> date | None:
        """The day; of a month or a year its first, or with `last` its last."""
        parts = _DAY.fullmatch(text)
        try:
            if parts is None:
                raise ValueError
            year, month, day = (int(part) if part else None for part in parts.groups())
            assert year is not None
            if day or not last:
                return date(year, month or 1, day or 1)
            return date(year + (month or 12) // 12, (month or 12) % 12 + 1, 1) - timedelta(days=1)
        except ValueError:
            self.add("list.day-wrong", line, column, value=text)
            return None

    def _share(self, text: str, line: int, column: str) -> Fraction | None:
        percent = _SHARE.fullmatch(text)
        if percent is None or Fraction(percent.group(1)) > 100:
            self.add("list.share-wrong", line, column, value=text)
            return None
        return Fraction(percent.group(1)) / 100

    def _kind(self, measure: str, scope: str, line: int) -> tuple[Measure, Scope]:
        """What a row says of measure and scope, else what the list is said to be."""
        if measure and measure not in MEASURES:
            self.add("list.measure-wrong", line, "measure", value=measure, known=", ".join(MEASURES))
        if scope and scope not in SCOPES:
            self.add("list.scope-wrong", line, "scope", value=scope, known=", ".join(SCOPES))
        return (
            measure if measure in MEASURES else self.measure or "barred",
            scope if scope in SCOPES else self.scope or "all-goods",
        )  # fmt: skip

    # CSV

    def rows(self, text: str) -> None:
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
        # Where the row that is being read begins; a row may go over several lines.
        line = 1
        try:
            header = [one.strip().lower() for one in reader.fieldnames or ()]
            reader.fieldnames = header
            self._header(header)
            if self.problems:
                return
            line = reader.line_num + 1
            for row in reader:
                if "" in row:
                    self.add("list.too-many-cells", line, None)
                elif any(cell and cell.strip() for cell in row.values()):
                    self._row({column: (cell or "").strip() for column, cell in row.items()}, line)
                line = reader.line_num + 1
        except csv.Error:
            self.add("list.quotes", line, None)

    def _header(self, header: list[str]) -> None:
        for column in ("id", "names"):
            if column not in header:
                self.add("list.column-missing", 1, column, header=column)
        for column in header:
            if column not in _COLUMNS:
                self.add("list.column-unknown", 1, column, header=column)

    def _row(self, row: dict[str, str], line: int) -> None:
        names = _parts(row["names"])
        if not row["id"]:
            self.add("list.id-missing", line, "id")
            return
        if not names:
            self.add("list.unnamed", line, "names", value=row["id"])
        listed = row.get("listed", "").lower()
        if listed not in ("", "yes", "no"):
            self.add("list.listed-wrong", line, "listed", value=listed)
        numbers = [
            one
            for scheme in SCHEMES
            for text in _parts(row.get(scheme, ""))
            for one in self._number((scheme,), text, line, scheme, strict=True)
        ]
        first, last = (row.get(column, "") for column in ("listed_from", "listed_to"))
        measure, scope = self._kind(row.get("measure", "").lower(), row.get("scope", "").lower(), line)
        listing = Listing(
            since=self._day(first, line, "listed_from") if first else None,
            until=self._day(last, line, "listed_to", last=True) if last else None,
            reason=row.get("reason", ""),
            source=row.get("source", ""),
            measure=measure,
            scope=scope,
        )
        countries = frozenset(one.upper() for one in _parts(row.get("country", "")))
        self._take(
            Party(
                source=self.name, id=row["id"], names=tuple(names), countries=countries,
                identifiers=frozenset(numbers), listings=() if listed == "no" else (listing,),
            ),
            line,
        )  # fmt: skip
        for owner in _parts(row.get("owners", "")):
            who, _, percent = owner.rpartition("=")
            share = self._share(percent.strip(), line, "owners")
            self.stakes.append((line, Stake(owner=who.strip(), owned=row["id"], share=share)))

    # Entities

    def entities(self, text: str) -> None:
        sanctions: dict[str, list[Listing]] = defaultdict(list)
        known: list[tuple[int, str, dict[str, list[str]]]] = []
        for line, entity in self._lines(text):
            schema, id_, values = entity["schema"], entity["id"], _texts(entity["properties"])
            if schema == "Sanction":
                listing = self._listing(values, line)
                for who in values.get("entity", ()):
                    sanctions[who].append(listing)
            elif schema == "Ownership":
                self._ownership(values, line)
            elif schema in _PARTIES:
                known.append((line, id_, values))
            else:
                self.skipped[schema] += 1
        for line, id_, values in known:
            self._entity(id_, values, line, sanctions.get(id_, ()))

    def _lines(self, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, row in enumerate(text.split("\n"), 1):
            if not row.strip():
                continue
            try:
                entity = json.loads(row)
            except (ValueError, RecursionError):
                entity = None
            if isinstance(entity, dict) and _is_entity(entity):
                yield line, entity
            else:
                self.add("list.no-entity", line, None)

    def _entity(self, id_: str, values: dict[str, list[str]], line: int, sanctions: Iterable[Listing]) -> None:
        names = list(dict.fromkeys(name for kind in _NAMES for name in values.get(kind, ())))
        listings = tuple(sanctions)
        topics = [one for one in values.get("topics", ()) if one in listing_topics()]
        if topics and not listings:
            listings = (Listing(reason=", ".join(topics), source=" ".join(values.get("sourceUrl", ())[:1])),)
        listings = tuple(self._measured(one, topics) for one in listings)
        if listings and not names:
            self.add("list.unnamed", line, "name", value=id_)
        numbers = [
            one
            for column, schemes in _NUMBERS.items()
            for text in values.get(column, ())
            for one in self._number(schemes, text, line, column, strict=column in ("leiCode", "uscCode"))
        ]
        countries = frozenset(one.upper() for kind in _COUNTRIES for one in values.get(kind, ()))
        self._take(
            Party(
                source=self.name, id=id_, names=tuple(names), countries=countries, identifiers=frozenset(numbers),
                listings=listings,
            ),
            line,
        )  # fmt: skip

    def _measured(self, listing: Listing, topics: Iterable[str]) -> Listing:
        """The listing with the measure and scope that its programme names, else those of the list, else of its topics:
        of several topics the strictest."""
        reason = listing.reason.casefold()
        named = next((kind for words, kind in _programmes() if words in reason), None)
        by_topic = [listing_topics()[one] for one in topics]
        measure: Measure = min((one for one, _ in by_topic), key=MEASURES.index, default="barred")
        scope: Scope = max((one for _, one in by_topic), key=SCOPES.index, default="all-goods")
        if named is not None:
            return replace(listing, measure=named[0], scope=named[1])
        return replace(listing, measure=self.measure or measure, scope=self.scope or scope)

    def _listing(self, values: dict[str, list[str]], line: int) -> Listing:
        since, until = self._interval(values, line, first=("startDate", "listingDate", "date"))
        words = [one for kind in ("reason", "program", "authority") for one in values.get(kind, ())[:1]]
        return Listing(
            since=since,
            until=until,
            reason=": ".join(reversed(words)),
            source=" ".join(values.get("sourceUrl", ())[:1]),
        )

    def _ownership(self, values: dict[str, list[str]], line: int) -> None:
        since, until = self._interval(values, line, first=("startDate", "date"))
        percent = values.get("percentage", ())
        # A range ("50-75") or words are no share that can be reckoned with: not known, which is none.
        share = (
            self._share(percent[0].strip(), line, "percentage") if percent and _SHARE.fullmatch(percent[0]) else None
        )
        for owner in values.get("owner", ()):
            for owned in values.get("asset", ()):
                stake = Stake(owner=owner, owned=owned, share=share, since=since, until=until)
                self.stakes.append((line, stake))

    def _interval(
        self, values: dict[str, list[str]], line: int, *, first: tuple[str, ...]
    ) -> tuple[date | None, date | None]:
        """The earliest of the days that it may begin on, the latest of those that end it."""
        begins = [self._day(text, line, kind) for kind in first for text in values.get(kind, ())]
        ends = [self._day(text, line, "endDate", last=True) for text in values.get("endDate", ())]
        return min((one for one in begins if one), default=None), max((one for one in ends if one), default=None)


@cache
def listing_topics() -> dict[str, tuple[Measure, Scope]]:
    """The topics by which an entity is listed itself, and not only near to one that is (`data/party/topics.csv`), with
    what they mean for it."""
    return {row["topic"]: _kind_of(row) for row in rows_of("topics.csv") if row["lists"] == "yes"}


@cache
def _programmes() -> tuple[tuple[str, tuple[Measure, Scope]], ...]:
    """Words of a programme or reason of listing, folded, with what they mean (`data/party/programmes.csv`)."""
    return tuple((row["words"].casefold(), _kind_of(row)) for row in rows_of("programmes.csv"))


def _kind_of(row: Mapping[str, str]) -> tuple[Measure, Scope]:
    return cast(Measure, row["measure"]), cast(Scope, row["scope"])


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(_BETWEEN) if part.strip()]


def _is_entity(entity: dict[str, Any]) -> bool:
    texts = (entity.get("id"), entity.get("schema"))
    return all(isinstance(one, str) and one for one in texts) and isinstance(entity.get("properties"), dict)


def _texts(properties: dict[str, Any]) -> dict[str, list[str]]:
    """Property → its texts; numbers are written out, what is neither (nested entities) is left out."""
    found: dict[str, list[str]] = {}
    for name, value in properties.items():
        values = value if isinstance(value, list) else [value]
        texts = [str(one).strip() for one in values if isinstance(one, str | int | float)]
        if texts := [one for one in texts if one]:
            found[name] = texts
    return found
