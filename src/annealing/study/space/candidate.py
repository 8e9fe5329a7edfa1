"""A candidate: one choice from a space, what schedule it makes, and the setting that an engine trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from annealing.core.checks import number, positive, whole
from annealing.core.errors import AnnealingError, ArgumentError
from annealing.core.horizon import Horizon
from annealing.core.schedule import Schedule
from annealing.study.result import Role
from annealing.study.space.dimension import Value
from annealing.study.space.names import SHAPE_NAMES, place_of
from annealing.study.space.shapes import placeholders, shape
from annealing.study.train import Setting


@final
@dataclass(frozen=True, init=False)
class Candidate:
    """One choice from a space, with its number in the study: values that compare, hash, pickle and go into JSON.

    >>> one = Candidate(7, {"schedule": "cosine", "lr": 0.1})
    >>> one
    Candidate(7, {'lr': 0.1, 'schedule': 'cosine'})
    >>> Candidate.from_dict(one.to_dict()) == one
    True
    """

    number: int
    pairs: tuple[tuple[str, Value], ...]

    def __init__(self, number: int, values: Mapping[str, Value]) -> None:
        object.__setattr__(self, "number", whole("number", number, at_least=0))
        object.__setattr__(self, "pairs", tuple((name, values[name]) for name in sorted(values, key=place_of)))

    @property
    def values(self) -> dict[str, Value]:
        """The values by name, in the order in which people read them."""
        return dict(self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        return {"number": self.number, "values": self.values}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Candidate:
        """Return the candidate that `to_dict` wrote."""
        return cls(given["number"], given["values"])

    def __repr__(self) -> str:
        return f"Candidate({self.number}, {self.values})"


def schedule_of(candidate: Candidate) -> Schedule:
    """Return the schedule that a candidate trains with, its rate included; without a `schedule` the rate is constant.

    >>> schedule_of(Candidate(0, {"lr": 0.1, "schedule": "wsd", "warmup": 0.05, "cooldown": 0.3}))
    0.1 * chain(warmup("5%"), hold(), cooldown("30%"))
    >>> schedule_of(Candidate(0, {"schedule": "3e-4 * chain(warmup({warmup}), cosine)", "warmup": 50}))
    3e-4 * chain(warmup(50), cosine())

    Raises an `AnnealingError` for a schedule that cannot be read, or values that it cannot take.
    """
    values = candidate.values
    made = shape(values)
    return made if values.get("lr", 1) == 1 else positive("lr", values["lr"]) * made


def setting(
    candidate: Candidate, horizon: Horizon | int, *, seed: int, role: Role = "tuning", optimizer: str | None = None, arm: str = ""
) -> Setting:
    """Return what an engine trains: a candidate over a run, from one seed.

    >>> one = setting(Candidate(3, {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "batch_size": 16}), 100, seed=0)
    >>> one.arm, one.optimizer, one.lr, one.batch_size, one.options
    ('3', 'sgd', 0.1, 16, {'momentum': 0.9})

    Arguments: `candidate`; `horizon`, the length of the run; `seed`; `role`; `optimizer`, where the candidate has none (by
    default the task's own); `arm`, how tables call it (by default its number).

    Raises `ArgumentError` for values that no run can take.
    """
    values = candidate.values
    schedule = schedule_of(candidate)
    try:
        plan = schedule.over(horizon)
    except AnnealingError as error:
        raise type(error)(f"{schedule}: {error}") from error
    named = values.get("optimizer", optimizer)
    used = {"optimizer", "lr", "schedule", "batch_size", *SHAPE_NAMES, *placeholders(values.get("schedule", ""))}
    options = {name: number(name, value) for name, value in values.items() if name not in used}
    batch = values.get("batch_size")
    if named is not None and not isinstance(named, str):
        raise ArgumentError(f"optimizer={named!r} is not a name: write one such as sgd.")
    return Setting(
        arm or str(candidate.number),
        plan,
        float(plan.values().max()) if "lr" not in values else positive("lr", values["lr"]),
        seed,
        role,
        optimizer=named,
        options=options,
        batch_size=None if batch is None else whole("batch_size", batch),
    )
