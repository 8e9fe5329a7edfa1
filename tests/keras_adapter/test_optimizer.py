"""`Scheduled`: every hyper-parameter of every variable is, at every update, what the recipe says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.control import EarlyStop, Plateau
from tests.conftest import require
from tests.keras_adapter.training import BACKEND, KERAS_WARNS, Line, X, Y, close, keras, learn, line, network, rates, rows_of

pytestmark = pytest.mark.filterwarnings(KERAS_WARNS)
adapter = require("annealing.keras")
Scheduled, PlanSchedule = adapter.Scheduled, adapter.PlanSchedule

UPDATES = 12
LR = 0.1 * an.chain(an.warmup(4), an.cosine(to=0.1))
MOMENTUM = 0.9 - 0.4 * an.linear()
DECAY = 0.3 * an.linear(to=0.5)


def gradients(weights: list[np.ndarray], update: int) -> list[np.ndarray]:
    """Those of the small network, by hand, in float64."""
    x, y = rows_of(range(update, update + 1))
    kernel, bias, last, end = weights
    hidden = np.tanh(x @ kernel + bias)
    error = 2 * (hidden @ last + end - y) / len(x)
    back = (error @ last.T) * (1 - hidden**2)
    return [x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]


def sgd_by_hand(start: list[np.ndarray], plans: list[dict[str, an.Plan]]) -> list[np.ndarray]:
    """SGD with momentum and decay, each of the four weights by its own plans."""
    weights, speeds = [np.array(w, np.float64) for w in start], [0.0] * 4
    for t in range(UPDATES):
        for k, gradient in enumerate(gradients(weights, t)):
            lr, momentum, decay = (plans[k][name](t) for name in ("lr", "momentum", "weight_decay"))
            weights[k] = weights[k] * (1 - decay * lr)
            speeds[k] = momentum * speeds[k] - lr * gradient
            weights[k] = weights[k] + speeds[k]
    return weights


def test_training_is_that_of_a_loop_by_hand() -> None:
    recipe = an.Recipe(lr=LR, momentum=MOMENTUM, weight_decay=DECAY).over(UPDATES)
    model = network(Scheduled(keras.optimizers.SGD(momentum=0.9), recipe))
    start = model.get_weights()
    learn(model, range(UPDATES))

    for a, b in zip(model.get_weights(), sgd_by_hand(start, [recipe.plans_for("any")] * 4), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_every_pattern_that_matches_applies_and_the_last_one_wins() -> None:
    groups = {"first/*": {"lr": 0.5 * LR}, "*bias": {"weight_decay": 0.0, "momentum": 0.8}, "*.first.bias": {"lr": 0.25 * LR}}
    recipe = an.Recipe(lr=LR, momentum=MOMENTUM, weight_decay=DECAY, groups={"*" + p: h for p, h in groups.items()}).over(UPDATES)
    model = network(Scheduled(keras.optimizers.SGD(momentum=0.9), recipe))
    start = model.get_weights()
    learn(model, range(UPDATES))

    def plans(lr: float, bias: bool) -> dict[str, an.Plan]:
        rest = (
            {"momentum": 0.8 * an.hold(), "weight_decay": 0 * an.hold()}
            if bias
            else {"momentum": MOMENTUM, "weight_decay": DECAY}
        )
        return {name: schedule.over(UPDATES) for name, schedule in ({"lr": lr * LR} | rest).items()}

    expected = [plans(0.5, False), plans(0.25, True), plans(1.0, False), plans(1.0, True)]
    for a, b in zip(model.get_weights(), sgd_by_hand(start, expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
    used = model.optimizer.used()
    assert used.update == UPDATES - 1
    assert used.values["*"]["learning_rate"] == pytest.approx(LR.over(UPDATES)(UPDATES - 1))
    assert used.values["*first/* & **bias & **.first.bias"]["learning_rate"] == pytest.approx(
        0.25 * LR.over(UPDATES)(UPDATES - 1)
    )


def test_betas_are_scheduled_under_the_names_of_torch_and_of_keras() -> None:
    """Adam by hand: the first moment runs with the beta of each update, and is made unbiased with it."""
    beta = 0.9 - 0.3 * an.linear()
    for name in ("betas[0]", "beta_1"):
        recipe = an.Recipe({name: beta}, lr=0.01).over(UPDATES)
        model = network(Scheduled(keras.optimizers.Adam(epsilon=1e-7), recipe))
        weights = [np.array(w, np.float64) for w in model.get_weights()]
        learn(model, range(UPDATES))

        means, squares = [0.0] * 4, [0.0] * 4
        for t in range(UPDATES):
            b1, b2 = beta.over(UPDATES)(t), 0.999
            for k, g in enumerate(gradients(weights, t)):
                means[k] = b1 * means[k] + (1 - b1) * g
                squares[k] = b2 * squares[k] + (1 - b2) * g**2
                alpha = 0.01 * np.sqrt(1 - b2 ** (t + 1)) / (1 - b1 ** (t + 1))
                weights[k] = weights[k] - alpha * means[k] / (np.sqrt(squares[k]) + 1e-7)
        for a, b in zip(model.get_weights(), weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"jit_compile": False}, {"run_eagerly": True}], ids=str)
def test_the_rate_of_every_update_is_right_however_it_is_executed(options: dict[str, Any]) -> None:
    model = line(Scheduled(keras.optimizers.SGD(), lr=LR.over(UPDATES)), **options)

    assert close(rates(model, UPDATES), LR.over(UPDATES).values())
    assert float(model.optimizer.learning_rate) == pytest.approx(LR.over(UPDATES)(UPDATES - 1), rel=2e-6)


@pytest.mark.skipif(BACKEND != "jax", reason="Keras refuses it on torch")
def test_several_updates_in_one_execution_each_use_their_own_rate() -> None:
    model = line(Scheduled(keras.optimizers.SGD(), lr=LR.over(UPDATES)), steps_per_execution=4)

    assert rates(model, UPDATES) == pytest.approx(np.add.reduceat(LR.over(UPDATES).values(), [0, 4, 8]).tolist(), rel=1e-5)


def test_r46_the_clock_counts_real_updates_under_accumulation() -> None:
    recipe = an.Recipe(lr=LR, weight_decay=0.0, groups={"*weight": {"lr": 2 * LR}}).over(UPDATES)
    model = line(Scheduled(keras.optimizers.SGD(gradient_accumulation_steps=3), recipe))
    moves = np.reshape(rates(model, 3 * UPDATES), (UPDATES, 3))

    assert not moves[:, :2].any()
    assert close(moves[:, 2], 2 * LR.over(UPDATES).values())
    assert model.optimizer.update == UPDATES


def test_r44_an_update_that_loss_scaling_skips_does_not_count() -> None:
    scheduled = Scheduled(keras.optimizers.SGD(), lr=LR.over(UPDATES))
    model = line(keras.optimizers.LossScaleOptimizer(scheduled, initial_scale=2.0))
    values = LR.over(UPDATES).values()

    assert close(rates(model, 5, targets=[1, np.inf, 1, np.inf, 1]), [values[0], 0, values[1], 0, values[2]])
    assert scheduled.update == 3


def test_a_group_without_a_rate_goes_on_with_the_optimizers_own() -> None:
    recipe = an.Recipe(groups={"*bias": {"lr": LR, "weight_decay": 0.5}}).over(UPDATES)
    model = network(Scheduled(keras.optimizers.SGD(0.05), recipe))
    start = model.get_weights()
    plans = [{"lr": 0.05 * an.hold(), "momentum": 0 * an.hold(), "weight_decay": 0 * an.hold()} for _ in range(4)]
    for k in (1, 3):
        plans[k] |= {"lr": LR, "weight_decay": 0.5 * an.hold()}
    learn(model, range(UPDATES))

    expected = sgd_by_hand(start, [{name: s.over(UPDATES) for name, s in own.items()} for own in plans])
    for a, b in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_a_gain_multiplies_the_rates_and_nothing_else() -> None:
    recipe = an.Recipe(lr=LR, weight_decay=0.0).over(UPDATES)
    model = line(Scheduled(keras.optimizers.SGD(), recipe, controller="Plateau(factor=0.5, patience=1)"))
    moves: list[float] = []
    for _ in range(4):
        moves += rates(model, 3)
        model.optimizer.observe(1.0)

    gains = np.repeat([1.0, 1.0, 0.5, 0.25], 3)
    assert close(moves, LR.over(UPDATES).values() * gains)
    assert (model.optimizer.gain, model.optimizer.used().gain) == (0.125, 0.25)


def test_the_optimizer_is_left_as_it_was_built() -> None:
    inner = keras.optimizers.SGD(momentum=0.9)
    learn(network(Scheduled(inner, an.Recipe(lr=LR, momentum=MOMENTUM, weight_decay=0.1).over(UPDATES))), range(3))

    assert (inner.momentum, inner.weight_decay) == (0.9, None)
    assert "update_step" not in vars(inner)
    assert keras.optimizers.deserialize(keras.optimizers.serialize(inner)).momentum == 0.9


def test_it_works_in_a_loop_without_fit() -> None:
    optimizer, layer = Scheduled(keras.optimizers.SGD(), lr=LR.over(UPDATES)), Line()
    layer.build(None)
    moves = []
    for _ in range(UPDATES):
        optimizer.apply([keras.ops.ones(())], [layer.weight])
        moves.append(-float(keras.ops.convert_to_numpy(layer.weight)))
        layer.weight.assign(0.0)

    assert close(moves, LR.over(UPDATES).values())


@pytest.mark.skipif(BACKEND != "jax", reason="torch runs every update anew")
def test_a_training_step_is_compiled_once() -> None:
    class Counting(keras.optimizers.SGD):
        traced = 0

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            type(self).traced += 1
            super().update_step(gradient, variable, learning_rate)

    model = line(Scheduled(Counting(momentum=0.9), an.Recipe(lr=LR, momentum=MOMENTUM).over(UPDATES), controller=Plateau()))
    for _ in range(3):
        rates(model, 4)
        model.optimizer.observe(1.0)

    assert Counting.traced == 1


def refused(**recipe: Any) -> Any:
    return lambda: Scheduled(keras.optimizers.SGD(momentum=0.9), an.Recipe(**recipe).over(9))


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Scheduled("sgd", lr=an.cosine().over(9)), TypeError, "not an optimizer to schedule"),
        (lambda: Scheduled(keras.optimizers.SGD()), TypeError, "given nothing"),
        (lambda: Scheduled(keras.optimizers.SGD(), "Recipe(lr=1).over(9)", lr="cosine().over(9)"), TypeError, "given both"),
        (lambda: Scheduled(keras.optimizers.SGD(), an.cosine().over(9)), TypeError, "write lr=plan"),
        (lambda: Scheduled(keras.optimizers.SGD(), lr=an.Recipe(lr=0.1).over(9)), TypeError, "leave lr= out"),
        (lambda: Scheduled(keras.optimizers.SGD(), lr=an.cosine().over(9), controller=EarlyStop()), TypeError, "with a gain"),
        (lambda: Scheduled(keras.optimizers.SGD(), lr=an.cosine().over(9), resume="saved"), ValueError, "resume='saved'"),
        (
            lambda: Scheduled(keras.optimizers.SGD(PlanSchedule("cosine().over(9)")), lr="cosine().over(9)"),
            RuntimeError,
            "of its own",
        ),
        (lambda: Scheduled(keras.optimizers.SGD(), an.Recipe(lr=0.1, momentum=0.9).over(9)), ValueError, r"SGD\(momentum=0.9\)"),
        (lambda: Scheduled(keras.optimizers.Nadam(), an.Recipe(lr=1, groups={"a": {"lr": 2}}).over(9)), ValueError, "use Adam"),
        (refused(lr=0.1, beta_1=0.9), ValueError, "has no number 'beta_1' to schedule: it has learning_rate, "),
        (refused(lr=0.1, clipnorm=1.0), ValueError, "has no number 'clipnorm'"),
        (refused(lr=0.1, learning_rate=0.1), ValueError, "scheduled twice"),
        (refused(lr=an.linear(to=-1)), ValueError, "lr is -1 at 9"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_written(make: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(an.AnnealingError, match=says) as caught:
        make()
    assert isinstance(caught.value, error)


def test_a_pattern_that_matches_nothing_is_refused_with_the_names_there_are() -> None:
    model = network(Scheduled(keras.optimizers.SGD(), an.Recipe(lr=0.1, groups={"head/*": {"lr": 0.2}}).over(9)))

    with pytest.raises(an.AnnealingError, match=r"'head/\*' matches no variable: they are named 'net/first/kernel'"):
        model.fit(X, Y, verbose=0)


def test_a_second_owner_of_the_rate_is_refused() -> None:
    model = network(Scheduled(keras.optimizers.SGD(), lr=LR.over(UPDATES)))

    with pytest.raises(an.AnnealingError, match="controller make it") as caught:
        learn(model, range(3), keras.callbacks.LearningRateScheduler(lambda epoch, lr: 0.5))
    assert isinstance(caught.value, RuntimeError)


def test_nothing_was_used_before_the_first_update() -> None:
    with pytest.raises(an.AnnealingError, match="no update has been made"):
        Scheduled(keras.optimizers.SGD(), lr=LR.over(UPDATES)).used()


def test_there_is_nothing_to_observe_without_a_controller() -> None:
    with pytest.raises(an.AnnealingError, match="no controller"):
        Scheduled(keras.optimizers.SGD(), lr=LR.over(UPDATES)).observe(1.0)
