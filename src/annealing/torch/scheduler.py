"""`Scheduler`: a plan in a training loop, with the face of torch's own schedulers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, final, get_args

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from annealing.core.errors import ArgumentError, ConflictError, KindError, PlanMismatchError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import Schedule
from annealing.torch.base import MARK, check_rates, leave
from annealing.torch.binding import bind, checked
from annealing.torch.feedback import Control, feedback_of
from annealing.torch.layout import check_reach
from annealing.torch.owner import Count, Manner, NewGroups, Owner, Place
from annealing.torch.resume import Resume, settle
from annealing.torch.slot import Slot
from annealing.torch.state import read_state, write_state
from annealing.torch.uses import Uses, UsesLike

Groups: TypeAlias = Literal["same"]
"""That one rate is meant for every group, although their own rates differ."""

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
    {'version': 1, 'update': 3, 'mode': 'lr', 'plan': 'linear().over(4)', 'journal': [], 'bases': [], 'starts': [],
     'control': [], 'observed': [], 'asked': ''}

    Arguments: `optimizer`, a torch optimizer or a wrapper around one (accelerate's, Lightning's); then exactly one of
    `recipe`, a `RecipePlan` for hyper-parameters x groups, where a group is known by its "name" or its index;
    `lr`, a plan whose value is the rate of every group (`groups="same"` says that this is meant where their own rates
    differ); `factor`, a plan that multiplies each group's own rate. Each may be its text.

    `control`, a controller of `annealing.control` whose gain multiplies `lr` of every group, or a mapping such as
    {"lr": Plateau(), "momentum@head.*": "Greedy", "stop": EarlyStop()}; `observe` lets it see a metric.
    `new_groups`, what becomes of a group that is added later: it joins at the present place of the plan ("join"), begins
    the plan when it is added ("own_clock"), or is refused ("refuse").
    `resume`, what to do when a saved state followed another plan: "refuse" and show the difference; "keep" the saved plan;
    "replace" it by this one from here, jump and all; "stretch" what is left of it over the new length; anneal "from_here",
    from the value in use to where this plan ends; or "branch" into this plan, where both meet. See `Resume`.
    `flat=True` keeps the rates of all groups as 0-d views of one tensor, which is filled in one call: for many groups
    whose rates are tensors. Rates that are tensors already keep their type, others become float32 tensors.
    `uses` is for a plan that counts samples, epochs or tokens: how many of them one update uses, on all ranks together. A
    number, one for every update, the `TradePlan` or `PlannedBatches` that says so, or "told", where `saw()` does.
    `count="step"` counts calls of `step()` instead of updates, for CUDA graphs that are replayed, where no hook runs.

    Raises `KindError` for a schedule without a length or a missing plan, `ArgumentError` for rates below zero, one rate
    for groups whose own differ, or a hyper-parameter that the optimizer does not have, `ConflictError` where another
    Scheduler owns a hyper-parameter.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        recipe: RecipePlan | str | None = None,
        *,
        lr: Plan | str | None = None,
        factor: Plan | str | None = None,
        control: Control | None = None,
        groups: Groups | None = None,
        new_groups: NewGroups = "join",
        resume: Resume = "refuse",
        flat: bool = False,
        count: Count = "updates",
        uses: UsesLike | None = None,
    ) -> None:
        # LRScheduler.__init__ must not run: it would patch optimizer.step and leave an initial_lr in every group.
        words = {"groups": Groups, "new_groups": NewGroups, "resume": Resume, "count": Count}
        for (name, known), value in zip(words.items(), (groups, new_groups, resume, count), strict=True):
            if value not in get_args(known) and (name, value) != ("groups", None):
                raise ArgumentError(f"{name}={value!r} is unknown: write one of {', '.join(map(repr, get_args(known)))}.")
        self.optimizer = innermost(optimizer)
        self._asked = Place(bind(recipe, lr, factor), feedback_of(control))
        self._resume: Resume = resume
        self._settled = str(self._asked.binding)  # what the state that is followed was settled for
        self._shown = self._first = self._idle = 0
        if self._asked.binding.mode == "lr" and groups is None:
            check_rates(self.optimizer.param_groups)
        check_reach(self.optimizer, self._asked.binding, self._asked.feedback)
        self._owner = Owner(self._asked, Manner(count, new_groups, flat, None if uses is None else Uses(uses)))
        self._owner.attach(self.optimizer)

    @property
    def update(self) -> int:
        """The index of the update that comes next, which is the number of updates made so far."""
        return self._owner.update

    @property
    def plan(self) -> Plan | RecipePlan:
        """What is followed now, with every edit."""
        return self._owner.binding.plan

    @property
    def gains(self) -> dict[str, float]:
        """What each controller multiplies its plan by now, under the keys of `control=`."""
        return dict(self._owner.feedback.gains)

    @property
    def stopped(self) -> bool:
        """Whether an `EarlyStop` has said stop, at whichever observation; it is saved, so a run that stopped stays stopped."""
        return self._owner.feedback.stopped

    def observe(self, metric: float | Tensor, to: str | None = None) -> bool:
        """Let the controllers see a metric; their gains hold from the next update on. Return whether to stop.

        >>> import annealing as an, torch
        >>> from annealing.control import EarlyStop, Plateau
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
        >>> plan = an.chain(an.warmup(2), an.hold()).over(1_000)
        >>> control = {"lr": Plateau(factor=0.5, patience=2), "stop": EarlyStop(patience=4)}
        >>> scheduler = Scheduler(optimizer, lr=plan, control=control)
        >>> for epoch, loss in enumerate([3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0]):
        ...     optimizer.step()
        ...     if scheduler.observe(loss):
        ...         break
        >>> epoch, scheduler.gains, optimizer.param_groups[0]["lr"]
        (5, {'lr': 0.25}, 0.25)

        Arguments: `metric`, a number or a tensor of one number (a validation loss after each evaluation, say), the same on
        every rank; `to`, the one key of `control=` that sees it: by default all see it.

        Raises `ArgumentError` where there is no such controller, `KindError` for what is not one number.
        """
        self._owner.observe(self.optimizer, metric, to)
        return self._owner.feedback.stopped

    @property
    def seen(self) -> float:
        """How far the updates made so far have come on the plan's own clock: samples, epochs, tokens, or updates."""
        return self._owner.position

    def saw(self, amount: float) -> None:
        """With `uses="told"`, say what the next update uses, before it: several calls (of accumulated batches) add up.

        >>> import annealing as an, torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = Scheduler(optimizer, lr=an.linear().over(100, unit="samples"), uses="told")
        >>> for batch in ([8, 8], [32]):
        ...     for part in batch:
        ...         scheduler.saw(part)
        ...     optimizer.step()
        >>> scheduler.update, scheduler.seen, optimizer.param_groups[0]["lr"]
        (2, 48, 0.52)

        Arguments: `amount`, in the plan's unit, of all ranks together: `len(batch) * world_size`, the same on each.

        Raises `KindError` where nothing is to be told, `ArgumentError` for what is not above 0.
        """
        uses = self._owner.manner.uses
        if uses is None:
            raise KindError("this Scheduler counts updates and has to be told nothing: leave saw() out.")
        uses.tell(amount)

    def branch(self, tail: Schedule, total: int | None = None, *, absolute: bool = False, why: str = "") -> None:
        """Edit the run that is under way: from the next update on, follow `tail`. The edit is saved with the state.

        >>> import annealing as an, torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
        >>> scheduler = Scheduler(optimizer, lr=(0.1 * an.hold()).over(an.inf))
        >>> scheduler.branch(an.cooldown(), total=100, why="the loss is flat")
        >>> scheduler.state_dict()["journal"]
        ["branch(at=0, tail=cooldown(), total=100, why='the loss is flat')"]

        Arguments and errors are those of `Plan.branch`; `KindError` where a recipe is followed, which has many plans.
        """
        owner = self._owner
        if not isinstance(owner.binding.plan, Plan):
            raise KindError("a recipe has a plan for each hyper-parameter: edit its schedules, and resume with resume=.")
        plan = owner.binding.plan.branch(owner.position, tail, total, absolute=absolute, why=why)
        owner.edit(self.optimizer, checked(owner.binding.mode, plan))

    def step(self, epoch: int | None = None) -> None:
        """Show the next rate in `get_last_lr()`; with `count="step"`, count an update.

        Raises `KindError` for an argument: the clock belongs to the optimizer.
        """
        if epoch is not None:
            raise KindError(f"step({epoch!r}) cannot set the clock, which counts the optimizer's updates: write step().")
        owner = self._owner
        if owner.manner.counts == "step" and owner.attached:
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
        """Return what resuming needs, as JSON: the updates made, the plan's text, its edits, what the controllers remember."""
        self._owner.refresh(self.optimizer)
        place = self._owner.place._replace(bases=tuple(self._owner.layout.bases))
        return write_state(place, self._settled, other_clock=self._owner.manner.uses is not None)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where a saved run stopped; before or after the optimizer is loaded makes no difference.

        >>> import annealing as an, torch
        >>> def scheduler(plan, **options):
        ...     return Scheduler(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1), lr=plan, **options)
        >>> state = {**scheduler(an.linear().over(10)).state_dict(), "update": 6}
        >>> longer = scheduler(an.linear().over(14), resume="stretch")
        >>> longer.load_state_dict(state)
        >>> longer.plan
        linear().over(10).stretch(14, at=6)
        >>> longer.plan(6), round(longer.plan(10), 6), longer.plan(14)
        (0.4, 0.2, 0.0)

        Raises `PlanMismatchError` when the run followed another plan (see `resume`), `ArgumentError` for a state that is
        not one of ours, or newer than this library. Warns where `resume="replace"` makes a value jump.
        """
        state = read_state(state_dict)
        uses = self._owner.manner.uses
        if (uses is None) != (state.seen is None):
            raise PlanMismatchError(
                f"the saved run {'counted updates' if state.seen is None else 'had a plan on another clock'}, and this "
                f"Scheduler {'has no uses=' if uses is None else 'has uses='}: build it as it was."
            )
        if uses is not None:
            uses.agree(state.update, state.position)
        place, settled, jumps = settle(self._asked, state, self._resume)
        self._owner.follow(self.optimizer, place)
        self._settled = settled
        if jumps:
            warnings.warn(f'resume="{self._resume}" at update {state.update}: {"; ".join(jumps)}.', stacklevel=2)
        self._shown = self._first = state.update
        self._idle = 0

    def remove(self) -> None:
        """Let go of the optimizer, whose values stay as they are: another Scheduler may follow.

        A rate that is written into a group after that is the group's own, which a later `factor=` multiplies.
        """
        if self._owner.attached and any(column.slot == _LR for column in self._owner.layout.columns):
            leave(self.optimizer.param_groups)
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
        return {**own, "_owner": (owner.place, owner.manner), "_attached": owner.attached}

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
