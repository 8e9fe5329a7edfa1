"""`Plateau`: worked examples of each option."""

import math

import pytest

from annealing.control import Plateau, fold

nan, inf = math.nan, math.inf


@pytest.mark.parametrize(
    ("options", "seen", "gains"),
    [
        # patience counts bad observations in a row
        ({"patience": 2}, [3, 3, 2, 2, 2, 2], [1, 1, 1, 1, 0.5, 0.5]),
        # the cooldown counts none, but it watches
        ({"patience": 1, "cooldown": 2}, [3, 3, 3, 3, 3], [1, 0.5, 0.5, 0.5, 0.25]),
        ({"patience": 1, "cooldown": 1}, [3, 3, 1, 2], [1, 0.5, 0.5, 0.25]),
        ({"patience": 1, "cooldown": 1, "resting": "ignore"}, [3, 3, 1, 2], [1, 0.5, 0.5, 0.5]),
        # the last cut stops at the floor
        ({"patience": 1, "floor": 0.3}, [3, 3, 3, 3], [1, 0.5, 0.3, 0.3]),
        # a cut that is too small is left out
        ({"patience": 1, "smallest_cut": 0.25}, [3, 3, 3, 3], [1, 0.5, 0.5, 0.5]),
        # margins: a share of the best, whatever its sign, and an amount
        ({"patience": 1, "rtol": 0.25}, [4, 3.1, 2.9], [1, 0.5, 0.5]),
        ({"patience": 1, "rtol": 0.25}, [-4, -4.9, -5.1], [1, 0.5, 0.5]),
        ({"patience": 1, "rtol": 0.25, "margin": "signed"}, [-4, -3.5, -3.1], [1, 1, 1]),
        ({"patience": 1, "rtol": 0, "atol": 0.5}, [0, -0.4, -0.6], [1, 0.5, 0.5]),
        ({"patience": 1, "mode": "max"}, [1, 2, 2, 3], [1, 1, 0.5, 0.5]),
        # what is not finite is bad, or nothing at all, or (as in the peers) a best that nothing beats
        ({"patience": 2}, [nan, inf, 3, -inf, nan], [1, 0.5, 0.5, 0.5, 0.25]),
        ({"patience": 2, "nonfinite": "ignore"}, [nan, inf, 3, -inf, nan, 3, 3], [1, 1, 1, 1, 1, 1, 0.5]),
        ({"patience": 2, "nonfinite": "compare"}, [3, -inf, 2, 1], [1, 1, 1, 0.5]),
        ({"patience": 2, "nonfinite": "first"}, [nan, 2, 1], [1, 1, 0.5]),
        # the mean of a block is judged at its end; the first ones are skipped
        ({"patience": 1, "average": 2}, [3, 1, 1, 3, 0, 3], [1, 1, 1, 0.5, 0.5, 0.5]),
        ({"patience": 1, "average": 2, "nonfinite": "ignore"}, [3, nan, 1, 1, 3], [1, 1, 1, 1, 0.5]),
        ({"patience": 1, "skip": 2}, [0, 0, 3, 2, 2], [1, 1, 1, 1, 0.5]),
        ({"patience": 1, "skip": 1, "nonfinite": "ignore"}, [nan, 3, 3], [1, 1, 0.5]),
        # a gain is a share of the peak, floors are rates
        ({"patience": 1, "peak": 0.5, "floor": 0.2}, [3, 3, 3], [1, 0.5, 0.4]),
    ],
)
def test_a_plateau_does_as_it_says(options, seen, gains) -> None:
    assert fold(Plateau(factor=0.5, **options), seen).tolist() == pytest.approx(gains)


def test_a_best_of_zero_can_be_beaten() -> None:
    assert fold(Plateau(factor=0.5, patience=1), [0.0, -1e-9, -2e-9]).tolist() == [1, 1, 1]


def test_a_reset_lets_a_new_metric_begin() -> None:
    plateau = Plateau(factor=0.5, patience=1, skip=1)
    state = plateau.init()
    for loss in (9.0, 1.0, 1.0):
        state, _ = plateau.step(state, loss)

    assert fold(plateau, [7.0, 6.0, 6.0], plateau.reset(state)).tolist() == [0.5, 0.5, 0.25]
    assert fold(plateau, [7.0, 6.0, 6.0], state).tolist() == [0.25, 0.125, 0.0625]


def test_no_observation_has_no_answer() -> None:
    assert fold(Plateau(), []).shape == (0,)
