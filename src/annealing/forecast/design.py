"""`design`: the schedule that minimises the predicted final loss, among those that never rise after their warm-up."""

from __future__ import annotations

from typing import Any

import numpy as np

from annealing.core.checks import positive, whole
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.forecast.adjoint import Stretches, every_update, final_bound, final_score, stretches
from annealing.forecast.bound import bound
from annealing.forecast.cells import Floats
from annealing.forecast.designed import Candidate, Design, run_of, search
from annealing.forecast.fitted import Fit
from annealing.forecast.laws import law_named

_LOSS = 1e-3  # nats that matter
_LOWER = 0.5  # of the lowest rate that a pilot ended at: below, the laws go by belief


def design(
    fit: Fit,
    *,
    total: int,
    floor: float = 0.0,
    peak: float | None = None,
    warmup: int | None = None,
    level: float = 0.9,
) -> Design:
    """Find the schedule of `total` updates, never rising after its warm-up, with the lowest predicted final loss.

    >>> import annealing as an, numpy as np
    >>> from annealing.curves import Curve
    >>> from annealing.forecast import design, fit
    >>> t = np.arange(100, 4_000, 50)
    >>> stable, decayed = (1e-3 * an.wsd()).over(4_000), (1e-3 * an.chain(an.warmup(80), an.cosine(to=0.1))).over(4_000)
    >>> pilots = [Curve(t, 2 + 9 / (t + 100) ** 0.3 + 40 * rate(t), rate) for rate in (stable, decayed)]
    >>> found = design(fit(pilots), total=8_000, floor=1e-4)
    >>> found.nearest.plan.total, bool(0 <= found.distance < 1e-2)
    (8000, True)

    Arguments: `total`, updates of the run; `floor` and `peak`, the lowest and the highest rate after the warm-up, in the
    optimizer's units (0, and the pilots' peak); `warmup`, updates of a straight warm-up (as long as the pilots', by their
    median); `level`, of the intervals. What is minimised is `Fit.score`. Predicted gains over a good schedule are often smaller
    than the interval: see `Design.distance`, and what `doubts` says. Raises `ArgumentError` for a run that cannot be, and for a
    fit of the rate-blind law, to which all schedules are equal.

    Source: Luo et al. 2025, arXiv:2503.12811, section 5 (gradient descent on a law); here with the gradient in closed form.
    """
    if not isinstance(fit, Fit):
        raise KindError(f"{fit!r} is no fit: write design(fit([curve, …]), total=…).")
    if not any(law_named(law.name).sees_rates for law in fit.laws if law.ranking):
        raise ArgumentError("to the rate-blind law every schedule of one length is equal: fit another law.")
    warm = int(np.median([pilot.warmup for pilot in fit.pilots])) if warmup is None else whole("warmup", warmup, 0)
    run = run_of(total, warm, floor, fit.scale.rate if peak is None else positive("peak", peak), given=warmup is not None)
    cut = stretches(run.total, run.warmup)

    def score(rates: Floats) -> tuple[float, Floats]:
        return final_score(fit, rates, cut)

    def judged(peak: float, schedule: Schedule) -> Candidate:
        plan = (peak * schedule).over(run.total)
        rates = plan.values()
        exact = final_score(fit, rates, every_update(rates.size))[0]
        if fit.calibration is None:
            return Candidate(plan, fit.final(plan), None, exact)
        band = fit.interval(plan, level=level, at=[rates.size - 1])
        return Candidate(plan, fit.final(plan), (float(band.low[0]), float(band.high[0])), exact)

    optimum, nearest = search(score, run, cut.last.astype(np.float64), _LOSS)
    best, near = judged(*optimum), judged(*nearest)
    return Design(best, near, "predicted loss", (*fit.doubts(near.plan), *_too_low(fit, near.plan)))


def design_for_bound(
    *,
    total: int,
    G: Any = 1.0,  # noqa: N803  # the paper's letters
    D: float = 1.0,  # noqa: N803
    floor: float = 0.0,
    peak: float | None = None,
    warmup: int = 0,
) -> Design:
    """Find the schedule with the lowest convex last-iterate `bound`, never rising after its warm-up.

    >>> from annealing.forecast import design_for_bound
    >>> found = design_for_bound(total=10_000)
    >>> print(found.nearest.plan)
    (0.009995 * linear()).over(10000)

    Without a cap on the peak it is a straight line from `D / (G √T)` to zero; with one, a hold and then such a line. Arguments:
    `G` and `D` as in `bound`; `floor` and `peak`, the lowest and the highest rate after the warm-up, in units of `D / G` (0, and
    what is best); `warmup`, updates of a straight warm-up. Raises `ArgumentError` for a run that cannot be, and for a floor
    without a peak.

    Source: Schaipp et al. 2025, arXiv:2501.18965; Defazio et al. 2023, arXiv:2310.07831.
    """
    free = peak is None
    if free and floor:
        raise ArgumentError(f"floor={floor!r} needs a peak to be below: write peak=… as well.")
    run = run_of(total, whole("warmup", warmup, 0), floor, 1.0 if peak is None else positive("peak", peak), given=True)
    cut, distance = stretches(run.total, run.warmup), positive("D", D)
    squares = np.broadcast_to(np.asarray(G, dtype=np.float64) ** 2, (run.total,)) if np.size(G) in (1, run.total) else None
    if squares is None or not np.all(np.isfinite(squares) & (squares > 0)):
        raise ArgumentError("G is the bound on the norm of gradients: one number above 0, or one for every update.")
    means: Floats = np.add.reduceat(squares, np.concatenate(([0], cut.last[:-1] + 1))) / cut.count

    def value(rates: Floats) -> tuple[float, Floats]:
        scale = _best_scale(rates, means, distance, cut) if free else 1.0
        found, slopes = final_bound(scale * rates, means, distance, cut)
        return found, scale * slopes  # the best scale itself moves, at no cost to first order

    def judged(peak: float, schedule: Schedule) -> Candidate:
        if free:
            rates = schedule.over(run.total).values()
            peak = float(f"{_best_scale(rates, squares, distance, every_update(rates.size)):.4g}")
        plan = (peak * schedule).over(run.total)
        found = bound(plan, G=G, D=D)
        return Candidate(plan, found, None, found)

    unit = 1e-2 * distance * float(np.sqrt(means.mean() / run.total))
    optimum, nearest = search(value, run, cut.last.astype(np.float64), unit)
    return Design(judged(*optimum), judged(*nearest), "bound")


def _best_scale(rates: Floats, squares: Floats, distance: float, cut: Stretches) -> float:
    """The factor by which rates minimise the bound, which is `a / factor + b · factor`."""
    far = final_bound(rates, squares, distance, cut)[0]
    both = final_bound(rates, squares, 2 * distance, cut)[0]
    a = (both - far) / 3
    return float(np.sqrt(a / (far - a)))


def _too_low(fit: Fit, plan: Plan) -> list[str]:
    """Say so where the rate falls much lower than any pilot's did."""
    lowest, ends = min(pilot.lowest for pilot in fit.pilots), float(plan.values()[-1]) / fit.scale.rate
    if lowest > _LOWER or ends > _LOWER * lowest:
        return []
    said = (
        f"it ends at {ends:.2g} of the peak and no pilot went below {lowest:.2g}, so what the last part gains is believed, not "
        f"seen: add a pilot that decays as far, or write floor={lowest * fit.scale.rate:.3g}."
    )
    return [said]
