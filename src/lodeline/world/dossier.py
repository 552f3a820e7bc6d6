"""A world as a directory in the exchange format: registers, grants, filings in the order they came in.

The same arguments give the same bytes. What was put in is written beside the directory, not inside it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from lodeline.world.border import Licences
from lodeline.world.feeds import Authorities
from lodeline.world.gauge import composition_text, registered_methods, reported
from lodeline.world.hand import Hands, Written
from lodeline.world.industry import Deed, Industry
from lodeline.world.labelled import Labelled, causes
from lodeline.world.market import month_after
from lodeline.world.names import lei, uscc
from lodeline.world.paper import Registry, moment, sheet
from lodeline.world.plan import MARKET, FirmPlan, Model, World
from lodeline.world.plant import Plant
from lodeline.world.profile import DEFAULT
from lodeline.world.scene import Cast
from lodeline.world.stock import KG
from lodeline.world.strategy import Works
from lodeline.world.stream import Stream
from lodeline.world.tables import Content, dirt_rate, table
from lodeline.world.visits.truth import Stocktaking

#: Quotas are granted with this much room above the use of a full year; a few are too small (assumptions).
QUOTA_ROOM = (1.05, 1.25)
QUOTA_TIGHT, QUOTA_TIGHT_ROOM = dirt_rate("quota-passed"), 0.97
#: Installed capacity over the best month (assumption).
CAPACITY_ROOM = (1.15, 1.6)

Progress = Callable[[int, int], None]

README = """SYNTHETIC DATA

This directory holds a synthetic world: every organisation, name, number, lot, price and filing in it was
made by a program from a random seed. Any likeness to a real firm or person is chance. Social credit codes
use a region code that is not assigned, LEIs a prefix that is not assigned; each organisation carries the
alias synthetic:<id>. Cities are real places and say nothing about them. Grants name fictitious instruments.

seed {seed}, {organisations} organisations that file, {months} months from {start}.
What natural dirt it holds is listed in the .truth.json file beside this directory.

合成数据：本目录所有企业、名称、编号、批次、价格与申报均由程序随机生成，如有雷同纯属巧合。
"""


def write_world(
    world: World, out: Path, progress: Progress | None = None, plants: tuple[Plant, ...] | None = None, *,
    feeds: bool = False, named: float = 0.0, stock: bool = False, strategy: bool = False,
) -> None:  # fmt: skip
    """Writes the world as a dossier into `out`, and `<out>.truth.json` beside it.

    progress : called with (firm-months done, of how many).
    plants : what is planted (see `plant.asked_plants`); an empty tuple gives a labelled world with more natural dirt
        and no plant, None a plain world.
    feeds : records of other authorities as well, in `feeds/`, and `<out>.links.csv` beside it, which says of
        which event each of them is. The filings are the same with and without.
    named : in which share of the sales to customers that file nothing the clerk writes the customer's name, in one form
        or another, and not its id; who is meant stands in the truth file. All else is the same at every rate.
    stock : what truly lies at every site at the end of each month, in `<out>.stock.csv`; all else is the same.
    strategy : customers' plants in `strategy/`, and in `<out>.strategy.json` what truly comes of controls that are
        planted in counterfactuals of their own (see `world.strategy`); all else is the same.
    Raises FileExistsError when `out` exists and is not an empty directory.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} exists and is not an empty directory")
    for folder in ("register", "grants", *(f"filings/{plan.id}" for plan in world.firms)):
        (out / folder).mkdir(parents=True, exist_ok=True)
    industry = Industry(world=world)
    labelled = None if plants is None else Labelled(industry, plants)
    cast = labelled.cast if labelled else Cast()
    authorities = Authorities(industry, cast) if feeds else None
    hands = Hands(industry.firms, industry.trade.parties, cast, seed=world.seed, deeds=industry.deeds)
    works = Works(world) if strategy else None
    clerks = Written(industry.trade.parties, rate=named, seed=world.seed, deeds=industry.deeds)
    with ExitStack() as open_files:
        taking = None
        if stock:
            path = out.with_name(f"{out.name}.stock.csv")
            taking = Stocktaking(open_files.enter_context(path.open("w", encoding="utf-8", newline="")))
        index = _file_all(
            industry, labelled, authorities, clerks=clerks, hands=hands, out=out, progress=progress, taking=taking,
            works=works,
        )  # fmt: skip
    _write(out / "filings/index.csv", index)
    if labelled:
        labelled.finish()
    if authorities:
        _put_feeds(authorities, out)
    _write(out / "register/organisations.csv", _organisations(world, cast))
    _write(out / "register/sites.csv", _sites(industry, cast))
    _write(out / "register/methods.csv", _methods())
    _write(out / "register/models.csv", _models(world))
    _write(out / "register/processes.csv", _processes())
    _write(out / "grants/quotas.csv", _quotas(industry, cast))
    _write(out / "grants/licences.csv", _licences(industry.trade.licences))
    arguments: dict[str, int | str] = {
        "seed": world.seed, "organisations": world.organisations, "months": world.months, "start": world.start,
    }  # fmt: skip
    _put(out / "README.txt", README.format(**arguments))
    if world.profile.name != DEFAULT:
        arguments["profile"] = world.profile.name
    truth: dict[str, object] = {"synthetic": True, "world": arguments, "planted": [], "dirt": _dirt(industry.deeds)}
    if labelled:
        planted, idle = labelled.planted()
        caused = causes()
        dirt = [{**deed, "cause": caused[str(deed["kind"])]} for deed in _dirt(labelled.natural(industry.deeds))]
        truth |= {"labelled": True, "planted": planted, "not_planted": idle, "dirt": dirt}
    _put(out.with_name(f"{out.name}.truth.json"), json.dumps(truth, ensure_ascii=False, indent=1) + "\n")
    if works:
        # The industry runs on, so this comes after all that tells what it is like at the end.
        works.write(industry, out)


def _put_feeds(authorities: Authorities, out: Path) -> None:
    for path, text in authorities.files():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        _put(out / path, text)
    _put(out.with_name(f"{out.name}.links.csv"), authorities.links())


def _file_all(
    industry: Industry, labelled: Labelled | None, authorities: Authorities | None, *, clerks: Written, hands: Hands,
    out: Path, progress: Progress | None, taking: Stocktaking | None, works: Works | None,
) -> list[Sequence[str]]:  # fmt: skip
    """Writes every filing as its month is done; returns the rows of the index."""
    world, registry = industry.world, Registry(industry.deeds)
    total = world.organisations * world.months
    index: list[tuple[int, str, str, str, str]] = []
    done = 0
    for pages in industry.run():
        if works:
            works.month(pages)
        filed = labelled.month(pages) if labelled else pages
        if taking:
            month = pages[0].month
            taking.month(month, industry, labelled.there(month.index) if labelled else ())
        if authorities:
            papers = authorities.month(filed)
            if labelled:
                labelled.bend(papers, authorities)
        for page in filed:
            for filing in registry.file(clerks.month(page)):
                (out / filing.path).parent.mkdir(exist_ok=True)
                _put(out / filing.path, sheet(hands.rows(filing)))
                index.append((filing.filed_at, filing.organisation, filing.path, filing.period, filing.corrects))
            done += 1
            if progress:
                progress(min(done, total), total)
    index.sort()
    rows = [
        (str(sequence), organisation, period, path, moment(filed_at), corrects)
        for sequence, (filed_at, organisation, path, period, corrects) in enumerate(index, start=1)
    ]
    return [("sequence", "organisation", "period", "path", "filed_at", "corrects"), *rows]


def _put(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    _put(path, buffer.getvalue())


def _dirt(deeds: list[Deed]) -> list[dict[str, object]]:
    ordered = sorted(deeds, key=lambda deed: (deed.period, deed.organisation, deed.kind, deed.event))
    return [
        {"kind": d.kind, "organisation": d.organisation, "period": d.period, "event": d.event, "facts": d.facts}
        for d in ordered
    ]


def _organisations(world: World, cast: Cast) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        ("id", "name_zh", "name_en", "aliases", "country", "roles", "uscc", "lei", "valid_from", "valid_to")
    ]
    for plan in (*world.firms, *(firm.plan for firm in cast.firms)):
        name = plan.name
        rows.append((
            plan.id, name.zh, name.en, "|".join(name.aliases), "CN", "|".join(_roles(plan)), uscc(_number(plan, world)),
            "", plan.founded.isoformat(), "",
        ))  # fmt: skip
    for place, party in enumerate((*world.parties, *cast.parties)):
        if not party.registered:
            continue
        domestic, number = party.country == "CN", len(world.firms) + place + 1
        rows.append((
            party.id, party.name.zh, party.name.en, "|".join(party.name.aliases), party.country, "end-user",
            uscc(number) if domestic else "", "" if domestic else lei(number), "2015-01-01", "",
        ))  # fmt: skip
    return rows


def _number(plan: FirmPlan, world: World) -> int:
    """Firms of the world come first, then its parties, then firms that plots brought."""
    return plan.place + 1 if plan.place < len(world.firms) else plan.place + 500_001


def _roles(plan: FirmPlan) -> list[str]:
    sells_abroad = plan.abroad and plan.role != "exporter"
    return [plan.role, "exporter"] if sells_abroad else [plan.role]


def _sites(industry: Industry, cast: Cast) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        (
            "id",
            "organisation",
            "name",
            "stage",
            "region",
            "lat",
            "lon",
            "capacity_kg_per_month",
            "valid_from",
            "valid_to",
        )
    ]
    for firm in (*industry.firms.values(), *cast.firms):
        room = Stream(industry.world.seed, MARKET, 1, firm.plan.place)
        for place in firm.places:
            site = place.site
            capacity = int(place.peak_mg / KG * room.between(*CAPACITY_ROOM) / 100 + 1) * 100 if place.peak_mg else 0
            capacity = cast.capacities.get(site.id, capacity)
            rows.append((
                site.id, firm.plan.id, site.name, site.stage, site.region, site.lat, site.lon,
                str(capacity) if capacity else "", firm.plan.founded.isoformat(), "",
            ))  # fmt: skip
    return rows


def _methods() -> list[Sequence[str]]:
    head = ("id", "quantity", "element", "random_pct", "systematic_pct", "calibration")
    return [
        head,
        *((m.id, m.quantity, m.element, m.random_pct, m.systematic_pct, m.calibration) for m in registered_methods()),
    ]


def _models(world: World) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [(
        "id", "organisation", "product", "grade", "mass_per_piece_kg", "composition", "test_report", "hs_code",
        "control_item", "valid_from", "valid_to",
    )]  # fmt: skip
    for plan in world.firms:
        for model in plan.models:
            composition = composition_text(_ppb(model.content), "element")
            rows.append((
                model.id, plan.id, model.product, model.id.partition("-")[0], f"{model.piece_kg:.4f}", composition,
                f"TR-{plan.id}-{model.id}", _code(model.product, "hs_code"), "|".join(_items(model)),
                plan.founded.isoformat(), "",
            ))  # fmt: skip
    return rows


def _ppb(content: Content) -> dict[str, int]:
    return {element: reported(share * 1e9) for element, share in content.items()}


def _code(product: str, column: str) -> str:
    return next(row[column] for row in table("hs") if row["product"] == product)


def _items(model: Model) -> list[str]:
    if model.product == "magnet-smco":
        return [_code("magnet-smco", "control_item")]
    return [_code(element, "control_item") for element in ("Tb", "Dy") if element in model.content]


def _processes() -> list[Sequence[str]]:
    head = ("id", "stage", "yield_low_pct", "yield_high_pct", "source")
    return [
        head,
        *((r["process"], r["stage"], r["band_low_pct"], r["band_high_pct"], r["source"]) for r in table("yields")),
    ]


def _quotas(industry: Industry, cast: Cast) -> list[Sequence[str]]:
    """Grants sized by the year's own use: nearly all leave room, a few are passed, which is noted."""
    rows: list[Sequence[str]] = [("organisation", "kind", "ore_type", "year", "reo_kg", "instrument")]
    for (organisation, kind, ore, year), used_mg in sorted(industry.draws.items()):
        firm = industry.firms[organisation]
        room = Stream(industry.world.seed, MARKET, 2, firm.plan.place, year)
        tight = room.chance(QUOTA_TIGHT) and kind == "separation"
        share = QUOTA_TIGHT_ROOM if tight else room.between(*QUOTA_ROOM) * 12 / _months_in(industry.world, year)
        granted_kg = int(used_mg / KG * share / 100 + 1) * 100
        planted = (organisation, kind, ore, year) in cast.grants
        granted_kg = cast.grants.get((organisation, kind, ore, year), granted_kg)
        if granted_kg * KG < used_mg and not planted:
            facts = {"kind": kind, "ore_type": ore, "granted_kg": str(granted_kg), "used_kg": str(used_mg // KG)}
            period = max(month.period for month in industry.months() if month.year == year)
            industry.deeds.append(
                Deed(kind="quota-passed", organisation=organisation, period=period, event="", facts=facts)
            )
        rows.append((organisation, kind, ore, str(year), str(granted_kg), f"SYN-QUOTA-{year}"))
    return rows


def _months_in(world: World, year: int) -> int:
    return sum(month_after(world.start, place)[0] == year for place in range(world.months))


def _licences(licences: Licences) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [(
        "id", "kind", "exporter", "end_users", "control_items", "products", "mass_kg", "elements", "destination",
        "end_use", "valid_from", "valid_to",
    )]  # fmt: skip
    for licence in licences.granted:
        elements = "|".join(f"{element}={mass // KG}" for element, mass in licence.elements_mg.items())
        first, last = (moment(day * 24 * 60)[:10] for day in (licence.valid_from, licence.valid_to))
        rows.append((
            licence.id, licence.kind_granted, licence.exporter, licence.end_user, "|".join(licence.items),
            licence.product, str(licence.mass_mg // KG), elements, licence.destination, licence.end_use, first, last,
        ))  # fmt: skip
    return rows
