"""A plan is an optax schedule as it stands."""

from __future__ import annotations

import numpy as np
import pytest

import annealing as an
from annealing import dialects
from tests.optax_adapter.training import close, fresh, jax, jnp, loss_of, optax, train

PLANS = [
    "(0.1 * chain(warmup(7), hold(), cooldown('20%'))).over(60)",
    "(3e-4 * chain(warmup(5), cosine(to=0.1))).over(60)",
    "(0.5 * repeat(chain(warmup('10%'), cosine()), 3)).over(60)",
    "(0.1 * stairs({'50%': 0.1, '75%': 0.01})).over(60)",
    "(0.1 * hold()).over(60).branch(at=20, tail=cooldown(), total=50)",
    "(0.2 * inverse_time(1, per=10)).over(60)",
]


def rates_under_scan(optimizer, updates: int) -> np.ndarray:
    """The rate of each update of SGD: the gradient is 1, and everything is compiled."""

    def step(state, _):
        moved, state = optimizer.update(jnp.ones(()), state, jnp.zeros(()))
        return state, -moved

    return np.asarray(jax.jit(lambda state: jax.lax.scan(step, state, None, length=updates)[1])(optimizer.init(jnp.zeros(()))))


@pytest.mark.parametrize("text", PLANS)
def test_every_update_uses_the_value_of_its_index(text: str) -> None:
    plan = an.parse(text)

    assert close(rates_under_scan(optax.sgd(plan), 65), plan(np.arange(65)))


def test_adamw_of_a_plan_is_adamw_of_the_same_schedule_of_optax() -> None:
    arguments = {"init_value": 0.0, "peak_value": 0.05, "warmup_steps": 5, "decay_steps": 30, "end_value": 0.005}
    theirs, _ = train(optax.adamw(optax.warmup_cosine_decay_schedule(**arguments)), range(30))
    ours, _ = train(optax.adamw(dialects.optax.warmup_cosine_decay_schedule(**arguments)), range(30))

    assert float(loss_of(ours, np.arange(32))) < float(loss_of(fresh(), np.arange(32))) / 3
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_plan_is_traced_once_however_many_updates_are_made() -> None:
    optimizer, traced = optax.adamw((0.1 * an.cosine()).over(20)), []

    @jax.jit
    def step(params, state):
        traced.append(1)
        updates, state = optimizer.update(params, state, params)
        return optax.apply_updates(params, updates), state

    params, state = fresh(), optimizer.init(fresh())
    for _ in range(20):
        params, state = step(params, state)

    assert len(traced) == 1


def test_the_last_updates_of_a_long_run_keep_their_digits() -> None:
    plan = (0.1 * an.linear()).over(1_000_000)
    optimizer = optax.sgd(plan)
    state = jax.tree.map(lambda count: jnp.int32(999_990), optimizer.init(jnp.ones(())))
    for t in range(999_990, 1_000_000):
        moved, state = optimizer.update(jnp.ones(()), state)
        assert float(-moved) == pytest.approx(plan(t), rel=1e-6)


def test_r32_no_warmup_trains_at_once() -> None:
    frozen, _ = train(optax.sgd(optax.warmup_constant_schedule(0.0, 0.1, warmup_steps=0)), range(10))
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(frozen), jax.tree.leaves(fresh()), strict=True))

    plan = (0.1 * an.chain(an.warmup(0), an.hold())).over(10)
    trained, _ = train(optax.sgd(plan), range(10))
    plain, _ = train(optax.sgd(0.1), range(10))
    assert float(loss_of(trained, np.arange(32))) == pytest.approx(float(loss_of(plain, np.arange(32))), rel=1e-6)
    assert float(loss_of(trained, np.arange(32))) < float(loss_of(frozen, np.arange(32)))


def test_r33_a_cycle_that_only_rises_reaches_its_peak() -> None:
    with np.errstate(all="ignore"):
        theirs = rates_under_scan(optax.sgd(optax.linear_onecycle_schedule(20, 0.1, pct_start=1.0)), 20)
    assert not np.nanmax(theirs) > 0.09

    ours = (0.1 * an.chain(an.warmup("rest", start=1 / 25))).over(20, endpoint=True)
    rates = rates_under_scan(optax.sgd(ours), 20)
    assert rates[0] == pytest.approx(0.1 / 25)
    assert rates[-1] == pytest.approx(0.1)
