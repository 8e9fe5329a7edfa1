"""Run lengths for annealing under a budget that nobody knows in advance, and restarts that follow them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, final

import numpy as np

from annealing.beyond.checks import Floats, Seed, generator
from annealing.beyond.metropolis import Energy, Propose, States, anneal, pick
from annealing.control.protocol import Controller
from annealing.core.checks import number, whole
from annealing.core.errors import ArgumentError, KindError
from annealing.core.schedule import Schedule


def run_lengths(first: int = 1_000, growth: float = 2.0) -> Iterator[int]:
    """Yield the lengths of one run after another, each `growth` times as long as the one before, without end.

    Whenever the time is up, the longest finished run has had a fixed share of it (a quarter or more, for doubling).

    >>> from itertools import islice
    >>> list(islice(run_lengths(), 5))
    [1000, 2000, 4000, 8000, 16000]

    Raises `ArgumentError` for a first run of no updates, or a growth below 1.

    Source: Cicirello 2017, Variable annealing length and parallelism in simulated annealing, arXiv:1709.02877 (VAL).
    """
    begin, factor = whole("first", first), _growth(growth)  # refused where it is called, not where it is first asked
    return (round(begin * factor**i) for i in count())


def parallel_run_lengths(worker: int, workers: int, first: int = 1_000, growth: float = 2.0) -> Iterator[int]:
    """Yield the run lengths of one of several workers, staggered so that together they cover short and long runs at once.

    >>> from itertools import islice
    >>> [list(islice(parallel_run_lengths(worker, workers=2), 3)) for worker in range(2)]
    [[1000, 4000, 16000], [2000, 8000, 32000]]

    Four workers or more repeat the same four staggers. Arguments: `worker`, from 0; `workers`, how many there are.

    Raises `ArgumentError` for a worker that is not one of them, and as `run_lengths` does.

    Source: Cicirello 2017, arXiv:1709.02877 (P-VAL).
    """
    many, begin, factor = whole("workers", workers), whole("first", first), _growth(growth)
    place = whole("worker", worker, at_least=0)
    if place >= many:
        raise ArgumentError(f"worker={place} is not one of {many}: they are counted from 0 to {many - 1}.")
    return (round(begin * factor ** (place % 4 + i * min(4, many))) for i in count())


@final
@dataclass(frozen=True)
class Restarted:
    """The best states over all runs, and after each run: its length, and the best energies so far (runs × chains)."""

    best_states: States
    best_energies: Floats
    lengths: tuple[int, ...]
    so_far: Floats


def anneal_restarts(
    energy: Energy,
    propose: Propose,
    draw: Callable[[np.random.Generator], States],
    *,
    temperature: Schedule,
    lengths: Iterable[int],
    budget: int,
    control: Callable[[int], Controller[Any]] | None = None,
    seed: Seed = 0,
) -> Restarted:
    """Anneal again and again from fresh states, each run with the same schedule over its own length, until a budget is spent.

    >>> import annealing as an
    >>> hills = lambda x: 0.02 * (x - 60) ** 2 + 3 * np.sin(x / 2)
    >>> nearby = lambda x, rng: x + rng.choice([-1, 1], len(x))
    >>> found = anneal_restarts(hills, nearby, lambda rng: rng.integers(0, 120, 4), temperature=8 * an.linear(),
    ...     lengths=run_lengths(100), budget=1_000)
    >>> found.lengths, bool(found.best_energies.max() < -2.8)
    ((100, 200, 400, 300), True)

    Arguments:
        energy: As for `anneal`.
        propose: As for `anneal`.
        draw: Fresh states to start a run from, one per chain, given a generator.
        temperature: A schedule without a length of its own, which is laid over each run.
        lengths: How many updates each run has, `run_lengths()`, `itertools.repeat(1000)`, a list. The last run is cut
            to what is left of the budget, and its schedule is laid over what is left.
        budget: Updates in all.
        control: Given a run's length, its controller, such as `lambda n: ModifiedLam(updates=n)`.
        seed: A whole number, or a `numpy.random.Generator` to go on with.

    Raises `KindError` for a temperature that is a plan already, and as `anneal` does.

    Source: Cicirello 2017, arXiv:1709.02877.
    """
    if not isinstance(temperature, Schedule):
        raise KindError(f"temperature={temperature!r} is no schedule: every run has its own length, so leave .over(…) out.")
    rng, left = generator(seed), whole("budget", budget)
    ran: list[int] = []
    so_far: list[Floats] = []
    best_states: States | None = None
    best = np.zeros(0)
    for asked in lengths:
        length = min(whole("length", asked), left)
        found = anneal(
            energy,
            propose,
            draw(rng),
            temperature=temperature.over(length),
            control=control(length) if control else None,
            seed=rng,
        )
        if best_states is None:
            best_states, best = found.best_states, found.best_energies
        else:
            better = found.best_energies < best
            best_states, best = pick(better, found.best_states, best_states), np.where(better, found.best_energies, best)
        ran.append(length)
        so_far.append(best)
        left -= length
        if not left:
            break
    if best_states is None:
        raise ArgumentError("lengths is empty, so nothing was run: write lengths=run_lengths().")
    return Restarted(best_states, best, tuple(ran), np.array(so_far))


def _growth(value: Any) -> float:
    factor = number("growth", value)
    if factor < 1:
        raise ArgumentError(f"growth={value!r} would make runs shorter and shorter: write 1 or more.")
    return factor
