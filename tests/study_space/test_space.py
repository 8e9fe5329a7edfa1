"""Spaces: samples and grids lie in them, conditions hold, and what names nothing is refused with the nearest name."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import require

require("torch")

from annealing.core.errors import AnnealingError, ArgumentError
from annealing.study.space import Choice, Log, Space, Uniform, Whole, default_space

SPACE = Space(
    {
        "lr": [Log(0.01, 1, only={"optimizer": "sgd"}), Log(1e-4, 1e-2, only={"optimizer": ["adam", "adamw"]})],
        "optimizer": Choice(["sgd", "adam", "adamw"]),
        "momentum": Uniform(0.5, 0.99, only={"optimizer": "sgd"}),
        "nesterov": Choice([0, 1], only={"optimizer": "sgd"}),
        "dampening": Uniform(0, 0.5, only={"optimizer": "sgd", "nesterov": 0}),
        "schedule": Choice(["constant", "wsd"]),
        "cooldown": Uniform(0.1, 0.5, only={"schedule": "wsd"}),
        "batch_size": Whole(16, 64, log=True),
        "floor": 0.1,
    }
)


@given(st.integers(0, 2**32))
def test_every_sample_lies_in_the_space(seed):
    values = SPACE.sample(np.random.default_rng(seed))
    SPACE.check(values)
    assert ("momentum" in values) == (values["optimizer"] == "sgd")
    assert ("dampening" in values) == (values.get("nesterov") == 0)
    assert ("cooldown" in values) == (values["schedule"] == "wsd")
    assert (values["lr"] >= 0.01) == (values["optimizer"] == "sgd")


@given(st.integers(0, 1000))
def test_a_condition_moves_no_other_value_of_a_sample(seed):
    free = Space({"optimizer": Choice(["sgd", "adam"]), "momentum": Uniform(0, 1), "lr": Log(1e-3, 1)})
    bound = Space({"optimizer": Choice(["sgd", "adam"]), "momentum": Uniform(0, 1, {"optimizer": "sgd"}), "lr": Log(1e-3, 1)})
    a, b = (space.sample(np.random.default_rng(seed)) for space in (free, bound))
    assert {name: a[name] for name in b} == b


def test_the_order_in_which_names_are_written_changes_nothing():
    again = Space(dict(reversed(SPACE.dimensions)))
    assert again == SPACE
    assert again.sample(np.random.default_rng(3)) == SPACE.sample(np.random.default_rng(3))
    assert Space.from_dict(json.loads(json.dumps(SPACE.to_dict(), sort_keys=True))) == SPACE


def test_names_come_after_those_that_their_conditions_name():
    assert SPACE.names.index("optimizer") < SPACE.names.index("lr")
    assert SPACE.names.index("nesterov") < SPACE.names.index("dampening")


def test_a_grid_has_every_combination_once_and_reaches_each_by_its_place():
    grid = SPACE.grid({"lr": 2, "momentum": 2, "dampening": 3, "cooldown": 2, "batch_size": 2})
    points = list(grid)
    assert len(points) == len(grid) == (2 * 2 * (3 + 1) + 2 * 2) * (1 + 2) * 2
    assert points == [grid[place] for place in range(len(grid))]
    assert len({tuple(sorted(point.items())) for point in points}) == len(points)
    assert all(SPACE.contains(point) for point in points)
    assert grid[-1] == points[-1]
    assert grid[3:5] == points[3:5]
    with pytest.raises(IndexError):
        grid[len(grid)]


def test_a_grid_of_billions_is_counted_and_reached_without_being_made():
    grid = Space({f"x{i}": Uniform(0, 1) for i in range(15)}).grid(10)
    assert len(grid) == 10**15
    assert grid[10**15 - 1] == {f"x{i}": 1.0 for i in range(15)}
    assert grid[123]["x8"] == pytest.approx(2 / 9, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "taught"),
    [
        ({"momentum": 0.9}, "momentum=0.9 has no place"),
        ({"lr": 5.0}, "lr=5.0 lies outside"),
        ({"batch_size": None}, "batch_size is missing"),
        ({"optimizer": "lion"}, "lion"),
    ],
)
def test_values_from_elsewhere_are_refused_saying_which_one_is_wrong(values, taught):
    good = {"optimizer": "adam", "lr": 1e-3, "schedule": "constant", "batch_size": 32, "floor": 0.1}
    SPACE.check(good)
    changed = {name: value for name, value in (good | values).items() if value is not None}
    with pytest.raises(ArgumentError, match=taught):
        SPACE.check(changed)
    assert not SPACE.contains(changed)


@pytest.mark.parametrize(
    ("dimensions", "taught"),
    [
        ({}, "holds nothing"),
        ([], "no mapping"),
        ({"lr": [0.1, 0.2]}, r"write Choice\(\[0.1, 0.2\]\)"),
        ({"lr": []}, "no dimension"),
        ({3: Log(0.1, 1)}, "no name"),
        (
            {"optimizer": Choice(["sgd"]), "momentum": Uniform(0, 1, {"optimiser": "sgd"})},
            r"no 'optimiser' \(did you mean optimizer\?\)",
        ),
        (
            {"optimizer": Choice(["sgd", "adamw"]), "momentum": Uniform(0, 1, {"optimizer": "adamv"})},
            r"'adamv', which optimizer never is \(did you mean adamw\?\): it is sgd or adamw",
        ),
        ({"lr": Log(0.1, 1), "floor": Uniform(0, 1, {"lr": 0.1})}, "lr is a range: conditions are on choices"),
        (
            {"a": Choice([1], {"b": 1}), "b": Choice([1], {"a": 1})},
            "the conditions of a and b wait for each other",
        ),
        (
            {"optimizer": Choice(["sgd", "adam"]), "lr": [Log(0.1, 1), Log(0.01, 1, {"optimizer": "sgd"})]},
            "lr has 2 dimensions where optimizer=sgd",
        ),
    ],
)
def test_what_is_no_space_is_refused_in_one_line(dimensions, taught):
    with pytest.raises(AnnealingError, match=taught) as refused:
        Space(dimensions)
    assert "\n" not in str(refused.value)


def test_a_space_compares_hashes_and_pickles():
    again = Space(dict(SPACE.dimensions))
    assert again == SPACE
    assert hash(again) == hash(SPACE)
    assert pickle.loads(pickle.dumps(SPACE)) == SPACE


def test_narrowing_where_another_name_has_a_value_leaves_the_rest_as_it_was():
    narrow = SPACE.narrowed("lr", 1e-3, 2e-3, optimizer="adam")
    for optimizer, (low, high) in {"sgd": (0.01, 1), "adam": (1e-3, 2e-3), "adamw": (1e-4, 1e-2)}.items():
        found = narrow.active({"optimizer": optimizer})["lr"]
        assert (found.low, found.high) == (low, high)
    assert narrow.replaced("lr") == SPACE.replaced("lr")


def test_narrowing_under_two_conditions_splits_the_rest_without_gap_or_overlap():
    space = Space({"optimizer": Choice(["a", "b", "c"]), "schedule": Choice(["x", "y"]), "lr": Log(1e-3, 1)})
    narrow = space.narrowed("lr", 0.1, 0.2, optimizer="b", schedule="y")
    for optimizer, schedule in itertools.product("abc", "xy"):
        found = narrow.active({"optimizer": optimizer, "schedule": schedule})["lr"]
        assert (found.low, found.high) == ((0.1, 0.2) if (optimizer, schedule) == ("b", "y") else (1e-3, 1))


def test_a_choice_cannot_be_narrowed_and_a_name_that_is_not_there_is_said_with_the_nearest():
    with pytest.raises(ArgumentError, match="it has no range"):
        SPACE.narrowed("optimizer", 0, 1)
    with pytest.raises(ArgumentError, match=r"no 'momentun' \(did you mean momentum\?\)"):
        SPACE.narrowed("momentun", 0, 1)
    with pytest.raises(ArgumentError, match="empty"):
        SPACE.narrowed("lr", 1, 0.1)


def test_default_spaces_narrow_where_the_range_test_of_each_optimizer_says():
    space = (
        default_space(["sgd", "adamw"]).narrowed("lr", 0.02, 0.2, optimizer="sgd").narrowed("lr", 2e-4, 2e-3, optimizer="adamw")
    )
    assert [space.active({"optimizer": name})["lr"].high for name in ("sgd", "adamw")] == [0.2, 2e-3]
