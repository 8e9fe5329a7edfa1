"""Annealing beyond the learning rate: our plans as temperature, noise, number of samples, share of the data, or run length."""

from annealing.beyond.cooling import logarithmic
from annealing.beyond.diffusion import CutoffSpread, Diffused, PowerSpread, Spread, diffuse
from annealing.beyond.divergence import Estimate, contrastive_divergence
from annealing.beyond.exact import distribution_after, gibbs, ring
from annealing.beyond.lam import ModifiedLam, ModifiedLamState
from annealing.beyond.learned import Learned, exact_success, learn_schedule
from annealing.beyond.metropolis import Annealed, anneal
from annealing.beyond.noisy import NoisyAnnealed, anneal_noisy
from annealing.beyond.robbins_monro import satisfies_robbins_monro
from annealing.beyond.run_lengths import Restarted, anneal_restarts, parallel_run_lengths, run_lengths
from annealing.beyond.subsample import RowToken, passes_tokens, row_tokens, tokens
from annealing.beyond.variational import deterministic_annealing, stochastic_annealing

__all__ = [
    "Annealed",
    "CutoffSpread",
    "Diffused",
    "Estimate",
    "Learned",
    "ModifiedLam",
    "ModifiedLamState",
    "NoisyAnnealed",
    "PowerSpread",
    "Restarted",
    "RowToken",
    "Spread",
    "anneal",
    "anneal_noisy",
    "anneal_restarts",
    "contrastive_divergence",
    "deterministic_annealing",
    "diffuse",
    "distribution_after",
    "exact_success",
    "gibbs",
    "learn_schedule",
    "logarithmic",
    "parallel_run_lengths",
    "passes_tokens",
    "ring",
    "row_tokens",
    "run_lengths",
    "satisfies_robbins_monro",
    "stochastic_annealing",
    "tokens",
]
