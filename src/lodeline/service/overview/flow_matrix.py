"""The flow matrix: how much of each element went from where to where, month by month."""

from __future__ import annotations

import polars as pl

from lodeline.ledger.register import Register
from lodeline.ledger.succession import handovers
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.subject import Json, known_element
from lodeline.service.overview.flow_cube import by_element, flow_cube
from lodeline.store.snapshot import Snapshot


def _within(rows: pl.DataFrame, first: str | None, last: str | None) -> pl.DataFrame:
    if first is not None:
        rows = rows.filter(pl.col("period") >= first)
    if last is not None:
        rows = rows.filter(pl.col("period") <= last)
    return rows


def flows(
    snapshot: Snapshot,
    law: Jurisdiction,
    *,
    element: str | None = None,
    first: str | None = None,
    last: str | None = None,
    by: str = "stage",
) -> Json:
    """The flow matrix: mass of each element from each stage (organisation, country) to each, by month.

    Origins flow in from `origin:<kind>`; exports and shipments abroad flow out to `abroad:<country>`, domestic
    customers without a site are `use`; processing within a site moves nothing here.
    """
    wanted = None if element is None else SYMBOLS[known_element(element)]
    sums = by_element(flow_ends(snapshot, law, by), ["period", "from", "to"], element=wanted)
    rows = sums.sort("period", pl.col("element").cast(pl.Enum(SYMBOLS)), "from", "to")
    return {
        "rows": [
            {"from": source, "to": target, "element": symbol, "period": period, "mass_kg": format_kg(mass_mg)}
            for period, source, target, symbol, mass_mg in _within(rows, first, last).iter_rows()
        ]
    }


def flow_ends(snapshot: Snapshot, law: Jurisdiction, by: str) -> pl.DataFrame:
    """The rows of the cube (`flow_cube.FLOW`) with `from` and `to`, the ends between which mass moved."""
    return with_ends(flow_cube(snapshot), snapshot.register, law, by)


def with_ends(flows: pl.DataFrame, register: Register, law: Jurisdiction, by: str) -> pl.DataFrame:
    """Rows that say what the cube says of a flow, with `from` and `to`."""
    sites = register.tables["sites"].select(site="id", stage="stage", holder="organisation")
    organisations = register.tables["organisations"].select(holder="id", country="country")
    site_end = (
        sites.join(organisations, on="holder", how="left")
        .select("site", end={"stage": "stage", "organisation": "holder", "country": "country"}[by])
        .with_columns(pl.col("end").fill_null("?"))
    )
    country = pl.col("country").fill_null("?")
    siteless = {
        "organisation": pl.col("holder"),
        "country": country,
        "stage": pl.when(pl.col("country") == law.country)
        .then(pl.lit("use"))
        .otherwise(pl.concat_str(pl.lit("abroad:"), country)),
    }[by]
    # A receiver is the site that received the lot; where nobody has, the organisation's first site stands in.
    # A firm that has handed over its sites received at them as long as it held them.
    moved = handovers(register)
    before = [(site, one.organisation) for site, found in moved.items() for one in found if by != "organisation"]
    held = pl.DataFrame(before, schema={"site": pl.String(), "holder": pl.String()}, orient="row")
    first_site = (
        pl.concat([sites.select("site", "holder"), held])
        .group_by("holder", maintain_order=True)
        .agg(pl.col("site").first())
    )
    party_end = (
        organisations.join(first_site, on="holder", how="left")
        .join(site_end, on="site", how="left")
        .select(party="holder", party_end=pl.coalesce("end", siteless))
    )
    flows = (
        flows.join(site_end, on="site", how="left", maintain_order="left")
        .join(site_end.rename({"site": "received_at", "end": "receiver_end"}), on="received_at", how="left",
              maintain_order="left")
        .join(party_end, on="party", how="left", maintain_order="left")
    )  # fmt: skip
    if by == "organisation" and moved:
        # What was filed at a site stays with who filed it.
        flows = flows.with_columns(
            pl.when(pl.col(place).is_in(list(moved))).then(filer).otherwise(end).alias(end)
            for place, filer, end in (("site", "organisation", "end"), ("received_at", "party", "receiver_end"))
        )
    abroad = pl.concat_str(pl.lit("" if by == "country" else "abroad:"), pl.col("country").fill_null("?"))
    source = (
        pl.when(pl.col("kind") == "origin")
        .then(pl.concat_str(pl.lit("origin:"), pl.col("origin_kind").fill_null("?")))
        .otherwise("end")
    )
    target = (
        pl.when(pl.col("kind") == "origin")
        .then("end")
        .when(pl.col("kind") == "export")
        .then(abroad)
        .when(pl.col("kind") == "loss")
        .then(pl.lit("loss"))
        .otherwise(pl.coalesce("receiver_end", "party_end", abroad))
    )
    return flows.with_columns(source.alias("from"), target.alias("to")).drop("end", "receiver_end", "party_end")
