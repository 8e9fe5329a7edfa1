"""All studies, by name. Each is a file of this folder that ends in a `STUDY`."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from annealing.core.errors import ArgumentError
from annealing.reproduce.study import Study

# The schedules and what they do to the loss, then the annealing of other things.
MODULES = (
    "too_high_too_low",
    "large_then_small",
    "cosine_generalises",
    "stepwise",
    "warmup_prevents",
    "uphill",
    "sensitivity",
    "adaptive",
    "overfitting",
    "bengio",
    "cyclical",
    "sgdr",
    "batch_growth",
    "you",
    "li",
    "wsd",
    "haegele",
    "defazio",
    "schedule_free",
    "power_scheduler",
    "greedy",
    "bergsma",
    "mccandlish",
    "seesaw",
    "tissue",
    "luo",
    "schaipp",
    "escape",
    "nakkiran",
    "simulated_annealing",
    "noisy_annealing",
    "run_lengths",
    "learned_cooling",
    "subsample",
    "mixture",
    "contrastive_divergence",
    "stochastic_inference",
    "diffusion",
    "qasa",
)  # fmt: skip
"""The files that hold a study, in the order in which a report shows them."""

NAMES = tuple(module.replace("_", "-") for module in MODULES)


def study(name: str) -> Study:
    """Return the study called `name`.

    >>> study("schaipp").source
    'Schaipp et al. 2025, arXiv:2501.18965'

    Raises `ArgumentError` when there is none, and names the nearest.
    """
    if name not in NAMES:
        near = get_close_matches(name, NAMES, n=1)
        meant = f"did you mean {near[0]}?" if near else "anneal reproduce --list shows them all."
        raise ArgumentError(f"there is no study {name!r}: {meant}")
    found = import_module(f"annealing.reproduce.{name.replace('-', '_')}").STUDY
    assert isinstance(found, Study)
    return found


def studies() -> tuple[Study, ...]:
    """Return every study, in the order of the report."""
    return tuple(study(name) for name in NAMES)
