"""Whether a space fits a task: found out before anything is trained."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import torch

from annealing.core.errors import AnnealingError, ArgumentError
from annealing.study.space.candidate import Candidate, setting
from annealing.study.space.dimension import Choice, Value
from annealing.study.space.names import ORDER
from annealing.study.space.shapes import FAMILIES, placeholders
from annealing.study.space.space import Space
from annealing.study.train import Setting
from annealing.tasks.optimizers import Maker, optimizer_named
from annealing.torch.slot import Slot

_ENDS = (0.0, 0.5, 1.0)


def check_space(space: Space, optimizer: str | Maker | None = None, *, updates: int = 1_000) -> None:
    """Refuse a space of which a task could not train every candidate; it is tried at both ends and in the middle.

    >>> from annealing.study.space import Log, Uniform
    >>> check_space(Space({"lr": Log(1e-4, 1), "momentum": Uniform(0.5, 0.9)}), "sgd")
    >>> check_space(Space({"lr": Log(1e-4, 1), "momentun": Uniform(0.5, 0.9)}), "sgd")
    Traceback (most recent call last):
    annealing.core.errors.ArgumentError: momentun is nothing that a run of sgd has: did you mean momentum?

    Arguments: `space`; `optimizer`, what candidates without one are trained with (with a function, the names of its
    hyper-parameters cannot be known here); `updates`, the length of a run.

    Raises an `AnnealingError` that says which hyper-parameter is wrong, and where.
    """
    named = [value for one in space["schedule"] for value in one.grid(1)] if "schedule" in space else ["constant"]
    if "lr" not in space and any(family in FAMILIES for family in named):
        raise ArgumentError("the space has no lr: write lr: {log: [1e-4, 1]}, or Log(1e-4, 1) in Python.")
    for name in ("optimizer", "schedule"):
        if name in space and not all(isinstance(one, Choice) for one in space[name]):
            raise ArgumentError(f"{name} is a range of numbers: write a list of names to choose from.")
    for branch in space.branches(*(name for name in ("optimizer", "schedule") if name in space)):
        for share in _ENDS:
            values = space.at(dict.fromkeys(space.names, share)) if not branch else _along(space, branch, share)
            _check_names(values, optimizer)
            candidate = Candidate(0, values)
            _check_options(setting(candidate, updates, seed=0), optimizer)


def _along(space: Space, branch: Mapping[str, Value], share: float) -> dict[str, Value]:
    """Return the values of one branch of the space, every range at the same share of itself."""
    return {name: branch[name] if name in branch else one.at(share) for name, one in space.active(branch).items()}


def _check_names(values: Mapping[str, Value], optimizer: str | Maker | None) -> None:
    used = {*ORDER, *placeholders(values.get("schedule", ""))}
    for name in values:
        if name in used or Slot.of(name).index is not None:
            continue
        close = difflib.get_close_matches(name.lower(), [known for known in ORDER if known not in values], n=1, cutoff=0.75)
        if close and name not in _numbers_of(_chosen(values, optimizer)):
            raise ArgumentError(f"{name} is nothing that a run of {_word(values, optimizer)} has: did you mean {close[0]}?")


def _check_options(made: Setting, optimizer: str | Maker | None) -> None:
    chosen = made.optimizer or optimizer
    if not isinstance(chosen, str):
        return
    one = optimizer_named(chosen)([torch.nn.Parameter(torch.zeros(1))], 0.1)
    for name in made.options:
        try:
            Slot.of(name).check(one.param_groups[0], chosen)
        except AnnealingError as error:
            raise type(error)(f'{error} Or write only={{"optimizer": …}} for {name}, if it is of another optimizer.') from error


def _chosen(values: Mapping[str, Value], optimizer: str | Maker | None) -> str | Maker | None:
    named = values.get("optimizer")
    return named if isinstance(named, str) else optimizer


def _numbers_of(chosen: str | Maker | None) -> set[str]:
    if not isinstance(chosen, str):
        return set()
    return {*optimizer_named(chosen)([torch.nn.Parameter(torch.zeros(1))], 0.1).param_groups[0]}


def _word(values: Mapping[str, Value], optimizer: str | Maker | None) -> str:
    chosen = _chosen(values, optimizer)
    return chosen if isinstance(chosen, str) else "the task"
