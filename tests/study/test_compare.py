"""The whole comparison, trained in this process: what it tries, what it refuses, and what it concludes."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.core.errors import AnnealingError
from annealing.study.compare import compare
from annealing.study.defaults import SCHEDULES

pytestmark = pytest.mark.usefixtures("serial")


def small(task, schedules=("constant", "cosine"), **changes):
    return compare(task, schedules, **({"updates": 20, "seeds": 2, "lr": [0.05, 0.1]} | changes))


def test_tuning_and_evaluation_seeds_never_meet(line):
    outcome = small(line(), seeds=4)
    assert not set(outcome.tuning_seeds) & set(outcome.evaluation_seeds)
    for role, seeds in (("tuning", outcome.tuning_seeds), ("evaluation", outcome.evaluation_seeds)):
        assert {run.seed for run in outcome.runs if run.role == role} == set(seeds)
    assert len(outcome.evaluation_seeds) == 4


def test_more_seeds_keep_the_ones_before(line):
    few, many = small(line(), seeds=3), small(line(), seeds=4)
    assert few.evaluation_seeds == many.evaluation_seeds[:3]
    assert few.tuning_seeds == many.tuning_seeds
    kept = {(run.arm, run.seed): run.loss for run in many.runs if run.role == "evaluation"}
    assert all(kept[run.arm, run.seed] == run.loss for run in few.runs if run.role == "evaluation")


def test_every_schedule_is_tuned_at_every_rate_and_evaluated_at_the_best_of_its_own(line):
    outcome = small(line())
    tuned = {(run.arm, run.lr) for run in outcome.runs if run.role == "tuning"}
    assert tuned == {(arm, lr) for arm in ("constant", "cosine") for lr in (0.05, 0.1)}
    for row in outcome.rows:
        assert {run.lr for run in outcome.runs if (run.arm, run.role) == (row.name, "evaluation")} == {row.lr}


def test_the_rate_used_is_lr_times_the_schedule(line):
    outcome = small(line(), ["linear"], lr=0.1)
    (run, *_) = outcome.runs
    assert run.curve.rate.tolist() == (0.1 * an.linear()).over(20).values().tolist()
    assert outcome.tuning_seeds == ()  # one arm at one rate: there is nothing to choose


def test_without_lr_the_optimizers_usual_rate_is_tried_and_the_grid_grows_until_the_best_lies_inside(line):
    outcome = small(line(), ["constant", "cosine"], lr=None)
    for row in outcome.rows:
        tried = sorted({run.lr for run in outcome.runs if (run.arm, run.role) == (row.name, "tuning")})
        assert {0.05, 0.1, 0.2} <= set(tried)
        assert tried[0] < row.lr < tried[-1]
        assert not row.edge


def test_a_schedule_with_a_peak_other_than_1_is_absolute_and_trained_as_it_is_written(line):
    outcome = small(line(), ["0.1 * cosine()", "cosine"], lr=None)
    absolute = next(row for row in outcome.rows if row.name == "0.1 * cosine()")
    assert (absolute.lr, absolute.edge) == (1.0, False)
    run = next(run for run in outcome.runs if run.arm == absolute.name)
    assert run.curve.rate.tolist() == (0.1 * an.cosine()).over(20).values().tolist()


def test_with_lr_given_an_absolute_schedule_is_multiplied_like_any_other(line):
    outcome = small(line(), ["0.1 * cosine()"], lr=[0.5])
    assert outcome.rows[0].lr == 0.5
    assert outcome.runs[0].curve.rate[0] == pytest.approx(0.05)


def test_epochs_are_known_from_the_data(line):
    outcome = small(line(), ["step('1ep', 0.5)"], lr=0.1)  # 64 samples in batches of 8
    assert outcome.runs[0].curve.rate.tolist() == [0.1] * 8 + [0.05] * 8 + [0.025] * 4


def test_schedules_may_be_values_and_may_be_given_names(line):
    outcome = small(line(), {"mine": an.cosine(), "theirs": "linear"})
    assert {row.name: row.schedule for row in outcome.rows} == {"mine": "cosine()", "theirs": "linear()"}
    assert {row.name for row in small(line(), [an.cosine(), an.linear(to=0.1)]).rows} == {"cosine()", "linear(to=0.1)"}


def test_the_default_schedules_are_the_ten_that_people_choose_between():
    assert len(SCHEDULES) == 10
    for text in SCHEDULES.values():
        plan = an.parse(text).over(1000)
        assert plan.values().max() == 1
        assert plan.values().min() >= 0
        assert str(plan.schedule) == str(an.parse(str(plan.schedule)))


def test_the_same_comparison_twice_gives_the_same_numbers(line):
    first, second = small(line()), small(line())
    assert first.rows == second.rows
    assert [(run.curve, run.loss) for run in first.runs] == [(run.curve, run.loss) for run in second.runs]


def test_another_optimizer_may_be_named(line):
    outcome = small(line(), optimizer="adamw", lr=None)
    assert outcome.optimizer == "adamw"
    assert {run.lr for run in outcome.runs if run.role == "tuning"} >= {5e-4, 1e-3, 2e-3}


def test_a_rate_that_diverges_is_a_result_and_never_chosen(line):
    outcome = small(line(), ["constant"], lr=[0.05, 50.0], updates=100)
    assert all(run.diverged for run in outcome.runs if run.lr == 50.0)
    assert (outcome.rows[0].lr, outcome.rows[0].verdict) == (0.05, "reference")


def test_an_arm_that_diverges_everywhere_is_ranked_last_and_the_others_are_compared(line):
    outcome = small(line(), ["constant", "cosine", "500 * hold()"], lr=0.05, updates=100)
    last = outcome.rows[-1]
    assert (last.name, last.verdict, last.diverged, last.mean) == ("500 * hold()", "diverged", 2, None)
    assert {row.verdict for row in outcome.rows[:-1]} <= {"reference", "worse", "better", "cannot be told apart"}
    assert "diverged: 500 * hold() (2 of 2 seeds)" in outcome.verdict
    assert outcome.best in ("constant", "cosine")


@pytest.mark.parametrize(
    ("wrong", "taught"),
    [
        ({"schedules": ["cosinus"]}, "cosinus"),
        ({"schedules": ["chain(warmup(50), cosine())"]}, r"^chain\(warmup\(50\), cosine\(\)\): .*20"),
        ({"schedules": ["linear() - 0.5"]}, r"^linear\(\) - 0.5: lr is -0\.\d+ at \d+: a learning rate is finite and at least 0"),
        ({"schedules": ["0 * hold()"]}, "the rate is 0 all the way"),
        ({"schedules": []}, "there are no schedules to compare"),
        ({"schedules": "cosine"}, r"is one schedule: write a list, \['cosine', …\]"),
        ({"schedules": ["cosine", "cosine"]}, "listed twice"),
        ({"schedules": ["cosine", "cosine()"]}, "are the same schedule"),
        ({"schedules": ["cosine().over(20)"]}, r"sets the run's length itself: write the schedule without \.over"),
        ({"schedules": [3]}, "3"),
        ({"updates": 0}, "updates=0 is not the length of a run"),
        ({"updates": 1.5}, "updates=1.5 is not the length of a run"),
        ({"seeds": 0}, "seeds=0 is not a number of runs"),
        ({"lr": 0.0}, "lr=0.0 must be above 0"),
        ({"lr": [0.1, -1]}, "lr=-1 must be above 0"),
        ({"lr": [0.1, float("nan")]}, "lr=nan"),
        ({"lr": "0.1"}, "lr='0.1' is not a number"),
        ({"lr": []}, r"lr=\[\] holds no rate"),
        ({"optimizer": "adamm"}, "optimizer='adamm' is unknown: write one of sgd"),
        ({"optimizer": lambda p, lr: torch.optim.SGD(p, lr=lr), "lr": None}, "whose usual rate is not known: write lr="),
        ({"task": "mnist"}, "task='mnist' is unknown"),
        ({"task": torch.nn.Linear(1, 1)}, "is not a task: write"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_any_training_in_one_line(line, monkeypatch, wrong, taught):
    monkeypatch.setattr("annealing.study.compare.processes", None)  # nothing may be started
    arguments = {"task": line(), "schedules": ["constant", "cosine"]} | wrong
    with pytest.raises(AnnealingError, match=taught) as refused:
        small(**arguments)
    assert "\n" not in str(refused.value)


def test_data_that_raises_is_one_line_that_names_the_task(line):
    def train(seed):
        raise FileNotFoundError("no cats.zip")

    with pytest.raises(
        AnnealingError, match=r"^task 'line' raised FileNotFoundError: no cats\.zip \(test_compare\.py, line \d+\)$"
    ):
        small(line(train=train))


def test_an_interrupt_gives_what_is_complete(line, monkeypatch):
    task, asked = line(), []

    def interrupted_at(count):
        asked.clear()

        def valid(seed):
            asked.append(seed)
            if len(asked) > count:
                raise KeyboardInterrupt
            return task.valid(seed)

        return small(line(valid=valid), seeds=3)

    early = interrupted_at(3)  # of 12 tuning runs
    assert (early.interrupted, len(early.runs)) == (True, 3)
    assert {row.verdict for row in early.rows} == {"not finished"}
    assert {row.mean for row in early.rows} == {None}

    late = interrupted_at(12 + 5)  # of 6 evaluation runs
    assert [(row.seeds, row.verdict) for row in late.rows] == [(3, "reference"), (2, "not finished")]
    assert "not finished" in late.verdict
