"""`ScheduleCallback` in Hugging Face's Trainer, with the Trainer's real checkpoints; its own schedules beside it as controls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import annealing as an
from annealing.core.errors import AnnealingError, ArgumentError, ConflictError, KindError, LengthError, PlanMismatchError
from annealing.torch import Scheduler
from tests.conftest import require

transformers = require("transformers")
from annealing.transformers import ScheduleCallback  # noqa: E402
from tests.wrappers.hugging_face import Line, Note, logged, trainer_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

UPDATES = 24
SHAPE = an.chain(an.warmup(5), an.cosine(to=0.1))
LR = 0.5 * SHAPE
TEXT = str(LR)
USED = list(LR.over(UPDATES).values())
assert len(set(USED)) == UPDATES  # an off-by-one could hide in a flat stretch


def near(values: Any) -> Any:
    return pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize(
    ("schedule", "accumulation"),
    [(TEXT, 1), (TEXT, 3), (LR, 1), (LR.over(UPDATES), 1), (an.Recipe(lr=LR), 1)],
    ids=["text", "accumulated", "schedule", "plan", "recipe"],
)
def test_every_update_uses_and_logs_the_value_of_the_plan(schedule: Any, accumulation: int, tmp_path: Path) -> None:
    note = Note()
    trainer = trainer_of(tmp_path, ScheduleCallback(schedule), note, gradient_accumulation_steps=accumulation)
    trainer.train()
    assert note.used == near(USED)
    assert logged(trainer) == near(note.used)
    assert trainer.lr_scheduler.update == trainer.lr_scheduler.last_epoch == UPDATES


def test_the_control_that_the_trainers_own_schedule_is_told_apart(tmp_path: Path) -> None:
    note = Note()
    trainer_of(tmp_path, note, lr_scheduler_type="cosine", warmup_steps=5, learning_rate=0.5).train()
    assert note.used[0] == 0.0  # its first update is spent on nothing
    assert [used == near(value) for used, value in zip(note.used, USED, strict=True)].count(True) <= 2


def test_a_run_that_was_stopped_goes_on_from_its_checkpoint_exactly(tmp_path: Path) -> None:
    whole = Note()
    trainer_of(tmp_path / "whole", ScheduleCallback(TEXT), whole).train()

    stopped, resumed = Note(stop=20), Note()
    trainer_of(tmp_path / "run", ScheduleCallback(TEXT), stopped).train()
    again = trainer_of(tmp_path / "run", ScheduleCallback(TEXT), resumed)
    again.train(resume_from_checkpoint=True)  # the last one, of update 18
    assert stopped.used == near(USED[:20])
    assert resumed.used == near(USED[18:])
    assert logged(again) == near(USED)
    assert again.model.weight.item() == pytest.approx(-sum(whole.used), abs=1e-12)


def test_the_checkpoint_holds_readable_json_and_a_state_that_a_plain_scheduler_loads(tmp_path: Path) -> None:
    trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9)).train()
    told = json.loads((tmp_path / "checkpoint-9" / "trainer_state.json").read_text())["stateful_callbacks"]["ScheduleCallback"]
    assert told["args"]["schedule"] == TEXT
    assert (told["attributes"]["saved"]["update"], told["attributes"]["saved"]["plan"]) == (9, f"({TEXT}).over(24)")

    optimizer = torch.optim.SGD(Line().parameters(), lr=0.1)
    scheduler = Scheduler(optimizer, lr=LR.over(UPDATES))
    scheduler.load_state_dict(torch.load(tmp_path / "checkpoint-9" / "scheduler.pt", weights_only=True))
    assert optimizer.param_groups[0]["lr"] == USED[9]


def test_a_run_may_move_from_the_callback_to_a_scheduler_that_is_passed_in(tmp_path: Path) -> None:
    trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9)).train()
    model, note = Line(), Note()
    optimizer = torch.optim.SGD([{"params": list(model.parameters())}, {"params": []}], lr=0.1)  # the Trainer's two groups
    passed = (optimizer, Scheduler(optimizer, lr=LR.over(UPDATES)))
    trainer_of(tmp_path, note, model=model, optimizers=passed).train(resume_from_checkpoint=True)
    assert note.used == near(USED[9:])


def test_a_checkpoint_of_the_callback_still_opens_without_it(tmp_path: Path) -> None:
    trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9)).train()
    note = Note()
    trainer_of(tmp_path, note, lr_scheduler_type="linear").train(resume_from_checkpoint=True)
    assert len(note.used) == UPDATES - 9


class TestFactor:
    """`factor=` multiplies the rate of TrainingArguments, which the Trainer's own scheduler has written over by then."""

    @pytest.mark.parametrize("tensor", [False, True])
    def test_it_multiplies_the_learning_rate_also_after_a_resume(self, tensor: bool, tmp_path: Path) -> None:
        def trained(note: Note) -> Any:
            model = Line()
            rate: Any = torch.tensor(0.2, dtype=torch.float64) if tensor else 0.2
            optimizers = (torch.optim.SGD(model.parameters(), lr=rate), None)
            return trainer_of(tmp_path, ScheduleCallback(factor=SHAPE), note, model=model, optimizers=optimizers, warmup_steps=7)

        first, second = Note(stop=9), Note()
        trained(first).train()
        trained(second).train(resume_from_checkpoint=True)
        assert first.used + second.used == near([0.4 * used for used in USED])

    def test_it_starts_from_the_own_rate_again_when_the_trainer_trains_again(self, tmp_path: Path) -> None:
        note = Note()
        trainer = trainer_of(tmp_path, ScheduleCallback(factor=SHAPE), note, learning_rate=0.5, save_strategy="no")
        trainer.train()
        trainer.train()
        assert note.used == near(USED + USED)


def test_a_recipe_reaches_the_groups_that_the_trainer_makes(tmp_path: Path) -> None:
    """Group 0 has weight decay and group 1, of biases and norms, has none."""
    note = Note()
    recipe = an.Recipe(lr=LR, weight_decay=0.1, groups={"1": {"lr": 0.1 * LR, "weight_decay": 0.0}})
    model = Line(names=("weight", "bias"))
    trainer = trainer_of(tmp_path, ScheduleCallback(recipe), note, model=model, weight_decay=0.3)
    trainer.train()
    assert [moved[1] for moved in note.moved] == near([0.1 * used for used in USED])
    assert [group["weight_decay"] for group in trainer.optimizer.param_groups] == [0.1, 0.0]


def test_lengths_in_epochs_are_those_of_the_trainer(tmp_path: Path) -> None:
    """18 samples in batches of 2, accumulated over 2: an epoch has 5 updates, of which the last one is short."""
    note = Note()
    text = "0.5 * chain(warmup(1ep), hold, cooldown(2ep))"
    epochs: dict[str, Any] = {"num_train_epochs": 4, "max_steps": -1, "gradient_accumulation_steps": 2}
    trainer_of(tmp_path, ScheduleCallback(text), note, **epochs).train()
    expected = 0.5 * an.chain(an.warmup(5), an.hold(5), an.cooldown(10))
    assert note.used == near(list(expected.over(20).values()))


def test_a_model_init_may_make_the_model_anew(tmp_path: Path) -> None:
    def made() -> Line:  # the Trainer looks at how many arguments it takes
        return Line()

    note = Note()
    trainer = trainer_of(tmp_path, ScheduleCallback(TEXT), note, model_init=made, save_strategy="no")
    trainer.train()
    trainer.train()
    assert note.used == near(USED + USED)


class TestALongerRun:
    """R06: the Trainer's own cosine, resumed with more updates, jumps to another curve without a word."""

    def test_r06_the_control_that_the_trainers_own_jumps_silently(self, tmp_path: Path) -> None:
        own: dict[str, Any] = {"lr_scheduler_type": "cosine", "learning_rate": 0.5}
        first, second = Note(stop=9), Note()
        trainer_of(tmp_path, first, **own).train()
        trainer_of(tmp_path, second, **own, max_steps=48).train(resume_from_checkpoint=True)
        assert first.used[-1] > second.used[0]
        assert second.used[1] > second.used[0] + 0.1

    def test_r06_it_is_refused_with_both_plans(self, tmp_path: Path) -> None:
        trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9)).train()
        longer = trainer_of(tmp_path, ScheduleCallback(TEXT), max_steps=48)
        with pytest.raises(PlanMismatchError, match=r"over\(24\).*over\(48\)"):
            longer.train(resume_from_checkpoint=True)

    def test_r06_a_policy_says_which_one_wins(self, tmp_path: Path) -> None:
        trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9)).train()
        note = Note()
        with pytest.warns(UserWarning, match='resume="replace" at update 9: lr goes from'):
            trainer_of(tmp_path, ScheduleCallback(TEXT, resume="replace"), note, max_steps=48).train(resume_from_checkpoint=True)
        assert note.used == near(list(LR.over(48).values()[9:]))

    @pytest.mark.slow
    @pytest.mark.parametrize("resume", ["keep", "stretch"])
    def test_r06_what_was_decided_holds_for_every_later_resume(self, resume: Any, tmp_path: Path) -> None:
        plans = {"keep": LR.over(24), "stretch": LR.over(24).stretch(48, at=9)}
        trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9)).train()
        first, second = Note(stop=30), Note()
        for note in (first, second):
            longer = trainer_of(tmp_path, ScheduleCallback(TEXT, resume=resume), note, max_steps=48)
            longer.train(resume_from_checkpoint=True)
        assert first.used == near([plans[resume](t) for t in range(9, 30)])
        assert second.used == near([plans[resume](t) for t in range(27, 48)])


class TestACheckpointWithoutTheCallback:
    def test_it_is_refused_because_nothing_says_what_its_rates_were(self, tmp_path: Path) -> None:
        trainer_of(tmp_path, Note(stop=9)).train()
        with pytest.raises(PlanMismatchError, match="update 9 was trained without a ScheduleCallback"):
            trainer_of(tmp_path, ScheduleCallback(TEXT)).train(resume_from_checkpoint=True)

    @pytest.mark.slow
    @pytest.mark.parametrize("factor", [False, True])
    def test_it_goes_on_from_there_where_that_is_asked_for(self, factor: bool, tmp_path: Path) -> None:
        trainer_of(tmp_path, Note(stop=9)).train()
        first, second = Note(stop=20), Note()
        options: dict[str, Any] = {"factor": 5 * SHAPE} if factor else {"schedule": LR}
        trainer_of(tmp_path, ScheduleCallback(**options, resume="replace"), first).train(resume_from_checkpoint=True)
        trainer_of(tmp_path, ScheduleCallback(**options), second).train(resume_from_checkpoint=True)
        assert first.used == near(USED[9:20])
        assert second.used == near(USED[18:])


def test_the_trainers_own_way_of_restoring_callbacks_works_too(tmp_path: Path) -> None:
    trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9)).train()
    note = Note()
    restoring = trainer_of(tmp_path, ScheduleCallback(TEXT), note, restore_callback_states_from_checkpoint=True)
    restoring.train(resume_from_checkpoint=True)
    assert note.used == near(USED[9:])


@pytest.mark.slow
def test_weights_alone_still_know_their_update(tmp_path: Path) -> None:
    """`save_only_model` leaves the Trainer's scheduler out of the checkpoint: its own schedule would begin again."""
    trainer_of(tmp_path, ScheduleCallback(TEXT), Note(stop=9), save_only_model=True).train()
    ours, theirs = Note(), Note()
    trainer_of(tmp_path, ScheduleCallback(TEXT), ours).train(resume_from_checkpoint=str(tmp_path / "checkpoint-9"))
    trainer_of(tmp_path, theirs, lr_scheduler_type="linear").train(resume_from_checkpoint=str(tmp_path / "checkpoint-9"))
    assert ours.used == near(USED[9:])
    assert theirs.used[0] == near(0.1)


class TestControl:
    """A controller sees every evaluation of the Trainer, and its gain multiplies the plan."""

    class Measured(Line):
        """A model whose evaluation loss is told, one number for each evaluation."""

        def __init__(self, losses: list[float]) -> None:
            super().__init__()
            self.losses = losses

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            if self.training:
                return super().forward(x, labels)
            return {"loss": torch.tensor(self.losses.pop(0))}

    def trained(self, folder: Path, callback: ScheduleCallback, losses: list[float], stop: int | None = None, **more: Any) -> Any:
        note = Note(stop)
        options: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 3, "save_steps": 3, **more}
        data = [{"x": torch.ones(1), "labels": torch.ones(1)}]
        model = self.Measured(losses)
        resume = options.pop("resume_from_checkpoint", None)
        trainer = trainer_of(folder, callback, note, model=model, eval_dataset=data, **options)
        trainer.train(resume_from_checkpoint=resume)
        return note.used

    def test_its_gain_holds_from_the_next_update_on_and_is_resumed(self, tmp_path: Path) -> None:
        """Losses after updates 3, 6, 9, … ; two in a row that are no better halve the rate."""
        losses = [3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 0.5]
        gains = [1.0] * 12 + [0.5] * 9 + [0.25] * 3
        control = "Plateau(factor=0.5, patience=2)"
        whole = self.trained(tmp_path / "whole", ScheduleCallback(TEXT, control=control), list(losses))
        assert whole == near([gain * used for gain, used in zip(gains, USED, strict=True)])

        self.trained(tmp_path / "run", ScheduleCallback(TEXT, control=control), list(losses), stop=10)  # saved after update 9
        last = {"resume_from_checkpoint": True, "eval_on_start": True}
        resumed = self.trained(tmp_path / "run", ScheduleCallback(TEXT, control=control), [9.0, *losses[3:]], **last)
        assert resumed == near(whole[9:])  # what is evaluated before the first update is not seen: it was seen before

    def test_the_control_that_the_trainers_own_plateau_forgets_the_schedule(self, tmp_path: Path) -> None:
        note = Note()
        options: dict[str, Any] = {"lr_scheduler_type": "reduce_lr_on_plateau", "metric_for_best_model": "loss"}
        data = [{"x": torch.ones(1), "labels": torch.ones(1)}]
        evaluated: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 3, "eval_dataset": data, "warmup_steps": 5}
        trainer_of(tmp_path, note, model=self.Measured([1.0] * 8), **options, **evaluated).train()
        assert note.used == near([0.1] * UPDATES)  # five updates of warm-up were asked for

    def test_an_early_stop_ends_the_run(self, tmp_path: Path) -> None:
        control: Any = {"stop": "EarlyStop(patience=2)"}
        used = self.trained(tmp_path, ScheduleCallback(TEXT, control=control), [1.0, 2.0, 3.0, 4.0])
        assert used == near(USED[:9])

    def test_a_metric_that_is_not_measured_is_refused(self, tmp_path: Path) -> None:
        callback = ScheduleCallback(TEXT, control="Plateau", metric="accuracy")
        with pytest.raises(ArgumentError, match=r'control= sees "eval_accuracy", and the evaluation has .*eval_loss'):
            self.trained(tmp_path, callback, [1.0] * 8)

    def test_one_of_several_evaluation_sets_may_have_it(self, tmp_path: Path) -> None:
        data = [{"x": torch.ones(1), "labels": torch.ones(1)}]
        options: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 12, "eval_dataset": {"first": data, "second": data}}
        callback = ScheduleCallback(TEXT, control="Plateau(factor=0.5, patience=1)", metric="second_loss")
        trainer_of(tmp_path, callback, model=self.Measured([1.0, 7.0, 0.5, 8.0]), **options).train()
        assert callback.scheduler is not None
        assert callback.scheduler.gains == {"lr": 0.5}

    def test_a_run_without_evaluations_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ArgumentError, match="sees evaluations, and there are none"):
            trainer_of(tmp_path, ScheduleCallback(TEXT, control="Plateau")).train()


class TestTwoOwners:
    def test_a_scheduler_that_was_passed_in_as_well_is_refused_at_once(self, tmp_path: Path) -> None:
        model = Line()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        passed = (optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer))
        with pytest.raises(ConflictError, match="the Trainer has a ConstantLR already"):
            trainer_of(tmp_path, ScheduleCallback(TEXT), model=model, optimizers=passed)

    def test_it_is_refused_when_training_begins_where_the_callback_came_later(self, tmp_path: Path) -> None:
        model = Line()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        trainer = trainer_of(tmp_path, model=model, optimizers=(optimizer, Scheduler(optimizer, lr=LR.over(UPDATES))))
        trainer.add_callback(ScheduleCallback(TEXT))
        with pytest.raises(ConflictError, match="the Trainer has a Scheduler already"):
            trainer.train()

    def test_the_trainers_plateau_is_refused(self, tmp_path: Path) -> None:
        evaluated: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 6, "eval_dataset": [{"x": torch.ones(1)}]}
        options: dict[str, Any] = {"lr_scheduler_type": "reduce_lr_on_plateau", "metric_for_best_model": "loss", **evaluated}
        with pytest.raises(ConflictError, match="the Trainer has a ReduceLROnPlateau already"):
            trainer_of(tmp_path, ScheduleCallback(TEXT), **options).train()

    def test_a_second_callback_is_refused(self, tmp_path: Path) -> None:
        two = ScheduleCallback(TEXT), ScheduleCallback(an.Recipe(momentum=0.9 * SHAPE))
        with pytest.raises(ConflictError, match="put both schedules into one Recipe"):
            trainer_of(tmp_path, *two).train()


def test_a_plan_of_another_length_than_the_run_is_said(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="the plan is 30 updates long and this run makes 24"):
        trainer_of(tmp_path, ScheduleCallback(LR.over(30))).train()


def test_lengths_that_do_not_fit_the_run_are_refused_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(LengthError, match="cover 20 of 24 updates"):
        trainer_of(tmp_path, ScheduleCallback("0.5 * chain(warmup(5), cosine(15))")).train()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((), {}, "nothing was given"),
        ((TEXT,), {"factor": SHAPE}, "a schedule and factor= was given"),
        ((3e-4,), {}, "is not a schedule"),
        ((), {"factor": an.Recipe(lr=LR)}, "without factor="),
        ((TEXT,), {"control": 0.5}, "which is no controller"),
        (("(-1 * hold()).over(5)",), {}, "a learning rate is finite and at least 0"),
    ],
)
def test_what_is_not_a_schedule_is_refused_at_once(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(AnnealingError, match=message):
        ScheduleCallback(*arguments, **options)
    assert issubclass(KindError, AnnealingError)
