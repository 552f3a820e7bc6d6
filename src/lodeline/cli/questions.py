"""Commands that ask the ledger: lots, balances, flows, transfers, quotas, findings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import (
    DEFAULT_DATABASE,
    Database,
    Element,
    From,
    Json,
    Organisation,
    Site,
    To,
    app,
    check_span,
    law_of,
    month,
    print_rows,
    snapshot_at,
    today_of,
)
from lodeline.cli.output import console, language, print_json, print_stream, print_table, progress
from lodeline.errors import UserError
from lodeline.language import text

#: Origins of a lot that are printed.
_ORIGINS_SHOWN = 200


@app.command()
def trace(
    lot: Annotated[str, typer.Argument(help="MAKER/LOT, as printed in listings. 批次。")],
    forward: Annotated[bool, typer.Option("--forward", help="Downstream instead of upstream. 向下游追踪。")] = False,
    depth: Annotated[int | None, typer.Option(min=0, help="At most so many events away. 最大层数。")] = None,
    routes: Annotated[
        int | None, typer.Option(min=1, max=20, help="Only the heaviest routes from an origin. 仅列主要路径。")
    ] = None,
    element: Annotated[str | None, typer.Option(help="Of the routes: Nd, else the main one. 路径所示元素。")] = None,
    origin: Annotated[str | None, typer.Option(help="Only routes from this lot. 仅列自该批次起的路径。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """The lots, events and sites upstream (downstream) of a lot. 批次追溯。"""
    from lodeline.service.lots import flow as lot_flow  # noqa: PLC0415

    if routes is None and (element or origin):
        raise UserError(text("--element and --origin go with --routes"))
    if routes is not None and (forward or depth is not None):
        raise UserError(text("--routes go back to the origins: without --forward and --depth"))
    _, snapshot = snapshot_at(database)
    if routes is not None:
        _print_routes(lot_flow.routes(snapshot, lot, routes, element=element, origin=origin), as_json=as_json)
        return
    document = lot_flow.trace(snapshot, lot, forward=forward, depth=depth)
    if as_json:
        print_json(document)
        return
    rows = [
        (node["lot"], node["product"], node["site"], node["on"], node["mass_kg"], _shares(node["booked_shares"]))
        for node in document["nodes"][:60]
    ]
    columns = output.text("lot,product,site,on,kg,booked share").split(",")
    print_table(f"{lot} ({document['direction']})", columns, rows, numbers=(4,))
    if len(document["nodes"]) > 60:
        console.print(output.text("… {nodes} more; --json has all", nodes=len(document["nodes"]) - 60))


def _shares(shares: dict[str, float], bounds: dict[str, list[float]] | None = None) -> str:
    """Each share, with bounds as least–booked–greatest where they are not one number."""
    shown = []
    for element, share in shares.items():
        least, greatest = (share, share) if bounds is None else bounds[element]
        three = [f"{one:.3f}" for one in (least, share, greatest)]
        shown.append(f"{element} {'–'.join(three) if len(set(three)) > 1 else three[0]}")
    return " ".join(shown)


def _print_routes(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    columns = output.text("kg,booked share,from the origin to the lot").split(",")
    rows = [
        (route["mass_kg"], f"{route['booked_share']:.4f}", " → ".join(route["lots"])) for route in document["routes"]
    ]
    print_table(f"{document['lot']} ({document['element']})", columns, rows, numbers=(0, 1))


@app.command()
def origins(
    lot: Annotated[str | None, typer.Argument(help="MAKER/LOT. 批次。")] = None,
    every: Annotated[bool, typer.Option("--all", help="Of every lot, as CSV. 所有批次，输出 CSV。")] = False,
    product: Annotated[str | None, typer.Option(help="With --all, lots of this product. 仅该产品。")] = None,
    period: Annotated[
        str | None, typer.Option(help="With --all, lots made in this month. 仅该月形成的批次。", callback=month)
    ] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Booked share of each origin in each element of a lot; each element sums to 1. 批次账面来源构成。"""
    from lodeline.service.lots import flow as lot_flow  # noqa: PLC0415

    if (lot is None) != every or (lot is not None and (product or period)):
        raise UserError(text("Name one lot, or give --all (with --product or --period where they are wanted)."))
    _, snapshot = snapshot_at(database)
    if lot is None:
        with progress(output.text("origins")) as bar:
            print_stream(
                lot_flow.every_origin(snapshot, product=product, period=period, progress=bar),
                ("lot", "element", "origin_kind", "origin_place", "booked_share"), as_json=as_json,
            )  # fmt: skip
        return
    document = lot_flow.origins(snapshot, lot)
    if as_json:
        print_json(document)
        return
    rows = [
        (
            row["lot"], row["origin_kind"], row["origin_place"], row["organisation"],
            _shares(row["booked_shares"], row.get("bounds")),
        )
        for row in document["rows"][:_ORIGINS_SHOWN]
    ]  # fmt: skip
    columns = output.text("origin,kind,place,organisation,least–booked–greatest share")
    print_table(lot, columns.split(","), rows)
    if more := document["count"] - len(rows):
        console.print(output.text("… {more} more; --json has all", context="questions, origins", more=more))
    if "exact" not in document:
        console.print(output.text("There are too many origins to bound each of them."))
    elif not document["exact"]:
        console.print(output.text("The bounds are looser than need be."))


@app.command()
def balance(
    site: Site = None,
    organisation: Organisation = None,
    element: Element = None,
    first: From = None,
    last: To = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Material balance per site, element and month, with its uncertainty. 物料平衡。"""
    from lodeline.service.balance import balances  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    check_span(first, last)
    store, snapshot = snapshot_at(database)
    document = answered(
        balances.balance, store, snapshot, law_of(store), site=site, organisation=organisation, element=element,
        first=first, last=last,
    )  # fmt: skip
    keys = (
        "site",
        "element",
        "period",
        "opening_kg",
        "in_kg",
        "out_kg",
        "book_kg",
        "physical_kg",
        "muf_kg",
        "sigma_kg",
        "z",
    )
    print_rows(document, keys, as_json, numbers=range(3, 11))


@app.command()
def flows(
    element: Element = None,
    first: From = None,
    last: To = None,
    by: Annotated[str, typer.Option(help="stage, organisation or country. 汇总方式。")] = "stage",
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """The flow matrix: how much of each element went from where to where, by month. 流向矩阵。"""
    from lodeline.service.overview import flow_matrix  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    if by not in ("stage", "organisation", "country"):
        raise UserError(text("--by is stage, organisation or country"))
    check_span(first, last)
    store, snapshot = snapshot_at(database)
    document = answered(flow_matrix.flows, snapshot, law_of(store), element=element, first=first, last=last, by=by)
    print_rows(document, ("from", "to", "element", "period", "mass_kg"), as_json, numbers=(4,))


@app.command()
def where(
    element: Annotated[str, typer.Option(help="A symbol, or TREO. 元素符号或 TREO。")] = "Nd",
    period: Annotated[
        str | None, typer.Option(help="2025, 2025-Q2, 2025-05 or 2025-03..2025-08; else all. 期间，省略则为全部。")
    ] = None,
    by: Annotated[
        str, typer.Option(help="country, customer, product, grade, use, licence or firm. 分列方式。")
    ] = "country",
    way: Annotated[str, typer.Option(help="abroad, sale, delivery or unknown. 去向。")] = "abroad",
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="As country=DE; may be repeated. 筛选，可重复。")
    ] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Where an element went: who got how much, against the period before. 流向。"""
    from lodeline.service.trade import where as trade  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    narrow = {name: value for name, _, value in (one.partition("=") for one in only or ())}
    store, snapshot = snapshot_at(database)
    goods = answered(trade.goods_sent, snapshot, law_of(store))
    document = trade.where(goods, element=element, period=period, by=by, way=way, narrow=narrow)
    keys = (by, "mass_kg", "exact_kg", "booked_kg", "before_kg", "open_goods_kg")
    print_rows({**document, "stamp": snapshot.stamp}, keys, as_json, numbers=range(1, 6))


@app.command()
def transfers(
    only_open: Annotated[
        bool, typer.Option("--open", help="Only what lacks a shipment or a receipt. 仅未闭合。")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Shipments matched with their receipts. 流转及收发差。"""
    from lodeline.service.filing import transfers as deliveries  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    document = deliveries.transfers(snapshot, law_of(store), only_open=only_open)
    keys = ("lot", "shipper", "receiver", "shipped_on", "shipped_kg", "received_kg", "difference_kg", "state", "cause")
    print_rows(document, keys, as_json, numbers=(4, 5, 6))


@app.command()
def quota(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Quotas: granted + overdrawn = reserved + used + left. 总量控制指标。"""
    from lodeline.encoding import encoded  # noqa: PLC0415
    from lodeline.service.licences import quotas  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    keys = (
        "organisation",
        "kind",
        "ore_type",
        "year",
        "granted_kg",
        "reserved_kg",
        "used_kg",
        "overdrawn_kg",
        "left_kg",
    )
    rows = answered(quotas.quota, store, snapshot, day=today_of(store))
    print_rows({"rows": encoded(rows)}, keys, as_json, numbers=range(4, 9))


@app.command()
def reconcile(
    site: Site = None,
    element: Element = None,
    first: From = None,
    last: To = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """The books made to balance, the nation by stage or one site by month, and where it leaks. 数据校正。"""
    from lodeline.service.balance import reconciling  # noqa: PLC0415
    from lodeline.service.overview.overview import months  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    check_span(first, last)
    store, snapshot = snapshot_at(database)
    symbol = element or "TREO"
    if site is None:
        span_of = None if last else answered(months, store, snapshot, law_of(store))
        last = last or (span_of.newest if span_of else None)
        found = answered(reconciling.reconcile_nation, snapshot, element=symbol, first=first, last=last)
    else:
        found = answered(reconciling.reconcile_site, snapshot, site=site, element=symbol, first=first, last=last)
    document = {"stamp": snapshot.stamp, **reconciling.as_json(found)}
    if as_json:
        print_json(document)
        return
    span = f"{document['period']['from']}…{document['period']['to']}"
    console.print(f"{document['subject']}  {document['element']}  {span}", markup=False)
    if document["reason"] is not None:
        console.print(document["explanation"][language()], markup=False)
    else:
        console.print(
            output.text(
                "global test {global_test:.2f}, {freedom} degrees of freedom, p = {p:.2g}",
                global_test=document["global_test"],
                freedom=document["freedom"],
                p=document["p"],
            )
        )
    nodes = ("node", "imbalance_kg", "sigma_kg", "test")
    words = output.text("node,missing kg,σ kg,|z|").split(",")
    print_table("", words, [tuple(_shown(row[key]) for key in nodes) for row in document["nodes"]], numbers=(1, 2, 3))
    suspects = [
        (
            one["kind"], one["place"], one["mass_kg"], one["sigma_kg"], f"{one['z']:.1f}", f"{one['p']:.2g}",
            ", ".join(f"{other['kind']} {other['place']}" for other in one["alike"][1:4])
            + (" …" if len(one["alike"]) > 4 else ""),
        )
        for one in document["suspects"]
        if one["alarm"]
    ]  # fmt: skip
    if suspects:
        words = output.text("suspect,where,kg,σ kg,z,p,cannot be told from").split(",")
        print_table("", words, suspects, numbers=(2, 3, 4, 5))
    if document["untold"]:
        # The names themselves are those of --json.
        untold = "; ".join(f"{one['kind']} {one['place']}" for one in document["untold"])
        console.print(output.text("cannot be told: {untold}", untold=untold), markup=False, soft_wrap=True)


def _shown(value: object) -> object:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else value


@app.command()
def findings(
    detector: Annotated[str | None, typer.Option(help="Only this detector. 检测方法。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """What the detectors saw, as questions with their evidence. 线索。"""
    from lodeline.accountancy.worth import price_year  # noqa: PLC0415
    from lodeline.material.mass import MG_PER_KG  # noqa: PLC0415
    from lodeline.message import localized  # noqa: PLC0415
    from lodeline.service.findings.finding import findings as found  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    # As pages ask it.
    of_one = {} if detector is None else {"detector": detector}
    document = answered(found, store, snapshot, law_of(store), **of_one)
    if as_json:
        print_json(document)
        return
    for one in document.causes[:20]:
        row, others = one.finding, len(one.others)
        subject = " ".join(f"{name}={value}" for name, value in row.subject.items())
        masses = ", ".join(f"{element} {mass / MG_PER_KG:.0f} kg" for element, mass in one.masses_mg.items())
        innocent, worth = f"{one.innocent:.0%}", round(one.worth_usd)
        figures = output.text(
            "{masses}  USD {worth} ({price_year})  innocent {innocent}  others {others}",
            masses=masses,
            worth=worth,
            price_year=price_year(),
            innocent=innocent,
            others=others,
        )
        console.print(f"{row.detector}  {subject}  {row.first_period}…{row.last_period}  {figures}", markup=False)
        console.print(f"    {localized(row.explanation)[language()]}", markup=False)
        if one.ask is not None:
            console.print(f"    → {one.ask[language()]}", markup=False)
    if (more := len(document.causes) - 20) > 0:
        console.print(output.text("… {more} more; --json has all", context="questions, findings", more=more))
    if number := len(document.duties):
        console.print(output.text("Still to be filed, and no question: {number} (`duties` of --json)", number=number))
