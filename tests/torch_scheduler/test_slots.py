"""What is written, where, and in which form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

import annealing as an
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, parameter, rate_used, rates_used, sgd, train


def test_outside_step_every_slot_holds_what_the_next_update_will_use() -> None:
    optimizer = sgd(0.1, 0.1)
    Scheduler(optimizer, lr=PLAN)
    for t in range(UPDATES):
        assert [group["lr"] for group in optimizer.param_groups] == [USED[t]] * 2
        rates_used(optimizer)


def test_a_rate_read_before_the_step_is_the_rate_that_the_step_uses() -> None:
    """Loggers and compiled steps read early."""
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    for _ in range(UPDATES):
        before = optimizer.param_groups[0]["lr"]
        assert rate_used(optimizer) == before


def test_after_the_end_the_last_value_stays() -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    assert train(optimizer, UPDATES + 5)[UPDATES:] == [PLAN(UPDATES)] * 5


def test_a_recipe_moves_each_hyper_parameter_of_each_group_along_its_own_plan() -> None:
    optimizer = torch.optim.AdamW(
        [{"params": [parameter()], "name": name} for name in ("body.0.weight", "body.0.bias", "head")], lr=9.0
    )
    recipe = an.Recipe(
        {"lr": PLAN.schedule, "betas[0]": 0.95 - 0.1 * an.cosine(), "weight_decay": 0.1 * an.linear()},
        groups={"body.*": {"lr": 0.5 * PLAN.schedule}, "*.bias": {"weight_decay": 0.0}},
    ).over(UPDATES)
    Scheduler(optimizer, recipe)
    for t in range(UPDATES):
        for group in optimizer.param_groups:
            expected = {name: plan(t) for name, plan in recipe.plans_for(group["name"]).items()}
            assert group["lr"] == expected["lr"] == pytest.approx(USED[t] * (1 if group["name"] == "head" else 0.5))
            assert group["betas"] == (expected["betas[0]"], 0.999)
            assert group["weight_decay"] == expected["weight_decay"]
        rates_used(optimizer)
    decays = [group["weight_decay"] for group in optimizer.param_groups]
    assert decays == [0.0, 0.0, 0.0]
    betas = [group["betas"][0] for group in optimizer.param_groups]
    assert betas == pytest.approx([0.95] * 3)


def test_both_betas_can_move_and_everything_else_of_the_group_stays() -> None:
    optimizer = torch.optim.Adam([parameter()], lr=0.3, eps=1e-7)
    Scheduler(optimizer, an.Recipe({"betas[0]": 0.9 * an.linear(to=0.5), "betas[1]": 0.99 * an.linear(to=0.9)}).over(4))
    seen = [optimizer.param_groups[0]["betas"]]
    for _ in range(2):
        rates_used(optimizer)
        seen.append(optimizer.param_groups[0]["betas"])
    assert np.allclose(seen, [(0.9, 0.99), (0.7875, 0.96525), (0.675, 0.9405)])
    group = optimizer.param_groups[0]
    assert (group["lr"], group["eps"]) == (0.3, 1e-7)
    assert "annealing_base_lr" not in group, "lr is not ours here"


def test_groups_without_a_name_are_known_by_their_index() -> None:
    optimizer = sgd(0.1, 0.1, 0.1)
    Scheduler(optimizer, an.Recipe(lr=PLAN.schedule, groups={"1": {"lr": 2 * PLAN.schedule}}).over(UPDATES))
    for t in range(UPDATES):
        assert rates_used(optimizer) == pytest.approx([USED[t], 2 * USED[t], USED[t]])


def test_a_group_that_the_recipe_leaves_out_keeps_its_rate() -> None:
    optimizer = sgd(0.1, 0.7, names=["body", "head"])
    scheduler = Scheduler(optimizer, an.Recipe(groups={"body": {"lr": PLAN.schedule}}).over(UPDATES))
    assert [rates_used(optimizer)[1] for _ in range(UPDATES)] == [0.7] * UPDATES
    assert scheduler.get_last_lr() == [PLAN(UPDATES - 1), 0.7]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_tensor_is_filled_in_place_and_keeps_its_type(dtype: torch.dtype) -> None:
    rate = torch.tensor(0.1, dtype=dtype)
    optimizer = torch.optim.Adam([parameter()], lr=rate)
    Scheduler(optimizer, lr=PLAN)
    for t in range(UPDATES):
        held = optimizer.param_groups[0]["lr"]
        assert held is rate
        assert held.dtype == dtype
        assert held.item() == torch.tensor(USED[t], dtype=dtype).item()
        rates_used(optimizer)


def test_groups_that_share_one_tensor_stay_shared_while_they_are_given_the_same_value() -> None:
    rate = torch.tensor(0.1, dtype=torch.float64)
    optimizer = torch.optim.SGD([{"params": [parameter()]} for _ in range(3)], lr=rate)
    Scheduler(optimizer, lr=PLAN)
    assert all(group["lr"] is rate for group in optimizer.param_groups)
    assert [rates_used(optimizer) for _ in range(UPDATES)] == [[used] * 3 for used in USED]


def test_groups_that_share_one_tensor_get_their_own_where_their_values_differ() -> None:
    rate = torch.tensor(0.1, dtype=torch.float64)
    groups = [{"params": [parameter()], "name": name} for name in ("body", "head", "free")]
    optimizer = torch.optim.SGD(groups, lr=rate)
    Scheduler(optimizer, an.Recipe(groups={"body": {"lr": PLAN.schedule}, "head": {"lr": 2 * PLAN.schedule}}).over(UPDATES))
    for t in range(UPDATES):
        assert rates_used(optimizer) == pytest.approx([USED[t], 2 * USED[t], 0.1])


def test_filling_a_shared_tensor_leaves_the_rate_that_later_groups_start_from() -> None:
    optimizer = torch.optim.SGD([parameter()], lr=torch.tensor(0.25, dtype=torch.float64))
    Scheduler(optimizer, factor=SHAPE)
    train(optimizer, 3)
    optimizer.add_param_group({"params": [parameter()]})
    assert rates_used(optimizer) == [0.25 * SHAPE(3)] * 2
    assert rates_used(optimizer) == [0.25 * SHAPE(4)] * 2


def test_betas_of_tensors_are_filled_in_place() -> None:
    first, second = torch.tensor(0.9), torch.tensor(0.99)
    optimizer = torch.optim.Adam([parameter()], lr=torch.tensor(0.1), betas=(first, second), capturable=False, foreach=False)
    Scheduler(optimizer, an.Recipe({"betas[0]": 0.9 * an.linear(to=0.5)}).over(4))
    optimizer.step()
    assert optimizer.param_groups[0]["betas"] == (first, second)
    assert first.item() == pytest.approx(0.9 * 0.875)
    assert optimizer.param_groups[0]["betas"][0] is first


def test_float_and_tensor_groups_live_side_by_side() -> None:
    optimizer = sgd(0.1, torch.tensor(0.1), 0.1)
    Scheduler(optimizer, lr=PLAN)
    for t in range(UPDATES):
        assert rates_used(optimizer) == [USED[t], torch.tensor(USED[t]).item(), USED[t]]
    assert [isinstance(group["lr"], torch.Tensor) for group in optimizer.param_groups] == [False, True, False]


def test_a_group_added_later_joins_at_the_present_update() -> None:
    """R40: torch's schedulers use the group's own rate once, or break at a later step."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    train(optimizer, 5)
    optimizer.add_param_group({"params": [parameter()], "lr": 9.0})
    assert scheduler.get_last_lr() == [USED[4], USED[4]]
    for t in range(5, UPDATES):
        assert rates_used(optimizer) == [USED[t]] * 2


def test_a_group_that_is_taken_away_leaves_the_others_as_they_were() -> None:
    optimizer = sgd(0.1, 0.2, 0.4)
    Scheduler(optimizer, factor=SHAPE)
    rates_used(optimizer)
    del optimizer.param_groups[1]
    assert rates_used(optimizer) == [0.1 * SHAPE(1), 0.4 * SHAPE(1)]


def test_a_value_that_does_not_change_is_still_guarded() -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=(0.3 * an.hold()).over(10))
    assert train(optimizer, 3) == [0.3] * 3
    optimizer.param_groups[0]["lr"] = 0.4
    with pytest.raises(an.AnnealingError, match="something else writes"):
        optimizer.step()


@pytest.mark.parametrize(
    ("make", "name", "advice"),
    [
        (torch.optim.Adam, "momentum", r'write "betas\[0\]"'),
        (torch.optim.SGD, "betas[0]", 'write "momentum"'),
        (torch.optim.SGD, "momentun", 'write "momentum"'),
        (torch.optim.SGD, "learning_rate", 'write "lr"'),
        (torch.optim.Adam, "betas", r'write "betas\[0\]"'),
        (torch.optim.Adam, "betas[2]", r'write "betas'),
        (torch.optim.SGD, "nesterov", "not a number"),
        (torch.optim.SGD, "foreach", "it has lr, momentum, dampening, weight_decay"),
        (torch.optim.SGD, "params", "not a number"),
    ],
)
def test_an_unknown_hyper_parameter_is_refused_with_the_name_that_was_meant(make: type, name: str, advice: str) -> None:
    optimizer = make([parameter()], lr=0.1)
    with pytest.raises(an.AnnealingError, match=advice) as caught:
        Scheduler(optimizer, an.Recipe({name: an.linear()}).over(10))
    assert "parameter group 0" in str(caught.value)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_a_pattern_that_matches_no_group_is_refused() -> None:
    with pytest.raises(an.AnnealingError, match=r"'hed' matches no parameter group .* 'body', 'head'"):
        Scheduler(sgd(0.1, 0.1, names=["body", "head"]), an.Recipe(lr=an.linear(), groups={"hed": {"lr": an.cosine()}}).over(9))


def test_a_tensor_of_many_numbers_is_refused() -> None:
    optimizer = sgd()
    optimizer.param_groups[0]["lr"] = torch.tensor([0.1, 0.2])
    with pytest.raises(an.AnnealingError, match="2 numbers"):
        Scheduler(optimizer, lr=PLAN)


def _with_gradient() -> torch.Tensor:
    return torch.tensor(0.1, requires_grad=True)


def _for_inference() -> torch.Tensor:
    with torch.inference_mode():
        return torch.tensor(0.1)


@pytest.mark.parametrize(
    ("make", "why"), [(_with_gradient, "requires a gradient"), (_for_inference, "was made in inference mode")]
)
def test_a_tensor_that_cannot_be_written_into_is_refused_before_the_run(make: Callable[[], torch.Tensor], why: str) -> None:
    with pytest.raises(an.AnnealingError, match=f'"lr" that {why}.*detach'):
        Scheduler(sgd(make()), lr=PLAN)


@pytest.mark.parametrize("mode", ["lr", "factor"])
def test_many_tensors_of_any_type_and_shape_are_filled_together(mode: str) -> None:
    kinds = [torch.float32, torch.float64, torch.bfloat16] * 3
    tensors = [torch.tensor([0.1] if row > 5 else 0.1, dtype=dtype) for row, dtype in enumerate(kinds)]
    optimizer = sgd(*tensors)
    Scheduler(optimizer, lr=PLAN, groups="same") if mode == "lr" else Scheduler(optimizer, factor=SHAPE)
    for t in range(3):
        for tensor, group in zip(tensors, optimizer.param_groups, strict=True):
            assert group["lr"] is tensor
            own = torch.tensor(0.1, dtype=tensor.dtype).item()
            wanted = torch.full_like(tensor, PLAN(t) if mode == "lr" else own * SHAPE(t))
            assert torch.equal(tensor, wanted)
        rates_used(optimizer)
