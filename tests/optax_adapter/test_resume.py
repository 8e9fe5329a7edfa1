"""Stopping and going on from a real checkpoint: the same rates, the same parameters, to the bit."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.control import Plateau, Spike
from tests.conftest import require
from tests.optax_adapter.training import fresh, jax, jnp, optax, rows_of, same, step_of, train

adapter = require("annealing.optax")
save, load, used = adapter.save, adapter.load, adapter.used

UPDATES = 24
LR = 0.05 * an.chain(an.warmup(4), an.hold(), an.cooldown("25%"))
RECIPE = an.Recipe(lr=LR, weight_decay=0.1, groups={"*bias": {"weight_decay": 0.0}, "first/*": {"lr": 0.5 * LR}}).over(UPDATES)
CONTROLLER = Plateau(factor=0.5, patience=2, rtol=0.05) * Spike(settle=3, cooldown=2, recovery=4)


def optimizer_of(recipe: Any = RECIPE) -> Any:
    return optax.chain(
        optax.clip_by_global_norm(1.0), adapter.scheduled(optax.adamw, recipe), adapter.scale_by_controller(CONTROLLER)
    )


def after(optimizer: Any, updates: int) -> Any:
    """A state in which all counts say so many updates."""
    return jax.tree.map(lambda leaf: leaf + updates if leaf.dtype == jnp.int32 else leaf, optimizer.init(fresh()))


def write_npz(path: Path, tree: dict[str, Any]) -> Path:
    with path.open("wb") as file:
        np.savez(file, **tree)
    return path


def write_pickle(path: Path, tree: dict[str, Any]) -> Path:
    path.write_bytes(pickle.dumps(tree))
    return path


FORMATS = ((write_npz, np.load), (write_pickle, lambda path: pickle.loads(path.read_bytes())))


def test_going_on_at_every_third_update_is_never_having_stopped(tmp_path: Path) -> None:
    optimizer, run = optimizer_of(), []
    step = step_of(optimizer)
    params, state = fresh(), optimizer.init(fresh())
    for t in range(UPDATES):
        run.append((params, state))
        params, state, _ = step(params, state, rows_of(t))
    rates = [used(before[1]) for before in run[1:]] + [used(state)]
    assert len({now.gain for now in rates}) > 3

    again = optimizer_of()  # as another process would
    step = step_of(again)
    for stop in range(0, UPDATES, 3):
        write, read = FORMATS[stop // 3 % 2]  # in turns: what is written is the same
        path = write(tmp_path / f"{stop}.{write.__name__}", save(run[stop], RECIPE, CONTROLLER))
        before = load(read(path), (fresh(), again.init(fresh())), RECIPE, CONTROLLER)
        after, states = train(again, range(stop, UPDATES), *before, step=step)

        assert [used(state) for state in states] == rates[stop:]
        assert same(states[-1], state)
        assert same(after, params)


def test_the_shape_alone_is_enough_to_load_into() -> None:
    optimizer = optimizer_of()
    state = after(optimizer, 3)
    like = jax.eval_shape(optimizer.init, fresh())

    assert same(load(save(state, RECIPE, CONTROLLER), like, RECIPE, CONTROLLER), state)


def test_another_plan_is_refused_with_both_texts_unless_it_is_asked_for() -> None:
    state = after(optimizer_of(), 5)
    saved, other = save(state, RECIPE, CONTROLLER), an.Recipe(lr=2 * LR).over(UPDATES)

    with pytest.raises(
        an.AnnealingError, match=r'followed Recipe\(lr=.*up to update 5.*this run follows.*resume="replace"'
    ) as caught:
        load(saved, state, other, CONTROLLER)
    assert isinstance(caught.value, ValueError)
    assert same(load(saved, state, other, CONTROLLER, resume="replace"), state)


def test_another_controller_is_refused_and_one_that_is_left_out_as_well() -> None:
    state = after(optimizer_of(), 3)
    saved = save(state, RECIPE, CONTROLLER)

    with pytest.raises(an.AnnealingError, match=r"belongs to the controller .*, not to Plateau\(\)"):
        load(saved, state, RECIPE, Plateau())
    with pytest.raises(an.AnnealingError, match=r"save\(state, plan, controller\)"):
        save(state, RECIPE)
    with pytest.raises(an.AnnealingError, match=r"save\(state, plan, controller\)"):
        load(saved, state, RECIPE)


@pytest.mark.parametrize(("at", "goes_on"), [(4, False), (5, True), (9, True)])
def test_a_branch_at_an_update_to_come_goes_on_and_one_in_the_past_does_not(at: int, goes_on: bool) -> None:
    plan = (0.1 * an.chain(an.warmup(2), an.hold())).over(40)
    state = after(optax.sgd(plan), 5)
    saved, decided = save(state, plan), plan.branch(at=at, tail=an.cooldown(), total=20)

    if goes_on:
        assert same(load(saved, state, decided), state)
    else:
        with pytest.raises(an.AnnealingError, match="followed"):
            load(saved, state, decided)


def test_a_recipe_goes_on_when_all_its_plans_do() -> None:
    def recipe(at: int | None) -> an.RecipePlan:
        lr, decay = (0.1 * an.hold()).over(40), (0.2 * an.hold()).over(40)
        return an.RecipePlan((("lr", lr if at is None else lr.branch(at=at, tail=an.cooldown())), ("weight_decay", decay)))

    state = after(adapter.scheduled(optax.adamw, recipe(None)), 10)
    saved = save(state, recipe(None))

    assert same(load(saved, state, recipe(12)), state)
    with pytest.raises(an.AnnealingError, match="up to update 10"):
        load(saved, state, recipe(8))
    with pytest.raises(an.AnnealingError, match="followed"):
        load(saved, state, an.RecipePlan(recipe(None).everywhere[:1]))


def test_every_kind_of_leaf_survives_a_file(tmp_path: Path) -> None:
    plan = (0.1 * an.hold()).over(9)
    state = {
        "half": jnp.asarray([1.5, -2.25], jnp.bfloat16),
        "key": jax.random.key(7),
        "flag": jnp.asarray(True),
        "count": jnp.int32(5),
        "none": None,
        "empty": optax.EmptyState(),
    }
    back = load(np.load(write_npz(tmp_path / "all.npz", save(state, plan))), state, plan)

    assert back["half"].dtype == jnp.bfloat16
    assert jax.random.key_data(back["key"]).tolist() == jax.random.key_data(state["key"]).tolist()
    assert same({**back, "key": 0}, {**state, "key": 0})


def test_the_text_of_the_plan_is_in_the_file_for_anyone_to_read(tmp_path: Path) -> None:
    state = after(optimizer_of(), 4)
    saved = np.load(write_npz(tmp_path / "state.npz", save(state, RECIPE, CONTROLLER)))
    header = json.loads(bytes(saved["annealing"]))

    assert an.parse(header["plan"]) == RECIPE
    assert (header["annealing"], header["controller"], header["update"]) == (1, str(CONTROLLER), 4)


PLAN = (0.1 * an.hold()).over(9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda saved: {}, "holds no 'annealing' entry"),
        (lambda saved: {**saved, "annealing": np.frombuffer(b"{", np.uint8)}, "damaged"),
        (lambda saved: {**saved, "annealing": np.frombuffer(b"[1]", np.uint8)}, "damaged"),
        (
            lambda saved: {**saved, "annealing": np.frombuffer(b'{"annealing": 2, "plan": "", "update": 1}', np.uint8)},
            "version 2",
        ),
        (lambda saved: {name: leaf for name, leaf in saved.items() if name != "1/count"}, "it has no '1/count'"),
        (lambda saved: {**saved, "2/more": np.zeros(1)}, "it has '2/more'"),
        (lambda saved: {**saved, "0/trace": np.zeros(3, np.float32)}, r"saved as float32\[3\] and is float32\[2\]"),
        (lambda saved: {**saved, "1/count": np.float32(0)}, r"saved as float32\[\] and is int32\[\]"),
    ],
)
def test_what_is_no_saved_state_of_this_optimizer_is_refused(change: Any, says: str) -> None:
    state = optax.sgd(PLAN, momentum=0.9).init(jnp.ones(2))

    with pytest.raises(an.AnnealingError, match=says):
        load(change(save(state, PLAN)), state, PLAN)


def test_an_unknown_policy_is_refused() -> None:
    state = optax.sgd(PLAN).init(jnp.ones(2))

    with pytest.raises(an.AnnealingError, match="resume='stretch' is unknown"):
        load(save(state, PLAN), state, PLAN, resume="stretch")
