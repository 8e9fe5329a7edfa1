"""Small models that Keras really trains, and the rates that move their weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.conftest import require

keras = require("keras")

KERAS_WARNS = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
"""When Keras saves a variable under NumPy 2."""

FLOAT32 = 2e-6
"""The promise: largest difference as a share of the largest value."""

BACKEND = keras.backend.backend()


@keras.saving.register_keras_serializable(package="annealing_tests")
class Line(keras.layers.Layer):
    """One weight that starts at 0 and whose gradient is 1, whatever the data."""

    def build(self, shape: Any) -> None:
        self.weight = self.add_weight(shape=(), initializer="zeros", name="weight")

    def call(self, x: Any) -> Any:
        return self.weight + 0 * x


@keras.saving.register_keras_serializable(package="annealing_tests")
def slope(target: Any, predicted: Any) -> Any:
    """The prediction itself, times the target: a target of infinity makes a gradient of infinity."""
    return keras.ops.mean(predicted * target)


def line(optimizer: Any, **options: Any) -> Any:
    """A model whose weight moves by exactly the rate."""
    model = keras.Sequential([keras.Input((1,)), Line()])
    model.compile(optimizer, loss=slope, **options)
    return model


class Tape(keras.callbacks.Callback):
    """Notes how far each batch moved the weight, and puts it back to 0, so that no digit is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.moves: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        [weight] = self.model.trainable_variables
        self.moves.append(-float(keras.ops.convert_to_numpy(weight)))
        weight.assign(0.0)


def rates(model: Any, batches: int, *callbacks: Any, targets: Any = None, **options: Any) -> list[float]:
    """The rate of every batch, 0 for those that only accumulate."""
    tape = Tape()
    x = np.ones((batches, 1), np.float32)
    y = x[:, 0] if targets is None else np.asarray(targets, np.float32)
    model.fit(x, y, 1, verbose=0, shuffle=False, callbacks=[*callbacks, tape], **options)
    return tape.moves


X = np.linspace(-1, 1, 24, dtype=np.float32)[:, None]
Y = np.sin(3 * X)


def network(optimizer: Any, **options: Any) -> Any:
    """A small network with "first/kernel" and so on among the paths of its variables."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(6, activation="tanh", name="first"), keras.layers.Dense(1, name="last")]
    model = keras.Sequential([keras.Input((1,)), *layers], name="net")
    model.compile(optimizer, "mse", **options)
    return model


def rows_of(updates: range) -> tuple[np.ndarray, np.ndarray]:
    """The batches of these updates, each of four rows, one after the other."""
    rows = [row % len(X) for update in updates for row in range(4 * update, 4 * update + 4)]
    return X[rows], Y[rows]


def learn(model: Any, updates: range, *callbacks: Any, **options: Any) -> Any:
    """Make these updates in one epoch."""
    x, y = rows_of(updates)
    return model.fit(x, y, 4, verbose=0, shuffle=False, callbacks=list(callbacks), **options)


def weights(model: Any) -> list[np.ndarray]:
    """Every weight, and every variable of the optimizer."""
    return [np.array(value) for value in (*model.get_weights(), *(v.numpy() for v in model.optimizer.variables))]


def same(a: Any, b: Any) -> bool:
    """Whether two models are the same to the bit, with their optimizers."""
    return all(np.array_equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


def close(values: Any, expected: Any) -> bool:
    """Whether values keep float32's promise."""
    values, expected = np.asarray(values, np.float64), np.asarray(expected, np.float64)
    return values.shape == expected.shape and bool(np.abs(values - expected).max() <= FLOAT32 * np.abs(expected).max())
