"""Keras: the schedule is part of the compiled model, which is saved and loaded as a .keras file.

Run as a program it writes the rates: a process can choose a backend only once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from annealing.keras import PlanSchedule
from tests.stories.everywhere.protocol import legs, plan_of


@keras.saving.register_keras_serializable(package="annealing_stories")
class Line(keras.layers.Layer):
    """One weight that starts at 0 and whose gradient is 1."""

    def build(self, input_shape: Any) -> None:
        self.weight = self.add_weight(shape=(), initializer="zeros", name="weight")

    def call(self, x: Any) -> Any:
        return self.weight + 0 * x


@keras.saving.register_keras_serializable(package="annealing_stories")
def itself(target: Any, predicted: Any) -> Any:
    """The prediction as the loss, whose gradient is 1."""
    return keras.ops.mean(predicted)


class Tape(keras.callbacks.Callback):
    """Notes how far each update moved the weight, and puts it back to 0: float32 would lose digits of a sum."""

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self.rates = rates

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        [weight] = self.model.trainable_variables
        self.rates.append(-float(keras.ops.convert_to_numpy(weight)))
        weight.assign(0.0)


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    rates: list[float] = []
    for first, end in legs(updates, save_every):
        if first:
            model = keras.models.load_model(folder / "model.keras")
        else:
            model = keras.Sequential([keras.Input((1,)), Line()])
            model.compile(keras.optimizers.SGD(PlanSchedule(plan_of(text, updates))), loss=itself)
        x = np.ones((end - first, 1), np.float32)
        model.fit(x, x, 1, verbose=0, callbacks=[Tape(rates)])
        model.save(folder / "model.keras")
    return rates


if __name__ == "__main__":
    text, updates, save_every, folder = sys.argv[1:]
    sys.stdout.write(json.dumps(run(text, int(updates), int(save_every) or None, Path(folder))))
