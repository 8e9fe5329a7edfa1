"""What is saved, what is accepted back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed import checkpoint
from torch.optim.lr_scheduler import LambdaLR

import annealing as an
from annealing.core.errors import ArgumentError, PlanMismatchError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, sgd, train

BRANCHED = PLAN.branch(at=12, tail=an.linear(), total=20)


def saved_at(update: int, plan: an.Plan = PLAN) -> dict[str, Any]:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=plan)
    train(optimizer, update)
    return scheduler.state_dict()


def test_the_state_is_small_json() -> None:
    assert saved_at(7, BRANCHED) == {
        "version": 1,
        "update": 7,
        "mode": "lr",
        "plan": str(PLAN),
        "journal": ["branch(at=12, tail=linear(), total=20)"],
        "bases": [],
        "starts": [],
        "control": [],
        "observed": [],
        "asked": "",
    }
    factor = Scheduler(sgd(0.1, 0.7), factor=SHAPE).state_dict()
    assert (factor["mode"], factor["bases"]) == ("factor", [0.1, 0.7])
    assert json.loads(json.dumps(factor)) == factor


def test_a_state_does_not_change_after_it_was_taken() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, factor=SHAPE)
    state = scheduler.state_dict()
    copy = json.dumps(state)
    train(optimizer, 5)
    state["bases"].append(3.0)
    assert json.dumps({**state, "bases": state["bases"][:1]}) == copy
    assert scheduler.state_dict()["bases"] == [0.1]


def test_a_recipe_is_saved_as_its_text() -> None:
    recipe = an.Recipe(lr=PLAN.schedule, groups={"0": {"momentum": 0.9 * an.hold()}}).over(UPDATES)
    state = Scheduler(sgd(), recipe).state_dict()
    assert an.parse(state["plan"]) == recipe


def test_a_run_that_was_edited_goes_on_edited() -> None:
    """The script knows nothing of the edit; the checkpoint does."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    scheduler.load_state_dict(saved_at(14, BRANCHED))
    assert scheduler.plan == BRANCHED
    assert train(optimizer, 4) == [BRANCHED(t) for t in range(14, 18)]


def test_a_cooldown_decided_on_after_the_checkpoint_may_branch_off_ahead() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=BRANCHED)
    scheduler.load_state_dict(saved_at(12))
    assert train(optimizer, 4) == [BRANCHED(t) for t in range(12, 16)]


def test_a_branch_in_the_past_of_the_checkpoint_is_refused() -> None:
    """It would pretend that updates used what they did not."""
    with pytest.raises(PlanMismatchError, match="branch"):
        Scheduler(sgd(), lr=BRANCHED).load_state_dict(saved_at(13))
    with pytest.raises(PlanMismatchError, match="stretch"):
        Scheduler(sgd(), lr=PLAN.stretch(40)).load_state_dict(saved_at(3))


def test_going_back_to_a_state_before_the_edit_takes_the_edit_back() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    scheduler.load_state_dict(saved_at(14, BRANCHED))
    scheduler.load_state_dict(saved_at(3))
    assert train(optimizer, UPDATES - 3) == USED[3:]


def test_a_state_from_a_newer_version_is_refused() -> None:
    with pytest.raises(ArgumentError, match="version 2 and this library reads up to 1: upgrade"):
        Scheduler(sgd(), lr=PLAN).load_state_dict({**saved_at(3), "version": 2})


def test_the_state_of_something_else_is_refused() -> None:
    scheduler = Scheduler(sgd(), lr=PLAN)
    foreign = LambdaLR(sgd(), lambda t: 1.0).state_dict()
    for state in (foreign, {}, {**saved_at(3), "update": "3"}, {**saved_at(3), "plan": None}):
        with pytest.raises(ArgumentError, match="not the state of a Scheduler"):
            scheduler.load_state_dict(state)
    for state in ({**saved_at(3), "update": -1}, {**saved_at(3), "mode": "gain"}):
        with pytest.raises(ArgumentError, match="damaged"):
            scheduler.load_state_dict(state)
    assert scheduler.update == 0


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
@pytest.mark.parametrize("saved", [PLAN, BRANCHED, BRANCHED.branch(at=15, tail=an.linear(), total=22)])
def test_distributed_checkpoints_bring_every_part_of_the_state_back(saved: an.Plan, tmp_path: Path) -> None:
    """A journal of dicts loses entries there: DCP loads into the shape of a fresh state."""
    checkpoint.save({"scheduler": saved_at(7, saved)}, checkpoint_id=tmp_path, no_dist=True)
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    state = {"scheduler": scheduler.state_dict()}
    checkpoint.load(state, checkpoint_id=tmp_path, no_dist=True)
    scheduler.load_state_dict(state["scheduler"])
    assert scheduler.plan == saved
    assert train(optimizer, 10) == [saved(t) for t in range(7, 17)]


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
def test_distributed_checkpoints_take_the_scheduler_itself(tmp_path: Path) -> None:
    """DCP calls state_dict and load_state_dict of anything that has them."""
    first = sgd(0.25)
    saved = Scheduler(first, factor=SHAPE)
    train(first, 7)
    checkpoint.save({"scheduler": saved}, checkpoint_id=tmp_path, no_dist=True)
    second = sgd(0.25)
    loaded = Scheduler(second, factor=SHAPE)
    checkpoint.load({"scheduler": loaded}, checkpoint_id=tmp_path, no_dist=True)
    assert loaded.state_dict() == saved.state_dict()
    assert train(second, 5) == train(first, 5)


def test_loading_a_tensor_rate_binds_the_new_tensor() -> None:
    """load_state_dict replaces the tensors as well as the groups."""
    first = sgd(torch.tensor(0.1, dtype=torch.float64))
    saved = Scheduler(first, lr=PLAN)
    train(first, 7)
    second = sgd(torch.tensor(0.1, dtype=torch.float64))
    scheduler = Scheduler(second, lr=PLAN)
    before = second.param_groups[0]["lr"]
    scheduler.load_state_dict(saved.state_dict())
    second.load_state_dict(first.state_dict())
    assert second.param_groups[0]["lr"] is not before
    assert train(second, UPDATES - 7) == USED[7:]
