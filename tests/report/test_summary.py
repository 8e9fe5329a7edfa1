"""The picture of a comparison."""

import io
from collections.abc import Callable
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from annealing.report.palette import pens
from annealing.report.png import _apart, summary
from annealing.study.result import Comparison

Make = Callable[..., Comparison]


def test_the_summary_fills_a_slide_and_shows_every_arm_in_its_colour(comparison: Comparison) -> None:
    before = dict(mpl.rcParams)
    image = (imread(io.BytesIO(summary(comparison)))[:, :, :3] * 255).round().astype(int)

    assert image.shape == (1080, 1920, 3)
    assert dict(mpl.rcParams) == before
    shown = {tuple(colour) for colour in np.unique(image.reshape(-1, 3), axis=0)}
    for pen in pens(row.name for row in comparison.rows).values():
        assert tuple(int(pen.colour[i : i + 2], 16) for i in (1, 3, 5)) in shown


@pytest.mark.parametrize("odd", ["lost", "one", "many"])
def test_odd_comparisons_are_drawn(make: Make, odd: str) -> None:
    every = ("constant", "cosine")
    made = {
        "lost": lambda: make(every, lost=every),
        "one": lambda: make(("cosine",), seeds=1),
        "many": lambda: make(tuple(f"cosine(to=0.{i:02})" for i in range(1, 14)), lost=("cosine(to=0.07)",)),
    }[odd]()

    assert imread(io.BytesIO(summary(made))).shape[1] == 1920


def test_labels_are_moved_apart_and_stay_in_order_and_inside() -> None:
    for wanted in ([0.5, 0.5, 0.5], [0.0, 0.01, 0.9], [0.97, 0.98, 0.99, 1.0], [0.1, 0.2, 0.3]):
        places = _apart(wanted, 0.04)
        assert all(b - a >= 0.04 - 1e-12 for a, b in pairwise(places))
        assert min(places) >= 0
        assert max(places) <= 1 + 1e-12
    assert _apart([0.1, 0.2, 0.3], 0.04) == pytest.approx([0.1, 0.2, 0.3])
