"""OLMo-core's schedulers that follow one another: SequentialScheduler and ComposableScheduler."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate
from annealing.dialects.olmo_core.run import Pieces, Run, until
from annealing.dialects.pieces import curve, flat

Stage = Mapping[str, Any]


@dialect(
    "olmo_core.SequentialScheduler",
    odd="each scheduler's lr is the last value of the one before it, so one that ended at 0 ends everything",
    example="schedulers=[{'type': 'constant_with_warmup', 'warmup': 20}, {'type': 'cos_with_warmup', 'warmup': 0}], "
    "schedulers_max=[500], lr=3e-4, max_steps=1000",
)
def SequentialScheduler(
    *,
    schedulers: Sequence[Stage],
    schedulers_max: Sequence[int],
    override_decay: Stage | None = None,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Run schedulers one after another, each from the last value of the one before it and on a clock of its own.

    >>> from annealing.dialects import olmo_core
    >>> parts = [{"type": "constant_with_warmup", "warmup": 20}, {"type": "cos_with_warmup", "warmup": 0}]
    >>> olmo_core.SequentialScheduler(schedulers=parts, schedulers_max=[500], lr=3e-4, max_steps=1000).keyframes()[1]
    (19, 0.0003)

    Arguments: `schedulers`, each a mapping of its fields and of `type`, OLMo-core's name for it ("wsd",
    "cos_with_warmup", …); `schedulers_max`, how long each but the last runs; `override_decay`, {"start", "duration",
    "end_lr" or "end_lr_fraction", "shape"}, which takes over for good. Ours: `chain(…)`, and `plan.branch(…)`.
    """
    run = Run.of(lr, max_steps, max_tokens)
    lengths = [count("schedulers_max", length, 1) for length in schedulers_max][: len(schedulers) - 1]
    if not schedulers or len(lengths) != len(schedulers) - 1:
        raise ArgumentError(
            f"schedulers_max={schedulers_max!r} must say how long each of {len(schedulers)} schedulers but the last runs."
        )
    pieces: Pieces = []
    initial, begin = 1.0, 0
    for fields, length in zip(schedulers, [*lengths, math.inf], strict=True):
        left = run.total - begin
        if left <= 0:
            break
        name, own = str(fields.get("type")), {key: value for key, value in fields.items() if key != "type"}
        part = run.pieces(name, initial, int(min(left, length)), own)
        window = begin + (1 if begin else 0)  # a scheduler's last step is its own, the next one begins after it
        moved = [p.later(begin) for p in (until(int(length) + 1, part) if math.isfinite(length) else part)]
        pieces += [p._replace(begin=max(p.begin, window)) for p in moved]
        if math.isfinite(length):
            initial = run.value(run.pieces(name, initial, int(length), own), int(length))
            begin += int(length)
    return run.plan(_overridden(run, pieces, override_decay))


@dialect(
    "olmo_core.ComposableScheduler",
    odd="it ignores how long the run is",
    example="stages=[{'duration': 20, 'start_lr': 0.0, 'end_lr_fraction': 1.0}, {'duration': 980, 'end_lr': 0.0}], lr=3e-4, "
    "max_steps=1000",
)
def ComposableScheduler(
    *,
    stages: Sequence[Stage],
    override_decay: Stage | None = None,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Go from value to value in stages, each a line or half a cosine of its own duration.

    >>> from annealing.dialects import olmo_core
    >>> stages = [{"duration": 20, "start_lr": 0.0, "end_lr_fraction": 1.0}, {"duration": 979, "shape": "cosine", "end_lr": 0.0}]
    >>> olmo_core.ComposableScheduler(stages=stages, lr=3e-4, max_steps=1000)
    (3e-4 * chain(warmup(19), cosine(979), hold())).over(1000)

    Arguments: a stage has `duration`, `shape` ("linear" or "cosine"), `end_lr` or `end_lr_fraction`, and `start_lr` or
    `start_lr_fraction` where it does not start where the last one ended; `override_decay` as in `SequentialScheduler`.
    Ours: `chain(…)`, which can also say "10%" or "rest".
    """
    run = Run.of(lr, max_steps, max_tokens)
    if not stages:
        raise ArgumentError("stages=[] is empty: write [{'duration': 1000, 'end_lr_fraction': 0.1}].")
    pieces: Pieces = []
    begin, reached = 0, 1.0
    for stage in stages:
        end = begin + count("duration", stage.get("duration"), 1)
        start = _level(run, stage, "start", reached)
        to = _level(run, stage, "end", None)
        pieces.append(curve(begin, end, start, to, _ease(stage)))
        begin, reached = end, to
    return run.plan(_overridden(run, [*pieces, flat(begin, math.inf, reached)], override_decay))


def _overridden(run: Run, pieces: Pieces, override: Stage | None) -> Pieces:
    """Replace what comes from the override's start on by its own decay."""
    if override is None:
        return pieces
    begin, length = count("start", override.get("start")), count("duration", override.get("duration"), 1)
    start, to = run.value(pieces, begin), _level(run, override, "end", None)
    return [*until(begin, pieces), curve(begin, begin + length, start, to, _ease(override)), flat(begin + length, math.inf, to)]


def _level(run: Run, stage: Stage, which: str, otherwise: float | None) -> float:
    """A value of a stage as a share of `lr`, given as a rate or as a share."""
    absolute, share = stage.get(f"{which}_lr"), stage.get(f"{which}_lr_fraction")
    if absolute is not None and share is None:
        return run.share(f"{which}_lr", rate(f"{which}_lr", absolute))
    if share is not None and absolute is None:
        return rate(f"{which}_lr_fraction", share)
    if otherwise is None or share is not None:
        raise ArgumentError(f"a stage says where it {which}s once: write {which}_lr=, or {which}_lr_fraction=.")
    return otherwise


def _ease(stage: Stage) -> str:
    return one_of("shape", stage.get("shape", "linear"), "linear", "cosine")
