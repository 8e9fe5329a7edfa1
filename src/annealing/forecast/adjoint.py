"""The final loss of a law as a function of every rate, with its gradient: what designing a schedule goes downhill on.

A run is cut into stretches within which the rate moves in a straight line, from the rate before the stretch to that of its last
update. Stretches grow with their distance from the end, and the last ones are single updates, as the noise there settles within
a few. With stretches of one update everywhere these are the laws' own sums. The gradient goes backwards through the same sums
(the adjoint), so that all of it costs about as much as the loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from annealing.forecast.cells import FLOOR, Floats, Whole
from annealing.forecast.laws import Form, Scale, law_named

if TYPE_CHECKING:
    from annealing.forecast.fitted import Fit

_GROWTH = 0.03  # length of a stretch over its distance from the end
_WARMUP = 24  # stretches of a warm-up


@dataclass(frozen=True)
class Stretches:
    """How a run is cut: the last update of each stretch, and how many updates it has."""

    last: Whole
    count: Floats

    @property
    def slant(self) -> Floats:
        """How much of the mean rate of a stretch is owed to the rate before it."""
        return (self.count - 1) / (2 * self.count)


def stretches(total: int, warmup: int = 0) -> Stretches:
    """Cut a run of `total` updates."""
    distance, edges = 0, [0]
    while distance < total:
        distance += max(1, int(_GROWTH * distance))
        edges.append(distance)
    ends = total - 1 - np.array(edges, dtype=np.int64)
    rising = np.linspace(0, warmup, _WARMUP + 1).astype(np.int64) if warmup else np.zeros(1, dtype=np.int64)
    last = np.unique(np.concatenate((ends[ends > warmup], rising[rising < total], [total - 1])))
    return Stretches(last, np.diff(last, prepend=-1).astype(np.float64))


def every_update(total: int) -> Stretches:
    """Cut a run into its single updates: the laws' sums as they stand."""
    return Stretches(np.arange(total), np.ones(total))


def final_score(fit: Fit, rates: Floats, cut: Stretches) -> tuple[float, Floats]:
    """Return the score of a run given by the rate at the end of each stretch, and its derivative with respect to each rate."""
    relative = rates / fit.scale.rate
    score, slopes = 0.0, np.zeros(rates.size)
    for law in fit.laws:
        if law.ranking:
            values = np.array(law.values)
            loss, slope = final_loss(law_named(law.name).form(values[3:]), values, relative, cut, fit.scale)
            score += law.ranking * loss
            slopes += law.ranking * slope
    return score, slopes / fit.scale.rate


def final_loss(form: Form, values: Floats, relative: Floats, cut: Stretches, scale: Scale) -> tuple[float, Floats]:
    """Return one law's final loss, and its derivative with respect to the relative rate at the end of each stretch."""
    floor, a, b = values[:3].tolist()
    end: Floats = np.maximum(relative, FLOOR)
    begin: Floats = np.concatenate(([FLOOR], end[:-1]))
    mean: Floats = end + cut.slant * (begin - end)
    progress, by_mean = _progress(form, mean, cut.count, scale.updates)
    noise, noise_by_mean, by_end = _noise(form, mean, end, cut.count)
    total_by_mean: Floats = a * by_mean + b * noise_by_mean
    slopes: Floats = b * by_end + (1 - cut.slant) * total_by_mean
    slopes[:-1] += (cut.slant * total_by_mean)[1:]
    return floor + a * progress + b * noise, np.where(relative > FLOOR, slopes, np.maximum(slopes, 0.0))


def final_bound(rates: Floats, squares: Floats, distance: float, cut: Stretches) -> tuple[float, Floats]:
    """Return the convex bound at the end of a run, and its derivative with respect to the rate at the end of each stretch.

    Arguments: `squares`, the mean square of the gradients' bound in each stretch; `distance`, `D`.
    """
    end: Floats = np.maximum(rates, FLOOR * float(rates.max()))
    begin: Floats = np.concatenate(([0.0], end[:-1]))
    mean: Floats = end + cut.slant * (begin - end)
    moved: Floats = cut.count * mean
    later: Floats = np.append(np.cumsum(moved[:0:-1])[::-1], 0.0)
    own: Floats = (cut.count - 1) / 2
    after: Floats = later + own * mean
    after[-1] = 1.0  # the last stretch is one update, which nothing follows
    energy: Floats = moved * mean * squares / after
    energy[-1] = 0.0
    whole = float(moved.sum())
    value = distance**2 / (2 * whole) + 0.5 * (float(mean[-1] * squares[-1]) + float(energy.sum()))
    by_after: Floats = -energy / after
    upto: Floats = np.concatenate(([0.0], np.cumsum(by_after)[:-1]))
    by_mean: Floats = 0.5 * (2 * energy / mean + own * by_after + cut.count * upto)
    by_mean[-1] += 0.5 * float(squares[-1])
    by_mean -= cut.count * distance**2 / (2 * whole**2)
    slopes: Floats = (1 - cut.slant) * by_mean
    slopes[:-1] += (cut.slant * by_mean)[1:]
    return value, slopes


def _progress(form: Form, mean: Floats, count: Floats, reference: float) -> tuple[float, Floats]:
    powered: Floats = mean**form.clock
    z = max(float(np.sum(count * powered)) / reference + form.offset, 1e-9)
    value = z**-form.fall
    by_sum = -form.fall * value / z / reference
    return value, by_sum * count * form.clock * powered / mean


def _noise(form: Form, mean: Floats, end: Floats, count: Floats) -> tuple[float, Floats, Floats]:
    """The noise left at the end, and its derivatives with respect to mean rates and to the rates at the ends."""
    left, left_slope = form.phi(end)
    before: Floats = np.concatenate((form.phi(np.array([FLOOR]))[0], left[:-1]))
    weight: Floats = left - before
    powered: Floats = mean**form.memory
    own: Floats = (count + 1) / 2  # a change in the middle of a stretch is followed by half of it
    later: Floats = np.append(np.cumsum((count * powered)[:0:-1])[::-1], 0.0)
    lagged: Floats = form.relax * mean**-form.lag
    u: Floats = lagged * (later + own * powered)
    kept, kept_slope = _kept(form.tail, u)
    by_u: Floats = -weight * kept_slope
    by_sum: Floats = by_u * lagged
    upto: Floats = np.concatenate(([0.0], np.cumsum(by_sum)[:-1]))
    by_power: Floats = count * upto + own * by_sum
    by_mean: Floats = (form.memory * by_power * powered - form.lag * by_u * u) / mean
    gone: Floats = 1 - kept
    by_end: Floats = left_slope * (gone - np.append(gone[1:], 0.0))
    return float(np.sum(weight * gone)), by_mean, by_end


def _kept(tail: float, u: Floats) -> tuple[Floats, Floats]:
    """The share of the noise of each change that is still there, and its derivative with respect to `u`."""
    if math.isinf(tail):
        kept: Floats = np.exp(-u)
        return kept, -kept
    kept = np.exp(-tail * np.log1p(u))
    return kept, -tail * kept / (1 + u)
