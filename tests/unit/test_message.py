"""Messages: facts by type, words last, in both languages, for whoever may read them."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from lodeline.detection.battery import DETECTORS, TEXTS
from lodeline.language import bilingual
from lodeline.message import (
    ARROW,
    NOTHING,
    Contact,
    Count,
    Day,
    Fact,
    Key,
    Leaf,
    Lot,
    Mass,
    Message,
    Month,
    Name,
    Number,
    Party,
    Percent,
    Series,
    Site,
    Term,
    Texts,
    as_json,
    changed,
    in_words,
    localized,
    message_of,
)
from lodeline.web.words.messages import writer

T = 1_000_000_000
SOLD = Texts(
    "test",
    {
        "sold": bilingual(
            "{who} sold {mass} kg by {month}{more}.", "截至 {month} 月末，{who} 售出 {mass} 千克{more}。"
        ),
        "more": bilingual(", {share} of it to {whom}", "，其中 {share} 售予 {whom}"),
    },
)
EVERY: tuple[Leaf, ...] = (
    Party("SEP-0001"), Site("SEP-0001-A"), Lot("7", "SEP-0001/L-1"), Name("Star BV"), Contact("tel:1"),
    Month("2025-03"), Day("2025-03-31"), Mass(12_987_000_000), Count(1_200), Number(2.25, 1), Number(None, 2),
    Percent(0.031, 1), Key("Nd"), Term("ore", "矿石"),
)  # fmt: skip


def sold(who: Fact, more: Fact = NOTHING) -> Message:
    return SOLD.message("sold", who=who, mass=Mass(12_987_000_000), month=Month("2025-05"), more=more)


def test_programs_get_ids_days_and_kilograms() -> None:
    more = SOLD.message("more", share=Percent(0.25, 0), whom=Series((Name("A"), Party("B"))))
    assert localized([sold(Party("SEP-0005"), more), sold(Lot("7", "M/L"))]) == {
        "en": "SEP-0005 sold 12987 kg by 2025-05, 25 % of it to A, B. M/L sold 12987 kg by 2025-05.",
        "zh": "截至 2025-05 月末，SEP-0005 售出 12987 千克，其中 25 % 售予 A、B。"
        "截至 2025-05 月末，M/L 售出 12987 千克。",
    }


def test_a_page_has_names_and_days_in_words_and_no_blank_between_hanzi() -> None:
    names = {"SEP-0005": "包钢"}
    zh = in_words([sold(Party("SEP-0005"))], "zh", writer("zh", names), close_up=True)
    assert zh.replace("\u202f", "'") == "截至 2025年5月月末，包钢售出 12'987 千克。"
    en = in_words([sold(Party("SEP-0005"))], "en", writer("en", {"SEP-0005": "Baogang"}))
    assert en.replace("\u202f", "'").replace("\u00a0", " ") == "Baogang sold 12'987 kg by May 2025."
    # An id within the name of a lot, or a name that looks like a day, is what its type says.
    lot = in_words([sold(Lot("7", "SEP-0005/S-2025-03"))], "en", writer("en", {"SEP-0005": "Baogang"}))
    assert lot.startswith("SEP-0005/S-2025-03 sold")


def test_every_fact_comes_back_from_json() -> None:
    whole = sold(Series((*EVERY, Series(EVERY, ARROW))), SOLD.message("more", share=NOTHING, whom=Key("x")))
    assert message_of(json.loads(json.dumps(as_json(whole))), SOLD.by_code) == whole
    assert len({frozenset(one.name for one in fields(leaf)) for leaf in {type(one) for one in EVERY}}) == 13


def test_what_a_reader_may_not_know_is_changed_by_its_type() -> None:
    def hidden(fact: Leaf) -> Leaf:
        return Party("~") if isinstance(fact, Party) else fact

    known = changed(sold(Party("mass"), SOLD.message("more", share=Key("mass"), whom=Party("kg"))), hidden)
    assert localized([known])["en"] == "~ sold 12987 kg by 2025-05, mass of it to ~."
    assert "mass" not in str(known.facts["who"])


def test_a_message_has_a_fact_for_each_place_and_no_more() -> None:
    with pytest.raises(AssertionError, match=r"test\.more: facts and places differ in whom"):
        SOLD.message("more", share=Count(1))
    with pytest.raises(AssertionError, match=r"test\.more: facts and places differ in what"):
        SOLD.message("more", share=Count(1), whom=Key("x"), what=Key("y"))


def test_every_text_of_a_detector_is_whole_in_both_languages() -> None:
    assert {code.partition(".")[0] for code in TEXTS} >= {one.name for one in DETECTORS} - {"unexplained-loss"}
    for code, one in TEXTS.items():
        assert one["en"].strip() and one["zh"].strip(), code
