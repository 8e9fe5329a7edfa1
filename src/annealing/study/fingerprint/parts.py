"""What a task is made of, part by part: whether it is still the one that a study began with, and what of it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from annealing.lockstep.alone import guarded
from annealing.study.fingerprint.digest import digest
from annealing.tasks.batches import seed_everything
from annealing.tasks.failure import task_raised
from annealing.tasks.task import Task, is_made_from_seed


def fingerprint(task: Task | Callable[..., Any]) -> dict[str, str]:
    """Return a digest of each part of a task, by the part's name; of a training function, that of the function.

    The same task has the same fingerprint in every process, and under every version of Python: functions count by their
    source, without comments, and by what they refer to; data by its bytes, for seed 0 where it is made from a seed.

    >>> from annealing.tasks import digits
    >>> sorted(fingerprint(digits()))
    ['the augmentation', 'the batch size', 'the loss', 'the metrics', 'the model', 'the optimizer', 'the training data',
     'the validation data']

    Raises `TaskError`, one line with what was raised and where, when the task cannot make its data.
    """
    if not isinstance(task, Task):
        return {"the training function": digest(task)}
    return {
        "the model": digest(task.model),
        "the loss": digest(task.loss),
        "the training data": digest(_data(task, "train")),
        "the validation data": digest(_data(task, "valid")),
        "the batch size": digest(task.batch_size),
        "the optimizer": digest(task.optimizer),
        "the metrics": digest(dict(task.metrics)),
        "the augmentation": digest(task.augment),
    }


def _data(task: Task, role: str) -> tuple[Any, ...]:
    """The data as a run sees it, and how it is made: that decides what other seeds get."""
    source = task.train if role == "train" else task.valid
    if not is_made_from_seed(source):
        return (source,)
    try:
        with guarded():
            seed_everything(0)
            return source, task.data(role, seed=0)
    except (Exception, SystemExit) as error:
        raise task_raised(task.name, error) from error
