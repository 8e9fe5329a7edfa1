"""Studies to and from an Optuna storage, so that whoever uses Optuna can open ours, and the other way round."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from annealing.core.errors import ArgumentError, StoreError
from annealing.study.space.candidate import Candidate
from annealing.study.space.dimension import Choice, Dimension, Log, Uniform, Value, Whole
from annealing.study.space.space import Space
from annealing.study.store.address import read_address
from annealing.study.store.refusals import refusing
from annealing.study.strategies.optuna_search import mean_loss
from annealing.study.strategies.optuna_space import described, dimension_of, quiet
from annealing.study.strategies.strategy import Told, by_candidate

_SPACE = "annealing:space"
"""The study's attribute that holds our space, which says more than distributions do: which conditions there are."""


@final
@dataclass(frozen=True)
class Imported:
    """What an Optuna study held: a space, the history, and how many trials had nothing to tell (failed, running, waiting)."""

    space: Space
    history: tuple[Told, ...]
    left_out: int = 0


def export_study(
    space: Space, history: Sequence[Told], storage: str | Path, name: str, *, attributes: Mapping[str, Any] | None = None
) -> int:
    """Write a study into an Optuna storage, one trial for each candidate, and return how many trials were new.

    >>> import tempfile
    >>> told = Told(Candidate(0, {"lr": 0.1}), seed=0, loss=0.3, updates=100, points=((50, 0.5), (100, 0.3)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_study(Space({"lr": Log(1e-3, 1)}), [told], f"sqlite:///{folder}/optuna.db", "mine")
    ...     import_study(f"sqlite:///{folder}/optuna.db", "mine").history == (told,)
    1
    True

    Arguments: `space`, in which every candidate lies; `history`, runs that have ended; `storage`, a URL such as
    sqlite:///optuna.db or postgresql://…, or a file; `name`, the study's there; `attributes`, what else to note of the study.

    A trial's value is the mean loss over the candidate's seeds, infinite where a run diverged; its intermediate values are the
    mean validation losses; a candidate that was cut is pruned. Written again, only what is new is added: Optuna changes no trial
    that has ended, so leave out candidates of which a seed is still to be trained. Raises `ArgumentError` without any history,
    or when another study of that name is there, `StoreError` when the storage cannot be reached.
    """
    if not history:  # and the space may still become narrower, which Optuna would take for another study
        raise ArgumentError(f"study {name!r} has no setting yet whose runs have all ended: export it later.")
    with _opened(storage) as kept:
        study = _begun(kept, name, space, attributes or {})
        there = {trial.user_attrs.get("candidate") for trial in study.get_trials(deepcopy=False)}
        new = [_trial(space, one, told) for one, told in by_candidate(history).items() if one.number not in there]
        study.add_trials(new)
        return len(new)


def import_study(storage: str | Path, name: str) -> Imported:
    """Read a study of an Optuna storage: its distributions as a space, its trials as history.

    A parameter that is there in some trials only is taken to depend on the choice that tells them apart. Pruned trials count as
    cut. Values of a study that maximizes come back with their sign turned, since losses are minimized here.

    Arguments: as of `export_study`. Raises `ArgumentError` for a study that is not there, has several objectives, or whose
    parameters have no counterpart; `StoreError` when the storage cannot be reached.
    """
    import optuna
    from optuna.trial import TrialState

    with _opened(storage) as kept:
        try:
            study = optuna.load_study(study_name=name, storage=kept)
        except KeyError:
            known = [summary.study_name for summary in optuna.get_all_study_summaries(kept)]
            listed = f"it has {', '.join(known)}" if known else "it has none"
            raise ArgumentError(f"the Optuna storage has no study {name!r}: {listed}.") from None
        if len(study.directions) != 1:
            raise ArgumentError(f"the Optuna study {name!r} has {len(study.directions)} objectives: a study here has one loss.")
        sign = -1.0 if study.direction == optuna.study.StudyDirection.MAXIMIZE else 1.0
        trials = study.get_trials(deepcopy=False)
        ended = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
        ours = study.user_attrs.get(_SPACE)
    if not ended:
        raise ArgumentError(f"the Optuna study {name!r} has no finished trial, so nothing to take over.")
    space = Space.from_dict(ours) if ours else _space_of(ended)
    history = [told for number, trial in enumerate(ended) for told in _told(space, trial, number, sign)]
    return Imported(space, tuple(history), len(trials) - len(ended))


@contextmanager
def _opened(storage: str | Path) -> Generator[Any]:
    """Open an Optuna storage for a while; what it raises about the database comes out as one line."""
    import optuna

    address = read_address(storage)
    with quiet(), refusing(address):
        try:
            kept = optuna.storages.RDBStorage(address.url.render_as_string(hide_password=False))
            try:
                yield kept
            finally:
                kept.remove_session()
                kept.engine.dispose()
        except optuna.exceptions.StorageInternalError as error:
            raise (error.__cause__ or StoreError(f"the Optuna storage {address.shown} failed.")) from None
        except RuntimeError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"the Optuna storage {address.shown} cannot be used: {' '.join(str(error).split())}") from error


def _begun(kept: Any, name: str, space: Space, attributes: Mapping[str, Any]) -> Any:
    import optuna

    try:
        study = optuna.create_study(study_name=name, storage=kept, direction="minimize")
    except optuna.exceptions.DuplicatedStudyError:
        study = optuna.load_study(study_name=name, storage=kept)
        if study.user_attrs.get(_SPACE) != space.to_dict():
            raise ArgumentError(
                f"the Optuna storage has another study {name!r} with another space: write another name for this one."
            ) from None
        return study
    study.set_user_attr(_SPACE, space.to_dict())
    for key, value in attributes.items():
        study.set_user_attr(key, value)
    return study


def _trial(space: Space, candidate: Candidate, told: Sequence[Told]) -> Any:
    from optuna.trial import TrialState, create_trial

    space.check(candidate.values)
    params, distributions = described(space, candidate.values)
    loss, cut = mean_loss(told), any(one.cut for one in told)
    points = _mean_points(told)
    if cut and points.get(told[0].updates) is None:
        points[max(one.updates for one in told)] = loss
    return create_trial(
        state=TrialState.PRUNED if cut else TrialState.COMPLETE,
        value=None if cut else loss,
        params=params,
        distributions=distributions,
        intermediate_values=points,
        user_attrs={
            "candidate": candidate.number,
            "seeds": [one.seed for one in told],
            "losses": [one.loss if math.isfinite(one.loss) else None for one in told],
            "updates": [one.updates for one in told],
            "diverged": [one.diverged for one in told],
            "cut": [one.cut for one in told],
        },
    )


def _mean_points(told: Sequence[Told]) -> dict[int, float]:
    """Return the mean validation loss at every update at which all runs of a candidate were measured."""
    curves = [dict(one.points) for one in told]
    common = [update for update in curves[0] if all(update in curve for curve in curves)]
    return {update: math.fsum(curve[update] for curve in curves) / len(curves) for update in common}


def _told(space: Space, trial: Any, number: int, sign: float) -> list[Told]:
    points = tuple((step, sign * value) for step, value in sorted(trial.intermediate_values.items()))
    noted = trial.user_attrs
    values: dict[str, Value] = {title.partition(" (")[0] if title not in space else title: v for title, v in trial.params.items()}
    if {"candidate", "seeds", "losses", "updates", "diverged", "cut"} <= noted.keys():  # one of ours
        candidate = Candidate(noted["candidate"], values)
        rows = zip(noted["seeds"], noted["losses"], noted["updates"], noted["diverged"], noted["cut"], strict=True)
        alone = len(noted["seeds"]) == 1
        return [
            Told(candidate, seed, math.inf if loss is None else loss, updates, diverged, cut, points if alone else ())
            for seed, loss, updates, diverged, cut in rows
        ]
    cut = trial.value is None or trial.state.name == "PRUNED"
    loss = sign * trial.value if trial.value is not None else points[-1][1] if points else math.inf
    diverged = not math.isfinite(loss)
    return [Told(Candidate(number, values), 0, loss, points[-1][0] if points else 0, diverged, cut and not diverged, points)]


def _space_of(trials: Sequence[Any]) -> Space:
    """Return the space that holds every trial, each parameter with the choice that it depends on."""
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    found: dict[str, Dimension] = {}
    for name in names:
        kinds = [dimension_of(trial.distributions[name], f"parameter {name}") for trial in trials if name in trial.params]
        found[name] = _hull(name, kinds)
    always = [name for name in names if isinstance(found[name], Choice) and all(name in trial.params for trial in trials)]
    return Space({name: _conditioned(name, found[name], trials, always) for name in names})


def _hull(name: str, found: Sequence[Dimension]) -> Dimension:
    """Return the smallest dimension that holds them all, of the kind that they have in common."""
    first = found[0]
    if all(one == first for one in found):
        return first
    if all(isinstance(one, Choice) for one in found):
        return Choice(tuple(dict.fromkeys(value for one in found for value in one.grid(1))))
    ends = [(one.low, one.high) for one in found if not isinstance(one, Choice)]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if all(isinstance(one, Log) for one in found):
        return Log(low, high)
    if all(isinstance(one, Uniform) for one in found):
        return Uniform(low, high)
    if all(isinstance(one, Whole) and one.log == getattr(first, "log", False) for one in found):
        return Whole(int(low), int(high), log=isinstance(first, Whole) and first.log)
    raise ArgumentError(f"parameter {name} has distributions of several kinds, which one dimension cannot hold.")


def _conditioned(name: str, dimension: Dimension, trials: Sequence[Any], always: Sequence[str]) -> Dimension:
    with_it, without = ([trial for trial in trials if (name in trial.params) is there] for there in (True, False))
    if not without:
        return dimension
    for choice in always:
        values = dict.fromkeys(trial.params[choice] for trial in with_it)
        if values.keys().isdisjoint(trial.params[choice] for trial in without):
            return replace(dimension, only={choice: tuple(values)})
    raise ArgumentError(
        f"parameter {name} is there in some trials only, and no choice says in which: there is no space for that."
    )
