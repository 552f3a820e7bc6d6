"""The peer of the portal: what a web project would write in an afternoon. It stores the rows of a CSV, and that is all.

No checking, no drafts, no accounts and no log; `bulk_create` into one table of the same PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from portal.server import free_port, served

_PEER = """
import csv, io, os
from django.conf import settings
from lodeline.store.database import parse_url
settings.configure(SECRET_KEY="peer", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, INSTALLED_APPS=[], DEBUG=False,
    DATABASES={"default": parse_url(os.environ["PEER_DATABASE"])}, DATA_UPLOAD_MAX_MEMORY_SIZE=None)
import django; django.setup()
from django.db import connection, models
from django.http import JsonResponse
from django.urls import path
from django.core.wsgi import get_wsgi_application
COLUMNS = "event kind on site role lot product mass_kg composition method counterparty".split()
Row = type("Row", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "peer"}),
    "firm": models.TextField(), **{name: models.TextField() for name in COLUMNS}})
def store(request, firm):
    text = io.StringIO(request.FILES["files"].read().decode())
    rows = [Row(firm=firm, **{name: row.get(name, "") for name in COLUMNS}) for row in csv.DictReader(text)]
    Row.objects.bulk_create(rows, batch_size=1000)
    return JsonResponse({"stored": True})
urlpatterns = [path("<str:firm>/", store)]
if os.environ.get("PEER_MAKE"):
    with connection.schema_editor() as editor: editor.create_model(Row)
application = get_wsgi_application()
"""


async def uploads_a_second(users: int, seconds: float, send: Callable[[int], Awaitable[None]]) -> float:
    """How many uploads are answered a second when so many people do nothing else."""
    done = 0
    began = time.monotonic()

    async def live(number: int) -> None:
        nonlocal done
        while time.monotonic() < began + seconds:
            await send(number)
            done += 1

    await asyncio.gather(*map(live, range(users)))
    return done / (time.monotonic() - began)


async def _uploads(origin: str, contents: Sequence[bytes], seconds: float) -> float:
    async with httpx.AsyncClient(base_url=origin, timeout=120, limits=httpx.Limits(max_connections=None)) as client:

        async def send(number: int) -> None:
            answer = await client.post(f"/F{number}/", files={"files": ("month.csv", contents[number], "text/csv")})
            assert answer.status_code == 200, answer.text

        return await uploads_a_second(len(contents), seconds, send)


def uploads_of_peer(database: str, contents: Sequence[bytes], *, workers: int, seconds: float) -> float:
    """Serves the peer as the portal is served, and uploads these files into it."""
    with tempfile.TemporaryDirectory() as room:
        (Path(room) / "peer_view.py").write_text(_PEER)
        environment = {"PEER_DATABASE": database, "PYTHONPATH": f"{room}:{os.environ.get('PYTHONPATH', '')}"}
        making = os.environ | environment | {"PEER_MAKE": "1"}
        subprocess.run([sys.executable, "-c", "import peer_view"], check=True, env=making)
        origin = f"http://127.0.0.1:{free_port()}"
        command = [
            sys.executable, "-m", "gunicorn", "--workers", str(workers), "--threads", "8",
            "--bind", origin.removeprefix("http://"), "--log-level", "error", "peer_view:application",
        ]  # fmt: skip
        with served(command, environment, origin):
            return asyncio.run(_uploads(origin, contents, seconds))
