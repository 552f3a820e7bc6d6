"""The schema of a typed answer and its JSON follow from one data class, and agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from lodeline.encoding import SPREAD, encoded
from lodeline.ledger.problem import Problem, problem
from lodeline.web.api import api
from lodeline.web.api.shapes.derived import list_of, shape_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part."""

    used_mg: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole."""

    id: str = field(metadata={"key": "whole"})
    state: Literal["open", "closed"]
    part: Part | None = field(default=None, metadata=SPREAD)
    elements_mg: Mapping[str, int]
    parts: Mapping[str, Part]
    on: date | None
    problems: tuple[Problem, ...] = ()


WHOLE = Whole(
    id="W1", state="open", part=Part(used_mg=1_500_000), elements_mg={"Dy": 200_000}, parts={"a": Part(used_mg=None)},
    on=date(2026, 2, 5), problems=(problem("reservation.unknown"),),
)  # fmt: skip


def test_an_answer_is_encoded_by_its_fields_in_their_order() -> None:
    document = encoded(WHOLE)
    (found,) = document.pop("problems")
    assert found["code"] == "reservation.unknown"
    assert list(document.items()) == [
        ("whole", "W1"), ("state", "open"), ("used_kg", "1.5"), ("elements", {"Dy": "0.2"}),
        ("parts", {"a": {"used_kg": None}}), ("on", "2026-02-05"),
    ]  # fmt: skip


def test_its_shape_takes_what_is_encoded_and_nothing_else() -> None:
    document = encoded(WHOLE)
    assert shape_of(Whole).model_validate(document).model_dump(by_alias=True) == document
    for name, wrong in {"used_kg": 1.5, "elements": {"Dy": 1}, "on": 7, "state": "lost", "problems": [{}]}.items():
        with pytest.raises(ValidationError):
            shape_of(Whole).model_validate(document | {name: wrong})
    with pytest.raises(ValidationError):
        list_of("Wholes", Whole).model_validate({"rows": [{}]})


def test_licences_quotas_and_draws_have_every_key_of_their_answers() -> None:
    schemas: Any = api.get_openapi_schema(path_prefix="api/v1/")["components"]["schemas"]
    for name in ("LicenceDetail", "RegisteredLicence", "Quota", "OwnQuota", "PlannedRun", "DrawAnswer", "RunAnswer"):
        assert schemas[name]["properties"].keys() == set(schemas[name]["required"])
