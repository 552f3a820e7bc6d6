"""Clients of the API that two usual generators make of its schema, as programs of others have them (`make clients`).

DIRECTORY/openapi.json          the schema
DIRECTORY/lodeline_api/         functions and classes (openapi-python-client)
DIRECTORY/lodeline_models.py    pydantic models (datamodel-code-generator)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

#: The generators have an environment of their own: requirements/clients.lock.
BIN: Final = Path(os.environ.get("LODELINE_CLIENTS", Path(sys.prefix) / "clients")) / "bin"


def generate(schema: Any, room: Path) -> list[str]:
    """Makes the clients in a directory; the lines in which a generator says what it leaves out. Raises
    CalledProcessError."""
    room.mkdir(parents=True, exist_ok=True)
    path = room / "openapi.json"
    path.write_text(json.dumps(schema, ensure_ascii=False, indent=1))
    _run("python", "-m", "openapi_spec_validator", path)
    left_out = _run(
        "openapi-python-client", "generate", "--path", path, "--output-path", room / "lodeline_api", "--meta", "none",
        "--overwrite", "--config", Path(__file__).with_name("generating.yaml"),
    )  # fmt: skip
    left_out += _run(
        "datamodel-codegen", "--input", path, "--input-file-type", "openapi", "--output", room / "lodeline_models.py",
        "--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11", "--formatters", "builtin",
    )  # fmt: skip
    return [line for line in left_out.splitlines() if line.startswith(("WARNING", "ERROR")) or "omitted" in line]


def _run(program: str, *arguments: str | Path) -> str:
    # One of them looks for the formatter that came with it.
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [BIN / program, *arguments], check=True, capture_output=True, text=True, env={**os.environ, "PATH": path}
    )  # fmt: skip
    return done.stdout + done.stderr


def main() -> None:
    """Makes them in the directory that is named."""
    import django  # noqa: PLC0415

    os.environ["DJANGO_SETTINGS_MODULE"] = "lodeline.web.settings"
    django.setup()
    from lodeline.web.api import api  # noqa: PLC0415  (it needs Django to be set up)

    room = Path(sys.argv[1])
    left_out = generate(api.get_openapi_schema(path_prefix="api/v1/"), room)
    print("\n".join([*left_out, f"The clients are in {room}"]))


if __name__ == "__main__":
    main()
