"""Compositions of a whole filing at once: each distinct text is read once, exactly as `lodeline.material` reads it.

Few texts are read one by one by `material.composition`. Of many, those that are written plainly are read
as columns with the same arithmetic, and every other by `material.composition`, which also names what is
wrong. A property test holds the two to the same integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.material.composition import SUM_LIMIT_PPB, CompositionError, format_composition, read_stated
from lodeline.material.element import ELEMENT_PER_OXIDE_PPB, RARE_EARTHS, STATED_SYMBOLS, SYMBOLS, TREO
from lodeline.material.mass import PPB_PER_PERCENT, scale_ppb

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_TREO_INDEX = SYMBOLS.index(TREO)
_INDEX = {symbol: place for place, symbol in enumerate(SYMBOLS)}
_RARE_EARTH_COUNT = len(RARE_EARTHS)
_PROMETHIUM = SYMBOLS.index("Pm")
#: Up to so many distinct texts one by one is quicker than setting up expressions.
ONE_BY_ONE_LIMIT = 400
#: A sum that is wrong by far more is shown as this.
_MOST_PERCENT = 1e6
#: So many texts are taken apart at a time: a part of a text costs ten times the memory of its share.
PIECE_TEXTS = 65_536
#: The schemas of `Compositions`.
TEXTS = {
    "text": pl.UInt32(), "canonical": pl.String(), "carries": pl.Boolean(), "sum_ppb": pl.Int64(), "code": pl.String(),
}  # fmt: skip
_SHARES = {"text": pl.UInt32(), "element": pl.UInt8(), "ppb": pl.Int64()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compositions:
    """The distinct compositions of a filing.

    `texts`: one row for each distinct (composition, basis): `text` UInt32 its number, `canonical` String,
    `carries` Boolean (any rare earth above zero), `sum_ppb` Int64 the largest sum that must stay below 100 %,
    `code` String, what is wrong with it, or null.
    `shares`: text UInt32, element UInt8 (index into SYMBOLS), ppb Int64, of the texts without fault. Elements that the
    ledger does not follow are in `canonical` and `sum_ppb` alone.
    """

    texts: pl.DataFrame
    shares: pl.DataFrame


_NUMBER = pl.int_range(pl.len(), dtype=pl.UInt32).alias("text")
_BASIS = (
    pl.when(pl.col("basis_read").is_in(["oxide", "reo-share"]))
    .then("basis_read")
    .otherwise(pl.lit("element"))
    .alias("basis")
)


def read_compositions(pairs: pl.DataFrame) -> Compositions:
    """Compositions of distinct `composition`, `basis_read` (String; basis null or unknown means element)."""
    pieces = [_read_piece(piece) for piece in pairs.iter_slices(PIECE_TEXTS)] or [_read_piece(pairs)]
    if len(pieces) == 1:
        return pieces[0]
    firsts = [pl.lit(place * PIECE_TEXTS, pl.UInt32()) for place in range(len(pieces))]
    return Compositions(
        texts=pl.concat(
            one.texts.with_columns(pl.col("text") + first) for one, first in zip(pieces, firsts, strict=True)
        ),
        shares=pl.concat(
            one.shares.with_columns(pl.col("text") + first) for one, first in zip(pieces, firsts, strict=True)
        ),
    )


def _read_piece(pairs: pl.DataFrame) -> Compositions:
    pairs = pairs.select(_NUMBER, "composition", _BASIS)
    if pairs.height <= ONE_BY_ONE_LIMIT:
        return _one_by_one(pairs)
    plain = _by_columns(pairs)
    others = _one_by_one(pairs.join(plain.texts, on="text", how="anti"))
    if not others.texts.height:
        return plain
    return Compositions(
        texts=pl.concat([plain.texts, others.texts]).sort("text"),
        shares=pl.concat([plain.shares, others.shares]).sort("text", "element"),
    )


def _one_by_one(pairs: pl.DataFrame) -> Compositions:
    texts: list[tuple[int, str | None, bool, int, str | None]] = []
    shares: list[tuple[int, int, int]] = []
    for number, text, basis in pairs.iter_rows():
        try:
            stated = read_stated(text, basis)
        except CompositionError as error:
            shown = _plain_shares(text) if error.code == "composition.not-a-share" else []
            over = any(share > SUM_LIMIT_PPB / PPB_PER_PERCENT for share in shown)
            # A share above 100.5 % is a wrong sum.
            total = round(min(sum(shown), _MOST_PERCENT) * PPB_PER_PERCENT) if over else error.sum_ppb
            texts.append((number, None, False, total, "composition.over-100" if over else error.code))
            continue
        found = stated.shares
        carries = any(found.get(symbol) for symbol in (*RARE_EARTHS, TREO))
        texts.append((number, format_composition(found), carries, max(stated.sum_ppb, stated.of_treo_ppb), None))
        shares += [(number, _INDEX[symbol], ppb) for symbol, ppb in found.items() if symbol in _INDEX]
    shares.sort()
    return Compositions(
        texts=pl.DataFrame(
            texts,
            schema=TEXTS,
            orient="row",
        ),
        shares=pl.DataFrame(shares, schema=_SHARES, orient="row"),
    )  # fmt: skip


def _plain_shares(text: str) -> list[float]:
    """The shares that are plain numbers, in per cent."""
    shares = [part.partition("=")[2].strip() for part in text.split(";")]
    return [float(share) for share in shares if share.replace(".", "", 1).isdecimal()]


def _by_columns(pairs: pl.DataFrame) -> Compositions:
    """The plainly written ones of many distinct texts; what is not plain, or wrong, is absent."""
    texts, elements, stated = _stated(pairs)
    count = pairs.height
    read = stated >= 0
    used = np.unique(elements[read])
    column_of = np.zeros(len(STATED_SYMBOLS), np.int64)
    column_of[used] = np.arange(len(used))
    shares = np.full((len(used), count), -1, np.int64)
    shares[column_of[elements[read]], texts[read]] = stated[read]
    # A part that was not read, or an element that overwrote itself, leaves fewer shares than parts.
    plain = ((shares >= 0).sum(axis=0) == np.bincount(texts, minlength=count)) & (
        np.bincount(texts, minlength=count) > 0
    )
    on_element = _on_element_basis(shares, used, pairs["basis"], plain)
    total = np.maximum(
        _counted(shares, used, pairs["basis"]), np.where(on_element > 0, on_element, 0)[used != _TREO_INDEX].sum(axis=0)
    )
    rare = (used < _RARE_EARTH_COUNT) | (used == _TREO_INDEX)
    plain &= total <= SUM_LIMIT_PPB
    on_element[:, ~plain] = -1
    text_of, column = np.nonzero(on_element[used < len(SYMBOLS)].T >= 0)
    found = pl.DataFrame(
        {
            "text": pl.int_range(count, dtype=pl.UInt32, eager=True),
            "carries": (on_element[rare] > 0).any(axis=0),
            "sum_ppb": total,
        }
        | {STATED_SYMBOLS[element]: on_element[place] for place, element in enumerate(used.tolist())}
    ).filter(pl.Series(plain))
    return Compositions(
        texts=found.select("text", _canonical(used), "carries", "sum_ppb", *_NO_FAULT),
        shares=pl.DataFrame(
            {"text": text_of, "element": used[column], "ppb": on_element[column, text_of]}, schema=_SHARES
        ),
    )


_NO_FAULT = (pl.lit(None, pl.String()).alias("code"),)


def _stated(pairs: pl.DataFrame) -> tuple[Integers, Integers, Integers]:
    """(text, element, ppb) of every part as stated; ppb is -1 where the part is not plainly written."""
    part = pl.col("part").str.strip_chars()
    groups = part.str.extract_groups(r"^([A-Za-z]{1,4})\s*=\s*([0-9]{1,3}(?:\.[0-9]{1,7})?)$")
    symbol, share = groups.struct.field("1").str.to_lowercase(), groups.struct.field("2")
    folded = {name.casefold(): place for place, name in enumerate(STATED_SYMBOLS)}
    ppb = share.str.to_decimal(scale=7).to_physical().cast(pl.Int64)
    parts = (
        pairs.lazy()
        .select("text", pl.col("composition").str.split(";").alias("part"))
        .explode("part", empty_as_null=False, keep_nulls=False)
        .filter(part != "")
        .select(
            "text",
            symbol.replace_strict(list(folded), list(folded.values()), default=None, return_dtype=pl.Int64).alias(
                "element"
            ),
            pl.when(ppb <= SUM_LIMIT_PPB).then(ppb).alias("ppb"),
        )
        .with_columns(
            pl.col("element").fill_null(0),
            pl.when(pl.col("element").is_null()).then(-1).otherwise("ppb").fill_null(-1).alias("ppb"),
        )
        .collect()
    )
    return parts["text"].to_numpy().astype(np.int64), parts["element"].to_numpy(), parts["ppb"].to_numpy()


def _on_element_basis(shares: Integers, used: Integers, basis: pl.Series, plain: Bools) -> Integers:
    """The shares on the element basis, by the arithmetic of `material`; texts it refuses leave `plain`."""
    is_oxide, is_share = (basis == "oxide").to_numpy(), (basis == "reo-share").to_numpy()
    treo = shares[used.tolist().index(_TREO_INDEX)] if _TREO_INDEX in used else np.full(shares.shape[1], -1)
    plain &= ~(is_share & (treo < 0))
    if _PROMETHIUM in used:
        plain &= ~((is_oxide | is_share) & (shares[used.tolist().index(_PROMETHIUM)] >= 0))
    converted = shares.copy()
    for place, element in enumerate(used.tolist()):
        factor = ELEMENT_PER_OXIDE_PPB.get(STATED_SYMBOLS[element])
        if factor is not None:
            of_dry_mass = np.where(is_share, scale_ppb(shares[place], treo), shares[place])
            by_oxide = (is_oxide | is_share) & (shares[place] >= 0)
            converted[place] = np.where(by_oxide, scale_ppb(of_dry_mass, factor), shares[place])
    return converted


def _counted(shares: Integers, used: Integers, basis: pl.Series) -> Integers:
    """The sum of every text as stated, without TREO; of shares of TREO, the sum of these."""
    filled = np.maximum(shares, 0)
    all_but_treo = filled[used != _TREO_INDEX].sum(axis=0)
    with_factor = np.array([STATED_SYMBOLS[element] in ELEMENT_PER_OXIDE_PPB for element in used], bool)
    counted: Integers = np.where((basis == "reo-share").to_numpy(), filled[with_factor].sum(axis=0), all_but_treo)
    return counted


def _canonical(used: Integers) -> pl.Expr:
    """`material.format_composition` of the columns named by element, -1 where it is not stated."""
    symbols = [STATED_SYMBOLS[element] for element in used.tolist()]
    if not symbols:
        return pl.lit(None, pl.String()).alias("canonical")
    members = [
        pl.when(pl.col(symbol) >= 0).then(pl.lit(f"{symbol}=") + pl.col(symbol).cast(pl.String)) for symbol in symbols
    ]
    return pl.concat_str(members, separator=";", ignore_nulls=True).alias("canonical")
