"""The strategic view by program: tables handed in, a run begun, waited for, looked at, published; a firm's own part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.api.conftest import Office, Program
from tests.api.test_agency import agent as agency
from tests.based import unbased
from tests.unit.strategy.test_disclosure import even, run

from lodeline.client import Client as Portal
from lodeline.client import RefusedError
from lodeline.office.jobs.work import work_once
from lodeline.office.models import AuditRecord
from lodeline.office.strategy import runs
from lodeline.service.strategy import runs as service_runs

pytestmark = pytest.mark.medium

SCENARIOS = (
    "scenario,name_en,name_zh,base_from,base_to,starts,horizon_days\n"
    "dy,Dy withheld,停发镝,2025-01,2025-03,2025-05-01,180\n"
).encode()
#: A firm of the register among the plants.
KNOWN = "MAG-0003"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the engine."""
    plants = [*even("JP", 8), *even("DE", 7)]
    plants[0] = {**plants[0], "organisation": KNOWN, "binding": {"class": "c", "element": "Dy", "supplier": "SEP-0001"}}

    def run_scenario(
        snapshot: Any, law: Any, inputs: Any, name: str, *, draws: Any, licences: Any, progress: Any
    ) -> Any:
        progress(1, 2)
        return run(plants, name=name, entry=snapshot.entry)

    monkeypatch.setattr(runs, "run_scenario", run_scenario)
    monkeypatch.setattr(service_runs, "compare", lambda *one, **_: {"settings": {"first": one[3], "second": one[4]}})


@pytest.fixture
def analyst(office: Office, answers: None) -> Iterator[Program]:
    program = Program(token=office.of_role("analyst"))
    filed = program.send("/strategy/tables", {"file": SimpleUploadedFile("scenarios.csv", SCENARIOS)})
    assert filed.status_code == 201, filed.content
    assert filed.json()["rows"][0]["table"] == "scenarios"
    yield program


def code(response: Any) -> str:
    return str(response.json()["type"]).rpartition(":")[2]


def other_officer(office: Office) -> Program:
    return Program(token=office.of_role("licensing-officer"))


def done(program: Program) -> dict[str, Any]:
    begun = program.post("/strategy/runs", {"scenario": "dy"})
    assert begun.status_code == 202 and begun.json()["state"] == "waiting", begun.content
    assert begun["Location"] == f"/api/v1/strategy/runs/{begun.json()['run']}"
    while work_once("w:1:1"):
        pass
    found: dict[str, Any] = program.get(begun["Location"].removeprefix("/api/v1")).json()
    assert found["state"] == "done", found
    return found


def test_a_run_is_begun_waited_for_and_looked_at(analyst: Program) -> None:
    assert [one["scenario"] for one in analyst.get("/strategy/scenarios").json()["rows"]] == ["dy"]
    found = done(analyst)
    content = runs.canonical(found["content"])
    assert (sha256(content).hexdigest(), len(content)) == (found["sha256"], found["size"])
    assert found["digests"].keys() == {"scenarios", "law"} and found["progress"] == 1
    again = analyst.post("/strategy/runs", {"scenario": "dy"})
    assert (again.status_code, again.json()["run"]) == (200, found["run"])
    (listed,) = analyst.get("/strategy/runs").json()["rows"]
    assert (listed["run"], listed.get("content")) == (found["run"], None)
    assert analyst.post(f"/strategy/runs/{found['run']}/again", {}).status_code == 202
    while work_once("w:1:1"):
        pass
    assert analyst.get(f"/strategy/runs/{found['run']}").json()["again"]["same"] is True


def test_each_look_at_a_run_is_written_down_for_the_firms_that_it_names(analyst: Program) -> None:
    found = done(analyst)
    looks = AuditRecord.objects.filter(kind="look", what="api strategy run", subject=found["run"])
    assert sorted(looks.values_list("organisation", "reason")) == [(KNOWN, "oversight"), ("SEP-0001", "oversight")]


def test_what_is_published_is_told_to_agencies_until_it_is_withdrawn(analyst: Program, office: Office) -> None:
    number = done(analyst)["run"]
    waits = analyst.post(f"/strategy/runs/{number}/publish", {})
    assert (waits.status_code, waits.json()["published"]) == (202, False)
    (listed,) = analyst.get("/strategy/runs").json()["rows"]
    assert listed["proposed"] == waits.json()["proposed"] and listed["proposed"]["by"]
    assert code(analyst.post(f"/strategy/runs/{number}/confirm", {})) == "not-allowed", "nobody is two"
    assert analyst.get("/strategy/releases").json() == {"rows": []}
    made = other_officer(office).post(f"/strategy/runs/{number}/confirm", {})
    assert (made.status_code, made.json()["kept_back"]) == (201, 0)
    assert code(analyst.post(f"/strategy/runs/{number}/publish", {})) == "not-possible"
    agent = agency()
    told = agent.get("/api/v1/strategy/aggregate")
    (row,) = told.json()["rows"]
    assert [(one["part"], one["own"]) for one in row["rows"]] == [("JP", True), ("all", False)]
    assert unbased(row) == []
    assert KNOWN not in told.content.decode() and "DE3" not in told.content.decode()
    assert analyst.get("/strategy/aggregate?country=JP").json() == told.json()
    assert agent.get("/api/v1/strategy/aggregate?country=DE").status_code == 403
    assert code(analyst.get("/strategy/aggregate")) == "not-possible"
    assert agent.get(f"/api/v1/strategy/runs/{number}").status_code == 403
    (listed,) = analyst.get("/strategy/runs").json()["rows"]
    assert listed["published"] is True
    analyst.post(f"/strategy/runs/{number}/withdraw", {})
    assert agent.get("/api/v1/strategy/aggregate").json() == {"rows": []}
    (release,) = analyst.get("/strategy/releases").json()["rows"]
    assert release["withdrawn_at"] is not None


def test_what_nobody_can_mean_is_said(analyst: Program) -> None:
    unknown = analyst.post("/strategy/runs", {"scenario": "none"})
    assert (unknown.status_code, code(unknown)) == (422, "not-possible")
    assert "dy" in unknown.json()["detail"]
    bodies: list[Any] = [{}, []]
    bodies += [{"scenario": "dy", **more} for more in ({"draws": 0}, {"draws": 10**6}, {"x": 1})]
    for body in bodies:
        assert code(analyst.post("/strategy/runs", body)) == "request-malformed", body
    for act in ("stop", "again", "publish", "confirm", "refuse", "withdraw"):
        assert analyst.post(f"/strategy/runs/{'0' * 64}/{act}", {}).status_code in (404, 422), act
    assert analyst.get("/strategy/runs/none").status_code == 404
    table = SimpleUploadedFile("scenarios.csv", SCENARIOS.replace(b"2025-05-01", b"soon"))
    refused = analyst.send("/strategy/tables", {"file": table})
    assert (refused.status_code, code(refused)) == (422, "filing-refused")
    assert refused.json()["errors"][0]["where"]["row"] == 2
    odd = analyst.send("/strategy/tables", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")})
    assert odd.status_code == 422
    assert code(analyst.post("/strategy/tables", {"rows": []})) == "media-type"
    assert analyst.get("/strategy/compare?first=dy&second=dy").json()["settings"] == {"first": "dy", "second": "dy"}


def test_scopes_open_what_they_say(analyst: Program, office: Office) -> None:
    reader = Program(token=office.of_role("auditor"))
    assert reader.get("/strategy/runs").status_code == 200
    assert code(reader.post("/strategy/runs", {"scenario": "dy"})) == "scope-missing"
    firm = office.program(KNOWN)
    for path in ("graph", "scenarios", "runs", "runs/1", "releases", "aggregate", "dependence"):
        assert firm.get(f"/strategy/{path}").status_code == 403, path
    for role in ("registrar", "customs-officer"):
        assert code(Program(token=office.of_role(role)).get("/strategy/graph")) == "scope-missing"


def test_the_network_says_what_each_number_rests_on(analyst: Program) -> None:
    graph = analyst.get("/strategy/graph?base_from=2025-01&base_to=2025-03").json()
    assert graph["edges"] and unbased(graph) == []
    assert code(analyst.get("/strategy/graph?base_from=2031-01&base_to=2031-02")) == "not-possible"
    assert code(analyst.get("/strategy/graph?base_from=now")) == "request-malformed"


def test_a_firm_reads_its_own_part_and_nothing_of_what_its_neighbours_hold(analyst: Program, office: Office) -> None:
    graph = analyst.get("/strategy/graph").json()
    own = office.program(KNOWN).get("/strategy/own")
    assert own.status_code == 200, own.content
    found = own.json()
    assert unbased(found) == [] and found["units"] and found["edges"]
    sites = {row["site"] for row in graph["holdings"] if row["organisation"] == KNOWN}
    assert {row["site"] for row in (*found["holdings"], *found["edges"])} <= sites
    lasting = [row for unit in found["units"] for row in unit["inputs"] if row["days"] is not None]
    assert lasting and all(row["days"] >= 0 for row in lasting)
    assert set(found["edges"][0]) == {
        "way", "class", "site", "with", "kg_per_day", "transit_days", "basis", "source", "vintage",
    }  # fmt: skip
    other = office.program(KNOWN).get("/strategy/own?organisation=SEP-0001")
    assert other.status_code == 403
    official = Program(token=office.of_role("inspector"))
    assert official.get(f"/strategy/own?organisation={KNOWN}").json()["units"] == found["units"]
    assert AuditRecord.objects.filter(kind="look", what="api strategy own", organisation=KNOWN).count() == 1
    assert official.get("/strategy/own").status_code == 404
    assert official.get("/strategy/own?organisation=NONE").status_code == 404


def test_the_client_runs_a_scenario_and_hands_in_its_tables(analyst: Program, office: Office, tmp_path: Path) -> None:
    def ask(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        headers = {"Authorization": request.headers["Authorization"]}
        if request.method == "GET":
            answer = analyst.client.get(path, headers=headers)
        else:
            kind = request.headers.get("Content-Type", "application/json")
            answer = analyst.client.generic("POST", path, request.content, content_type=kind, headers=headers)
        return httpx.Response(answer.status_code, content=answer.content, headers=dict(answer.items()))

    def work(seconds: float) -> None:
        del seconds
        work_once("w:1:1")

    with Portal("http://127.0.0.1", analyst.token, transport=httpx.MockTransport(ask), sleep=work) as portal:
        found = portal.run_scenario("dy")
        assert found["content"]["scenario"]["name"] == "dy"
        assert portal.run_scenario("dy") == found
        assert portal.strategy_act(found["run"], "publish")["published"] is False
        assert portal.strategy_act(found["run"], "refuse")["proposed"] is None
        assert portal.strategy_act(found["run"], "publish")["proposed"]["by"]
        assert other_officer(office).post(f"/strategy/runs/{found['run']}/confirm", {}).json()["told"] == 6
        assert portal.strategy("aggregate", country="JP")["rows"][0]["run"] == found["run"]
        path = tmp_path / "scenarios.csv"
        path.write_bytes(SCENARIOS.replace(b"2025-05-01", b"soon"))
        with pytest.raises(RefusedError):
            portal.file_strategy_tables([path])
        path.write_bytes(SCENARIOS)
        assert portal.file_strategy_tables([path])["rows"][0]["repeated"] is True
    assert json.dumps(found, allow_nan=False)
