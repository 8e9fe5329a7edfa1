"""QASA: how good is each qubit of a quantum annealer, by the protocol of Nelson et al. 2021 (arXiv:2104.03335)."""

from annealing.beyond.qasa.chip import simulated_chip, simulated_table
from annealing.beyond.qasa.correlations import Correlation, correlation, group_difference
from annealing.beyond.qasa.fit import Fitted, fit_qubits
from annealing.beyond.qasa.model import Qubits, down_probability, response
from annealing.beyond.qasa.protocol import SpinTable, measure, sweep

__all__ = [
    "Correlation",
    "Fitted",
    "Qubits",
    "SpinTable",
    "correlation",
    "down_probability",
    "fit_qubits",
    "group_difference",
    "measure",
    "response",
    "simulated_chip",
    "simulated_table",
    "sweep",
]
