"""The product taxonomy: what kinds of material there are, at which stage, under which customs headings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from lodeline.tables import table_rows

Feed = Literal["mineral", "secondary", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A kind of material. `feed`: mineral feed draws separation quota when consumed, secondary never does."""

    kind: str
    name_en: str
    name_zh: str
    stage: str
    feed: Feed
    makes_magnet: bool
    hs_codes: tuple[str, ...]
    source: str


def _load() -> dict[str, Product]:
    return {
        row["kind"]: Product(
            kind=row["kind"],
            name_en=row["name_en"],
            name_zh=row["name_zh"],
            stage=row["stage"],
            feed=cast(Feed, row["feed"]),
            makes_magnet=row["makes_magnet"] == "yes",
            hs_codes=tuple(row["hs_codes"].split("|")),
            source=row["source"],
        )
        for row in table_rows("reference/products.csv")
    }


PRODUCTS: dict[str, Product] = _load()
STAGES: tuple[str, ...] = ("mine", "separation", "metal", "alloy", "magnet", "recycling", "trade", "use", "mixed")


def product_kind(code: str) -> str:
    """`oxide:PrNd` → `oxide`."""
    return code.partition(":")[0]
