"""What an authority wants to see at a glance: the national flow, what does not close, who has filed, what is open.

Everything is computed from one snapshot and in integer milligrams; nothing here judges what the detectors have not
judged: a difference is called unexplained only where a finding says that measurement does not explain it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from lodeline.detection.finding import Finding
from lodeline.filing.country import alpha2_by_code
from lodeline.ledger.extension import due
from lodeline.material.element import RARE_EARTHS, SYMBOLS, TREO
from lodeline.material.mass import parse_mass
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.status import filing_status
from lodeline.service.overview.flow_cube import by_element
from lodeline.service.overview.flow_matrix import flow_ends
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: The detectors whose findings say that a difference is beyond measurement, and the sign of the mass they find missing.
SIDES: Mapping[str, int] = {"unexplained-gain": -1, "unexplained-loss": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """The months from the first filed to the last, and the newest of which the filings are in.

    That is one whose deadline had passed with the last filing of the log and that has at least half as many filings as
    the fullest, or one with nine in ten of them. A running month that some have filed says little, and would be read
    as goods that vanished or appeared (assumption: the two shares).
    """

    all: tuple[str, ...]
    newest: str


def months(store: Store, snapshot: Snapshot, law: Jurisdiction) -> Months | None:
    """The months that have been filed; None where nobody has filed."""
    status = filing_status(store, snapshot, law)
    if not status.height:
        return None
    filed = status.filter(pl.col("state") != "missing").group_by("period").len()
    begun = pl.col("len") * 2 >= pl.col("len").max()
    passed = [one for one in filed["period"] if _is_over(one, snapshot, law)]
    whole = filed.filter((begun & pl.col("period").is_in(passed)) | (pl.col("len") * 10 >= pl.col("len").max() * 9))
    return Months(all=tuple(sorted(set(status["period"]))), newest=str(whole["period"].max()))


def _is_over(period: str, snapshot: Snapshot, law: Jurisdiction) -> bool:
    """Whether a month had to be filed by the time of the last filing in the log, or no law says by when."""
    late_from = due(None, period, law, snapshot.register)
    if snapshot.as_of is None or late_from is None:
        return snapshot.as_of is not None
    return late_from <= datetime.fromisoformat(snapshot.as_of)


def elements(snapshot: Snapshot) -> tuple[str, ...]:
    """The rare earths that any lot holds, by atomic number, and their total; never empty."""
    present = set(snapshot.lot_assays.filter(pl.col("ppb") > 0)["element"].unique())
    return (*(symbol for symbol in RARE_EARTHS if SYMBOLS.index(symbol) in present), TREO)


def chain(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """The flow along the chain: `from`, `to`, `element` (symbol), `period`, `mass_mg`.

    Ends are those of `answers.flows`, with traders seen through: what a trader ships comes from the stage that made
    the lot (from `origin:…` where a trader brought it in), and what still lies with traders has not moved. Stock
    that was there at the beginning has not moved either, and what stays within a stage is no flow.
    """
    flows = flow_ends(snapshot, law, "stage").filter((pl.col("to") != "trade") & (pl.col("from") != "origin:opening"))
    stage_of = snapshot.register.tables["sites"].select(made_at="id", made_in="stage")
    brought_in = pl.concat_str(pl.lit("origin:"), pl.col("made_as").fill_null("?"))
    maker = pl.when(pl.col("made_in") == "trade").then(brought_in).otherwise(pl.col("made_in").fill_null("?"))
    moved = (
        flows.join(stage_of, on="made_at", how="left")
        .with_columns(pl.when(pl.col("from") == "trade").then(maker).otherwise("from").alias("from"))
        .filter(pl.col("from") != pl.col("to"))
    )
    return by_element(moved, ["period", "from", "to"]).select("from", "to", "element", "period", "mass_mg")


def crossings(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """What moved from one country to another: `from`, `to` (alpha-2, or `?`), `element` (symbol), `period`, `mass_mg`.

    An imported origin comes from the country that its place begins with (`CN-BAYAN-OBO` lies in CN); all else crosses
    as `answers.flows` has it, by the countries of those who hold the sites.
    """
    flows = flow_ends(snapshot, law, "country").join(home(snapshot), on="site", how="left")
    imported = (pl.col("kind") == "origin") & (pl.col("origin_kind") == "imported")
    place = pl.col("origin_place").str.split("-").list.first()
    place = place.replace_strict(alpha2_by_code(), default=None, return_dtype=pl.String)
    crossed = (
        flows.filter(imported | (~pl.col("from").str.starts_with("origin:") & (pl.col("to") != "loss")))
        .with_columns(
            pl.when(imported).then(place.fill_null("?")).otherwise("from").alias("from"),
            pl.when(imported).then(pl.col("home").fill_null("?")).otherwise("to").alias("to"),
        )
        .filter(pl.col("from") != pl.col("to"))
    )
    return by_element(crossed, ["period", "from", "to"]).select("from", "to", "element", "period", "mass_mg")


def home(snapshot: Snapshot) -> pl.DataFrame:
    """`site`, `home`: the country of the organisation that holds a site; null where the register has none."""
    tables = snapshot.register.tables
    holders = tables["organisations"].select(organisation="id", home="country")
    sites = tables["sites"].select("organisation", site="id")
    return sites.join(holders, on="organisation", how="left").select("site", "home")


def by_country(crossings: pl.DataFrame, *, element: str, period: str) -> tuple[str | None, pl.DataFrame]:
    """What each country took in and sent out in a month, and how much more than in the month before.

    `country`, `in_mg`, `out_mg`, `in_change_mg`, `out_change_mg`, the largest first. The month before is the newest one
    before in which anything crossed a border, and is the first part of the answer; where there is none it is None and
    so are the changes.
    """
    earlier = crossings.filter(pl.col("period") < period)["period"].max()
    before = None if earlier is None else str(earlier)
    own = crossings.filter((pl.col("element") == element) & pl.col("period").is_in([period, before or period]))
    signed = pl.concat(
        [own.select("period", "mass_mg", country=end, way=pl.lit(way)) for end, way in (("to", "in"), ("from", "out"))]
    )
    now = pl.col("period") == period
    sums = [
        pl.col("mass_mg").filter(month & (pl.col("way") == way)).sum().alias(f"{way}_{name}")
        for way in ("in", "out")
        for name, month in (("mg", now), ("before_mg", ~now))
    ]
    change = [
        (pl.col(f"{way}_mg") - pl.col(f"{way}_before_mg") if before else pl.lit(None, pl.Int64)).alias(
            f"{way}_change_mg"
        )
        for way in ("in", "out")
    ]
    rows = signed.group_by("country").agg(sums).with_columns(change)
    return before, rows.drop("in_before_mg", "out_before_mg").sort(-(pl.col("in_mg") + pl.col("out_mg")), "country")


def by_stage(snapshot: Snapshot, balances: pl.DataFrame, *, element: str, period: str) -> pl.DataFrame:
    """What each stage held, took in, gave out and cannot explain in a month, one row per stage of the register.

    `stage`, `sites` (with a balance), `tested` (of them, those whose run between two counts ended that month),
    `opening_mg`, `origin_mg`, `in_mg`, `out_mg`, `export_mg`, `loss_mg`, `adjustment_mg`, `closing_mg` (as counted,
    else book), `difference_mg`, and of the runs that ended `muf_mg`, `sigma_mg` (sites err independently: root of the
    sum of squares). It holds to the milligram:

        opening + origin + in − out − export − loss + adjustment − closing = difference
    """
    stages = snapshot.register.tables["sites"].select("stage", site="id")
    flows = ("origin", "in", "out", "export", "loss", "adjustment")
    rows = balances.filter((pl.col("element") == element) & (pl.col("period") == period))
    by_site = (
        rows.sort("organisation", "site", "until")
        .group_by("organisation", "site", maintain_order=True)
        .agg(
            pl.col("opening_mg").first(),
            *(pl.col(f"{flow}_mg").sum() for flow in flows),
            closing_mg=pl.coalesce("physical_mg", "book_mg").last(),
            muf_mg=pl.col("muf_mg").filter(pl.col("z").is_not_null()).sum(),
            variance=(pl.col("sigma_mg").filter(pl.col("z").is_not_null()) ** 2).sum(),
            tested=pl.col("z").is_not_null().any(),
        )
        .join(stages, on="site", how="left")
    )
    masses = ["opening_mg", *(f"{flow}_mg" for flow in flows), "closing_mg", "muf_mg"]
    return (
        by_site.group_by("stage")
        .agg(
            *(pl.col(mass).sum() for mass in masses), sites=pl.len(), tested=pl.col("tested").sum(),
            sigma_mg=pl.col("variance").sum().sqrt(),
        )
        .with_columns(
            difference_mg=pl.col("opening_mg") + pl.col("origin_mg") + pl.col("in_mg") - pl.col("out_mg")
            - pl.col("export_mg") - pl.col("loss_mg") + pl.col("adjustment_mg") - pl.col("closing_mg")
        )
    )  # fmt: skip


def unexplained(findings: Iterable[Finding]) -> pl.DataFrame:
    """Every balance that a finding says measurement does not explain, one row per finding and balance.

    `finding` (its id), `side` (−1 gain, 1 loss), `organisation`, `site`, `element`, `until` (which balance it is),
    `first_period`, `period` (of the count that showed it), `muf_mg`, `sigma_mg`, `z`.
    """
    rows = [
        (
            found.id, SIDES[found.detector], found.subject["organisation"], found.subject["site"], one["element"],
            date.fromisoformat(one["until"]), found.first_period, one["until"][:7], parse_mass(one["muf_kg"]),
            float(parse_mass(one["sigma_kg"])), one["z"],
        )
        for found in findings
        if found.detector in SIDES
        for one in (item["balance"] for item in found.evidence if "balance" in item)
    ]  # fmt: skip
    schema = {
        "finding": pl.String(), "side": pl.Int64(), "organisation": pl.String(), "site": pl.String(),
        "element": pl.String(), "until": pl.Date(), "first_period": pl.String(), "period": pl.String(),
        "muf_mg": pl.Int64(), "sigma_mg": pl.Float64(), "z": pl.Float64(),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def local_days(moments: pl.Series, law: Jurisdiction) -> pl.Series:
    """The day on which each moment (UTC text) fell in the jurisdiction."""
    zone = ZoneInfo(law.timezone)
    return pl.Series([datetime.fromisoformat(text).astimezone(zone).date() for text in moments], dtype=pl.Date())
