"""Rounds among firms, as two detectors need them: of goods that move, and of titles that move without goods.

What is found is certain: every hop is a row. Whether it is innocent is not for a probability to say, so rounds have no
score.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.detection.evidence import months_of, with_treo_mass
from lodeline.flow.cycles import Kept, Transfers, can_return, find_cycles
from lodeline.language import text
from lodeline.material.element import RARE_EARTHS
from lodeline.message import ARROW, Count, Fact, Name, Party, Series, Term, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Firms through which something went round. `hops` are the rows of all its rounds, `rounds` how many there were.

    `first` and `last` are months; `mass_mg` (dry) and `treo_mg` are sums over rounds of what each began with.
    `complete`: the search was not cut short, so there are no more rounds than these.
    """

    members: tuple[str, ...]
    rounds: int
    hops: pl.DataFrame
    first: str
    last: str
    mass_mg: int
    treo_mg: int
    complete: bool


#: Whom goods go from, to whom, and what goods: no round leads along any other way.
WAY: Final = ("source", "target", "product")


def ways_of(hops: pl.DataFrame) -> pl.DataFrame:
    """The ways (`WAY`) that hops take, each once; `hops` as `rings` takes them."""
    return _countable(hops).select("source", "target", pl.col("product").fill_null("")).unique()


def ways_back(ways: pl.DataFrame) -> pl.DataFrame:
    """The ways that may be part of a round: those left when what leads nowhere, or comes from nowhere, is taken away.

    Most of an industry runs one way, from mine to magnet: the hops themselves need not be looked at.
    """
    spots = pl.concat([ways.select("product", spot=end) for end in WAY[:2]]).unique().with_row_index("place")
    ends = [
        ways.join(spots, left_on=["product", end], right_on=["product", "spot"], maintain_order="left")["place"]
        for end in WAY[:2]
    ]
    leaves, arrives = (one.cast(pl.Int64).to_numpy() for one in ends)
    return ways.filter(pl.Series(can_return(leaves, arrives, spots.height), dtype=pl.Boolean))


def _countable(hops: pl.DataFrame) -> pl.DataFrame:
    return hops.filter(pl.col("source").is_not_null() & pl.col("target").is_not_null() & (pl.col("mass_mg") > 0))


def rings(
    hops: pl.DataFrame, lot_assays: pl.DataFrame, values: Mapping[str, float],
    follows: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = lambda one, other: True,
) -> list[Ring]:  # fmt: skip
    """The rings of `hops`: `source`, `target`, `lot`, `product`, `on`, `mass_mg` and whatever names the row.

    Kept are product, mass and composition within `values` (`hops`, `days`, `stay_days`, `mass_pct`, `share_pct`).
    Rounds through the same firms in the same order are one ring. `follows`: whether the goods of a hop may be those of
    the one before.
    """
    known = _countable(hops).sort("on", "source", "target", "lot", "seq")
    if known.height < 2:
        return []
    found = find_cycles(
        _arrays(known, lot_assays),
        Kept(
            hops=int(values["hops"]),
            days=int(values["days"]),
            stay_days=int(values["stay_days"]),
            mass_ppm=round(values["mass_pct"] * 10_000),
            share_ppb=round(values["share_pct"] * 10_000_000),
        ),
    )
    if not found:
        return []
    rounds: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    sources = known["source"].to_list()
    for place in range(len(found)):
        chain = found[place]
        if not all(follows(*known[list(pair)].to_dicts()) for pair in pairwise(chain)):
            continue
        rounds.setdefault(_turned(tuple(sources[hop] for hop in chain)), []).append(chain)
    weighed = with_treo_mass(known, lot_assays, mass="mass_mg")
    return [_ring(members, chains, weighed, complete=found.complete) for members, chains in sorted(rounds.items())]


def _arrays(known: pl.DataFrame, lot_assays: pl.DataFrame) -> Transfers:
    """The hops as the search takes them; a lot that nobody assayed has a composition of nothing but zeros."""
    firms = pl.concat([known["source"], known["target"]]).unique().sort()
    numbers = pl.Enum(firms)
    lots = known["lot"].unique().sort()
    share_ppb = np.zeros((len(lots), len(RARE_EARTHS)), np.int32)
    held = lot_assays.filter(pl.col("element") < len(RARE_EARTHS)).join(
        lots.to_frame("lot").with_row_index("place"), on="lot"
    )
    share_ppb[held["place"].to_numpy(), held["element"].to_numpy()] = held["ppb"].to_numpy()
    return Transfers(
        source=known["source"].cast(numbers).to_physical().cast(pl.Int32).to_numpy(),
        target=known["target"].cast(numbers).to_physical().cast(pl.Int32).to_numpy(),
        goods=known["product"].fill_null("").rank("dense").cast(pl.Int32).to_numpy() - 1,
        day=known["on"].to_physical().cast(pl.Int32).to_numpy(),
        mass_mg=known["mass_mg"].to_numpy(),
        share_ppb=share_ppb[lots.search_sorted(known["lot"]).to_numpy()],
    )


def _turned(members: tuple[str, ...]) -> tuple[str, ...]:
    """The same round from its first name on, wherever it began."""
    first = members.index(min(members))
    return members[first:] + members[:first]


def _ring(members: tuple[str, ...], chains: list[tuple[int, ...]], hops: pl.DataFrame, *, complete: bool) -> Ring:
    # Where a round began says who is asked first.
    began = hops["source"][chains[0][0]]
    first = members.index(began)
    rows = hops[sorted({hop for chain in chains for hop in chain})]
    began_in, ended_in = months_of(rows)
    openings = hops[[chain[0] for chain in chains]].unique("seq")
    return Ring(
        members=members[first:] + members[:first],
        rounds=openings.height,
        hops=rows,
        first=began_in,
        last=ended_in,
        mass_mg=int(openings["mass_mg"].sum()),
        treo_mg=int(openings["treo_mg"].sum()),
        complete=complete,
    )


TEXTS: Final = Texts("ring", {"times": text("{rounds} times")})


def ring_fact(ring: Ring, names: Container[str] = ()) -> Series:
    """The firms in a line: A → B → A. `names`: those of them that are not registered."""
    line = (*ring.members, ring.members[0])
    return Series(tuple(Name(one) if one in names else Party(one) for one in line), ARROW)


def times(ring: Ring) -> Fact:
    """How often it went round."""
    return Term(**text("once")) if ring.rounds == 1 else TEXTS.message("times", rounds=Count(ring.rounds))


def subject_of(ring: Ring) -> dict[str, str]:
    """The firm where it began, and the ring."""
    return {"organisation": ring.members[0], "ring": " → ".join((*ring.members, ring.members[0]))}


def hop_rows(ring: Ring, kind: str) -> list[dict[str, Any]]:
    """The rows of a ring with `kind`, in order of days."""
    return ring.hops.with_columns(kind=pl.lit(kind)).sort("on", "seq").to_dicts()
