"""What holds for every controller, whatever is observed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from annealing import control
from annealing.control import Controller, Greedy, Plateau, Product, Transition, fold
from tests.conftest import require
from tests.control.controllers import SAMPLES, UNFINITE, finite_observations, gains, grid, observations, transitions


def states_of(controller, seen):
    states = [controller.init()]
    for value in seen:
        states.append(controller.step(states[-1], value)[0])
    return states


def changed(controller, **options):
    """The controller with those of the options that it has."""
    if isinstance(controller, Product):
        return Product(tuple(changed(part, **options) for part in controller.controllers))
    return replace(controller, **{name: value for name, value in options.items() if hasattr(controller, name)})


def assert_same(a, b) -> None:
    assert a.tolist() == b.tolist()


def test_every_controller_is_among_the_samples() -> None:
    public = {value for value in vars(control).values() if isinstance(value, type) and issubclass(value, Transition)}

    assert {type(sample) for sample in SAMPLES} == public - {Transition, Controller}


@given(gains)
def test_the_gain_is_1_before_the_first_observation(controller) -> None:
    assert controller.gain(controller.init()) == 1.0


@given(gains, observations)
def test_the_gain_can_be_read_from_the_state(controller, seen) -> None:
    state = controller.init()
    for value in seen:
        state, gain = controller.step(state, value)
        assert gain == controller.gain(state)


@given(gains, observations)
def test_a_gain_is_a_finite_number_within_its_bounds(controller, seen) -> None:
    answers = fold(controller, seen)
    parts = controller.controllers if isinstance(controller, Product) else (controller,)
    low = math.prod(part.floor / getattr(part, "peak", 1.0) for part in parts)
    high = math.prod(part.ceiling / part.peak if isinstance(part, Greedy) else 1.0 for part in parts)

    assert np.isfinite(answers).all()
    assert (answers >= low * (1 - 1e-12)).all()
    assert (answers <= high * (1 + 1e-12)).all()


@given(transitions, observations)
def test_a_step_is_a_function_of_the_state_and_the_observation_alone(controller, seen) -> None:
    for state, value in zip(states_of(controller, seen), seen, strict=False):
        assert repr(controller.step(state, value)) == repr(controller.step(state, value))


@given(transitions, observations)
def test_observations_that_are_ignored_might_as_well_not_have_come(controller, seen) -> None:
    ignoring = changed(controller, nonfinite="ignore", skip=0)  # what is skipped is counted, whatever it is
    assume(all(abs(value) < 1e100 for value in seen if math.isfinite(value)))  # an overflow is not finite either
    sound = [value for value in seen if math.isfinite(value)]

    assert repr(states_of(ignoring, seen)[-1]) == repr(states_of(ignoring, sound)[-1])


@pytest.mark.parametrize("first", UNFINITE)
@pytest.mark.parametrize("controller", [Plateau(factor=0.5, patience=2), Greedy(patience=2, window=3), Greedy(patience=2)])
def test_a_first_observation_that_is_not_finite_does_not_poison_the_rest(controller, first) -> None:
    falling = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]

    assert (fold(controller, [first, *falling])[1:] >= 1).all()
    assert states_of(controller, [first, *falling])[-1].best <= 5.0


@given(st.lists(grid | st.sampled_from(UNFINITE), max_size=40))
def test_only_a_finite_observation_becomes_the_best_of_ours(seen) -> None:
    for controller in (Plateau(), Greedy(), Greedy(window=2), control.EarlyStop()):
        best = states_of(controller, seen)[-1].best
        assert math.isfinite(best) if any(map(math.isfinite, seen)) else best == math.inf


@given(transitions, observations)
def test_the_largest_is_the_smallest_upside_down(controller, seen) -> None:
    below = changed(controller, mode="min", margin="magnitude")
    above = changed(controller, mode="max", margin="magnitude")

    assert_same(fold(below, seen), fold(above, [-value for value in seen]))


@given(transitions, st.lists(grid | st.sampled_from(UNFINITE), max_size=40), st.integers(-20, 20))
def test_the_unit_of_the_metric_does_not_matter(controller, seen, power) -> None:
    assume(all(getattr(part, "atol", 0) == 0 for part in getattr(controller, "controllers", (controller,))))

    assert_same(fold(controller, seen), fold(controller, [value * 2.0**power for value in seen]))


@given(gains, gains, observations)
def test_the_gains_of_several_controllers_multiply(a, b, seen) -> None:
    np.testing.assert_allclose(fold(a * b, seen), fold(a, seen) * fold(b, seen), rtol=1e-12)


@given(gains, gains, gains)
def test_how_a_product_was_put_together_does_not_matter(a, b, c) -> None:
    assert (a * b) * c == a * (b * c)


@given(gains, observations, observations)
def test_a_reset_forgets_what_was_seen_and_keeps_the_gain(controller, before, after) -> None:
    state = states_of(controller, before)[-1]
    fresh = controller.reset(state)

    assert controller.gain(fresh) == controller.gain(state)
    assert repr(controller.reset(fresh)) == repr(fresh)
    assert all(
        value == 0 or name in ("rate", "best", "left", "window")
        for part, inner in zip(getattr(controller, "controllers", (controller,)), getattr(fresh, "states", (fresh,)), strict=True)
        for name, value in inner._asdict().items()
        if part
    )


@given(gains, st.lists(st.tuples(grid, grid, grid), min_size=1, max_size=25))
def test_a_column_of_runs_is_each_run_by_itself(controller, rows) -> None:
    state = controller.init()
    together = []
    for row in rows:
        state, gain = controller.step(state, np.array(row))
        together.append(np.broadcast_to(gain, 3))

    alone = [fold(controller, column) for column in zip(*rows, strict=True)]
    assert_same(np.array(together).T, np.array(alone))


@pytest.mark.parametrize("controller", SAMPLES, ids=str)
def test_a_column_of_runs_may_be_a_tensor(controller) -> None:
    torch = require("torch")
    rows = np.random.default_rng(0).integers(-32, 32, (40, 5)) / 16
    rows[7, 2], rows[9, 3] = math.nan, math.inf
    state, together = controller.init(), []
    for row in torch.tensor(rows):
        state, answer = controller.step(state, row)
        together.append(torch.broadcast_to(torch.as_tensor(answer), (5,)).double())

    np.testing.assert_allclose(
        torch.stack(together).numpy(), np.array([fold(controller, column) for column in rows.T]).T, rtol=1e-12
    )


def test_whole_numbers_in_a_tensor_are_judged_like_any_other() -> None:
    torch = require("torch")
    controller, state = Plateau(rtol=0.1, patience=1, factor=0.5), Plateau().init()
    for row in ([10, 10], [9, 8]):
        state, gain = controller.step(state, torch.tensor(row))

    assert state.best.dtype == torch.float64
    assert gain.tolist() == [0.5, 1.0]


@given(finite_observations)
def test_a_plateau_never_raises_the_gain(seen) -> None:
    assert (np.diff(fold(Plateau(factor=0.7, patience=1), seen)) <= 0).all()


@given(st.integers(1, 6), st.integers(0, 6))
def test_a_plateau_cuts_at_exactly_the_observation_that_patience_counts(patience, cooldown) -> None:
    answers = fold(Plateau(factor=0.5, patience=patience, cooldown=cooldown), [1.0] * 40)
    cuts = np.flatnonzero(np.diff(answers, prepend=1.0))

    assert cuts[0] == patience  # the observation with index 0 was the best
    assert set(np.diff(cuts)) <= {patience + cooldown}
