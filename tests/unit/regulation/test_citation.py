"""What several rules cite of one instrument is named once, in the order of the text."""

from __future__ import annotations

from lodeline.regulation.instrument import Citation, articles_once


def cited(*places: tuple[str, str]) -> tuple[str, str]:
    found = articles_once([Citation(instrument="edict", article={"en": en, "zh": zh}) for en, zh in places])
    return found["en"], found["zh"]


def test_an_article_that_two_rules_cite_is_named_once() -> None:
    both = cited(("articles 17 and 26", "第十七条、第二十六条"), ("article 17", "第十七条"))
    assert both == ("articles 17 and 26", "第十七条、第二十六条")
    assert cited(("article 18", "第十八条"), ("articles 9 and 26", "第九条、第二十六条")) == (
        "articles 9, 18 and 26", "第九条、第十八条、第二十六条",
    )  # fmt: skip
    assert cited(("article 17", "第十七条"), ("article 17", "第十七条")) == ("article 17", "第十七条")


def test_a_place_within_an_article_stands_beside_it_as_it_is_written() -> None:
    items = ("items 2B902", "2B902各项")
    assert cited(items, ("article 17", "第十七条"), items) == ("article 17, items 2B902", "第十七条、2B902各项")
    spans = ("articles 21–23 and 25–26", "第二十一条至第二十三条、第二十五条、第二十六条")
    assert cited(spans) == spans
