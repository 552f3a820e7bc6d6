"""The program as a person runs it: words in, status and text out; and a small firm that files with it."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.apps import apps
from django.db import connections

from lodeline.cli import main

#: The installed console script, beside the interpreter that runs the tests.
PROGRAM = Path(sys.executable).with_name("lodeline")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Decimal kilograms as JSON gives them: text, at most milligrams, no needless zeros.
KILOGRAMS = re.compile(r"-?(0|[1-9]\d*)(\.\d{0,5}[1-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command gave back."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        assert self.err == "", self.err
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """The message of a refusal: on standard error, with nothing on standard output."""
        assert self.out == "", self.out
        return " ".join(self.err.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Lodeline:
    """The program with a database of its own; calling it runs a command in this process."""

    database: str
    snapshots: str | None = None

    def environment(self, language: str = "en", **more: str) -> dict[str, str]:
        """The variables that a person would set."""
        found = {"LODELINE_DATABASE": self.database, "LODELINE_LANGUAGE": language}
        if self.snapshots is not None:
            found["LODELINE_SNAPSHOTS"] = self.snapshots
        return found | more

    def __call__(self, *words: object, language: str = "en", **more: str) -> Answer:
        """Runs `lodeline WORDS`; anything but an exit with a status fails the test."""
        out, err = io.StringIO(), io.StringIO()
        status: object = 0
        with (
            patch.dict(os.environ, self.environment(language, **more)),
            patch.object(sys, "argv", ["lodeline", *map(str, words)]),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as leaving:
                status = leaving.code or 0
            finally:
                # A command is a process of its own and leaves no connection behind.
                if apps.ready:
                    connections.close_all()
        assert isinstance(status, int), status
        return Answer(status=status, out=out.getvalue(), err=err.getvalue())

    def started(self, *words: object, **options: Any) -> subprocess.Popen[str]:
        """The installed program, running; it leads a process group of its own, as in a terminal."""
        return subprocess.Popen(
            [PROGRAM, *map(str, words)], env=os.environ | self.environment(), start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    def as_process(self, *words: object, **options: Any) -> Answer:
        """Runs the installed program to its end."""
        with self.started(*words, **options) as process:
            out, err = process.communicate(timeout=300)
        return Answer(status=process.returncode, out=out, err=err)

    def copied_to(self, path: Path) -> Lodeline:
        """The same with a copy of the SQLite file, to be changed freely."""
        shutil.copy(self.database, path)
        return Lodeline(database=str(path))


def write_register(room: Path) -> Path:
    """A dossier that registers a magnet maker ACME with two sites, and its supplier NORTH; nobody has filed."""
    (room / "register").mkdir(parents=True)
    (room / "filings").mkdir()
    (room / "register/organisations.csv").write_text(
        "id,name_zh,name_en,aliases,country,roles,uscc,lei,valid_from,valid_to\n"
        "ACME,甲磁材,Acme Magnets,,CN,magnet-maker,,,2020-01-01,\n"
        "NORTH,北方合金,North Alloys,,CN,alloy-maker,,,2020-01-01,\n",
        "utf-8",
    )
    (room / "register/sites.csv").write_text(
        "id,organisation,name,stage,region,lat,lon,capacity_kg_per_month,valid_from,valid_to\n"
        "PLANT,ACME,磁体厂,magnet,,,,,2020-01-01,\nSTORE,ACME,仓库,magnet,,,,,2020-01-01,\n"
        "NORTH-1,NORTH,合金厂,alloy,,,,,2020-01-01,\n",
        "utf-8",
    )
    return room


#: ACME's June: alloy in, magnets and swarf out, most of the magnets shipped, the rest counted.
JUNE = """\
event,kind,on,site,role,lot,product,mass_kg,composition,counterparty_name,reference
R-1,receipt,2025-06-02,PLANT,,NORTH/A-77,alloy:NdFeB,500,Nd=29;Dy=1.2;B=1,北方合金,SHIP-881
T-1,transformation,2025-06-09,PLANT,in,NORTH/A-77,,500,,,
T-1,transformation,2025-06-09,PLANT,out,M-1,magnet-ndfeb,410,Nd=29;Dy=1.2;B=1,,
T-1,transformation,2025-06-09,PLANT,waste,SW-1,swarf,85,Nd=28;Dy=1.1;B=1,,
S-1,shipment,2025-06-20,PLANT,,M-1,magnet-ndfeb,400,,宁波电机有限公司,
C-1,stock,2025-06-30,PLANT,,M-1,,10,,,
C-1,stock,2025-06-30,PLANT,,SW-1,,85,,,
"""
JUNE_ROWS = 7
ENVELOPE = ("--organisation", "ACME", "--period", "2025-06")
HEADER = "event,kind,on,site,lot,product,mass_kg,composition,origin_kind,origin_place"
#: One row that is right in every respect; its columns are those of HEADER.
ORIGIN = "O-1,origin,2025-06-03,PLANT,ORE-1,concentrate,1250.5,TREO=60,mined,MINE-1"


def write(path: Path, *lines: str) -> Path:
    """A file of these lines."""
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path
