"""Correlations of parameters across a chip, against what the fits' own errors would make of qubits without any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final, get_args

import numpy as np
from scipy import stats

from annealing.beyond.checks import Floats, Seed, generator
from annealing.beyond.qasa.chip import drawn
from annealing.beyond.qasa.fit import Fitted, polish, qubits_of, scaled_of
from annealing.beyond.qasa.model import Qubits, scaled_response
from annealing.beyond.qasa.protocol import SpinTable
from annealing.core.checks import whole
from annealing.core.errors import ArgumentError

Parameter: TypeAlias = Literal["inverse_temperature", "bias", "saturation", "noise"]


@final
@dataclass(frozen=True)
class Correlation:
    """Spearman's ρ of two fitted parameters over the qubits, those of simulated chips without any, and how rare it is there."""

    rho: float
    null: Floats
    p_value: float


def correlation(
    table: SpinTable, fitted: Fitted, first: Parameter, second: Parameter, *, chips: int = 199, seed: Seed = 0
) -> Correlation:
    """Correlate two parameters over a chip, and compare with chips whose qubits have the same values in shuffled company.

    The errors of two fitted parameters of one qubit go together (those of β and η by about +0.9), so chance makes correlations
    where there are none. Each null chip takes the fitted parameters, each shuffled over the qubits by itself, counts spins
    anew and is fitted anew.

    >>> from annealing.beyond.qasa import Qubits, fit_qubits, simulated_table
    >>> rng = np.random.default_rng(0)
    >>> beta = rng.normal(11, 0.5, 40)
    >>> chip = Qubits(beta, rng.normal(0, 0.005, 40), rng.uniform(0.01, 0.03, 40), 0.003 * beta)
    >>> table = simulated_table(chip, reads=1_000_000)
    >>> found = correlation(table, fit_qubits(table), "inverse_temperature", "noise", chips=39)
    >>> bool(found.rho > 0.95), found.p_value
    (True, 0.025)

    Arguments: `table` and `fitted`, what was counted and `fit_qubits` of it; `first` and `second`, names of parameters; `chips`,
    how many null chips, which bound the p-value from below by 1 / (chips + 1); `seed`.

    Raises `ArgumentError` for an unknown name.

    Source: parametric bootstrap (Efron & Tibshirani 1993) for the claim of Nelson et al. 2021, arXiv:2104.03335.
    """
    for name in (first, second):
        if name not in get_args(Parameter):
            raise ArgumentError(f"{name!r} is no parameter: write one of {', '.join(map(repr, get_args(Parameter)))}.")
    rng = generator(seed)
    rho = _spearman(fitted.parameters, first, second)
    null = np.array([_spearman(_refitted(table, fitted.parameters, rng), first, second) for _ in range(whole("chips", chips))])
    rare = 1 + int((np.abs(null) >= abs(rho)).sum())
    return Correlation(rho, null, rare / (len(null) + 1))


def group_difference(qubits: Qubits, parameter: Parameter, group: Any) -> float:
    """Return the p-value of a rank test of one parameter between two groups of qubits, such as horizontal and vertical ones.

    >>> from annealing.beyond.qasa import Qubits
    >>> group_difference(Qubits(np.arange(20.0), 0.0, 0.0, 0.0), "inverse_temperature", np.arange(20) < 10) < 1e-3
    True

    Arguments: `qubits`, such as `fitted.parameters`; `group`, one truth value per qubit. Raises `ArgumentError` for a group of
    another shape, of all or of none. Source: Mann & Whitney 1947, Annals of Mathematical Statistics 18.
    """
    values, chosen = np.asarray(getattr(qubits, parameter)), np.asarray(group, dtype=bool)
    if chosen.shape != values.shape or chosen.all() or not chosen.any():
        raise ArgumentError(
            f"group has shape {chosen.shape} and {chosen.sum()} members: one truth value per qubit, of both kinds."
        )
    result: Any = stats.mannwhitneyu(values[chosen], values[~chosen])
    return float(result.pvalue)


def _spearman(qubits: Qubits, first: str, second: str) -> float:
    result: Any = stats.spearmanr(getattr(qubits, first), getattr(qubits, second))
    return float(result.statistic)


def _refitted(table: SpinTable, qubits: Qubits, rng: np.random.Generator) -> Qubits:
    rows = rng.permuted(qubits.rows(), axis=0)
    scaled = scaled_of(Qubits.of(rows))
    chances = (1 + scaled_response(table.fields, scaled)[0]) / 2
    shares = drawn(chances, table.reads, rng) / table.reads
    return qubits_of(polish(table.fields, shares, scaled))
