"""A law pack as a ZIP: the same bytes for the same files, and nothing comes of one that is not what it should be."""

from __future__ import annotations

import io
import random
import stat
import zipfile
from collections.abc import Callable

import pytest

from lodeline.regulation.checking import BYTES_MOST, FILES_MOST
from lodeline.regulation.pack import Pack, shipped
from lodeline.service.law.zipped import ZipError, files_of_zip, zip_of

Archive = zipfile.ZipFile


def zipped(fill: Callable[[Archive], object]) -> bytes:
    packed = io.BytesIO()
    with Archive(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return packed.getvalue()


def test_the_files_of_a_pack_come_out_as_they_went_in() -> None:
    pack = shipped("cn")
    content = zip_of(pack)
    assert content == zip_of(Pack(code="cn", files=dict(reversed(list(pack.files.items())))))
    files = {path: text.decode() for path, text in files_of_zip(content, "cn").items()}
    assert Pack(code="cn", files=files).digest == pack.digest


def test_the_folder_itself_may_be_left_out_and_what_a_file_manager_adds_is() -> None:
    def fill(archive: Archive) -> None:
        archive.writestr("jurisdiction.yaml", "a")
        archive.writestr("notices/", "")
        archive.writestr("notices/instrument.yaml", "b")
        archive.writestr("notices/.DS_Store", b"\0")
        archive.writestr("__MACOSX/notices/._instrument.yaml", b"\0")

    assert files_of_zip(zipped(fill), "cn") == {"jurisdiction.yaml": b"a", "notices/instrument.yaml": b"b"}


def link(archive: Archive) -> None:
    one = zipfile.ZipInfo("cn/link.yaml")
    one.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(one, "/etc/passwd")


def twice(archive: Archive) -> None:
    archive.writestr("cn/a.yaml", "a")
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("cn/a.yaml", "b")


def bomb(archive: Archive) -> None:
    archive.writestr("cn/a.yaml", b" " * (BYTES_MOST // 2))


def too_much(archive: Archive) -> None:
    for number in range(3):
        archive.writestr(f"cn/{number}.yaml", b" " * (BYTES_MOST // 2))


def too_many(archive: Archive) -> None:
    for number in range(FILES_MOST + 1):
        archive.writestr(f"cn/{number}.yaml", "")


def named(name: str) -> Callable[[Archive], object]:
    return lambda archive: archive.writestr(name, "a")


@pytest.mark.parametrize(
    ("fill", "says"),
    [
        (named("/etc/cron.d/a.yaml"), "leaves the folder"), (named("cn/../../a.yaml"), "leaves the folder"),
        (named("cn\\a.yaml"), "leaves the folder"), (named("cn//a.yaml"), "leaves the folder"), (link, "is a link"),
        (twice, "there twice"), (bomb, "more than 100 times"), (too_much, "4 MiB"), (too_many, "1000 files"),
        (lambda archive: None, "no file"),
    ],
)  # fmt: skip
def test_a_zip_that_is_not_what_a_pack_is_is_refused_in_words(fill: Callable[[Archive], object], says: str) -> None:
    with pytest.raises(ZipError, match=says):
        files_of_zip(zipped(fill), "cn")


def test_whatever_bytes_are_changed_it_is_a_pack_or_refused_in_words() -> None:
    chance = random.Random(5)
    content = zip_of(Pack(code="cn", files=dict(sorted(shipped("cn").files.items())[:3])))
    places = (0, content.index(b"PK\x01\x02"), content.rindex(b"PK\x05\x06"))
    refused = 0
    for _ in range(2_000):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 2, 6))):
            changed[min(chance.choice(places) + chance.randrange(60), len(content) - 1)] = chance.randrange(256)
        try:
            assert files_of_zip(bytes(changed), "cn")
        except ZipError:
            refused += 1
    assert 1_000 < refused < 2_000


def test_a_torn_a_changed_and_an_encrypted_file_are_no_pack() -> None:
    content = zipped(named("cn/a.yaml"))
    size = content.index(b"PK\x01\x02")
    # What it says of the size of the file is not what comes out of it.
    lies = content[: size + 24] + (9).to_bytes(4, "little") + content[size + 28 :]
    encrypted = content[: size + 8] + b"\x01" + content[size + 9 :]
    for wrong in (b"", b"PK", content[:-30], b"\0" * 1_000, lies, encrypted):
        with pytest.raises(ZipError):
            files_of_zip(wrong, "cn")
