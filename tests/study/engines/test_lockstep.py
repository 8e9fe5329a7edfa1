"""The lockstep engine: the same numbers as one by one, for any number of workers."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")
require("loky")

from annealing.core.errors import ArgumentError, TaskError
from annealing.study.compare import compare
from annealing.study.engines.processes import processes
from annealing.study.train import Setting, train
from annealing.tasks import load_task


def settings(seeds=2, updates=20):
    rates = (0.02, 0.05, 0.1)
    return [Setting("arm", (lr * an.cosine()).over(updates), lr, seed, "tuning") for lr in rates for seed in range(seeds)]


def trained(task, workers, which, **engine):
    with processes(task, workers, **engine) as running:
        runs = sorted(running.train(which, lambda board: None), key=lambda run: (run.lr, run.seed))
        return runs, running.notes


def facts(runs):
    return [(run.arm, run.lr, run.seed, run.role, run.loss, run.curve, run.metrics, run.diverged) for run in runs]


def near(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert (a.arm, a.lr, a.seed, a.diverged) == (b.arm, b.lr, b.seed, b.diverged)
        assert a.curve.rate.tolist() == b.curve.rate.tolist()
        assert a.curve.valid_loss.tolist() == pytest.approx(b.curve.valid_loss.tolist(), rel=1e-4, nan_ok=True)
        assert a.metrics == pytest.approx(b.metrics, rel=1e-2, nan_ok=True)


def narrow():
    torch.manual_seed(torch.initial_seed())
    return torch.nn.Sequential(torch.nn.Linear(1, 7), torch.nn.ReLU(), torch.nn.Linear(7, 1))


@pytest.mark.slow
def test_one_worker_and_two_give_the_same_bits_and_those_of_one_by_one_to_rounding(line):
    """On sizes that no register fits, so that a member's place in the stack would show."""
    task, which = line(model=narrow, metrics={"size": lambda o, t: o.abs().mean()}), settings()
    one, notes = trained(task, 1, which, engine="lockstep")
    two, _ = trained(task, 2, which, engine="lockstep")
    assert notes == ()
    assert facts(one) == facts(two)
    near(one, [train(task, setting, lambda updates, loss: None) for setting in sorted(which, key=lambda s: (s.lr, s.seed))])


def test_stacks_give_the_numbers_of_one_by_one_and_their_progress_moves_on_every_line(line):
    seen = []
    task, which = line(model=narrow, metrics={"size": lambda o, t: o.abs().mean()}), settings()
    with processes(task, 1, engine="lockstep") as running:
        found = list(running.train(which, lambda board: seen.append([board.done(place) for place in range(6)])))
        assert running.notes == ()
    assert seen[-1] == [20] * 6
    order = sorted(found, key=lambda run: (run.lr, run.seed))
    near(order, [train(task, setting, lambda updates, loss: None) for setting in sorted(which, key=lambda s: (s.lr, s.seed))])


def test_what_cannot_be_stacked_is_trained_all_the_same_and_a_note_says_why(line):
    task = line(loss=lambda output, target: ((output - target) ** 2).mean() if output.sum().item() < 1e9 else output.sum())
    found, notes = trained(task, 1, settings(), engine="lockstep")
    expected = [train(task, setting, lambda updates, loss: None) for setting in settings()]
    assert facts(found) == facts(sorted(expected, key=lambda run: (run.lr, run.seed)))
    [note] = notes
    assert note.startswith("task 'line' is trained one setting at a time: torch has no rule to stack it")


def test_without_a_name_a_short_job_is_trained_one_by_one_without_a_look(line):
    with processes(line(), 1, engine=None) as running:
        assert len(list(running.train(settings(), lambda board: None))) == 6
        assert running.found == {}


@pytest.mark.slow
def test_what_the_task_raises_is_the_same_line_in_a_stack(line):
    def broken(seed):
        if seed == 1:
            raise RuntimeError("no such data")
        return task.train(seed)

    task = line()
    with pytest.raises(TaskError, match=r"task 'line' raised RuntimeError: no such data \(test_lockstep\.py, line \d+\)"):
        trained(line(train=broken), 1, settings(), engine="lockstep")


@pytest.mark.parametrize(
    ("wrong", "taught"),
    [({"engine": "ray"}, 'write "lockstep" or "process"'), ({"compile": "soon"}, 'none of "never", "auto" and "always"')],
)
def test_an_engine_that_there_is_not_is_refused(line, wrong, taught):
    with pytest.raises(ArgumentError, match=taught):
        compare(line(), ["constant", "cosine"], updates=5, seeds=1, lr=0.1, **wrong)


@pytest.mark.slow
def test_digits_compare_the_same_in_lockstep_and_one_by_one():
    def compared(engine):
        return compare(
            load_task("digits"), ["constant", "cosine", "500 * hold()"], updates=60, seeds=2, lr=0.04, workers=1, engine=engine
        )

    lockstep, process = compared("lockstep"), compared("process")
    assert lockstep.notes == ()
    near(lockstep.runs, process.runs)
    assert [run.diverged for run in lockstep.runs].count(True) == 4
    assert [(row.name, row.verdict, row.diverged) for row in lockstep.rows] == [
        (row.name, row.verdict, row.diverged) for row in process.rows
    ]
    assert lockstep.best == process.best
