"""What decides what a study finds, as plain data: a store keeps it, and a study goes on only where it is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from annealing.core.errors import StoreError
from annealing.study.engines.own import Own
from annealing.study.fingerprint import fingerprint
from annealing.study.search import Search
from annealing.study.space import Space
from annealing.study.strategies import Round, Told
from annealing.tasks.task import Task


def definition_of(work: Task | Own, search: Search, *, stacked: bool, device: str) -> dict[str, Any]:
    """Return the definition of a study: its task, part by part, and everything that its rounds follow from."""
    parts = fingerprint(work.function if isinstance(work, Own) else work)
    return {
        "task": {"the name": work.name, **parts},
        "space": search.space.to_dict(),
        "strategy": search.strategy.name,
        "how": repr(search.strategy),
        "updates": search.updates,
        "budget": search.budget,
        "seed": search.seed,
        "find": search.find,
        "forecast": search.forecast,
        "optimizer": search.optimizer,
        "repeats": search.repeats,
        "finalists": search.finalists,
        "seeds": search.seeds,
        "baselines": {name: dict(values) for name, values in search.baselines.items()},
        "engine": "lockstep" if stacked else "process",  # whose numbers they are: a cluster gives those of one or the other
        "device": device,  # another rounds otherwise
    }


def search_from(definition: Mapping[str, Any]) -> tuple[Search, str, str]:
    """Return a study that can be read, though not gone on with, and the names of its task and its engine.

    Raises `StoreError` for a study that `tune` did not begin.
    """
    try:
        search = Search(
            space=Space.from_dict(definition["space"]),
            strategy=Named(definition["strategy"]),
            horizon=definition["updates"],
            updates=definition["updates"],
            budget=definition["budget"],
            seed=definition["seed"],
            find=definition["find"],
            optimizer=definition["optimizer"],
            baselines=definition["baselines"],
            repeats=definition.get("repeats", 0),  # studies of before there were any
            finalists=definition["finalists"],
            seeds=definition["seeds"],
            forecast=definition["forecast"],
        )
        return search, definition["task"]["the name"], definition["engine"]
    except KeyError as missing:
        raise StoreError(f"the study was not begun by anneal tune: its definition has no {missing}.") from None


@final
@dataclass(frozen=True)
class Named:
    """The name of a strategy that has done its work."""

    name: str

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Propose nothing."""
        return None
