"""Optimizers that say they need no schedule, schedulefree and prodigyopt: what a schedule on top of them means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import annealing as an
from annealing.torch import Scheduler
from tests.conftest import require

schedulefree = require("schedulefree")
prodigyopt = require("prodigyopt")

UPDATES = 24
SHAPE = an.chain(an.warmup(5), an.cosine(to=0.1))
LR = 0.5 * SHAPE
USED: list[float] = LR.over(UPDATES).values().tolist()
assert len(set(USED)) == UPDATES  # an off-by-one could hide in a flat stretch

Make = Callable[..., Any]


def near(values: Any) -> Any:
    return pytest.approx(values, abs=1e-12)


class Quadratic:
    """Two weights that are to become 0, a distance that every optimizer shortens, and how each step is taken."""

    def __init__(self, make: Make, folder: Path, *, closure: bool = False, **options: Any) -> None:
        self.weight = torch.nn.Parameter(torch.tensor([3.0, -2.0], dtype=torch.float64))
        self.optimizer = make([self.weight], **options)
        self.folder, self.closure = folder, closure
        self.path: list[list[float]] = []

    def loss(self) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = (self.weight**2).sum()
        loss.backward()
        return loss

    def train(self, scheduler: Any, updates: int) -> None:
        if hasattr(self.optimizer, "train"):
            self.optimizer.train()
        for _ in range(updates):
            if self.closure:
                self.optimizer.step(self.loss)
            else:
                self.loss()
                self.optimizer.step()
            scheduler.step()
            self.path.append([float(weight) for weight in self.weight.detach()])

    def save(self, scheduler: Any) -> None:
        """In evaluation mode, as schedulefree asks for: the weights are then the averaged ones."""
        if hasattr(self.optimizer, "eval"):
            self.optimizer.eval()
        state = {"weight": self.weight.detach(), "optimizer": self.optimizer.state_dict(), "scheduler": scheduler.state_dict()}
        torch.save(state, self.folder / "checkpoint.pt")

    def load(self, scheduler: Any) -> None:
        saved = torch.load(self.folder / "checkpoint.pt", weights_only=True)
        self.weight.data.copy_(saved["weight"])
        self.optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])


class ByHand:
    """What the Scheduler is compared with: the plan's values assigned before each update."""

    def __init__(self, optimizer: Any, values: list[float]) -> None:
        self.optimizer, self.values, self.done = optimizer, values, 0
        self.write()

    def write(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.values[min(self.done, len(self.values) - 1)]

    def step(self) -> None:
        self.done += 1
        self.write()


OPTIMIZERS: dict[str, tuple[Make, dict[str, Any]]] = {
    "AdamWScheduleFree": (schedulefree.AdamWScheduleFree, {"lr": 0.1, "foreach": False}),
    "AdamWScheduleFree foreach": (schedulefree.AdamWScheduleFree, {"lr": 0.1, "foreach": True}),
    "SGDScheduleFree": (schedulefree.SGDScheduleFree, {"lr": 0.1}),
    "RAdamScheduleFree": (schedulefree.RAdamScheduleFree, {"lr": 0.1}),
    "AdamWScheduleFreeClosure": (schedulefree.AdamWScheduleFreeClosure, {"lr": 0.1}),
    "Prodigy": (prodigyopt.Prodigy, {"lr": 1.0}),
}
every = pytest.mark.parametrize("name", OPTIMIZERS)


def made(name: str, folder: Path, **more: Any) -> Quadratic:
    make, options = OPTIMIZERS[name]
    return Quadratic(make, folder, closure=name.endswith("Closure"), **options, **more)


@every
def test_the_weights_go_exactly_where_values_assigned_by_hand_take_them(name: str, tmp_path: Path) -> None:
    ours, hand = made(name, tmp_path), made(name, tmp_path)
    scheduler = Scheduler(ours.optimizer, lr=LR.over(UPDATES))
    ours.train(scheduler, UPDATES)
    hand.train(ByHand(hand.optimizer, USED), UPDATES)
    assert ours.path == hand.path
    assert scheduler.update == UPDATES

    late = made(name, tmp_path)
    late.train(ByHand(late.optimizer, USED[1:]), UPDATES)
    assert late.path != hand.path  # one update off is another path: the comparison is not blind


@every
def test_a_run_goes_on_from_its_checkpoint_to_the_same_weights(name: str, tmp_path: Path) -> None:
    whole, first, second = (made(name, tmp_path) for _ in range(3))
    follow = {one: Scheduler(one.optimizer, lr=LR.over(UPDATES)) for one in (whole, first, second)}
    whole.train(follow[whole], UPDATES)
    first.train(follow[first], 10)
    first.save(follow[first])
    second.load(follow[second])
    second.train(follow[second], UPDATES - 10)
    assert torch.tensor(first.path + second.path).flatten().tolist() == near(torch.tensor(whole.path).flatten().tolist())


@every
def test_a_factor_multiplies_the_own_rate_which_for_prodigy_is_one(name: str, tmp_path: Path) -> None:
    ours, hand = made(name, tmp_path), made(name, tmp_path)
    own = OPTIMIZERS[name][1]["lr"]
    ours.train(Scheduler(ours.optimizer, factor=SHAPE.over(UPDATES)), UPDATES)
    hand.train(ByHand(hand.optimizer, [own * value for value in SHAPE.over(UPDATES).values().tolist()]), UPDATES)
    assert ours.path == hand.path


def test_changing_between_training_and_evaluation_is_no_update(tmp_path: Path) -> None:
    training = made("AdamWScheduleFree", tmp_path)
    scheduler = Scheduler(training.optimizer, lr=LR.over(UPDATES))
    for _ in range(4):
        training.train(scheduler, 1)
        training.optimizer.eval()
        training.optimizer.train()
    assert (scheduler.update, training.optimizer.param_groups[0]["lr"]) == (4, USED[4])


class TestItsOwnWarmup:
    """schedulefree multiplies the rate by a warm-up of its own, which starts at 1/n; with a schedule that has one, write 0."""

    def rates(self, warmup_steps: int, folder: Path) -> list[float]:
        training = made("AdamWScheduleFree", folder, warmup_steps=warmup_steps)
        scheduler = Scheduler(training.optimizer, lr=LR.over(UPDATES))
        used: list[float] = []
        for _ in range(UPDATES):
            training.train(scheduler, 1)
            used.append(training.optimizer.param_groups[0]["scheduled_lr"])
        return used

    def test_with_none_the_rate_that_it_reports_is_the_plans(self, tmp_path: Path) -> None:
        assert self.rates(0, tmp_path) == USED

    def test_the_control_that_two_warmups_multiply(self, tmp_path: Path) -> None:
        twice, once = self.rates(5, tmp_path), self.rates(0, tmp_path)
        assert [two / one for two, one in zip(twice, once, strict=True)] == near([min(1.0, (t + 1) / 5) for t in range(UPDATES)])

    def test_r32_no_warmup_trains_from_the_first_update_on(self, tmp_path: Path) -> None:
        """optax's schedule_free_adamw with warmup_steps=0 never moves the parameters."""
        training = made("AdamWScheduleFree", tmp_path, warmup_steps=0)
        training.train(Scheduler(training.optimizer, lr=(0.1 * an.hold()).over(UPDATES)), UPDATES)
        assert training.path[0] != [3.0, -2.0]
        assert sum(x**2 for x in training.path[-1]) < 9.0


def test_the_weight_in_the_average_stays_that_of_the_highest_rate(tmp_path: Path) -> None:
    """So a decay moves what is averaged less and less, and takes nothing away from how much each update counts."""
    training = made("AdamWScheduleFree", tmp_path)
    training.train(Scheduler(training.optimizer, lr=LR.over(UPDATES)), UPDATES)
    assert training.optimizer.param_groups[0]["lr_max"] == max(USED)
