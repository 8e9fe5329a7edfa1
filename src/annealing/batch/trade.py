"""Trade learning-rate decay for batch growth: the same noise, in fewer updates.

The noise of stochastic gradient descent is set by rate / (batch · (1 - momentum)), so a batch that grows by q anneals it
as a rate that falls by q does (Smith, Kindermans, Ying & Le 2018, arXiv:1711.00489). Normalised steps (Adam's, where the
noise dominates) keep rate / sqrt(batch) instead, which is Seesaw (2025, arXiv:2510.14717).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, final, get_args, overload

import numpy as np
from numpy.typing import NDArray

from annealing.batch.walk import update_sizes
from annealing.core.checks import number, whole
from annealing.core.combine import maximum
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.horizon import Horizon
from annealing.core.length import LengthLike
from annealing.core.marks import stairs, table
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule

Rule: TypeAlias = Literal["sgd", "seesaw"]
"""What stays as the schedule says: rate / batch (noise-dominated SGD), or rate / sqrt(batch) (normalised steps, Adam)."""

_LOOKS = 1 << 16  # places at which a peak is looked for, beside the keyframes


@final
@dataclass(frozen=True)
class Trade:
    """What to trade, before the run has a length; made by `trade`. `over` gives it one."""

    schedule: Schedule
    batch: int
    max_batch: int | None = None
    multiple: int = 1
    rule: Rule = "sgd"
    raise_rate: float = 1.0
    momentum: float | None = None
    raise_momentum: float | None = None

    def over(self, total: Horizon | int) -> TradePlan:
        """Settle the trade for a run of `total` samples (or a `Horizon` that knows them).

        >>> import annealing as an
        >>> pair = trade(0.1 * an.stairs({"50%": 0.2}), batch=8).over(1_000)
        >>> [(round(pair.rate(s), 12), pair.batch(s)) for s in (0, 500)]
        [(0.1, 8.0), (0.1, 40.0)]

        Raises `ArgumentError` where the batch would grow without bound, `LengthError` where the schedule does not fit.
        """
        return _settled(self, self.schedule.over(total, unit="samples"))


@final
@dataclass(frozen=True)
class TradePlan:
    """A rate and a batch, both functions of the samples seen so far, with the noise of the schedule they replace.

    `schedule` is that schedule, a plan over the same samples at the batch `before`; `momentum` the one to train with,
    where it is part of the trade.
    """

    rate: Plan
    batch: Plan
    schedule: Plan
    before: int
    momentum: float | None = None

    @property
    def epoch(self) -> int | None:
        """Samples in one pass over the data, where the horizon knows it: no batch reaches across its end."""
        horizon = self.batch.horizon
        if not isinstance(horizon, Horizon) or horizon.epochs is None or horizon.samples is None:
            return None
        return round(horizon.samples / horizon.epochs)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The samples that each update uses, in order."""
        return update_sizes(self.batch, self.epoch)

    @property
    def begins(self) -> NDArray[np.int64]:
        """The samples seen before each update, which is where rate and batch are looked up."""
        return np.concatenate([[0], np.cumsum(self.sizes[:-1])])

    def updates(self) -> int:
        """Return how many updates the run takes, exactly, before it has begun.

        >>> import annealing as an
        >>> pair = trade(an.stairs({"50%": 0.2}), batch=8).over(1_000)
        >>> pair.updates(), pair.updates_before()
        (76, 125)
        """
        return len(self.sizes)

    def updates_before(self) -> int:
        """Return how many updates the run would take at the batch it started from."""
        return len(update_sizes((self.before * hold()).over(self.batch.horizon, unit="samples"), self.epoch))

    def rate_by_update(self) -> Plan:
        """Return the rate as a plan over updates, for whatever counts those and nothing else.

        >>> import annealing as an
        >>> trade(0.1 * an.cosine(to=0.1), batch=8, max_batch=16).over(64).rate_by_update().total
        6
        """
        return _by_update(self.rate(self.begins))

    def batch_by_update(self) -> Plan:
        """Return the samples of every update as a plan over updates.

        >>> import annealing as an
        >>> trade(an.stairs({"50%": 0.5}), batch=8).over(32).batch_by_update()
        stairs({0: 8, 2: 16}).over(3)
        """
        return _by_update(self.sizes.astype(float))


@overload
def trade(
    schedule: Schedule,
    *,
    batch: int,
    max_batch: int | None = None,
    multiple: int = 1,
    rule: Rule = "sgd",
    raise_rate: float = 1.0,
    momentum: float | None = None,
    raise_momentum: float | None = None,
) -> Trade: ...
@overload
def trade(
    schedule: Plan,
    *,
    batch: int,
    max_batch: int | None = None,
    multiple: int = 1,
    rule: Rule = "sgd",
    raise_rate: float = 1.0,
    momentum: float | None = None,
    raise_momentum: float | None = None,
) -> TradePlan: ...
def trade(
    schedule: Schedule | Plan,
    *,
    batch: int,
    max_batch: int | None = None,
    multiple: int = 1,
    rule: Rule = "sgd",
    raise_rate: float = 1.0,
    momentum: float | None = None,
    raise_momentum: float | None = None,
) -> Trade | TradePlan:
    """Turn a schedule that decays into a rate and a batch that together have the same noise.

    >>> import annealing as an
    >>> decay = 0.1 * an.stairs({"60%": 1 / 5, "80%": 1 / 25})
    >>> pair = trade(decay, batch=256, max_batch=4096, multiple=64).over(an.Horizon.of(50_000, epochs=90, batch_size=256))
    >>> pair.updates(), pair.updates_before()
    (11538, 17640)

    The batch grows from the schedule's peak on; during a warm-up before it, it stays. Once the batch may grow no
    further, the rate decays. Whatever rounding does to the batch, the rate follows it, so that rate / batch (or, with
    rule="seesaw", rate / sqrt(batch)) is exactly the schedule's.

    Arguments:
        schedule: A schedule, whose trade is given a run by `.over(horizon)`; or a plan over samples, of which the answer
            is a `TradePlan` at once.
        batch: Samples per update that the schedule was made for.
        max_batch: The batch grows to this at most; needed where the schedule comes down to 0.
        multiple: The batch is a whole multiple of it: the number of devices, or what one of them holds.
        rule: "sgd" keeps rate / batch, "seesaw" keeps rate / sqrt(batch).
        raise_rate: The rate is multiplied by it from the start, and the batch with it (rule="sgd").
        momentum: The momentum that the schedule was made for, where a higher one is to replace it.
        raise_momentum: The momentum to train with instead: the batch is larger by (1 - momentum) / (1 - raise_momentum) from
            the start (rule="sgd").

    Raises `ArgumentError` for numbers that contradict each other, `KindError` for anything that is not a schedule.

    Source: Smith et al. 2018, arXiv:1711.00489 (growth, raised rate and momentum); Seesaw 2025, arXiv:2510.14717.
    """
    plan = schedule if isinstance(schedule, Plan) else None
    if not isinstance(schedule, Schedule | Plan):
        raise KindError(f"trade({schedule!r}) is no schedule: write one that decays, such as 0.1 * cosine().")
    if plan is not None and (plan.unit != "samples" or plan.journal or plan.endpoint or math.isinf(plan.total)):
        raise KindError(
            f"{plan} cannot be traded, since its clock would bend with the batch: pass the schedule, then .over(samples)."
        )
    made = Trade(
        plan.schedule if plan else schedule,  # pyright: ignore[reportArgumentType] - it is a schedule where it is no plan
        whole("batch", batch),
        None if max_batch is None else whole("max_batch", max_batch),
        whole("multiple", multiple),
        rule,
        number("raise_rate", raise_rate),
        None if momentum is None else number("momentum", momentum),
        None if raise_momentum is None else number("raise_momentum", raise_momentum),
    )
    _check(made)
    return made if plan is None else _settled(made, plan)


def _check(made: Trade) -> None:
    if made.rule not in get_args(Rule):
        raise ArgumentError(f"rule={made.rule!r} is unknown: write one of {', '.join(map(repr, get_args(Rule)))}.")
    if made.raise_rate < 1:
        raise ArgumentError(f"raise_rate={made.raise_rate:g} lowers the rate: write a factor of 1 or more.")
    if (made.momentum is None) != (made.raise_momentum is None):
        raise ArgumentError("momentum and raise_momentum belong together: write momentum=0.9, raise_momentum=0.98.")
    if made.momentum is not None and made.raise_momentum is not None and not 0 <= made.momentum <= made.raise_momentum < 1:
        raise ArgumentError(
            f"momentum={made.momentum:g} cannot be raised to raise_momentum={made.raise_momentum:g}: both lie between 0 and 1, "
            "the second above the first."
        )
    if made.rule == "seesaw" and _factor(made) != 1:
        raise ArgumentError('rule="seesaw" splits every decay by itself: leave raise_rate and raise_momentum out.')
    first = made.batch * _factor(made)
    for name, size in (("batch", made.batch), ("max_batch", made.max_batch)):
        if size is not None and size % made.multiple:
            raise ArgumentError(f"{name}={size} is not a whole multiple of {made.multiple}: write {_near(size, made.multiple)}.")
    if made.max_batch is not None and made.max_batch < first:
        raise ArgumentError(f"max_batch={made.max_batch} is below the batch of {first:g} at the start: write a larger one.")


def _factor(made: Trade) -> float:
    """How much larger the batch is from the start."""
    if made.momentum is None or made.raise_momentum is None:
        return made.raise_rate
    return made.raise_rate * (1 - made.momentum) / (1 - made.raise_momentum)


def _near(size: int, multiple: int) -> int:
    return max(multiple, round(size / multiple) * multiple)


def _settled(made: Trade, plan: Plan) -> TradePlan:
    peak_at, peak, lowest = _extremes(plan)
    if peak <= 0:
        raise ArgumentError(f"{plan} never rises above 0, so there is nothing to trade: write a schedule of rates.")
    factor = _factor(made)
    share = plan / peak
    if peak_at > 0:  # a warm-up is no decay: until the peak the batch stays
        share = maximum(share, stairs({peak_at: 0.0}).over(plan.horizon, unit="samples"))
    if made.max_batch is not None:
        share = share.clip(low=factor * made.batch / made.max_batch)
    elif lowest <= 0:
        raise ArgumentError(
            f"{made.schedule} comes down to {lowest:g}, where the batch would be infinite: write max_batch=, or end it above 0."
        )
    batch = (factor * made.batch / share).rounded(made.multiple, minimum=made.multiple)
    if made.rule == "seesaw":
        rate = plan * (batch / made.batch) ** 0.5
    else:
        keeps = 1.0 if made.momentum is None or made.raise_momentum is None else (1 - made.raise_momentum) / (1 - made.momentum)
        rate = plan * batch * (keeps / made.batch) if keeps != 1 else plan * batch / made.batch
    return TradePlan(rate, batch, plan, made.batch, made.raise_momentum)


def _extremes(plan: Plan) -> tuple[int, float, float]:
    """Return where the plan first has its largest value, that value, and the smallest one from there on."""
    total = int(plan.total)
    if total != plan.total:
        raise LengthError(f"a run of {plan.total:g} samples has no whole number of them: write .over({math.ceil(plan.total)}).")
    places = {min(max(round(t) + step, 0), total - 1) for t, _ in plan.keyframes() for step in (-1, 0, 1)}
    looks = np.unique(np.concatenate([sorted(places), np.linspace(0, total - 1, min(total, _LOOKS)).round()])).astype(np.int64)
    values = plan(looks)
    top = int(np.argmax(values))
    ends = [value for t, value in plan.keyframes() if t >= looks[top]]  # a decay to 0 gets there just after the last sample
    return int(looks[top]), float(values[top]), min(float(values[top:].min()), *ends, float(values[top]))


def _by_update(values: NDArray[np.float64]) -> Plan:
    changes = np.flatnonzero(np.diff(values)) + 1
    if len(changes) > len(values) // 2:  # nearly every update has its own
        return table(values.tolist()).over()
    marks: dict[LengthLike, float] = {0: float(values[0]), **{int(t): float(values[t]) for t in changes}}
    return stairs(marks).over(len(values))
