"""What each trade does in a month: a list of acts with their days, carried out in order of day.

Runs share what lies there, so plants of any size keep their stocks short, and what comes out of a mine in
January can leave in a magnet in February.
"""

from __future__ import annotations

from collections.abc import Callable

from lodeline.world.clerk import Clerk
from lodeline.world.plan import DIFFUSED_TERBIUM, FirmPlan, Model
from lodeline.world.process import Made, cast, separate, shape, sinter_samarium_cobalt, smelt
from lodeline.world.staff import Title
from lodeline.world.stock import Draw
from lodeline.world.tables import OXIDE, Content, Row, deposit_reo, recipe, table, treo_of
from lodeline.world.trade import Trade

#: (day, rank within the day, what is done on it). Arrivals have rank 0, runs 1, goods leaving 2.
Act = tuple[int, int, Callable[[int], None]]

#: Runs (origins of mines) per month of a firm of size 1 (assumptions).
RUNS = {
    "rock-mine": 10, "clay-mine": 8, "monazite-mine": 5, "clay-importer": 6, "rock-importer": 5,
    "light-separator": 5, "heavy-separator": 5, "smelter": 9, "alloy-maker": 9, "smco-maker": 5, "recycler": 6,
}  # fmt: skip
SINTER_RUNS, MACHINE_RUNS = 7, 8
#: Grades an alloy maker casts while it has the heavy rare earths for them, by weight (assumption).
GRADES = (("N", 0.40), ("H", 0.2), ("SH", 0.25), ("UH", 0.15))
DIFFUSED_SHARE = 0.35
MOST_LOTS, RECYCLED_LOTS = 8, 24
RESIDUE_DAYS = 8
DISPOSED = "按固废许可处置 / disposed of under the waste permit"
SPILLED = "散落损失 / spilt"
#: Chance of a spill per firm and month, and its size as a share of the lot (assumptions).
SPILLS, SPILL_SHARE = 0.01, 0.01

_SELLS = {
    "rock-mine": ("concentrate",), "monazite-mine": ("concentrate",), "rock-importer": ("concentrate",),
    "clay-mine": ("mixed-compound",), "clay-importer": ("mixed-compound",),
    "light-separator": ("oxide", "mixed-compound:SEG"), "heavy-separator": ("oxide",), "oxide-trader": ("oxide",),
    "smelter": ("metal",), "metal-trader": ("metal",), "alloy-maker": ("strip-cast",),
    "magnet-maker": ("magnet-ndfeb",), "smco-maker": ("magnet-smco",),
    "exporter": ("magnet-ndfeb", "magnet-smco"), "recycler": ("oxide",),
}  # fmt: skip


def acts(clerk: Clerk, trade: Trade) -> list[Act]:
    """Everything the firm means to do this month besides taking in what arrives."""
    firm, month = clerk.firm, clerk.month
    if not firm.places:
        return [(title.day, 1, _passing(clerk, trade, title)) for title in firm.titles]
    plan: list[Act] = []
    for run, count in _runs(clerk):
        for index, day in enumerate(_spread(clerk, count)):
            plan.append((day, 1, _bound(run, count - index)))
    last, sold = len(firm.places) - 1, _sold(firm.plan)
    for day in _spread(clerk, firm.habits.dispatch_days):
        if last:
            plan.append((day, 2, lambda on: trade.move_to_warehouse(clerk, on)))
        plan.append((day, 3, lambda on: trade.dispatch(clerk, firm.places[last], on, sold)))
    if firm.promised:
        promised, firm.promised = firm.promised, []
        day = month.first + firm.choices.integer(1, 4)
        plan.append((day, 2, lambda on: trade.deliver_promised(clerk, on, promised)))
    plan.append((month.first + firm.choices.integer(20, 25), 2, lambda on: _clear_waste(clerk, trade, on)))
    return plan


def _sold(plan: FirmPlan) -> tuple[str, ...]:
    """What leaves the gate as goods."""
    if plan.both:
        return ("oxide",) if plan.role == "separator" else ("concentrate", "mixed-compound")
    return _SELLS[plan.trade]


def _passing(clerk: Clerk, trade: Trade, title: Title) -> Callable[[int], None]:
    return lambda _day: trade.pass_title(clerk, title)


def _bound(run: Callable[[int, int], None], remaining: int) -> Callable[[int], None]:
    return lambda day: run(day, remaining)


def _spread(clerk: Clerk, count: int) -> list[int]:
    """So many days over the month, in order."""
    first, length = clerk.month.first, clerk.month.last - clerk.month.first - 2
    return [first + 1 + int((place + clerk.firm.choices.uniform()) * length / count) for place in range(count)]


def _runs(clerk: Clerk) -> list[tuple[Callable[[int, int], None], int]]:
    trade = clerk.plan.trade
    scale = 0.5 + 0.5 * min(1.6, clerk.plan.size)

    def times(runs: int) -> int:
        return max(2, int(runs * scale + 0.5))

    if trade == "magnet-maker":
        return [
            (lambda day, left: _sinter(clerk, day, left), times(SINTER_RUNS)),
            (lambda day, left: _machine(clerk, day, left), times(MACHINE_RUNS)),
        ]
    if trade not in RUNS:
        return []
    count = times(RUNS[trade])
    runs: dict[str, Callable[[int, int], None]] = {
        "light-separator": lambda day, left: _separate(clerk, day, left, "light"),
        "heavy-separator": lambda day, left: _separate(clerk, day, left, "heavy"),
        "smelter": lambda day, left: _smelt(clerk, day, left),
        "alloy-maker": lambda day, left: _cast(clerk, day, left),
        "smco-maker": lambda day, left: _samarium(clerk, day, left),
        "recycler": lambda day, left: _recycle(clerk, day, left),
    }
    found: list[tuple[Callable[[int, int], None], int]] = [
        (runs.get(trade, lambda day, left: _dig(clerk, day, count)), count)
    ]
    if trade == "recycler":
        found.append((lambda day, left: _collect(clerk, day), 3))
    if clerk.plan.both and trade.endswith("-separator"):
        found.append((runs["heavy-separator" if trade[0] == "l" else "light-separator"], count))
    return found


def _dig(clerk: Clerk, day: int, count: int) -> None:
    """A lot of concentrate or mixed compound comes out of the mine, or over the border."""
    plan, stream = clerk.plan, clerk.firm.choices
    deposit = plan.deposit
    assert deposit is not None, "mines and importers have a deposit"
    scale_t = float(deposit["reo_t_per_month"])
    if plan.both and stream.chance(0.5):
        deposit = _other_deposit(plan)
    reo_kg = scale_t * 1000 * plan.size * clerk.month.season / count
    reo_kg *= stream.between(0.8, 1.2)
    treo = stream.between(float(deposit["treo_low_pct"]), float(deposit["treo_high_pct"])) / 100
    shares = {e: share * (1 + 0.02 * stream.normal()) for e, share in deposit_reo()[deposit["deposit"]].items()}
    total = sum(shares.values())
    content = {e: share / total * treo / OXIDE[e] for e, share in shares.items()}
    content["TREO"] = treo
    moisture = stream.between(float(deposit["moisture_low_pct"]), float(deposit["moisture_high_pct"])) / 100
    lot = Made(product=deposit["product"], mass_kg=reo_kg / treo, content=content)
    holding = clerk.make(clerk.firm.main, day, lot, mineral=True, moisture=moisture)
    more = {"counterparty_country": deposit["origin_place"]} if deposit["origin_kind"] == "imported" else None
    clerk.origin(
        clerk.firm.main, day, holding, kind=deposit["origin_kind"], where=deposit["origin_place"], more=more
    )  # fmt: skip


def _other_deposit(plan: FirmPlan) -> Row:
    """Where an importer of one kind of ore gets the other from."""
    other = "clay-importer" if plan.trade == "rock-importer" else "rock-importer"
    return next(row for row in table("deposits") if row["trade"] == other)


def fed_kg(draws: list[Draw]) -> Content:
    """True kg of each element in what was drawn."""
    total: Content = {}
    for draw in draws:
        for element, share in draw.holding.lot.content.items():
            total[element] = total.get(element, 0.0) + draw.true_kg * share
    return total


def _feed(
    clerk: Clerk, day: int, left: int, products: tuple[str, ...], *, least_kg: float = 5.0, most_lots: int = MOST_LOTS
) -> list[Draw]:
    """An even share of what lies there for the runs that are left."""
    place = clerk.firm.main
    there = sum(holding.true_kg for holding in place.store.ready(day, *products))
    if there < least_kg:
        return []
    return clerk.feed(place, day, products, max(there / left, min(there, least_kg)), most_lots)


def _separate(clerk: Clerk, day: int, left: int, route: str) -> None:
    feeds = ("concentrate",) if route == "light" else ("mixed-compound",)
    draws = _feed(clerk, day, left, feeds, least_kg=200.0)
    if draws:
        recovery = clerk.firm.recovery(f"{route}-separation")
        made = separate(clerk.firm.choices, fed_kg(draws), route, recovery)
        line = route[0].upper() if clerk.plan.both else ""
        clerk.transform(clerk.firm.main, day, draws, made, run=f"SX{line}{clerk.month.stamp}-{left:02d}")


def _smelt(clerk: Clerk, day: int, left: int) -> None:
    """The metal whose oxide waits in most lots: all of it when it is scarce, a share of the PrNd."""
    waiting = {metal: len(clerk.firm.main.store.ready(day, f"oxide:{metal}")) for metal in clerk.plan.metals}
    metal = max(clerk.plan.metals, key=lambda name: waiting[name])
    draws = _feed(clerk, day, left if metal == "PrNd" else 1, (f"oxide:{metal}",))
    if draws:
        made = smelt(fed_kg(draws), f"metal:{metal}", clerk.firm.recovery("smelting"))
        clerk.transform(clerk.firm.main, day, draws, made)


def _cast(clerk: Clerk, day: int, left: int) -> None:
    place = clerk.firm.main
    there = {
        metal: sum(holding.true_kg for holding in place.store.ready(day, f"metal:{metal}"))
        for metal in ("PrNd", "Dy", "Tb")
    }
    wanted = there["PrNd"] / left
    if wanted < 20:
        return
    grade = clerk.firm.choices.weighted([(name, weight * _plenty(there, name, wanted)) for name, weight in GRADES])
    draws = clerk.feed(place, day, ("metal:PrNd",), wanted, 4)
    light_kg = sum(draw.true_kg for draw in draws)
    for metal, kg in _heavy(grade, light_kg).items():
        draws += clerk.feed(place, day, (f"metal:{metal}",), kg, 3)
    clerk.transform(place, day, draws, cast(fed_kg(draws), grade, clerk.firm.recovery("strip-casting")))


def _plenty(there: Content, grade: str, light_kg: float) -> float:
    """How often over the scarcest heavy rare earth of a grade lies there: 0 when it is not enough, at most 12."""
    ratio = min((there[e] / kg for e, kg in _heavy(grade, light_kg).items()), default=1.0)
    return min(12.0, ratio) if ratio >= 1 else 0.0


def _heavy(grade: str, light_kg: float) -> Content:
    """kg of dysprosium and terbium that go with so much PrNd metal."""
    target = recipe(grade)
    light = target["Pr"] + target["Nd"]
    return {e: light_kg * target[e] / light for e in ("Dy", "Tb") if e in target}


def _sinter(clerk: Clerk, day: int, left: int) -> None:
    place = clerk.firm.main
    piles: dict[str, float] = {}
    for holding in place.store.ready(day, "strip-cast"):
        piles[holding.lot.product] = piles.get(holding.lot.product, 0.0) + holding.true_kg
    total = sum(piles.values())
    if total < 50:
        return
    # Small piles get their turn too, lest ends of lots lie about for months.
    product = clerk.firm.choices.weighted([(name, kg + 0.1 * total) for name, kg in piles.items()])
    wanted = min(piles[product], max(50.0, total / left))
    draws = clerk.feed(place, day, (product,), wanted, 4)
    mass_kg = sum(draw.true_kg for draw in draws)
    content = {element: kg / mass_kg for element, kg in fed_kg(draws).items()}
    block = [("block:" + product.partition(":")[2], "", 1.0)]
    clerk.transform(place, day, draws, shape(mass_kg, content, block, clerk.firm.recovery("sintering")))


def _machine(clerk: Clerk, day: int, left: int) -> None:
    place, stream = clerk.firm.main, clerk.firm.choices
    ready = place.store.ready(day, "block")
    if not ready:
        return
    there = sum(holding.true_kg for holding in ready)
    draws = clerk.feed(place, day, (ready[0].lot.product,), max(30.0, there / left), 2)
    grade = ready[0].lot.product.partition(":")[2]
    mass_kg = sum(draw.true_kg for draw in draws)
    terbium = (
        clerk.feed(place, day, ("metal:Tb",), mass_kg * DIFFUSED_TERBIUM, 1)
        if _diffuses(clerk, day, grade, mass_kg)
        else []
    )
    diffused = bool(terbium)
    models = [model for model in clerk.plan.models if model.grade == grade and model.diffused == diffused]
    draws += terbium
    mass_kg = sum(draw.true_kg for draw in draws)
    content = {element: kg / mass_kg for element, kg in fed_kg(draws).items()}
    parts = _orders(clerk, models, 1 + int(stream.uniform() * 3))
    clerk.transform(place, day, draws, shape(mass_kg, content, parts, clerk.firm.recovery("machining")))


def _diffuses(clerk: Clerk, day: int, grade: str, mass_kg: float) -> bool:
    """True when a batch gets terbium: the more of it lies there, the more often."""
    if not any(model.diffused and model.grade == grade for model in clerk.plan.models):
        return False
    there = sum(holding.true_kg for holding in clerk.firm.main.store.ready(day, "metal:Tb"))
    return clerk.firm.choices.chance(DIFFUSED_SHARE * min(2.5, there / (mass_kg * DIFFUSED_TERBIUM)))


def _orders(clerk: Clerk, models: list[Model], most: int) -> list[tuple[str, str, float]]:
    chosen = clerk.firm.choices.shuffled(models)[:most]
    weights = [clerk.firm.choices.between(0.5, 1.5) for _ in chosen]
    return [(model.product, model.id, weight / sum(weights)) for model, weight in zip(chosen, weights, strict=True)]


def _samarium(clerk: Clerk, day: int, left: int) -> None:
    draws = _feed(clerk, day, left, ("metal:Sm",))
    if draws:
        parts = _orders(clerk, list(clerk.plan.models), 2)
        made = sinter_samarium_cobalt(fed_kg(draws), parts, clerk.firm.recovery("smco-making"))
        clerk.transform(clerk.firm.main, day, draws, made)


def _collect(clerk: Clerk, day: int) -> None:
    """Old motors and drives come in: secondary material, no mineral."""
    mass_kg = 2500 * clerk.plan.size * clerk.firm.choices.between(0.6, 1.4)
    shares = {e: share * (1 + 0.05 * clerk.firm.choices.normal()) for e, share in recipe("EOL").items()}
    holding = clerk.make(clerk.firm.main, day, Made(product="scrap-eol", mass_kg=mass_kg, content=shares))
    clerk.origin(clerk.firm.main, day, holding, kind="secondary", where="CN")


def _recycle(clerk: Clerk, day: int, left: int) -> None:
    draws = _feed(clerk, day, left, ("swarf", "slag", "scrap-eol"), least_kg=100.0, most_lots=RECYCLED_LOTS)
    if draws:
        made = separate(clerk.firm.choices, fed_kg(draws), "recycling", clerk.firm.recovery("recycling"))
        clerk.transform(clerk.firm.main, day, draws, made)


def _clear_waste(clerk: Clerk, trade: Trade, day: int) -> None:
    """Swarf and slag go to recyclers, old residue to the tip; now and then something is spilt."""
    firm, place = clerk.firm, clerk.firm.main
    market = firm.plan.markets.get("swarf")
    scrap = place.store.ready(day, "swarf", "slag") if market and firm.plan.trade != "recycler" else []
    if scrap and market:
        buyer = firm.choices.weighted(market)
        trade.ship(clerk, place, day, [place.store.draw(h, h.net_mg, 0.0) for h in scrap], buyer)
    for holding in place.store.ready(day - RESIDUE_DAYS, "residue"):
        clerk.loss(place, day, place.store.draw(holding, holding.net_mg, 0.0), DISPOSED)
    products = _sold(firm.plan)
    ready = place.store.ready(day, *products)
    if ready and firm.choices.chance(SPILLS):
        clerk.loss(place, day, clerk.take(place, ready[0], ready[0].true_kg * SPILL_SHARE), SPILLED)


def opening(clerk: Clerk, share_kg: Content) -> None:
    """What lay at the sites when the records began: half a month of the usual feed, as lots of origin `opening`.

    share_kg : kg of each element that a firm of mean size of this trade handles in a month.
    """
    place, stream, first = clerk.firm.main, clerk.firm.choices, clerk.month.first
    for product, content, elements in _opening_goods(clerk):
        mass_kg = sum(share_kg.get(e, 0.0) for e in elements) / sum(content.get(e, 0.0) for e in elements)
        mass_kg *= clerk.plan.size * 0.7
        lots = 2 if mass_kg > 100 else 1
        for _ in range(lots):
            if mass_kg / lots < 1:
                continue
            made = Made(product=product, mass_kg=mass_kg / lots * stream.between(0.7, 1.3), content=content)
            moisture = 0.06 if product in ("concentrate", "mixed-compound") else 0.0
            holding = clerk.make(place, first, made, mineral=moisture > 0, moisture=moisture)
            clerk.origin(place, first, holding, kind="opening", where="CN")


def _opening_goods(clerk: Clerk) -> list[tuple[str, Content, tuple[str, ...]]]:
    """(product, content, elements whose handled mass sizes the stock) for a trade."""
    trade = clerk.plan.trade
    goods: list[tuple[str, Content, tuple[str, ...]]] = []
    if trade in ("light-separator", "heavy-separator"):
        deposit, product = ("bayan-obo", "concentrate") if trade[0] == "l" else ("xinfeng", "mixed-compound")
        content = {e: share * 0.55 / OXIDE[e] for e, share in deposit_reo()[deposit].items()}
        goods.append((product, {**content, "TREO": 0.55}, ("Nd",)))
    if trade in ("smelter", "oxide-trader"):
        for metal in clerk.plan.metals or ("PrNd",):
            goods.append((f"oxide:{metal}", _pure(metal, oxide=True), tuple(_pure(metal, oxide=False))))
    if trade in ("alloy-maker", "metal-trader", "smco-maker"):
        metals = {"alloy-maker": ("PrNd", "Dy", "Tb"), "smco-maker": ("Sm",)}.get(trade, ("PrNd",))
        goods += [(f"metal:{metal}", _pure(metal, oxide=False), tuple(_pure(metal, oxide=False))) for metal in metals]
    if trade == "magnet-maker":
        for grade in ("N", "SH"):
            content = {**recipe(grade)}
            goods.append((f"strip-cast:{grade}", {**content, "Fe": 0.987 - sum(content.values())}, ("Nd",)))
    if trade == "recycler":
        content = {e: share * 0.93 for e, share in recipe("SH").items()}
        goods.append(("swarf", {**content, "Fe": 0.6}, ("Nd",)))
    return goods


def _pure(what: str, *, oxide: bool) -> Content:
    shares = {"Pr": 0.25, "Nd": 0.75} if what == "PrNd" else {what: 1.0}
    if not oxide:
        return {e: share * 0.995 for e, share in shares.items()}
    content = {e: share * 0.993 / OXIDE[e] for e, share in shares.items()}
    return {**content, "TREO": treo_of(content)}
