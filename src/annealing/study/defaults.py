"""What a comparison uses when nothing else is said."""

from __future__ import annotations

SCHEDULES: dict[str, str] = {
    "constant": "constant()",
    "step": "step()",
    "exponential": "exponential()",
    "inverse time": "inverse_time()",
    "linear": "linear()",
    "cosine": "cosine()",
    "cosine with restarts": "sgdr()",
    "triangular": "triangular()",
    "wsd": "wsd()",
    "warm-up + cosine": 'chain(warmup("5%"), cosine())',
}
"""The schedules that people choose between, each with its defaults, by the name that tables show."""

UPDATES = 1_000
"""The length of a run: 20 epochs of `digits`."""

EVALUATION_SEEDS = 10
TUNING_SEEDS = 3
"""Seeds on which rates are chosen; a comparison with fewer evaluation seeds uses as many for tuning."""

FIRST_EVALUATION_SEED = 100
"""Tuning seeds count from 0 and evaluation seeds from here, so that they never meet, and more of one keeps the others."""
