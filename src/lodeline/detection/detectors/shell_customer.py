"""Several customers that are one: the same address, telephone or name but for a word; they buy and never use.

Loophole: a buyer that may not be supplied, or that wants to stay below a bound, buys under several names. None of them
files, holds a site or passes anything on: what they bought is out of sight.

Innocent: companies of one group, or tenants of one building; a firm that was renamed; a bookkeeper's address.
Ask: who owns and runs the customers; where the goods are used; delivery notes with the place of delivery.
Evidence: what the customers share, then the largest sales to them.
Source: Regulations on dual-use items (know your end user); names are compared after taking away legal forms and common
words, which is an assumption about names, not about people.
"""

from __future__ import annotations

import re
from typing import Any, Final

import polars as pl

from lodeline.detection.detector import Detector
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, Text, ranked, said, spoken_kg
from lodeline.detection.limits import Limits
from lodeline.ledger.register import Register
from lodeline.ledger.roles import FILING_ROLES
from lodeline.material.element import TREO

INNOCENT: tuple[Text, ...] = (
    said("The customers are companies of one group, or tenants of one building.", "客户为同一集团的公司，或同楼租户。"),
    said("A firm was renamed, and both names stand in the register.", "企业更名，新旧名称均在登记簿中。"),
    said("The address is that of a bookkeeper or agent.", "该地址为代理记账机构或代理人地址。"),
)
ASK: tuple[Text, ...] = (
    said("Who owns and who runs each of the customers.", "各客户的股权和实际控制人。"),
    said("Where the goods are used, and for what.", "货物的使用地点和用途。"),
    said("Delivery notes that show where the goods were handed over.", "载明交货地点的送货单。"),
)
#: Aliases that say where or how somebody is reached, and not what it is called.
_CONTACT = re.compile(r"^(addr|address|tel|phone|fax|mail|地址|电话)\s*[:：]", re.IGNORECASE)
#: Words that make a name another one and a firm not.
_COMMON = re.compile(
    r"(?i)\b(co|ltd|inc|llc|gmbh|corp|corporation|company|limited|trading|technology|technologies|new|group|holding|holdings|"
    r"international|industry|industries)\b|有限责任公司|股份有限公司|有限公司|公司|集团|科技|贸易|国际|实业|新"
)
_NOISE = re.compile(r"[（(][^）)]*[）)]|[\s.,，。·'&-]+")


def shell_customer(
    *, lines: pl.DataFrame, lot_assays: pl.DataFrame, register: Register, limits: Limits
) -> list[Finding]:
    """One finding per group of customers that share an address, telephone or name, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `lot_assays` as in `accountancy.frames`.
    Customers are organisations that neither file nor hold a site. The question goes to the firm that sold them most.
    `score` is None: nobody knows how often honest customers share a roof. `mass_mg` is the TREO sold to the group.
    """
    values = limits.on(last_day(lines))
    sinks = _sinks(lines, register)
    sales = lines.filter(
        pl.col("kind").is_in(["shipment", "export", "title"]) & pl.col("party").is_in(sinks["id"].implode())
    )
    if sales.is_empty():
        return []
    buying = sinks.filter(pl.col("id").is_in(sales["party"].unique().implode()))
    groups = [group for group in _groups(buying) if len(group[0]) >= values["least_customers"]]
    weighed = with_treo_mass(sales, lot_assays)
    return ranked(
        _finding(members, shared, weighed.filter(pl.col("party").is_in(members))) for members, shared in groups
    )


DETECTOR: Final = Detector(
    name="shell-customer",
    label=said("Shell customer", "空壳客户"),
    mark=("square", "ink"),
    find=shell_customer,
    labels={
        "shared": said("What they share", "共同之处"),
        "customers": said("Customers", "客户"),
    },
)


def _sinks(lines: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Organisations of the register that neither must file, nor did, nor hold a site."""
    table = register.tables["organisations"]
    filing = pl.col("roles").fill_null([]).list.eval(pl.element().is_in(list(FILING_ROLES))).list.any()
    holders = register.tables["sites"]["organisation"].unique()
    return table.filter(
        ~filing.fill_null(False)
        & ~pl.col("id").is_in(holders.implode())
        & ~pl.col("id").is_in(lines["organisation"].unique().implode())
    ).sort("id")


def _groups(sinks: pl.DataFrame) -> list[tuple[list[str], list[str]]]:
    """(ids, what they share) of customers that share something, each customer in one group."""
    by_trait: dict[str, list[str]] = {}
    for row in sinks.select("id", "name_zh", "name_en", "aliases", "country").iter_rows(named=True):
        for trait in _traits(row):
            by_trait.setdefault(trait, []).append(row["id"])
    group_of: dict[str, set[str]] = {}
    for members in by_trait.values():
        joined = set().union(*(group_of.get(member, {member}) for member in members))
        for member in joined:
            group_of[member] = joined
    groups = {min(group): group for group in group_of.values() if len(group) > 1}
    return [
        (sorted(group), sorted(trait for trait, members in by_trait.items() if len(group.intersection(members)) > 1))
        for _, group in sorted(groups.items())
    ]


def _traits(row: dict[str, Any]) -> set[str]:
    """Contacts as registered, and names without legal forms and common words (with the country, for names abroad)."""
    contacts = {alias.strip().casefold() for alias in row["aliases"] or () if _CONTACT.match(alias.strip())}
    names = {_stem(name) for name in (row["name_zh"], row["name_en"]) if name}
    return contacts | {f"name: {stem} {row['country']}" for stem in names if len(stem) > 3}


def _stem(name: str) -> str:
    return _NOISE.sub("", _COMMON.sub("", _NOISE.sub(" ", name))).casefold()


def _finding(members: list[str], shared: list[str], sales: pl.DataFrame) -> Finding:
    first, last = months_of(sales)
    mass_mg = int(sales["treo_mg"].sum())
    sellers = sales.group_by("organisation").agg(pl.col("treo_mg", "dry_mg").sum())
    seller = str(sellers.sort("treo_mg", "dry_mg", "organisation", descending=[True, True, False])["organisation"][0])
    listed, traits = ", ".join(members), "; ".join(shared[:3])
    return Finding(
        detector=DETECTOR.name,
        subject={"organisation": seller, "customers": listed},
        first_period=first,
        last_period=last,
        score=None,
        mass_mg=mass_mg,
        interval_mg=(mass_mg, None),
        elements=(TREO,) if mass_mg else (),
        explanation=said(
            f"{len(members)} customers ({listed}) share {traits}. They bought {spoken_kg(mass_mg)} kg TREO in"
            f" {sales.height}"
            " rows, and none of them files, holds a site or sells on.",
            f"{len(members)} 家客户（{listed}）共用 {traits}。它们在 {sales.height} 行中购入 {spoken_kg(mass_mg)}"
            " 千克 TREO，"
            "均不申报、无场所，也未转售。",
        ),
        innocent=INNOCENT,
        ask=ASK,
        evidence=(
            {"shared": shared, "customers": members},
            *(
                {"party": row["party"], **described({**row, "seq": row["line"]}, mass=row["dry_mg"])}
                for row in sales.sort("dry_mg", "line", descending=[True, False])
                .head(EVIDENCE_ROWS)
                .iter_rows(named=True)
            ),
        ),
    )
