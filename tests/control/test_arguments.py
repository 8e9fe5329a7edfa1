"""Options and observations that cannot be: refused at once, with what to write instead."""

import math

import numpy as np
import pytest

import annealing as an
from annealing.control import EarlyStop, Greedy, Plateau, Spike
from annealing.control.dialects import fastai, keras, optax, paddle, timm, torch, transformers
from annealing.core.errors import ArgumentError, KindError


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (Plateau, {"factor": 1.0}, "factor=1 is not between 0 and 1"),
        (Plateau, {"factor": 10}, r"to divide by 10 write factor=0\.1"),
        (Plateau, {"factor": 0}, r"write factor=0\.5 to halve"),
        (Plateau, {"factor": math.nan}, "not a finite number"),
        (Plateau, {"patience": 0}, "patience=0 must be 1 or more: 1 cuts at the first observation that is no better"),
        (Plateau, {"patience": 2.5}, r"patience=2\.5 counts observations"),
        (Plateau, {"patience": True}, "counts observations"),
        (Plateau, {"cooldown": -1}, "cooldown=-1 must be 0 or more"),
        (Plateau, {"floor": -0.1}, r"floor=-0\.1 must be 0 or more"),
        (Plateau, {"floor": 2}, "floor=2 lies above peak=1"),
        (Plateau, {"mode": "lower"}, 'mode=\'lower\' is unknown: write one of "min", "max"'),
        (Plateau, {"rtol": 1.0}, "asks a metric to fall by all of its size"),
        (Plateau, {"rtol": -0.1}, "must be 0 or more"),
        (Plateau, {"atol": math.inf}, "not a finite number"),
        (Plateau, {"nonfinite": "stop"}, '"bad", "ignore", "compare", "first"'),
        (Plateau, {"average": 0}, "average=0 must be 1 or more"),
        (Plateau, {"skip": -1}, "skip=-1 must be 0 or more"),
        (Plateau, {"margin": "torch"}, '"magnitude", "signed"'),
        (Plateau, {"resting": "sleep"}, '"watch", "ignore"'),
        (Plateau, {"peak": 0.0}, "peak=0 must be above 0"),
        (Greedy, {"peak": 2e-5, "floor": 1e-3, "ceiling": 1.0}, "the gain could only go one way"),
        (Greedy, {"ceiling": 0.5}, "do not enclose the start, 1"),
        (Greedy, {"ceiling": math.nan}, "not a finite number"),
        (Greedy, {"restart_after": 0}, "None never starts over"),
        (Greedy, {"outside": 1}, "neither True nor False"),
        (Greedy, {"window": -1}, "window=-1 must be 0 or more"),
        (Spike, {"memory": 1}, "a deviation needs two observations"),
        (Spike, {"floor": 1.5}, r"floor=1\.5 lies above 1"),
        (Spike, {"threshold": -1}, "threshold=-1 must be 0 or more"),
        (Spike, {"nonfinite": "compare"}, '"bad", "ignore"'),
        (EarlyStop, {"patience": 0}, "1 stops at the first observation that is no better"),
        (EarlyStop, {"nonfinite": "compare"}, '"bad", "ignore", "stop"'),
    ],
)
def test_an_option_that_cannot_be_says_what_to_write(make, options, says) -> None:
    with pytest.raises((ArgumentError, KindError), match=says):
        make(**options)


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (torch.ReduceLROnPlateau, {"lr": 0.0}, "lr=0.0 must be above 0"),
        (torch.ReduceLROnPlateau, {"lr": 0.1, "patience": -1}, "patience=-1 must be 0 or more"),
        (torch.ReduceLROnPlateau, {"lr": 0.1, "patience": 1.5}, r"patience=1\.5 counts observations"),
        (torch.ReduceLROnPlateau, {"lr": 0.1, "min_lr": [0.1, 0.2]}, "one controller for each"),
        (torch.ReduceLROnPlateau, {"lr": 0.1, "min_lr": -0.1}, r"min_lr=-0\.1 must be 0 or more"),
        (torch.ReduceLROnPlateau, {"lr": 0.1, "threshold": 1.0}, "threshold=1 never tells better from worse"),
        (torch.ReduceLROnPlateau, {"lr": 0.1, "threshold_mode": "both"}, 'write "rel" or "abs"'),
        (keras.ReduceLROnPlateau, {"lr": 0.1, "monitor": "val_accuracy"}, 'write mode="min" or mode="max"'),
        (optax.reduce_on_plateau, {"patience": 0}, "patience=0 must be 1 or more"),
        (optax.reduce_on_plateau, {"min_scale": 2.0}, "floor=2 lies above peak=1"),
        (timm.PlateauLRScheduler, {"lr": 0.1, "noise_range_t": 5}, "shakes the rate at random"),
        (fastai.ReduceLROnPlateau, {"lr": 0.1, "min_lr": 0.2}, "would raise the rate"),
        (fastai.ReduceLROnPlateau, {"lr": 0.1, "comp": max}, "write numpy.less or numpy.greater"),
        (paddle.ReduceOnPlateau, {"learning_rate": 0.1, "mode": "auto"}, "mode='auto' is unknown"),
        (transformers.GreedyLR, {"lr": 0.1, "smooth": True, "window_size": 0}, "window_size=0 must be 1 or more"),
    ],
)
def test_a_dialect_speaks_of_what_was_written(make, options, says) -> None:
    with pytest.raises((ArgumentError, KindError), match=says):
        make(**options)


@pytest.mark.parametrize("controller", [Plateau(), Greedy(), Spike(), EarlyStop()], ids=str)
@pytest.mark.parametrize("observation", [None, "2.31", True, [1.0], 1j, np.array([True]), np.array(["x"])], ids=repr)
def test_an_observation_is_a_number(controller, observation) -> None:
    with pytest.raises(KindError, match="an observation is one number, such as a validation loss"):
        controller.step(controller.init(), observation)


@pytest.mark.parametrize("observation", [2, np.int64(2), np.float32(2), np.array(2.0), 10**400])
def test_any_kind_of_number_is_observed_as_a_float(observation) -> None:
    state, gain = Plateau().step(Plateau().init(), observation)

    assert [type(value) for value in (*state, gain)] == [float, float, int, int, float, int, float]


@pytest.mark.parametrize("other", [2, 0.5, an.cosine(), an.cosine().over(9), "Spike()", EarlyStop()])
def test_only_controllers_multiply_whichever_side_they_are_on(other) -> None:
    for product in (lambda: Plateau() * other, lambda: other * Plateau()):
        with pytest.raises(KindError, match=r"multiplied by another one, not by .*: the value in use is plan\(t\) \* gain"):
            product()
