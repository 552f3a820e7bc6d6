"""The tables. Facts are appended and never changed (guards.py refuses it); state can be recomputed from facts.

Facts: `Fact`, `Entry`, `Upload`, `Record`, `Lot`, `Line`, `Alias`, `Draw`, `InvoiceLine`, `CustomsLine`. State: `Head`,
`Superseded`, `Holding`, `Transfer`, `Drawdown`, `Reservation`. Rows go in by bulk append (append.py), not through these
classes; they say what the tables are, and migrations follow them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from lodeline.filing.feed_schema import feed_cells
from lodeline.filing.schema import CELLS


class Fact(models.Model):
    """What was fixed when the store was made: log origin, format version, fingerprint of the secret."""

    key = models.TextField(primary_key=True)
    value = models.TextField()

    class Meta:
        db_table = "fact"


class Head(models.Model):
    """One row: the size of the log, the next row and lot numbers, the frontier of the Merkle tree."""

    size = models.BigIntegerField()
    next_line = models.BigIntegerField()
    next_lot = models.BigIntegerField()
    frontier = models.BinaryField()
    #: The signed note over size and root.
    checkpoint = models.TextField()
    #: The entry of the newest register; readers keep what they read while it stays the same.
    register_entry = models.BigIntegerField()

    class Meta:
        db_table = "head"


class Entry(models.Model):
    """One entry of the log. `root` is the root of the tree that ends with it."""

    index = models.BigIntegerField(primary_key=True)
    kind = models.TextField()
    organisation = models.TextField(null=True, blank=True)
    period = models.TextField(null=True, blank=True)
    corrects = models.BigIntegerField(null=True, blank=True)
    filed_at = models.TextField(null=True, blank=True)
    digest = models.TextField()
    row_count = models.BigIntegerField()
    first_line = models.BigIntegerField()
    envelope = models.TextField()
    leaf_hash = models.TextField()
    root = models.TextField()
    #: JSON list of the flags that the receipt lists; as filed, for ever.
    flags = models.TextField()

    class Meta:
        db_table = "entry"
        indexes: ClassVar = [
            models.Index(fields=["organisation", "period", "index"], name="entry_organisation"),
            models.Index(fields=["kind", "index"], name="entry_kind"),
            models.Index(fields=["organisation", "index", "first_line", "row_count"], name="entry_filer"),
        ]


class Upload(models.Model):
    """The bytes as they came, compressed with zlib."""

    id = models.BigAutoField(primary_key=True)
    entry = models.BigIntegerField(db_index=True)
    name = models.TextField()
    sha256 = models.TextField()
    content = models.BinaryField()

    class Meta:
        db_table = "upload"


class Record(models.Model):
    """A register record as it stands from its entry on; `body` is a JSON list of its cells in order."""

    id = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField()
    ordinal = models.BigIntegerField()
    table = models.TextField()
    key = models.TextField()
    body = models.TextField()

    class Meta:
        db_table = "record"


class Lot(models.Model):
    """A lot once anybody has named it. `local` is the maker's own id."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(unique=True)
    maker = models.TextField()
    local = models.TextField(db_index=True)

    class Meta:
        db_table = "lot"


def _cell(name: str, cells: Mapping[str, Any] = CELLS) -> models.Field[Any, Any]:
    kind = str(cells[name])
    if kind == "Date":
        return models.DateField(null=True, blank=True)
    return models.BigIntegerField(null=True, blank=True) if kind == "Int64" else models.TextField(null=True, blank=True)


class Line(models.Model):
    """A row as filed, typed, with what it resolved to (`dry_mg`, `lot_id`, `party`) and its leaf."""

    id = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField()
    ordinal = models.BigIntegerField()
    organisation = models.TextField()
    for _name in CELLS:
        locals()[_name] = _cell(_name)
    del _name
    dry_mg = models.BigIntegerField(null=True, blank=True)
    lot_id = models.BigIntegerField(null=True, blank=True)
    party = models.TextField(null=True, blank=True)
    leaf = models.BinaryField()

    class Meta:
        db_table = "line"
        indexes: ClassVar = [
            models.Index(fields=["organisation", "event"], name="line_event"),
            models.Index(fields=["lot_id"], name="line_lot"),
            models.Index(
                fields=["party", "reference"], name="line_reference", condition=models.Q(reference__isnull=False)
            ),
            # By its kind as well: of two indices that begin with the party, SQLite takes the one that settles more.
            models.Index(fields=["party", "kind", "lot_id"], name="line_sold_to", condition=models.Q(kind="title")),
            models.Index(
                fields=["party", "organisation", "lot_id"],
                name="line_parties",
                condition=models.Q(party__isnull=False),
            ),
            models.Index(fields=["organisation", "lot_id"], name="line_received", condition=models.Q(kind="receipt")),
            models.Index(fields=["licence"], name="line_licence", condition=models.Q(licence__isnull=False)),
        ]


class Alias(models.Model):
    """What the papers of `organisation` call a lot, since `entry`."""

    entry = models.BigIntegerField(primary_key=True)
    organisation = models.TextField()
    lot = models.BigIntegerField(db_index=True)
    alias = models.TextField(db_index=True)

    class Meta:
        db_table = "alias"
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "alias"], name="alias_once")]


class InvoiceLine(models.Model):
    """A row of an invoice as the tax authority sent it; of those with one number the newest entry is in force."""

    id = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField(db_index=True)
    ordinal = models.BigIntegerField()
    for _name in feed_cells("invoices"):
        locals()[_name] = _cell(_name, feed_cells("invoices"))
    del _name
    leaf = models.BinaryField()

    class Meta:
        db_table = "invoice_line"
        indexes: ClassVar = [models.Index(fields=["number"], name="invoice_number")]


class CustomsLine(models.Model):
    """A line of a declaration as customs sent it; of those with one number the newest entry is in force."""

    id = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField(db_index=True)
    ordinal = models.BigIntegerField()
    for _name in feed_cells("customs"):
        locals()[_name] = _cell(_name, feed_cells("customs"))
    del _name
    leaf = models.BinaryField()

    class Meta:
        db_table = "customs_line"
        indexes: ClassVar = [models.Index(fields=["declaration"], name="customs_declaration")]


class Superseded(models.Model):
    """The rows of `event` in `entry` are out of force since entry `by`."""

    organisation = models.TextField()
    event = models.TextField()
    entry = models.BigIntegerField()
    by = models.BigIntegerField()

    class Meta:
        db_table = "superseded"
        indexes: ClassVar = [models.Index(fields=["organisation", "event"], name="superseded_event")]


class Holding(models.Model):
    """Book inventory of one owner's share of a lot at a site."""

    lot = models.BigIntegerField(db_index=True)
    site = models.TextField(db_index=True)
    owner = models.TextField()
    mass_mg = models.BigIntegerField()
    unaccounted_mg = models.BigIntegerField()

    class Meta:
        db_table = "holding"


class Transfer(models.Model):
    """A shipment with its receipts, or a receipt without a shipment (ledger.transfer)."""

    lot = models.BigIntegerField(db_index=True)
    shipment_line = models.BigIntegerField(null=True, blank=True)
    receipt_line = models.BigIntegerField(null=True, blank=True)
    shipper = models.TextField(null=True, blank=True)
    receiver = models.TextField(null=True, blank=True)
    shipment_event = models.TextField(null=True, blank=True)
    receipt_event = models.TextField(null=True, blank=True)
    shipped_mg = models.BigIntegerField(null=True, blank=True)
    received_mg = models.BigIntegerField(null=True, blank=True)
    shipped_on = models.DateField(null=True, blank=True)
    received_on = models.DateField(null=True, blank=True)
    by_reference = models.BooleanField(null=True, blank=True)
    lot_differs = models.BooleanField(null=True, blank=True)
    party_differs = models.BooleanField(null=True, blank=True)

    class Meta:
        db_table = "transfer"
        # One organisation's deliveries, asked for whenever its people come home.
        indexes: ClassVar = [
            models.Index(fields=["receiver"], name="transfer_receiver"),
            models.Index(fields=["shipper"], name="transfer_shipper"),
        ]


class Drawdown(models.Model):
    """Quota drawn by the lines of one lot."""

    lot = models.BigIntegerField(db_index=True)
    organisation = models.TextField()
    kind = models.TextField()
    ore_type = models.TextField()
    year = models.BigIntegerField()
    reo_mg = models.BigIntegerField()

    class Meta:
        db_table = "drawdown"
        indexes: ClassVar = [models.Index(fields=["organisation", "year"], name="drawdown_grant")]


class Draw(models.Model):
    """What was said of a licence or quota beside the filings (service.licences.draws): a row of its entry."""

    id = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField(db_index=True)
    ordinal = models.BigIntegerField()
    book = models.TextField()
    act = models.TextField()
    account = models.TextField()
    organisation = models.TextField()
    declaration = models.TextField()
    line = models.TextField()
    tranche = models.TextField()
    #: JSON: mass name → mg.
    masses = models.TextField()
    on = models.TextField()
    until = models.TextField()
    closes = models.BigIntegerField()
    #: Number of the reservation that the row is about; 0 for none.
    target = models.BigIntegerField()
    #: The teller's own number for it, which makes a second telling a repetition.
    reference = models.TextField()
    reason = models.TextField()

    class Meta:
        db_table = "draw"
        indexes: ClassVar = [
            models.Index(fields=["book", "account"], name="draw_account"),
            models.Index(fields=["declaration", "line"], name="draw_declaration"),
            models.Index(fields=["reference"], name="draw_reference", condition=~models.Q(reference="")),
        ]


class Reservation(models.Model):
    """A position on a licence (ledger.reservation): reserved, used, still open; mass of goods."""

    account = models.TextField(db_index=True)
    organisation = models.TextField()
    declaration = models.TextField()
    line = models.TextField()
    number = models.BigIntegerField()
    tranche = models.TextField()
    entry = models.BigIntegerField()
    mass_mg = models.BigIntegerField()
    used_mg = models.BigIntegerField()
    open_mg = models.BigIntegerField()
    until = models.DateField(null=True, blank=True)
    state = models.TextField()

    class Meta:
        db_table = "reservation"
        indexes: ClassVar = [models.Index(fields=["organisation"], name="reservation_organisation")]
