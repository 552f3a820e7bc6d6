"""A pack is judged whole before it becomes the law: every fault is told, and nothing that it holds breaks the judge."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from lodeline.regulation.checking import BYTES_MOST_OF_FILE, FILES_MOST, Checked, check, files_in, law_of_stranger
from lodeline.regulation.document import PackError
from lodeline.regulation.parameter import load

PACKS = Path(__file__).parent / "packs"
READS = frozenset({"control-list", "filing-deadline", "working-days", "day-count"})
#: Files of a sound pack, by path.
SOUND, _ = files_in(PACKS / "zz")
LIST, TOLL, SUSPENSION = "edict-1/control-list.yaml", "almanac/toll.yaml", "edict-2/instrument.yaml"
SECOND_LIST = SOUND[LIST].replace(b"parameter: control-list\n", b"parameter: control-list\nshared: true\n")


def changed(path: str, old: str, new: str) -> dict[str, bytes]:
    assert old in SOUND[path].decode(), old
    return {path: SOUND[path].decode().replace(old, new, 1).encode()}


#: What is laid over the sound pack, and what must be said of it.
FAULTY: dict[str, tuple[Mapping[str, bytes], str]] = {
    "a test that fails": (
        changed(TOLL, "expect: {value: 3}", "expect: {value: 5}"), r"tests\[0\]: .*expected value 5, found 3"
    ),
    "a test of another status": (
        changed(TOLL, "expect: {status: ended}", "expect: {status: in-force}"), r"tests\[2\]: .*in-force, found ended"
    ),
    "a row that is not there": (
        changed(LIST, "expect: none", "expect: {item: R-9}"), r"control-list\.yaml, tests\[1\]: .*one such row, found 0"
    ),
    "a test of what is not in force": (
        changed(LIST, "on: 2031-04-01, known: 2031-03-01, input: {element: Nd",
                "on: 2031-03-01, known: 2031-03-01, input: {element: Nd"), r"a list in force, found not-yet",
    ),
    "a test that expects nothing": (changed(TOLL, "expect: {value: 3}", "expect: {}"), r"tests\[0\]\.expect: expects"),
    "a test of a day that is none": (
        changed(TOLL, "on: 2031-01-15", 'on: "soon"'), r"tests\[0\]\.on: is no day",
    ),
    "no test": (changed(TOLL, "tests:", "holes2:"), r"has `holes2`"),
    "a parameter without test": (
        {TOLL: SOUND[TOLL].partition(b"tests:")[0]}, r"toll\.yaml, tests: has no test; add",
    ),
    "a parameter that nobody reads": (
        {TOLL: re.sub(rb"informs: people\nreason: .*\n", b"", SOUND[TOLL])}, r"parameter: toll is read by no rule",
    ),
    "one that is read and for people alone": (
        changed("almanac/day-count.yaml", "values:", "informs: people\nreason: {en: a, zh: 甲}\nvalues:"),
        r"informs: says that people alone read day-count, which a rule reads",
    ),
    "values that overlap": (
        changed(TOLL, "in_force_from: 2031-05-01", "in_force_from: 2031-03-31"), r"values\[2\]: overlaps",
    ),
    "an unknown element": (changed(LIST, "element: Nd,", "element: Xx,"), r"element: 'Xx' is no element"),
    "an unknown form": (changed(LIST, "form: magnet,", "form: lump,"), r"form: is 'lump'"),
    "an instrument that suspends itself": (
        changed(SUSPENSION, "instruments: [edict-1]", "instruments: [edict-2]"), r"edict-2/.*suspends itself",
    ),
    "suspensions that contradict each other": (
        {"edict-4/instrument.yaml": SOUND[SUSPENSION].replace(b"edict-2", b"edict-4").replace(b"09-30", b"10-30")},
        r"edict-4/instrument\.yaml: says of edict-1 from 2031-07-01 .* contradicts; keep one",
    ),
    "an item in two lists": (
        {LIST: SECOND_LIST, "edict-3/control-list.yaml": SECOND_LIST.partition(b"tests:")[0] + b"tests: "
         b"[{on: 2031-04-01, known: 2031-04-01, expect: {status: in-force}}]\n"},
        r"lists R-1 Nd magnet, which edict-1 lists too",
    ),
    "a parameter in two files": (
        {"almanac/fee.yaml": SOUND[TOLL]}, r"toll is set in another file too",
    ),
    "an instrument that is none": ({SUSPENSION: b"id: edict-2\n"}, r"edict-2/instrument\.yaml: lacks `title`"),
    "a path that leaves the folder": ({"../cn/toll.yaml": SOUND[TOLL]}, r"leaves the folder"),
    "a path from the root": ({"/etc/toll.yaml": SOUND[TOLL]}, r"leaves the folder"),
    "a file where nothing is read": ({"almanac/old/toll.yaml": SOUND[TOLL]}, r"stands where nothing is read"),
    "no law": ({"almanac/README.md": b"hello"}, r"stands where nothing is read"),
    "too long a file": ({TOLL: SOUND[TOLL] + b"#" * BYTES_MOST_OF_FILE}, r"longer than 256 KiB"),
    "too many files": ({f"almanac/a{one}.yaml": b"" for one in range(FILES_MOST)}, r"more than 1000 files"),
    "a bomb of aliases": (
        {TOLL: b"a: &a [1,1]\nb: &b [*a,*a]\n"}, r"line 2 repeats another place by `\*`; write it out",
    ),
    "a tower": ({TOLL: b"[" * 50}, r"line 1 lies more than 12 levels deep"),
    "a tower to heaven": ({TOLL: b"[" * 100_000}, r"line 1 (lies more than|is no YAML)"),
    "a tag": ({TOLL: b"value: !!python/object/apply:os.system [ls]\n"}, r"line 1 has a tag"),
    "a figure that is none": (changed(TOLL, "value: 4", "value: .nan"), r"values\[2\]\.value: is no figure"),
    "a name that is no text": (changed(TOLL, "value: 4", "value: {2031: 4}"), r"name 2031, which is no text"),
    "bytes that are no text": ({TOLL: b"\xff\xfe"}, r"is no text in UTF-8"),
}  # fmt: skip


def judged(over: Mapping[str, bytes]) -> Checked:
    return check("zz", {**SOUND, **over}, reads=READS)


@pytest.mark.parametrize(("over", "told"), FAULTY.values(), ids=FAULTY.keys())
def test_a_fault_is_told_with_its_cure_in_both_languages(over: Mapping[str, bytes], told: str) -> None:
    checked = judged(over)
    assert checked.law is None
    assert any(re.search(told, one.en) for one in checked.faults), checked.faults
    for one in checked.faults:
        assert one.file.startswith("zz")
        assert ";" in one.en
        assert re.search(r"[\u4e00-\u9fff]", one.zh)


def test_every_fault_is_told_and_not_the_first_alone() -> None:
    over = changed(TOLL, "expect: {value: 3}", "expect: {value: 5}") | changed(
        LIST, "expect: none", "expect: {item: R-9}"
    )
    assert [one.file for one in judged(over).faults] == ["zz/almanac/toll.yaml", "zz/edict-1/control-list.yaml"]
    over = changed(TOLL, "value: 4", "vaule: 4") | {SUSPENSION: b"id: edict-2\n"} | {LIST: b"- ["}
    assert {one.file for one in judged(over).faults} == {
        "zz/almanac/toll.yaml", "zz/edict-1/control-list.yaml", "zz/edict-2/instrument.yaml",
    }  # fmt: skip


def test_a_sound_pack_is_the_law() -> None:
    checked = judged({})
    assert checked.faults == ()
    assert checked.law is not None
    assert checked.law.code == "zz"
    assert checked.tests == 16


def test_a_folder_is_read_without_what_leads_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "zz/almanac").mkdir(parents=True)
    (tmp_path / "zz/jurisdiction.yaml").write_bytes(SOUND["jurisdiction.yaml"])
    (tmp_path / "secret").write_text("secret", "utf-8")
    (tmp_path / "zz/almanac/toll.yaml").symlink_to(tmp_path / "secret")
    (tmp_path / "zz/other").symlink_to(tmp_path)
    files, faults = files_in(tmp_path / "zz")
    assert list(files) == ["jurisdiction.yaml"]
    assert {one.file for one in faults} == {"zz/almanac/toll.yaml", "zz/other"}


def mutated(chance: random.Random) -> dict[str, bytes]:
    """The sound pack with some of its bytes, lines or files exchanged, or with bytes of chance."""
    files = dict(SOUND)
    for _ in range(chance.randint(1, 4)):
        path = chance.choice(list(files))
        content = files[path]
        lines = content.split(b"\n")
        match chance.randrange(6):
            case 0:
                place = chance.randrange(len(content) + 1)
                files[path] = content[:place] + chance.randbytes(chance.randint(1, 6)) + content[place:]
            case 1:
                place = chance.randrange(len(lines))
                lines[place] = chance.choice(lines)
                files[path] = b"\n".join(lines)
            case 2:
                found = list(re.finditer(rb"[\w.:-]+", content))
                if found:
                    word = chance.choice(found)
                    new = chance.choice(_WORDS)
                    files[path] = content[: word.start()] + new + content[word.end() :]
            case 3:
                files[chance.choice(list(files))] = content
            case 4:
                del lines[chance.randrange(len(lines))]
                files[path] = b"\n".join(lines)
            case _:
                files[path] = chance.randbytes(chance.randint(0, 200))
    return files


_WORDS = (
    b"", b"1", b"-1", b"[]", b"{}", b"null", b"true", b"2031-01-01", b"9999-12-31", b"0001-01-01", b"1e999", b"0x1F",
    b"<<: {a: 1}", b"? [a]", b"*a", b"&a b", b"!!int x", b"12:30:45", b"values", b"~", b"'", b"|",
    b"2031-01-01 10:00:00", b"99999999999999999999", b"control-list", b"working-days", b"REE", b"shared: true",
)  # fmt: skip


def test_chance_gives_faults_or_a_law_and_never_a_trace() -> None:
    chance = random.Random(27)
    sound = 0
    for _ in range(400):
        files = mutated(chance)
        begun = time.process_time()
        checked = check("zz", files, reads=READS)
        assert time.process_time() - begun < 5, "a pack of few bytes takes no time"
        assert (checked.law is None) == bool(checked.faults)
        sound += checked.law is not None
    assert 0 < sound < 400


@pytest.mark.parametrize("what", ["a bomb of aliases", "a path that leaves the folder"])
def test_nothing_is_built_of_a_strangers_pack_that_the_check_would_not_build(what: str) -> None:
    laid_over, said = FAULTY[what]
    with pytest.raises(PackError) as refused:
        law_of_stranger("zz", {**SOUND, **laid_over})
    assert re.search(said, refused.value.en)


def test_a_strangers_pack_is_the_law_of_its_files() -> None:
    assert law_of_stranger("zz", SOUND) == load("zz", PACKS)
