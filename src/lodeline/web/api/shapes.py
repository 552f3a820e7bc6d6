"""The shapes of answers, as the published schema has them. Keys are a contract; more may be added to any of them.

Masses are exact decimal texts in kilograms, days `YYYY-MM-DD`, months `YYYY-MM`; what is not known is null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Mass = Annotated[str, Field(description="Decimal kilograms.", json_schema_extra={"x-zh": "十进制千克数。"})]
Day = Annotated[str, Field(description="YYYY-MM-DD.")]
Hash = Annotated[str, Field(description="SHA-256, in hex.")]
Json = dict[str, Any]


class Shape(BaseModel):
    """An object of an answer. A key that is not listed yet is no mistake: readers ignore what they do not know."""

    model_config = ConfigDict(extra="allow")


class Bilingual(Shape):
    """One text in both languages."""

    en: str
    zh: str


class ProblemTexts(Shape):
    """Title and detail in one language."""

    title: str
    detail: str


class Where(Shape):
    """Where in what was sent; the header of a table is row 1."""

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None


class FilingProblem(Shape):
    """What is wrong with a filing: its code, severity (reject, confirm, flag), place and facts."""

    code: str
    severity: Literal["reject", "confirm", "flag"]
    where: Where
    facts: Json
    message: Bilingual


class ProblemDocument(Shape):
    """Why a request came to nothing (RFC 9457). `errors`: problems of a filing, all of them."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    texts: dict[Literal["en", "zh"], ProblemTexts]
    errors: list[FilingProblem] | None = None


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


class Lot(Shape):
    """A lot in a list."""

    lot: str
    product: str | None


class Lots(Shape):
    """A page of lots."""

    rows: list[Lot]
    next: str | None


class LotAnswer(Shape):
    """A lot: what it is, what it holds, and what happened to it as far as whoever asks may know."""

    lot: str
    product: str | None
    composition_pct: dict[str, float]
    #: `alias`, `entry` and, for the authority, the `organisation` that calls it so, the oldest first.
    aliases: list[Json]
    history: list[Json]


class AliasAnswer(Shape):
    """What the buyers of a lot see of it from now on."""

    lot: str
    alias: str


class Trace(Shape):
    """The lots upstream or downstream of a lot, in the shape of `lodeline trace --json`."""

    lot: str
    direction: Literal["backward", "forward"]
    nodes: list[Json]
    links: list[Json]
    truncated: bool


class Origins(Shape):
    """Where the elements of a lot came from, in the shape of `lodeline origins --json`; booked shares sum to 1."""

    lot: str
    rows: list[Json]


class Stamp(Shape):
    """The last entry and the root of the log that an answer was computed from."""

    entry: int
    root: Hash


class Balances(Shape):
    """Material balances, in the shape of `lodeline balance --json`."""

    stamp: Stamp
    rows: list[Json]
    next: str | None


class Flows(Shape):
    """The flow matrix, in the shape of `lodeline flows --json`."""

    stamp: Stamp
    rows: list[Json]
    next: str | None


class Quotas(Shape):
    """Quotas, in the shape of `lodeline quota --json`."""

    rows: list[Json]


class Licences(Shape):
    """Licences as registered, with what is reserved, used and left of them."""

    rows: list[Json]


class Licence(Shape):
    """A licence with its draw-downs, in the shape of `lodeline licence show --json`."""

    id: str
    state: str
    acts: list[Json]
    positions: list[Json]
    draws: list[Json]


class Findings(Shape):
    """Findings, in the shape of `lodeline findings --json`."""

    stamp: Stamp
    rows: list[Json]
    next: str | None


class Exceptions(Shape):
    """Where records disagree, in the shape of `lodeline exceptions --json`."""

    stamp: Stamp
    rows: list[Json]
    next: str | None


class OneException(Shape):
    """One of them with the rows of the three records."""

    stamp: Stamp
    as_of: str
    exception: Json
    filed: list[Json]
    invoiced: list[Json]
    border: list[Json]


class FeedAnswer(Shape):
    """What became of a feed; `receipt` null where it was refused."""

    accepted: bool
    repeated: bool
    feed: str | None
    rows: int | None
    problems: list[Json]
    receipt: Json | None


class Finding(Shape):
    """A finding: a question with its evidence."""

    id: str
    detector: str
    subject: Json
    state: str


class CaseFile(Shape):
    """A file that came with an answer."""

    name: str
    kind: str
    sha256: Hash
    size: int


class CaseStep(Shape):
    """A step of a case. `entry` of the log binds it; a step that only arranges the authority's work has none.

    `organisation`: that spoke; null for the authority, and for what happened by itself (`by` is null then too). `by`: a
    pseudonym, told to the authority alone.
    """

    number: int
    kind: str
    at: str
    organisation: str | None
    by: str | None
    text: str
    until: Day | None
    stands_until: Day | None
    reason: str | None
    entry: int | None
    files: list[CaseFile]


class CaseSummary(Shape):
    """Where the case of a finding stands. `steps`: how many were taken; send it with the next one.

    `state` is that of today: what does not stand any more is open, and `reason` says why. `assignee` and `watched` are
    told to the authority alone.
    """

    finding: str
    case: str
    organisation: str
    detector: str
    state: Literal["open", "asked", "answered", "explained", "waived", "confirmed", "withdrawn"]
    reason: str | None
    until: Day | None
    overdue: bool
    stands_until: Day | None
    raised: bool
    assignee: Json | None
    watched: bool
    steps: int
    changed_at: str


class Case(CaseSummary):
    """The same with its steps, the oldest first; an organisation sees those that it is told of."""

    taken: list[CaseStep]


class Cases(Shape):
    """A page of cases, in the order in which they were opened."""

    rows: list[CaseSummary]
    next: str | None


class CasePaper(Shape):
    """A step word for word, as the log commits to it, with the receipt that proves it; null where it has no entry."""

    content: str
    receipt: Json | None


class InspectionSummary(Shape):
    """What an inspector entered about one visit. `seals`: the numbers that it names."""

    entry: int
    organisation: str
    site: str
    on: str
    act: str
    #: A count of everything at the site.
    whole: bool
    lots: int
    mass_kg: str
    seals: list[str]
    note: str


class Inspections(Shape):
    """A page of inspections, the oldest first."""

    rows: list[InspectionSummary]
    next: str | None


class InspectionAnswer(InspectionSummary):
    """An inspection lot by lot: `lot`, `product`, `mass_kg` (dry), `method`, `location`, `seal`. `placed`: seals that
    were set or taken off without a count, each `number` and what it is `on`."""

    rows: list[Json]
    placed: list[Json]
    receipt: Json | None


class Succession(Shape):
    """A merger, a site that changed hands (`holder`) or was closed; `on` is the first day of what is new."""

    id: str
    kind: str
    organisation: str
    successor: str | None
    site: str | None
    on: str
    reason: str


class Successions(Shape):
    """A page of successions, by day."""

    rows: list[Succession]
    next: str | None


class Declared(Shape):
    """The verdict for each line of a declaration, in the shape of `lodeline declare --json`."""

    id: str
    verdict: Literal["release", "query", "hold"]
    lines: list[Json]
    counts: dict[str, int]
    problems: list[Json]
    readable: bool
    #: The entry of the log that keeps the question; none where no line could be read.
    entry: int | None = None


class DeskBatch(Shape):
    """A declaration that a worker judges part by part. `first` and `last` of a part are lines of the file, from 1."""

    batch: str
    job: int | None
    state: Literal["waiting", "running", "done", "stopped", "unread"]
    progress: float
    lines: int
    judged: int
    counts: dict[str, int]
    parts: list[Json]
    problems: list[Json]
    #: Of our own mistake: its number in the log.
    failure: str | None


class LicenceProposal(Shape):
    """What an officer proposed about a licence. `by`: who, by pseudonym; `answer`: why it was refused or taken back."""

    proposal: str
    licence: str
    deed: Literal["suspended", "resumed", "revoked", "holder"]
    on: Day
    holder: str | None
    reason: str
    by: str
    state: Literal["proposed", "done", "refused", "withdrawn"]
    answer: str | None


class LicenceProposals(Shape):
    """What was proposed about a licence, the oldest first."""

    rows: list[LicenceProposal]


class LicenceProposalAnswer(LicenceProposal):
    """A proposal with the entry that made it what it is."""

    entry: int
    problems: list[Json]


class Drawn(Shape):
    """What became of a draw on a licence; without `entry` the `problems` say why."""

    reservation: int | None
    entry: int | None
    licence: str | None
    declaration: str | None
    line: str | None
    mass_kg: Mass | None
    until: Day | None
    repeated: bool
    problems: list[Json]


class RunAnswer(Shape):
    """What became of a planned run, in the shape of `lodeline run --json`; `problems` may flag that it passes the
    quota."""

    organisation: str
    run: str
    reo_kg: Mass | None
    reservation: int
    entry: int
    until: Day | None
    repeated: bool
    problems: list[Json]


class Runs(Shape):
    """Planned runs, the newest first: announced, drawn, and what is still reserved, in kg of REO."""

    rows: list[Json]


class DrawnRows(Shape):
    """The same for each of several, in the order in which they were sent."""

    rows: list[Drawn]


class ApplicationSummary(Shape):
    """An application for an export licence. `until`: the last day to answer an open query."""

    application: str
    organisation: str
    relation: Literal["new", "renewal", "amendment"]
    of_licence: str | None
    state: Literal["draft", "submitted", "queried", "proposed", "granted", "refused", "withdrawn", "dropped"]
    licence: str | None
    until: Day | None
    steps: int
    submitted_at: str | None
    changed_at: str


class Applications(Shape):
    """Applications, a row each."""

    rows: list[ApplicationSummary]


class Application(ApplicationSummary):
    """One with what it says, its documents, its steps and the law's time. `problems` stand against handing it in."""

    content: Json
    #: Kinds of documents that the law asks for.
    needed: list[str]
    documents: list[Json]
    taken: list[Json]
    clock: Json | None
    proposal: Json | None
    problems: list[Json]


class DeskQuestion(Shape):
    """A question to the desk as the log keeps it, and what was decided since. `releases`: of each line that an officer
    released, by the id of its verdict, what was reserved."""

    entry: int
    asked_at: str
    channel: Literal["desk", "pre-check", "command", "offline"]
    amends: int | None
    amended_by: int | None
    withdrawn: int | None
    late_s: int | None
    answer: Json
    releases: list[Json]
    overrides: list[Json]


class CustomsSummary(Shape):
    """A query of customs; `line` is the id of the verdict that it asks about."""

    case: str
    organisation: str
    state: Literal["asked", "answered", "laboratory", "found", "released", "refused", "closed"]
    entry: int
    line: str
    verdict: Literal["release", "query", "hold"]
    until: Day | None
    steps: int
    changed_at: str


class CustomsQueries(Shape):
    """The queries, those that wait for somebody first."""

    rows: list[CustomsSummary]


class CustomsQuery(CustomsSummary):
    """A query with the documents that are to be submitted and its steps."""

    required: list[str]
    documents: list[str]
    taken: list[Json]


class Site(Shape):
    """A site of an organisation."""

    id: str
    name: str | None
    stage: str | None


class Organisation(Shape):
    """An organisation as registered, with its sites."""

    id: str
    name_zh: str | None
    name_en: str | None
    country: str | None
    roles: list[str]
    sites: list[Site]


class Organisations(Shape):
    """A page of organisations, by id."""

    rows: list[Organisation]
    next: str | None


class Law(Shape):
    """The law on a day, in the shape of `lodeline law --json`."""

    jurisdiction: str
    on: Day
    known: Day
    rows: list[Json]


class LawDiff(Shape):
    """What changed between two days, in the shape of `lodeline law diff --json`."""

    jurisdiction: str
    known: Day
    rows: list[Json]


class LawReplay(Shape):
    """What would come out differently, a page of one kind of row in the shape of `lodeline law replay --json`."""

    stamp: Stamp
    jurisdiction: str
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    known: dict[str, str]
    law: list[Json]
    what: str
    judged: dict[str, int]
    rows: list[Json]
    next: str | None


class Checkpoint(Shape):
    """The signed size and root of the log, as a note (C2SP tlog-checkpoint), and the key that signed it."""

    size: int
    root: Hash
    checkpoint: str
    vkey: str


class Entry(Shape):
    """An entry's leaf and its place in the log. `envelope`: only for its own organisation and the authority."""

    entry: int
    leaf_hash: Hash
    size: int
    inclusion: list[str]
    envelope: str | None


class Consistency(Shape):
    """Proof that the log of `new_size` entries begins with the log of `old_size`."""

    format: str
    old_size: int
    new_size: int
    proof: list[str]


class Verified(Shape):
    """Whether a receipt holds, and what is wrong with it; `key_given`: the key came from elsewhere."""

    ok: bool
    key_given: bool
    faults: list[Json]


class Change(Shape):
    """Something that has changed, and the cursor behind it."""

    cursor: str
    kind: Literal["filed", "shipped", "received", "sold", "exported", "withdrawn"]
    entry: int
    organisation: str
    filed_at: str


class Changes(Shape):
    """What has changed behind a cursor. `more`: ask again at once."""

    rows: list[Change]
    next: str
    more: bool


class Self(Shape):
    """Who the token stands for, what it opens, and what time it is here."""

    organisation: str | None
    name: str
    scopes: list[str]
    expires_at: str | None
    now: str


class PartyReason(Shape):
    """Why, or why not; `speaks`: for, against, or neither."""

    code: str
    speaks: Literal["for", "against"] | None
    facts: Json
    text: Bilingual


class PartyStanding(Shape):
    """That a party counts as listed: itself, or by shares of half and more."""

    list: str
    how: Literal["listed", "owned"]
    since: str | None
    until: str | None
    reason: str | None
    share: float | None


class PartyHit(Shape):
    """A party that may be meant."""

    name: str
    by: Literal["number", "name"]
    probability: float
    parties: list[Json]
    listed: list[PartyStanding]
    reasons: list[PartyReason]


class PartyMatch(Shape):
    """What was found for a name."""

    name: str
    verdict: Literal["listed", "alike", "known", "unclear", "unknown"]
    remarks: list[PartyReason]
    hits: list[PartyHit]
    day: Day
    stamp: Json


class PartyWaiting(Shape):
    """A name of filings that is no party yet; `candidates` are for the authority."""

    name: str
    by: list[str]
    countries: list[str]
    rows: int
    mass_kg: Mass
    first_on: Day
    last_on: Day
    candidates: list[Json] | None = None


class PartyQueue(Shape):
    """Names that wait, the largest mass first; `waiting` counts all of them."""

    waiting: int
    names: list[PartyWaiting]
    day: Day
    stamp: Json


class Party(Shape):
    """A party as it is known; `history` has every decision, the oldest first."""

    id: str
    names: list[str]
    countries: list[str]
    identifiers: list[str]
    owners: list[Json]
    holds: list[Json]
    listed: list[PartyStanding]
    seen: list[Json]
    history: list[Json]
    day: Day
    stamp: Json


class PartyDecided(Shape):
    """The entry of the decision, and the party that the name means from now on; null while it is open."""

    entry: int
    name: str
    party: str | None
