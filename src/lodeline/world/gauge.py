"""What a scale and a laboratory say of what is really there.

observed = true x (1 + R + S): R is drawn for each act, S is shared by everything that one site measures
with one (method, element, calibration), as the balance model has it (Jaech 1973; Avenhaus and Jaech 1981).
Weighing, sampling, moisture and assay each bring their own R and S.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from lodeline.material.element import RARE_EARTHS
from lodeline.world.stock import KG, MOISTURE_UNIT
from lodeline.world.stream import Stream
from lodeline.world.tables import OXIDE, Content, Row, table

CALIBRATIONS = "ABC"
ASSAYED = (*(symbol for symbol in RARE_EARTHS if symbol != "Pm"), "B", "Fe", "Co", "TREO")

#: Kind of product → families of methods: weighing, sampling, moisture, assay (several).
FAMILIES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "concentrate": ("TRUCK", "PILE", "OVEN", ("GRAV", "ICP")),
    "mixed-compound": ("TRUCK", "PILE", "OVEN", ("GRAV", "ICP")),
    "oxide": ("PLATFORM", "DRUM", "", ("GRAV", "ICPR")),
    "metal": ("PLATFORM", "DRUM", "", ("ICPR",)),
    "strip-cast": ("PLATFORM", "MELT", "", ("ICPR",)),
    "block": ("PLATFORM", "MELT", "", ("ICPR",)),
    "magnet-ndfeb": ("BENCH", "MELT", "", ("ICPR",)),
    "magnet-smco": ("BENCH", "MELT", "", ("ICPR",)),
    "swarf": ("PLATFORM", "DRUM", "", ("XRF",)),
    "slag": ("PLATFORM", "DRUM", "", ("XRF",)),
    "residue": ("TRUCK", "DRUM", "", ("XRF",)),
    "assembly": ("BENCH", "MELT", "", ("ICPR",)),
    "scrap-eol": ("TRUCK", "PILE", "", ("XRF",)),
}
#: Kinds whose total oxide is stated beside the elements.
TREO_STATED = frozenset({"concentrate", "mixed-compound", "oxide"})
#: Shares below this are not reported, ppb by kind; feed is analysed down to traces.
_FLOOR_PPB = {"concentrate": 2_000, "mixed-compound": 2_000, "residue": 10_000, "oxide": 200_000}
_FLOOR_ELSE_PPB = 100_000
#: Laboratories normalise what would add up to more than this, ppb.
SUM_LIMIT_PPB = 999_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A registered method: one row per (id, quantity, element); percentages are one sigma, relative."""

    id: str
    quantity: str
    element: str
    random_pct: str
    systematic_pct: str
    calibration: str


@cache
def registered_methods() -> tuple[Method, ...]:
    """Every method of the world; scales exist in three calibrations, the laboratory in one."""
    return tuple(
        Method(
            id=f"{row['family']}-{calibration}",
            quantity=row["quantity"],
            element=element,
            random_pct=row["random_pct"],
            systematic_pct=row["systematic_pct"],
            calibration=calibration,
        )
        for row in table("methods")
        for calibration in (CALIBRATIONS if row["quantity"] == "weighing" else CALIBRATIONS[0])
        for element in _elements(row)
    )


def _elements(row: Row) -> tuple[str, ...]:
    # Where the total is only the sum of the elements found, it is as uncertain as they are.
    return {"all": ASSAYED[:-1], "all TREO": ASSAYED}.get(row["elements"], (row["elements"],))


@dataclass(slots=True, kw_only=True)
class Gauge:
    """How one site measures one kind of product: relative errors, and the cells that say so in a row."""

    weigh_random: float
    weigh_bias: float
    moisture_random: float
    moisture_bias: float
    sample_random: float
    sample_bias: float
    assay: dict[str, tuple[float, float]]
    weigh_cell: str
    full_cell: str
    coarse: bool
    floor_ppb: int
    #: How many of the usual divisions are one here.
    coarser: int

    def sigma(self, element: str) -> float:
        """Relative random error of one sampled and analysed mass of an element."""
        random = self.assay[element][0] if element in self.assay else 0.0
        return math.sqrt(random * random + self.sample_random * self.sample_random)

    def division_mg(self, mass_kg: float) -> int:
        """The scale division that suits a mass."""
        if self.coarse:
            return KG
        return (100_000 if mass_kg >= 500 else 10_000 if mass_kg >= 50 else 1_000) * self.coarser

    def weigh(self, stream: Stream, dry_kg: float, moisture: float, fixed: int | None = None) -> tuple[int, int]:
        """(net mg, moisture in hundredths of a percent) as observed; `fixed` moisture is not measured again."""
        observed = 0
        if moisture:
            error = self.moisture_random * stream.normal() + self.moisture_bias
            observed = max(0, int((1 - (1 - moisture) * (1 + error)) * MOISTURE_UNIT + 0.5))
        if fixed is not None:
            observed = fixed
        net_kg = dry_kg / (1 - moisture) * (1 + self.weigh_random * stream.normal() + self.weigh_bias)
        division = self.division_mg(net_kg)
        return max(division, int(net_kg * KG / division + 0.5) * division), observed

    def analyse(self, stream: Stream, content: Content) -> dict[str, int]:
        """Element shares in ppb of dry mass as the laboratory reports them."""
        sampled = 1 + self.sample_random * stream.normal() + self.sample_bias
        found: dict[str, int] = {}
        total = 0
        for element, share in content.items():
            method = self.assay.get(element)
            if method is None or share * 1e9 < self.floor_ppb:
                continue
            observed = share * 1e9 * (sampled + method[0] * stream.normal() + method[1])
            ppb = reported(min(observed, SUM_LIMIT_PPB), self.coarser)
            found[element] = ppb
            if element != "TREO":
                total += ppb
        if total > SUM_LIMIT_PPB:
            factor = SUM_LIMIT_PPB / total
            found = {element: reported(ppb * factor, self.coarser) for element, ppb in found.items()}
        return found


def reported(ppb: float, coarser: int = 1) -> int:
    """A share as a laboratory prints it: three decimals of a percent, four below one percent, fewer where coarser."""
    unit = (10_000 if ppb >= 10_000_000 else 1_000) * coarser
    return int(ppb / unit + 0.5) * unit


def percent(ppb: int) -> str:
    """Shortest decimal percent of a share in ppb."""
    whole, rest = divmod(ppb, 10_000_000)
    return f"{whole}.{rest:07d}".rstrip("0") if rest else str(whole)


def composition_text(ppb: dict[str, int], basis: str) -> str:
    """The cell as filed on one of the three bases."""
    if basis == "oxide":
        ppb = {e: reported(share * OXIDE[e]) if e in OXIDE else share for e, share in ppb.items()}
    elif basis == "reo-share":
        total = sum(share * OXIDE[e] for e, share in ppb.items() if e in OXIDE)
        # The split is normalised to 100 and cut, never rounded up, so that it cannot pass 100 %.
        ppb = {e: int(share * OXIDE[e] / total * 1e6) * 1000 if e in OXIDE else share for e, share in ppb.items()}
    return ";".join([f"{element}={percent(share)}" for element, share in ppb.items()])


class Instruments:
    """The scales and the laboratory of one site, with the errors they keep for a whole calibration."""

    __slots__ = ("_bias", "_coarser", "_gauges", "calibration")

    def __init__(self, stream: Stream, *, coarser: int = 1) -> None:
        self._coarser = coarser
        methods = registered_methods()
        deviates = stream.normals(len(methods)).tolist()
        self._bias: dict[tuple[str, str], float] = {
            (method.id, method.element): float(method.systematic_pct) / 100 * deviate
            for method, deviate in zip(methods, deviates, strict=True)
        }
        self._gauges: dict[str, Gauge] = {}
        self.calibration = 0

    def recalibrate(self) -> None:
        """The scales are adjusted: the next letter, and another systematic error."""
        self.calibration += 1
        self._gauges.clear()

    def bias(self, family: str) -> float:
        """The systematic error of a scale in force."""
        return self._bias[f"{family}-{CALIBRATIONS[self.calibration]}", ""]

    def gauge(self, kind: str) -> Gauge:
        """How this site measures a kind of product now."""
        found = self._gauges.get(kind)
        if found is None:
            found = self._gauges[kind] = self._build(kind)
        return found

    def _build(self, kind: str) -> Gauge:
        weighing, sampling, moisture, assays = FAMILIES[kind]
        random = {row["family"]: float(row["random_pct"]) / 100 for row in table("methods")}
        scale = f"{weighing}-{CALIBRATIONS[self.calibration]}"
        first = CALIBRATIONS[0]
        assay = {
            element: (random[family], self._bias[f"{family}-{first}", element])
            for family in assays
            for element in (("TREO",) if family == "GRAV" else ASSAYED[:-1])
        }
        rest = [f"{family}-{first}" for family in (sampling, moisture, *assays) if family]
        return Gauge(
            weigh_random=random[weighing],
            weigh_bias=self.bias(weighing),
            moisture_random=random.get(moisture, 0.0),
            moisture_bias=self._bias.get((f"{moisture}-{first}", ""), 0.0),
            sample_random=random[sampling],
            sample_bias=self._bias[f"{sampling}-{first}", ""],
            assay=assay,
            weigh_cell=f"{scale};OVEN-{first}" if moisture else scale,
            full_cell=";".join([scale, *rest]),
            coarse=weighing == "TRUCK",
            floor_ppb=_FLOOR_PPB.get(kind, _FLOOR_ELSE_PPB),
            coarser=self._coarser,
        )
