"""The API for programs, `/api/v1/`: each operation turns a request into one call of the office or a service, and back.

Its schema is published at `/api/v1/openapi.json` and shown, without foreign scripts, on the page `api/`.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import register_converter
from django.urls.converters import StringConverter
from ninja import NinjaAPI, Router

from lodeline import __version__
from lodeline.language import text
from lodeline.web.api import (
    applications,
    batches,
    books,
    cases,
    customs,
    draws,
    feeds,
    filings,
    following,
    inspection_plans,
    inspections,
    law,
    licence_decisions,
    lots,
    official,
    parties,
    proofs,
    runs,
    spec,
    strategy,
    trade,
    transfers,
)
from lodeline.web.api.problems import ApiProblem, not_found, register
from lodeline.web.api.shapes.common import ProblemDocument
from lodeline.web.api.who import BearerToken, NotModifiedError, Session, add_headers, anyone, not_modified

DESCRIPTION: Final = (
    "What an organisation does on the pages, its programs do here: file, read, accept, prove. Masses are exact decimal"
    " texts in kilograms. Send a token as `Authorization: Bearer lodeline_…`."
)
DESCRIPTION_ZH: Final = (
    "企业在页面上办理的事项，其程序可在此办理：申报、查询、确认收货、取得证明。质量为精确的十进制千克文本。"
    "令牌以 `Authorization: Bearer lodeline_…` 发送。"
)


class _Api(NinjaAPI):
    """Answers with the common headers on all of them, and publishes the shapes of bodies and problems."""

    def create_response(self, request: HttpRequest, data: Any, **options: Any) -> HttpResponse:
        return add_headers(request, super().create_response(request, data, **options))

    def get_openapi_schema(self, **options: Any) -> Any:
        schema = super().get_openapi_schema(**options)
        spec.model(ProblemDocument)
        schema["components"]["schemas"] |= spec.SCHEMAS
        for path in schema["paths"].values():
            for parameter in (one for operation in path.values() for one in operation["parameters"]):
                if parameter.get("description") in spec.CHINESE:
                    parameter["x-zh"] = spec.CHINESE[parameter["description"]]
        return schema

    def get_openapi_operation_id(self, operation: Any) -> str:
        name: str = operation.view_func.__name__
        return name


api = _Api(
    title="Lodeline",
    version=__version__,
    description=DESCRIPTION,
    docs_url=None,
    urls_namespace="api",
    auth=[BearerToken(), Session()],
    openapi_extra={"info": {"x-zh": DESCRIPTION_ZH, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}},
)
register(api, add_headers)
api.add_exception_handler(NotModifiedError, not_modified)


class _Anything(StringConverter):
    """`{anything:rest}`: whatever nobody else has taken, line breaks included."""

    regex = "(?s:.+)"


register_converter(_Anything, "anything")
_rest = Router()


@_rest.api_operation(
    ["GET", "POST", "PUT", "PATCH", "DELETE"],
    "/{anything:rest}",
    include_in_schema=False,
    auth=[anyone],
    url_name="rest",
)
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below `/api/v1/`."""
    del request
    problem: ApiProblem = not_found(
        text("The API has no address {rest}. All of them are in /api/v1/openapi.json.", rest=rest)
    )
    raise problem


# The last takes what none before it has taken.
for _router in (
    filings.router, transfers.router, lots.router, books.router, trade.router, batches.router, feeds.router,
    cases.router, customs.router, draws.router, licence_decisions.router, runs.router, applications.router,
    parties.router, law.router, proofs.router, inspections.router, inspection_plans.router, strategy.router,
    official.router, following.router, _rest,
):  # fmt: skip
    api.add_router("", _router)
