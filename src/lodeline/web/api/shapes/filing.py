"""What is filed: checks, filings and their rows and files, drafts, and deliveries between firms."""

from typing import Any, Literal

from lodeline.web.api.shapes.common import Day, FilingProblem, Hash, Json, Mass, Shape


class Receipt(Shape):
    """Proof of an entry; kept by the filer, and checked by anybody with `lodeline verify`."""

    format: str
    entry: int
    envelope: str
    leaf_hash: Hash
    inclusion: list[str]
    checkpoint: str
    vkey: str
    filed_at: str
    flags: list[Json]


class FilingAnswer(Shape):
    """What became of a filing. `draft`: it waits for a certifier. `job`: it is being filed."""

    accepted: bool
    problems: list[FilingProblem]
    receipt: Receipt | None
    repeated: bool = False
    draft: int | None = None
    job: int | None = None


class Filing(Shape):
    """A filing as the log has it. `flags`: how many. `certified_by`: passkey, certificate, password, or null."""

    entry: int
    organisation: str
    period: str
    corrects: int | None
    filed_at: str
    rows: int
    leaf_hash: Hash
    flags: int
    certified_by: str | None


class Filings(Shape):
    """A page of filings, newest first."""

    rows: list[Filing]
    next: str | None


class FilingRow(Shape):
    """A row as filed: its ordinal, and its filled cells by column of the filing format, as text."""

    ordinal: int


class FilingRows(Shape):
    """A page of rows, in the order filed."""

    rows: list[FilingRow]
    next: str | None


class FilingProblems(Shape):
    """The flags as filed, and whether the filing is in force (none of its events has been restated)."""

    rows: list[FilingProblem]


class Upload(Shape):
    """A file that was sent with a filing."""

    number: int
    name: str
    sha256: Hash
    size: int


class Uploads(Shape):
    """The files of a filing."""

    rows: list[Upload]


class Draft(Shape):
    """A filing on its way: open, checking, asked (waits for a certifier), filing, filed (see `entry`), dropped."""

    draft: int
    organisation: str
    period: str
    corrects: int | None
    state: str
    accepted: bool
    rows: int
    problems: list[FilingProblem]
    entry: int | None


class Job(Shape):
    """Work under way. `result` has the keys of a filing's answer once it is done."""

    job: int
    state: Literal["waiting", "running", "done", "failed"]
    progress: float
    result: Any


class Transfer(Shape):
    """A shipment with its receipts; several receipts stand in `receipt_event` with `;` between them."""

    cursor: str
    lot: str
    shipper: str | None
    receiver: str | None
    shipment_event: str | None
    receipt_event: str | None
    shipped_on: Day | None
    received_on: Day | None
    shipped_kg: Mass | None
    received_kg: Mass | None
    difference_kg: Mass | None
    state: str
    cause: str | None


class Transfers(Shape):
    """A page of transfers, in the order in which they came into the log."""

    rows: list[Transfer]
    next: str | None


class Delivery(Shape):
    """A shipment that waits for this organisation's receipt. `shipment` is what accepting it names."""

    shipment: int
    shipper: str
    shipment_event: str
    shipped_on: Day | None
    age_days: int | None
    lot: str
    product: str | None
    shipped_kg: Mass | None
    missing_kg: Mass | None
    document: str | None


class Deliveries(Shape):
    """The inbox, the oldest first."""

    rows: list[Delivery]


class Dispute(Shape):
    """A receiver says that a shipment is not as its shipper filed it."""

    dispute: int
    receiver: str
    shipper: str
    shipment_event: str
    lot: str
    reason: str
    raised_at: str
    answer: str | None
    answered_at: str | None
    withdrawn_at: str | None


class Disputes(Shape):
    """Disputes of this organisation, newest first."""

    rows: list[Dispute]
