"""The real loss curves beside the repository, where they are present, and how forecasts of them come out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from annealing.curves import Curve
from annealing.forecast import Case, Fit, fit
from annealing.forecast.shape import disagreement

BESIDE = Path(__file__).parents[3] / "shared"
DATA = BESIDE / "data" / "llm-curves"


class Run(NamedTuple):
    """One real curve, and what the index says of it."""

    curve: Curve
    facts: dict[str, Any]


def real_runs() -> dict[str, dict[str, Run]]:
    """Every real curve by folder and run, with the rate of every update; nothing where the folder is not there."""
    if not DATA.is_dir():
        return {}
    groups: dict[str, dict[str, Run]] = {}
    for facts in json.loads((DATA / "index.json").read_text(encoding="utf-8")):
        rows = np.genfromtxt(DATA / facts["group"] / f"{facts['run']}.csv", delimiter=",", skip_header=1)
        update, logged, loss = rows.T
        rates = _rebuilt(facts)
        seen = rates[update.astype(int)]
        if facts["kind"] != "stable" and not np.allclose(seen, logged, rtol=1e-6, atol=1e-6 * facts["peak"]):
            raise AssertionError(f"{facts['group']}/{facts['run']}: the rebuilt rate is not the logged one")
        groups.setdefault(facts["group"], {})[facts["run"]] = Run(Curve(update, loss, rates, facts["run"]), facts)
    return groups


def _rebuilt(facts: dict[str, Any]) -> np.ndarray:
    """The rate of every update, as the README beside the curves describes it."""
    total, warm, peak = facts["total"], facts["warmup"], facts["peak"]
    t = np.arange(total, dtype=np.float64)
    if facts["source"] == "MultiPowerLaw":
        rates = np.full(total, peak)
        end = facts["end"]
        since = (t - facts.get("decay_from", warm)) / (total - facts.get("decay_from", warm))
        match facts["kind"]:
            case "cosine":
                rates = end + (peak - end) * (1 + np.cos(np.pi * since)) / 2
            case "wsd":
                rates = np.where(since < 0, peak, peak * (end / peak) ** since)
            case "wsdld":
                rates = np.where(since < 0, peak, peak + (end - peak) * since)
            case "wsdcon":
                rates = np.where(t < facts["switch_at"], peak, facts["second_lr"])
            case _:
                pass
        rates[:warm] = np.linspace(0, peak, warm)
        return rates
    if facts["kind"] == "cos":
        end = 0.1 * peak if facts["end_fraction"] == 0.1 else 1e-7
        rise = peak / 100 + (peak - peak / 100) * (1 - np.cos(np.pi * t / 299)) / 2
        fall = end + (peak - end) * (1 + np.cos(np.pi * (t - 299) / (total - 1 - 299))) / 2
        return np.where(t < 299, rise, fall)
    last = int((facts.get("cooldown_fraction") or 0) * total)
    since = np.maximum((t - (total - last)) / max(last, 1), 0)
    fall = 1 - np.sqrt(since) if facts.get("decay") == "sqrt" else 1 - since
    return peak * np.where(t < warm, 0.01 + 0.99 * t / warm, fall)


class Accuracy(NamedTuple):
    """Mean absolute errors on the runs that were no pilots, each run counting equally."""

    every: float
    strict: float  # only points that are not also points of a pilot: the runs share their stable phases
    final: float


def accuracy(forecast: Fit, pilots: list[Curve], others: list[Curve]) -> Accuracy:
    """How far a forecast is off on the other runs of its folder."""
    known = {point for curve in pilots for point in zip(curve.updates.tolist(), curve.losses.tolist(), strict=True)}
    rows: list[tuple[float, float, float]] = []
    for curve in others:
        missed = np.abs(forecast.predict(curve.rates, at=curve.updates) - curve.losses)
        new = [point not in known for point in zip(curve.updates.tolist(), curve.losses.tolist(), strict=True)]
        rows.append((float(missed.mean()), float(missed[new].mean()), float(missed[-1])))
    return Accuracy(*np.mean(rows, axis=0).tolist())


def split_by_role(runs: dict[str, Run]) -> tuple[list[Curve], list[Curve]]:
    """The pilots of a folder, and its other runs."""
    pilots = [run.curve for run in runs.values() if run.facts["role"] == "pilot"]
    return pilots, [run.curve for run in runs.values() if run.facts["role"] != "pilot"]


PILOT_SETS = {
    "A": ("stable", "wsd-linear-0.2-T25000"),
    "B": ("stable", "cosine-10pct-T25000"),
    "C": ("stable", "wsd-linear-0.2-T25000", "cosine-10pct-T25000"),
    "D": ("stable", "cosine-zero-T25000", "wsd-linear-0.1-T25000", "wsd-linear-0.4-T25000"),
    "E": ("stable", "every run of 25000 updates"),
}
"""Pilots of 25 000 updates, from two to all; "stable" is the first half of the stable run."""


def pilots_of(runs: dict[str, Run], name: str) -> list[Curve]:
    stable = runs["stable-T50000"].curve.until(25_000)
    if name == "E":
        return [stable, *(run.curve for name, run in runs.items() if name.endswith("T25000"))]
    return [stable, *(runs[name].curve for name in PILOT_SETS[name][1:] if name in runs)]


def longer(runs: dict[str, Run]) -> dict[str, Curve]:
    """The runs of 35 000 and 50 000 updates that decay, without replicates."""
    return {
        name: run.curve for name, run in runs.items() if name.endswith(("T35000", "T50000")) and not name.startswith("stable")
    }


class Outcome(NamedTuple):
    """One forecast of a final loss, and what it was made of."""

    pilots: str
    run: str
    case: Case
    score: float  # at the last update whose loss was logged
    truth: float
    end_score: float  # at the end of the run
    end_truth: float  # on the whole validation set


def outcomes(runs: dict[str, Run]) -> Iterator[Outcome]:
    """Forecast the longer runs of a folder from each set of pilots."""
    for name in PILOT_SETS:
        forecast = fit(pilots_of(runs, name))
        for run, curve in longer(runs).items():
            yield Outcome(
                name,
                run,
                case_of(forecast, curve),
                forecast.score(curve.rates[: curve.updates[-1] + 1]),
                float(curve.losses[-1]),
                forecast.score(curve.rates),
                float(runs[run].facts["final_full_val"]),
            )


def case_of(forecast: Fit, curve: Curve) -> Case:
    """How a forecast of a run's last loss came out."""
    last = curve.updates[-1:]
    seen = forecast.seen(curve.rates, last)
    return Case(
        float(forecast.predict(curve.rates, at=last)[0] - curve.losses[-1]),
        float(disagreement(forecast, seen, curve.rates, last)[0]),
        float(forecast.statistical(seen)[0]),
    )


def regrets(found: list[Outcome], *, end: bool = False, ending: str = "T50000") -> list[float]:
    """What the run with the best score lost to the best run, for each set of pilots: at the last logged loss, or at the end."""
    every: list[float] = []
    for name in PILOT_SETS:
        rows = [outcome for outcome in found if outcome.pilots == name and outcome.run.endswith(ending)]
        pairs = [(row.end_score, row.end_truth) if end else (row.score, row.truth) for row in rows]
        every.append(min(pairs)[1] - min(truth for _, truth in pairs))
    return every
