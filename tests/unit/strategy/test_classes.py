"""Which class goods are of, and which classes a text means."""

from __future__ import annotations

import polars as pl
import pytest

from lodeline.strategy.classes import class_expr, class_of, is_class, matches, product_of


@pytest.mark.parametrize(
    ("product", "heavy", "goods"),
    [
        ("oxide:Dy", True, "oxide:Dy"),
        ("magnet-ndfeb", True, "magnet-ndfeb+heavy"),
        ("magnet-ndfeb", False, "magnet-ndfeb"),
        ("block", True, "block+heavy"),
        ("magnet-smco", True, "magnet-smco"),
        ("strip-cast", True, "strip-cast"),
    ],
)
def test_one_by_one_and_in_columns(product: str, heavy: bool, goods: str) -> None:
    assert class_of(product, heavy) == goods
    rows = pl.DataFrame({"product": [product], "heavy": [heavy]})
    assert rows.select(class_expr("product", "heavy")).item() == goods
    assert product_of(goods) == product
    assert is_class(goods)


def test_goods_of_which_nobody_knows_the_composition_have_no_heavy_rare_earths() -> None:
    rows = pl.DataFrame({"product": ["block"], "heavy": [None]}, schema={"product": pl.String, "heavy": pl.Boolean})
    assert rows.select(class_expr("product", "heavy")).item() == "block"


def test_a_class_is_meant_by_itself_its_product_and_its_kind() -> None:
    assert matches("oxide:Dy", "oxide")
    assert matches("oxide:Dy", "oxide:Dy")
    assert not matches("oxide:Dy", "oxide:Tb")
    assert matches("magnet-ndfeb+heavy", "magnet-ndfeb")
    assert matches("magnet-ndfeb+heavy", "magnet-ndfeb+heavy")
    assert not matches("magnet-ndfeb", "magnet-ndfeb+heavy")


@pytest.mark.parametrize("text", ["", "unobtainium", "oxide:Dy+heavy", "+heavy"])
def test_what_is_no_class(text: str) -> None:
    assert not is_class(text)
