"""Puts the commit into what is built (`lodeline/build.py`), and compiles the texts (`lodeline/language.py`)."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface[Any]):
    """Where git keeps nothing, as in a container, LODELINE_COMMIT says it; an archive of the sources has the file."""

    _room = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the file with the commit; an editable installation reads what git keeps."""
        package = Path(self.root) / "src" / "lodeline"
        for catalogue in (package / "locale").rglob("*.po"):
            with catalogue.open("rb") as source, catalogue.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(source))
        spec = importlib.util.spec_from_file_location("lodeline_build", package / "build.py")
        assert spec is not None and spec.loader is not None
        build = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(build)
        commit = os.environ.get("LODELINE_COMMIT") or build.commit_of(Path(self.root))
        if version == "editable" or not commit or (package / build.COMMIT_FILE).exists():
            return
        self._room = tempfile.mkdtemp()
        file = Path(self._room) / build.COMMIT_FILE
        file.write_text(f"{commit}\n", encoding="utf-8")
        inside = "lodeline" if self.target_name == "wheel" else "src/lodeline"
        build_data["force_include"][str(file)] = f"{inside}/{build.COMMIT_FILE}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes what was made for it."""
        if self._room:
            shutil.rmtree(self._room, ignore_errors=True)
