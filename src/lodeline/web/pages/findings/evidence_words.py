"""What a detector adds to its evidence, in words: each key has a term, each value is written as what it is.

Nothing is left out. What has no table of its own is a term with its value, or a table of all items of the same form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lodeline.accountancy.untestable import REASONS
from lodeline.detection.battery import DETECTORS
from lodeline.detection.finding import Finding
from lodeline.language import Text, bilingual, text
from lodeline.material.mass import parse_mass
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.visit import Visit
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

Item = Mapping[str, Any]

#: Key of evidence → its term: those of each detector, and those that several use. A mass is in kilograms and says so in
#: its value.
TERMS: Final[Mapping[str, Text]] = {
    **{key: text for one in DETECTORS for key, text in one.labels.items()},
    "granted_kg": text("Granted", context="findings"),
    # What several detectors count.
    "rounds": text("Rounds"),
    "hops": text("Firms in the ring"),
    "complete": text("Every hop is filed"),
    "control_date": text("Control in force from"),
    "before": text("Exported rows before"),
    "after": text("Exported rows since"),
    "lots": text("Lots", context="findings"),
    "receiver": text("Receiver"),
    "z": text("Difference in σ"),
    "filed_kg": text("Filed", context="findings"),
    "months": text("Months", context="findings"),
    "parted": text("Of lots that were parted"),
    # Records: a month, a window, a lot, an exception, a correction.
    "period": text("Month", context="findings"),
    "state": text("State"),
    "rows": text("Rows changed"),
    "element": text("Element"),
    "since": text("Since", context="findings"),
    "until": text("Until", context="findings, evidence words"),
    "found_on": text("Seen with the count of"),
    "balances": text("Balances", context="findings"),
    "mass_kg": text("Mass", context="findings"),
    "sigma_kg": text("± σ"),
    "muf_kg": text("Difference", context="findings"),
    "evidence": text("ln of likelihood ratio"),
    "p": text("Probability by chance"),
    "budget": text("Alarm below"),
    "ceiling": text("Probability that so much is found"),
    "findable_kg": text("Found in 19 cases of 20 from"),
    "misfit_p": text("Fit of the likeliest (probability)"),
    "named": text("What came in looks like"),
    "reason": text("Not told from the elements"),
    "unassayed_kg": text("In lots without an assay, from … to"),
    "lot": text("Lot"),
    "product": text("Product"),
    "declaration": text("Declaration", context="findings"),
    "entry": text("Log entry"),
    "movement": text("Row of the ledger"),
    "event": text("Event", context="findings"),
    # What rows of the ledger carry besides.
    "shipper": text("Shipper"),
    "buyer": text("Buyer"),
    "party": text("Counterparty", context="findings"),
    "shipped_kg": text("Shipped", context="findings"),
    "received_kg": text("Received", context="findings"),
    "hs_code": text("HS code"),
    "control_item": text("Control item", context="findings"),
    "currency": text("Currency"),
    "lot_product": text("The lot is"),
}
#: Values that are codes of a detector.
_VALUES: Final[Mapping[str, Text]] = {
    **{code: text for one in DETECTORS for code, text in one.words.items()},
    **exception_words.CAUSES,
}
#: Key of an item that holds one record → the caption of the table of such records.
_RECORDS: Final[Mapping[str, Text]] = {
    "run": text("The window that shows it"),
    "measured": text("Measured beside declared"),
    "untested": text("Balances that could not be tested"),
}
#: First key of an item without a name → the caption of the table of such items.
_LISTS: Final[Mapping[str, Text]] = {
    "period": text("Month by month", context="findings"),
    "lot": text("The lots that matter most"),
    "exception": text("The heaviest exceptions"),
    "entry": text("Rows behind them"),
}
#: Items that have a place of their own on the page.
_ELSEWHERE: Final = frozenset({"balance", "kind", "deadline"})
#: Items that hold terms, and no record.
_TERMS_OF: Final = ("totals", "signature")
#: Detectors whose grant is of oxide, as a quota is.
_OF_OXIDE: Final = frozenset({"used_kg", "overrun_kg"})


def in_all(visit: Visit, finding: Finding) -> list[tuple[str, str]]:
    """What is said of a finding as a whole, as terms and values."""
    terms = []
    for item in finding.evidence:
        if _ELSEWHERE & item.keys() or _RECORDS.keys() & item.keys() or next(iter(item), "") in _LISTS:
            continue
        for key, value in item.items():
            pairs = value if key in _TERMS_OF else {key: value}
            terms += [(term(visit, one, among=pairs), value_text(visit, one, of_it)) for one, of_it in pairs.items()]
    return terms


def further(visit: Visit, finding: Finding) -> list[Table]:
    """Items of the same form as tables: windows, months, lots, exceptions, corrections."""
    of_form: dict[tuple[str, ...], list[Item]] = {}
    captions: dict[tuple[str, ...], Text] = {}
    for item in finding.evidence:
        if _ELSEWHERE & item.keys():
            continue
        first = next(iter(item), "")
        caption, record = _RECORDS.get(first), item
        if caption is not None:
            record = item[first]
        elif (caption := _LISTS.get(first)) is None:
            continue
        # Exceptions name the papers that they have; that is no other form.
        form = (first,) if first == "exception" else (first, *record)
        of_form.setdefault(form, []).append(record)
        captions[form] = caption
    return [
        _table(visit, f"further-{number}", captions[form], records)
        for number, (form, records) in enumerate(of_form.items(), start=1)
    ]


def _table(visit: Visit, name: str, caption: Text, records: Sequence[Item]) -> Table:
    keys = list(dict.fromkeys(key for record in records for key in record))
    numbers = {key for key in keys if _is_number(key, (record.get(key) for record in records))}
    return Table(
        name=name,
        caption=visit.localized(caption),
        columns=tuple(Column(key=key, label=TERMS.get(key, _unnamed(key)), number=key in numbers) for key in keys),
        rows=[tuple(_cell(visit, key, record.get(key)) for key in keys) for record in records],
        empty="",
    )


def _is_number(key: str, values: Iterable[object]) -> bool:
    return key.endswith("_kg") or all(isinstance(value, int | float) for value in values if value is not None)


def _cell(visit: Visit, key: str, value: Any) -> Cell:
    plain = float(value) if key.endswith("_kg") and isinstance(value, str) else value
    return Cell(
        text=value_text(visit, key, value),
        value=plain if isinstance(plain, str | int | float | None) else value_text(visit, key, value),
        href=visit.url("entry", entry=value) if key in ("entry", "corrects") and value is not None
        else visit.url("lot", lot=value) if key == "lot" else None,
    )  # fmt: skip


def besides(visit: Visit, item: Item, keys: Iterable[str]) -> str:
    """What a row of the ledger says besides `keys`, in one line."""
    left = [(key, value) for key, value in item.items() if key not in keys and value is not None]
    colon = visit.text(": ")
    stated = visit.text("Composition stated")
    return visit.text("; ", context="findings").join(
        f"{stated if key == 'composition' else term(visit, key)}{colon}{value_text(visit, key, value)}"
        for key, value in left
    )


def term(visit: Visit, key: str, *, among: Item | None = None) -> str:
    """What a key is called. A grant that stands beside what was used of a quota is of oxide."""
    if key == "granted_kg" and among is not None and _OF_OXIDE & among.keys():
        return visit.text("Granted, REO", context="findings")
    return visit.localized(TERMS.get(key, _unnamed(key)))


def _unnamed(key: str) -> Text:
    """A key that nobody has named here yet: its own words, and never the way a program writes it."""
    plain = key.replace("_", " ")
    return bilingual(plain[:1].upper() + plain[1:], plain)


def value_text(visit: Visit, key: str, value: Any) -> str:
    """A value as it is read: masses, days, shares and codes in words; what holds several is a sentence."""
    language = visit.language
    if value is None:
        return written.NOTHING
    if isinstance(value, bool):
        return visit.text("yes", context="findings") if value else visit.text("no", context="findings")
    if isinstance(value, Mapping):
        return visit.text(", ", context="findings, evidence words").join(_counted(visit, key, value))
    if key == "named":
        return _named(visit, value)
    if isinstance(value, list | tuple):
        between = visit.text(" to ") if key.endswith("_kg") else visit.text(", ", context="findings, evidence words")
        return between.join(value_text(visit, key, one) for one in value)
    if key.endswith("_kg"):
        return written.mass(parse_mass(str(value)), language)
    if key.endswith(("_on", "_date")) or key in ("since", "until", "on"):
        return written.day(str(value), language)
    if key == "filed_at":
        return written.moment(str(value), language, visit.reading.law.timezone)
    if isinstance(value, float):
        return written.number(value) if value == 0 or abs(value) >= 1e-3 else f"{value:.1e}"
    if isinstance(value, int):
        return written.count(value)
    return _text(visit, key, str(value))


def _text(visit: Visit, key: str, value: str) -> str:
    if key == "period":
        return written.month(value, visit.language)
    if key in ("product", "lot_product"):
        return lot_words.product(value, visit.language)
    if key == "reason" and value in REASONS:
        return visit.localized(REASONS[value])
    if key == "element":
        return f"{value} {words.element(value, visit.language)}"
    return words.word(_VALUES, value, visit.language) if key in ("state", "cause", "contradicts") else value


def _counted(visit: Visit, key: str, counts: Mapping[str, Any]) -> Iterator[str]:
    """`{"US": 3}` → `United States 3`: rows by country, or by what is wrong with them."""
    for one, number in counts.items():
        named = words.word(_VALUES, one, visit.language) if one in _VALUES else one
        if key in ("before", "after"):
            named = words.country(one, visit.language)
        yield f"{named} {value_text(visit, one, number)}"


def _named(visit: Visit, named: Sequence[Item]) -> str:
    """The signatures that the elements cannot be told from, the likeliest first."""
    if not named:
        return visit.text("none for sure")
    return visit.text("; ", context="findings").join(
        f"{visit.localized({'en': one['en'], 'zh': one['zh']})} {written.percent(one['probability'], visit.language)}"
        for one in named
    )
