"""Clients that others generate from the schema can be imported, and read what the API answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from tests.api.conftest import Office, counter, serve, small  # noqa: F401  (fixtures)
from tests.api.test_draws import customs  # noqa: F401  (fixture)
from tests.client.generated import BIN, generate

from lodeline.web.api import api

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BIN.exists(), reason="the generators are not here: make .venv/clients.stamp"),
]

#: What a program of a firm does with them; run where the generators are, and not Lodeline.
CALLS: Final = """
import json, pkgutil, sys
import lodeline_api, lodeline_models as models
from lodeline_api import AuthenticatedClient
from lodeline_api.api.balances import get_licence, list_licences, list_quotas, list_runs
from lodeline_api.api.licences import void_reservation
from lodeline_api.models import VoidIn

for one in pkgutil.walk_packages(lodeline_api.__path__, "lodeline_api."):
    __import__(one.name)
address, token = sys.argv[1:]
with AuthenticatedClient(base_url=address, token=token) as client:
    (listed,) = list_licences.sync(client=client).rows
    found = get_licence.sync(listed.id, client=client)
    whole = models.LicenceDetail.model_validate_json(get_licence.sync_detailed(listed.id, client=client).content)
    assert [one.deed for one in whole.acts] == [one.deed for one in found.acts] == []
    quotas, runs = list_quotas.sync(client=client), list_runs.sync(client=client)
    refused = void_reservation.sync(client=client, body=VoidIn(declaration="D", line="1", reason="none"))
print(json.dumps({
    "state": found.state, "left": [listed.left_kg, found.left_kg, whole.left_kg],
    "element": found.elements["Dy"].left_kg,
    "draws": [one.act for one in found.draws], "rows": [len(quotas.rows), len(runs.rows)], "status": refused.status,
}))
"""


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def address(counter: Office) -> Iterator[str]:  # noqa: F811
    """Of a server of the few firms."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Silent) as server:
        answering = Thread(target=server.serve_forever)
        answering.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        answering.join()


@pytest.mark.usefixtures("customs")
def test_generated_clients_read_what_the_api_answers(counter: Office, address: str, tmp_path: Path) -> None:  # noqa: F811
    """60 of the 100 kg of a licence of MINE are reserved."""
    assert generate(api.get_openapi_schema(path_prefix="api/v1/"), tmp_path) == [], "nothing is left out"
    done = subprocess.run(
        [BIN / "python", "-c", CALLS, address, counter.token("MINE")], check=False, capture_output=True, text=True,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "state": "granted", "left": ["40", "40", "40"], "element": "3", "draws": ["reserve"], "rows": [0, 0],
        "status": 403,
    }  # fmt: skip
