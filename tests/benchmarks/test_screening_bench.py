"""The measures of the bench of names, on answers that one can reckon by hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import screening
from lodeline.party.likeness import likeness
from lodeline.party.name import parsed
from names.pairs import UNSEEN, firms, fresh, further, held, known_elsewhere, language, pairs, unseen
from names.synthetic import names


def test_area_and_f1_of_scores_by_hand() -> None:
    same = np.array([True, True, False, False])
    assert screening.auc(np.array([0.9, 0.4, 0.5, 0.1]), same) == 0.75
    assert screening.auc(np.array([0.5, 0.5, 0.5, 0.5]), same) == 0.5
    assert screening.best_f1(np.array([0.9, 0.4, 0.5, 0.1]), same) == pytest.approx(0.8)


def test_no_firm_is_in_both_halves_and_the_pairs_are_the_same_every_time() -> None:
    every = pairs()
    assert every == pairs()
    of_half = [{one.one for one in every if one.test == half and one.same} for half in (False, True)]
    assert not of_half[0] & of_half[1]


def test_synthetic_names_are_different_and_the_same_for_a_seed() -> None:
    some = names(500, seed=3)
    assert len(set(some)) == 500
    assert some == names(500, seed=3) != names(500, seed=4)


def test_the_language_of_a_name_is_told_by_its_letters_and_its_form() -> None:
    told = {
        "宁波韵升股份有限公司": "Chinese", "Ningbo Yunsheng Co., Ltd.": "English", "Robert Bosch GmbH": "German",
        "Ning Bo Yun Sheng Gu Fen You Xian Gong Si": "pinyin", "住友金属鉱山株式会社": "Japanese in hanzi",
        "ニデック株式会社": "Japanese", "성림첨단산업 주식회사": "Korean", "Công ty Cổ phần Đất hiếm": "Vietnamese",
    }  # fmt: skip
    assert {name: language(name) for name in told} == told


def test_likeness_does_not_depend_on_which_name_comes_first() -> None:
    for one in pairs()[::9]:
        assert likeness(one.one, one.other).probability == pytest.approx(likeness(one.other, one.one).probability)


def test_no_firm_of_the_test_half_is_among_those_that_are_learned_from() -> None:
    of_test = {name for pair in pairs() if pair.test and pair.same for name in (pair.one, pair.other)}
    assert of_test.isdisjoint(name for firm in known_elsewhere() for name in (firm.zh, firm.en))
    assert of_test & {firm.zh for firm in firms()}


def test_no_brand_of_the_test_half_is_among_those_that_hanzi_are_learned_of() -> None:
    of_test = {name for pair in pairs() if pair.test and pair.same for name in (pair.one, pair.other)}
    brands = "|".join(parsed(name).brand_han for name in of_test)
    for table in ("brands", "transcribed"):
        with (UNSEEN.parent / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) > 500
        assert not [row for row in rows if row["han"] in brands], table
    assert {firm.zh for firm in (*unseen(), *further(), *fresh(), *held())}.isdisjoint(of_test)
