"""A comparison made of arithmetic instead of training: what a report gets, in a millisecond."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from annealing.study.result import Comparison, Curve, Row, Run

TEXTS = {
    "constant": "constant()",
    "step": "step()",
    "exponential": "exponential(to=0.01)",
    "inverse-time": "inverse_time(rate=9)",
    "linear": "linear()",
    "cosine": "cosine()",
    "cosine with restarts": "sgdr()",
    "triangular": "triangular()",
    "wsd": "wsd()",
    "warm-up + cosine": 'chain(warmup("10%"), cosine())',
}
FINAL = dict(zip(TEXTS, (0.4177, 0.400, 0.3817, 0.3783, 0.3686, 0.3751, 0.381, 0.3881, 0.3784, 0.3712), strict=True))
RATES = (0.01, 0.03, 0.1, 0.3)


def make_comparison(
    names: tuple[str, ...] = tuple(TEXTS), lost: tuple[str, ...] = (), seeds: int = 8, updates: int = 1000
) -> Comparison:
    """Build a comparison whose arms end at the losses of `FINAL`; those in `lost` diverge on every seed."""
    generator = np.random.default_rng(0)
    runs = [
        _run(generator, name, lr, seed, "tuning", updates, diverged=lr == RATES[-1] or name in lost)
        for name in names
        for lr in RATES
        for seed in range(4)
    ]
    runs += [
        _run(generator, name, 0.1, 4 + seed, "evaluation", updates, diverged=name in lost)
        for name in names
        for seed in range(seeds)
    ]
    best = min((name for name in names if name not in lost), key=_final, default=names[0])
    rows = [_row(name, [run for run in runs if run.role == "evaluation"], best) for name in names]
    rows.sort(key=lambda row: math.inf if row.mean is None else row.mean)
    ranked = tuple(Row(**{**vars(row), "rank": rank}) for rank, row in enumerate(rows, 1))
    words = f"{best} beats constant by 0.049 ± 0.006; {best} and cosine cannot be told apart."
    seeds_used = tuple(range(4)), tuple(range(4, 4 + seeds))
    return Comparison("digits", "nesterov", updates, ranked, best, words, tuple(runs), *seeds_used, 61.4, False)


def _final(name: str) -> float:
    """Where an arm ends; one that is no default is named by its text, and longer texts end higher."""
    return FINAL.get(name, 0.36 + 0.001 * len(name))


def _run(generator: np.random.Generator, name: str, lr: float, seed: int, role: str, updates: int, *, diverged: bool) -> Run:
    update = np.linspace(0, updates, 26).astype(np.int64)[1:]
    final = _final(name) + 0.5 * math.log10(lr / 0.1) ** 2 * 0.2 + 0.006 * generator.standard_normal()
    loss = final + 1.9 * np.exp(-update / (0.12 * updates)) + 0.15 * (1 - update / updates) + 0.01 * generator.standard_normal(25)
    loss[-1] = final
    if diverged:
        loss[6:] = np.nan
        loss[3:6] *= [2.0, 40.0, 1e12]
    curve = Curve(update, loss * 0.95, loss, np.full(25, lr))
    accuracy = {} if diverged else {"accuracy": 1 - final / 4}
    return Run(name, lr, seed, role, curve, math.nan if diverged else final, accuracy, diverged, 0.8)


def _row(name: str, runs: list[Run], best: str) -> Row:
    losses = np.array([run.loss for run in runs if run.arm == name])
    others = np.array([run.loss for run in runs if run.arm == best])
    diverged = int(np.isnan(losses).sum())
    if diverged:
        return Row(name, TEXTS.get(name, name), 0.1, None, None, None, None, len(losses), diverged, 0, "diverged", {}, False)
    mean, interval = _interval(losses)
    metrics = {"accuracy": 1 - mean / 4}
    if name == best:
        return Row(name, TEXTS.get(name, name), 0.1, mean, interval, None, None, len(losses), 0, 0, "reference", metrics, False)
    difference, around = _interval(losses - others)
    verdict = "cannot be told apart"
    if around is not None and not around[0] <= 0 <= around[1]:
        verdict = "worse" if difference > 0 else "better"
    edge = name == "triangular"
    return Row(name, TEXTS.get(name, name), 0.1, mean, interval, difference, around, len(losses), 0, 0, verdict, metrics, edge)


def _interval(values: np.ndarray) -> tuple[float, tuple[float, float] | None]:
    if len(values) < 2:
        return float(values.mean()), None
    mean, half = float(values.mean()), 1.9 * float(values.std(ddof=1)) / math.sqrt(len(values))
    return mean, (mean - half, mean + half)


@pytest.fixture(scope="session")
def make() -> Callable[..., Comparison]:
    return make_comparison


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    return make_comparison()
