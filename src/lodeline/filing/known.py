"""What the register says about the names in a filing: sites, parties, methods and models.

Only the distinct names of a filing are looked up, so that a filing of sixty rows costs the same beside ten
organisations and beside ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from lodeline.filing.rules import Rule
from lodeline.ledger.register import CARRIED_OVER, Register
from lodeline.ledger.succession import handovers, holder_on
from lodeline.material.composition import CompositionError, parse_composition
from lodeline.material.mass import MASS_LIMIT_MG

_SITED = ~pl.col("is_void") & ~pl.col("is_title")


def register_rules(judged: pl.DataFrame, register: Register, organisation: str | None) -> Iterator[Rule]:
    """Rules for the names of this filing that the register does not confirm; none where it confirms all."""
    names = judged.select(
        pl.col("site").filter(_SITED).unique().implode(),
        pl.col("to_site").filter("is_shipment").unique().implode(),
        *(pl.col(name).unique().implode() for name in ("counterparty", "counterparty_name", "owner", "method")),
        pl.col("on").min().alias("first"),
        pl.col("on").max().alias("last"),
    ).row(0, named=True)
    used = {name: sorted(value for value in values if value) for name, values in names.items() if _is_list(values)}
    for column, applies in (("site", _SITED), ("to_site", pl.col("is_shipment"))):
        yield from _site_rules(column, applies, used[column], register, organisation)
    sites = {*used["site"], *used["to_site"]}
    if names["first"] is not None:
        yield from _validity_rules(sites, register, names["first"], names["last"])
    for column, code in (("counterparty", "party.unknown"), ("owner", "owner.unknown")):
        if unknown := [name for name in used[column] if name not in register.roles]:
            when = ~pl.col("is_void") & pl.col(column).is_in(unknown)
            yield Rule(code=code, column=column, when=when, facts=lambda row: {"value": row["value"]})
    if used["method"]:
        yield from _method_rules(used["method"], register)
    yield from _named_once(used["counterparty_name"], register)


def _named_once(used: list[str], register: Register) -> Iterator[Rule]:
    """Who is named by one name that the register does not have: with the other one they are found. Once a name."""
    by_name, decided = register.party_by_name, register.party_of
    if unknown := [name for name in used if name.strip().casefold() not in by_name and name not in decided]:
        once = (
            ~pl.col("is_void") & pl.col("counterparty").is_null() & pl.col("counterparty_other_name").is_null()
            & pl.col("counterparty_name").is_in(unknown)
        )  # fmt: skip
        name = pl.when(once).then("counterparty_name")
        yield Rule(
            code="party.named-once", column="counterparty_name", when=once & name.is_first_distinct(),
            facts=lambda row: {"name": row["counterparty_name"]},
        )  # fmt: skip


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _site_rules(
    column: str, applies: pl.Expr, used: list[str], register: Register, organisation: str | None
) -> Iterator[Rule]:
    owners = register.site_organisation
    if unknown := [site for site in used if site not in owners]:
        yield Rule(
            code="site.unknown",
            column=column,
            when=applies & pl.col(column).is_in(unknown),
            facts=lambda row: {"value": row[column]},
        )
    if organisation is None:
        return
    # A site that changed hands is of each holder for its own days.
    moved = {site: found for site, found in handovers(register).items() if site in used}
    for site, found in moved.items():
        days = [one.on for one in found if one.organisation != one.successor]
        own = pl.lit(holder_on(register, site, date.max) == organisation)
        for day, holder in reversed([(one.on, one.organisation) for one in found]):
            own = pl.when(pl.col("on") < day).then(pl.lit(holder == organisation)).otherwise(own)
        if days:
            yield Rule(
                code="site.other-organisation",
                column=column,
                when=applies & (pl.col(column) == site) & ~own,
                facts=lambda row: {
                    "value": row[column], "organisation": holder_on(register, row[column], row["on"]) or "",
                },
            )  # fmt: skip
    foreign = [site for site in used if site not in moved and owners.get(site, organisation) != organisation]
    if foreign:
        yield Rule(
            code="site.other-organisation",
            column=column,
            when=applies & pl.col(column).is_in(foreign),
            facts=lambda row: {"value": row[column], "organisation": owners[row[column]]},
        )


def _validity_rules(sites: set[str], register: Register, first: date, last: date) -> Iterator[Rule]:
    """The sites whose registration does not cover all days of the filing."""
    known = register.tables["sites"]
    bounded = known.filter(
        pl.col("id").is_in(list(sites)) & ((pl.col("valid_from") > first) | (pl.col("valid_to") < last))
    )
    for site, since, until in bounded.select("id", "valid_from", "valid_to").iter_rows():
        day = pl.col("on")
        outside = (day < since if since else pl.lit(False)) | (day > until if until else pl.lit(False))
        yield Rule(
            code="site.not-valid",
            column="site",
            when=_SITED & (pl.col("site") == site) & outside,
            facts=lambda row: {"value": row["site"], "on": str(row["on"])},
        )


def _method_rules(used: list[str], register: Register) -> Iterator[Rule]:
    known = {*register.tables["methods"]["id"], CARRIED_OVER}
    unknown = {
        text: missing
        for text in used
        if (missing := [one.strip() for one in text.split(";") if one.strip() and one.strip() not in known])
    }
    if unknown:
        yield Rule(
            code="method.unknown",
            column="method",
            when=~pl.col("is_void") & pl.col("method").is_in(list(unknown)),
            facts=lambda row: {"value": "; ".join(unknown[row["method"]])},
        )


def with_models(judged: pl.DataFrame, register: Register, organisation: str | None) -> tuple[pl.DataFrame, list[Rule]]:
    """The frame with mass and composition from the register's models where rows leave them empty.

    A row gets its mass from model and pieces; a row that makes a lot gets its composition too, unless it
    says that the composition is unknown. On other rows a composition is an assay of the row's own, which a
    catalogue cannot make. A model is looked for with the filer, then with the other party, then with
    whichever single organisation registered that id.
    """
    models = register.tables["models"]
    used = judged.select("model", "counterparty").filter(pl.col("model").is_not_null()).unique(maintain_order=True)
    if not models.height or not used.height:
        return judged, []
    found, unknown = _choose_models(models, used, organisation)
    rules = []
    if unknown:
        when = ~pl.col("is_void") & pl.col("model").is_in(unknown)
        rules.append(Rule(code="model.unknown", column="model", when=when, facts=lambda row: {"value": row["value"]}))
    key = ["model", "counterparty"]
    matched = judged.select(key).join(found, on=key, how="left", nulls_equal=True, maintain_order="left")
    judged = judged.with_columns(matched["piece_mg"], matched["model_composition"])
    piece, pieces, model_composition = pl.col("piece_mg"), pl.col("pieces"), pl.col("model_composition")
    countable = pieces <= MASS_LIMIT_MG // pl.max_horizontal(piece, 1)
    missing_mass = pl.col("mass_mg").is_null() & ~pl.col("unread_mass_kg") & ~pl.col("is_void")
    lacking = (
        pl.col("makes") & pl.col("composition").is_null() & pl.col("composition_status").ne_missing(pl.lit("unknown"))
    )
    return (
        judged.with_columns(
            pl.when(missing_mass & countable).then(pieces * piece).otherwise("mass_mg").alias("mass_mg"),
            pl.when(lacking).then(model_composition).otherwise("composition").alias("composition"),
            pl.when(lacking & model_composition.is_not_null()).then(None).otherwise("basis_read").alias("basis_read"),
        ).drop("piece_mg", "model_composition"),
        rules,
    )


def _choose_models(
    models: pl.DataFrame, used: pl.DataFrame, organisation: str | None
) -> tuple[pl.DataFrame, list[str]]:
    """(model, counterparty, piece_mg, model_composition) of the models found, and the ids that were not."""
    by_id: dict[str, dict[str, tuple[int | None, str | None]]] = {}
    wanted = models.filter(pl.col("id").is_in(used["model"].unique().to_list()))
    for model, holder, piece_mg, composition in wanted.select(
        "id", "organisation", "mass_per_piece_mg", "composition"
    ).iter_rows():
        by_id.setdefault(model, {})[holder] = (piece_mg, composition if _is_readable(composition) else None)
    rows, unknown = [], set()
    for model, party in used.iter_rows():
        holders = by_id.get(model, {})
        holder = next((one for one in (organisation, party) if one in holders), None)
        if holder is None and len(holders) == 1:
            holder = next(iter(holders))
        if holder is None:
            unknown.add(model)
        else:
            rows.append((model, party, *holders[holder]))
    schema = {
        "model": pl.String(), "counterparty": pl.String(), "piece_mg": pl.Int64(), "model_composition": pl.String(),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row"), sorted(unknown)


def _is_readable(composition: str | None) -> bool:
    try:
        return bool(composition and parse_composition(composition))
    except CompositionError:
        return False
