"""Every text of the program is in the catalogue of Chinese texts, whole and once."""

from __future__ import annotations

import re

import pytest

from tests.catalogue import DIFFERS, ROOM, catalogue, in_python, places, texts

CHINESE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
#: What both languages write alike: names, signs, units and facts.
_SAME = re.compile(r"(?:[^a-z{}]|\{\w+[^}]*\}|(?<![a-z])[a-z]{1,2}(?![a-z])|(?<=[A-Z])[a-z]+|lodeline)*")


def test_every_text_has_its_chinese_and_nothing_else_is_kept() -> None:
    kept = {(one.context or "", str(one.id)): one for one in catalogue() if one.id}
    wanted = texts()
    assert sorted(wanted.keys() - kept.keys()) == [], "run `make catalogue`, and write the Chinese"
    assert sorted(kept.keys() - wanted.keys()) == [], "run `make catalogue`"
    assert [key for key, one in kept.items() if one.fuzzy] == []
    assert [key for key, one in kept.items() if not one.string] == []


def test_chinese_is_chinese_and_english_is_not() -> None:
    kept = [one for one in catalogue() if one.id]
    assert [one.id for one in kept if CHINESE.search(str(one.id))] == []
    assert [
        one.id for one in kept if not CHINESE.search(str(one.string)) and not _SAME.fullmatch(str(one.string))
    ] == []


def test_a_translation_states_the_same_facts() -> None:
    kept = [one for one in catalogue() if one.id]
    differ = [one for one in kept if places(str(one.id)) != places(str(one.string))]
    assert [one.id for one in differ if DIFFERS not in one.user_comments] == []
    assert [one.id for one in kept if DIFFERS in one.user_comments and one not in differ] == []


@pytest.mark.parametrize("folder", sorted(path.name for path in ROOM.iterdir() if path.is_dir()))
def test_a_call_gives_the_facts_of_its_text(folder: str) -> None:
    """A fact without a place would be lost, and a place without a fact would be an error on the page."""
    kept = {(one.context or "", str(one.id)): str(one.string) for one in catalogue() if one.id}
    for path in sorted((ROOM / folder).rglob("*.py")):
        for key, facts in in_python(path.read_text("utf-8")).items():
            for given in facts:
                asked = places(key[1]) | places(kept[key])
                assert not given or given == asked, f"{path.relative_to(ROOM)}: {key[1]}"
