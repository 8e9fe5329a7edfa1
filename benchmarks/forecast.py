"""How well losses are forecast, and how fast: real curves where they are present, an exact quadratic, the convex bound.

    python benchmarks/forecast.py [--calibrate] [--only accuracy|horizons|quadratic|speed|bound|design]

Real curves are looked for at ../shared/data/llm-curves beside the repository; each folder that is there is measured. One
thread, processor seconds. `--calibrate` prints the calibration that intervals ship with instead.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # what the tests measure, this prints

import annealing as an
from annealing.curves import Curve
from annealing.forecast import Design, bound, bound_curve, bound_gradient, calibrate, design, design_for_bound, fit
from tests.forecast import reference
from tests.forecast.cases import quadratic, quadratic_runs
from tests.forecast.real import BESIDE, Outcome, Run, accuracy, longer, outcomes, pilots_of, real_runs, regrets, split_by_role

PUBLISHED = {"mpl-25M": 0.00376, "mpl-100M": 0.00435}
LEVEL = 0.9
PARTS = ("accuracy", "horizons", "quadratic", "speed", "bound", "design")


def line(what: str, measured: str, target: str = "") -> None:
    print(f"{what:78s} {measured:28s} {target}", flush=True)


def seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """The median processor time of a few runs of a call, after one to warm up: the machine may have other work."""
    call()
    spent: list[float] = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        spent.append(time.process_time() - begin)
    return statistics.median(spent)


def measure_accuracy(groups: dict[str, dict[str, Run]]) -> None:
    """Fit on a folder's pilots, test on its other runs."""
    rows = {}
    for name, runs in groups.items():
        if all("role" not in run.facts for run in runs.values()):
            continue
        pilots, others = split_by_role(runs)
        rows[name] = found = accuracy(fit(pilots), pilots, others)
        published = f", published {PUBLISHED[name]:.5f}" if name in PUBLISHED else ""
        line(f"{name}: mean absolute error on {len(others)} other runs", f"{found.every:.5f}", f"<= 0.0033{published}")
        line(f"{name}: of points that no pilot shares; of the last loss", f"{found.strict:.5f}; {found.final:.5f}")
        for law in ("multi-power", "functional-scaling", "momentum", "rate-blind"):
            single = accuracy(fit(pilots, law=law), pilots, others)
            line(f"{name}: the same with the {law} law alone", f"{single.every:.5f}; strict {single.strict:.5f}")
    if rows:
        every, strict, _ = np.mean(list(rows.values()), axis=0)
        line("mean of the folders: mean absolute error", f"{every:.5f}", "<= 0.0027")
        line("mean of the folders: strict error", f"{strict:.5f}", "<= 0.0034")


def measure_horizons(groups: dict[str, dict[str, Run]]) -> None:
    """Fit on runs of 25 000 updates, test on those of 35 000 and 50 000; intervals leave one learning rate out."""
    found = {name: list(outcomes(runs)) for name, runs in groups.items() if "stable-T50000" in runs}
    for name, rows in found.items():
        errors = [abs(row.case.error) for row in rows]
        line(f"{name}: last loss at 35k and 50k, {len(rows)} forecasts", f"{np.mean(errors):.5f}", "<= 0.0055")
        line(f"{name}: regret of the 50k run chosen, mean of 5 sets of pilots", f"{np.mean(regrets(rows)):.5f}", "<= 0.001")
        line(f"{name}: the same at the very end, on the whole validation set", f"{np.mean(regrets(rows, end=True)):.5f}")
    if found:
        errors = [abs(row.case.error) for rows in found.values() for row in rows]
        line("all rates: last loss at 35k and 50k", f"{np.mean(errors):.5f}", "<= 0.0055")
        line("all rates: regret", f"{np.mean([r for rows in found.values() for r in regrets(rows)]):.5f}", "<= 0.001")
        ends = [r for rows in found.values() for r in regrets(rows, end=True)]
        line("all rates: regret at the very end, on the whole validation set", f"{np.mean(ends):.5f}")
    if len(found) > 1:
        measure_intervals(found)


def measure_intervals(found: dict[str, list[Outcome]]) -> None:
    """Each rate's intervals are calibrated on the other rates alone; a constant band is calibrated the same way."""
    inside, widths, scores, plain = [], [], [], []
    for name, rows in found.items():
        others = [row.case for other, several in found.items() if other != name for row in several]
        calibration = calibrate(others)
        error, apart, statistical = np.array([row.case for row in rows]).T
        half = calibration.factor(LEVEL) * calibration.deviation(statistical)
        missed = error - calibration.shift * apart
        sizes = np.sort([abs(case.error) for case in others])
        constant = np.full(error.size, sizes[int(np.ceil((sizes.size + 1) * LEVEL)) - 1])
        inside.append(np.abs(missed) <= half)
        widths.append(half)
        scores.append(interval_score(half, missed))
        plain.append(interval_score(constant, error))
        line(f"{name}: coverage of 90 % intervals calibrated on the other rates", f"{inside[-1].mean():.3f}")
        line(f"{name}: interval score, and of a constant band", f"{scores[-1].mean():.4f}, {plain[-1].mean():.4f}")
    line("all rates: coverage", f"{np.concatenate(inside).mean():.3f}", "0.85 to 0.95")
    line("all rates: half-width", f"{np.concatenate(widths).mean():.4f}", "<= 0.011")
    line(
        "all rates: interval score",
        f"{np.concatenate(scores).mean():.4f}",
        f"< {np.concatenate(plain).mean():.4f}, a constant band's",
    )


def interval_score(half: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Width, and 2 / (1 − level) times what an interval misses by (Gneiting and Raftery 2007): lower is better."""
    return 2 * half + 2 / (1 - LEVEL) * np.maximum(np.abs(missed) - half, 0)


def measure_quadratic() -> None:
    """The power-law quadratic: no data, no chance."""
    runs = quadratic_runs()
    pilots = [runs[name] for name in ("cosine", "constant", "two stages")]
    six = {name: curve for name, curve in runs.items() if name != "cosine, 3 times as long"}
    truth = sorted(six, key=lambda name: six[name].losses[-1])
    for law in (None, "multi-power", "momentum", "rate-blind"):
        forecast = fit(pilots, law=law)
        ranked = [name for name, _ in forecast.rank({name: curve.rates for name, curve in six.items()})]
        explained = [
            1 - np.sum((forecast.predict(c.rates, at=c.updates) - c.losses) ** 2) / np.sum((c.losses - c.losses.mean()) ** 2)
            for c in (curve for curve in runs.values() if curve not in pilots)
        ]
        target = "exactly, > 0.995" if law is None else ""
        says = "exactly" if ranked == truth else "not in order"
        line(
            f"quadratic, {law or 'default laws'}: six schedules ranked; least R² on 4 others",
            f"{says}, {min(explained):.4f}",
            target,
        )


def measure_speed(groups: dict[str, dict[str, Run]]) -> None:
    for name, runs in groups.items():
        if any("role" in run.facts for run in runs.values()):
            pilots, others = split_by_role(runs)
            forecast = fit(pilots)
            line(f"{name}: fit of three pilots, seconds", f"{seconds(lambda p=pilots: fit(p)):.3f}", "<= 0.5")
            longest = max(others, key=lambda curve: curve.total)
            spent = seconds(lambda f=forecast, c=longest: f.predict(c.rates))
            line(f"{name}: one loss per update for {longest.total} updates, seconds", f"{spent:.3f}")
    runs = quadratic_runs()
    pilots = [runs[name] for name in ("cosine", "constant", "two stages")]
    line("quadratic: fit of three pilots, seconds", f"{seconds(lambda: fit(pilots)):.3f}", "<= 0.5")


def direct(rates: np.ndarray, places: np.ndarray) -> list[float]:
    """The published sums, for each place anew: what a curve costs as a double loop (the inner one in NumPy)."""
    found: list[float] = []
    for t in places.tolist():
        eta = rates[: t + 1]
        progress, energy = np.cumsum(eta), np.cumsum(eta**2)
        before, used = np.concatenate(([0.0], progress[:-1])), np.concatenate(([0.0], energy[:-1]))
        inner = eta[:-1] / (progress[-1] - progress[:-1]) * (energy[-1] - used[:-1]) / (progress[-1] - before[:-1])
        found.append(float((1 + energy[-1]) / (2 * progress[-1]) + 0.5 * inner.sum()))
    return found


def measure_bound() -> None:
    worst, worst_curve = 0.0, 0.0
    for schedule in (an.cosine(), an.hold(), an.wsd(), an.linear()):
        rates = (0.01 * schedule).over(400_000).values()
        places = np.unique(np.linspace(100, 399_999, 25).astype(int))
        exact = np.array([float(reference.bound(rates, t, 1.0, 1.0)) for t in places.tolist()])
        worst = max(worst, abs(bound(rates) / exact[-1] - 1))
        worst_curve = max(worst_curve, float(np.abs(bound_curve(rates, at=places) / exact - 1).max()))
    line("bound, 400 000 updates: one value against long double, relative", f"{worst:.1e}", "<= 2e-5")
    line("bound, 400 000 updates: curve against long double, relative", f"{worst_curve:.1e}", "<= 2e-5")
    rates = (0.01 * an.wsd()).over(400_000).values()
    line(
        "bound, 400 000 updates: one value; with its gradient, ms",
        f"{1e3 * seconds(lambda: bound(rates)):.1f}; {1e3 * seconds(lambda: bound_gradient(rates)):.1f}",
    )
    for total, count in ((50_000, 50_000), (400_000, 1_000)):
        rates = (0.01 * an.wsd()).over(total).values()
        places = np.unique(np.linspace(1, total - 1, count).astype(int))
        ours = seconds(lambda r=rates, p=places: bound_curve(r, at=p), 3)
        every = max(1, places.size // 100)  # the double loop is timed on 100 of the places and scaled up
        theirs = seconds(lambda r=rates, p=places[::every]: direct(r, p), 1) * every
        line(
            f"bound, whole curve, {places.size} places of {total} updates: seconds, and times faster than the double loop",
            f"{ours:.3f}, {theirs / ours:.0f}x",
            ">= 30x",
        )


def measure_design(groups: dict[str, dict[str, Run]]) -> None:
    """Design for the pilots of each folder; beside it the real run whose rates are nearest, and how it really ended."""
    for name, runs in groups.items():
        if "stable-T50000" in runs:
            pilots, total, floor = pilots_of(runs, "C"), 50_000, 0.0
            others = [curve for run, curve in longer(runs).items() if run.endswith("T50000")]
        elif any("role" in run.facts for run in runs.values()):
            pilots, total, floor = split_by_role(runs)[0], 24_000, 3e-5
            others = [run.curve for run in runs.values() if run.curve.total == total]
        else:
            continue
        forecast = fit(pilots)
        found = design(forecast, total=total, floor=floor)
        spent = seconds(lambda f=forecast, t=total, low=floor: design(f, total=t, floor=low))
        line(f"{name}: design over {total} updates, seconds", f"{spent:.3f}", "<= 0.5" if total == 24_000 else "")
        told_of(name, found, others)
        for curve in others:
            gained, real = forecast.score(curve.rates) - found.optimum.score, float(curve.losses[-1])
            says = f"{gained:.4f}; {forecast.final(curve.rates):.4f}, {real:.4f}"
            line(f"{name}: {curve.name}: predicted gain over it; forecast and real last loss", says)
    measure_design_without_data()


def told_of(name: str, found: Design, others: list[Curve]) -> None:
    """The plan in phases, what it costs, what is predicted, and the nearest real run."""
    line(f"{name}: {found.nearest.plan}", f"costs {found.distance:.1e}")
    low, high = found.nearest.interval or (np.nan, np.nan)
    line(f"{name}: predicted final loss, 90 % interval", f"{found.nearest.loss:.4f}, {low:.4f} to {high:.4f}")
    rates = found.nearest.plan.values()
    near = min(others, key=lambda curve: float(np.abs(curve.rates - rates).mean()))
    apart = float(np.abs(near.rates - rates).mean() / rates.max())
    line(f"{name}: nearest real run {near.name}, {apart:.1%} of the peak away: its last loss", f"{near.losses[-1]:.4f}")


def measure_design_without_data() -> None:
    """On the quadratic a design can be run."""
    runs = quadratic_runs()
    forecast = fit([runs[name] for name in ("cosine", "constant", "two stages")])
    found = design(forecast, total=8_000, floor=0.01, warmup=400)
    last = np.array([7_999])
    truth, near = (float(quadratic(one.plan.values(), last)[0]) for one in (found.optimum, found.nearest))
    six = min(float(curve.losses[-1]) for curve in runs.values() if curve.total == 8_000)
    line("quadratic: design predicted; really; the best of six schedules", f"{found.optimum.loss:.4f}; {truth:.4f}; {six:.4f}")
    line(f"quadratic: {found.nearest.plan}", f"{found.nearest.loss:.4f}; {near:.4f}")
    for peak in (None, 0.003):
        best = design_for_bound(total=24_000, peak=peak)
        spent = seconds(lambda p=peak: design_for_bound(total=24_000, peak=p))
        line(f"bound, 24 000 updates: {best.nearest.plan}", f"{best.nearest.score:.6f}, optimum {best.optimum.score:.6f}")
        line("bound, 24 000 updates: design, seconds", f"{spent:.3f}", "<= 0.5")


def print_calibration(groups: dict[str, dict[str, Run]]) -> None:
    cases = [row.case for name in sorted(groups) if "stable-T50000" in groups[name] for row in outcomes(groups[name])]
    found = calibrate(cases)
    print(f"shift {found.shift:.3f}, {len(found.scores)} scores:")
    print(", ".join(f"{score:.3f}" for score in found.scores))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calibrate", action="store_true", help="print the calibration that intervals ship with")
    parser.add_argument(
        "--only", choices=["accuracy", "horizons", "quadratic", "speed", "bound", "design"], help="measure one part only"
    )
    arguments = parser.parse_args()
    groups = real_runs()
    if not groups:
        print(f"No real curves at {BESIDE.name}/data/llm-curves beside the repository: their part is left out.")
    if arguments.calibrate:
        print_calibration(groups)
        return
    parts: dict[str, Callable[[], None]] = {
        "accuracy": lambda: measure_accuracy(groups),
        "horizons": lambda: measure_horizons(groups),
        "quadratic": measure_quadratic,
        "speed": lambda: measure_speed(groups),
        "bound": measure_bound,
        "design": lambda: measure_design(groups),
    }
    for name, measure in parts.items():
        if arguments.only in (None, name):
            measure()


if __name__ == "__main__":
    main()
