"""Feedback: the value in use is plan(t) times the gain, from the update after the observation on."""

from __future__ import annotations

import copy
import itertools
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributed import checkpoint

import annealing as an
from annealing.control import EarlyStop, Greedy, Plateau, Spike, fold
from annealing.core.errors import ArgumentError, KindError, PlanMismatchError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, parameter, rate_used, rates_used, sgd, train

PLATEAU = Plateau(factor=0.5, patience=2)
LOSSES = [
    5.0,
    4.0,
    4.0,
    4.0,
    4.0,
    4.0,
    3.0,
    math.nan,
    3.0,
    3.0,
    2.0,
    2.0,
    math.inf,
    2.0,
    2.0,
    1.0,
    1.0,
    1.0,
    1.0,
    1.0,
    1.0,
    1.0,
    1.0,
    0.5,
]
# The gain that update t uses: what the controller said after update t - 1.
GAINS = [1.0, *fold(PLATEAU, LOSSES).tolist()][:UPDATES]
EXPECTED = [value * gain for value, gain in zip(USED, GAINS, strict=True)]
assert len(LOSSES) == UPDATES
assert len(set(GAINS)) > 4


def observed(optimizer: torch.optim.Optimizer, scheduler: Scheduler, begin: int = 0, end: int = UPDATES) -> list[list[float]]:
    """The rates that each update used, with an observation after each."""
    used: list[list[float]] = []
    for t in range(begin, end):
        used.append(rates_used(optimizer))
        scheduler.observe(LOSSES[t])
        scheduler.step()
    return used


def test_every_update_uses_the_plan_times_the_gain_after_the_last_observation() -> None:
    optimizer = sgd()
    assert observed(optimizer, Scheduler(optimizer, lr=PLAN, control=PLATEAU)) == [[rate] for rate in EXPECTED]


@pytest.mark.parametrize("flat", [False, True])
def test_tensor_rates_are_filled_in_place_with_it(flat: bool) -> None:
    optimizer = sgd(torch.tensor(0.1, dtype=torch.float64))
    scheduler = Scheduler(optimizer, lr=PLAN, control=PLATEAU, flat=flat)
    held = optimizer.param_groups[0]["lr"]
    assert observed(optimizer, scheduler) == [[rate] for rate in EXPECTED]
    assert optimizer.param_groups[0]["lr"] is held


def test_a_factor_is_multiplied_for_every_group_alike() -> None:
    optimizer = sgd(0.1, 0.7)
    scheduler = Scheduler(optimizer, factor=SHAPE, control=PLATEAU)
    expected = [[SHAPE(t) * gain * own for own in (0.1, 0.7)] for t, gain in enumerate(GAINS)]
    np.testing.assert_allclose(observed(optimizer, scheduler), expected, rtol=1e-15)


def test_in_a_recipe_it_moves_what_it_is_bound_to_and_nothing_else() -> None:
    optimizer = sgd(0.1, 0.1, names=["body", "head"], momentum=0.9)
    recipe = an.Recipe(lr=PLAN.schedule, momentum=0.9 * an.linear(to=0.5)).over(UPDATES)
    control = {"lr@head": Plateau(factor=0.5, patience=1), "momentum": Plateau(factor=0.5, patience=1)}
    scheduler = Scheduler(optimizer, recipe, control=control)
    train(optimizer, 1)
    for loss in (1.0, 1.0):
        assert scheduler.observe(loss) is False
    assert scheduler.gains == {"lr@head": 0.5, "momentum": 0.5}
    body, head = optimizer.param_groups
    assert (body["lr"], head["lr"]) == (USED[1], 0.5 * USED[1])
    momentum = recipe.plans_for("body")["momentum"](1)
    assert body["momentum"] == head["momentum"] == 0.5 * momentum


def test_two_controllers_of_one_rate_multiply_and_may_see_two_metrics() -> None:
    optimizer = sgd()
    control = {"lr": Plateau(factor=0.5, patience=1), "lr@*": Spike(factor=0.25, settle=2, recovery=0)}
    scheduler = Scheduler(optimizer, lr=PLAN, control=control)
    for loss in (2.0, 2.0, 2.0, 9.0):
        scheduler.observe(loss, to="lr@*")
    assert scheduler.gains == {"lr": 1.0, "lr@*": 0.25}
    for loss in (2.0, 2.0):
        scheduler.observe(loss, to="lr")
    assert optimizer.param_groups[0]["lr"] == USED[0] * 0.125
    with pytest.raises(ArgumentError, match=r"observe\(to='momentum'\) is no key of control=: write one of 'lr', 'lr@\*'"):
        scheduler.observe(1.0, to="momentum")


def test_controllers_are_read_from_text() -> None:
    scheduler = Scheduler(sgd(), lr=PLAN, control="Plateau(factor=0.5, patience=1) * Spike(settle=5)")
    scheduler.observe(1.0)
    scheduler.observe(1.0)
    assert scheduler.gains == {"lr": 0.5}


@pytest.mark.parametrize(
    "metric",
    [2, 2.0, np.float32(2), np.array(2.0), torch.tensor(2), torch.tensor(2.0), torch.tensor([2.0], dtype=torch.bfloat16)],
    ids=repr,
)
def test_a_metric_is_any_one_number(metric: Any) -> None:
    scheduler = Scheduler(sgd(), lr=PLAN, control=Plateau(factor=0.5, patience=1))
    scheduler.observe(2.0)
    scheduler.observe(metric)
    assert scheduler.gains == {"lr": 0.5}
    assert json.loads(json.dumps(scheduler.state_dict())) == scheduler.state_dict()


@pytest.mark.parametrize("metric", [None, "2", True, torch.ones(2), [2.0], np.ones(2), np.ones((2, 1)), np.zeros(0)])
def test_a_metric_that_is_no_number_is_refused_and_changes_nothing(metric: Any) -> None:
    scheduler = Scheduler(sgd(), lr=PLAN, control=PLATEAU)
    state = scheduler.state_dict()
    with pytest.raises(KindError, match="one number"):
        scheduler.observe(metric)
    assert scheduler.state_dict() == state


def test_a_loss_that_requires_gradients_is_read_and_not_kept() -> None:
    weight = parameter()
    scheduler = Scheduler(sgd(), lr=PLAN, control=PLATEAU)
    scheduler.observe((weight - 3).square().sum())
    assert '"best": 9.0' in scheduler.state_dict()["observed"][0]


@pytest.mark.parametrize(
    ("control", "error", "advice"),
    [
        (0.5, KindError, r"no controller: write Plateau\(patience=5\)"),
        ({"lr": "cosine"}, an.AnnealingError, "'cosine' is not a controller"),
        ({"momentum": Plateau()}, ArgumentError, "bound? Plateau.*'momentum', which no plan moves here: write one of 'lr'"),
        ({"lr@hed": Plateau()}, ArgumentError, "the pattern 'hed' matches no parameter group"),
    ],
)
def test_what_cannot_be_a_controller_here_is_refused(control: Any, error: type[Exception], advice: str) -> None:
    optimizer = sgd()
    with pytest.raises(error, match=advice.replace("bound?", "binds")):
        Scheduler(optimizer, lr=PLAN, control=control)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_without_a_controller_observing_is_refused() -> None:
    with pytest.raises(ArgumentError, match="control=Plateau"):
        Scheduler(sgd(), lr=PLAN).observe(1.0)


def test_early_stop_answers_the_loop_and_stays_stopped_after_resuming() -> None:
    optimizer = sgd()
    control = {"lr": PLATEAU, "stop": EarlyStop(patience=3)}
    scheduler = Scheduler(optimizer, lr=PLAN, control=control)
    answers = [scheduler.observe(loss) for loss in (3.0, 3.0, 3.0)]
    assert (answers, scheduler.stopped) == ([False, False, False], False)
    assert scheduler.observe(3.0) is True
    assert scheduler.observe(1.0) is True
    assert scheduler.gains == {"lr": 0.5}, "an early stop multiplies nothing"

    again = Scheduler(sgd(), lr=PLAN, control=control)
    again.load_state_dict(scheduler.state_dict())
    assert again.stopped is True


def test_an_early_stop_alone_needs_no_key() -> None:
    scheduler = Scheduler(sgd(), lr=PLAN, control=EarlyStop(patience=1))
    assert [scheduler.observe(loss) for loss in (2.0, 2.0)] == [False, True]
    assert scheduler.gains == {}


def test_get_last_lr_says_what_the_last_update_used_although_the_gain_has_changed_since() -> None:
    """Loggers read between optimizer.step() and scheduler.step(), and an evaluation may lie between them."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN, control=Plateau(factor=0.5, patience=1))
    scheduler.observe(1.0)
    assert rate_used(optimizer) == USED[0]
    scheduler.observe(1.0)
    assert scheduler.get_last_lr() == [USED[0]]
    assert scheduler.get_lr() == [0.5 * USED[1]]
    scheduler.step()
    assert scheduler.get_last_lr() == [0.5 * USED[1]] == [rate_used(optimizer)]


def test_an_observation_inside_a_step_holds_from_the_next_update_on() -> None:
    weight = parameter()
    optimizer = torch.optim.LBFGS([weight], lr=0.1, max_iter=4)
    scheduler = Scheduler(optimizer, lr=PLAN, control=Plateau(factor=0.5, patience=1))
    rates: list[float] = []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = ((weight - 3) ** 2).sum()
        loss.backward()
        scheduler.observe(1.0)
        rates.append(optimizer.param_groups[0]["lr"])
        return loss

    optimizer.step(closure)
    assert set(rates) == {USED[0]}
    assert scheduler.get_last_lr() == [USED[0]]
    gain = scheduler.gains["lr"]
    assert gain < 1
    assert scheduler.get_lr() == [optimizer.param_groups[0]["lr"]] == [USED[1] * gain]


def test_an_observation_inside_a_step_that_raises_or_is_skipped_is_not_lost() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, fused=True)
    scheduler = Scheduler(optimizer, lr=PLAN, control=Plateau(factor=0.5, patience=1))
    scheduler.observe(1.0)

    def fails() -> float:
        scheduler.observe(1.0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        optimizer.step(fails)
    assert rate_used(optimizer) == pytest.approx(0.5 * USED[0])

    def overflows() -> float:
        scheduler.observe(1.0)
        optimizer.grad_scale, optimizer.found_inf = torch.tensor(1.0), torch.tensor(1.0)  # as a GradScaler tells it
        return 0.0

    optimizer.step(overflows)
    del optimizer.grad_scale, optimizer.found_inf
    assert scheduler.update == 1
    assert rate_used(optimizer) == pytest.approx(0.25 * USED[1])


# --- Resuming -------------------------------------------------------------------------------------------------------

ORDERS = list(itertools.permutations(("build", "optimizer", "scheduler")))
ORDERS = [order for order in ORDERS if order.index("build") < order.index("scheduler")]


@pytest.mark.parametrize("order", ORDERS, ids=" > ".join)
@pytest.mark.parametrize("stop", [0, 3, 4, 13])
@pytest.mark.parametrize("mode", ["lr", "factor"])
def test_resuming_is_exact_in_every_order(order: tuple[str, ...], stop: int, mode: str) -> None:
    """R37: timm's plateau loses its patience on resume."""

    def build(optimizer: torch.optim.Optimizer) -> Scheduler:
        return Scheduler(optimizer, **{mode: PLAN if mode == "lr" else SHAPE}, control=PLATEAU)

    whole = sgd()
    expected = observed(whole, build(whole))
    first = sgd()
    scheduler = build(first)
    used = observed(first, scheduler, 0, stop)
    states = {"scheduler": json.loads(json.dumps(scheduler.state_dict())), "optimizer": first.state_dict()}
    second = sgd()
    for action in order:
        if action == "build":
            scheduler = build(second)
        elif action == "optimizer":
            second.load_state_dict(states["optimizer"])
        else:
            scheduler.load_state_dict(states["scheduler"])
    assert used + observed(second, scheduler, stop) == expected


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_remembers_what_was_observed_and_goes_on_by_itself(copied: Callable[[Any], Any]) -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN, control=PLATEAU)
    observed(optimizer, scheduler, 0, 5)
    twin, its = copied((optimizer, scheduler))
    assert observed(twin, its, 5) == [[rate] for rate in EXPECTED[5:]]
    assert observed(optimizer, scheduler, 5) == [[rate] for rate in EXPECTED[5:]]


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
def test_distributed_checkpoints_bring_the_controllers_back(tmp_path: Path) -> None:
    optimizer = sgd()
    control = {"lr": PLATEAU, "stop": EarlyStop(patience=7)}
    scheduler = Scheduler(optimizer, lr=PLAN, control=control)
    observed(optimizer, scheduler, 0, 5)
    checkpoint.save({"scheduler": scheduler.state_dict()}, checkpoint_id=tmp_path, no_dist=True)
    second = sgd()
    fresh = Scheduler(second, lr=PLAN, control=control)
    state = {"scheduler": fresh.state_dict()}
    checkpoint.load(state, checkpoint_id=tmp_path, no_dist=True)
    fresh.load_state_dict(state["scheduler"])
    assert fresh.state_dict() == scheduler.state_dict()
    assert observed(second, fresh, 5) == [[rate] for rate in EXPECTED[5:]]


def saved(control: Any, losses: list[float]) -> dict[str, Any]:
    scheduler = Scheduler(sgd(), lr=PLAN, control=control)
    for loss in losses:
        scheduler.observe(loss)
    return scheduler.state_dict()


def test_the_state_of_other_controllers_is_refused_with_both() -> None:
    state = saved(PLATEAU, [1.0, 1.0, 1.0])
    for control in (Plateau(factor=0.5, patience=3), None, {"lr@*": PLATEAU}):
        scheduler = Scheduler(sgd(), lr=PLAN, control=control)
        with pytest.raises(
            PlanMismatchError, match=r"control=\{'lr': Plateau\(factor=0.5, patience=2\)\} and this Scheduler has"
        ):
            scheduler.load_state_dict(state)
        assert scheduler.update == 0


def test_a_controller_may_be_added_to_a_run_that_had_none() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN, control=PLATEAU)
    scheduler.load_state_dict(Scheduler(sgd(), lr=PLAN).state_dict())
    assert rate_used(optimizer) == USED[0]
    assert scheduler.gains == {"lr": 1.0}


def test_a_damaged_state_of_controllers_is_refused() -> None:
    state = saved(PLATEAU, [1.0])
    scheduler = Scheduler(sgd(), lr=PLAN, control=PLATEAU)
    for damage in ({"control": []}, {"observed": ["{}"]}, {"observed": [state["observed"][0].replace("best", "worst")]}):
        with pytest.raises(an.AnnealingError):
            scheduler.load_state_dict({**state, **damage})


# --- Floors ---------------------------------------------------------------------------------------------------------


def test_a_floor_is_a_share_so_that_every_group_has_its_own() -> None:
    """R28: transformers takes the share of the first group's rate for all of them."""
    optimizer = sgd(0.1, 0.001)
    scheduler = Scheduler(optimizer, factor=an.constant(1).over(9), control=Plateau(factor=0.1, patience=1, floor=0.05))
    for _ in range(9):
        scheduler.observe(1.0)
    assert rates_used(optimizer) == pytest.approx([0.005, 0.00005])


def test_a_floor_in_units_of_the_rate_is_refused_for_groups_whose_rates_differ() -> None:
    """It would be right for one of them only. A floor for each is one controller for each."""
    plateau = Plateau(factor=0.1, patience=1, floor=1e-3, peak=0.1)
    flat = an.constant(1).over(9)
    optimizer = sgd(0.1, 0.4, names=["body", "head"])
    with pytest.raises(ArgumentError, match='bind one controller to each, "lr@body", "lr@head", or leave peak= out'):
        Scheduler(optimizer, factor=flat, control=plateau)
    head = Plateau(factor=0.1, patience=1, floor=2e-3, peak=0.4)
    scheduler = Scheduler(optimizer, factor=flat, control={"lr@body": plateau, "lr@head": head})
    for _ in range(9):
        scheduler.observe(1.0)
    assert rates_used(optimizer) == pytest.approx([1e-3, 2e-3])
    assert rate_used_with_one_rate(plateau) == pytest.approx(1e-3)


def rate_used_with_one_rate(plateau: Plateau) -> float:
    optimizer = sgd(0.1, 0.1)
    scheduler = Scheduler(optimizer, lr=(0.1 * an.hold()).over(9), control=plateau)
    for _ in range(9):
        scheduler.observe(1.0)
    return rates_used(optimizer)[1]


# --- Stories --------------------------------------------------------------------------------------------------------


def test_r10_a_plateau_beside_a_schedule_is_not_erased() -> None:
    """torch: ReduceLROnPlateau cuts the rate in the optimizer, and the next step of a closed-form scheduler writes over it."""
    flat = an.chain(an.warmup(3), an.hold()).over(UPDATES)
    optimizer = sgd()
    warm = torch.optim.lr_scheduler.LambdaLR(optimizer, flat)
    cut = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)

    def both() -> None:
        warm.step()
        cut.step(1.0)

    theirs = train(optimizer, 12, both)
    assert theirs[-1] >= 0.05, "eleven bad observations, and one cut at most is left of them"

    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=(0.1 * flat.schedule).over(UPDATES), control=Plateau(factor=0.5, patience=1))
    ours = train(optimizer, 12, lambda: scheduler.observe(1.0))
    assert ours == pytest.approx([0.1 * flat(t) * 0.5 ** max(0, t - 1) for t in range(12)])


def test_a_warm_up_before_a_plateau_goes_to_its_peak() -> None:
    """The observations of the warm-up are not looked at; torch has no such thing (transformers#29417)."""
    plan = (0.1 * an.chain(an.warmup(4), an.hold())).over(UPDATES)
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=plan, control=Plateau(factor=0.5, patience=3, skip=4))
    used = train(optimizer, 12, lambda: scheduler.observe(1.0))
    assert used[:8] == [plan(t) for t in range(8)]
    assert used[8:] == [0.05] * 3 + [0.025], "the first one looked at is the best, the third bad one after it cuts"


def test_a_plateau_inside_a_sequence_is_a_phase_like_any_other() -> None:
    """pytorch#68978: ReduceLROnPlateau cannot be in a SequentialLR. Here the phase watches while it lasts, and its cut stays."""
    plan = (0.1 * an.chain(an.warmup(4), an.hold(8), an.linear())).over(20)
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=plan, control=Plateau(factor=0.5, patience=2))

    def watch() -> None:
        if 4 <= scheduler.update < 12:
            scheduler.observe(1.0)

    used = train(optimizer, 20, watch)
    gains = [1.0] * 6 + [0.5] * 2 + [0.25] * 2 + [0.125] * 10
    assert used == [plan(t) * gain for t, gain in enumerate(gains)]


def test_r22_a_metric_below_zero_that_gets_worse_is_not_taken_for_better() -> None:
    """torch: the threshold of a negative best lies above it, so a loss that creeps up counts as progress for ever."""
    losses = [-1.0 + 1e-5 * t for t in range(12)]

    def torchs() -> list[float]:
        optimizer = sgd()
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        return train(optimizer, 12, lambda: scheduler.step(losses.pop(0)))

    creeping = list(losses)
    assert torchs() == [0.1] * 12
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=(0.1 * an.hold()).over(12), control=Plateau(factor=0.5, patience=2))
    assert train(optimizer, 12, lambda: scheduler.observe(creeping.pop(0)))[-1] < 0.01


def test_r24_a_small_rate_is_cut_like_a_large_one() -> None:
    """torch: a cut of less than eps=1e-8 is left out, so a rate of 1e-8 is never lowered."""
    optimizer = sgd(1e-8)
    frozen = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    train(optimizer, 9, lambda: frozen.step(1.0))
    assert optimizer.param_groups[0]["lr"] == 1e-8

    optimizer = sgd(1e-8)
    scheduler = Scheduler(optimizer, lr=(1e-8 * an.hold()).over(9), control=Plateau(factor=0.5, patience=1))
    train(optimizer, 9, lambda: scheduler.observe(1.0))
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-8 * 0.5**8)


def test_r30_greedy_goes_down_at_the_rates_of_fine_tuning_too() -> None:
    """transformers' GreedyLR has min_lr=1e-3 for every rate: one of 2e-5 can only rise. Here floors are shares."""
    optimizer = sgd(2e-5)
    scheduler = Scheduler(optimizer, lr=(2e-5 * an.hold()).over(40), control=Greedy(factor=0.5, patience=2, floor=0.1))
    used = train(optimizer, 40, lambda: scheduler.observe(1.0))
    assert used[-1] == pytest.approx(2e-6)
    assert used == sorted(used, reverse=True)


def test_r37_a_state_saved_one_bad_observation_before_the_cut_still_cuts_on_time() -> None:
    state = saved(Plateau(factor=0.5, patience=4), [1.0] * 4)
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN, control=Plateau(factor=0.5, patience=4))
    scheduler.load_state_dict(state)
    assert scheduler.gains == {"lr": 1.0}
    scheduler.observe(1.0)
    assert optimizer.param_groups[0]["lr"] == 0.5 * USED[0]
