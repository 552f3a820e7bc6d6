"""What a value must hold where the program reads it: checked when a pack is loaded, not when it is used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

from lodeline.language import text
from lodeline.material.element import CHEMICAL_NAMES
from lodeline.regulation.document import EVIDENCE, Node, each

#: Raw material, and what is no material and has no element.
RAW_FORMS = ("ore", "waste")
KNOW_HOW_FORMS = ("technology", "equipment")
#: What a list writes for the form where it means goods and raw material of every form.
ANY_FORM = "any"
#: What a list writes for the element where it means any rare earth, told apart or not.
ANY_RARE_EARTH = "REE"
#: The forms in which an element can be listed. `magnet` is a permanent magnet of any kind; the others are of one kind.
FORMS = (
    "metal", "alloy", "target", "magnet-ndfeb", "magnet-smco", "magnet", "oxide", "compound", "phosphor", "crystal",
    "fibre", "magnetocaloric", "magnetostrictive", "getter", "hydrogen-storage", "ceramic",
    *RAW_FORMS, ANY_FORM, *KNOW_HOW_FORMS,
)  # fmt: skip

#: The days of the week, from the first.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Whether the day on which a time limit begins is its first.
FIRST_DAY = ("counted", "not-counted")


def _control_list(node: Node) -> None:
    rows = node.rows()
    if not rows:
        raise node.wrong(text("lists nothing; a list that lists nothing is not written"))
    seen: set[tuple[str, str, str]] = set()

    def item(row: Node) -> None:
        entry = row.table(
            ("item", "form", "label", "evidence"),
            ("element", "named", "codes", "note", "barred", "unknown", "free", "from", "to", "permit", "words"),
        )
        form = entry["form"].choice(FORMS)
        element = _listed_element(row, form)
        for sign in ("barred", "unknown", "free"):
            if sign in entry:
                entry[sign].flag()
        _check_limits(entry)
        entry["label"].labels()
        entry["evidence"].choice(EVIDENCE)
        for words in ("named", "codes"):
            if words in entry:
                entry[words].words()
        key = (entry["item"].text(), element, form)
        if key in seen:
            raise row.wrong(text("stands twice: {key}; remove one", key=" ".join(key)))
        seen.add(key)

    each(rows, item)


def _check_limits(entry: dict[str, Node]) -> None:
    """Shares in percent, the second above the first; another permit, in both languages; words by language."""
    for name in ("from", "to"):
        if name in entry:
            share = entry[name].content
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 100:
                raise entry[name].wrong(text("must be a share from 0 to 100 %"))
    if "to" in entry and entry["to"].content <= (entry["from"].content if "from" in entry else 0):
        raise entry["to"].wrong(text("must be above `from`"))
    if "permit" in entry:
        entry["permit"].labels()
    if "words" in entry:
        for several in entry["words"].table((), tuple(entry["words"].content or ())).values():
            several.words()


def _listed_element(row: Node, form: str) -> str:
    """The element of an item: a form of goods has one, know-how none."""
    entry = row.table((), tuple(row.content))
    if form in KNOW_HOW_FORMS:
        if "element" in entry:
            raise entry["element"].wrong(text("{form} has no element; leave `element` out", form=form))
        return ""
    if "element" not in entry:
        raise row.wrong(text("lacks `element`; add it"))
    element = entry["element"].text()
    if element not in CHEMICAL_NAMES and element != ANY_RARE_EARTH:
        raise entry["element"].wrong(
            text(
                "{element!r} is no element known here; write its symbol, such as Dy or Ga, or REE for any rare earth",
                element=element,
            )
        )
    return element


def _filing_deadline(node: Node) -> None:
    entry = node.table(("day", "time"), ("every_months",))
    if "every_months" in entry and entry["every_months"].content not in (1, 2, 3, 4, 6, 12):
        raise entry["every_months"].wrong(text("must divide a year: 1, 2, 3, 4, 6 or 12"))
    day = entry["day"].content
    if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= 28:
        raise entry["day"].wrong(text("must be a whole number from 1 to 28, for every month has it"))
    try:
        time.fromisoformat(entry["time"].text())
    except ValueError as error:
        raise entry["time"].wrong(text('is no hour; write it like "00:00"')) from error


def _working_days(node: Node) -> None:
    entry = node.table(("weekend", "off", "worked"))
    for day in entry["weekend"].rows():
        day.choice(WEEKDAYS)
    worked = [row.day() for row in entry["worked"].rows()]
    for row in entry["off"].rows():
        holiday = row.table(("label", "from", "to"))
        holiday["label"].labels()
        first, last = holiday["from"].day(), holiday["to"].day()
        if last < first:
            raise holiday["to"].wrong(text("is before `from`; exchange them"))
        both = [day for day in worked if first <= day <= last]
        if both:
            raise row.wrong(text("has {both}, which `worked` has too; a day is one or the other", both=both[0]))


def _day_count(node: Node) -> None:
    node.table(("first_day",))["first_day"].choice(FIRST_DAY)


def _fines(row: Node) -> None:
    """Of both tables of fines: what a breach is, and at least one span of amounts."""
    entry = row.table(
        ("breach",),
        ("article", "breach_kind", "times_gains", "gains_below", "without_gains", "fine", "times", "turnover_least",
         "otherwise", "refusing", "serious"),
    )  # fmt: skip
    entry["breach"].labels()
    spans = [entry[name] for name in ("without_gains", "fine", "otherwise") if name in entry]
    if len(spans) != 1:
        raise row.wrong(text("holds one of `without_gains`, `fine` and `otherwise`; keep one"))
    refused = list(entry["refusing"].table((), ("persons", "firm")).values()) if "refusing" in entry else []
    for span in (*spans, *(entry[name] for name in ("times_gains", "times") if name in entry), *refused):
        if not (
            isinstance(span.content, list)
            and len(span.content) == 2
            and all(isinstance(one, int) and not isinstance(one, bool) for one in span.content)
            and 0 <= span.content[0] <= span.content[1]
        ):
            raise span.wrong(text("must be [least, most], whole numbers"))


def _record_years(node: Node) -> None:
    years = node.table(("years_least",), ("records",))["years_least"]
    if isinstance(years.content, bool) or not isinstance(years.content, int) or not 0 < years.content < 1000:
        raise years.wrong(text("must be a whole number of years"))


#: What a list does to those on it, and which goods it reaches (`party.lists` reads lists that are loaded likewise).
MEASURES = ("barred", "watched", "end-user-ban")
SCOPES = ("dual-use", "all-goods")


def _listed_parties(row: Node) -> None:
    """Of lists of parties: those that an instrument names, by measure; `parties`: how many it lists in all."""
    group = row.table(("measure", "scope", "parties", "source", "named"))
    group["measure"].choice(MEASURES)
    group["scope"].choice(SCOPES)
    group["source"].text()
    named = group["named"].rows()
    count = group["parties"].content
    if isinstance(count, bool) or not isinstance(count, int) or count < len(named):
        raise group["parties"].wrong(
            text("must be a whole number, no less than are named")
        )  # fmt: skip
    for one in named:
        party = one.table(("names", "country"), ("former", "source"))
        party["country"].text()
        if not party["names"].words():
            raise party["names"].wrong(text("names nobody; give a name"))
        if "former" in party:
            party["former"].words()


#: What the words of a use or a user are of; `place` and `denial` are words that make another one mean nothing.
END_WORDS = (
    "military-use", "mass-destruction", "military-strength", "nuclear-programme", "state-forces", "arms-maker",
    "military-user", "user", "resale", "civil", "place", "denial",
)  # fmt: skip
#: Ends and users that an instrument can speak of, which goods it means, and what becomes of a line for it: with
#: `licence` it leaves where the licence that it names was granted for that very use or user.
BARRED_KINDS = (
    "military-user", "military-use", "military-strength", "mass-destruction", "transfer", "listed-party", "destination",
)  # fmt: skip
BARRED_GOODS, BARRED_VERDICTS = ("dual-use", "other", "all"), ("hold", "licence", "query")


def _barred_end_use(row: Node) -> None:
    entry = row.table(("kind", "label"), ("countries", "goods", "verdict", "codes"))
    entry["kind"].choice(BARRED_KINDS)
    entry["label"].labels()
    for name, choices in (("goods", BARRED_GOODS), ("verdict", BARRED_VERDICTS)):
        if name in entry:
            entry[name].choice(choices)
    for name in ("countries", "codes"):
        if name in entry:
            entry[name].words()


def _military_words(row: Node) -> None:
    entry = row.table(("kind", "label", "words"))
    entry["kind"].choice(END_WORDS)
    entry["label"].labels()
    entry["words"].words()


def _rows(check: Callable[[Node], None]) -> Callable[[Node], None]:
    """The check of a list by that of a row."""

    def of_list(node: Node) -> None:
        each(node.rows(), check)

    return of_list


#: By name of the parameter. What only people read is not listed here and may have any shape.
CHECKS: dict[str, Callable[[Node], None]] = {
    "control-list": _control_list, "day-count": _day_count, "filing-deadline": _filing_deadline,
    "working-days": _working_days, "fines": _rows(_fines), "export-fines": _rows(_fines), "record-years": _record_years,
    "listed-parties": _rows(_listed_parties),
    "military-users": _rows(_listed_parties), "military-words": _rows(_military_words),
    "end-use-words": _rows(_military_words), "barred-end-use": _rows(_barred_end_use),
}  # fmt: skip
