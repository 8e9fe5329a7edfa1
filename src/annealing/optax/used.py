"""What an update really used, read back from an optimizer's state."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import optax

from annealing.core.errors import ArgumentError
from annealing.optax.control import ControllerState
from annealing.optax.groups import EVERYWHERE

_RATES = ("learning_rate", "step_size")


class Used(NamedTuple):
    """What one update used."""

    update: int  # its index, from 0
    values: dict[str, dict[str, float]]  # by group ("*" where no pattern matched) and optax' name of the hyper-parameter
    gain: float  # the controllers' gain, which the rates among the values are multiplied by already


def used(state: optax.OptState) -> Used:
    """Return what the last update used, from the state of any optimizer that has a `scheduled` inside.

    >>> import annealing as an, jax.numpy as jnp
    >>> from annealing.optax import scheduled
    >>> optimizer = scheduled(optax.sgd, an.Recipe(lr=an.linear(), momentum=0.5).over(4))
    >>> state = optimizer.init(jnp.ones(()))
    >>> for _ in range(3):
    ...     updates, state = optimizer.update(jnp.ones(()), state)
    >>> used(state)
    Used(update=2, values={'*': {'learning_rate': 0.5, 'momentum': 0.5}}, gain=1.0)

    Raises `ArgumentError` before the first update, and for a state in which no value was recorded: optax.sgd(plan) keeps
    its count alone.
    """
    groups = _groups(state)
    if not groups:
        raise ArgumentError("this state records no values: make the optimizer with annealing.optax.scheduled(optax.sgd, recipe).")
    update = max(int(group.count) for group in groups.values()) - 1
    if update < 0:
        raise ArgumentError("no update has been made with this state yet: nothing was used.")
    gain = 1.0
    for part in _found(state, ControllerState):
        gain *= float(part.gain)
    values = {
        label: {name: float(value) * (gain if name in _RATES else 1.0) for name, value in group.hyperparams.items()}
        for label, group in groups.items()
    }
    return Used(update, values, gain)


def updates_made(state: optax.OptState) -> int:
    """Return how many updates a state has seen: those of its schedules, or of whatever else counts in it."""
    schedules = _found(state, (optax.InjectStatefulHyperparamsState, optax.ScaleByScheduleState))
    counts = [part.count for part in schedules] or [count for _, count in optax.tree.get_all_with_path(state, "count")]
    return max((int(count) for count in counts), default=0)


def _groups(state: optax.OptState) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in _found(state, (optax.PartitionState, optax.InjectStatefulHyperparamsState)):
        if isinstance(part, optax.PartitionState):
            for label, inner in part.inner_states.items():
                found |= {str(label): one for one in _found(inner, optax.InjectStatefulHyperparamsState)}
        else:
            found[EVERYWHERE] = part
    return found


def _found(state: optax.OptState, kinds: Any) -> list[Any]:
    leaves = jax.tree.leaves(state, is_leaf=lambda node: isinstance(node, kinds))
    return [leaf for leaf in leaves if isinstance(leaf, kinds)]
