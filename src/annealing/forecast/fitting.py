"""`fit`: from the curves of a few pilots to a forecast of every other run."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from annealing.core.errors import ArgumentError, KindError
from annealing.curves.curve import Curve
from annealing.forecast.blocks import sampled, together
from annealing.forecast.calibrated import CALIBRATION
from annealing.forecast.cells import Floats, Whole
from annealing.forecast.fitted import Fit, FittedLaw, Pilot
from annealing.forecast.laws import Scale, law_named
from annealing.forecast.solve import Problem, solve
from annealing.forecast.uncertainty import covariance

LEVEL = {"power": 0.5, "log": 0.5, "multi-power": 0.0}
"""How the default laws are averaged for losses: the extended laws are closest."""

RANKING = {"power": 0.1, "log": 0.1, "multi-power": 0.8}
"""How they are averaged to compare schedules: the extended laws err with a schedule's shape, the multi-power law hardly does."""

_EARLY = 12  # losses in the first twelfth of the longest pilot are left out, and those of the warm-up
_FEWEST = 12


def fit(curves: Iterable[Curve], law: str | None = None) -> Fit:
    """Fit the laws of loss curves to pilots; the result predicts the loss under schedules that nobody has run.

    >>> import annealing as an, numpy as np
    >>> from annealing.curves import Curve
    >>> from annealing.forecast import fit
    >>> t = np.arange(100, 4_000, 50)
    >>> stable, decayed = (1e-3 * an.wsd()).over(4_000), (1e-3 * an.chain(an.warmup(80), an.cosine(to=0.1))).over(4_000)
    >>> pilots = [Curve(t, 2 + 9 / (t + 100) ** 0.3 + 40 * rate(t), rate) for rate in (stable, decayed)]
    >>> forecast = fit(pilots)
    >>> loss = forecast.predict((1e-3 * an.chain(an.warmup(80), an.hold(), an.cooldown("30%"))).over(8_000))
    >>> loss.shape, bool(2 < loss[-1] < pilots[0].losses[-1])
    ((8000,), True)

    Arguments: `curves`, two or three pilots at one peak rate, each with the rate of every update: one held at the peak and one
    decayed at least; `law`, the name of one law, by default the two extended laws for levels and the multi-power law with them
    for ranking (see `LAWS`). Losses that are not finite are passed over, and so are those of the warm-up and of the first
    twelfth. Raises `ArgumentError` for curves without a rate, with losses that are not positive, or with too few points.
    """
    pilots = _checked(curves)
    laws = [law_named(law)] if law is not None else [law_named(name) for name in LEVEL]
    problem = _problem(pilots)
    solved: list[FittedLaw] = []
    for one in laws:
        values = solve(one, problem).values
        spread = covariance(one, values, problem) if law is not None or LEVEL[one.name] else np.zeros((0, 0))
        solved.append(
            FittedLaw(
                one.name,
                tuple(values.tolist()),
                tuple(map(tuple, spread.tolist())),
                level=1.0 if law is not None else LEVEL[one.name],
                ranking=1.0 if law is not None else RANKING[one.name],
            )
        )
    return Fit(
        tuple(solved),
        problem.scale,
        tuple(_pilot(curve, problem.scale.rate) for curve in pilots),
        CALIBRATION if law is None else None,
    )


def _checked(curves: Iterable[Curve]) -> list[Curve]:
    if isinstance(curves, Curve):
        raise KindError("fit reads several curves: write fit([curve, …]).")
    pilots = list(curves)
    if not pilots:
        raise ArgumentError("there is nothing to fit: give the curves of two or three pilots.")
    for place, curve in enumerate(pilots):
        called = curve.name or f"number {place}" if isinstance(curve, Curve) else ""
        if not isinstance(curve, Curve):
            raise KindError(f"{curve!r} is no curve: write Curve(update, loss, rate=plan).")
        if not curve.rates.any():
            raise ArgumentError(f"every rate of pilot {called} is 0: give the rates it was trained with.")
        if np.any(curve.losses[curve.finite] <= 0):
            raise ArgumentError(f"pilot {called} has a loss that is not above 0: the laws are of losses such as cross-entropy.")
    return pilots


def _problem(pilots: list[Curve]) -> Problem:
    reference = max(float(curve.rates.max()) for curve in pilots)
    longest = max(int(curve.updates[-1]) + 1 for curve in pilots)
    kept = [_kept(curve, longest) for curve in pilots]
    points = sum(update.size for update, _ in kept)
    if points < _FEWEST:
        raise ArgumentError(
            f"{points} losses after the warm-up and the first twelfth are too few to fit: log {_FEWEST} at least."
        )
    runs = [sampled(curve.rates, update, reference) for curve, (update, _) in zip(pilots, kept, strict=True) if update.size]
    progress = float(np.median([curve.rates.sum() / reference for curve in pilots]))
    every = np.concatenate([update for update, _ in kept]) + 1.0
    return Problem(
        together(runs), np.log(np.concatenate([loss for _, loss in kept])), (every / longest) ** 0.25, Scale(reference, progress)
    )


def _kept(curve: Curve, longest: int) -> tuple[Whole, Floats]:
    """The points that the laws are about: finite, after the warm-up and the first twelfth."""
    rates = curve.rates
    top = int(np.argmax(rates >= 0.999 * rates.max()))
    begin = max(top, min(longest // _EARLY, int(curve.updates[-1]) // 2))
    kept = curve.finite & (curve.updates >= begin)
    return curve.updates[kept], curve.losses[kept]


def _pilot(curve: Curve, reference: float) -> Pilot:
    last = int(curve.updates[-1])
    relative = curve.rates[: last + 1] / reference
    return Pilot(
        name=curve.name,
        updates=last + 1,
        points=int(curve.finite.sum()),
        warmup=int(np.argmax(relative >= 0.999 * relative.max())),
        held=float(np.mean(relative >= 0.95)),
        lowest=float(relative[last]),
    )
