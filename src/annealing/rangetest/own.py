"""Find a rate for training that is all one's own: any function that trains by a plan and says what loss it ended at."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeAlias

from torch import Tensor

from annealing.core.checks import positive, whole
from annealing.core.errors import ArgumentError
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.rangetest.find import Found, Tick
from annealing.rangetest.search import SCHEDULE, UPDATES, Ran, Search, shape_of
from annealing.torch.snapshot import snapshot

TrainBy: TypeAlias = Callable[[Plan, int], Any]
"""Trains from the beginning for `plan.total` updates, update t at the rate `plan(t)`; returns the final validation loss."""

_NONE = 1e-9  # of the usual rate: as good as no training


def find_with(
    train: TrainBy,
    usual: float,
    *,
    updates: int = UPDATES,
    schedule: Schedule | str = SCHEDULE,
    seed: int = 0,
    things: Sequence[Any] = (),
    tick: Tick | None = None,
) -> Found:
    """Find a rate by the protocol of `find`, whatever trains: a scan of constant rates, then whole runs around the best of them.

    >>> import torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> model = torch.nn.Linear(1, 1)
    >>> def train(plan, seed):
    ...     torch.manual_seed(seed)
    ...     optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    ...     for t in range(int(plan.total)):
    ...         optimizer.param_groups[0]["lr"] = plan(t)
    ...         optimizer.zero_grad()
    ...         torch.nn.functional.mse_loss(model(x), 3 * x).backward()
    ...         optimizer.step()
    ...     return torch.nn.functional.mse_loss(model(x), 3 * x).item()
    >>> before = model.weight.item()
    >>> found = find_with(train, usual=0.1, updates=60, things=[model])
    >>> 0.05 < found.answer.rate < 5, model.weight.item() == before
    (True, True)

    Arguments: `train(plan, seed)`, which trains from the beginning for `plan.total` updates, update t at the rate
    `plan(t)`, and returns the final validation loss as a number, NaN or infinite where it diverged (it may stop there);
    `usual`, the rate that the scan lies around; `updates`, the length of the run that the rate is for; `schedule`, what that
    run multiplies the rate by; `seed`, handed to `train`, so that every rate starts from the same weights and batches;
    `things`, what `train` changes and does not make anew, a model say: restored before every run and at the end, also after
    an exception, together with the random generators (see `annealing.torch.snapshot`); `tick`, told how far it is.

    The answer is that of `find`. Every run counts for its whole length in `cost`; `state` is None, for `train` has the
    model. Raises `ArgumentError` for a `train` that returns no number, for a rate or a schedule that does not fit; what `train`
    raises goes through.
    """
    begun = time.perf_counter()
    shape, seed = shape_of(schedule), whole("seed", seed, at_least=0)
    updates, usual = whole("updates", updates, at_least=12), positive("usual", usual)
    with snapshot(*things) if things else nullcontext(_nothing) as restore:

        def loss_of(plan: Plan) -> float:
            restore()
            loss = train(plan, seed)
            try:
                return float(loss.detach() if isinstance(loss, Tensor) else loss)
            except (TypeError, ValueError, RuntimeError):
                raise ArgumentError(
                    f"train(plan, seed) gave {loss!r}: it must return the final validation loss, a number."
                ) from None

        def trained(stage: str, pairs: Sequence[tuple[float, Plan]]) -> list[Ran]:
            total, ran = sum(int(plan.total) for _, plan in pairs), list[Ran]()
            for _, plan in pairs:
                ran.append(Ran(loss_of(plan), int(plan.total)))
                if tick is not None:
                    tick(stage, sum(one.updates for one in ran), total)
            return ran

        search = Search(trained, shape, updates, usual, loss_of((_NONE * usual * hold()).over(1)))
        scan, answer = search.answer()
    return Found(
        task=getattr(train, "__name__", type(train).__name__),
        optimizer="its own optimizer",
        schedule=str(shape),
        updates=updates,
        seed=seed,
        answer=answer,
        scan=scan,
        scan_updates=search.short,
        rates=search.rates,
        losses=search.losses,
        state=None,
        cost=search.spent / updates,
        seconds=time.perf_counter() - begun,
        notes=(),
    )


def _nothing() -> None:
    """Restore nothing."""
