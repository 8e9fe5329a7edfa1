"""`Greedy`: worked examples of each option."""

import math

import numpy as np
import pytest

from annealing.control import Greedy, fold

nan = math.nan


@pytest.mark.parametrize(
    ("options", "seen", "gains"),
    [
        ({"patience": 2}, [4, 3, 2, 2, 2], [1, 2, 2, 2, 1]),
        # a bad one ends a run of good ones
        ({"patience": 2}, [4, 5, 3, 4, 2], [1, 1, 1, 1, 1]),
        # nothing is looked at after a rise, or after a cut
        ({"patience": 1, "warmup": 2}, [4, 9, 9, 9], [2, 2, 2, 1]),
        ({"patience": 1, "cooldown": 2}, [4, 9, 1, 1, 1], [2, 1, 1, 1, 2]),
        # bounds
        ({"patience": 1, "ceiling": 3}, [4, 3, 2], [2, 3, 3]),
        ({"patience": 1, "floor": 0.4}, [4, 9, 9, 9, 9], [2, 1, 0.5, 0.4, 0.4]),
        # it starts over after vain cuts at the floor
        ({"patience": 1, "floor": 0.5, "restart_after": 2}, [4, 9, 9, 9, 9, 9], [2, 1, 0.5, 1, 2, 1]),
        # what is not finite is bad, and does not stay in the window
        ({"patience": 1}, [4, nan, 3], [2, 1, 2]),
        ({"patience": 1, "nonfinite": "ignore"}, [4, nan, 3], [2, 2, 4]),
        ({"patience": 1, "window": 2}, [4, nan, 2, 2, 5], [2, 1, 2, 4, 2]),
        ({"patience": 1, "window": 2, "nonfinite": "compare"}, [4, nan, 2, 2, 1], [2, 1, 0.5, 0.25, 0.125]),
        # a change that is too small is left out
        ({"patience": 1, "smallest_change": 1.0}, [4, 3], [1, 1]),
    ],
)
def test_greedy_does_as_it_says(options, seen, gains) -> None:
    assert fold(Greedy(factor=0.5, **options), seen).tolist() == pytest.approx(gains)


def test_greedy_speeds_up_a_deterministic_quadratic() -> None:
    """Where the loss falls because the rate is good, a higher one is better (arXiv:2512.14527)."""

    def final_loss(controller: Greedy | None) -> float:
        x, gain = 1.0, 1.0
        state = controller.init() if controller else None
        for _ in range(200):
            if controller:
                state, gain = controller.step(state, x * x)
            x -= 0.01 * gain * 2 * x
        return x * x

    assert final_loss(Greedy()) < final_loss(None) / 100


def test_a_window_is_the_mean_of_the_last_observations() -> None:
    seen = list(np.random.default_rng(0).normal(size=60))
    means = [np.mean(seen[max(0, k - 4) : k + 1]) for k in range(60)]

    assert fold(Greedy(window=5, patience=2, factor=0.5), seen).tolist() == fold(Greedy(patience=2, factor=0.5), means).tolist()
