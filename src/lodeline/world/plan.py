"""Who is in the industry, what each firm does and to whom it sells: the world before its first day.

A plan is a function of (seed, organisations, months, start) and holds nothing that changes while the
industry runs, so one world can be written any number of times with the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lodeline.world.names import Name, Namer
from lodeline.world.profile import Profile, in_share
from lodeline.world.stream import Stream
from lodeline.world.tables import Content, Row, deposit_reo, recipe, table

#: Keys of the independent random streams; the second part of a firm's key is its place in the plan.
(
    NAMES, LINKS, TRAITS, MARKET, CHOICES, GAUGES, FATES, BIASES, PLANTS, PLOTS, MORE_DIRT, FEEDS, HABITS, VISITS, WORKS
) = range(15)  # fmt: skip

#: Order of trades in a month: goods that leave one may reach the next within the month.
ORDER = (
    "rock-mine", "clay-mine", "monazite-mine", "clay-importer", "rock-importer", "light-separator", "heavy-separator",
    "oxide-trader", "title-trader", "smelter", "metal-trader", "alloy-maker", "magnet-maker", "smco-maker", "exporter",
    "recycler",
)  # fmt: skip
#: Shares of firms with a trait (assumptions).
WITH_WAREHOUSE = 0.15
DIFFUSERS = 0.3
FILES_IN_TONNES = frozenset({"rock-mine", "clay-mine", "monazite-mine", "clay-importer", "rock-importer"})
#: Oxides that leave the chain of magnets at once, for catalysts, polish, phosphors and alloys.
USED_AS_OXIDE = ("oxide:La", "oxide:Ce", "oxide:LaCe", "oxide:Eu", "oxide:Gd", "oxide:Y", "oxide:HoErTmYbLu")

Market = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of a firm; the balance area."""

    id: str
    name: str
    stage: str
    region: str
    lat: str
    lon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A magnet as sold."""

    id: str
    organisation: str
    grade: str
    diffused: bool
    piece_kg: float
    content: Content

    @property
    def product(self) -> str:
        return "magnet-smco" if self.grade == "SmCo" else "magnet-ndfeb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation that does not file: an end user at home or a buyer abroad."""

    id: str
    name: Name
    country: str
    number: int
    registered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmPlan:
    """An organisation that files, and how it works. `markets`: product or kind → buyers with weights.

    `both`: it separates, or imports, concentrate and clay compound alike.
    """

    id: str
    place: int
    trade: str
    role: str
    name: Name
    size: float
    sites: tuple[Site, ...]
    deposit: Row | None
    metals: tuple[str, ...]
    models: tuple[Model, ...]
    markets: dict[str, Market]
    abroad: Market
    basis: str
    count_months: int
    founded: date
    recovery: dict[str, float]
    both: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A synthetic national industry, before it runs."""

    seed: int
    organisations: int
    months: int
    start: str
    profile: Profile
    firms: tuple[FirmPlan, ...]
    parties: tuple[Party, ...]


def plan_world(seed: int, organisations: int, months: int, start: str, profile: Profile) -> World:
    """The plan for these arguments; see `build_world` for their meaning and errors."""
    namer = Namer(Stream(seed, NAMES))
    traits = Stream(seed, TRAITS)
    drafts = [
        _Draft(row, number, place, traits, namer, profile=profile)
        for place, (row, number) in enumerate(_roster(organisations))
    ]
    users = [_party(f"USE-{n + 1:04d}", namer, n, profile) for n in range(max(4, organisations // 6))]
    buyers = [_party(f"FOR-{n + 1:04d}", namer, n, profile) for n in range(max(4, organisations // 7))]
    links = Stream(seed, LINKS)
    markets = _markets(links, drafts, [user.id for user in users])
    abroad = {
        draft.id: _pick(links, [buyer.id for buyer in buyers], 2 + int(draft.size * 4))
        for draft in drafts
        if draft.trade in ("magnet-maker", "smco-maker", "exporter", "oxide-trader")
    }
    firms = tuple(draft.finish(markets.get(draft.id, {}), abroad.get(draft.id, ())) for draft in drafts)
    return World(
        seed=seed, organisations=organisations, months=months, start=start, profile=profile, firms=firms,
        parties=(*users, *buyers),
    )  # fmt: skip


def _roster(organisations: int) -> list[tuple[Row, int]]:
    """(industry row, number within its prefix) of each firm in the order of trades; largest remainders."""
    rows = sorted(table("industry"), key=lambda row: ORDER.index(row["trade"]))
    least = [int(row["minimum"]) for row in rows]
    shares = [float(row["share_pct"]) for row in rows]
    spare = organisations - sum(least)
    wanted = [max(0.0, organisations * share / sum(shares) - low) for share, low in zip(shares, least, strict=True)]
    exact = [spare * want / (sum(wanted) or 1.0) for want in wanted]
    counts = [low + int(part) for low, part in zip(least, exact, strict=True)]
    by_remainder = sorted(range(len(rows)), key=lambda place: (int(exact[place]) - exact[place], place))
    for place in by_remainder[: organisations - sum(counts)]:
        counts[place] += 1
    numbers: dict[str, int] = {}
    roster = []
    for row, count in zip(rows, counts, strict=True):
        for _ in range(count):
            numbers[row["prefix"]] = numbers.get(row["prefix"], 0) + 1
            roster.append((row, numbers[row["prefix"]]))
    return roster


def _party(identifier: str, namer: Namer, number: int, profile: Profile) -> Party:
    marker, registered = f"synthetic:{identifier}", not in_share(number, profile.customers_by_name)
    home = identifier.startswith("USE")
    name, country = (namer.domestic("use", marker), "CN") if home else namer.foreign(marker)
    return Party(id=identifier, name=name, country=country, number=number, registered=registered)


class _Draft:
    """A firm while the plan is made, before its markets are known."""

    def __init__(self, row: Row, number: int, place: int, traits: Stream, namer: Namer, *, profile: Profile) -> None:
        self.id = f"{row['prefix']}-{number:04d}"
        self.trade, self.place = row["trade"], place
        self._row, self._traits, self._profile = row, traits, profile
        same = [d for d in table("deposits") if d["trade"] == self.trade]
        self._deposit = same[(number - 1) % len(same)] if same else None
        self.size = 0.4 + 1.8 * traits.uniform() * traits.uniform()
        self.diffuses = self.trade == "magnet-maker" and traits.chance(DIFFUSERS)
        self.metals = _metals_of(self.trade, number)
        shares = {"SEP": profile.both_products, "IMP": profile.imports_of_both}
        self.both = in_share(number - 1, shares.get(row["prefix"], 0.0))
        self._name = namer.domestic(self.trade, f"synthetic:{self.id}")

    def finish(self, markets: dict[str, Market], abroad: Market) -> FirmPlan:
        traits, never, quarterly = self._traits, self._profile.without_counts, self._profile.quarterly_counts
        draw = traits.uniform()
        return FirmPlan(
            id=self.id, place=self.place, trade=self.trade, role=self._row["role"], name=self._name, size=self.size,
            sites=self._sites(), deposit=self._deposit, metals=self.metals, models=self._models(), markets=markets,
            abroad=abroad, both=self.both,
            basis=traits.choose(("element", "oxide", "reo-share")) if self._deposit else "element",
            count_months=0 if draw < never else 3 if draw < never + quarterly else 1,
            founded=date(traits.integer(2003, 2022), traits.integer(1, 12), traits.integer(1, 28)),
            recovery={
                row["process"]: traits.between(float(row["plant_low_pct"]), float(row["plant_high_pct"])) / 100
                for row in table("yields")
            },
        )  # fmt: skip

    def _sites(self) -> tuple[Site, ...]:
        if self.trade == "title-trader":
            return ()
        name = self._name
        word = "store" if self._row["stage"] == "trade" else "plant"
        main = Site(
            id=f"{self.id}-A", name=f"{name.city_en} {word}", stage=self._row["stage"], region=name.region,
            lat=name.lat, lon=name.lon,
        )  # fmt: skip
        if self.trade != "magnet-maker" or not self._traits.chance(WITH_WAREHOUSE):
            return (main,)
        return main, Site(
            id=f"{self.id}-B", name=f"{name.city_en} warehouse", stage="trade", region=name.region, lat=name.lat,
            lon=name.lon,
        )  # fmt: skip

    def _models(self) -> tuple[Model, ...]:
        if self.trade not in ("magnet-maker", "smco-maker"):
            return ()
        rows = [
            row
            for row in table("models")
            if (row["grade"] == "SmCo") == (self.trade == "smco-maker") and (self.diffuses or row["diffused"] == "no")
        ]
        return tuple(
            Model(
                id=f"{row['name']}-{self.id[-4:]}-{self._traits.integer(100, 999)}", organisation=self.id,
                grade=row["grade"],
                diffused=row["diffused"] == "yes",
                piece_kg=int(self._traits.between(float(row["piece_low_g"]), float(row["piece_high_g"])) * 10) / 10_000,
                content=magnet_content(row["grade"], row["diffused"] == "yes"),
            )
            for row in rows
        )  # fmt: skip


#: Terbium that grain-boundary diffusion adds, kg per kg of magnet (Mainrich: 0.35 %).
DIFFUSED_TERBIUM = 0.0035


def magnet_content(grade: str, diffused: bool) -> Content:
    """The composition a model is sold by."""
    content = {**recipe(grade)}
    if diffused:
        content["Tb"] = content.get("Tb", 0.0) + DIFFUSED_TERBIUM
    if grade != "SmCo":
        content["Fe"] = 0.987 - sum(content.values())
    return content


def _metals_of(trade: str, number: int) -> tuple[str, ...]:
    """Which rare earths a smelter reduces; the first two together do them all."""
    if trade != "smelter":
        return ()
    metals = ["PrNd"]
    if number % 2 == 0:
        metals += ["Dy", "Tb"]
    if number % 4 == 1:
        metals.append("Sm")
    return tuple(metals)


def _markets(stream: Stream, drafts: list[_Draft], users: list[str]) -> dict[str, dict[str, Market]]:
    """Firm → product → buyers: every buyer has a supplier, every supplier a buyer."""
    of = {trade: [draft for draft in drafts if draft.trade == trade] for trade in ORDER}
    result: dict[str, dict[str, Market]] = {draft.id: {} for draft in drafts}

    def link(products: tuple[str, ...], sellers: list[_Draft], buyers: list[_Draft], degree: int) -> None:
        for seller, market in _connect(stream, sellers, buyers, degree).items():
            for product in products:
                result[seller][product] = result[seller].get(product, ()) + market

    rock, separators = (
        of["rock-mine"] + of["monazite-mine"] + of["rock-importer"],
        of["light-separator"] + of["heavy-separator"],
    )
    smelters = of["smelter"]
    diffusers = [draft for draft in of["magnet-maker"] if draft.diffuses]
    lights, heavies = (
        of[f"{own}-separator"] + [draft for draft in of[f"{other}-separator"] if draft.both]
        for own, other in (("light", "heavy"), ("heavy", "light"))
    )
    rock_too, clay_too = ([draft for draft in of[f"{kind}-importer"] if draft.both] for kind in ("clay", "rock"))
    link(("concentrate",), rock + rock_too, lights, 3)
    link(("mixed-compound",), of["clay-mine"] + of["clay-importer"] + clay_too, heavies, 3)
    # Who parts heavy products too keeps the middle and heavy rare earths of his concentrate.
    link(("mixed-compound:SEG",), [draft for draft in of["light-separator"] if not draft.both], heavies, 2)
    link(("oxide:PrNd",), separators, smelters, 3)
    link(("oxide:PrNd",), separators, of["oxide-trader"], 1)
    link(("title",), separators, of["title-trader"], 1)
    link(("oxide:PrNd",), of["oxide-trader"] + of["title-trader"] + of["recycler"], smelters, 2)
    for metal in ("Dy", "Tb", "Sm"):
        able = [draft for draft in smelters if metal in draft.metals]
        link((f"oxide:{metal}",), separators + of["recycler"], able, 2)
    link(("oxide:La", "oxide:Ce"), lights, of["oxide-trader"], 1)
    link(("metal:PrNd",), smelters + of["metal-trader"], of["alloy-maker"], 3)
    if of["metal-trader"]:
        link(("metal:PrNd",), smelters, of["metal-trader"], 1)
    link(("metal:Dy", "metal:Tb"), [d for d in smelters if "Dy" in d.metals], of["alloy-maker"], 3)
    link(("metal:Tb",), [d for d in smelters if "Tb" in d.metals], diffusers, 2)
    link(("metal:Sm",), [d for d in smelters if "Sm" in d.metals], of["smco-maker"], 2)
    link(("strip-cast",), of["alloy-maker"], of["magnet-maker"], 4)
    link(("magnet",), of["magnet-maker"] + of["smco-maker"], of["exporter"], 2)
    link(("swarf", "slag"), of["magnet-maker"] + of["smco-maker"] + of["alloy-maker"] + smelters, of["recycler"], 2)
    for draft in drafts:
        bought = _pick(stream, users, 3)
        for product in ("magnet-use", *USED_AS_OXIDE):
            result[draft.id][product] = result[draft.id].get(product, ()) + bought
        if "oxide:Sm" in result[draft.id]:
            # There is more samarium than magnets can take (assumption): most is sold for catalysts and the like.
            result[draft.id]["oxide:Sm"] += tuple((user, weight * 2) for user, weight in bought)
        for metal in ("metal:Dy", "metal:Tb"):
            # Targets and magnetostrictive alloys take the heavy metals too (assumption).
            if metal in result[draft.id]:
                result[draft.id][metal] += bought
    return result


def _connect(stream: Stream, sellers: list[_Draft], buyers: list[_Draft], degree: int) -> dict[str, Market]:
    if not buyers or not sellers:
        return {}
    chosen: dict[str, dict[str, float]] = {seller.id: {} for seller in sellers}
    order = stream.shuffled(sellers)
    for place, buyer in enumerate(stream.shuffled(buyers)):
        chosen[order[place % len(order)].id][buyer.id] = buyer.size
    for seller in sellers:
        for _ in range(degree - len(chosen[seller.id])):
            buyer = stream.choose(buyers)
            chosen[seller.id][buyer.id] = buyer.size
    return {
        seller: tuple((buyer, size * stream.between(0.6, 1.4)) for buyer, size in market.items())
        for seller, market in chosen.items()
    }


def _pick(stream: Stream, parties: list[str], count: int) -> Market:
    return tuple((party, stream.between(0.5, 1.5)) for party in stream.shuffled(parties)[:count])


def national_reo(world: World) -> tuple[Content, float]:
    """Oxides that mines and imports bring in a mean month, kg by element, and their total."""
    total: Content = {}
    for firm in world.firms:
        if firm.deposit is None:
            continue
        reo_kg = float(firm.deposit["reo_t_per_month"]) * 1000 * firm.size
        for element, share in deposit_reo()[firm.deposit["deposit"]].items():
            total[element] = total.get(element, 0.0) + reo_kg * share
    return total, sum(total.values())
