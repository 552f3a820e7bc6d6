"""The client: one method per thing that a program does, retries where they are harmless, pages and waits by itself."""

from __future__ import annotations

import random
import time
import uuid
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import httpx

from lodeline.client.answers import (
    Case,
    Change,
    Checked,
    Delivery,
    Dispute,
    Draft,
    Filed,
    Job,
    Json,
    Self,
    Transfer,
    known,
    problems_of,
)
from lodeline.client.errors import ConflictError, LodelineError, UnreachableError, problem_error
from lodeline.journal.verify import Fault, verify_receipt

ATTEMPTS: Final = 5
TIMEOUT_S: Final = 60.0
_LONGEST_PAUSE_S: Final = 60.0
#: Seconds for which an answer that is being computed is waited for.
COMPUTED_WITHIN_S: Final = 600.0
#: Statuses after which the same request may be sent again: too many, away for a moment, or a proxy's word for it.
_AGAIN: Final = frozenset({429, 502, 503, 504})
_WAIT_S: Final = 25
Row = Mapping[str, Any]
#: What calls were named before; version 0.2.0 no longer has these names.
_FORMER: Final = {
    "decide": "take_case_step", "answer": "answer_case", "bundle": "evidence", "take_back": "void_reservation",
    "put_off_run": "cancel_run", "put_off_run_of": "cancel_run_of_firm",
}  # fmt: skip


class Client:
    """Speaks for one token to one server. Not to be shared between threads.

    `base_url`: where the portal is, without `/api/v1`. `language`: of the messages, `en` or `zh`. `transport` and
    `sleep` stand in for the network and the clock in tests.
    """

    def __init__(
        self, base_url: str, token: str | None = None, *, language: str = "en", timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        headers = {"Accept-Language": language, "User-Agent": "lodeline-client"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            base_url=base_url.rstrip("/") + "/api/v1", headers=headers, timeout=timeout_s, transport=transport
        )
        self._sleep = sleep

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name not in _FORMER:
                raise AttributeError(f"Client has no {name}")
            text = f"Client.{name} is called {_FORMER[name]} now; version 0.2.0 has the new name alone"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
            return getattr(self, _FORMER[name])

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._http.close()

    # Filing.

    def check(
        self, *, period: str, rows: Sequence[Row] | None = None, files: Sequence[Path] = (), corrects: int | None = None
    ) -> Checked:
        """Every problem that filing this now would meet; nothing is written."""
        document = self._send("/filings/check", period=period, rows=rows, files=files, more={"corrects": corrects})
        return Checked(
            accepted=document["accepted"], problems=problems_of(document), statement=document.get("statement")
        )

    def file(
        self, *, period: str, rows: Sequence[Row] | None = None, files: Sequence[Path] = (),
        corrects: int | None = None, certification: Json | None = None, key: str | None = None,
    ) -> Filed:  # fmt: skip
        """Hands a month in: `rows` (column → text of each) or `files`. Raises RefusedError with every problem.

        `corrects`: the entry that is corrected; the rows are then those of the events that change. `key`: an
        idempotency key of your own, where the request may be repeated by another run of your program.
        """
        path = "/filings" if corrects is None else f"/filings/{corrects}/corrections"
        more = {"certification": certification}
        return Filed.of(self._send(path, period=period, rows=rows, files=files, more=more, key=key))

    def draft(self, number: int) -> Draft:
        """A filing on its way."""
        return Draft.of(self._get(f"/drafts/{number}"))

    def certify(self, draft: int, certification: Json | None = None) -> Filed:
        """Certifies a draft that has been checked and files it, where the token may."""
        return Filed.of(self._post(f"/drafts/{draft}/certify", {"certification": certification}))

    def job(self, number: int) -> Job:
        """How far work is."""
        return known(Job, self._get(f"/jobs/{number}"))

    def wait(self, job: int, *, seconds: float = 600) -> Job:
        """Waits until a job has ended. Raises LodelineError where it failed or takes longer than that."""
        waited, pause = 0.0, 0.5
        while True:
            found = self.job(job)
            if found.state == "done":
                return found
            if found.state == "failed" or waited >= seconds:
                raise LodelineError(f"job {job} is {found.state} after {waited:.0f} s")
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, 5.0)

    def receipt(self, entry: int) -> Json:
        """The receipt of a filing, proved against the log as it stands. Keep it: it needs nothing but itself."""
        return self._get(f"/filings/{entry}/receipt")

    def filings(self, *, period: str | None = None) -> Iterator[Json]:
        """The organisation's filings, newest first."""
        return self._pages("/filings", {"period": period})

    def filed_rows(self, entry: int) -> Iterator[Json]:
        """The rows of a filing as filed."""
        return self._pages(f"/filings/{entry}/rows", {})

    # Deliveries.

    def waiting(self) -> list[Delivery]:
        """Deliveries that wait for the organisation's receipt, the oldest first."""
        return [known(Delivery, row) for row in self._get("/transfers/waiting")["rows"]]

    def transfers(self, *, side: str | None = None) -> Iterator[Transfer]:
        """Shipments with their receipts; `side`: "in" or "out"."""
        return (known(Transfer, row) for row in self._pages("/transfers", {"side": side}))

    def accept(
        self, receipts: Mapping[int, str | None] | Sequence[int], *, on: str, site: str,
        certification: Json | None = None,
    ) -> Filed:  # fmt: skip
        """Accepts deliveries by their `shipment`: as shipped, or with the mass received in kg (text) of each."""
        masses = receipts if isinstance(receipts, Mapping) else dict.fromkeys(receipts)
        rows = [
            {"shipment": number, **({} if mass is None else {"received_kg": mass})} for number, mass in masses.items()
        ]
        document = {"on": on, "site": site, "receipts": rows, "certification": certification}
        return Filed.of(self._post("/transfers/accept", document))

    def dispute(self, shipment: int, reason: str) -> Dispute:
        """Says that a delivery is not as its shipper filed it."""
        return known(Dispute, self._post("/transfers/dispute", {"shipment": shipment, "reason": reason}))

    def name_lot(self, lot: str, alias: str) -> None:
        """Gives a lot the name that its buyers see from now on; it cannot be taken back."""
        self._post(f"/lots/{lot}/alias", {"alias": alias})

    # Findings and their cases.

    def findings(self, *, organisation: str | None = None, detector: str | None = None) -> Iterator[Json]:
        """Questions with their evidence: about the organisation, or for the authority about any."""
        return self._pages("/findings", {"organisation": organisation, "detector": detector})

    def where(
        self, *, element: str = "Nd", period: str | None = None, by: str = "country", way: str = "abroad",
        **only: str | None,
    ) -> Json:  # fmt: skip
        """Where an element went, for the authority: who got how much, against the period before (`GET /where`).

        only: `country`, `customer`, `product`, `grade`, `use`, `licence` or `firm` to narrow it by.
        """
        return self._get("/where", {"element": element, "period": period, "by": by, "way": way, **only})

    def traders(self, *, element: str = "Nd", period: str | None = None) -> Json:
        """Who sells on what it bought, for the authority: those that passed on most first (`GET /traders`)."""
        return self._get("/traders", {"element": element, "period": period})

    def strategy(self, question: str, **asked: str | None) -> Json:
        """The strategic view: `graph`, `scenarios`, `compare` (first=, second=), `dependence` (element=, country=,
        customer=, period=), `runs`, `releases`, `aggregate` (country=), for the authority; `own` (organisation=)."""
        return self._get(f"/strategy/{question}", asked)

    def run_scenario(self, scenario: str, *, draws: int | None = None, seconds: float = COMPUTED_WITHIN_S) -> Json:
        """Runs a scenario and waits for what comes of it: `content`, and the `run` by which it is kept.

        Raises LodelineError where it is refused, stopped, failed, or takes longer than `seconds`.
        """
        found: Json = self._post("/strategy/runs", {"scenario": scenario, "draws": draws})
        waited, pause = 0.0, 0.5
        while found["state"] in ("waiting", "running") and not found["failure"] and waited < seconds:
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, 5.0)
            found = self.strategy_run(found["run"])
        if found["state"] != "done":
            why = found["failure"] or (found["problem"] or {}).get("en") or f"after {waited:.0f} s"
            raise LodelineError(f"the run of {scenario} is {found['state']}: {why}")
        return found if found.get("content") else self.strategy_run(found["run"])

    def strategy_run(self, run: str) -> Json:
        """A run: how far it is, or what came of it."""
        return self._get(f"/strategy/runs/{run}")

    def strategy_act(self, run: str, act: str) -> Json:
        """What is done with a run: `stop` it, compute it `again`, propose to `publish` it to agencies, `confirm` or
        `refuse` what another officer proposed, `withdraw` it."""
        return self._post(f"/strategy/runs/{run}/{act}", {})

    def file_strategy_tables(self, files: Sequence[Path]) -> Json:
        """Hands in tables of plants, bills, stock, suppliers, scenarios, instruments: all of them, or none.

        Raises RefusedError with every problem.
        """
        return self._send("/strategy/tables", period=None, rows=None, files=files, more={})

    def feed(self, kind: str, *, rows: Sequence[Row] | None = None, file: Path | None = None) -> Json:
        """Hands in records of another authority (`invoices`, `customs`): `rows`, or a `file`. Of the authority alone.

        Raises RefusedError with every problem; sent again it answers with the old entry (`repeated`).
        """
        return self._send(f"/feeds/{kind}", period=None, rows=rows, files=() if file is None else (file,), more={})

    def exceptions(
        self, *, organisation: str | None = None, cause: str | None = None, state: str | None = None
    ) -> Iterator[Json]:
        """Where filings, invoices and the border disagree; of an organisation its own."""
        return self._pages("/exceptions", {"organisation": organisation, "cause": cause, "state": state})

    def exception(self, number: str) -> Json:
        """One of them with the rows of the three records."""
        return self._get(f"/exceptions/{number}")

    def cases(
        self, *, state: str | None = None, organisation: str | None = None, detector: str | None = None,
        assigned: str | None = None, whose: str | None = None,
    ) -> Iterator[Case]:  # fmt: skip
        """Cases of findings, as they were opened; `assigned`: "mine", "nobody", "watched", "overdue".

        `whose`: its former name, until version 0.2.0.
        """
        asked = {
            "state": state, "organisation": organisation, "detector": detector, "assigned": assigned or whose
        }  # fmt: skip
        return (Case.of(row) for row in self._pages("/cases", asked))

    def case(self, finding: str) -> Case:
        """What was asked, answered and decided about a finding. Raises NotFoundError where nobody has touched it."""
        return Case.of(self._get(f"/findings/{finding}/case"))

    def case_step(self, finding: str, number: int) -> Json:
        """A step word for word (`content`), and its `receipt`."""
        return self._get(f"/findings/{finding}/case/steps/{number}")

    def take_case_step(
        self, finding: str, act: str, *, steps: int, text: str = "", until: str | None = None, to: int | None = None,
        key: str | None = None,
    ) -> Case:  # fmt: skip
        """For the authority: ask, extend, explain, waive, confirm, withdraw, reopen, assign, watch, unwatch.

        `steps`: how many steps of the case you have seen; where somebody was faster ConflictError is raised. `until`:
        the day to answer by, or until which it stands. `to`: the account to assign it to; None for nobody.
        """
        document = {"act": act, "steps": steps, "text": text, "until": until, "to": to}
        return Case.of(self._post(f"/findings/{finding}/case", document, key=key))

    def answer_case(self, finding: str, text: str, *, files: Sequence[Path] = (), key: str | None = None) -> Case:
        """For the organisation: answers a question that it was asked; `files` are PDF, PNG, JPEG or CSV."""
        document = {"text": text, "files": _encoded(files)}
        return Case.of(self._post(f"/findings/{finding}/answer", document, key=key))

    def evidence(self, finding: str) -> bytes:
        """For the authority: the evidence of a finding, a zip from which it can be computed again."""
        return self._content(f"/findings/{finding}/bundle")

    # Licences: applied for, decided, drawn on.

    def applications(self) -> list[Json]:
        """Applications for export licences: the organisation's own, for the authority those that were handed in."""
        return list(self._get("/applications")["rows"])

    def application(self, reference: str) -> Json:
        """One with what it says, its documents, its steps, the law's time, and what stands against handing it in."""
        return self._get(f"/applications/{reference}")

    def apply(
        self, content: Json | None = None, *, relation: str = "new", of_licence: str = "", key: str | None = None
    ) -> Json:
        """Begins an application (`new`, `renewal`, `amendment`); `content`: the fields of the form, `goods` by line."""
        document = {"relation": relation, "of_licence": of_licence, "content": content}
        return self._post("/applications", document, key=key)

    def write_application(self, reference: str, content: Json, *, key: str | None = None) -> Json:
        """Says what a draft says, whole. Raises ConflictError once it is handed in."""
        return self._post(f"/applications/{reference}/content", {"content": content}, key=key)

    def attach(self, reference: str, kind: str, files: Sequence[Path], *, key: str | None = None) -> Json:
        """Puts documents of a kind into a draft, sealed; `needed` of the application has the kinds."""
        return self._post(f"/applications/{reference}/documents", {"kind": kind, "files": _encoded(files)}, key=key)

    def application_step(
        self, reference: str, act: str, *, text: str = "", what: str | None = None, files: Sequence[Path] = (),
        key: str | None = None,
    ) -> Json:  # fmt: skip
        """For the applicant: submit, answer, withdraw, report, drop. Raises ProblemError: `errors` has all of it."""
        document = {"act": act, "text": text, "what": what, "files": _encoded(files)}
        return self._post(f"/applications/{reference}/steps", document, key=key)

    def decide_application(
        self, reference: str, act: str, *, steps: int, text: str = "", key: str | None = None, **more: Any
    ) -> Json:
        """For the authority: take, query (`until=`), pause (`pause=`), watch-list (`watched=`), propose (`proposal=`),
        return, decide. `steps`: how many you have seen; where somebody was faster ConflictError is raised."""
        document = {"act": act, "steps": steps, "text": text, **more}
        return self._post(f"/applications/{reference}/decisions", document, key=key)

    def confirm_exits(self, exits: Sequence[Row], *, key: str | None = None) -> list[Json]:
        """For customs: what left, with the actual mass and customs' own number; what became of each, in order."""
        return list(self._post("/exits", {"exits": [dict(one) for one in exits]}, key=key)["rows"])

    def void_reservation(self, declaration: str, line: str, reason: str, *, key: str | None = None) -> Json:
        """For customs: takes the reservation of a line back."""
        document = {"declaration": declaration, "line": line, "reason": reason}
        return self._post("/reservations/void", document, key=key)

    def licence_proposals(self, licence: str) -> list[Json]:
        """For the authority: what was proposed about a licence, the oldest first, and what became of each."""
        return list(self._get(f"/licences/{licence}/proposals")["rows"])

    def propose_about_licence(
        self, licence: str, deed: str, *, on: date, reason: str, holder: str = "", key: str | None = None
    ) -> Json:
        """For the authority: proposes that a licence be `suspended`, `resumed`, `revoked`, or another `holder`'s."""
        document = {"deed": deed, "on": on.isoformat(), "reason": reason, "holder": holder}
        return self._post(f"/licences/{licence}/proposals", document, key=key)

    def decide_about_licence(
        self, licence: str, proposal: str, act: str, *, answer: str = "", key: str | None = None
    ) -> Json:
        """For the authority: another officer says `confirm` or `refuse`; ConflictError for one's own proposal."""
        return self._post(f"/licences/{licence}/proposals/{proposal}", {"act": act, "answer": answer}, key=key)

    # Planned runs.

    def runs(self) -> list[Json]:
        """Planned runs, the newest first, with what each still reserves of its quota."""
        return list(self._get("/runs")["rows"])

    def announce_run(
        self, run: str, kind: str, reo_kg: str, *, ore_type: str | None = None, year: int | None = None,
        key: str | None = None,
    ) -> Json:  # fmt: skip
        """Sets quota (`mining`, `separation`) aside for a planned run until rows that name it draw it."""
        document = {"run": run, "kind": kind, "reo_kg": reo_kg, "ore_type": ore_type, "year": year}
        return self._post("/runs", document, key=key)

    def cancel_run(self, run: str, reason: str, *, key: str | None = None) -> Json:
        """Gives back what a planned run has not drawn."""
        return self._post("/runs/void", {"run": run, "reason": reason}, key=key)

    def cancel_run_of_firm(self, reservation: int, reason: str, *, key: str | None = None) -> Json:
        """For the authority: gives back what a firm's planned run has not drawn, by its `reservation` in `runs`."""
        return self._post(f"/runs/{reservation}/void", {"reason": reason}, key=key)

    # What the authority enters.

    def inspections(self, *, site: str | None = None) -> Iterator[Json]:
        """What inspectors entered about the organisation, the oldest first; for the authority, about all."""
        return self._pages("/inspections", {"site": site})

    def inspection(self, entry: int) -> Json:
        """One of them lot by lot, with its receipt."""
        return self._get(f"/inspections/{entry}")

    def visit(self, entry: int) -> Json:
        """The visit that a paper belongs to: all its papers, each bag with who holds it, what its plan left open."""
        return self._get(f"/inspections/{entry}/visit")

    def measure(
        self, site: str, on: date, *, rows: Sequence[Row] | None = None, files: Sequence[Path] = (),
        plan: int | None = None, note: str | None = None, key: str | None = None,
    ) -> Json:  # fmt: skip
        """Enters what was counted, weighed and sampled; for the authority. Raises RefusedError with every problem."""
        more = {"site": site, "on": on.isoformat(), "plan": plan, "note": note}
        return self._send("/inspections/measurements", period=None, rows=rows, files=files, more=more, key=key)

    def hand_over(
        self, *, rows: Sequence[Row] | None = None, files: Sequence[Path] = (), note: str | None = None,
        key: str | None = None,
    ) -> Json:  # fmt: skip
        """Enters bags that changed hands; an organisation those of its own part. Raises RefusedError."""
        return self._send("/inspections/custody", period=None, rows=rows, files=files, more={"note": note}, key=key)

    def report_results(
        self, laboratory: str, *, side: str, rows: Sequence[Row] | None = None, files: Sequence[Path] = (),
        note: str | None = None, key: str | None = None,
    ) -> Json:  # fmt: skip
        """Enters what a laboratory found; an organisation of its own part, with `side` firm. Raises RefusedError."""
        more = {"laboratory": laboratory, "side": side, "note": note}
        return self._send("/inspections/results", period=None, rows=rows, files=files, more=more, key=key)

    def successions(self) -> Iterator[Json]:
        """Mergers, hand-overs and closures that concern the organisation, by day; for the authority, all."""
        return self._pages("/successions", {})

    # Following and proving.

    def changes(self, since: str | None = None, *, wait: bool = False) -> Iterator[Change]:
        """What has changed behind `since`, in the order of the log; with `wait`, for ever, as it happens."""
        while True:
            found = self._get("/changes", {"since": since, "wait": _WAIT_S if wait else None})
            for row in found["rows"]:
                yield known(Change, {**row, "facts": row})
            since = found["next"]
            if not wait and not found["more"]:
                return

    def verify_receipt(self, receipt: Json, *, vkey: str | None = None) -> tuple[Fault, ...]:
        """What is wrong with a receipt, found here and not at the server; nothing where it holds.

        `vkey`: the log's key as got from elsewhere; without it the receipt's own is believed.
        """
        return tuple(verify_receipt(dict(receipt), vkey=vkey))

    def checkpoint(self) -> Json:
        """The signed size and root of the log. Keep it: a log that was rewritten does not fit it any more."""
        return self._get("/log/checkpoint")

    def self(self) -> Self:
        """Who the token stands for."""
        found = self._get("/self")
        return known(Self, {**found, "scopes": tuple(found["scopes"])})

    def organisation(self) -> Json:
        """The token's organisation as registered: names, roles, and its `sites`."""
        return self._get("/organisations/self")

    # The wire.

    def _get(self, path: str, query: Mapping[str, object] | None = None) -> dict[str, Any]:
        params = {name: str(value) for name, value in (query or {}).items() if value is not None}
        return self._asked("GET", path, params=params)

    def _post(self, path: str, document: Json, *, key: str | None = None) -> dict[str, Any]:
        sent = {name: value for name, value in document.items() if value is not None}
        return self._asked("POST", path, json=sent, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def _send(
        self, path: str, *, period: str | None, rows: Sequence[Row] | None, files: Sequence[Path],
        more: Mapping[str, Any], key: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        if (rows is None) == (not files):
            raise ValueError("a filing is either rows or files")
        if rows is not None:
            about = {} if period is None else {"period": period}
            return self._post(path, {**about, "rows": [dict(row) for row in rows], **more}, key=key)
        fields = {name: str(value) for name, value in {"period": period, **more}.items() if value is not None}
        parts = [("file", (file.name, file.read_bytes())) for file in files]
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._asked("POST", path, data=fields, files=parts, headers=headers)

    def _pages(self, path: str, query: Mapping[str, object]) -> Iterator[Json]:
        cursor: str | None = None
        while True:
            found = self._get(path, {**query, "cursor": cursor, "limit": 1000})
            yield from found["rows"]
            cursor = found["next"]
            if cursor is None:
                return

    def _content(self, path: str) -> bytes:
        return self._response("GET", path).content

    def _asked(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        return _document(self._response(method, path, **request))

    def _response(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A good answer. What got lost on the way is asked again: a key makes that harmless."""
        problem = "nothing was tried"
        attempt, computed_s = 0, 0.0
        while attempt < ATTEMPTS:
            pause_s = min(2.0**attempt, 30.0) * random.uniform(0.5, 1.0)
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if response.is_success:
                    return response
                error_ = problem_error(response.status_code, _document(response))
                in_flight = isinstance(error_, ConflictError) and error_.code == "idempotency-in-flight"
                if response.status_code not in _AGAIN and not in_flight:
                    raise error_
                problem = f"status {response.status_code}: {error_}"
                stated = response.headers.get("Retry-After", "")
                pause_s = min(float(stated), _LONGEST_PAUSE_S) if stated.isdecimal() else pause_s
                if error_.code == "still-computing" and computed_s < COMPUTED_WITHIN_S:
                    # It is at work: that is no attempt that failed.
                    computed_s += pause_s
                    self._sleep(pause_s)
                    continue
            attempt += 1
            if attempt < ATTEMPTS:
                self._sleep(pause_s)
        raise UnreachableError(f"{method} {path}: no answer after {ATTEMPTS} attempts; the last: {problem}")


def _encoded(files: Sequence[Path]) -> list[Json]:
    return [{"name": one.name, "content_base64": b64encode(one.read_bytes()).decode()} for one in files]


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    if response.is_success:
        raise UnreachableError(
            f"{response.url} answers with something that is no JSON object: is this a Lodeline portal?"
        )
    return {"detail": f"status {response.status_code}"}
