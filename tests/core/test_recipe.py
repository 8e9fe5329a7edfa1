"""Which schedule moves which hyper-parameter of which group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError, KindError, LengthError
from tests.core.refusals import refused

LR = 3e-4 * an.chain(an.warmup(10), an.cosine())


def test_layer_wise_rates_and_no_decay_on_biases_are_two_lines() -> None:
    """Every pattern that matches applies; per hyper-parameter the last one wins."""
    plan = an.Recipe(
        lr=LR, weight_decay=0.1, groups={"layer.0.*": {"lr": 0.8 * LR}, "*.bias": {"weight_decay": 0.0}, "head*": {"lr": 2 * LR}}
    ).over(100)

    def at_peak(group: str) -> dict[str, float]:
        return {name: float(np.float32(one(10))) for name, one in plan.plans_for(group).items()}

    def single(**values: float) -> dict[str, float]:
        return {name: float(np.float32(value)) for name, value in values.items()}

    assert at_peak("layer.1.weight") == single(lr=3e-4, weight_decay=0.1)
    assert at_peak("layer.0.weight") == single(lr=2.4e-4, weight_decay=0.1)
    assert at_peak("layer.0.bias") == single(lr=2.4e-4, weight_decay=0.0)
    assert at_peak("head.bias") == single(lr=6e-4, weight_decay=0.0)
    assert at_peak("") == single(lr=3e-4, weight_decay=0.1)


def test_the_last_matching_pattern_wins_whatever_its_length() -> None:
    narrow_last = an.Recipe(lr=1, groups={"*": {"lr": 2}, "a.b": {"lr": 3}}).over(5)
    wide_last = an.Recipe(lr=1, groups={"a.b": {"lr": 3}, "*": {"lr": 2}}).over(5)

    assert narrow_last.plans_for("a.b")["lr"](0) == 3
    assert wide_last.plans_for("a.b")["lr"](0) == 2


@pytest.mark.parametrize(
    ("pattern", "matches", "misses"),
    [
        ("layer.0.*", ["layer.0.weight", "layer.0.", "layer.0.a.b"], ["layer.0", "layer.10.weight", "Layer.0.weight"]),
        ("layer.?", ["layer.0", "layer.x"], ["layer.10", "layer."]),
        ("*bias", ["bias", "a.bias"], ["bias.a"]),
        ("head", ["head"], ["header", "Head", "a.head"]),
        ("layer.[01].*", ["layer.0.w", "layer.1.w"], ["layer.2.w"]),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, matches: list[str], misses: list[str]) -> None:
    plan = an.Recipe(groups={pattern: {"lr": LR}}).over(100)

    assert all("lr" in plan.plans_for(name) for name in matches)
    assert not any("lr" in plan.plans_for(name) for name in misses)


def test_hyper_parameters_inside_a_tuple_have_an_index() -> None:
    recipe = an.Recipe({"betas[0]": 0.95 - 0.1 * an.cosine(), "betas[1]": 0.99}, lr=LR)
    plan = recipe.over(100)

    assert list(plan.plans_for("any")) == ["betas[0]", "betas[1]", "lr"]
    assert plan(0)["*"]["betas[0]"] == pytest.approx(0.85)
    assert an.parse(str(recipe)) == recipe
    assert an.parse(str(plan)) == plan


def test_a_number_is_a_schedule_that_stays() -> None:
    assert an.Recipe(lr=0.1) == an.Recipe(lr=0.1 * an.hold()) == an.Recipe(lr=np.float64(0.1))
    assert an.Recipe(momentum=1).over(5)(3) == {"*": {"momentum": 1.0}}


@pytest.mark.parametrize(
    "recipe",
    [
        an.Recipe(lr=LR),
        an.Recipe(lr=LR, momentum=0.95 - 0.1 * an.cosine(), groups={"layer.0.*": {"lr": 0.8 * LR}}),
        an.Recipe(groups={"a": {"lr": LR, "betas[0]": 0.9}, "b": {"eps": 1e-8}}),
        an.Recipe(lr=LR, groups={'odd "name"': {"lr": 1}, "back\\slash": {"lr": 2}, "new\nline": {"lr": 3}, "10%": {"lr": 4}}),
        an.Recipe(lr=LR, groups={"größe.*": {"lr": 1}}),
    ],
    ids=str,
)
def test_a_recipe_reads_back_from_its_text_and_json(recipe: an.Recipe) -> None:
    seen = recipe.over(an.Horizon(100, samples=6400), unit="samples")
    for value in (recipe, recipe.over(100), seen, recipe.over(100, endpoint=True)):
        assert an.parse(str(value)) == value
        assert eval(str(value), vars(an)) == value
        assert an.from_json(an.to_json(value)) == value
        assert hash(an.parse(str(value))) == hash(value)
    assert recipe.over(100).recipe == recipe
    assert recipe.over(100).total == 100


def test_plans_that_were_edited_one_by_one_read_back() -> None:
    plan = LR.over(100)
    edited = an.RecipePlan((("lr", plan.branch(50, an.linear())),), (("head", (("lr", (2 * plan).branch(60, an.linear())),)),))

    assert an.parse(str(edited)) == edited
    assert edited.plans_for("head")["lr"](60) == (2 * plan)(60)


@pytest.mark.parametrize("name", ["lambda", "groups"])
def test_a_name_that_means_something_in_python_reads_back(name: str) -> None:
    """A regularisation called lambda is as good a hyper-parameter as any."""
    recipe = an.Recipe({name: 0.1})

    assert an.parse(str(recipe)) == recipe


def test_a_carriage_return_in_a_pattern_reads_back() -> None:
    recipe = an.Recipe(groups={"a\rb": {"lr": 1}})

    assert an.parse(str(recipe)) == recipe


@pytest.mark.parametrize(
    ("wrong", "kind", "teaching"),
    [
        (an.Recipe, ArgumentError, "Recipe(lr=3e-4 * cosine())"),
        (lambda: an.Recipe({1: 2}), ArgumentError, '"lr", "momentum" or "betas[0]"'),
        (lambda: an.Recipe({"lr ": 2}), ArgumentError, '"betas[0]"'),
        (lambda: an.Recipe({"betas[x]": 2}), ArgumentError, '"betas[0]"'),
        (lambda: an.Recipe({"param.lr": 2}), ArgumentError, '"betas[0]"'),
        (lambda: an.Recipe(groups={"a": {"": 2}}), ArgumentError, '"betas[0]"'),
        (lambda: an.Recipe(lr="cosine"), KindError, "lr='cosine' is not a number"),
        (lambda: an.Recipe(lr=True), KindError, "not a number"),
        (lambda: an.Recipe(lr=float("nan")), ArgumentError, "finite"),
        (lambda: an.Recipe(lr=LR.over(100)), KindError, "call .over(total) on the recipe"),
        (lambda: an.Recipe(groups={"a": 0.1}), KindError, "write a mapping such as"),
        (lambda: an.Recipe(lr=an.cosine(10)).over(100), LengthError, "lr: the phases cover 10 of 100"),
        (lambda: an.RecipePlan((("lr", LR.over(100)), ("momentum", LR.over(200)))), LengthError, "one run, not 2"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(wrong: Any, kind: type[Exception], teaching: str) -> None:
    with refused(kind, teaching):
        wrong()


@pytest.mark.parametrize("wrong", [lambda: an.Recipe(groups=3), lambda: an.Recipe(groups=["a"]), lambda: an.Recipe(5)])
def test_what_is_no_mapping_is_refused_as_ours(wrong: Any) -> None:
    with refused(KindError, "mapping"):
        wrong()


def test_a_pattern_without_hyper_parameters_is_refused_or_harmless() -> None:
    try:
        plan = an.Recipe(groups={"a": {}}).over(100)
    except an.AnnealingError:
        return
    assert plan.plans_for("a") == {}
    assert an.parse(str(plan)) == plan


def test_betas_as_a_pair_are_refused_with_how_to_write_them() -> None:
    with refused(KindError, "betas[0]"):
        an.Recipe(betas=(0.9, 0.95))  # type: ignore[arg-type]
