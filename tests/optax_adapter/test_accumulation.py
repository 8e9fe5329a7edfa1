"""`optax.MultiSteps`: the plan and the controller count real updates, not micro-batches."""

from __future__ import annotations

import numpy as np
import pytest

import annealing as an
from annealing.control import Plateau, fold
from tests.conftest import require
from tests.optax_adapter.training import close, jax, jnp, optax

adapter = require("annealing.optax")

PLAN = (0.1 * an.chain(an.warmup(2), an.cosine())).over(8)
EVERY = 3


def rates_of(optimizer, micro_batches: int) -> list[float]:
    """The distance of every update that moves anything: those of every third micro-batch."""

    def micro(state, _):
        moved, state = optimizer.update(jnp.ones(()), state, jnp.zeros(()), value=jnp.float32(2.0))
        return state, -moved

    moves = jax.jit(lambda state: jax.lax.scan(micro, state, None, length=micro_batches)[1])(optimizer.init(jnp.zeros(())))
    moves = np.asarray(moves).reshape(-1, EVERY)
    assert not moves[:, : EVERY - 1].any()
    return moves[:, -1].tolist()


def test_r46_a_plan_advances_once_for_every_real_update() -> None:
    outside = optax.chain(optax.MultiSteps(optax.sgd(1.0), EVERY).gradient_transformation(), optax.scale_by_schedule(PLAN))
    assert rates_of(outside, 24) == pytest.approx(PLAN(np.arange(2, 24, 3)).tolist())  # beside it, it counts micro-batches

    for make in (lambda: optax.sgd(PLAN), lambda: adapter.scheduled(optax.sgd, an.Recipe(lr=PLAN.schedule).over(8))):
        assert close(rates_of(optax.MultiSteps(make(), EVERY), 24), PLAN.values())


def test_used_and_save_count_real_updates() -> None:
    recipe = an.Recipe(lr=PLAN.schedule).over(8)
    optimizer = optax.MultiSteps(adapter.scheduled(optax.sgd, recipe), EVERY)
    state = optimizer.init(jnp.zeros(()))
    update = jax.jit(optimizer.update)
    for _ in range(8):  # two updates, and two micro-batches of the third
        _, state = update(jnp.ones(()), state, jnp.zeros(()))

    assert adapter.used(state).update == 1
    assert adapter.used(state).values["*"]["learning_rate"] == pytest.approx(PLAN(1), rel=2e-6)
    assert b'"update": 2' in bytes(adapter.save(state, recipe)["annealing"])


def test_a_controller_observes_the_last_micro_batch_of_each_update() -> None:
    controller = Plateau(factor=0.5, patience=1)
    optimizer = optax.MultiSteps(optax.chain(optax.sgd(0.1), adapter.scale_by_controller(controller)), EVERY)

    assert rates_of(optimizer, 12) == pytest.approx((0.1 * fold(controller, [2.0] * 4)).tolist())


def test_r44_a_micro_batch_that_is_skipped_does_not_count() -> None:
    optimizer = optax.MultiSteps(optax.sgd(PLAN), 1, should_skip_update_fn=optax.skip_not_finite)
    state, moves = optimizer.init(jnp.zeros(())), []
    update = jax.jit(optimizer.update)
    for grad in (1.0, np.nan, 1.0, np.inf, 1.0):
        moved, state = update(jnp.float32(grad), state, jnp.zeros(()))
        moves.append(-float(moved))

    assert moves == pytest.approx([PLAN(0), 0, PLAN(1), 0, PLAN(2)])
