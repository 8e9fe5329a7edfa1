"""A recipe in optax: every hyper-parameter of every group is, at every update, what the recipe says."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import annealing as an
from tests.conftest import require
from tests.optax_adapter.training import close, fresh, jax, jnp, optax, rows_of, same, step_of, train

adapter = require("annealing.optax")
scheduled, used = adapter.scheduled, adapter.used

UPDATES = 24
LR = 0.02 * an.chain(an.warmup(4), an.cosine(to=0.1))
WHOLE = an.Recipe({"betas[0]": 0.9 - 0.1 * an.linear()}, lr=LR, weight_decay=0.1 * an.linear(to=0.5)).over(UPDATES)
GROUPS = an.Recipe(
    lr=LR, weight_decay=0.1, groups={"first/*": {"lr": 0.5 * LR}, "*bias": {"weight_decay": 0.0, "b1": 0.8 * an.hold()}}
).over(UPDATES)


def test_every_hyper_parameter_of_every_update_is_what_the_recipe_says() -> None:
    _, states = train(scheduled(optax.adamw, WHOLE, eps=1e-6), range(UPDATES))
    plans, t = WHOLE.plans_for("any"), np.arange(UPDATES)

    for name, there in (("lr", "learning_rate"), ("betas[0]", "b1"), ("weight_decay", "weight_decay")):
        assert close([used(state).values["*"][there] for state in states], plans[name](t)), name
    assert [used(state).update for state in states] == list(range(UPDATES))
    assert used(states[-1]).values["*"]["eps"] == pytest.approx(1e-6)


def test_training_is_that_of_a_loop_that_writes_the_values_by_hand() -> None:
    ours, _ = train(scheduled(optax.adamw, WHOLE), range(UPDATES))
    by_hand = optax.inject_hyperparams(optax.adamw)(learning_rate=1.0, b1=0.9, weight_decay=0.1)
    params, state, plans, step = fresh(), by_hand.init(fresh()), WHOLE.plans_for("any"), step_of(by_hand)
    for t in range(UPDATES):
        for name, there in (("lr", "learning_rate"), ("betas[0]", "b1"), ("weight_decay", "weight_decay")):
            state.hyperparams[there] = jnp.float32(plans[name](t))
        params, state, _ = step(params, state, rows_of(t))

    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_every_pattern_that_matches_applies_and_the_last_one_wins() -> None:
    _, states = train(scheduled(optax.adamw, GROUPS), range(UPDATES))

    for t in (0, 3, UPDATES - 1):
        values = used(states[t]).values
        expected = {
            "*": (1.0, 0.1, 0.9),
            "first/*": (0.5, 0.1, 0.9),
            "*bias": (1.0, 0.0, 0.8),
            "first/* & *bias": (0.5, 0.0, 0.8),
        }
        assert values.keys() == expected.keys()
        for label, (share, decay, b1) in expected.items():
            rate = share * LR.over(UPDATES)(t)
            got = [values[label][name] for name in ("learning_rate", "weight_decay", "b1")]
            assert got == pytest.approx([rate, decay, b1], rel=2e-6)


def test_the_order_of_two_patterns_decides() -> None:
    for groups, expected in (
        ({"*": {"lr": 0.1}, "first/*": {"lr": 0.2}}, 0.2),
        ({"first/*": {"lr": 0.2}, "*": {"lr": 0.1}}, 0.1),
    ):
        optimizer = scheduled(optax.sgd, an.Recipe(groups=groups).over(4))
        moved, _ = optimizer.update(fresh(), optimizer.init(fresh()))
        np.testing.assert_allclose(-moved["first"]["kernel"], expected * fresh()["first"]["kernel"], rtol=2e-6)


def test_groups_train_like_an_optimizer_for_each_of_them() -> None:
    ours, _ = train(scheduled(optax.adamw, GROUPS), range(UPDATES))
    lr = LR.over(UPDATES)
    labels = {"first": {"kernel": "a", "bias": "b"}, "last": {"kernel": "c", "bias": "d"}}
    by_hand = optax.partition(
        {
            "a": optax.adamw(0.5 * lr, weight_decay=0.1),
            "b": optax.adamw(0.5 * lr, b1=0.8, weight_decay=0.0),
            "c": optax.adamw(lr, weight_decay=0.1),
            "d": optax.adamw(lr, b1=0.8, weight_decay=0.0),
        },
        labels,
    )
    theirs, _ = train(by_hand, range(UPDATES))

    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


class Layer(NamedTuple):
    kernel: Any
    bias: Any


@pytest.mark.parametrize("pattern", ["*.bias", "*/bias", "layers/?/bias", "layers.?.bias", "*bias"])
def test_one_pattern_reaches_the_same_parameters_in_lists_and_tuples_and_as_torch_writes_it(pattern: str) -> None:
    params = {"layers": [Layer(jnp.ones(2), jnp.ones(2)), Layer(jnp.ones(2), jnp.ones(2))]}
    optimizer = scheduled(optax.sgd, an.Recipe(lr=0.5, groups={pattern: {"lr": 0.0}}).over(4))
    moved, _ = optimizer.update(params, optimizer.init(params))

    assert [float(leaf[0]) for leaf in jax.tree.leaves(moved)] == [-0.5, 0.0, -0.5, 0.0]


def test_it_runs_in_a_scan_and_is_traced_once() -> None:
    optimizer, traced = scheduled(optax.adamw, GROUPS), []

    def step(carry, rows):
        traced.append(1)
        params, state = carry
        updates, state = optimizer.update(jax.tree.map(jnp.ones_like, params), state, params)
        return (optax.apply_updates(params, updates), state), state.inner_states["*"].inner_state.hyperparams["learning_rate"]

    run = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(UPDATES)))
    (_, state), rates = run((fresh(), optimizer.init(fresh())))

    assert close(rates, LR.over(UPDATES).values())
    assert len(traced) == 1
    counts = [leaf for leaf in jax.tree.leaves(state) if leaf.dtype.kind == "i"]
    assert counts
    assert {(leaf.dtype.name, int(leaf)) for leaf in counts} == {("int32", UPDATES)}


def test_text_is_a_recipe() -> None:
    from_text, _ = train(scheduled(optax.adamw, str(GROUPS)), range(4))

    assert same(from_text, train(scheduled(optax.adamw, GROUPS), range(4))[0])


def test_a_mask_is_handed_on_and_is_no_schedule() -> None:
    def only_kernels(params: Any) -> Any:
        return jax.tree_util.tree_map_with_path(lambda keys, _: "kernel" in str(keys), params)

    recipe = an.Recipe(lr=0.1, weight_decay=0.5).over(4)
    optimizer = scheduled(optax.adamw, recipe, mask=only_kernels)
    nothing = jax.tree.map(jnp.zeros_like, fresh())
    moved, _ = optimizer.update(nothing, optimizer.init(fresh()), jax.tree.map(jnp.ones_like, fresh()))

    np.testing.assert_allclose(moved["first"]["kernel"], -0.05, rtol=1e-6)
    assert not moved["first"]["bias"].any()


def test_r13_a_change_of_mind_is_a_branch_and_is_not_ignored() -> None:
    theirs = optax.inject_hyperparams(optax.sgd)(learning_rate=optax.constant_schedule(0.5))
    state = theirs.init(jnp.ones(()))
    state.hyperparams["learning_rate"] = jnp.float32(0.1)
    assert float(theirs.update(jnp.ones(()), state)[0]) == -0.5  # what was written is ignored, silently

    plan = (0.5 * an.hold()).over(10)
    optimizer = optax.sgd(plan)
    state = optimizer.init(jnp.ones(()))
    for _ in range(4):
        _, state = optimizer.update(jnp.ones(()), state)
    decided = plan.branch(at=4, tail=an.chain(an.jump(0.2), an.hold()), why="it was too high")
    moved, _ = optax.sgd(decided).update(jnp.ones(()), state)
    assert float(moved) == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: scheduled(optax.sgd, (0.1 * an.cosine()).over(9)), TypeError, r"optax.adamw\(learning_rate=plan\)"),
        (lambda: scheduled(optax.sgd, an.Recipe(lr=an.cosine())), TypeError, "no length yet"),
        (lambda: scheduled(optax.sgd, 0.1), TypeError, "not a plan"),
        (lambda: scheduled(optax.sgd(0.1), an.Recipe(lr=0.1).over(9)), TypeError, "without brackets"),
        (
            lambda: scheduled(optax.adam, an.Recipe(lr=0.1, momentum=0.9).over(9)),
            ValueError,
            "adam has no hyper-parameter 'momentum'",
        ),
        (lambda: scheduled(optax.sgd, an.Recipe(lr=0.1, learning_rate=0.2).over(9)), ValueError, "scheduled twice"),
        (lambda: scheduled(optax.sgd, an.Recipe(lr=0.1).over(9), learning_rate=0.2), ValueError, "beside the recipe"),
        (lambda: scheduled(optax.sgd, an.Recipe(lr=0.1).over(9), nestrov=True), ValueError, "has no hyper-parameter 'nestrov'"),
        (lambda: scheduled(optax.sgd, an.Recipe(momentum=0.9).over(9)), ValueError, r"no 'lr': write Recipe\(lr="),
        (lambda: scheduled(optax.sgd, an.Recipe(lr=0.1).over(9), momentum=an.cosine().over(9)), TypeError, "into the recipe"),
        (lambda: scheduled(optax.sgd, an.Recipe(lr=an.linear(to=-1)).over(9)), ValueError, "lr is -1 at 9"),
        (lambda: scheduled(optax.sgd, an.Recipe(lr=an.cosine()).over(9, unit="samples")), ValueError, "counts samples"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_written(make: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(an.AnnealingError, match=says) as caught:
        make()
    assert isinstance(caught.value, error)


def test_a_pattern_that_matches_nothing_is_refused_with_the_names_there_are() -> None:
    optimizer = scheduled(optax.sgd, an.Recipe(lr=0.1, groups={"layer1/*": {"lr": 0.0}}).over(9))

    with pytest.raises(an.AnnealingError, match=r"'layer1/\*' matches no parameter: they are named 'first/bias'"):
        optimizer.init(fresh())


def test_a_group_without_a_rate_is_refused() -> None:
    optimizer = scheduled(optax.sgd, an.Recipe(groups={"first/*": {"lr": 0.1}}).over(9))

    with pytest.raises(an.AnnealingError, match="no 'lr'"):
        optimizer.init(fresh())


def test_nothing_was_used_before_the_first_update() -> None:
    with pytest.raises(an.AnnealingError, match="no update has been made"):
        used(scheduled(optax.sgd, an.Recipe(lr=0.1).over(9)).init(fresh()))


def test_a_state_that_records_nothing_says_so() -> None:
    with pytest.raises(an.AnnealingError, match="records no values"):
        used(optax.sgd(an.cosine().over(9)).init(fresh()))
