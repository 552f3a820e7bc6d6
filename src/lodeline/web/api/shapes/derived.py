"""The shape of a typed answer is derived from its data class, by the rules of `lodeline.encoding`.

A key is required, and null where its field may be None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import reduce
from operator import or_
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import create_model

from lodeline.encoding import key_of
from lodeline.ledger.problem import Problem
from lodeline.web.api.shapes.common import Day, FilingProblem, Mass, Shape

#: Each is made once: one name is one shape.
_SHAPES: Final[dict[type[Any], type[Shape]]] = {}


def shape_of(answer: type[Any]) -> type[Shape]:
    """The shape of a data class, with its name and its docstring."""
    if answer not in _SHAPES:
        keys = dict(_keys(answer))
        _SHAPES[answer] = create_model(answer.__name__, __base__=Shape, __doc__=answer.__doc__, **keys)
    return _SHAPES[answer]


def list_of(name: str, *answers: type[Any]) -> type[Shape]:
    """The shape `{"rows": […]}`; each row is one of the data classes, and the first describes them."""
    row: Any = reduce(or_, [shape_of(one) for one in answers])
    rows: Any = (list.__class_getitem__(row), ...)
    return create_model(name, __base__=Shape, __doc__=f"Rows. {answers[0].__doc__}", rows=rows)


def _keys(answer: type[Any]) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(answer)
    for one in fields(answer):
        hint = hints[one.name]
        if one.metadata.get("spread"):
            (inner,) = (each for each in get_args(hint) or (hint,) if each is not NoneType)
            yield from _keys(inner)
        else:
            by_name = get_origin(hint) is Mapping
            yield key_of(one, by_name=by_name), (_type(hint, is_mass=one.name.endswith("_mg")), ...)


def _type(hint: Any, *, is_mass: bool) -> Any:
    """The type of the JSON that a value of this type is encoded as."""
    if is_mass and hint is int:
        return Mass
    if hint is date:
        return Day
    if hint is Problem:
        return FilingProblem
    if isinstance(hint, type) and is_dataclass(hint):
        return shape_of(hint)
    parts = [_type(one, is_mass=is_mass) for one in get_args(hint) if one is not Ellipsis]
    if get_origin(hint) is Mapping:
        return dict.__class_getitem__((str, parts[1]))
    if get_origin(hint) is tuple:
        return list.__class_getitem__(parts[0])
    return reduce(or_, parts) if NoneType in parts else hint
