"""Changes places of the program one by one, and states which of the changes the tests notice: `make mutate SEED=1`.

Places are drawn by a hash of their file, function and text, so the same seed names the same places in another version
of the program, as far as their code is still there. All are put into one copy of `src`, each behind a question that is
only answered yes where `LODELINE_MUTANT` names it. One run of the tests without any records which test comes by which
place; then each place is switched on for the tests that came by it, until one fails.

What a module computes as it is read (a constant) is found by the functions that read its name; other code of that kind
(pages with their permission, fields) by the tests of its file's name and those of access. Compiled kernels, migrations
and the synthetic world are left out.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.touched import REPOSITORY, all_tests, belonging_to

SOURCE: Final = REPOSITORY / "src"
_EACH: Final = 10
_KINDS: Final = ("comparison", "sign", "sum", "permission", "deadline", "unit")
_LEFT_OUT: Final = re.compile(r"lodeline/(world/|.*migrations/|.*(sample|tour|demonstration|__main__))|_test\.py$")
_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_PERMISSION: Final = re.compile(
    r"own\.(read|file|certify|people)|nation\.read|finding\.decide|desk\.(use|decide)|register\.write|duty\.chase"
    r"|accounts\.write|audit\.read|system\.read|erasure\.write|hold\.write|edition\.write|inspection\.write"
    r"|parties\.decide|licence\.decide|quotas\.decide|records\.write|law\.publish|strategy\.(read|run|aggregate)"
)
_OF_TIME: Final = re.compile(r"_(DAYS?|HOURS?|MONTHS?|MINUTES|S)$")
_OF_UNITS: Final = re.compile(r"(_PER_|^PPB|^MG|_MG$|_PPB$|^PERCENT)")
_TESTS_OF_ACCESS: Final = re.compile(r"permission|access|region|roles|security|own_edges|test_pages|firm_pages")
#: What xdist adds to the name of a test that stays in one worker.
_GROUP: Final = re.compile(r"@tests/[\w/.]*$")
#: The question, as source: true where place `number` is switched on. It needs no import, so it stands in any module.
_ON: Final = '__import__("builtins").__dict__.get("_mutant", int)({number})'

#: What asks and records, in every process of a run: Python reads it at its start.
_HOOK: Final = """
import builtins, os
_ON = int(os.environ.get("LODELINE_MUTANT") or -1)
_TO = os.environ.get("LODELINE_MUTANT_RECORD")
_SEEN = set()
def _mutant(number):
    if _TO:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        if (number, test) not in _SEEN:
            _SEEN.add((number, test))
            with open(f"{_TO}/{os.getpid()}", "a") as file:
                file.write(f"{number}\\t{test}\\n")
    return number == _ON
builtins._mutant = _mutant
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One change. `start` and `end`: bytes of its line; `name`: the constant that it gives, where it gives one."""

    file: str
    line: int
    start: int
    end: int
    kind: str
    within: str
    before: str
    after: str
    name: str = ""
    in_function: bool = True


def _order(found: list[Place], seed: int) -> list[Place]:
    """In the order of the draw; of equal texts in one function the first is another place than the second."""
    equal: Counter[str] = Counter()
    keyed = []
    for one in found:
        said = f"{seed}|{one.file}|{one.within}|{one.before}|{one.kind}"
        equal[said] += 1
        keyed.append((hashlib.sha256(f"{said}|{equal[said]}".encode()).hexdigest(), one))
    return [one for _, one in sorted(keyed, key=lambda pair: pair[0])]


def _changes(node: ast.expr, of: str) -> Iterator[tuple[str, str]]:
    """(kind, changed text) of an expression; `of`: the name that it is given to, or the keyword that it is given by."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS and len(node.ops) == 1:
        left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
        yield "comparison", f"({left}) {_COMPARISONS[type(node.ops[0])]} ({right})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", ast.unparse(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        if isinstance(node.op, ast.Sub):
            yield "sign", f"({left}) + ({right})"
        if isinstance(node.op, ast.Add) and not re.search(r"""["'\[]""", left + right):
            yield "sum", f"({left}) - ({right})"
        if isinstance(node.op, ast.Mult | ast.Div | ast.FloorDiv) and _OF_UNITS.search(right.rpartition(".")[2]):
            yield "unit", f"({ast.unparse(node)}) * 10"
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _PERMISSION.fullmatch(node.value):
            yield "permission", repr("own.read" if node.value != "own.read" else "nation.read")
        if type(node.value) is int and (_OF_TIME.search(of) or of in ("days", "hours", "minutes", "months")):
            yield "deadline", str(node.value + 1)
        if isinstance(node.value, int | float) and node.value >= 100 and re.fullmatch(r"10*(\.0)?", str(node.value)):
            yield "unit", str(node.value * 10)


def places() -> list[Place]:
    """All places that could be changed."""
    found: list[Place] = []
    for path in sorted(SOURCE.glob("lodeline/**/*.py")):
        file = str(path.relative_to(SOURCE))
        text = path.read_text("utf-8")
        if _LEFT_OUT.search(file) or re.search(r"numba|lodeline\.compiled", text):
            continue
        lines = text.encode().splitlines()

        def visit(node: ast.AST, within: str, of: str, inside: bool) -> None:
            if isinstance(node, ast.JoinedStr | ast.NamedExpr | ast.Match):
                return
            if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("Literal"):
                return
            if isinstance(node, ast.expr) and node.lineno == node.end_lineno:
                assert node.end_col_offset is not None
                before = lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()  # noqa: B023
                for kind, after in _changes(node, of):
                    found.append(
                        Place(file=file, line=node.lineno, start=node.col_offset, end=node.end_col_offset,  # noqa: B023
                              kind=kind, within=within, before=before, after=after, name="" if inside else of,
                              in_function=inside)
                    )  # fmt: skip
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for one in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
                    visit(one, within, "", inside)
                for statement in node.body:
                    visit(statement, f"{within}.{node.name}", "", True)
                return
            if isinstance(node, ast.ClassDef):
                for part in (*node.bases, *node.decorator_list, *node.body):
                    visit(part, f"{within}.{node.name}", "", inside)
                return
            if isinstance(node, ast.AnnAssign | ast.Assign):
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                name = target.id if isinstance(target, ast.Name) else ""
                if node.value is not None:
                    visit(node.value, within, name, inside)
                return
            for child in ast.iter_child_nodes(node):
                given = (
                    child.arg or "" if isinstance(child, ast.keyword) else of if isinstance(node, ast.keyword) else ""
                )
                visit(child, within, given, inside)

        visit(ast.parse(text), "", "", False)
    return found


def drawn(seed: int, each: int) -> list[Place]:
    """`each` places of every kind, at most one of a line."""
    chosen: list[Place] = []
    lines: set[tuple[str, int]] = set()
    ordered = _order(places(), seed)
    for kind in _KINDS:
        left = each
        for place in (one for one in ordered if one.kind == kind):
            if left and (place.file, place.line) not in lines:
                lines.add((place.file, place.line))
                chosen.append(place)
                left -= 1
    return chosen


def _readers(name: str, source: Path) -> Iterator[tuple[str, int, int, int]]:
    """(file, line, start, end) where functions read a constant."""
    for path in sorted(source.glob("lodeline/**/*.py")):
        text = path.read_text("utf-8")
        if name not in text or re.search(r"numba|lodeline\.compiled", text):
            continue
        tree = ast.parse(text)
        skipped = {
            id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.Match) for one in ast.walk(node)
        }
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for statement in function.body:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                        called = node.id if isinstance(node, ast.Name) else node.attr
                        if called == name and id(node) not in skipped and node.lineno == node.end_lineno:
                            yield str(path.relative_to(source)), node.lineno, node.col_offset, node.end_col_offset or 0


def instrumented(chosen: list[Place], room: Path) -> None:
    """A copy of `src` in `room` that holds all places, and the hook that switches one on."""
    shutil.copytree(SOURCE, room, ignore=shutil.ignore_patterns("__pycache__"))
    (room / "sitecustomize.py").write_text(_HOOK, "utf-8")
    edits: dict[str, dict[tuple[int, int, int], str]] = defaultdict(dict)
    for number, place in enumerate(chosen):
        on = _ON.format(number=number)
        edits[place.file][place.line, place.start, place.end] = f"(({place.after}) if {on} else ({place.before}))"
        if place.name:
            for file, line, start, end in _readers(place.name, SOURCE):
                here = (SOURCE / file).read_bytes().splitlines()[line - 1][start:end].decode()
                edits[file].setdefault((line, start, end), f"({on}, {here})[1]")
    for file, changes in edits.items():
        path = room / file
        lines = path.read_bytes().splitlines()
        done: tuple[int, int] | None = None
        for (line, start, end), new in sorted(changes.items(), reverse=True):
            if done is not None and done[0] == line and end > done[1]:
                continue  # one inside of another
            lines[line - 1] = lines[line - 1][:start] + new.encode() + lines[line - 1][end:]
            done = (line, start)
        path.write_bytes(b"\n".join(lines) + b"\n")
        ast.parse(path.read_bytes())


def _run(room: Path, options: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    own = {**os.environ, "PYTHONPATH": str(room), "PYTHONUTF8": "1", **environment}
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=REPOSITORY, env=own, capture_output=True, text=True, check=False)


def _recorded(records: Path) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for path in records.iterdir():
        for line in path.read_text("utf-8").splitlines():
            number, _, test = line.partition("\t")
            found[int(number)].add(_GROUP.sub("", test))
    return found


def main() -> None:
    """Draws, records, and switches on one after the other; a line each, then how many were noticed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--each", type=int, default=_EACH, help="places of each kind")
    asked.add_argument("--select", default="not slow and not ci", help="the tests, as pytest's -m")
    asked.add_argument("--list", action="store_true", help="only print the places")
    asked.add_argument("--room", type=Path, help="where the copy and what was recorded are kept, to go on from there")
    given = asked.parse_args()
    chosen = drawn(given.seed, given.each)
    if given.list:
        for number, place in enumerate(chosen):
            print(f"{number:3} {place.kind:10} {place.file}:{place.line}  {place.before}  →  {place.after}")
        return
    room = given.room or Path(tempfile.mkdtemp(prefix="lodeline-mutate-"))
    records, plan = room / "records", room / "plan.json"
    if not plan.exists():
        records.mkdir(parents=True)
        instrumented(chosen, room / "src")
        began = time.monotonic()
        done = _run(
            room / "src", ["-n", "2", "--dist", "loadgroup", "-m", given.select], LODELINE_MUTANT_RECORD=str(records)
        )
        (room / "recorded.txt").write_text(done.stdout + done.stderr, "utf-8")
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)
        print(f"without any: {time.monotonic() - began:.0f} s, {len(failed)} failed, which are left out", flush=True)
        plan.write_text(json.dumps({"places": [asdict(one) for one in chosen], "failed": failed}), "utf-8")
    kept = json.loads(plan.read_text("utf-8"))
    chosen, left_out = [Place(**one) for one in kept["places"]], set(kept["failed"])
    noticed = 0
    by_place = _recorded(records)
    for number, place in enumerate(chosen):
        tests = {one for one in by_place.get(number, ()) if one} - left_out
        if not tests and not place.in_function:
            modules = all_tests()
            tests = {*belonging_to(f"src/{place.file}", modules), *(m for m in modules if _TESTS_OF_ACCESS.search(m))}
        result, first = "not reached", ""
        began = time.monotonic()
        if tests:
            with tempfile.TemporaryDirectory(prefix="lodeline-kept-") as own:
                names = Path(own) / "tests"
                names.write_text("\n".join(sorted(tests)), "utf-8")
                options = [
                    "-x",
                    "-n",
                    "2",
                    "--dist",
                    "loadgroup",
                    "-m",
                    given.select,
                    *[f"--deselect={one}" for one in failed],
                ]
                done = _run(room / "src", [*options, f"@{names}"], LODELINE_MUTANT=str(number), LODELINE_KEPT=own)
            result = {0: "SURVIVED", 1: "noticed", 5: "not reached"}.get(
                done.returncode, f"noticed ({done.returncode})"
            )
            first = next(iter(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)), "")
            (room / f"{number}.txt").write_text(done.stdout[-20_000:] + done.stderr[-5_000:], "utf-8")
        noticed += result.startswith("noticed")
        took = time.monotonic() - began
        print(f"{number:3} {result:12} {took:5.0f} s of {len(tests):5} tests  {place.kind:10} {place.file}:{place.line}"
              f"  {place.before} → {place.after}  {first}", flush=True)  # fmt: skip
    print(f"{noticed} of {len(chosen)} changes were noticed")


if __name__ == "__main__":
    main()
