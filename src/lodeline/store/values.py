"""Answers as files hold them: plain JSON, with frames beside it as Arrow files, which need no decoding.

What is neither frame, number, text, bytes, day, collection nor a data class of this program has no such form, so that
nothing in a file can ever run: `packed` refuses it. Numbers come back to the last bit, and dictionaries in their order.
"""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.errors import UserError

#: The key under which JSON says what a value is, where JSON itself has no such kind.
_KIND: Final = "$"
_OURS: Final = "lodeline."


class UnpublishableError(TypeError):
    """A value has no form in files."""


def packed(value: Any) -> tuple[Any, list[pl.DataFrame]]:
    """JSON of the value, and the frames in it, in the order of their numbers there. Raises UnpublishableError."""
    frames: list[pl.DataFrame] = []
    return _packed(value, frames), frames


def unpacked(stated: Any, frame: Callable[[int], pl.DataFrame]) -> Any:
    """The value that `packed` was given; `frame` gives those beside it by their numbers."""
    if isinstance(stated, list):
        return [unpacked(one, frame) for one in stated]
    if not isinstance(stated, dict):
        return stated
    kind = stated.get(_KIND)
    if kind is None:
        return {key: unpacked(one, frame) for key, one in stated.items()}
    return _OF_KIND[kind](stated, frame)


def _packed(value: Any, frames: list[pl.DataFrame]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, pl.DataFrame):
        frames.append(value)
        return {_KIND: "frame", "of": len(frames) - 1}
    if isinstance(value, np.ndarray):
        frames.append(pl.DataFrame({"": value.reshape(-1)}))
        return {_KIND: "array", "of": len(frames) - 1, "shape": list(value.shape)}
    if type(value) is list:
        return [_packed(one, frames) for one in value]
    if type(value) is bytes:
        return {_KIND: "bytes", "of": base64.b64encode(value).decode()}
    if type(value) in _COLLECTIONS:
        held = [_packed(one, frames) for one in value]
        # One set has one form, in whatever order a process goes through it: a question is known by its text.
        return {_KIND: type(value).__name__, "of": held if type(value) is tuple else sorted(held, key=json.dumps)}
    if type(value) in (dict, MappingProxyType):
        return _packed_mapping(value, frames)
    if isinstance(value, datetime | date):
        return {_KIND: "datetime" if isinstance(value, datetime) else "date", "of": value.isoformat()}
    if is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith(_OURS):
        stated = {one.name: _packed(getattr(value, one.name), frames) for one in fields(value) if one.init}
        return {_KIND: "class", "name": f"{type(value).__module__}:{type(value).__qualname__}", "of": stated}
    if isinstance(value, UserError) and type(value).__module__.startswith(_OURS):
        facts = {"args": value.args, "facts": dict(vars(value))}
        return {_KIND: "error", "name": f"{type(value).__module__}:{type(value).__qualname__}",
                "of": _packed(facts, frames)}  # fmt: skip
    if isinstance(value, np.generic):
        return _packed(value.item(), frames)
    raise UnpublishableError(f"a {type(value).__module__}.{type(value).__qualname__} has no form in files")


_COLLECTIONS: Final[Mapping[type, str]] = {tuple: "tuple", frozenset: "frozenset", set: "set"}


def _packed_mapping(value: Mapping[Any, Any], frames: list[pl.DataFrame]) -> Any:
    if _KIND not in value and all(type(key) is str for key in value):
        return {key: _packed(one, frames) for key, one in value.items()}
    return {_KIND: "mapping", "of": [[_packed(key, frames), _packed(one, frames)] for key, one in value.items()]}


def _class_of(stated: dict[str, Any], frame: Callable[[int], pl.DataFrame]) -> Any:
    found = _named(stated["name"])
    if not is_dataclass(found):
        raise UnpublishableError(f"{stated['name']} is no data class of this program")
    return found(**{key: unpacked(one, frame) for key, one in stated["of"].items()})


def _error_of(stated: dict[str, Any], frame: Callable[[int], pl.DataFrame]) -> UserError:
    found, kept = _named(stated["name"]), unpacked(stated["of"], frame)
    if not issubclass(found, UserError):
        raise UnpublishableError(f"{stated['name']} is no error for a person")
    error: UserError = found.__new__(found, *kept["args"])
    error.args = kept["args"]
    vars(error).update(kept["facts"])
    return error


def _named(name: str) -> type[Any]:
    """The class of this program that goes by a name."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module) if module.startswith(_OURS) else None
    for part in path.split("."):
        found = getattr(found, part)
    if not isinstance(found, type):
        raise UnpublishableError(f"{name} is no class of this program")
    return found


_OF_KIND: Final[Mapping[str, Callable[[dict[str, Any], Callable[[int], pl.DataFrame]], Any]]] = {
    "frame": lambda stated, frame: frame(stated["of"]),
    "array": lambda stated, frame: frame(stated["of"]).to_series().to_numpy().reshape(stated["shape"]),
    "bytes": lambda stated, frame: base64.b64decode(stated["of"]),
    "tuple": lambda stated, frame: tuple(unpacked(one, frame) for one in stated["of"]),
    "set": lambda stated, frame: {unpacked(one, frame) for one in stated["of"]},
    "frozenset": lambda stated, frame: frozenset(unpacked(one, frame) for one in stated["of"]),
    "mapping": lambda stated, frame: {unpacked(key, frame): unpacked(one, frame) for key, one in stated["of"]},
    "date": lambda stated, frame: date.fromisoformat(stated["of"]),
    "datetime": lambda stated, frame: datetime.fromisoformat(stated["of"]),
    "class": _class_of,
    "error": _error_of,
}
