"""Classes of goods: a product, and of magnets and blocks those with dysprosium or terbium apart.

A control of heavy rare earths touches the ones and not the others; models are not told apart, since hardly a plant
takes enough of one for its flows to say anything.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.material.product import PRODUCTS, product_kind

#: The rare earths that make a magnet one of a class by itself.
HEAVY: Final = ("Dy", "Tb")
#: Kinds of product that are parted by them.
PARTED: Final = ("magnet-ndfeb", "block")
_MARK: Final = "+heavy"


def class_of(product: str, has_heavy: bool) -> str:
    """The class of goods of a product code; `has_heavy`: one of HEAVY is in their composition."""
    return product + _MARK if has_heavy and product_kind(product) in PARTED else product


def class_expr(product: str | pl.Expr, has_heavy: str | pl.Expr) -> pl.Expr:
    """`class_of` of columns: String and Boolean; a null in `has_heavy` is one that has none."""
    code = pl.col(product) if isinstance(product, str) else product
    heavy = pl.col(has_heavy) if isinstance(has_heavy, str) else has_heavy
    parted = heavy.fill_null(False) & code.str.split(":").list.first().is_in(PARTED)
    return pl.when(parted).then(pl.concat_str(code, pl.lit(_MARK))).otherwise(code)


def product_of(goods: str) -> str:
    """The product code of a class."""
    return goods.removesuffix(_MARK)


def is_class(goods: str) -> bool:
    """Whether a text can be a class: a product of the list, marked only where its kind is parted."""

    kind = product_kind(product_of(goods))
    return kind in PRODUCTS and (not goods.endswith(_MARK) or kind in PARTED)


def matches(goods: str, wanted: str) -> bool:
    """Whether a class is the one that is wanted, or of the product or kind that is.

    `magnet-ndfeb` is a product too: it means those with heavy rare earths and those without.
    """
    product = product_of(goods)
    return wanted in (goods, product, product_kind(product))
