"""From the runs of a study to what it found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from annealing.study.importance import METHOD, importance
from annealing.study.result import Comparison, Curve, Run
from annealing.study.search import Rounds, Search, best_few, history_of, ranges_of
from annealing.study.space import Candidate, Space, schedule_of
from annealing.study.space.dimension import Log
from annealing.study.space.shapes import shape
from annealing.study.stored import StoredRun
from annealing.study.strategies import Told
from annealing.study.strategies.strategy import by_candidate
from annealing.study.table import recommended, table
from annealing.study.tuned import Influence, Tried, Tuned
from annealing.study.tuning import Choice, best_of
from annealing.study.words import verdict_in_words

_EDGE = 0.03  # of a range of rates: as near to an end of it, a better one may lie beyond


def conclude(
    search: Search,
    rounds: Rounds,
    curves: Mapping[int, Curve],
    *,
    task: str,
    study: str,
    store: str,
    engine: str,
    notes: Sequence[str] = (),
) -> Tuned:
    """Say what a study found whose runs are all done; whoever asks, and however often, it is the same."""
    runs = [run for round_ in rounds for run in round_]
    seconds = math.fsum(run.seconds or 0.0 for run in runs)
    history = history_of(runs, curves)
    space = search.narrowed(runs)
    evaluated = [run for run in runs if run.role == "evaluation" and run.done]
    named = _names(evaluated, best_few(history, search.updates, search.finalists))
    choices = [_choice(name, candidate, history, space) for candidate, name in named.items()]
    own = search.optimizer or "its own optimizer"
    arms = {candidate.number: choice for candidate, choice in zip(named, choices, strict=True)}
    trained = [_run(run, arms[run.candidate["number"]], curves) for run in evaluated]
    rows = table(choices, trained, search.evaluation_seeds)
    confirmed = Comparison(
        task=task,
        optimizer=", ".join(dict.fromkeys(str(one.values.get("optimizer", own)) for one in named)),
        updates=search.updates,
        rows=rows,
        best=recommended(rows) or (best_of(choices).name if choices else ""),  # nothing is judged as long as the search goes on
        verdict=verdict_in_words(rows),
        runs=tuple(trained),
        tuning_seeds=tuple(sorted({told.seed for told in history})),
        evaluation_seeds=search.evaluation_seeds,
        seconds=seconds,
        interrupted=False,
    )
    return Tuned(
        task=task,
        study=study,
        store=store,
        strategy=search.strategy.name,
        engine=engine,
        updates=search.updates,
        budget=search.budget,
        seed=search.seed,
        confirmed=confirmed,
        chosen={name: candidate.values for candidate, name in named.items()},
        tried=tuple(map(_tried, history)),
        ranges=tuple(found.to_dict() for found in ranges_of(runs)),
        importance=_importance(space, [told for told in history if not told.repeat]),
        importance_method=METHOD,
        seconds=seconds,
        notes=tuple(notes),
    )


def _names(evaluated: Sequence[StoredRun], best: Sequence[Candidate]) -> dict[Candidate, str]:
    """Name the candidates that were judged, best on the tuning seeds first: baselines by their names, others by what they are."""
    given = {run.candidate["number"]: run.candidate for run in evaluated}
    several = len({one["values"].get("optimizer") for one in given.values()}) > 1
    found = {candidate: _name(candidate, several) for candidate in best if candidate.number in given}
    for one in given.values():
        if "arm" in one:
            found[Candidate(one["number"], one["values"])] = one["arm"]
    return found


def _name(candidate: Candidate, with_optimizer: bool) -> str:
    values = candidate.values
    words = [str(values["optimizer"])] if with_optimizer and "optimizer" in values else []
    words.append(str(values.get("schedule", "constant")))
    rate = values.get("lr")
    return " ".join([*words, *(["at", f"{rate:.3g}"] if isinstance(rate, float | int) else []), f"(#{candidate.number})"])


def _choice(name: str, candidate: Candidate, history: Sequence[Told], space: Space) -> Choice:
    told = by_candidate(history).get(candidate, ())
    loss = math.fsum(one.loss for one in told) / len(told) if told else math.inf
    rate, text = candidate.values.get("lr", 1), str(shape(candidate.values))
    return Choice(name, text, float(rate), loss, bool(told) and _at_edge(candidate, space))


def _at_edge(candidate: Candidate, space: Space) -> bool:
    dimension = space.active(candidate.values).get("lr") if "lr" in space else None
    if not isinstance(dimension, Log):
        return False
    share = dimension.share(candidate.values["lr"])
    return not _EDGE < share < 1 - _EDGE


def _run(run: StoredRun, choice: Choice, curves: Mapping[int, Curve]) -> Run:
    loss = math.inf if run.loss is None else run.loss
    return Run(
        choice.name,
        choice.lr,
        run.seed,
        "evaluation",
        curves[run.id],
        loss,
        dict(run.metrics),
        bool(run.diverged),
        run.seconds or 0.0,
    )


def _tried(told: Told) -> Tried:
    schedule = str(schedule_of(told.candidate))
    candidate, seen = told.candidate, (told.loss, told.updates, told.diverged, told.cut, told.repeat)
    return Tried(candidate.number, candidate.values, schedule, told.seed, *seen)


def _importance(space: Space, history: Sequence[Told]) -> tuple[Influence, ...]:
    """Say what mattered, as plain values."""
    return tuple(
        Influence(f"{one.name} ({one.where})" if one.where else one.name, one.share, one.interval, one.note)
        for one in importance(space, history)
    )


def as_record(run: StoredRun) -> dict[str, Any]:
    """Return a run as `anneal tune --json` streams it: one flat record."""
    loss = run.loss if run.loss is not None and math.isfinite(run.loss) else None
    return {
        "record": "run",
        "round": run.round,
        "place": run.place,
        "role": run.role,
        "candidate": run.candidate["number"],
        "values": run.candidate["values"],
        "seed": run.seed,
        "loss": loss,
        "updates": run.updates,
        "diverged": run.diverged,
        "cut": run.cut,
        "seconds": run.seconds,
    }
