"""The same controller in a Python loop and inside `jax.lax.scan`."""

import inspect
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annealing.control import Plateau, dialects, fold
from annealing.control.read import WORDS
from tests.conftest import require
from tests.control.controllers import SAMPLES, UNFINITE, grid

jax = require("jax")

# Every dialect, with its odd branches: eps that freezes, a floor, a blind cooldown, blocks, skipped observations.
DIALECTS = {
    "fastai.ReduceLROnPlateau": dialects.fastai.ReduceLROnPlateau(lr=0.1, patience=2, min_delta=0.25, min_lr=0.001),
    "ignite.ReduceLROnPlateauScheduler": dialects.ignite.ReduceLROnPlateauScheduler(0.1, "loss", min_lr=0.01, patience=1),
    "keras.ReduceLROnPlateau": dialects.keras.ReduceLROnPlateau(patience=2, cooldown=2, min_delta=0.25, lr=0.1),
    "optax.reduce_on_plateau": dialects.optax.reduce_on_plateau(0.5, 2, 0.25, cooldown=1, accumulation_size=2, min_scale=0.1),
    "paddle.ReduceOnPlateau": dialects.paddle.ReduceOnPlateau(0.1, patience=1, cooldown=1),
    "timm.PlateauLRScheduler": dialects.timm.PlateauLRScheduler(0.1, patience_t=1, cooldown_t=1, warmup_t=3),
    "torch.ReduceLROnPlateau": dialects.torch.ReduceLROnPlateau(0.1, patience=1, cooldown=1),
    "transformers.GreedyLR": dialects.transformers.GreedyLR(
        0.1, patience=1, reset_start=2, min_lr=0.05, smooth=True, window_size=5
    ),
    "transformers.get_greedy_schedule": dialects.transformers.get_greedy_schedule(0.1, patience=1, mode="max", factor=0.5),
    "transformers.get_reduce_on_plateau_schedule": dialects.transformers.get_reduce_on_plateau_schedule(
        0.1, patience=2, eps=0.02
    ),
}
CONTROLLERS = [*SAMPLES, *DIALECTS.values()]
LENGTH = 32
rows = st.lists(grid | grid | st.sampled_from(UNFINITE), min_size=LENGTH, max_size=LENGTH)


@cache
def scanned(index: int, wide: bool):
    """Every answer and every state, one after the other."""
    controller = CONTROLLERS[index]

    def step(state, value):
        state, answer = controller.step(state, value)
        return state, (answer, state)

    return jax.jit(lambda seen: jax.lax.scan(step, controller.init(), seen)[1])


def in_scan(index: int, seen: list[float], *, wide: bool):
    with jax.enable_x64(wide):
        answers, states = scanned(index, wide)(np.array(seen, np.float64 if wide else np.float32))
        return np.asarray(answers), decisions(jax.tree.leaves(states))


def in_loop(index: int, seen: list[float]):
    controller, states = CONTROLLERS[index], []
    state = controller.init()
    for value in seen:
        state, _ = controller.step(state, value)
        states.append(jax.tree.leaves(state))
    return fold(controller, seen), decisions([np.array(leaf) for leaf in zip(*states, strict=True)])


def decisions(leaves) -> list[list[int]]:
    """The counters: they are the same in any precision, or a decision was not."""
    return [leaf.tolist() for leaf in leaves if leaf.dtype.kind in "ib"]


def test_no_controller_and_no_dialect_is_left_out() -> None:
    made = {
        f"{library}.{name}"
        for library in dialects.__all__
        for name, value in vars(getattr(dialects, library)).items()
        if inspect.isfunction(value) and value.__module__ == f"annealing.control.dialects.{library}" and name[0] != "_"
    }

    assert made == DIALECTS.keys()
    assert set(WORDS.values()) <= {type(controller) for controller in SAMPLES}


@pytest.mark.parametrize("index", range(len(CONTROLLERS)), ids=lambda i: str(CONTROLLERS[i]))
@settings(max_examples=25)
@given(seen=rows)
def test_a_scan_decides_and_answers_like_a_loop(index, seen) -> None:
    (loop, counted), (scan, counted_there) = in_loop(index, seen), in_scan(index, seen, wide=False)

    assert scan.dtype == (bool if loop.dtype == bool else np.float32)
    assert counted_there == counted
    assert np.abs(scan - loop.astype(float)).max() <= 2e-6 * max(1.0, loop.max())


@pytest.mark.parametrize("index", range(len(CONTROLLERS)), ids=lambda i: str(CONTROLLERS[i]))
def test_a_scan_in_float64_is_a_loop(index) -> None:
    seen = np.round(np.random.default_rng(index).normal(0, 2, LENGTH), 1)
    seen[[3, 17]] = math.nan, math.inf
    (loop, counted), (scan, counted_there) = in_loop(index, list(seen)), in_scan(index, list(seen), wide=True)

    assert counted_there == counted
    np.testing.assert_allclose(scan, loop, rtol=1e-12)


BELOW_ZERO = [-2.0, -2.5, -2.5, -2.4, -3.0, math.nan, -2.9, -2.9, -math.inf, -3.5, -3.4, math.inf, -3.4, -3.4, -3.3, -3.2] * 2


@pytest.mark.parametrize("index", range(len(CONTROLLERS)), ids=lambda i: str(CONTROLLERS[i]))
def test_r22_r23_negative_metrics_are_judged_in_a_scan_as_in_a_loop(index) -> None:
    (loop, counted), (scan, counted_there) = in_loop(index, BELOW_ZERO), in_scan(index, BELOW_ZERO, wide=False)

    assert counted_there == counted
    assert np.abs(scan - loop.astype(float)).max() <= 2e-6 * max(1.0, loop.max())
    blind = getattr(CONTROLLERS[index], "margin", "signed") == "signed"  # as its peer is; a Spike judges jumps alone
    assert blind or len(set(loop.tolist())) > 1


@pytest.mark.parametrize("controller", SAMPLES, ids=str)
def test_a_step_is_traced_once(controller) -> None:
    traced = []

    @jax.jit
    def step(state, value):
        traced.append(1)
        return controller.step(state, value)

    state = jax.tree.map(lambda leaf: jax.numpy.asarray(leaf, type(leaf)), controller.init())
    for value in (3.0, 2.0, math.nan, math.inf, 1.0):
        state, _ = step(state, jax.numpy.float32(value))

    assert len(traced) == 1


def test_a_half_precision_loss_is_judged_in_float32() -> None:
    controller = Plateau(factor=0.5, patience=1, rtol=0.0035)  # 0.9965 lies between two numbers of bfloat16
    seen = jax.numpy.asarray([1.0, 0.99609375, 2.0], jax.numpy.bfloat16)

    _, answers = jax.lax.scan(controller.step, controller.init(), seen)

    assert answers.dtype == np.float32
    assert answers.tolist() == [1.0, 1.0, 0.5]


def test_many_runs_are_steered_at_once_under_vmap() -> None:
    controller = SAMPLES[0]
    rows = np.random.default_rng(0).integers(-8, 8, (6, LENGTH)).astype(np.float32)

    answers = jax.vmap(lambda seen: jax.lax.scan(controller.step, controller.init(), seen)[1])(rows)

    assert np.asarray(answers).tolist() == [fold(controller, row).tolist() for row in rows]
