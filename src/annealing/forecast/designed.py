"""What a design is, and the search for it: the rates that minimise something, and the nearest plan in phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from annealing.core.checks import number, whole
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.marks import knots
from annealing.core.phases import warmup
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.forecast.cells import Floats, Whole
from annealing.forecast.descent import Objective, Reach, downhill, knots_for
from annealing.forecast.nearest import nearest_phases

_ROUGH = 5e-4  # of the peak: how far the written optimum may be from the one that was found


@final
@dataclass(frozen=True)
class Candidate:
    """One plan, what is predicted of it, and the number it is compared by."""

    plan: Plan
    loss: float  # predicted after the last update; or the bound
    interval: tuple[float, float] | None  # None where nothing was calibrated
    score: float  # as `Fit.score`, summed update by update; or the bound


@final
@dataclass(frozen=True)
class Design:
    """The best schedule that was found, and the nearest one in phases that people write. Made by `design`.

    `optimum` joins some knots by straight lines; `nearest` is a warm-up, a hold and one decay; `doubts` says what speaks
    against trusting them.
    """

    optimum: Candidate
    nearest: Candidate
    minimised: str  # "predicted loss" or "bound"
    doubts: tuple[str, ...] = ()

    @property
    def distance(self) -> float:
        """How much higher the score of the plan in phases is than that of the optimum."""
        return self.nearest.score - self.optimum.score

    @property
    def table(self) -> dict[int, float]:
        """The optimum as {update: rate}: straight lines between these updates."""
        plan = self.optimum.plan
        marks = sorted({*(min(int(t), int(plan.total) - 1) for t, _ in plan.keyframes()), 0, int(plan.total) - 1})
        return {t: float(plan(t)) for t in marks}


class Run(NamedTuple):
    """The run that a schedule is designed for."""

    total: int
    warmup: int
    floor: float
    peak: float


def run_of(total: Any, warmup: int, floor: Any, peak: float, *, given: bool) -> Run:
    """Check what was asked for."""
    updates, low = whole("total", total, 2), number("floor", floor)
    if low < 0:
        raise ArgumentError(f"floor={floor!r} is below 0: rates are not negative, so write 0 or more.")
    if low >= peak:
        raise ArgumentError(f"floor={low:g} is not below the peak, {peak:g}: both are rates in the optimizer's units.")
    if warmup > updates - 2:
        whose = "" if given else "the pilots' "
        raise ArgumentError(f"{whose}warm-up of {warmup} updates leaves nothing of a run of {updates}: write a shorter warmup=.")
    return Run(updates, warmup, low, peak)


Words = tuple[float, Schedule]  # a peak, and a schedule with a peak of 1


def search(objective: Objective, run: Run, at: Floats, unit: float) -> tuple[Words, Words]:
    """The optimum, as knots, and the nearest plan in phases."""
    places = knots_for(run.total, run.warmup)
    reach = Reach(places, at, run.warmup, run.floor, run.peak)

    def cost(rates: Floats) -> float:
        return objective(rates)[0]

    share: Floats = (places - places[0]) / max(int(places[-1] - places[0]), 1)
    line: Floats = run.peak + (run.floor - run.peak) * share
    best = downhill(objective, reach, line, unit)
    top = float(f"{best[0]:.4g}")
    phases = nearest_phases(cost, at, run.total, run.warmup, min(top, run.peak), run.floor, unit)
    again = downhill(objective, reach, 0.5 * (phases.rates(places.astype(np.float64)) + best), unit)
    best = min(best, again, key=lambda rates: cost(reach.rates(rates)))
    return _written(places, best, run), (phases.peak, phases.schedule())


def _written(places: Whole, rates: Floats, run: Run) -> Words:
    """The optimum in words: the knots that matter, with values in few digits."""
    top = min(float(f"{rates[0]:.4g}"), run.peak)
    relative: Floats = np.clip(rates / top, run.floor / top, 1.0)
    kept = _matter(places, relative)
    values: dict[float, float] = {int(places[i] - places[0]): max(round(float(relative[i]), 5), run.floor / top) for i in kept}
    parts: list[Schedule] = [warmup(run.warmup)] if run.warmup else []
    return top, chain(*parts, knots(values))


def _matter(places: Whole, values: Floats) -> list[int]:
    """The knots between which straight lines are near enough to all others (Douglas and Peucker 1973)."""
    kept, open_ = {0, places.size - 1}, [(0, places.size - 1)]
    while open_:
        a, b = open_.pop()
        if b - a < 2:
            continue
        line: Floats = np.interp(places[a + 1 : b], places[[a, b]], values[[a, b]])
        missed: Floats = np.abs(values[a + 1 : b] - line)
        worst = a + 1 + int(np.argmax(missed))
        if missed.max() > _ROUGH:
            kept.add(worst)
            open_ += [(a, worst), (worst, b)]
    return sorted(kept)
