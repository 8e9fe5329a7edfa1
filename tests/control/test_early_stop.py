"""`EarlyStop`: when to stop, and that it stays so."""

import math

import pytest

from annealing.control import EarlyStop, fold

nan, inf = math.nan, math.inf


@pytest.mark.parametrize(
    ("options", "seen", "stops"),
    [
        ({"patience": 2}, [3, 2, 2, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1, 1]),
        ({"patience": 1, "mode": "max"}, [1, 2, 2], [0, 0, 1]),
        ({"patience": 1, "atol": 0.5}, [3, 2.6], [0, 1]),
        ({"patience": 1, "rtol": 0.1}, [-10, -10.5], [0, 1]),
        ({"patience": 2}, [nan, 3, inf, 2, -inf, nan], [0, 0, 0, 0, 0, 1]),
        ({"patience": 2, "nonfinite": "ignore"}, [nan, nan, nan, 3, inf, 3, 3], [0, 0, 0, 0, 0, 0, 1]),
        ({"patience": 9, "nonfinite": "stop"}, [3, 2, nan, 1], [0, 0, 1, 1]),
    ],
)
def test_early_stop_does_as_it_says(options, seen, stops) -> None:
    assert fold(EarlyStop(**options), seen).tolist() == [bool(stop) for stop in stops]


def test_a_reset_starts_again() -> None:
    early_stop = EarlyStop(patience=1)
    state, stop = early_stop.init(), False
    for loss in (1.0, 1.0):
        state, stop = early_stop.step(state, loss)

    assert stop
    assert early_stop.step(early_stop.reset(state), 5.0)[1] is False
