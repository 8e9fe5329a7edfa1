"""What `fit` found: a value that predicts, says how sure it is, compares, and reads back from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, cast, final

import numpy as np

from annealing.core.errors import ArgumentError, ParseError
from annealing.core.plan import Plan
from annealing.forecast.blocks import Sampled, sampled
from annealing.forecast.calibration import Calibration
from annealing.forecast.cells import Floats, Whole
from annealing.forecast.doubts import doubts_of
from annealing.forecast.laws import Scale, law_named
from annealing.forecast.rates import places_of, rates_of
from annealing.forecast.shape import disagreement
from annealing.forecast.solve import predicted
from annealing.forecast.whole_run import places_in, spread

VERSION = 1


class FittedLaw(NamedTuple):
    """One law with the values of its parameters, and how it counts in averages."""

    name: str
    values: tuple[float, ...]  # floor, A, B, then the law's own
    covariance: tuple[tuple[float, ...], ...]
    level: float
    ranking: float

    def parameters(self) -> dict[str, float]:
        """The values by name. Many parameters trade off against each other: compare predictions, not these."""
        names = ("floor", "A", "B", *(parameter.name for parameter in law_named(self.name).parameters))
        return dict(zip(names, self.values, strict=True))


class Pilot(NamedTuple):
    """What a pilot was, as far as trusting the fit depends on it."""

    name: str
    updates: int  # up to its last loss
    points: int
    warmup: int  # updates before its peak
    held: float  # share of its updates at the reference rate
    lowest: float  # its last rate, over the reference rate


class Band(NamedTuple):
    """An interval at each update."""

    low: Floats
    high: Floats


@final
@dataclass(frozen=True)
class Fit:
    """Laws fitted to pilots: a forecast of any run at the same peak rate. Made by `fit`.

    `predict` gives one loss per update, `interval` a band, `rank` the best of several runs, `doubts` what speaks against
    trusting it.
    """

    laws: tuple[FittedLaw, ...]
    scale: Scale
    pilots: tuple[Pilot, ...]
    calibration: Calibration | None = None

    def predict(self, run: Plan | Sequence[float] | Floats, at: Any = None) -> Floats:
        """Return the loss after each update of a run: the mean of the two extended laws, or the law that was chosen.

        Arguments: `run`, a plan, or one rate per update; `at`, the updates to look at (0-based, rising), by default all of them.
        Raises `KindError` or `ArgumentError` for what is no run.
        """
        rates = rates_of(run)
        if at is not None:
            return self._mean(self._seen(rates, places_of(at, rates.size)), ranking=False)
        places = places_in(rates)
        return spread(places, self._mean(self._seen(rates, places), ranking=False), rates.size)

    def final(self, run: Plan | Sequence[float] | Floats) -> float:
        """Return the loss after the last update of a run."""
        rates = rates_of(run)
        return float(self._mean(self._last(rates), ranking=False)[0])

    def score(self, run: Plan | Sequence[float] | Floats) -> float:
        """Return the number by which runs are compared: the final loss in a weighted average of all three laws.

        Differences between scores mean more than differences between predictions; their level means less.
        """
        return float(self._mean(self._last(rates_of(run)), ranking=True)[0])

    def rank(self, runs: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, float]]:
        """Return runs in the order of their scores, the lowest first: (name, score), or (place, score) for a sequence.

        Raises `ArgumentError` where there is nothing to compare.
        """
        named = list(runs.items()) if isinstance(runs, Mapping) else list(enumerate(runs))
        if not named:
            raise ArgumentError("there is nothing to rank: give several runs, by name or in a list.")
        return sorted(((name, self.score(run)) for name, run in named), key=lambda pair: pair[1])

    def interval(self, run: Plan | Sequence[float] | Floats, level: float = 0.9, at: Any = None) -> Band:
        """Return a band that holds the loss of a run with probability `level`.

        The error of the laws themselves, several times what the pilots' scatter explains, is part of it: it was calibrated on
        final losses of runs held out, by the conformal route. The band is not centred on the prediction: where the multi-power
        law sees the shape of the schedule differently, the truth lies between; but it always holds the prediction. Arguments:
        `level`, from 0.5 to 0.98; `run` and `at` as in `predict`. Raises `ArgumentError` for a level outside, and for a fit of
        one law, for which nothing was calibrated.
        """
        if self.calibration is None:
            raise ArgumentError("intervals are calibrated for the laws that fit chooses itself: leave law= out.")
        factor = self.calibration.factor(level)
        rates = rates_of(run)
        places = places_in(rates) if at is None else places_of(at, rates.size)
        middle, deviation = self.centre_and_deviation(rates, places)
        forecast = self._mean(self._seen(rates, places), ranking=False)  # the band holds it, however far the laws are apart
        low = np.minimum(middle - factor * deviation, forecast)
        high = np.maximum(middle + factor * deviation, forecast)
        return Band(low, high) if at is not None else Band(spread(places, low, rates.size), spread(places, high, rates.size))

    def centre_and_deviation(self, rates: Floats, places: Whole) -> tuple[Floats, Floats]:
        """Return the middle of the band and the deviation that its width is a multiple of, at each place."""
        assert self.calibration is not None, "interval has checked this"
        seen = self._seen(rates, places)
        middle = self._mean(seen, ranking=False) - self.calibration.shift * disagreement(self, seen, rates, places)
        return middle, self.calibration.deviation(self.statistical(seen))

    def statistical(self, seen: Sampled) -> Floats:
        """Return the standard deviation that the pilots' scatter explains, at each sample."""
        total = np.zeros(seen.updates.size)
        for law in self.laws:
            if law.level:
                _, slopes = predicted(law_named(law.name), np.array(law.values), seen, self.scale)
                total += law.level * np.sqrt(np.maximum(np.sum(slopes * (np.array(law.covariance) @ slopes), axis=0), 0.0))
        return total

    def doubts(self, run: Plan | Sequence[float] | Floats | None = None) -> tuple[str, ...]:
        """Return what speaks against trusting this fit, or its forecast of a run, each with how to mend it."""
        return doubts_of(self, None if run is None else rates_of(run))

    def by_law(self, seen: Sampled) -> dict[str, Floats]:
        """Return each law's loss at each sample."""
        return {law.name: predicted(law_named(law.name), np.array(law.values), seen, self.scale)[0] for law in self.laws}

    def seen(self, rates: Floats, places: Whole) -> Sampled:
        """Compress a run, looked at after some of its updates."""
        return self._seen(rates, places)

    def to_json(self) -> str:
        """Write the fit as JSON; `Fit.from_json` reads it back to the same numbers."""
        return json.dumps({"annealing": VERSION, "fit": asdict(self)})

    @staticmethod
    def from_json(text: str) -> Fit:
        """Read what `to_json` wrote.

        Raises `ParseError` for anything else.
        """
        try:
            data: Any = json.loads(text)
            if data["annealing"] > VERSION:
                raise ParseError(f"this fit was written by format version {data['annealing']}: upgrade annealing.")
            return _read(data["fit"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if isinstance(error, ParseError):
                raise
            raise ParseError('this is no fit: it should read {"annealing": 1, "fit": {…}}, as Fit.to_json wrote it.') from None

    def _seen(self, rates: Floats, places: Whole) -> Sampled:
        return sampled(rates, places, self.scale.rate)

    def _last(self, rates: Floats) -> Sampled:
        return self._seen(rates, np.array([rates.size - 1]))

    def _mean(self, seen: Sampled, *, ranking: bool) -> Floats:
        total = np.zeros(seen.updates.size)
        for law in self.laws:
            share = law.ranking if ranking else law.level
            if share:
                total += share * predicted(law_named(law.name), np.array(law.values), seen, self.scale)[0]
        return total


def _read(fit: dict[str, Any]) -> Fit:
    calibration = fit["calibration"]
    return Fit(
        tuple(
            FittedLaw(
                law_named(name).name, tuple(map(float, values)), tuple(tuple(map(float, row)) for row in rows), level, ranking
            )
            for name, values, rows, level, ranking in fit["laws"]
        ),
        Scale(*map(float, fit["scale"])),
        tuple(Pilot(*pilot) for pilot in fit["pilots"]),
        None
        if calibration is None
        else Calibration(calibration["shift"], tuple(cast("list[float]", calibration["scores"])), calibration["source"]),
    )
