"""Functions that schedules refer to by name, so that text and checkpoints can hold them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module, util
from typing import Any, TypeVar

from annealing.core.errors import ArgumentError, KindError

F = TypeVar("F", bound=Callable[..., Any])

_FUNCTIONS: dict[str, Callable[..., Any]] = {}
_FOR_ARRAYS: set[str] = set()
_DIALECTS = "annealing.dialects"  # named, not imported: a dialect is loaded when a text first asks for one of its curves


def register(name: str, *, arrays: bool = False) -> Callable[[F], F]:
    """Give a function of local time a name, under which `formula` and text refer to it.

    The function gets the time since its phase began (a number) and the arguments given to `formula`. With
    `arrays` it also gets, first, the functions of the array library the time belongs to (`sin`, `where`,
    `floor`, …), and then works on every kind of array and under a tracer.

    >>> import annealing as an
    >>> @an.register("docs.halving")
    ... def halving(t: float) -> float:
    ...     return 0.5 ** (t // 10)
    >>> an.parse("formula('docs.halving')").over(30)(25)
    0.25

    Raises `ArgumentError` when the name is taken by another function, `KindError` for what is no function.
    """
    if not isinstance(name, str) or not name:
        raise KindError(f"register({name!r}) needs a name first: write @register('mine') above the function.")

    def give(function: F) -> F:
        if not callable(function):
            raise KindError(f"register({name!r}) names functions, not {function!r}.")
        before = _FUNCTIONS.get(name)
        if before is not None and (before.__module__, before.__qualname__) != (function.__module__, function.__qualname__):
            raise ArgumentError(
                f"the name {name!r} belongs to {before.__module__}.{before.__qualname__} already: choose another."
            )
        _FUNCTIONS[name] = function
        if arrays:
            _FOR_ARRAYS.add(name)
        return function

    return give


def registered(name: str) -> Callable[..., Any]:
    """Return the function of that name; "torch.…" and the like are looked for in the dialect of that library."""
    library = name.partition(".")[0]
    if name not in _FUNCTIONS and library.isidentifier() and util.find_spec(f"{_DIALECTS}.{library}") is not None:
        import_module(f"{_DIALECTS}.{library}")
    try:
        return _FUNCTIONS[name]
    except KeyError:
        raise ArgumentError(
            f"no function is registered as {name!r}: import the module that has @register({name!r}) first."
        ) from None


def name_of(function: Any) -> str | None:
    """Return the name under which a function is registered, if it has one.

    >>> name_of(register("docs.name_of")(lambda t: 1.0)), name_of(print)
    ('docs.name_of', None)
    """
    return next((name for name, known in _FUNCTIONS.items() if known is function), None)


def takes_arrays(name: str) -> bool:
    """Whether the function of that name was written for every array library."""
    return name in _FOR_ARRAYS
