"""Which variables take which plans, and how an optimizer that knows no groups is made to update group by group."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, final

import keras

from annealing.core.errors import ArgumentError
from annealing.core.follow import Followed
from annealing.core.plan import Plan
from annealing.keras.backend import value_of
from annealing.keras.slots import RATE, keras_names, matches, write

EVERYWHERE = "*"


@final
@dataclass(frozen=True)
class Group:
    """Variables that the same patterns match, and the plan of each of their hyper-parameters, by Keras' name."""

    label: str  # "*" where no pattern matches, else "*bias" or "first/* & *bias"
    plans: dict[str, Plan]


@final
@dataclass(frozen=True)
class Layout:
    """All groups of an optimizer, those variables first that no pattern matches."""

    groups: tuple[Group, ...] = ()
    owners: dict[int, int] = field(default_factory=dict[int, int])  # identity of a variable: index of its group

    @property
    def names(self) -> set[str]:
        """Every hyper-parameter that is written for some group."""
        return {name for group in self.groups for name in group.plans}

    @property
    def shows(self) -> bool:
        """Whether every group has a plan of the rate, so that the optimizer's own one is never needed again."""
        return all(RATE in group.plans for group in self.groups)

    def values(self, count: Any, own: Any, gain: Any) -> list[dict[str, Any]]:
        """Return the values of each group at a count, `own` where it has no plan of the rate, times the gain."""
        known: dict[int, Any] = {}
        rows: list[dict[str, Any]] = []
        for group in self.groups:
            row = {} if own is None else {RATE: own}
            for name, plan in group.plans.items():
                if id(plan) not in known:
                    known[id(plan)] = value_of(plan, count)
                row[name] = known[id(plan)]
            if gain is not None:
                row[RATE] = row[RATE] * gain
            rows.append(row)
        return rows


def check_fit(optimizer: Any, plan: Followed, controlled: bool) -> None:
    """Refuse what an optimizer cannot follow, as far as that can be told before its variables are known."""
    if isinstance(plan, Plan) or controlled:
        keras_names(optimizer, ["lr"])
    if isinstance(plan, Plan):
        return
    for plans in (plan.everywhere, *(own for _, own in plan.groups)):
        keras_names(optimizer, dict(plans))
    if plan.groups and isinstance(optimizer, keras.optimizers.Nadam):
        raise ArgumentError("Nadam keeps one product of its betas for all variables, so it has no groups: use Adam or AdamW.")


def lay_out(optimizer: Any, plan: Followed, variables: Sequence[Any]) -> Layout:
    """Sort an optimizer's variables into groups. Raises `ArgumentError` for a pattern that matches none of them."""
    if isinstance(plan, Plan):
        return Layout((Group(EVERYWHERE, {RATE: plan}),), dict.fromkeys(map(id, variables), 0))
    for pattern, _ in plan.groups:
        if not any(matches(pattern, variable) for variable in variables):
            shown = ", ".join(repr(variable.path) for variable in variables[:8]) + (", …" if len(variables) > 8 else "")
            raise ArgumentError(f"the pattern {pattern!r} matches no variable: they are named {shown}.")
    found: dict[tuple[str, ...], list[Any]] = {}
    for variable in variables:
        found.setdefault(tuple(p for p, _ in plan.groups if matches(p, variable)), []).append(variable)
    groups: list[Group] = []
    owners: dict[int, int] = {}
    for matched, members in sorted(found.items(), key=lambda pair: pair[0]):
        chosen = dict(plan.everywhere)
        for pattern, own in plan.groups:
            if pattern in matched:
                chosen |= dict(own)
        named = {there: chosen[name] for name, there in keras_names(optimizer, chosen).items()}
        owners |= dict.fromkeys(map(id, members), len(groups))
        groups.append(Group(" & ".join(matched) or EVERYWHERE, named))
    return Layout(tuple(groups), owners)


@contextmanager
def routed(optimizer: Any, layout: Layout, values: Sequence[dict[str, Any]], built: dict[str, Any]) -> Generator[None]:
    """Let an optimizer update group by group, for the time of one call, each with its own values.

    Clipping, accumulation and moving averages stay what they are: one for all.
    """
    replaced = vars(optimizer)
    decay, one = optimizer._apply_weight_decay, optimizer.update_step  # noqa: SLF001 - Keras has no public seam here

    def turn(index: int) -> None:
        write(optimizer, values[index], built)

    def apply_weight_decay(variables: Sequence[Any]) -> None:
        for index, mine in _split(layout, variables):
            turn(index)
            decay([variables[k] for k in mine])

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        turn(layout.owners[id(variable)])
        one(gradient, variable, optimizer.learning_rate)

    replaced["_apply_weight_decay"], replaced["update_step"] = apply_weight_decay, update_step
    if hasattr(optimizer, "_parallel_update_step"):  # torch, which updates all variables at once
        together = optimizer._parallel_update_step  # noqa: SLF001

        def parallel_update_step(grads: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
            for index, mine in _split(layout, variables):
                turn(index)
                together([grads[k] for k in mine], [variables[k] for k in mine], optimizer.learning_rate)

        replaced["_parallel_update_step"] = parallel_update_step
    try:
        yield
    finally:
        for name in ("_apply_weight_decay", "update_step", "_parallel_update_step"):
            replaced.pop(name, None)


def _split(layout: Layout, variables: Sequence[Any]) -> Iterator[tuple[int, list[int]]]:
    owners = [layout.owners[id(variable)] for variable in variables]
    for index in sorted(set(owners)):
        yield index, [k for k, owner in enumerate(owners) if owner == index]
