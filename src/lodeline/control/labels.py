"""What the columns of a declaration are called: on every page of the desk, and by files that use these words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.language import Text, text

LABELS: Final[Mapping[str, Text]] = {
    "line": text("Line", context="customs"),
    "declaration": text("Declaration", context="customs"),
    "on": text("Day of the declaration"),
    "exporter": text("Exporter, by id"),
    "exporter_name": text("Exporter name"),
    "product_name": text("Goods, as declared"),
    "product": text("Product"),
    "hs_code": text("HS code"),
    "control_item": text("Control item stated"),
    "controlled_declared": text("Declared as controlled?"),
    "licence": text("Dual-use export licence"),
    "export_licence": text("Ordinary export licence"),
    "destination": text("Destination (country code)"),
    "consignee_name": text("Consignee", context="customs, form"),
    "end_user_name": text("End user"),
    "end_user_country": text("Country of the end user (code)"),
    "end_use": text("End use"),
    "model": text("Model or grade"),
    "models_in_lot": text("Models in this line"),
    "lot": text("Lot"),
    "composition": text("Composition, %"),
    "composition_of": text("Composition is of"),
    "basis": text("Composition stated as"),
    "re_total_pct": text("Rare earths in all, %"),
    "assay_composition": text("Found by a laboratory, %"),
    "assay_of": text("The laboratory examined"),
    "mass_kg": text("Net mass, kg"),
    "value": text("Value of the line"),
    "currency": text("Currency"),
    "port": text("Port"),
    "transport": text("Transport"),
    "movement": text("Movement, where no plain export"),
    "note": text("Note", context="customs"),
}
#: Fields that a line is shown with where it states them, under labels that leave room for what was stated.
SHORT_LABELS: Final[Mapping[str, Text]] = {
    "hs_code": LABELS["hs_code"],
    "controlled_declared": text("Declared"),
    "control_item": text("Item"),
    "licence": text("Licence", context="customs"),
    "lot": LABELS["lot"],
    "model": text("Model"),
    "composition": text("Content, %"),
    "assay_composition": text("Assay, %"),
    "destination": text("To", context="customs"),
    "consignee_name": text("Consignee", context="customs, line card"),
    "end_user_name": text("End user"),
    "end_use": text("Use", context="customs"),
}
