"""Optuna's samplers as strategies: told the history, then asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from annealing.core.errors import ArgumentError
from annealing.study.space.candidate import Candidate
from annealing.study.space.space import Space
from annealing.study.strategies.optuna_space import described, quiet, suggested
from annealing.study.strategies.strategy import Round, Told, by_candidate, drawn, proposed, training_seeds

_NOT_ASKED = {"GridSampler": "grid", "PartialFixedSampler": "a fixed value into the space"}
_WITHOUT_MEMORY = ("TPESampler", "GPSampler", "RandomSampler", "BruteForceSampler")  # they look at trials, at nothing else


@final
@dataclass(frozen=True)
class OptunaSearch:
    """Let a sampler of Optuna choose: first by chance, then a few at a time, each time from all that is known.

    A study of Optuna's is built from the history for every round and thrown away, with the sampler seeded by the study's seed
    and the number of candidates so far. So what it proposes depends on nothing that is not in the history.

    >>> from annealing.study.space import Log
    >>> space = Space({"lr": Log(1e-4, 1)})
    >>> tpe = OptunaSearch(first=4, each=2)
    >>> begun = tpe.propose(space, seed=0, budget=6, history=()).candidates
    >>> told = [Told(one, 0, abs(one.values["lr"] - 0.1), 100) for one in begun]
    >>> [candidate.number for candidate in tpe.propose(space, seed=0, budget=6, history=told).candidates]
    [4, 5]

    Arguments: `sampler`, its name: tpe, gp, cmaes, nsgaii, qmc or any other of optuna.samplers; `first`, how many are drawn by
    chance; `each`, how many a round has after that; `seeds`, from how many each candidate is trained; `options`, what the
    sampler is made with.

    A run that diverged counts as worse than every other, one that was cut as pruned. Raises `ArgumentError` for a name that is
    none, and for what the sampler refuses. Source: Akiba et al. 2019, arXiv:1907.10902; TPE is Bergstra et al. 2011.
    """

    sampler: str = "tpe"
    first: int = 16
    each: int = 8
    seeds: int = 1
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        sampler_named(self.sampler)

    @property
    def name(self) -> str:
        """The sampler's name."""
        return self.sampler

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return candidates by chance, then rounds of what the sampler asks for, until the budget is used up."""
        begin, end = proposed(history), budget // self.seeds
        if begin >= end:
            return None
        if begin < self.first:
            chosen = [drawn(space, seed, number) for number in range(begin, min(self.first, end))]
        else:
            with quiet():
                chosen = self._asked(space, seed, by_candidate(history), begin, min(self.each, end - begin))
        candidates = tuple(Candidate(number, values) for number, values in enumerate(chosen, begin))
        return Round(candidates, training_seeds(seed, self.seeds))

    def _asked(
        self, space: Space, seed: int, known: Mapping[Candidate, tuple[Told, ...]], begin: int, count: int
    ) -> list[dict[str, Any]]:
        import optuna

        kind = sampler_named(self.sampler)
        own = {"n_startup_trials": min(10, self.first), "constant_liar": True} if kind.__name__ == "TPESampler" else {}
        number = int(np.random.SeedSequence([seed, begin]).generate_state(1)[0])
        try:
            study = optuna.create_study(sampler=kind(**{"seed": number, **own, **self.options}))
            _tell(study, space, known, replay=kind.__name__ not in _WITHOUT_MEMORY)
            return [suggested(space, study.ask()) for _ in range(count)]
        except (ImportError, TypeError, ValueError, NotImplementedError) as error:
            missing = f": pip install {error.name}" if isinstance(error, ImportError) and error.name else ""
            what = " ".join(str(error).split())
            raise ArgumentError(f"Optuna's {kind.__name__} cannot search this space{missing or f' ({what})'}.") from error


def _tell(study: Any, space: Space, known: Mapping[Candidate, tuple[Told, ...]], *, replay: bool) -> None:
    """Tell Optuna what became of every candidate in the space; with `replay`, a sampler that keeps a state is asked first."""
    from optuna.trial import TrialState, create_trial

    values = {candidate: mean_loss(told) for candidate, told in known.items()}
    finite = [loss for loss in values.values() if math.isfinite(loss)]
    worst = max(finite, default=1.0) + (max(finite) - min(finite) if finite else 0.0) + 1e-9
    for candidate, told in known.items():
        if not space.contains(candidate.values):  # an older round may have looked through a wider one
            continue
        params, distributions = described(space, candidate.values)
        cut = any(one.cut for one in told)
        state = TrialState.PRUNED if cut else TrialState.COMPLETE
        loss = values[candidate] if math.isfinite(values[candidate]) else worst
        steps = {max(one.updates for one in told): loss} if cut else {}
        if not replay:
            study.add_trial(
                create_trial(state=state, value=loss, params=params, distributions=distributions, intermediate_values=steps)
            )
            continue
        study.enqueue_trial(params)
        trial = study.ask()
        suggested(space, trial)
        for step, reported in steps.items():
            trial.report(reported, step)
        study.tell(trial, None if cut else loss, state)


def mean_loss(told: Sequence[Told]) -> float:
    """Return the mean loss of a candidate over its seeds; infinite where a run diverged."""
    if any(one.diverged or not math.isfinite(one.loss) for one in told):
        return math.inf
    return math.fsum(one.loss for one in told) / len(told)


def sampler_named(name: str) -> Any:
    """Return the class of a sampler of Optuna, by its name in any spelling: "tpe", "cma-es", "NSGAIISampler".

    >>> sampler_named("nsga-ii").__name__
    'NSGAIISampler'

    Raises `ArgumentError` for a name that is none, or one that cannot be asked.
    """
    import optuna

    there = [word for word in dir(optuna.samplers) if word.endswith("Sampler") and not word.startswith("Base")]
    words = {word.removesuffix("Sampler").lower(): word for word in there if word not in _NOT_ASKED}
    wanted = str(name).lower().replace("-", "").replace("_", "").removesuffix("sampler")
    for word, instead in _NOT_ASKED.items():
        if wanted == word.removesuffix("Sampler").lower():
            raise ArgumentError(f"Optuna's {word} cannot be asked by a study: write {instead}.")
    if wanted not in words:
        raise ArgumentError(f"{name!r} is no sampler of Optuna: write one of {', '.join(sorted(words))}.")
    return getattr(optuna.samplers, words[wanted])
