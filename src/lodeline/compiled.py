"""Kernels that numba compiles, loaded with the first call of one: most processes read answers and never call any.

The compiler costs a process about as much memory and start as everything else that it holds.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from functools import cache, update_wrapper
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])
_loading = Lock()


class _Kernel:
    """Stands for a function's compiled form until it is called."""

    def __init__(self, function: Callable[..., Any], options: dict[str, bool]) -> None:
        update_wrapper(self, function)
        self.function = function
        self._options = options
        self._compiled: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._compiled or self._load())(*arguments)

    def _load(self) -> Callable[..., Any]:
        with _loading:
            # Kernels call each other by the names of their module, where compiled ones must stand.
            names = self.function.__globals__
            for name, kernel in [(name, one) for name, one in names.items() if isinstance(one, _Kernel)]:
                names[name] = kernel.compiled()
            return self.compiled()

    def compiled(self) -> Callable[..., Any]:
        """What numba makes of it: compiled when first called with arguments of a kind, or taken from the cache."""
        if self._compiled is None:
            try:
                self._compiled = _numba().njit(**self._options)(self.function)
            except RuntimeError as error:
                if "cannot cache" not in str(error):
                    raise
                _note_that_nothing_is_kept()
                self._compiled = _numba().njit(**{**self._options, "cache": False})(self.function)
        return self._compiled


@cache
def _numba() -> ModuleType:
    """numba without SciPy, which it loads with its first kernel for products of matrices: no kernel has any, and it
    takes as long as numba itself."""
    import numba  # noqa: PLC0415
    from numba.np import linalg  # noqa: PLC0415

    def refused() -> None:
        raise ImportError("no kernel multiplies matrices")

    asked, linalg.ensure_blas = linalg.ensure_blas, refused
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = asked
    return numba


@cache
def _note_that_nothing_is_kept() -> None:
    """Neither next to the code nor in the home directory can anything be written, as on a read-only system."""
    logging.getLogger(__name__).warning(
        "kernels are compiled for this process alone, which takes minutes: let NUMBA_CACHE_DIR name a directory in"
        " which this account can keep them"
    )


def are_loaded() -> bool:
    """Whether a kernel was called before, or something else has loaded the compiler."""
    return "numba" in sys.modules


def load() -> None:
    """Loads the compiler, for who will walk so much that it pays."""
    _numba()


def njit(**options: bool) -> Callable[[Function], Function]:
    """As `numba.njit`, without loading numba."""

    def kernel(function: Function) -> Function:
        return cast(Function, _Kernel(function, options))

    return kernel
