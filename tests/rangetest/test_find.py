"""The two-stage protocol, on tasks whose right answer is known."""

import math
from dataclasses import replace

import pytest
import torch

from annealing.core.errors import ArgumentError, KindError, TrainingError
from annealing.rangetest import BUDGET, find
from annealing.tasks import Task


def line(scale: float = 1.0, optimizer: str = "sgd") -> Task:
    """A quadratic: with inputs of this scale, plain descent diverges above 2 / curvature, and is best near half of that."""
    inputs = scale * torch.linspace(-1, 1, 64).reshape(64, 1)
    return Task(
        lambda: torch.nn.Linear(1, 1),
        torch.nn.functional.mse_loss,
        (inputs, 3 * inputs),
        (inputs, 3 * inputs),
        optimizer=optimizer,
    )


def test_the_answer_is_one_of_the_whole_runs_with_its_weights() -> None:
    found = find(line(), updates=60)
    answer = found.answer

    assert answer.rate is not None
    assert answer.rate in found.rates
    assert found.losses[list(found.rates).index(answer.rate)] < 1e-3 * found.scan.first
    assert answer.interval is not None
    assert answer.interval[0] <= answer.rate <= answer.interval[1]
    assert found.state is not None
    assert float(found.state["weight"]) == pytest.approx(3, abs=0.05)
    assert found.cost <= BUDGET


def test_the_rate_follows_the_curvature() -> None:
    """Inputs ten times as large make the curvature a hundred times as large, and the best rate a hundredth."""
    plain, steep = find(line(), updates=60).answer.rate, find(line(10.0), updates=60).answer.rate

    assert plain is not None
    assert steep is not None
    assert 30 < plain / steep < 300


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, other = find(line(), updates=60, seed=3), find(line(), updates=60, seed=3)

    assert one.to_dict() | {"seconds": 0} == other.to_dict() | {"seconds": 0}


def test_the_edge_of_divergence_is_where_theory_puts_it() -> None:
    found = find(line(), updates=120)
    curvature = 2 * max(1.0, float((torch.linspace(-1, 1, 64) ** 2).mean()))  # of the bias, which is the steeper direction

    edge = found.answer.edge_of_divergence
    assert edge is not None
    assert 2 / curvature / 1.8 < edge < 2 / curvature * 1.8 * 4  # the grid is a quarter of a decade, and rounding takes time


def test_a_model_that_cannot_learn_has_no_answer() -> None:
    noise = torch.zeros(64, 1)
    task = Task(
        lambda: torch.nn.Linear(1, 1, bias=False), torch.nn.functional.mse_loss, (noise, noise), (noise, noise), optimizer="sgd"
    )
    found = find(task, updates=24)

    assert found.answer.rate is None
    assert found.answer.confidence == "none"
    assert found.state is None


def test_a_rate_far_from_the_usual_one_is_looked_for_beyond_the_edge() -> None:
    found = find(line(1_000.0), updates=60)

    assert found.scan.rate[0] < 1e-5 < 0.1 * 10**-2.5
    assert found.answer.rate is not None
    assert found.answer.rate < 1e-5
    assert found.cost <= BUDGET


def test_progress_is_told_stage_by_stage() -> None:
    heard: list[tuple[str, int, int]] = []
    find(line(), updates=60, tick=lambda stage, done, total: heard.append((stage, done, total)))

    assert all(0 < done <= total for _, done, total in heard)
    assert {stage for stage, _, _ in heard} <= {"scan", "whole runs"}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"schedule": "0.1 * cosine()"}, ArgumentError, "peak of 0.1"),
        ({"schedule": "cosine().over(10)"}, KindError, "no schedule"),
        ({"updates": 3}, ArgumentError, "whole number from 12"),
        ({"seed": -1}, ArgumentError, "seed=-1"),
    ],
)
def test_what_cannot_be_searched_is_refused(options: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        find(line(), **{"updates": 60, **options})  # pyright: ignore[reportArgumentType]


def test_a_model_is_no_task() -> None:
    with pytest.raises(KindError, match="is not a task"):
        find(torch.nn.Linear(1, 1))  # pyright: ignore[reportArgumentType]
    assert math.isfinite(BUDGET)


def test_what_a_task_raises_while_it_is_trained_is_one_line_that_names_it() -> None:
    def raising(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("the cat\nis gone")

    with pytest.raises(TrainingError, match=r"^task 'cat' raised RuntimeError: the cat is gone \(test_find.py, line \d+\)$"):
        find(replace(line(), name="cat", loss=raising), updates=60)


@pytest.mark.slow
def test_the_built_in_text_has_a_rate() -> None:
    found = find("text", updates=24)

    assert found.answer.rate is not None
    assert found.losses.min() < found.scan.first
    assert found.cost <= BUDGET
