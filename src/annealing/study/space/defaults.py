"""The spaces that a study looks through when none is given: what people tune of each optimizer, around what is usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.study.space.dimension import Choice, Log, Uniform, Value
from annealing.study.space.space import Space
from annealing.tasks.optimizers import optimizer_named

_BELOW, _ABOVE = 50.0, 20.0  # of the usual rate: where a range test begins to narrow
_DECAYING = ("linear", "cosine", "wsd")
_DECOUPLED = ("adamw", "schedulefree_adamw", "prodigy")  # whose decay multiplies the weights, not the gradient's scale
_HEAVY = ("momentum", "nesterov")


def default_space(optimizers: Sequence[str], *, batch_sizes: Sequence[int] = ()) -> Space:
    """Return the space of one optimizer or several: rate, schedule with its parameters, weight decay, momentum.

    >>> print(default_space(["nesterov"]).to_yaml(), end="")
    optimizer: nesterov
    lr: {log: [0.0008, 0.8]}
    schedule: [constant, linear, cosine, wsd]
    warmup: {uniform: [0.0, 0.1]}
    cooldown: {uniform: [0.1, 0.6], only: {schedule: wsd}}
    floor: {choice: [0.0, 0.03, 0.1], only: {schedule: [linear, cosine, wsd]}}
    weight_decay: {log: [1.0e-06, 0.01]}
    momentum: {uniform: [0.8, 0.99]}

    The rate spans 1/50 to 20 times the usual one; Prodigy, which finds its own, gets a factor from 0.3 to 3. Schedule-free
    optimizers are made for a constant rate, so they get no other. The batch stays the task's: at equal updates a larger
    one sees more data and takes longer, so what is better would not be what is worth it.

    Arguments: `optimizers`, names; `batch_sizes`, to choose the batch too.

    Raises `TaskError` for a name that is none, `ArgumentError` without any.
    """
    named = [optimizer_named(name) for name in dict.fromkeys(optimizers)]
    if not named:
        raise ArgumentError('optimizers=[] leaves nothing to tune: write default_space(["adamw"]).')
    names = tuple(one.name for one in named)
    rates = {one.name: (0.3, 3.0) if one.name == "prodigy" else (one.usual / _BELOW, one.usual * _ABOVE) for one in named}
    decays = {name: (1e-3, 0.5) if name in _DECOUPLED else (1e-6, 1e-2) for name in names}
    momenta = {name: (0.8, 0.99) for name in names if name in _HEAVY}
    free = tuple(one.name for one in named if one.constant)
    bound = tuple(name for name in names if name not in free)
    schedules = [Choice(("constant", *_DECAYING), _unless(bound == names, bound))] if bound else []
    schedules += [Choice(("constant",), _unless(free == names, free))] if free else []
    dimensions: dict[str, Any] = {
        "optimizer": Choice(names),
        "lr": _ranges(Log, rates, names),
        "schedule": schedules,
        "warmup": Uniform(0.0, 0.1),
        "cooldown": Uniform(0.1, 0.6, {"schedule": "wsd"}),
        "floor": Choice((0.0, 0.03, 0.1), {"schedule": _DECAYING}),
        "weight_decay": _ranges(Log, decays, names),
        "momentum": _ranges(Uniform, momenta, names),
        "batch_size": [Choice(tuple(batch_sizes))] if batch_sizes else [],
    }
    if not bound:
        del dimensions["cooldown"], dimensions["floor"]
    return Space({name: given for name, given in dimensions.items() if given})


def baseline(optimizer: str) -> dict[str, Value]:
    """Return what somebody trains with who tunes nothing: the optimizer's usual rate, constant.

    >>> baseline("adamw")
    {'optimizer': 'adamw', 'lr': 0.001, 'schedule': 'constant'}
    """
    return {"optimizer": optimizer, "lr": optimizer_named(optimizer).usual, "schedule": "constant"}


def baselines_of(optimizers: Sequence[str]) -> dict[str, dict[str, Value]]:
    """Return each optimizer's baseline by its name in the table, and the first that is made for decay along a cosine as well.

    >>> list(baselines_of(["adamw"])), list(baselines_of(["sgd", "adamw"]))
    (['default', 'default + cosine'], ['default sgd', 'default adamw', 'default sgd + cosine'])
    """
    named = list(dict.fromkeys(optimizers))
    called = {name: f"default {name}" if len(named) > 1 else "default" for name in named}
    baselines = {called[name]: baseline(name) for name in named}
    decaying = next((name for name in named if not optimizer_named(name).constant), None)
    if decaying is not None:
        baselines[f"{called[decaying]} + cosine"] = {**baseline(decaying), "schedule": "cosine"}
    return baselines


def _ranges(kind: Any, ranges: Mapping[str, tuple[float, float]], names: tuple[str, ...]) -> list[Any]:
    """Return one dimension for every range, with the optimizers that share it as its condition."""
    sharing: dict[tuple[float, float], list[str]] = {}
    for name, ends in ranges.items():
        sharing.setdefault(ends, []).append(name)
    return [kind(*ends, _unless(tuple(own) == names, own)) for ends, own in sharing.items()]


def _unless(everywhere: bool, optimizers: Sequence[str]) -> dict[str, Any]:
    return {} if everywhere else {"optimizer": tuple(optimizers)}
