"""A controller as a gradient transformation: the Python loop's decisions and gains, compiled."""

from __future__ import annotations

import math

import numpy as np
import pytest

import annealing as an
from annealing.control import EarlyStop, Plateau, Spike, dialects, fold
from tests.conftest import require
from tests.control.controllers import SAMPLES
from tests.optax_adapter.training import FLOAT32, fresh, jax, jnp, optax, same, train

adapter = require("annealing.optax")
scale_by_controller, scheduled, used = adapter.scale_by_controller, adapter.scheduled, adapter.used

CONTROLLERS = [
    *(controller for controller in SAMPLES if not isinstance(controller, EarlyStop)),
    dialects.torch.ReduceLROnPlateau(0.1, patience=1, cooldown=1),
    dialects.optax.reduce_on_plateau(0.5, patience=2, accumulation_size=2),
    dialects.keras.ReduceLROnPlateau(patience=2, cooldown=2, min_delta=0.25, lr=0.1),
    dialects.transformers.GreedyLR(0.1, patience=1, reset_start=2, min_lr=0.05, smooth=True, window_size=5),
]
SEEN = np.round(np.random.default_rng(1).normal(0, 2, 48) * 4) / 4
SEEN[[5, 11, 17, 30]] = math.nan, math.inf, -math.inf, math.nan


def gains(controller, seen) -> np.ndarray:
    """What each update is multiplied by: one compiled scan."""
    tx = scale_by_controller(controller)

    def step(state, value):
        scaled, state = tx.update(jnp.ones(()), state, value=value)
        return state, scaled

    return np.asarray(
        jax.jit(lambda start, seen: jax.lax.scan(step, start, seen)[1])(tx.init(None), jnp.asarray(seen, jnp.float32))
    )


@pytest.mark.parametrize("controller", CONTROLLERS, ids=str)
def test_updates_are_multiplied_by_the_gains_of_the_python_loop(controller) -> None:
    loop = fold(controller, SEEN)

    assert np.abs(gains(controller, SEEN) - loop).max() <= FLOAT32 * max(1.0, loop.max())
    assert len(set(loop.tolist())) > 1


def test_r23_a_negative_metric_is_noticed_where_optax_is_blind() -> None:
    flat = [-1.0] * 8
    theirs = optax.contrib.reduce_on_plateau(factor=0.5, patience=2)
    state, scales = theirs.init(jnp.ones(())), []
    for loss in flat:
        scaled, state = theirs.update(jnp.ones(()), state, value=jnp.float32(loss))
        scales.append(float(scaled))
    assert scales == [1.0] * 8  # it never fires

    assert gains(Plateau(factor=0.5, patience=2), flat).tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


@pytest.mark.parametrize("controller", CONTROLLERS, ids=str)
def test_the_state_keeps_its_shape_so_that_it_can_be_carried_and_restored(controller) -> None:
    tx = scale_by_controller(controller)
    state = tx.init(None)
    kinds = [(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in jax.tree.leaves(state)]
    for value in (1.0, 2, np.float32(math.nan), jnp.bfloat16(3.0)):
        _, state = tx.update(jnp.ones(()), state, value=value)

    assert [(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in jax.tree.leaves(state)] == kinds
    assert {kind[1].name for kind in kinds} <= {"float32", "int32", "bool"}


def test_a_loss_that_jumps_lowers_the_very_update_it_comes_with() -> None:
    spike = Spike(settle=3, cooldown=1, recovery=2)

    assert gains(spike, [2.1, 2.0, 1.9, 1.9, 9.0, 2.0]).tolist() == [1, 1, 1, 1, 0.5, 0.5]


def test_an_update_without_an_observation_keeps_the_gain() -> None:
    tx = scale_by_controller("Plateau(factor=0.5, patience=1)")
    state = tx.init(None)
    for value in (1.0, 1.0):
        _, state = tx.update(jnp.ones(()), state, value=value)
    scaled, after = tx.update(jnp.ones(()), state, None)

    assert float(scaled) == 0.5
    assert same(after, state)


def test_the_value_used_is_the_plan_times_the_gain() -> None:
    plan = an.Recipe(lr=0.1 * an.linear(), momentum=0.9).over(8)
    optimizer = optax.chain(scheduled(optax.sgd, plan), scale_by_controller(Plateau(factor=0.5, patience=1)))
    state, rates = optimizer.init(jnp.ones(())), []
    for loss in [2.0] * 8:
        _, state = optimizer.update(jnp.ones(()), state, value=loss)
        rates.append(used(state).values["*"]["learning_rate"])

    assert rates == pytest.approx(
        (0.1 * an.linear().over(8).values() * fold(Plateau(factor=0.5, patience=1), [2.0] * 8)).tolist()
    )
    assert used(state).values["*"]["momentum"] == pytest.approx(0.9)  # a gain is for rates
    assert used(state).gain == 0.5**7


def test_it_trains_and_cuts_like_a_loop_that_scales_the_updates_itself() -> None:
    controller, plan = Plateau(factor=0.5, patience=2, rtol=0.02), (0.1 * an.hold()).over(30)
    ours, states = train(optax.chain(optax.sgd(plan), scale_by_controller(controller)), range(30))
    gain = float(states[-1][1].gain)

    from tests.optax_adapter.training import loss_of, rows_of

    params, held, opt = fresh(), controller.init(), optax.sgd(plan)
    state = opt.init(params)
    for t in range(30):
        loss, grads = jax.value_and_grad(loss_of)(params, rows_of(t))
        held, now = controller.step(held, float(loss))
        updates, state = opt.update(grads, state, params)
        params = optax.apply_updates(params, jax.tree.map(lambda u, now=now: now * u, updates))

    assert 0 < gain < 1
    assert gain == pytest.approx(controller.gain(held))
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_half_precision_updates_keep_their_kind() -> None:
    tx = scale_by_controller(Plateau(factor=0.5, patience=1))
    scaled, _ = tx.update(jnp.ones(2, jnp.bfloat16), tx.init(None), value=1.0)

    assert scaled.dtype == jnp.bfloat16


@pytest.mark.parametrize("given", [EarlyStop(), 0.5, "EarlyStop()", None])
def test_what_gives_no_gain_is_refused(given) -> None:
    with pytest.raises(an.AnnealingError, match="not a controller with a gain"):
        scale_by_controller(given)
