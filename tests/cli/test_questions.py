"""What the ledger is asked: the promised JSON keys, masses that add up, shares that sum to one, and two languages."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.cli.conftest import World
from tests.cli.program import CHINESE, KILOGRAMS, Lodeline

pytestmark = pytest.mark.medium

KEYS = {
    "balance": {
        "organisation", "site", "element", "period", "since", "opening_kg", "origin_kg", "in_kg", "consumed_kg",
        "made_kg", "out_kg", "export_kg", "loss_kg", "adjustment_kg", "unaccounted_kg", "book_kg", "physical_kg",
        "process_difference_kg", "count_difference_kg", "muf_kg", "sigma_kg", "z",
    },
    "transfers": {
        "lot", "shipper", "receiver", "shipment_event", "receipt_event", "shipped_kg", "received_kg", "difference_kg",
        "state", "cause",
    },
    "quota": {
        "organisation", "kind", "ore_type", "year", "granted_kg", "reserved_kg", "used_kg", "overdrawn_kg", "left_kg",
    },
    "flows": {"from", "to", "element", "period", "mass_kg"},
}  # fmt: skip
NODE = {"lot", "product", "organisation", "site", "on", "mass_kg", "booked_shares", "shares"}
LINK = {"event", "from", "to", "mass_kg"}
ORIGIN = {"lot", "origin_kind", "origin_place", "organisation", "booked_shares", "shares", "bounds"}


def ask(world: World, *words: object) -> Any:
    answer = world.lodeline(*words, "--json")
    assert answer.status == 0, answer.err
    return answer.document


def rows(world: World, *words: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(world, *words)["rows"]
    return found


@pytest.fixture(scope="module")
def magnet(world: World) -> str:
    """A magnet lot that was shipped: the one of the most origins."""
    lots = sorted({row["lot"] for row in rows(world, "transfers") if "/MAGNET-NDFEB-2503" in row["lot"]})
    found: str = max(lots[:20], key=lambda lot: len(rows(world, "origins", lot)))
    return found


@pytest.fixture(scope="module")
def balances(world: World) -> list[dict[str, Any]]:
    return rows(world, "balance")


def masses(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, value) for name, value in row.items() if name.endswith("_kg") and value is not None)


@pytest.mark.parametrize("command", KEYS)
def test_rows_have_the_promised_keys_and_decimal_masses(world: World, command: str) -> None:
    document = ask(world, command)
    assert document["rows"] and document.keys() <= {"rows", "stamp"}
    assert KEYS[command] <= document["rows"][0].keys()
    assert len({tuple(row) for row in document["rows"]}) == 1
    for row in document["rows"]:
        for name, mass in masses(row):
            assert isinstance(mass, str) and KILOGRAMS.fullmatch(mass) and mass != "-0", (name, mass)


def test_balances_and_findings_say_which_log_they_speak_of(world: World) -> None:
    verdict = ask(world, "verify")
    stamp = {"entry": verdict["size"] - 1, "root": verdict["root"]}
    assert ask(world, "balance", "--element", "Dy")["stamp"] == stamp
    assert ask(world, "findings")["stamp"] == stamp
    assert (world.loaded["size"], world.loaded["root"]) == (verdict["size"], verdict["root"])


class TestBalance:
    """The identities of a material balance hold to the milligram."""

    def test_each_row_closes(self, balances: list[dict[str, Any]]) -> None:
        for row in balances:
            kg = defaultdict(Decimal, {name: Decimal(value) for name, value in masses(row)})
            assert kg["book_kg"] == (
                kg["opening_kg"] + kg["origin_kg"] + kg["in_kg"] + kg["made_kg"] - kg["consumed_kg"] - kg["out_kg"]
                - kg["export_kg"] - kg["loss_kg"] + kg["adjustment_kg"] + kg["unaccounted_kg"]
            ), row  # fmt: skip
            assert kg["process_difference_kg"] == kg["consumed_kg"] - kg["made_kg"]
            assert (row["physical_kg"] is None) == (row["count_difference_kg"] is None) == (row["muf_kg"] is None)
            if row["physical_kg"] is not None:
                assert kg["count_difference_kg"] == kg["book_kg"] - kg["physical_kg"]

    def test_each_row_opens_with_what_the_one_before_ended_with(self, balances: list[dict[str, Any]]) -> None:
        before: dict[tuple[str, str], dict[str, Any]] = {}
        followed = 0
        for row in balances:
            last = before.get((row["site"], row["element"]))
            if last is not None:
                assert row["period"] >= last["period"]
                assert row["opening_kg"] == (last["book_kg"] if last["physical_kg"] is None else last["physical_kg"])
                followed += 1
            before[row["site"], row["element"]] = row
        assert followed

    def test_muf_runs_from_count_to_count(self, balances: list[dict[str, Any]]) -> None:
        running: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        ended = 0
        for row in balances:
            place = row["site"], row["element"]
            running[place] += Decimal(row["process_difference_kg"]) - Decimal(row["unaccounted_kg"])
            if row["muf_kg"] is not None:
                assert Decimal(row["muf_kg"]) == running.pop(place) + Decimal(row["count_difference_kg"]), row
                ended += 1
        assert ended

    def test_sigma_and_z_belong_together(self, balances: list[dict[str, Any]]) -> None:
        judged = [row for row in balances if row["z"] is not None]
        assert judged
        for row in judged:
            sigma, z, muf = Decimal(row["sigma_kg"]), Decimal(str(row["z"])), Decimal(row["muf_kg"])
            # Both are shown to six places, and worked out before that.
            assert sigma > 0 and abs(z * sigma - muf) <= (sigma + abs(z)) * Decimal("0.000001"), row

    def test_a_narrower_question_gives_the_same_rows(self, world: World, balances: list[dict[str, Any]]) -> None:
        site = next(row["site"] for row in balances if row["site"].startswith("MAG"))
        organisation = next(row["organisation"] for row in balances if row["site"] == site)
        questions: tuple[tuple[tuple[str, ...], Callable[[dict[str, Any]], bool]], ...] = (
            (("--site", site), lambda row: row["site"] == site),
            (("--organisation", organisation), lambda row: row["organisation"] == organisation),
            (("--element", "Nd"), lambda row: row["element"] == "Nd"),
            (("--element", "treo"), lambda row: row["element"] == "TREO"),
            (("--from", "2025-02", "--to", "2025-02"), lambda row: row["period"] == "2025-02"),
            (("--site", site, "--element", "Dy", "--from", "2025-03"),
             lambda row: (row["site"], row["element"]) == (site, "Dy") and row["period"] >= "2025-03"),
        )  # fmt: skip
        for words, wanted in questions:
            expected = [row for row in balances if wanted(row)]
            assert expected and rows(world, "balance", *words) == expected, words

    def test_a_site_of_another_firm_gives_nothing(self, world: World) -> None:
        assert rows(world, "balance", "--site", "MAG-0001-A", "--organisation", "MIN-0001") == []


class TestTrace:
    """Where a lot came from and went to."""

    def test_nodes_and_links_are_whole(self, world: World, magnet: str) -> None:
        document = ask(world, "trace", magnet)
        assert (document["lot"], document["direction"], document["truncated"]) == (magnet, "backward", False)
        assert document["nodes"][0]["lot"] == magnet
        assert set(document["nodes"][0]["shares"].values()) == {1.0}
        names = [node["lot"] for node in document["nodes"]]
        assert len(names) == len(set(names)) > 5
        for node in document["nodes"]:
            assert node.keys() >= NODE and KILOGRAMS.fullmatch(node["mass_kg"])
            assert all(0.0 <= share <= 1.0 + 1e-12 for share in node["shares"].values())
        for link in document["links"]:
            assert link.keys() >= LINK and {link["from"], link["to"]} <= set(names)
            assert KILOGRAMS.fullmatch(link["mass_kg"])
        reached = {link["from"] for link in document["links"]} | {magnet}
        assert reached == set(names)

    def test_what_lies_upstream_leads_back_downstream(self, world: World, magnet: str) -> None:
        upstream = ask(world, "trace", magnet)["nodes"]
        for node in (upstream[1], upstream[-1]):
            forward = ask(world, "trace", node["lot"], "--forward")
            assert forward["direction"] == "forward"
            assert magnet in {one["lot"] for one in forward["nodes"]}

    def test_depth_cuts_and_says_so(self, world: World, magnet: str) -> None:
        whole = {node["lot"] for node in ask(world, "trace", magnet)["nodes"]}
        before: set[str] = set()
        for depth in range(3):
            cut = ask(world, "trace", magnet, "--depth", depth)
            now = {node["lot"] for node in cut["nodes"]}
            assert before < now < whole and cut["truncated"] is True
            before = now
        assert ask(world, "trace", magnet, "--depth", 99)["truncated"] is False

    def test_origins_account_for_every_element(self, world: World, magnet: str) -> None:
        found = rows(world, "origins", magnet)
        sums: dict[str, float] = defaultdict(float)
        for row in found:
            assert row.keys() >= ORIGIN
            for element, share in row["shares"].items():
                sums[element] += share
        assert {"Nd", "Pr", "TREO"} <= sums.keys()
        assert all(abs(total - 1) < 1e-9 for total in sums.values()), dict(sums)
        assert {"mined", "imported", "opening", "secondary", "by-product"} & {row["origin_kind"] for row in found}

    def test_booked_shares_lie_within_their_bounds(self, world: World, magnet: str) -> None:
        document = ask(world, "origins", magnet)
        assert document["count"] == len(document["rows"]) and isinstance(document["exact"], bool)
        for row in document["rows"]:
            for element, share in row["booked_shares"].items():
                least, greatest = row["bounds"][element]
                assert 0 <= least <= share <= greatest <= 1 + 1e-9
        assert "least–booked–greatest" in world.lodeline("origins", magnet).out

    def test_origins_of_all_lots_are_streamed_and_those_of_each(self, world: World, magnet: str) -> None:
        answer = world.lodeline("origins", "--all", "--product", "magnet-ndfeb", "--period", "2025-03", "--json")
        found = [json.loads(line) for line in answer.out.splitlines()]
        assert {row["lot"] for row in found} >= {magnet}
        sums: dict[tuple[str, str], float] = defaultdict(float)
        for row in found:
            sums[row["lot"], row["element"]] += row["booked_share"]
        assert all(abs(total - 1) < 1e-9 for total in sums.values())
        by_place: dict[tuple[str, str], float] = defaultdict(float)
        for row in rows(world, "origins", magnet):
            by_place[row["origin_kind"], row["origin_place"]] += row["booked_shares"]["Nd"]
        for row in found:
            if (row["lot"], row["element"]) == (magnet, "Nd"):
                assert abs(row["booked_share"] - by_place[row["origin_kind"], row["origin_place"]]) < 1e-9
        table = world.lodeline("origins", "--all", "--product", "magnet-ndfeb", "--period", "2025-03").out.splitlines()
        assert table[0] == "lot,element,origin_kind,origin_place,booked_share" and len(table) == len(found) + 1

    @pytest.mark.parametrize(
        ("words", "cure"),
        [
            ((), "--all"),
            (("X/Y", "--all"), "Name one lot"),
            (("X/Y", "--period", "2025-03"), "Name one lot"),
            (("--all", "--product", "cheese"), "magnet-ndfeb"),
            (("--all", "--period", "2025-3"), "2025-06"),
        ],
    )
    def test_what_all_origins_cannot_answer(self, world: World, words: tuple[str, ...], cure: str) -> None:
        answer = world.lodeline("origins", *words)
        assert answer.status == 2 and cure in answer.err and not answer.out

    def test_routes_come_heaviest_first_with_their_kilograms(self, world: World, magnet: str) -> None:
        document = ask(world, "trace", magnet, "--routes", "5", "--element", "Nd")
        shares = [route["booked_share"] for route in document["routes"]]
        assert len(shares) == 5 and shares == sorted(shares, reverse=True)
        kinds = {row["lot"]: row["booked_shares"]["Nd"] for row in rows(world, "origins", magnet)}
        for route in document["routes"]:
            assert route["lots"][-1] == magnet and len(route["events"]) == len(route["lots"])
            assert route["booked_share"] <= kinds[route["lots"][0]] + 1e-12
        first = document["routes"][0]["lots"][0]
        only = ask(world, "trace", magnet, "--routes", "20", "--element", "Nd", "--origin", first)
        assert {route["lots"][0] for route in only["routes"]} == {first}
        assert " → " in world.lodeline("trace", magnet, "--routes", "1").out

    @pytest.mark.parametrize(
        ("words", "cure"),
        [
            (("--element", "Nd"), "--routes"),
            (("--routes", "3", "--forward"), "--forward"),
            (("--routes", "21"), "20"),
            (("--routes", "3", "--element", "Zz"), "Zz"),
            (("--routes", "3", "--origin", "NO-SUCH/LOT"), "NO-SUCH/LOT"),
        ],
    )
    def test_routes_that_cannot_be_told(self, world: World, magnet: str, words: tuple[str, ...], cure: str) -> None:
        answer = world.lodeline("trace", magnet, *words)
        assert answer.status == 2 and cure in answer.err

    def test_a_mined_lot_is_its_own_origin(self, world: World) -> None:
        mined = next(row["lot"] for row in rows(world, "transfers") if row["lot"].startswith("MIN-0001/"))
        (row,) = rows(world, "origins", mined)
        assert row["lot"] == mined and row["organisation"] == "MIN-0001" and set(row["shares"].values()) == {1.0}


class TestTransfers:
    """Shipments and receipts side by side."""

    def test_the_difference_is_shipped_minus_received(self, world: World) -> None:
        for row in rows(world, "transfers"):
            if row["shipped_kg"] is None or row["received_kg"] is None:
                assert row["difference_kg"] is None
            else:
                assert Decimal(row["difference_kg"]) == Decimal(row["shipped_kg"]) - Decimal(row["received_kg"])
            if row["state"] == "matched":
                assert row["shipment_event"] and row["receipt_event"]

    def test_open_ones_lack_a_shipment_or_a_receipt(self, world: World) -> None:
        everything, still_open = rows(world, "transfers"), rows(world, "transfers", "--open")
        assert still_open and all(row in everything for row in still_open)
        assert {row["state"] for row in still_open} <= {"open", "partial", "exception"}
        closed = {row["state"] for row in everything if row not in still_open}
        assert closed == {"matched", "delivered-unfiled"}
        # Whoever has no duty to file is never waited for.
        filers = {row["organisation"] for row in rows(world, "balance", "--element", "Nd")}
        assert all(row["receiver"] in filers for row in still_open if row["receipt_event"] is None)


class TestQuotaAndFlows:
    """Quotas and the flow matrix."""

    def test_granted_and_overdrawn_are_reserved_used_and_left(self, world: World) -> None:
        found = rows(world, "quota")
        assert {row["kind"] for row in found} == {"mining", "separation"}
        for row in found:
            kg = {name: Decimal(value) for name, value in masses(row)}
            assert kg["granted_kg"] + kg["overdrawn_kg"] == kg["reserved_kg"] + kg["used_kg"] + kg["left_kg"]
            assert min(kg.values()) >= 0 and 0 in (kg["overdrawn_kg"], kg["left_kg"])

    @pytest.mark.parametrize("by", ["stage", "organisation", "country"])
    def test_what_comes_in_is_the_same_by_whatever_it_is_added_up(self, world: World, by: str) -> None:
        def mined(found: list[dict[str, Any]]) -> Decimal:
            return sum((Decimal(row["mass_kg"]) for row in found if row["from"] == "origin:mined"), Decimal())

        found = rows(world, "flows", "--by", by, "--element", "Nd")
        assert {row["element"] for row in found} == {"Nd"}
        assert mined(found) == mined(rows(world, "flows", "--element", "Nd")) > 0

    def test_where_it_goes_is_what_flows_abroad(self, world: World) -> None:
        abroad: dict[str, Decimal] = {}
        for row in rows(world, "flows", "--by", "country", "--element", "Nd", "--from", "2025-02"):
            if row["from"] == "CN" and row["to"] not in ("CN", "?", "loss"):
                abroad[row["to"]] = abroad.get(row["to"], Decimal()) + Decimal(row["mass_kg"])
        found = rows(world, "where", "--period", "2025-02..2025-12")
        assert {row["country"]: Decimal(row["mass_kg"]) for row in found if Decimal(row["mass_kg"])} == abroad != {}
        first = max(abroad, key=lambda one: abroad[one])
        own = rows(world, "where", "--period", "2025-02..2025-12", "--only", f"country={first}", "--by", "customer")
        assert sum(Decimal(row["mass_kg"]) for row in own) == abroad[first]

    def test_months_and_elements_narrow_it(self, world: World) -> None:
        everything = rows(world, "flows")
        narrow = rows(world, "flows", "--element", "dy", "--from", "2025-02", "--to", "2025-03")
        assert narrow == [row for row in everything if row["element"] == "Dy" and row["period"] >= "2025-02"]
        assert narrow and all(Decimal(row["mass_kg"]) > 0 for row in narrow)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("trace", "NO-SUCH/LOT"), "NO-SUCH/LOT"),
        (("origins", "NO-SUCH/LOT"), "NO-SUCH/LOT"),
        (("balance", "--site", "mag-0001-a"), "MAG-0001-A"),
        (("balance", "--organisation", "MAG-01"), "MAG-01"),
        (("balance", "--element", "Xx"), "Nd"),
        (("flows", "--element", "Xx"), "Nd"),
        (("flows", "--by", "moon"), "organisation"),
        (("where", "--by", "moon"), "customer"),
        (("where", "--only", "moon=1"), "customer"),
        (("where", "--way", "moon"), "abroad"),
        (("where", "--period", "June"), "2025-Q2"),
        (("where", "--element", "Xx"), "Nd"),
        (("balance", "--from", "2025-13"), "2025-13"),
        (("balance", "--to", "June"), "June"),
        (("flows", "--from", "xyz"), "xyz"),
        (("findings", "--detector", "nonsense"), "unexplained-gain"),
        (("receipt", "99999"), "99999"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_ledger_does_not_have_is_said(world: World, words: tuple[str, ...], hint: str, language: str) -> None:
    answer = world.lodeline(*words, language=language)
    assert answer.status == 2 and hint in answer.said
    assert bool(CHINESE.search(answer.said)) == (language == "zh")


@pytest.mark.parametrize(
    "words",
    [
        ("balance", "--element", "Nd"), ("flows",), ("flows", "--by", "country"), ("transfers",), ("quota",),
        ("trace", ""), ("origins", ""),
    ],
)  # fmt: skip
def test_people_read_tables_in_their_language(world: World, magnet: str, words: tuple[str, ...]) -> None:
    words = tuple(word or magnet for word in words)
    tables = {language: world.lodeline(*words, language=language) for language in ("en", "zh")}
    for language, answer in tables.items():
        assert (answer.status, answer.err) == (0, "")
        header = next(line for line in answer.out.splitlines() if len(line.split()) > 2)
        assert bool(CHINESE.search(header)) == (language == "zh"), header
        assert len(answer.out.splitlines()) > 4


def test_a_long_table_ends_with_how_much_is_left(world: World) -> None:
    shown = world.lodeline("transfers").out
    left = len(rows(world, "transfers")) - 200
    assert left > 0 and f"{left} more rows" in shown.splitlines()[-1] and "--json" in shown.splitlines()[-1]


def test_an_empty_ledger_has_empty_answers(lodeline: Lodeline) -> None:
    for command in ("balance", "flows", "transfers", "quota", "findings"):
        answer = lodeline(command, "--json")
        assert answer.status == 0 and answer.document["rows"] == []
        assert lodeline(command).status == 0
