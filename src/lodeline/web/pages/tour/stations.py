"""Where the tours of the demo stop: what to look at, why, and the page with what stands there now.

A station leads to the page it names, or to the first of several that there is; it is left out where what it would show
is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lodeline.language import Text, text
from lodeline.office.sample.standing import Standing
from lodeline.service.overview.demonstration import AnswerKey
from lodeline.store.store import Store
from lodeline.web.visit import Visit

#: Loopholes that are understood at the first look, the plainest first.
_SOONEST: Final = {
    name: place
    for place, name in enumerate(("trader-pass-through", "shell-customer", "misdeclaration", "round-trip", "skimming"))
}
#: Stations of a tour: a stop takes less than a minute.
MOST: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What tours are made of: what stands in the office, the key, the store, the newest month that is filed."""

    standing: Standing
    key: AnswerKey
    store: Store
    month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A stop of a tour. `pages`: the first of these that there is; `query` and `parts` of its address.

    A part that is None: there is nothing to show.
    """

    pages: tuple[str, ...]
    look: Text
    why: Text
    query: Mapping[str, object] | None = None
    parts: Mapping[str, object] | None = None

    def href(self, visit: Visit) -> str | None:
        """Where it leads; None where there is nothing."""
        parts = self.parts or {}
        if None in parts.values():
            return None
        found = (visit.url(page, query=self.query, **parts) for page in self.pages)
        return next((one for one in found if one is not None), None)


def stations(visit: Visit, who: str, sight: Sight) -> list[tuple[Station, str]]:
    """The stations of a role's tour that there are, each with its address."""
    led = ((one, one.href(visit)) for one in TOURS[who](sight))
    return [(one, href) for one, href in led if href is not None][:MOST]


def _analyst(sight: Sight) -> Iterator[Station]:
    yield Station(
        pages=("overview",), query={"period": sight.month},
        look=text("The newest month of the nation in one picture."),
        why=text("The headline is the answer, computed from what was filed."),
    )  # fmt: skip
    yield Station(
        pages=("where",), query={"element": "Dy"},
        look=text("Who gets the dysprosium, country by country."),
        why=text("Each figure leads to the rows that it is the sum of."),
    )  # fmt: skip
    yield Station(
        pages=("strategy",),
        look=text("Who stops if licences are asked for, and on which day."),
        why=text("Each number says what it rests on; the headline, on what it hangs most."),
    )  # fmt: skip
    yield Station(
        pages=("traders",),
        look=text("Traders by the share that they only pass through."),
        why=text("One of them was planted: the answer key says which."),
    )  # fmt: skip
    yield Station(
        pages=("year", "balances"), query={"element": "Tb"},
        look=text("Whether terbium closes."),
        why=text("What nobody counted is shown as not counted, and never as closed."),
    )  # fmt: skip
    yield Station(
        pages=("findings",), query={"state": "open"},
        look=text("The questions that nobody has taken up yet."),
        why=text("Loopholes and honest mistakes stand side by side here, as in life."),
    )  # fmt: skip
    yield Station(
        pages=("finding",), parts={"finding": _best_found(sight)},
        look=text("A planted loophole that its detector found."),
        why=text("It says what would explain it innocently, and which rows it rests on."),
    )  # fmt: skip
    yield Station(
        pages=("finding",), parts={"finding": sight.standing.cases.get("answered")},
        look=text("A question that its firm has answered."),
        why=text("Every step stands in the log: neither side can deny it."),
    )  # fmt: skip


def _inspector(sight: Sight) -> Iterator[Station]:
    yield Station(
        pages=("inspection-plans",),
        look=text("Whom to visit this month."),
        why=text("A ranked list with reasons, and some drawn by lot beside it."),
    )  # fmt: skip
    yield Station(
        pages=("inspection-plan",), parts={"plan": sight.standing.plan},
        look=text("A plan that nobody has followed yet."),
        why=text("It says before the visit what a visit would show, and what not."),
    )  # fmt: skip
    yield Station(
        pages=("inspection-visit",), parts={"entry": sight.standing.measured},
        look=text("A visit: the firm's figures beside what was measured."),
        why=text("One item is lighter than its label; the firm's laboratory reads high."),
    )  # fmt: skip
    yield Station(
        pages=("laboratories",),
        look=text("Laboratories and scales that differ beyond chance."),
        why=text("A difference may be the instrument's and not the firm's."),
    )  # fmt: skip
    yield Station(
        pages=("findings",), query={"assigned": "mine"},
        look=text("The question that is assigned to you."),
        why=text("Its firm has answered: you explain, confirm or go on asking."),
    )  # fmt: skip
    yield Station(
        pages=("balance",), parts={"site": _site_of_a_plant(sight)},
        look=text("The balance of a site in which mass was planted."),
        why=text("See how much of it measurement alone would explain."),
    )  # fmt: skip
    yield Station(
        pages=("finding",), parts={"finding": sight.standing.cases.get("confirmed")},
        look=text("A finding that a second official has confirmed."),
        why=text("Whoever asked cannot confirm: it takes two."),
    )  # fmt: skip


def _licensing_officer(sight: Sight) -> Iterator[Station]:
    of = sight.standing.applications
    yield Station(
        pages=("applications", "licences"),
        look=text("What waits for a decision, with the working days left."),
        why=text("The law's clock runs here, and stands while a query is open."),
    )  # fmt: skip
    yield Station(
        pages=("application",), parts={"application": of.get("submitted")},
        look=text("An application that nobody has taken yet."),
        why=text("Beside it stands what the ledger knows of goods, exporter and end user."),
    )  # fmt: skip
    yield Station(
        pages=("application",), parts={"application": of.get("queried")},
        look=text("An application that was queried."),
        why=text("It waits for the firm; until then no day is counted."),
    )  # fmt: skip
    yield Station(
        pages=("application",), parts={"application": of.get("proposed")},
        look=text("A grant that one officer has proposed."),
        why=text("Come as the second officer to decide it."),
    )  # fmt: skip
    yield Station(
        pages=("licence",), parts={"licence": sight.standing.licence},
        look=text("A licence that somebody wants suspended."),
        why=text("Its firm is not told until a second officer agrees."),
    )  # fmt: skip
    yield Station(
        pages=("licences",),
        look=text("What was drawn on the licences in use."),
        why=text("Reserved, used and left add up to the milligram."),
    )  # fmt: skip


def _customs_officer(sight: Sight) -> Iterator[Station]:
    of = sight.standing.queries
    yield Station(
        pages=("desk",), query={"case": 2},
        look=text("A published penalty case, put to the desk."),
        why=text("The verdict names its law, its fields, and what would settle it."),
    )  # fmt: skip
    yield Station(
        pages=("desk-asked",),
        look=text("What was declared, and what became of it."),
        why=text("One consignment is held for dysprosium without a licence."),
    )  # fmt: skip
    yield Station(
        pages=("desk-query",), parts={"case": of.get("answered")},
        look=text("A query with the exporter's answer."),
        why=text("You release, refuse, or send samples to a laboratory."),
    )  # fmt: skip
    yield Station(
        pages=("desk-query",), parts={"case": of.get("asked")},
        look=text("A query that still waits for its answer."),
        why=text("Seven working days run by the law's calendar."),
    )  # fmt: skip
    yield Station(
        pages=("desk-licences", "licences"),
        look=text("Licences, with what this port may let go."),
        why=text("A release reserves; the exit draws."),
    )  # fmt: skip
    yield Station(
        pages=("law",),
        look=text("The law of any day, as it was known on another."),
        why=text("A verdict can be checked years later."),
    )  # fmt: skip


def _registrar(sight: Sight) -> Iterator[Station]:
    silent = _first(sight, "missing-filing")
    yield Station(
        pages=("duty", "organisations"), query={"period": sight.month, "state": "late"},
        look=text("Who has filed late, or not at all."),
        why=text("Remind many at once, or order one to file by a day."),
    )  # fmt: skip
    yield Station(
        pages=("register-organisation",), parts={"organisation": silent},
        look=text("A firm that fell silent: it was planted."),
        why=text("What is known of it is changed here, by an entry of the log."),
    )  # fmt: skip
    yield Station(
        pages=("parties",),
        look=text("Names of customers that are no party yet."),
        why=text("Decide who they are: sums by customer rest on it."),
    )  # fmt: skip
    yield Station(
        pages=("register-changes",), parts={"organisation": sight.standing.maker or None},
        look=text("Mergers, and sites that change hands."),
        why=text("Stocks and duties follow from a day on."),
    )  # fmt: skip
    yield Station(
        pages=("officials",),
        look=text("The authority's people: two in every role."),
        why=text("Many acts need two, and nobody gives himself a role."),
    )  # fmt: skip
    yield Station(
        pages=("law-packs",),
        look=text("Which law pack is in force, and since when."),
        why=text("A new one is proposed here, tried, and published by another officer."),
    )  # fmt: skip


def _quota_officer(sight: Sight) -> Iterator[Station]:
    firm = _first(sight, "quota-overrun")
    yield Station(
        pages=("quotas",),
        look=text("Granted, used and left, grant by grant."),
        why=text("Use is drawn by what mines and separators file."),
    )  # fmt: skip
    yield Station(
        pages=("quotas",), query={"organisation": firm}, parts={} if firm else {"organisation": None},
        look=text("The firm whose overrun was planted."),
        why=text("Its filings stay within the grant: here nothing is seen.")
        if sight.key.manner("quota-overrun") == "hidden"
        else text("More was used than granted, and filed."),
    )  # fmt: skip
    yield Station(
        pages=("organisation",), parts={"organisation": firm},
        look=text("The same firm, with the questions about it."),
        why=text("What it hid comes back as gain in its balances."),
    )  # fmt: skip
    yield Station(
        pages=("findings",), query={"detector": "quota-overrun"},
        look=text("All questions about quotas."),
        why=text("Overdrawn openly, or by what the balance says at least."),
    )  # fmt: skip
    yield Station(
        pages=("balances", "year"), query={"stage": "separation"},
        look=text("Whether separators close."),
        why=text("Oxide from nowhere is ore without a quota."),
    )  # fmt: skip


def _auditor(sight: Sight) -> Iterator[Station]:
    yield Station(
        pages=("audit",),
        look=text("Who looked at which firm, and why."),
        why=text("Your own look at a firm is written down as well."),
    )  # fmt: skip
    yield Station(
        pages=("audit",), query={"kind": "act"},
        look=text("Who did what in the office."),
        why=text("Every act of the demo's people stands here."),
    )  # fmt: skip
    yield Station(
        pages=("log",), query={"kind": "correction"},
        look=text("What filers put right."),
        why=text("The old figure stays beside the new one for ever."),
    )  # fmt: skip
    yield Station(
        pages=("entry",), parts={"entry": sight.standing.filing},
        look=text("One entry, with its place in the tree."),
        why=text("Its receipt can be checked without us."),
    )  # fmt: skip
    yield Station(
        pages=("holds",),
        look=text("Legal holds."),
        why=text("What is held cannot be erased, whoever asks."),
    )  # fmt: skip
    yield Station(
        pages=("verify",),
        look=text("The check that anybody may make."),
        why=text("You need not believe the authority."),
    )  # fmt: skip


def _operator(sight: Sight) -> Iterator[Station]:
    del sight
    yield Station(
        pages=("system",),
        look=text("Jobs, sessions, and the key of the log."),
        why=text("You keep it running, and see no firm's business."),
    )  # fmt: skip
    yield Station(
        pages=("erasures",),
        look=text("Requests to erase personal data."),
        why=text("The page says what stands in the way."),
    )  # fmt: skip
    yield Station(
        pages=("api",),
        look=text("The interface for programs."),
        why=text("Made from its schema, so it says what is."),
    )  # fmt: skip
    yield Station(
        pages=("law-packs",),
        look=text("The law as files."),
        why=text("A law is published while the server runs."),
    )  # fmt: skip
    yield Station(
        pages=("account-self",),
        look=text("Your own account and its second factor."),
        why=text("In earnest no official comes in by a password alone."),
    )  # fmt: skip


def _filer(sight: Sight) -> Iterator[Station]:
    of = sight.standing
    firm = {"organisation": of.maker or None}
    yield Station(
        pages=("firm",), parts=firm,
        look=text("What your firm has to do today."),
        why=text("One list, the most urgent first."),
    )  # fmt: skip
    yield Station(
        pages=("firm-draft",), parts={**firm, "draft": of.half_done},
        look=text("A month that is half done."),
        why=text("All its problems are shown at once, each at its cell."),
    )  # fmt: skip
    yield Station(
        pages=("firm-draft",), parts={**firm, "draft": of.receipts},
        look=text("A delivery that came lighter than its papers."),
        why=text("Your own scales count; both sides see the difference."),
    )  # fmt: skip
    yield Station(
        pages=("firm-dispute",), parts={**firm, "dispute": of.dispute},
        look=text("A delivery that you have disputed."),
        why=text("Only the two of you see what is said."),
    )  # fmt: skip
    yield Station(
        pages=("firm-query",), parts={**firm, "case": of.queries.get("asked")},
        look=text("What customs ask about your consignment."),
        why=text("Answer with documents before the day that is shown."),
    )  # fmt: skip
    yield Station(
        pages=("firm-application",), parts={**firm, "application": of.applications.get("draft")},
        look=text("An application for a licence, half written."),
        why=text("It says what is still missing before it is handed in."),
    )  # fmt: skip
    yield Station(
        pages=("firm-balances",), parts=firm,
        look=text("Your own balance, as the authority sees it."),
        why=text("You find out first what does not close."),
    )  # fmt: skip


def _certifier(sight: Sight) -> Iterator[Station]:
    of = sight.standing
    firm = {"organisation": of.maker or None}
    yield Station(
        pages=("firm",), parts=firm,
        look=text("What waits at your firm."),
        why=text("You answer for what is filed."),
    )  # fmt: skip
    yield Station(
        pages=("firm-draft",), parts={**firm, "draft": of.receipts},
        look=text("Receipts that the filer has entered."),
        why=text("You sign what you have seen: its rows have one root."),
    )  # fmt: skip
    yield Station(
        pages=("firm-filings",), parts=firm,
        look=text("What your firm has filed."),
        why=text("A filing stays; a correction stands beside it."),
    )  # fmt: skip
    yield Station(
        pages=("firm-filing",), parts={**firm, "entry": of.filing},
        look=text("The newest of them, with its receipt."),
        why=text("Give the receipt to a customer: it proves itself."),
    )  # fmt: skip
    yield Station(
        pages=("firm-balances",), parts=firm,
        look=text("What closes at your sites."),
        why=text("Look before you sign."),
    )  # fmt: skip
    yield Station(
        pages=("firm-licences",), parts=firm,
        look=text("Your licences, and what is left of them."),
        why=text("What customs release is reserved here at once."),
    )  # fmt: skip


#: What whoever has no part in the goods looks at as well.
_RECEIPT_FORM: Final = Station(
    pages=("verify",),
    look=text("The form for a receipt as a file."),
    why=text("Change one character of it, and it holds no more."),
)  # fmt: skip
_LAW: Final = Station(
    pages=("law",),
    look=text("The law in force."),
    why=text("Each rule with its text and source."),
)  # fmt: skip
_AUTUMN: Final = Station(
    pages=("law-diff",), query={"from": "2025-10-01", "to": "2025-11-09"},
    look=text("What changed between two days of autumn 2025."),
    why=text("A package was announced and then suspended."),
)  # fmt: skip


def _agency(sight: Sight) -> Iterator[Station]:
    del sight
    yield Station(
        pages=("strategy-aggregate",),
        look=text("What is told to your state of a run."),
        why=text("Sums of five firms and more; what would tell of one is kept back, and says why."),
    )  # fmt: skip
    yield _LAW
    yield _RECEIPT_FORM
    yield _AUTUMN
    yield Station(
        pages=("api",),
        look=text("The interface for programs."),
        why=text("The same sums, for a program of yours."),
    )  # fmt: skip


def _stranger(sight: Sight) -> Iterator[Station]:
    entry = None if sight.standing.filing is None else sight.store.entry(sight.standing.filing)
    yield Station(
        pages=("verify",), query=None if entry is None else {"entry": entry.index, "leaf": entry.leaf_hash},
        parts={} if entry else {"entry": None},
        look=text("A receipt that a firm handed you: it holds."),
        why=text("You need no account, and see nothing of the firm's goods."),
    )  # fmt: skip
    yield _RECEIPT_FORM
    yield _LAW
    yield _AUTUMN
    yield Station(
        pages=("law-packs",),
        look=text("The law as files to take along."),
        why=text("Anybody can recompute a verdict."),
    )  # fmt: skip
    yield Station(
        pages=("api",),
        look=text("The interface for programs."),
        why=text("Proofs of the log are open to everybody."),
    )  # fmt: skip


#: Whom a tour is for: a role of `WORDS.roles`, or "stranger", in the order of the page.
TOURS: Final[Mapping[str, Callable[[Sight], Iterator[Station]]]] = {
    "analyst": _analyst,
    "inspector": _inspector,
    "licensing-officer": _licensing_officer,
    "customs-officer": _customs_officer,
    "registrar": _registrar,
    "quota-officer": _quota_officer,
    "auditor": _auditor,
    "system-admin": _operator,
    "filer": _filer,
    "certifier": _certifier,
    "agency": _agency,
    "stranger": _stranger,
}


def _best_found(sight: Sight) -> str | None:
    """A finding of a plant by its own detector, of a kind that is quickly understood, about which nobody has asked."""
    taken = set(sight.standing.cases.values())
    found = [one.found for one in sight.key.rows if one.found is not None]
    free = [one for one in found if one.id not in taken] or found
    return min(free, key=lambda one: _SOONEST.get(one.detector, len(_SOONEST))).id if free else None


def _site_of_a_plant(sight: Sight) -> str | None:
    """A site at which mass was planted and found, else one where a plant touches mass at all."""
    about = ("recycling-laundering", "unexplained-gain", "unexplained-loss", "yield-outlier", "unassayed-lot")
    of_mass = [one for one in sight.key.rows if one.plant["loophole"] in about]
    chosen = next((one for one in of_mass if one.found is not None), next(iter(of_mass), None))
    return None if chosen is None else chosen.plant["subjects"]["site"]


def _first(sight: Sight, loophole: str) -> str | None:
    """The firm of the first plant of a kind."""
    return next(
        (one.plant["subjects"]["organisation"] for one in sight.key.rows if one.plant["loophole"] == loophole), None
    )
