"""The law of groups: every parameter gets, at every update, exactly what the recipe says for its own name."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import annealing as an
from annealing.torch import Scheduler, param_groups
from tests.torch_groups.models import Transformer, perceptron

TOTAL = 12
LR = 0.1 * an.chain(an.warmup(3), an.cosine(to=0.1))
RECIPE = an.Recipe(lr=LR, weight_decay=0.1, groups={"0.*": {"lr": 0.5 * LR}, "*.bias": {"weight_decay": 0.0}})


def values_by_name(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, dict[str, float]]:
    """What the optimizer would use for each parameter."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: {key: group[key] for key in ("lr", "weight_decay")}
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
    optimizer.step()


def check_law(model: nn.Module, recipe: an.Recipe, updates: Iterable[int] = range(TOTAL)) -> None:
    plan = recipe.over(TOTAL)
    optimizer = torch.optim.AdamW(param_groups(model, recipe))
    Scheduler(optimizer, plan)
    for t in updates:
        used = values_by_name(model, optimizer)
        assert used == {
            name: {key: one(t) for key, one in plan.plans_for(name).items()}
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        step(model, optimizer)


def test_every_parameter_gets_what_the_recipe_says_for_its_own_name() -> None:
    check_law(perceptron(), RECIPE)


PATTERNS = [
    "*",
    "0.*",
    "*.bias",
    "*.weight",
    "blocks.*",
    "blocks.0.*",
    "blocks.?.norm.*",
    "*.1.*",
    "*head*",
    "embed.weight",
    "*.norm.bias",
]


@given(
    groups=st.lists(
        st.tuples(st.sampled_from(PATTERNS), st.sampled_from(["lr", "weight_decay"]), st.sampled_from([0.0, 0.25, 0.5])),
        max_size=6,
    )
)
@settings(max_examples=15)
def test_it_holds_for_every_recipe(groups: list[tuple[str, str, float]]) -> None:
    model = Transformer(blocks=2)
    names = [name for name, _ in model.named_parameters()]
    written: dict[str, dict[str, an.Schedule | float]] = {}
    for pattern, key, scale in groups:
        if any(fnmatchcase(name, pattern) for name in names):
            written.setdefault(pattern, {})[key] = scale * LR if key == "lr" else scale

    recipe = an.Recipe(lr=LR, weight_decay=0.1, groups=written)

    check_law(model, recipe, updates=range(4))
    distinct = {tuple(sorted(recipe.over(TOTAL).plans_for(name).items(), key=lambda pair: pair[0])) for name in names}
    assert len(param_groups(model, recipe)) == len(distinct)  # no group more than there are different schedules


def test_four_hundred_and_sixty_five_parameters_are_four_groups() -> None:
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(232)), nn.Linear(2, 2, bias=False))
    assert len(list(model.parameters())) == 465

    groups = param_groups(model, RECIPE)

    assert [(group["name"], len(group["params"])) for group in groups] == [
        ("0.weight", 1),
        ("0.bias", 1),
        ("*.weight", 232),
        ("*.bias", 231),
    ]


def test_groups_come_in_the_models_order_every_time() -> None:
    first, second = (param_groups(Transformer(), RECIPE_FOR_BLOCKS) for _ in range(2))

    assert [group["name"] for group in first] == [group["name"] for group in second]
    assert [[p.shape for p in group["params"]] for group in first] == [[p.shape for p in group["params"]] for group in second]


RECIPE_FOR_BLOCKS = an.Recipe(lr=LR, weight_decay=0.1, groups={"blocks.0.*": {"lr": 0.5 * LR}, "*.bias": {"weight_decay": 0.0}})


def test_a_recipe_over_a_run_and_its_text_make_the_same_groups() -> None:
    model = perceptron()
    names = [group["name"] for group in param_groups(model, RECIPE)]

    assert [group["name"] for group in param_groups(model, RECIPE.over(TOTAL))] == names
    assert [group["name"] for group in param_groups(model, str(RECIPE))] == names
    assert [group["name"] for group in param_groups(model.named_parameters(), RECIPE)] == names


def test_tied_parameters_are_in_one_group_once() -> None:
    model = Transformer(tied=True)

    groups = param_groups(model, an.Recipe(lr=LR, groups={"*.bias": {"lr": 0.5 * LR}}))

    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    torch.optim.AdamW(groups)  # which refuses a parameter that is in two groups


def test_frozen_parameters_are_left_out() -> None:
    model = perceptron()
    model[0].requires_grad_(False)

    check_law(model, an.Recipe(lr=LR, groups={"*.bias": {"lr": 0.5 * LR}}, weight_decay=0.1))


def compiled(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


@pytest.mark.parametrize("wrap", [compiled, nn.DataParallel, lambda model: compiled(nn.DataParallel(model))])
def test_wrapping_a_model_leaves_its_names(wrap) -> None:
    plain = param_groups(perceptron(), RECIPE)

    assert [group["name"] for group in param_groups(wrap(perceptron()), RECIPE)] == [group["name"] for group in plain]


def test_a_pattern_that_is_reached_by_no_name_of_a_group_alone_is_reached() -> None:
    """Biases and norms share a group, whose one name cannot match both patterns."""
    recipe = an.Recipe(lr=LR, weight_decay=0.1, groups={"*.bias": {"weight_decay": 0.0}, "*.norm.weight": {"weight_decay": 0.0}})
    model = Transformer()

    check_law(model, recipe)
    assert len(param_groups(model, recipe)) == 2


def test_a_group_has_no_name_that_other_patterns_match_by_chance() -> None:
    """What two of them have in common, "a.*", would be matched by "*.?", which is meant for "b.w"."""
    pairs = [(name, nn.Parameter(torch.ones(2))) for name in ("a.weight", "a.bias", "b.w")]
    groups = {"a.*": {"lr": 0.5 * LR}, "*.?": {"lr": 0.5 * LR}, "b.*": {"weight_decay": 0.0}}
    recipe = an.Recipe(lr=LR, weight_decay=0.1, groups=groups)

    optimizer = torch.optim.AdamW(param_groups(pairs, recipe))
    Scheduler(optimizer, recipe.over(TOTAL))  # which refuses groups that are not its recipe's own

    assert [(group["name"], len(group["params"])) for group in optimizer.param_groups] == [("a.weight", 2), ("b.w", 1)]


def test_groups_made_for_another_recipe_are_refused() -> None:
    model = Transformer()
    made = an.Recipe(lr=LR, weight_decay=0.1, groups={"*.bias": {"weight_decay": 0.0}, "*.norm.weight": {"weight_decay": 0.0}})
    optimizer = torch.optim.AdamW(param_groups(model, made))
    other = an.Recipe(lr=LR, groups={"*.bias": {"lr": 0.5 * LR}, "*.norm.weight": {"lr": 0.5 * LR}, "*norm.weight": {"lr": LR}})

    with pytest.raises(an.AnnealingError, match=r"'\*norm.weight' matches .* made for a recipe without it"):
        Scheduler(optimizer, other.over(TOTAL))


class TestResume:
    def test_a_checkpoint_of_any_update_goes_on_as_if_nothing_had_happened(self) -> None:
        model, plan = Transformer(), RECIPE_FOR_BLOCKS.over(TOTAL)
        optimizer = torch.optim.AdamW(param_groups(model, RECIPE_FOR_BLOCKS))
        scheduler = Scheduler(optimizer, plan)
        for t in range(TOTAL):
            saved = copy.deepcopy((model.state_dict(), optimizer.state_dict(), scheduler.state_dict()))
            again = Transformer()
            loaded = torch.optim.AdamW(param_groups(again, RECIPE_FOR_BLOCKS))
            resumed = Scheduler(loaded, plan)
            resumed.load_state_dict(saved[2])
            again.load_state_dict(saved[0])
            loaded.load_state_dict(saved[1])

            assert values_by_name(again, loaded) == values_by_name(model, optimizer)
            assert resumed.update == t
            step(again, loaded)
            step(model, optimizer)
            assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))

    def test_a_group_added_later_is_known_by_its_own_name(self) -> None:
        optimizer = torch.optim.AdamW(param_groups(perceptron(), RECIPE))
        Scheduler(optimizer, RECIPE.over(TOTAL))

        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(2))], "name": "late.bias"})
        step(nn.Module(), optimizer)

        assert optimizer.param_groups[-1]["weight_decay"] == 0.0


@pytest.mark.parametrize(
    ("pattern", "match"),
    [
        ("*.biases", r"'\*.biases' matches no parameter of this model: did you mean '\*.bias'"),
        ("block.*", r"did you mean 'blocks.\*'"),
        ("head.*", "matches only 'head.weight', which is tied to 'embed.weight'"),
        ("blocks.0.norm.*", "frozen parameters only, such as 'blocks.0.norm.weight'"),
    ],
)
def test_a_pattern_that_reaches_nothing_is_refused(pattern: str, match: str) -> None:
    model = Transformer(tied=True)
    model.blocks[0].norm.requires_grad_(False)

    with pytest.raises(ValueError, match=match) as caught:
        param_groups(model, an.Recipe(lr=LR, groups={pattern: {"lr": 0.5 * LR}}))

    assert isinstance(caught.value, an.AnnealingError)


@pytest.mark.parametrize(("recipe", "match"), [(LR, "is for every group alike: write Recipe"), (3e-4, "no recipe")])
def test_what_is_no_recipe_is_refused(recipe: object, match: str) -> None:
    with pytest.raises(TypeError, match=match):
        param_groups(perceptron(), recipe)


def test_parameters_without_names_are_refused() -> None:
    with pytest.raises(TypeError, match="by name: pass the model"):
        param_groups(perceptron().parameters(), RECIPE)


def test_a_model_that_is_all_frozen_is_refused() -> None:
    with pytest.raises(ValueError, match="no parameter that can be trained"):
        param_groups(perceptron().requires_grad_(False), RECIPE)
