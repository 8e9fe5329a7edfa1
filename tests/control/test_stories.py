"""What goes wrong in today's libraries (pains.md), and does not here. Each peer that can be run shows its own fault first."""

import math

import numpy as np
import pytest

from annealing import chain, cosine, hold, warmup
from annealing.control import Greedy, Plateau, dialects, fold, parse, saved_controller, state_from_json, state_to_json
from annealing.core.errors import ArgumentError
from tests.conftest import require
from tests.control.peers import (
    greedy_rates,
    ignite_rates,
    keras_rates,
    optax_scales,
    optimizer_of,
    rate_of,
    timm_scheduler,
    told_off,
    torch_rates,
)

FLAT = [1.0] * 8


def test_r10_a_plateau_next_to_a_schedule_is_not_erased() -> None:
    schedulers = require("torch").optim.lr_scheduler
    optimizer = optimizer_of(1.0)
    schedule = schedulers.LambdaLR(optimizer, lambda t: 1 - t / 10)
    plateau = schedulers.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    theirs = []
    for loss in FLAT:
        optimizer.step()
        plateau.step(loss)
        schedule.step()  # writes over what the plateau has cut
        theirs.append(rate_of(optimizer))
    assert theirs == pytest.approx([1 - t / 10 for t in range(1, 9)])

    gains = fold(dialects.torch.ReduceLROnPlateau(1.0, factor=0.5, patience=1), FLAT)
    ours = [(1 - t / 10) * gain for t, gain in enumerate(gains, start=1)]
    assert gains.tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]
    assert ours[-1] == pytest.approx(theirs[-1] / 8)


def test_r10_a_plateau_inside_a_sequence_simply_works() -> None:
    schedulers = require("torch").optim.lr_scheduler
    optimizer = optimizer_of(1.0)
    parts = [schedulers.LinearLR(optimizer, 0.1, 1.0, 4), schedulers.ReduceLROnPlateau(optimizer)]
    with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
        schedulers.SequentialLR(optimizer, parts, milestones=[4])

    plan = chain(warmup(4), hold(6), cosine()).over(16)
    plateau = Plateau(factor=0.5, patience=2)
    state, used = plateau.init(), []
    for t in range(16):
        used.append(plan(t) * plateau.gain(state))
        if 4 <= t < 10:  # it looks at the middle part only
            state, _ = plateau.step(state, 2.0)
    gains = [1.0] * 7 + [0.5] * 2 + [0.25] * 7
    assert used == pytest.approx(plan.values() * gains)


def test_r22_a_negative_metric_that_gets_worse_is_not_accepted() -> None:
    worsening = [-100.0, -99.995, -99.99, -99.985, -99.98]
    assert torch_rates(worsening, 1.0, factor=0.5, patience=1) == [1.0] * 5  # every one of them is "better"

    assert fold(Plateau(factor=0.5, patience=2), worsening).tolist() == [1, 1, 0.5, 0.5, 0.25]
    assert fold(dialects.torch.ReduceLROnPlateau(1.0, factor=0.5, patience=1), worsening).tolist() == [1.0] * 5


def test_r23_a_plateau_of_a_negative_metric_is_noticed() -> None:
    theirs = optax_scales([-1.0] * 8, factor=0.5, patience=2).tolist()
    assert theirs == [1.0] * 8  # it never fires

    assert fold(Plateau(factor=0.5, patience=2), [-1.0] * 8).tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]
    assert fold(dialects.optax.reduce_on_plateau(factor=0.5, patience=2), [-1.0] * 8).tolist() == theirs


def test_r24_small_rates_are_cut_like_large_ones() -> None:
    assert torch_rates(FLAT, 1e-8, factor=0.5, patience=1) == [1e-8] * 8  # eps freezes them

    plan = (1e-8 * hold()).over(8)
    ours = plan.values() * fold(Plateau(factor=0.5, patience=2), FLAT)
    assert ours == pytest.approx([1e-8, 1e-8, 5e-9, 5e-9, 2.5e-9, 2.5e-9, 1.25e-9, 1.25e-9])


def test_r25_the_floor_is_not_dropped() -> None:
    theirs = ignite_rates(FLAT, 1.0, factor=0.1, patience=0, min_lr=0.01)
    assert theirs[-1] < 1e-6

    assert fold(Plateau(factor=0.1, patience=1, floor=0.01), FLAT).min() == 0.01
    assert fold(dialects.torch.ReduceLROnPlateau(1.0, factor=0.1, patience=0, min_lr=0.01), FLAT).min() == pytest.approx(0.01)


def test_r30_greedy_can_go_down_at_the_rates_of_fine_tuning() -> None:
    worse = [1.0 + 0.1 * k for k in range(60)]
    better = worse[::-1]
    assert greedy_rates(worse, 2e-5) == [2e-5] * 60  # min_lr=1e-3 lies above: it cannot fall
    assert greedy_rates(better, 2e-5)[-1] > 2e-5  # it can only rise

    plan = (2e-5 * hold()).over(60)
    assert (plan.values() * fold(Greedy(), worse))[-1] == pytest.approx(2e-5 * 0.95**5)
    assert (plan.values() * fold(Greedy(), better))[-1] == pytest.approx(2e-5 / 0.95**6)
    with pytest.raises(ArgumentError, match="could only go one way: they are shares of the plan's value"):
        Greedy(peak=2e-5, floor=1e-3, ceiling=1.0)


def test_r35_a_plateau_is_remembered_from_one_fit_to_the_next() -> None:
    fits = [[2.0, 2.0], [2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]
    assert keras_rates(fits, 1.0, factor=0.5, patience=3) == [1.0] * 8

    plateau = dialects.keras.ReduceLROnPlateau(factor=0.5, patience=3, lr=1.0)
    text, ours = state_to_json(plateau, plateau.init()), []
    for losses in fits:  # each of them may be another process
        state = state_from_json(plateau, text)
        for loss in losses:
            state, gain = plateau.step(state, loss)
            ours.append(gain)
        text = state_to_json(plateau, state)
    assert ours == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def timm_resumed(cut: int) -> list[float]:
    """timm's plateau on flat metrics, saved and resumed after `cut` epochs in the order of its own training script."""
    optimizer = optimizer_of(1.0)
    options = {"decay_rate": 0.5, "patience_t": 2, "mode": "min"}
    scheduler, rates = timm_scheduler(optimizer, **options), []
    for epoch, metric in enumerate(FLAT):
        if epoch == cut:
            saved, state = optimizer.state_dict(), scheduler.state_dict()
            optimizer = optimizer_of(1.0)
            optimizer.load_state_dict(saved)
            scheduler = timm_scheduler(optimizer, **options)
            scheduler.load_state_dict(state)
        with told_off():
            scheduler.step(epoch + 1, metric)
        rates.append(rate_of(optimizer))
    return rates


def test_r37_patience_and_cuts_survive_a_resume() -> None:
    through = timm_resumed(cut=len(FLAT))
    assert through == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert timm_resumed(cut=3) == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5]  # patience starts again
    assert timm_resumed(cut=5)[5] == 1.0  # and the cut is undone

    plateau = dialects.timm.PlateauLRScheduler(1.0, decay_rate=0.5, patience_t=2, mode="min")
    for cut in range(len(FLAT)):
        state, ours = plateau.init(), []
        for epoch, metric in enumerate(FLAT):
            if epoch == cut:
                text = state_to_json(plateau, state)
                plateau = parse(saved_controller(text))  # another process knows the text alone
                state = state_from_json(plateau, text)
            state, gain = plateau.step(state, metric)
            ours.append(gain)
        assert ours == through


@pytest.mark.parametrize("first", [math.nan, math.inf, -math.inf])
def test_a_first_loss_that_is_not_finite_does_not_drag_the_rate_down(first) -> None:
    falling = [first, 3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4]
    options = {"factor": 0.5, "patience": 2}
    if first != math.inf:  # which keras copes with
        assert keras_rates([falling], 1.0, **options)[-1] == 0.125  # nothing is better than NaN

    assert fold(Plateau(**options), falling).tolist() == [1.0] * 8


def test_a_plateau_after_a_warm_up_is_a_plan_times_a_gain() -> None:
    plan = (3e-4 * chain(warmup(3), hold())).over(12)
    losses = [4.0, 3.0, 2.0, *[2.0] * 9]
    gains = np.concatenate([[1.0], fold(Plateau(factor=0.5, patience=3), losses)[:-1]])  # in force from the next update on

    assert (plan.values() * gains)[:6] == pytest.approx([3e-4 / 4, 3e-4 / 2, 9e-4 / 4, 3e-4, 3e-4, 3e-4])
    assert (plan.values() * gains)[6:] == pytest.approx([1.5e-4] * 3 + [7.5e-5] * 3)
