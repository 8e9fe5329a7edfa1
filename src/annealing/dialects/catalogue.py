"""What there is: one row for every schedule of another library that is spoken here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, final

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan

P = ParamSpec("P")
Spoken = TypeVar("Spoken", bound=Plan | RecipePlan)


@final
@dataclass(frozen=True)
class Dialect:
    """One schedule under its library's own name.

    `odd` is what surprises about theirs, in one line, and empty where nothing does; `checked` says whether a
    test compares our numbers with the real library (where it cannot be installed: with its formula only);
    `example` is a call that works, for pages and lists.
    """

    name: str
    make: Callable[..., Plan | RecipePlan]
    odd: str
    checked: bool
    example: str

    @property
    def library(self) -> str:
        """The library it belongs to: "torch" of "torch.StepLR"."""
        return self.name.partition(".")[0]


DIALECTS: dict[str, Dialect] = {}
"""Every dialect that was imported so far, by name; `annealing.dialects.everything()` imports the rest."""


def dialect(
    name: str, *, odd: str = "", checked: bool = True, example: str = ""
) -> Callable[[Callable[P, Spoken]], Callable[P, Spoken]]:
    """Enter a function into the catalogue under its library's name for it, and return it unchanged.

    Arguments: `name`, "torch.StepLR"; `odd`, one line; `checked`, whether a test runs the real library;
    `example`, the arguments of a call that works, "lr=0.1, step_size=30".

    >>> import annealing as an
    >>> @dialect("docs.Halving", odd="it never ends", checked=False, example="lr=0.1")
    ... def Halving(lr: float) -> an.Plan:
    ...     return (lr * an.geometric(0.5)).over(an.inf)
    >>> DIALECTS.pop("docs.Halving").example
    'docs.Halving(lr=0.1)'

    Raises `ArgumentError` when the name belongs to another function already.
    """

    def enter(make: Callable[P, Spoken]) -> Callable[P, Spoken]:
        before = DIALECTS.get(name)
        if before is not None and before.make.__module__ != make.__module__:
            raise ArgumentError(f"{name!r} is spoken by {before.make.__module__} already: choose another name.")
        DIALECTS[name] = Dialect(name, make, odd, checked, f"{name}({example})" if example else "")
        return make

    return enter


def row_of(make: Callable[..., Any]) -> Dialect:
    """Return the row of a function of this catalogue; raise `ArgumentError` for any other."""
    for row in DIALECTS.values():
        if row.make is make:
            return row
    raise ArgumentError(f"{make!r} is no dialect: name one of annealing.dialects.everything().")
