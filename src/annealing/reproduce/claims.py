"""What the glossaries and papers say, one row each, and where this library shows it.

Rows F are schedules, optimizers and methods that must run; rows C are claims that must come to a verdict. A row is shown by the
studies that name it, by a command, or by both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from annealing.reproduce.study import Study


@final
@dataclass(frozen=True)
class Claim:
    """A row: what is said, in our words; a command that shows it; what is shown instead where it is too vague for a verdict."""

    row: str
    says: str
    command: str = ""
    instead: str = ""


CLAIMS = (
    Claim("F1", "Annealing: the rate falls over training.", "anneal show 'exponential()' --over 1000"),
    Claim("F2", "The plain update: parameter − rate × gradient.", "anneal compare digits constant --optimizer sgd --updates 200"),
    Claim("F3", "A constant rate, the baseline.", "anneal show '0.01 * constant()' --over 1000"),
    Claim("F4", "Step decay: times a factor after every so many epochs.", "anneal show '0.1 * step(300, 0.5)' --over 1000"),
    Claim(
        "F5",
        "Exponential decay: times a factor after every epoch.",
        "anneal show '0.1 * geometric(0.9, per=50).every(50)' --over 1000",
    ),
    Claim(
        "F6",
        "Inverse time decay as one glossary has it: the initial rate ÷ √epoch, counted from 1.",
        "anneal show '0.1 * inverse_sqrt(50).every(50)' --over 1000",
    ),
    Claim(
        "F7",
        "Time-based decay: the initial rate ÷ (1 + k·t).",
        "anneal show '0.1 * inverse_time(0.01, per=1)' --over 1000",
    ),
    Claim("F8", "Linear decay.", "anneal show '0.1 * linear()' --over 1000"),
    Claim("F9", "Cosine decay, at its lowest at the end.", "anneal show '0.1 * cosine(to=0.01)' --over 1000"),
    Claim("F10", "Cosine that starts again when it has reached its end.", "anneal show '0.1 * sgdr()' --over 1500"),
    Claim("F11", "Warm-up: the rate begins small and rises.", "anneal show '0.1 * chain(warmup(100), cosine())' --over 1000"),
    Claim(
        "F12",
        "Cyclic rates: up and down between two bounds in straight lines.",
        "anneal show '0.1 * triangular(4, low=0.25)' --over 1000",
    ),
    Claim("F13", "The range test: raise the rate in one run and see where the loss turns.", "anneal find digits"),
    Claim("F14", "Adagrad: rates by accumulated squared gradients.", "anneal compare digits constant --optimizer adagrad"),
    Claim(
        "F15",
        "Adadelta: steps from two running averages.",
        "anneal compare digits constant --optimizer adadelta",
    ),
    Claim("F16", "RMSProp: rates by averaged squared gradients.", "anneal compare digits constant --optimizer rmsprop"),
    Claim("F17", "Adam: RMSProp with momentum and corrected beginnings.", "anneal compare digits constant --optimizer adam"),
    Claim("F18", "Momentum: steps along a running sum of gradients.", "anneal compare digits constant --optimizer momentum"),
    Claim(
        "F19",
        "A rate that follows the model's performance: reduced on a plateau, raised while things go well.",
        "anneal list plateau",
    ),
    Claim("F20", "Grid search for the rate.", "anneal compare digits cosine --lr 0.01,0.03,0.1"),
    Claim("F21", "Random search for the rate."),
    Claim("F22", "Random grid search: random points of a grid."),
    Claim("F23", "Grow the batch instead of decaying the rate.", "anneal compare digits --grow-batch"),
    Claim("F24", "A larger rate with a batch as much larger: fewer updates still.", "anneal compare digits --grow-batch"),
    Claim("F25", "The hybrid: the batch grows and the rate falls in one run.", "anneal compare digits --grow-batch"),
    Claim("F26", "QASA: every qubit of an annealer measured by itself with a field sweep and a four-parameter fit."),
    Claim("F27", "Simulated annealing: a temperature that falls to a settled state."),
    Claim("F28", "Stochastic annealing: noise that falls, added to an optimiser."),
    Claim("F29", "Subsample annealing: the share of the data in use as the inverse temperature."),
    Claim("F30", "State-dependent diffusion: noise that depends on the value of the function, and no gradient."),
    Claim(
        "F31",
        "Contrastive divergence with annealed steps, learned cooling, noisy simulated annealing, runs of varying length.",
    ),
    Claim("F32", "The glossary's own words: learning rate, epoch, decay factor.", "anneal list"),
    Claim("C1", "Too high a rate diverges; too low a rate crawls or is stuck."),
    Claim("C2", "Large first and small later beats either constant: a faster start and a finer end.", "anneal compare digits"),
    Claim("C3", "Annealing helps generalisation even in linear regression."),
    Claim("C4", "A large rate first learns what is easy to generalise."),
    Claim("C5", "A large first rate keeps noise from being memorised; decay then improves complex patterns."),
    Claim("C6", "Adaptive methods often beat constant and decaying rates, and need less tuning."),
    Claim("C7", "Growing the batch equals decaying the rate, on training and test curves.", "anneal compare digits --grow-batch"),
    Claim("C8", "A range test finds the usable rate in a single run.", "anneal find digits"),
    Claim("C9", "Cosine annealing improves generalisation.", "anneal compare digits constant cosine"),
    Claim("C10", "Annealing escapes local minima."),
    Claim("C11", "Results depend on the schedule, and the best choice on the problem.", "anneal compare digits"),
    Claim("C12", "Warm-up prevents early divergence."),
    Claim("C13", "Step-wise annealing is effective and simple.", "anneal compare digits constant step"),
    Claim("C14", "Schedules that reach the same training error over-fit differently."),
    Claim("C15", "A low rate may over-fit, and a large one regularises."),
    Claim(
        "C16",
        "Schedules must be fixed beforehand, adaptive rules need not be.",
        "anneal list plateau",
        "No verdict: a distinction, not a prediction. Shown: plans that are decided late (`plan.branch`) and controllers that "
        "follow the loss, so that the line is not where the claim draws it.",
    ),
    Claim("C17", "A wrong decay pushes the model uphill."),
    Claim("C18", "QASA reveals correlations between the parameters of qubits."),
    Claim(
        "C19",
        "Useful for images, language and recommendation; large data trained faster at equal accuracy.",
        "anneal compare text",
        "No verdict: no number is claimed. Shown: the built-in image and text tasks, each schedule beside a constant rate.",
    ),
)
"""Every row, in order."""


def shown_by(claim: Claim, studies: Sequence[Study]) -> tuple[Study, ...]:
    """Return the studies that are evidence for a row."""
    return tuple(study for study in studies if claim.row in study.shows)


def commands(claim: Claim, studies: Sequence[Study]) -> tuple[str, ...]:
    """Return what to type to see a row shown.

    >>> from annealing.reproduce.catalogue import studies
    >>> commands(next(claim for claim in CLAIMS if claim.row == "F29"), studies())
    ('anneal reproduce subsample', 'anneal reproduce mixture')
    """
    own = (claim.command,) if claim.command else ()
    return (*(f"anneal reproduce {study.name}" for study in shown_by(claim, studies)), *own)
