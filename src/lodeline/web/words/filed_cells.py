"""A cell of a filing as it is read: products, compositions and codes in words, what was filed behind them."""

from __future__ import annotations

from lodeline.language import Language
from lodeline.web.parts.table import Cell
from lodeline.web.words import filing as words
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words


def filed_cell(column: str | None, text: str | None, language: Language) -> Cell:
    """The cell of a column of the format; its `value`, which is sorted by and exported, stays the text as filed."""
    if not text:
        return Cell(text=written.NOTHING, value=text)
    read = _READ.get(column or "")
    shown = words.shown(column or "", text, language) if read is None else read(text, language)
    # The code of a product is what a filer writes: it stands beside the words. The others are told by their title.
    note = text if column == "product" and shown != text else ""
    return Cell(
        text=shown, value=text, title="" if shown == text else text, note=note, whole=column == "on", marks=True
    )


def composition(text: str, language: Language) -> str:
    """`Nd=24.1;Pr=6.02` → Nd 24.1 · Pr 6.02; a text that is no composition stays as it is."""
    del language
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    if not all(symbol.strip() and share.strip() for symbol, _, share in parts):
        return text
    return " · ".join(f"{symbol.strip()}\u00a0{share.strip()}" for symbol, _, share in parts)


_READ = {"product": lot_words.product, "composition": composition}
