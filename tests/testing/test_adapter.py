"""check_adapter: ours passes, and torch's own schedulers and every adapter that lacks a safeguard are caught."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

import annealing as an
from annealing.testing import ConformanceError, check_adapter
from tests.conftest import require

torch = require("torch")


class Training:
    """Plain SGD on one weight whose gradient is 1, so that it moves by exactly the rate that was used."""

    def __init__(self, plan: an.Plan) -> None:
        self.plan = plan
        self.weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.optimizer = torch.optim.SGD([self.weight], lr=0.1)
        self.prepare()

    def prepare(self) -> None:
        raise NotImplementedError

    def after(self) -> None:
        """What the loop does after an update."""

    def train(self, updates: int) -> list[float]:
        used = []
        for _ in range(updates):
            self.weight.data.zero_()
            self.weight.grad = torch.ones_like(self.weight)
            self.optimizer.step()
            used.append(0.0 - self.weight.item())
            self.after()
        return used

    def parts(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer, "scheduler": self.scheduler}

    def save(self) -> Mapping[str, Any]:
        return {name: part.state_dict() for name, part in self.parts().items()}

    def load(self, part: str, saved: Any) -> None:
        self.parts()[part].load_state_dict(saved)


class Ours(Training):
    def prepare(self) -> None:
        from annealing.torch import Scheduler

        self.scheduler = Scheduler(self.optimizer, lr=self.plan)


class OursByFactor(Training):
    def prepare(self) -> None:
        from annealing.torch import Scheduler

        self.optimizer.param_groups[0]["lr"] = 1.0
        self.scheduler = Scheduler(self.optimizer, factor=self.plan)


class OursInFloat32(Ours):
    def __init__(self, plan: an.Plan) -> None:
        super().__init__(plan)
        self.scheduler.remove()
        self.optimizer.param_groups[0]["lr"] = torch.tensor(0.1)
        self.prepare()


@pytest.mark.parametrize(("kind", "precision"), [(Ours, 1e-12), (OursByFactor, 1e-12), (OursInFloat32, 2e-6)])
def test_our_scheduler_passes(kind: type[Training], precision: float) -> None:
    assert len(check_adapter(kind, precision=precision)) == 8


class Lambda(Training):
    """torch's own, built with the optimizer and loaded into it: that much is right."""

    def prepare(self) -> None:
        self.optimizer.param_groups[0]["lr"] = 1.0
        self.build()

    def build(self) -> None:
        # A plan would be saved attribute by attribute, so it is hidden in a function.
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda t: self.plan(t))  # noqa: PLW0108

    def after(self) -> None:
        self.scheduler.step()


def test_a_scheduler_of_torch_passes_where_it_is_built_first() -> None:
    assert len(check_adapter(Lambda)) == 8


class BuiltLate(Lambda):
    """The same, built after its optimizer was loaded: construction writes the first rate over the loaded one."""

    def load(self, part: str, saved: Any) -> None:
        super().load(part, saved)
        if part == "optimizer":
            count = self.scheduler.state_dict()
            self.build()
            self.scheduler.load_state_dict(count)


class Clock:
    """The least that is right: a count, and the plan asked before every update. Every one below gets one thing wrong."""

    def __init__(self) -> None:
        self.count = 0

    def state_dict(self) -> dict[str, int]:
        return {"count": self.count}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        self.count = state["count"]


class Simple(Training):
    def prepare(self) -> None:
        self.scheduler = Clock()
        self.optimizer.register_step_pre_hook(self.before)

    def before(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self.optimizer.param_groups[0]["lr"] = self.value()
        self.scheduler.count += 1

    def value(self) -> float:
        return self.plan(self.scheduler.count)


def test_the_simple_one_passes() -> None:
    assert len(check_adapter(Simple)) == 8


class Ahead(Simple):
    def value(self) -> float:
        return self.plan(self.scheduler.count + 1)


class FirstTwice(Simple):
    def value(self) -> float:
        return self.plan(max(0, self.scheduler.count - 1))


class InCalls(Simple):
    """It counts calls of train, as a scheduler that is stepped once an epoch does."""

    def train(self, updates: int) -> list[float]:
        self.scheduler.count = getattr(self, "calls", 0)
        self.calls = getattr(self, "calls", 0) + min(updates, 1)
        return super().train(updates)


class Ends(Simple):
    def value(self) -> float:
        return self.plan(self.scheduler.count) if self.scheduler.count < self.plan.total else 0.0


class Shared(Simple):
    """One clock for all runs of the process."""

    runs: ClassVar[list[Clock]] = []

    def prepare(self) -> None:
        super().prepare()
        if not (self.runs and self.runs[-1].count == 0):
            self.runs.append(self.scheduler)
        self.scheduler = self.runs[-1]


class SavingSteps(Simple):
    def save(self) -> Mapping[str, Any]:
        self.optimizer.step()
        return super().save()


class NeverLoads(Simple):
    def load(self, part: str, saved: Any) -> None:
        if part == "optimizer":
            super().load(part, saved)


class LoadsOneBack(Simple):
    def load(self, part: str, saved: Any) -> None:
        super().load(part, {"count": max(0, saved["count"] - 1)} if part == "scheduler" else saved)


class FromTheOptimizer(Simple):
    """The optimizer's rate is taken for the value of the next update when it is loaded."""

    def load(self, part: str, saved: Any) -> None:
        super().load(part, saved)
        if part == "optimizer":
            self.scheduler.count = 0


class Adds(Simple):
    """Loading adds to the count, as Megatron's does."""

    def load(self, part: str, saved: Any) -> None:
        count = self.scheduler.count
        super().load(part, saved)
        self.scheduler.count += count if part == "scheduler" else 0


class Elsewhere(Simple):
    """It goes on from a file that every run of the process writes, whatever is loaded."""

    file: ClassVar[dict[str, int]] = {}

    def prepare(self) -> None:
        super().prepare()
        self.scheduler.count = self.file.get("count", 0)

    def save(self) -> Mapping[str, Any]:
        self.file["count"] = self.scheduler.count
        return super().save()


BROKEN = [
    (BuiltLate, "whose parts are loaded in any order: resumed at 1 by loading optimizer, then scheduler, update 1 used 0.125"),
    (
        Ahead,
        "every update uses plan(t): from the start, update 0 used 0.25 and plan(0) is 0.125, which is plan(1): it is 1 ahead",
    ),
    (
        FirstTwice,
        "every update uses plan(t): from the start, update 1 used 0.125 and plan(1) is 0.25, which is plan(0): it is 1 behind",
    ),
    (InCalls, "it makes no difference in how many calls the updates are made: in pieces"),
    (Ends, "after the end of the plan its last value is used: past the end, update 11 used 0"),
    (Shared, "two runs do not disturb each other: beside another run, update 0 used 0.375 and plan(0) is 0.125"),
    (SavingSteps, "saving changes nothing: saved before every update, update 0"),
    (
        Elsewhere,
        "one that loads nothing begins at update 0: after another run was saved at update 2, with nothing loaded, update 0",
    ),
    (NeverLoads, "a run goes on from a checkpoint of any update, whose parts are loaded in any order: resumed at 1"),
    (LoadsOneBack, "resumed at 1 by loading optimizer, then scheduler, update 1 used 0.125 and plan(1) is 0.25"),
    (FromTheOptimizer, "resumed at 1 by loading scheduler, then optimizer, update 1"),
    (Adds, "a checkpoint can be loaded into a run that has trained already: resumed at 0 by a run that had made 2"),
]


@pytest.mark.parametrize(("kind", "sentence"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_an_adapter_that_lacks_one_safeguard_is_caught(kind: type[Training], sentence: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_adapter(kind)

    assert any(part in str(caught.value) for part in sentence.split("|")), caught.value


def test_a_plan_in_which_updates_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(ConformanceError, match="cannot tell its updates apart"):
        check_adapter(Ours, plan=an.chain(an.hold(5), an.linear()).over(10))
    with pytest.raises(ConformanceError, match="cannot tell its updates apart"):
        check_adapter(Ours, plan=an.linear().over(10), precision=0.1)


def test_an_adapter_that_hides_updates_is_caught() -> None:
    class Silent(Simple):
        def train(self, updates: int) -> list[float]:
            return super().train(updates)[1:]

    with pytest.raises(ConformanceError, match=r"train\(11\) returns 10 rates"):
        check_adapter(Silent)
