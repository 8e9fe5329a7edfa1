"""A space in Optuna's words: distributions for our dimensions, and dimensions for its distributions."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from annealing.core.errors import ArgumentError
from annealing.study.space.dimension import Choice, Dimension, Log, Uniform, Value, Whole, conditions
from annealing.study.space.space import Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@contextmanager
def quiet() -> Generator[None]:
    """Let Optuna log only errors and warn of nothing for a while: what it would say is not about what the user wrote."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module="optuna")
            yield
    finally:
        optuna.logging.set_verbosity(before)


def label(space: Space, name: str, dimension: Dimension) -> str:
    """Return the name of a dimension in Optuna, where each has one range: with its condition, if the name has several.

    >>> space = Space({"optimizer": Choice(["a", "b"]), "lr": [Log(1, 2, {"optimizer": "a"}), Log(2, 3, {"optimizer": "b"})]})
    >>> [label(space, "lr", one) for one in space["lr"]], label(space, "optimizer", space["optimizer"][0])
    (['lr (optimizer=a)', 'lr (optimizer=b)'], 'optimizer')
    """
    if len(space[name]) == 1:
        return name
    said = [f"{on}={'|'.join(map(str, values))}" for on, values in conditions(dimension).items()]
    return f"{name} ({', '.join(said)})"


def distribution(dimension: Dimension) -> BaseDistribution:
    """Return Optuna's distribution for a dimension."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match dimension:
        case Log(low, high):
            return FloatDistribution(low, high, log=True)
        case Uniform(low, high):
            return FloatDistribution(low, high)
        case Whole(low, high, log):
            return IntDistribution(low, high, log=log)
        case Choice(values):
            return CategoricalDistribution(values)


def dimension_of(found: BaseDistribution, where: str) -> Dimension:
    """Return the dimension for a distribution of Optuna's.

    Raises `ArgumentError` for what has none: values other than numbers and words.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match found:
        case CategoricalDistribution(choices=choices):
            if not all(isinstance(choice, int | float | str) and not isinstance(choice, bool) for choice in choices):
                raise ArgumentError(f"{where} chooses from {list(choices)!r}: only numbers and words can be taken over.")
            return Choice(choices)  # pyright: ignore[reportArgumentType] - checked above
        case FloatDistribution(low=low, high=high, step=step) | IntDistribution(low=low, high=high, step=step) if low == high:
            return Choice((low,))
        case FloatDistribution(low=low, high=high, log=log, step=None):
            return Log(low, high) if log else Uniform(low, high)
        case FloatDistribution(low=low, high=high, step=step) if step is not None:
            return Choice(tuple(float(f"{low + i * step:.12g}") for i in range(round((high - low) / step) + 1)))
        case IntDistribution(low=low, high=high, log=log, step=1):
            return Whole(low, high, log=log)
        case IntDistribution(low=low, high=high, step=step):
            return Choice(tuple(range(low, high + 1, step)))
        case _:
            raise ArgumentError(f"{where} is a {type(found).__name__}, which has no counterpart here.")


def described(space: Space, values: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, BaseDistribution]]:
    """Return the values by their names in Optuna, and the distribution of each."""
    there = {name: (label(space, name, one), one) for name, one in space.active(values).items()}
    params = {title: values[name] for name, (title, _) in there.items()}
    return params, {title: distribution(one) for title, one in there.values()}


def suggested(space: Space, trial: Any) -> dict[str, Value]:
    """Return the values that a trial suggests for every dimension that is there."""
    values: dict[str, Value] = {}
    for name in space.names:
        dimension = space.active(values).get(name)
        if dimension is None:
            continue
        title = label(space, name, dimension)
        match dimension:
            case Log(low, high) | Uniform(low, high):
                given = trial.suggest_float(title, low, high, log=isinstance(dimension, Log))
                values[name] = min(max(float(f"{given:.6g}"), low), high)
            case Whole(low, high, log):
                values[name] = trial.suggest_int(title, low, high, log=log)
            case Choice(choices):
                values[name] = trial.suggest_categorical(title, choices)
    return values
