"""`Scheduler`: a plan in a training loop, with the face of torch's own schedulers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, final, get_args

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from annealing.core.errors import ArgumentError, ConflictError, KindError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.torch.base import MARK
from annealing.torch.binding import bind
from annealing.torch.layout import check_reach
from annealing.torch.owner import Count, Owner
from annealing.torch.slot import Slot
from annealing.torch.state import Resume, read_state, settle, write_state

_PATIENCE = 100  # calls of step() without a single update before a warning
_LR = Slot("lr")


@final
class Scheduler(LRScheduler):
    """Let an optimizer follow a plan: every update `t` uses `plan(t)`, however often `step()` is called.

    It counts the updates that the optimizer really makes, through hooks: accumulated, skipped (AMP) and repeated steps
    cannot bend the curve. `step()` may be called after every update, once an epoch or never; it only moves what
    `get_last_lr()` shows. Another writer of the same hyper-parameter is noticed before it does harm.

    >>> import annealing as an, torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
    >>> scheduler = Scheduler(optimizer, lr=an.linear().over(4))
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.update, optimizer.param_groups[0]["lr"]
    (3, 0.25)
    >>> scheduler.state_dict()
    {'version': 1, 'update': 3, 'mode': 'lr', 'plan': 'linear().over(4)', 'journal': [], 'bases': []}

    Arguments: `optimizer`, a torch optimizer or a wrapper around one (accelerate's, Lightning's); then exactly one of
    `recipe`, a `RecipePlan` for hyper-parameters x groups, where a group is known by its "name" or its index;
    `lr`, a plan whose value is the rate of every group, whatever its own rate was; `factor`, a plan that multiplies
    each group's own rate. Each may be its text. `resume` says which plan wins when a saved state followed another one:
    "same" refuses, "mine" or "saved". `count="step"` counts calls of `step()` instead of updates, for CUDA graphs that
    are replayed, where no hook runs.

    Raises `KindError` for a schedule without a length or a missing plan, `ArgumentError` for rates below zero or a
    hyper-parameter that the optimizer does not have, `ConflictError` where another Scheduler owns a hyper-parameter.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        recipe: RecipePlan | str | None = None,
        *,
        lr: Plan | str | None = None,
        factor: Plan | str | None = None,
        resume: Resume = "same",
        count: Count = "updates",
    ) -> None:
        # LRScheduler.__init__ must not run: it would patch optimizer.step and leave an initial_lr in every group.
        for name, value, choices in (("resume", resume, get_args(Resume)), ("count", count, get_args(Count))):
            if value not in choices:
                raise ArgumentError(f"{name}={value!r} is unknown: write one of {', '.join(map(repr, choices))}.")
        self.optimizer = innermost(optimizer)
        self._asked = bind(recipe, lr, factor)
        self._resume: Resume = resume
        self._shown = self._first = self._idle = 0
        check_reach(self.optimizer, self._asked)
        self._owner = Owner(self._asked, count)
        self._owner.attach(self.optimizer)

    @property
    def update(self) -> int:
        """The index of the update that comes next, which is the number of updates made so far."""
        return self._owner.update

    @property
    def plan(self) -> Plan | RecipePlan:
        """What is followed now, with every edit."""
        return self._owner.binding.plan

    def step(self, epoch: int | None = None) -> None:
        """Show the next rate in `get_last_lr()`; with `count="step"`, count an update.

        Raises `KindError` for an argument: the clock belongs to the optimizer.
        """
        if epoch is not None:
            raise KindError(f"step({epoch!r}) cannot set the clock, which counts the optimizer's updates: write step().")
        owner = self._owner
        if owner.count == "step" and owner.attached:
            owner.advance(self.optimizer)
        elif owner.update == self._first:
            self._wait()
        self._shown = owner.update

    def get_last_lr(self) -> list[float | Tensor]:
        """Return each group's rate: the one the last update used, or the next one once `step()` was called.

        Tensors are copies, as with torch's schedulers.
        """
        update = self._owner.update
        return self._rates(update if self._shown == update else max(0, update - 1))

    def get_lr(self) -> list[float | Tensor]:
        """Return the rate that the next update will use, for each group."""
        return self._rates(self._owner.update)

    def state_dict(self) -> dict[str, Any]:
        """Return what resuming needs, as JSON: the updates made, the plan's text, its edits, the base rates of a factor."""
        return write_state(self._owner.binding, self._owner.update, self._owner.layout.bases)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where a saved run stopped; before or after the optimizer is loaded makes no difference.

        Raises `PlanMismatchError` when the run followed another plan (see `resume`), `ArgumentError` for a state that is
        not one of ours, or newer than this library.
        """
        state = read_state(state_dict)
        binding = settle(self._asked, state, self._resume)
        self._owner.follow(self.optimizer, binding, state.update, state.bases)
        self._shown = self._first = state.update
        self._idle = 0

    def remove(self) -> None:
        """Let go of the optimizer, whose values stay as they are: another Scheduler may follow."""
        self._owner.remove()

    @property
    def last_epoch(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride] - ours counts by itself
        """The same as `update`, under torch's name."""
        return self._owner.update

    @last_epoch.setter
    def last_epoch(self, value: int) -> None:
        raise ConflictError(
            f"last_epoch = {value} would move a clock that belongs to the optimizer, as SequentialLR and ignite's wrappers do: "
            "join schedules with chain(...), and pass the Scheduler itself to the loop."
        )

    @property
    def base_lrs(self) -> list[float]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Each group's own rate, from before any schedule."""
        return [float(group.get(MARK, group["lr"])) for group in self.optimizer.param_groups]

    @property
    def _last_lr(self) -> list[float | Tensor]:  # pyright: ignore[reportIncompatibleVariableOverride] - read by loops that know torch
        return self.get_last_lr()

    @property
    def _step_count(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride] - accelerate adds to it while accumulating
        return self._owner.update + 1

    @_step_count.setter
    def _step_count(self, value: int) -> None:
        del value

    def __repr__(self) -> str:
        return f"Scheduler({self._owner.binding}, update={self.update})"

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles carry the optimizer, but torch drops its hooks: they are attached again on arrival."""
        owner, own = self._owner, {name: value for name, value in vars(self).items() if name != "_owner"}
        return {**own, "_owner": (owner.binding, owner.count, owner.update, owner.saved_bases), "_attached": owner.attached}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        attached, owner = state.pop("_attached"), Owner(*state.pop("_owner"))
        vars(self).update(state, _owner=owner)
        if attached:
            owner.attach(self.optimizer)

    def _rates(self, update: int) -> list[float | Tensor]:
        self._owner.refresh(self.optimizer)
        planned = self._owner.values(_LR, update)
        rates: list[float | Tensor] = []
        for row, group in enumerate(self.optimizer.param_groups):
            held: float | Tensor = group["lr"]
            rate = planned.get(row, held)
            rates.append(torch.full_like(held, float(rate)) if isinstance(held, Tensor) else rate)
        return rates

    def _wait(self) -> None:
        self._idle += 1
        if self._idle == _PATIENCE:
            warnings.warn(
                f"step() was called {_PATIENCE} times and no optimizer.step() was seen: is the Scheduler on another optimizer? "
                'Where hooks do not run (a replayed CUDA graph), write count="step".',
                stacklevel=3,
            )


def innermost(optimizer: Any) -> Optimizer:
    """Return the optimizer that has hooks of its own: accelerate and Lightning wrap it under the name `optimizer`."""
    inner = optimizer
    while "_optimizer_step_post_hooks" not in getattr(inner, "__dict__", ()):
        inner = getattr(inner, "optimizer", None)
        if inner is None:
            raise KindError(
                f"{optimizer!r} is not a torch optimizer: write Scheduler(torch.optim.AdamW(model.parameters()), lr=plan)."
            )
    return inner
