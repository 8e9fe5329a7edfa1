"""One hyper-parameter of one group at one update: the value used, and why it was that one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from annealing.core.explain import Reason
from annealing.core.plan import Plan


class Record(NamedTuple):
    """What one update used: `value` in hyper-parameter `name` of `group`, which is base x plan x `gain`.

    `phase` is the text of the phase that was in force, `edit` that of the edit that put it there (empty without one).
    """

    update: int
    group: str
    name: str
    value: float
    phase: str
    gain: float = 1.0
    edit: str = ""


Writer: TypeAlias = Callable[[Sequence[Record]], object]
"""Anything that is called with the records of one update: a file of this package, `print`, a function of yours."""


def record_of(
    plan: Plan,
    update: int,
    *,
    group: str = "*",
    name: str = "lr",
    gain: float = 1.0,
    value: float | None = None,
    reason: Reason | None = None,
) -> Record:
    """Return the record of an update that follows a plan, for loops that have no Scheduler (JAX, Keras, your own).

    >>> import annealing as an
    >>> record_of((0.1 * an.chain(an.hold(4), an.linear())).over(8), 6, gain=0.5)
    Record(update=6, group='*', name='lr', value=0.025, phase='linear()', gain=0.5, edit='')

    Arguments: `value`, by default `plan(update) * gain`; `reason`, by default `plan.why(update)`.
    """
    why = reason or plan.why(update)
    used = float(plan(update)) * gain if value is None else value
    return Record(update, group, name, used, str(why.phase), float(gain), str(why.edit) if why.edit else "")
