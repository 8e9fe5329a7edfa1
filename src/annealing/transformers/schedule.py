"""`ScheduleCallback` says what to follow, and Hugging Face's Trainer trains by it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState

from annealing.core.errors import ArgumentError, ConflictError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.torch.base import MARK
from annealing.torch.feedback import Control
from annealing.torch.resume import Resume
from annealing.torch.scheduler import Groups, Scheduler
from annealing.torch.unbound import unbound


@final
class ScheduleCallback(TrainerCallback, ExportableState):
    """Let Hugging Face's Trainer follow a schedule, plan or recipe: update `t` uses `plan(t)`, and logs it.

    >>> ScheduleCallback("3e-4 * chain(warmup(10%), hold, cooldown(20%))")
    ScheduleCallback('3e-4 * chain(warmup("10%"), hold(), cooldown("20%"))')

    Pass it in `Trainer(callbacks=[...])`. The scheduler that the Trainer makes for itself is never used: its
    `learning_rate` and `lr_scheduler_type` say nothing any more. `trainer.lr_scheduler` and `callback.scheduler` show
    what is used instead.

    Arguments: `schedule`, a schedule, plan or recipe, or its text; without a length of its own it takes the Trainer's
    number of updates. `factor`, instead of a schedule: it multiplies each group's own rate (`learning_rate`). `control`,
    `groups` and `resume` are those of `Scheduler`. `metric`, what the controllers of `control` see after every evaluation:
    by default `metric_for_best_model`, or else the loss. The state is saved in the Trainer's checkpoints
    (`trainer_state.json`) and restored by `train(resume_from_checkpoint=...)`.

    Raises `KindError` for anything that is not a schedule and the errors of its text at once; when training begins,
    `LengthError` where the lengths do not fit the run, `PlanMismatchError` where the checkpoint followed another plan or
    none, `ConflictError` where the Trainer was given a scheduler as well, `ArgumentError` for a `control` that nothing is
    evaluated for; later on, `ArgumentError` where an evaluation does not have the metric.
    """

    def __init__(
        self,
        schedule: Schedule | Plan | Recipe | RecipePlan | str | None = None,
        *,
        factor: Schedule | Plan | str | None = None,
        control: Control | None = None,
        metric: str | None = None,
        groups: Groups | None = None,
        resume: Resume = "refuse",
    ) -> None:
        self._asked = unbound(schedule, factor, control, groups, resume)
        self._metric = metric
        self._seen: int | None = None  # the update before which the controllers last saw a metric; none while nothing is trained
        self._missed = ""
        self.scheduler: Scheduler | None = None
        """The Scheduler at work, from the first event of training on."""

    def on_init_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Refuse a Trainer that has a scheduler already."""
        if kwargs.get("lr_scheduler") is not None:
            raise _second(kwargs["lr_scheduler"])

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Take the optimizer over; it is loaded, if there was a checkpoint, and nothing was trained yet."""
        theirs, optimizer = kwargs["lr_scheduler"], kwargs["optimizer"]
        if self.scheduler is not None:
            self.scheduler.remove()
        elif isinstance(theirs, _Shown):
            raise _twice()
        if not isinstance(theirs, (LambdaLR, _Shown)):
            raise _second(theirs)
        if self._asked.control is not None and args.eval_strategy == "no":
            raise ArgumentError('control= sees evaluations, and there are none: write TrainingArguments(eval_strategy="steps").')
        _restore_own_rates(optimizer)
        horizon = _horizon(args, state, kwargs.get("train_dataloader"))
        self.scheduler = self._asked.start(optimizer, horizon, state.global_step, _saved(state))
        self._seen, self._missed = self.scheduler.update, ""  # an evaluation before the first update tells nothing new
        # The Trainer looks its callbacks' states up by name, and a checkpoint without this callback has no such name.
        states: Any = state.stateful_callbacks
        states.setdefault(type(self).__name__, self.state())
        _show(theirs, self.scheduler)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Let the controllers see the metric."""
        if self._asked.control is None or self.scheduler is None or self._seen in (None, self.scheduler.update):
            return
        name = self._metric or args.metric_for_best_model or "loss"
        name = name if name.startswith("eval_") else f"eval_{name}"
        measured: dict[str, float] = kwargs["metrics"]
        if name not in measured:  # perhaps another one of several evaluation sets has it
            self._missed = f'control= sees "{name}", and the evaluation has {", ".join(map(repr, measured))}: write metric=…'
            return
        self._seen, self._missed = self.scheduler.update, ""
        if self.scheduler.observe(measured[name]):
            control.should_training_stop = True

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Refuse to go on where no evaluation had the metric."""
        if self._missed:
            raise ArgumentError(self._missed)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Look at no evaluation any more, and refuse a run in which none had the metric."""
        self._seen = None
        if self._missed:
            raise ArgumentError(self._missed)

    def state(self) -> dict[str, Any]:
        """Return what the Trainer saves: what the callback was made of, and the Scheduler's state. Both are JSON."""
        made = {**self._asked.texts(), "metric": self._metric}
        return {"args": made, "attributes": {} if self.scheduler is None else {"saved": self.scheduler.state_dict()}}

    def __repr__(self) -> str:
        return f"ScheduleCallback({self._asked})"


class _Shown(LRScheduler):
    """What becomes of the Trainer's own scheduler, which the Trainer goes on to step, log and save."""

    _scheduler: Scheduler
    _left: dict[str, Any]

    def step(self, epoch: int | None = None) -> None:
        self._scheduler.step(epoch)

    def get_last_lr(self) -> list[float | Tensor]:
        return self._scheduler.get_last_lr()

    def get_lr(self) -> list[float | Tensor]:
        return self._scheduler.get_lr()

    def state_dict(self) -> dict[str, Any]:
        """Return a state that loads into a Scheduler, and into a new scheduler of the Trainer's own before it is replaced."""
        return {**self._left, "last_epoch": self._scheduler.update, **self._scheduler.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._scheduler.load_state_dict(state_dict)

    @property
    def last_epoch(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride] - the Scheduler counts
        return self._scheduler.update

    def __getattr__(self, name: str) -> Any:
        if name == "_scheduler":
            raise AttributeError(name)
        return getattr(self._scheduler, name)


def _show(theirs: Any, ours: Scheduler) -> None:
    """Turn the Trainer's scheduler into one that shows ours, in place: a callback cannot give the Trainer another object.

    It was made after the optimizer and loaded from the checkpoint by then, and nothing but its rates was ever used.
    """
    left = vars(theirs)["_left"] if isinstance(theirs, _Shown) else theirs.state_dict()
    vars(theirs).clear()
    theirs.__class__ = _Shown
    vars(theirs).update(_scheduler=ours, _left={**left, "_last_lr": ours.base_lrs})


def _restore_own_rates(optimizer: Optimizer) -> None:
    """Undo what the Trainer's scheduler did to the groups: it wrote its first rate over their own ones."""
    for group in optimizer.param_groups:
        first = group.pop("initial_lr", None)
        if first is not None and MARK not in group:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(first)
            else:
                group["lr"] = float(first)


def _horizon(args: TrainingArguments, state: TrainerState, loader: Any) -> Horizon:
    """Return the length of the run in updates, and in epochs where the loader has a length."""
    try:
        an_epoch = max(1, math.ceil(len(loader) / args.gradient_accumulation_steps))
    except TypeError:
        return Horizon(state.max_steps)
    return Horizon(state.max_steps, epochs=state.max_steps / an_epoch)


def _saved(state: TrainerState) -> Mapping[str, Any]:
    """Return the Scheduler's state in the checkpoint that was loaded, empty where it has none."""
    known: Any = state.stateful_callbacks
    ours = known.get(ScheduleCallback.__name__, {})
    if isinstance(ours, list):
        raise _twice()
    return ours.get("attributes", {}).get("saved", {})


def _twice() -> ConflictError:
    return ConflictError("the Trainer has two ScheduleCallbacks: put both schedules into one Recipe.")


def _second(scheduler: object) -> ConflictError:
    return ConflictError(
        f"the Trainer has a {type(scheduler).__name__} already, and a ScheduleCallback would be a second owner of the rates: "
        "leave out optimizers=(…, scheduler) and lr_scheduler_type, or the callback."
    )
