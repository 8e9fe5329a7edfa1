"""fastai's and Paddle's plateaus are not run here: values worked out by hand from their source (peers.md §19)."""

import math

import numpy as np
import pytest

from annealing.control import dialects, fold

nan = math.nan


@pytest.mark.parametrize(
    ("options", "metrics", "rates"),
    [
        # fires at the patience-th bad one, and a factor divides
        ({"patience": 2, "factor": 10.0}, [2, 2, 2, 2, 2], [1, 1, 0.1, 0.1, 0.01]),
        # the default patience is 1
        ({"factor": 2.0}, [2, 2, 2, 1, 2], [1, 0.5, 0.25, 0.25, 0.125]),
        # better by more than min_delta
        ({"factor": 2.0, "min_delta": 0.5}, [2, 1.5, 1.25], [1, 0.5, 0.5]),
        # NaN is bad and the best before it stays; a first NaN is beaten
        ({"factor": 2.0}, [nan, 3, nan, 2], [0.5, 0.5, 0.25, 0.25]),
        # the floor
        ({"factor": 2.0, "min_lr": 0.4}, [2, 2, 2, 2], [1, 0.5, 0.4, 0.4]),
        # a metric that is neither a loss nor an error rises
        ({"monitor": "accuracy", "factor": 2.0}, [1, 2, 2], [1, 1, 0.5]),
        ({"comp": np.greater, "factor": 2.0}, [1, 2, 2], [1, 1, 0.5]),
    ],
)
def test_fastai_as_its_source_has_it(options, metrics, rates) -> None:
    assert fold(dialects.fastai.ReduceLROnPlateau(lr=1.0, **options), metrics).tolist() == pytest.approx(rates)


@pytest.mark.parametrize(
    ("options", "metrics", "rates"),
    [
        # fires one later than patience
        ({"patience": 1, "factor": 0.5}, [2, 2, 2, 2, 2], [1, 1, 0.5, 0.5, 0.25]),
        # blind during the cooldown: 1 is not noticed, so that 1.5 is better than 2 afterwards
        ({"patience": 0, "factor": 0.5, "cooldown": 1}, [2, 2, 1, 1.5, 1.5], [1, 0.5, 0.5, 0.5, 0.25]),
        # a first NaN is never beaten
        ({"patience": 0, "factor": 0.5}, [nan, 3, 2], [1, 0.5, 0.25]),
        # worse beats a negative best in mode "rel"
        ({"patience": 0, "factor": 0.5, "threshold": 0.1}, [-10, -9.5, -9.0], [1, 1, 1]),
        # a cut of epsilon is left out
        ({"patience": 0, "factor": 0.5, "epsilon": 0.3}, [2, 2, 2], [1, 0.5, 0.5]),
        ({"patience": 0, "factor": 0.5, "mode": "MAX", "threshold_mode": "ABS"}, [1, 2, 2], [1, 1, 0.5]),
    ],
)
def test_paddle_as_its_source_has_it(options, metrics, rates) -> None:
    assert fold(dialects.paddle.ReduceOnPlateau(1.0, **options), metrics).tolist() == pytest.approx(rates)


@pytest.mark.parametrize("library", [dialects.fastai, dialects.paddle])
def test_what_was_not_run_says_so(library) -> None:
    made = next(value for name, value in vars(library).items() if name.startswith("Reduce"))

    assert "Unverified" in library.__doc__
    assert "(unverified)" in made.__doc__
