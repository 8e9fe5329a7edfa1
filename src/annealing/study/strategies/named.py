"""Strategies by the names that people type."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.study.strategies.grid import GridSearch
from annealing.study.strategies.halving import HalvingSearch
from annealing.study.strategies.optuna_search import OptunaSearch, sampler_named
from annealing.study.strategies.random import Random
from annealing.study.strategies.randomgrid import RandomGrid
from annealing.study.strategies.sobol import Sobol
from annealing.study.strategies.strategy import Strategy

STRATEGIES: dict[str, Callable[..., Strategy]] = {
    "halving": HalvingSearch,
    "random": Random,
    "sobol": Sobol,
    "grid": GridSearch,
    "randomgrid": RandomGrid,
    "tpe": OptunaSearch,
}
"""What may choose, the default first; beside these every sampler of Optuna's goes by its name, and `NAME+halving`."""

_BRACKETS = 32


def strategy_named(name: str, **options: Any) -> Strategy:
    """Return a strategy by its name, made with these options.

    >>> strategy_named("halving").name, strategy_named("tpe", each=4).each, strategy_named("tpe+halving").inner.sampler
    ('halving', 4, 'tpe')

    Arguments: `name`, one of `STRATEGIES`, a sampler of Optuna's such as "gp", or one of both with "+halving", which lets it
    choose the brackets; `options`, what the strategy is made with (of what chooses, where halving follows).

    Raises `ArgumentError` for a name that is none, and for options that it does not have.
    """
    if not isinstance(name, str):
        raise ArgumentError(f'strategy={name!r} is no name: write one of {", ".join(STRATEGIES)}, such as strategy="halving".')
    chooser, plus, after = name.strip().lower().partition("+")
    if plus and after == "halving" and chooser != "halving":
        wide = {"first": _BRACKETS, "each": _BRACKETS} if chooser not in STRATEGIES or chooser == "tpe" else {}
        return HalvingSearch(strategy_named(chooser, **{**wide, **options}))
    make = STRATEGIES.get(name.strip().lower())
    try:
        if make is not None:
            return make(**options)
        sampler_named(name)
        return OptunaSearch(name, **options)
    except TypeError as error:
        what = str(error).rpartition("() ")[2]
        raise ArgumentError(f"strategy {name} {what}.") from error
    except ArgumentError as error:
        if make is not None or "cannot be asked" in str(error):
            raise
        close = difflib.get_close_matches(name.lower(), STRATEGIES, n=1)
        meant = f"; did you mean {close[0]}?" if close else ", or a sampler of Optuna's such as gp or cmaes."
        raise ArgumentError(f"strategy={name!r} is none: write one of {', '.join(STRATEGIES)}{meant}") from error
