"""QASA tells qubits apart and finds what goes together across a chip, on a simulated chip whose parameters are known.

The protocol's 81 fields, four parameters per qubit by maximum likelihood, and correlations against chips without any.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from annealing.beyond.qasa import (
    Fitted,
    Qubits,
    correlation,
    down_probability,
    fit_qubits,
    group_difference,
    simulated_table,
    sweep,
)
from annealing.beyond.qasa.protocol import SpinTable
from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, below, noted
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
NAMES = ("inverse temperature", "bias", "saturation", "noise")
READS = 100_000


def chip(qubits: int, rng: np.random.Generator, *, planted: bool) -> tuple[Qubits, NDArray[np.bool_]]:
    """Draw a chip, half of its qubits horizontal; with planted structure noise goes with β, and vertical qubits are colder."""
    horizontal = np.arange(qubits) % 8 < 4  # as in the cells of a Chimera graph
    beta = rng.normal(11.0, 0.5, qubits)
    noise = rng.normal(0.03, 0.004, qubits)
    if planted:
        noise = 0.03 + 0.004 * (1.5 * (beta - 11.0) / 0.5 + rng.standard_normal(qubits)) / np.hypot(1.5, 1.0)
        beta = beta + np.where(horizontal, 0.0, 0.4)
    return Qubits(beta, rng.normal(0.0, 0.005, qubits), rng.uniform(0.01, 0.03, qubits), np.maximum(noise, 0.005)), horizontal


def errors(fitted: Fitted, truth: Qubits) -> Floats:
    """The root mean square error of each parameter over the qubits."""
    return np.sqrt(((fitted.parameters.rows() - truth.rows()) ** 2).mean(axis=0))


def spearman(qubits: Qubits) -> float:
    """Spearman's ρ of inverse temperature and noise."""
    result: Any = stats.spearmanr(qubits.inverse_temperature, qubits.noise)
    return float(result.statistic)


def gaussian_noise_table(truth: Qubits, rng: np.random.Generator) -> SpinTable:
    """What would be counted if flux noise were Gaussian instead of one of two values: the mean over quadrature points."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    fields = sweep().values()
    shifted = [Qubits(truth[0], truth[1] + node * truth[3], truth[2], 0.0 * np.asarray(truth[3])) for node in nodes]
    # γh goes with the field, which the shift of the bias leaves alone
    chances = sum(weight * down_probability(fields, one) for weight, one in zip(weights / weights.sum(), shifted, strict=True))
    return SpinTable(fields, READS, rng.binomial(READS, np.clip(chances, 0.0, 1.0)).T, tuple(range(len(truth[0]))))


def run(scale: Scale, seed: int) -> Finding:
    """Fit qubits at three numbers of reads, then look across a chip with structure and one without."""
    few, many, chips = (24, 256, 199) if scale == "full" else (4, 16, 9)
    rng = np.random.default_rng(seed)
    single, _ = chip(few, rng, planted=False)
    fits = {reads: fit_qubits(simulated_table(single, reads=reads, seed=rng)) for reads in (10_000, READS, 1_000_000)}
    off = {reads: errors(fitted, single) for reads, fitted in fits.items()}
    beta_share = float(np.sqrt(np.mean((fits[READS].parameters.inverse_temperature / single.inverse_temperature - 1) ** 2)))
    truth, horizontal = chip(many, rng, planted=True)
    table = simulated_table(truth, reads=READS, seed=rng)
    fitted = fit_qubits(table)
    found = correlation(table, fitted, "inverse_temperature", "noise", chips=chips, seed=rng)
    bare, _ = chip(many, rng, planted=False)
    bare_table = simulated_table(bare, reads=READS, seed=rng)
    bare_fitted = fit_qubits(bare_table)
    null = correlation(bare_table, bare_fitted, "inverse_temperature", "noise", chips=chips, seed=rng)
    misfit = fit_qubits(gaussian_noise_table(single, rng)).parameters
    statistics = (
        below(f"inverse temperature at {READS} reads: relative error (RMS)", beta_share, 0.01),
        below(f"bias at {READS} reads: error (RMS)", off[READS][1], 3e-4),
        below(f"saturation at {READS} reads: error (RMS)", off[READS][2], 1.5e-3),
        below(f"noise at {READS} reads: error (RMS)", off[READS][3], 1.5e-3),
        above(
            "least factor by which errors shrink from 10000 to 1000000 reads",
            float((off[10_000] / off[1_000_000]).min()),
            5.0 - 1e-12,
            detail=", ".join(f"{name} {a / b:.1f}" for name, a, b in zip(NAMES, off[10_000], off[1_000_000], strict=True)),
        ),
        below(
            "planted correlation of inverse temperature and noise: distance of the fitted one",
            abs(found.rho - spearman(truth)),
            0.05,
            detail=f"planted {spearman(truth):.3f}, fitted {found.rho:.3f}, p = {found.p_value:.3g} against {chips} null chips",
        ),
        below(
            "planted difference between horizontal and vertical qubits: p-value",
            group_difference(fitted.parameters, "inverse_temperature", horizontal),
            1e-6,
            detail=f"of the true parameters {group_difference(truth, 'inverse_temperature', horizontal):.2g}",
        ),
        above(
            "chip without structure: p-value of its correlation",
            null.p_value,
            0.05,
            detail=f"fitted ρ {null.rho:.3f}, null chips {null.null.mean():.3f} ± {null.null.std():.3f}",
        ),
        above("Akaike's criterion for four parameters instead of two, mean over qubits", float(fitted.evidence.mean()), 0.0),
        noted("p-value of the planted correlation", found.p_value),
        noted("if flux noise is Gaussian: mean relative error of the inverse temperature", _shift(misfit[0], single[0])),
        noted("if flux noise is Gaussian: mean relative error of the noise", _shift(misfit[3], single[3])),
    )
    order = np.argsort(np.asarray(truth.inverse_temperature))
    figure = Curves(
        "Noise beside inverse temperature across the chip",
        "Colder qubits were made noisier, and the fits show it.",
        "inverse temperature",
        "flux noise",
        (
            Line("fitted", *_pairs(fitted.parameters, order)),
            Line("true", *_pairs(truth, order)),
        ),
    )
    seeds = f"seed {seed}: {few} qubits at three numbers of reads, chips of {many} qubits, {chips} null chips each"
    notes = (
        "The chip is simulated; a real one is measured by the same `measure`, through dimod's interface.",
        "Errors of β and η of one qubit go together, so correlations are compared with refitted chips that have none.",
        "One chip in twenty without structure would miss the p-value of 0.05 by chance.",
    )
    return Finding(statistics, seeds, figure, notes)


def _shift(fitted: Any, truth: Any) -> float:
    return float(np.mean(np.asarray(fitted) / np.asarray(truth) - 1))


def _pairs(qubits: Qubits, order: NDArray[np.int64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(np.asarray(qubits[0])[order].tolist()), tuple(np.asarray(qubits[3])[order].tolist())


STUDY = Study(
    name="qasa",
    title="The single-qubit assessment of annealers recovers each qubit, and what goes together across a chip",
    source="Nelson, Vuffray, Lokhov & Coffrin 2021, arXiv:2104.03335",
    shows=("F26", "C18"),
    criterion=(
        "On a simulated chip and 81 fields: with 100000 reads the RMS errors over 24 qubits are below 1 % (inverse "
        "temperature), 3e-4 (bias), 1.5e-3 (saturation) and 1.5e-3 (noise), and shrink at least fivefold from 10000 to "
        "1000000 reads; over 256 qubits a planted rank correlation is recovered within 0.05 and a planted difference of "
        "orientations detected at p < 1e-6; a chip without structure gives p > 0.05; and four parameters beat two by Akaike's"
        " criterion."
    ),
    run=run,
)
