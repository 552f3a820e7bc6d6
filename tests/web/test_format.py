"""Numbers, masses and days as a reader of each language expects them."""

from __future__ import annotations

import pytest

from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import preferred
from lodeline.web.words.lots import composition_text

T = 1_000_000_000


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", "'")


@pytest.mark.parametrize(
    ("mass_mg", "en", "zh"),
    [
        (None, "–", "–"), (0, "0 t", "0吨"), (1_234 * T, "1'234 t", "1'234吨"), (18.44 * T, "18.4 t", "18.4吨"),
        (-0.5 * T, "−500 kg", "−500千克"), (250_000, "250 g", "250克"),
    ],
)  # fmt: skip
def test_mass(mass_mg: float | None, en: str, zh: str) -> None:
    assert (plain(written.mass(mass_mg, "en")), plain(written.mass(mass_mg, "zh"))) == (en, zh)


@pytest.mark.parametrize(
    ("mass_mg", "sigma_mg", "shown"),
    [
        (31.2 * T, 9.1 * T, "31 ± 9 t"), (0.855 * T, 0.074 * T, "855 ± 74 kg"), (1.23 * T, 0.25 * T, "1.23 ± 0.25 t"),
        (5 * T, 40 * T, "5 ± 40 t"), (1.2 * T, None, "1.20 t"), (1.2 * T, 0.0, "1.20 t"),
    ],
)  # fmt: skip
def test_mass_has_as_many_figures_as_its_uncertainty_allows(mass_mg: float, sigma_mg: float | None, shown: str) -> None:
    assert plain(written.mass_with_sigma(mass_mg, sigma_mg, "en")) == shown


def test_days_and_moments() -> None:
    assert plain(written.month("2025-10", "en")) == "October 2025"
    assert written.month("2025-10", "zh") == "2025年10月"
    assert plain(written.day("2026-11-09", "en")) == "9 November 2026"
    assert written.day("2026-11-09", "zh") == "2026年11月9日"
    assert plain(written.moment("2025-12-31T16:30:00Z", "en", "Asia/Shanghai")) == "1 January 2026, 00:30"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.83, "0.83"), (0.0013, "0.0013"), (5e-5, "0.000050"), (3.4e-23, "< 0.000001"), (0, "< 0.000001")],
)  # fmt: skip
def test_probability(value: float, shown: str) -> None:
    assert written.probability(value) == shown


def test_regions_by_their_names() -> None:
    named = {code: (words.region(code, "en"), words.region(code, "zh")) for code in ("CN-SC", "CN-NX", "CN-NM", "XX")}
    assert named == {
        "CN-SC": ("Sichuan", "四川省"), "CN-NX": ("Ningxia", "宁夏回族自治区"), "CN-NM": ("Nei Mongol", "内蒙古自治区"),
        "XX": ("XX", "XX"),
    }  # fmt: skip
    assert words.region("", "en") == ""


def test_a_composition_as_somebody_wrote_it_is_easier_to_read() -> None:
    assert plain(composition_text("Nd=24.1; Pr = 6；Fe=67.5;")) == "Nd 24.1 · Pr 6 · Fe 67.5"
    assert composition_text("") == ""


def test_percent() -> None:
    assert plain(written.percent(0.784, "en")) == "78.4 %"
    assert written.percent(0.784, "zh") == "78.4%"
    assert written.percent(None, "en") == "–"


@pytest.mark.parametrize("header", ["zh;q=high", "en;q=0.1,zh-TW;q=0.2", "zh-Hans-CN"])
def test_language_of_a_browser(header: str) -> None:
    assert preferred(header) == ("en" if "high" in header else "zh")
