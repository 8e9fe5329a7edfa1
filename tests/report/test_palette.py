"""Colours can be told apart by every reader, and an arm keeps its own."""

from itertools import combinations

import numpy as np
import pytest

from annealing.report.palette import COLOURS, pens

# How a reader without one kind of cone sees linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
READERS = {
    "with all cones": np.eye(3),
    "without red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "without green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "without blue": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(np.maximum(TO_XYZ @ np.clip(light, 0, 1) / [0.95047, 1, 1.08883], 1e-9))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("reader", READERS)
def test_any_two_colours_are_told_apart(reader: str) -> None:
    seen = [lab(READERS[reader] @ linear(colour)) for colour in COLOURS]

    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15


def test_every_colour_is_dark_enough_for_text_on_white() -> None:
    assert min(1.05 / (TO_XYZ[1] @ linear(colour) + 0.05) for colour in COLOURS) >= 3.0


def test_an_arm_keeps_its_colour_whatever_its_rank() -> None:
    first, second = pens(["wsd", "cosine", "linear"], "wsd"), pens(["linear", "wsd", "cosine"], "linear")

    assert {name: pen.colour for name, pen in first.items()} == {name: pen.colour for name, pen in second.items()}
    assert [name for name, pen in first.items() if pen.strong] == ["wsd"]


def test_no_two_of_forty_arms_are_drawn_alike() -> None:
    drawn = pens(f"arm {i}" for i in range(40))

    assert len({(pen.colour, pen.dash) for pen in drawn.values()}) == 40


def test_long_names_are_cut_and_stay_different() -> None:
    names = [f'chain(warmup("{i}%"), hold("50%"), cosine(to=0.1), hold())' for i in (10, 10.5, 11)]
    labels = [pen.label for pen in pens([*names, "cosine", names[0].replace("50", "60")]).values()]

    assert len(set(labels)) == 5
    assert max(map(len, labels)) <= 36
