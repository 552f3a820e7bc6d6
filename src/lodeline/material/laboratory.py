"""By how much two laboratories differ that assay the same goods.

Two laboratories differ by 2 % where all is analyte, and by more the less of it there is: to the power of −0.1505 of
the mass fraction (Horwitz, Kamps & Boyer, J. AOAC 63 (1980) 1344).
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

HORWITZ: Final = 0.02
HORWITZ_POWER: Final = -0.1505

Masses = TypeVar("Masses", float, npt.NDArray[np.float64])


def assay_sigma(mass_mg: Masses, net_mg: Masses) -> Masses:
    """Standard uncertainty in mg of the mass of an element in a net mass; 0 where there is none of it."""
    # HORWITZ × mass × (mass / net) ^ HORWITZ_POWER, so written that nothing is divided by.
    sigma: Masses = HORWITZ * mass_mg ** (1 + HORWITZ_POWER) * net_mg**-HORWITZ_POWER
    return sigma
