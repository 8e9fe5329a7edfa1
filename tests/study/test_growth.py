"""Growing batches compared: the arms are what they say, judged against a margin that was fixed before."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from contextlib import contextmanager

import numpy as np
import pytest

from tests.conftest import require

torch = require("torch")

import annealing as an
from annealing.study import growth as growing
from annealing.study.growth import compare_growth, growth_in_words
from annealing.study.growth_arms import DECAY, growth_arms
from annealing.study.train import train
from annealing.tasks import Task
from annealing.tasks.batches import training_batches


@pytest.fixture
def here(monkeypatch):
    """Train in this process, one run after the other."""

    class Serial:
        def __init__(self, task):
            self.task = task

        def train(self, settings, watch):
            for setting in settings:
                yield train(self.task, setting, lambda updates, loss: None)

    @contextmanager
    def processes(task, workers):
        yield Serial(task)

    monkeypatch.setattr(growing, "processes", processes)


def test_every_arm_sees_the_same_samples_and_keeps_the_noise_of_the_decay():
    arms = {arm.name: arm for arm in growth_arms(DECAY, 0.03, batch=8, epoch=1000, epochs=40)}
    noise = {name: arm.rate(np.arange(len(arm.sizes))) / np.array(arm.sizes) for name, arm in arms.items()}

    assert {sum(arm.sizes) for arm in arms.values()} == {40_000}
    for name in ("hybrid", "growth", "raised rate"):
        begins = np.concatenate([[0], np.cumsum(arms[name].sizes)[:-1]])
        full = np.diff(begins, append=40_000) == np.array(arms[name].sizes)
        whole = full & ((begins + np.array(arms[name].sizes)) % 1000 != 0)  # a rest at the end of an epoch is noisier
        np.testing.assert_allclose(noise[name][whole], noise["decay"][begins[whole] // 8], rtol=1e-12)
    assert arms["control"].sizes == arms["growth"].sizes
    assert noise["control"][-1] == pytest.approx(noise["decay"][-1] * 8 / 1000)


def test_batches_of_planned_sizes_are_the_ordinary_order_cut_elsewhere():
    x = torch.arange(12.0).reshape(12, 1)
    task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, x), (x, x), batch_size=4)
    ordinary = training_batches(task, 3)
    plain = [next(ordinary)[0] for _ in range(6)]
    cut = [inputs for inputs, _ in training_batches(task, 3, (2, 4, 6, 5, 7))]

    assert [len(part) for part in cut] == [2, 4, 6, 5, 7]
    assert torch.equal(torch.cat(plain), torch.cat(cut))


def test_a_dataset_gives_every_sample_once_per_epoch():
    x = torch.arange(10.0).reshape(10, 1)
    data = torch.utils.data.TensorDataset(x, x)
    task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, data, data)
    batches = [inputs for inputs, _ in training_batches(task, 0, (3, 7, 10))]

    assert [sorted(torch.cat(part).flatten().tolist()) for part in (batches[:2], batches[2:])] == [list(range(10))] * 2


def test_a_batch_across_the_end_of_an_epoch_is_refused():
    x = torch.arange(10.0).reshape(10, 1)
    task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, x), (x, x))
    with pytest.raises(an.AnnealingError, match="do not fill an epoch of 10"):
        list(training_batches(task, 0, (6, 6, 8)))


@pytest.mark.usefixtures("here")
def test_all_arms_are_measured_at_the_same_samples(line):
    outcome = compare_growth(line(), 'stairs({"50%": 0.5})', lr=0.02, batch=2, epochs=6, seeds=2)
    seen = {run.arm: np.cumsum(outcome.sizes[run.arm])[run.curve.update - 1].tolist() for run in outcome.runs}

    assert set(map(tuple, seen.values())) == {tuple(64 * epoch for epoch in range(1, 7))}
    assert len(outcome.runs) == 12
    assert outcome.row("decay").verdict == "reference"
    assert outcome.to_dict()["epoch"] == 64
    assert outcome.row("constant").share == pytest.approx(1.0)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch": 8}, "leaves no room"),
        ({"schedule": "hold"}, "does not decay"),
        ({"epochs": 0}, "epochs"),
        ({"lr": -1.0}, "lr"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_training(line, given, said):
    with pytest.raises(an.AnnealingError, match=said):
        compare_growth(line(), **{"batch": 2, "epochs": 2, "seeds": 1, "lr": 0.01, **given})


def test_what_was_not_trained_is_not_finished():
    arms = growth_arms(DECAY, 0.03, batch=8, epoch=1000, epochs=40)
    rows, gap = growing.rows_of(arms, [], (100,))

    assert {row.verdict for row in rows} == {"not finished"}
    assert growth_in_words(rows, gap).startswith("Nothing can be said")
