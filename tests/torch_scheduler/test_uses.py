"""The clock in samples: a batch that changes never bends the curve, however the Scheduler learns what an update uses."""

import json
from typing import Any

import pytest

import annealing as an
from annealing.batch import trade
from tests.conftest import require

torch = require("torch")

from annealing.torch import PlannedBatches, Scheduler, record  # noqa: E402 - once torch is known to be there

PLAN = (0.5 * an.chain(an.warmup("10%"), an.cosine())).over(1_000, unit="samples")
SIZES = [10, 20, 30, 40, 100, 200, 300, 300]


def scheduler(plan: Any = PLAN, **given: Any) -> Scheduler:
    return Scheduler(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0), lr=plan, **given)


def rates(follower: Scheduler, sizes: list[int], *, tell: bool = False) -> list[float]:
    """What each update used."""
    used: list[float] = []
    for size in sizes:
        if tell:  # in two parts, as accumulation sees them
            follower.saw(size / 2)
            follower.saw(size / 2)
        used.append(follower.optimizer.param_groups[0]["lr"])
        follower.optimizer.step()
        follower.step()
    return used


@pytest.mark.parametrize("told", [False, True])
def test_every_update_uses_the_rate_of_the_samples_before_it(told: bool) -> None:
    follower = scheduler(uses="told" if told else SIZES)
    begins = [sum(SIZES[:update]) for update in range(len(SIZES))]

    assert rates(follower, SIZES, tell=told) == [PLAN(seen) for seen in begins]
    assert (follower.update, follower.seen) == (8, 1_000)


def test_a_number_and_a_batch_plan_say_it_as_well() -> None:
    decay = (0.1 * an.stairs({"50%": 0.2})).over(an.Horizon.of(200, epochs=2, batch_size=8), unit="samples")
    pair = trade(decay, batch=8)
    sampler = PlannedBatches(200, pair.batch)
    sizes = pair.sizes.tolist()

    assert rates(scheduler(uses=100), [100] * 10) == [PLAN(100 * update) for update in range(10)]
    for given in (pair, sampler, sizes):
        assert rates(scheduler(pair.rate, uses=given), sizes) == pair.rate_by_update().values().tolist()


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("stop", range(len(SIZES) + 1))
def test_resuming_equals_never_stopping(told: bool, stop: int) -> None:
    uses: Any = "told" if told else SIZES
    whole, before, after = scheduler(uses=uses), scheduler(uses=uses), scheduler(uses=uses)
    expected = rates(whole, SIZES, tell=told)
    first = rates(before, SIZES[:stop], tell=told)
    after.load_state_dict(json.loads(json.dumps(before.state_dict())))

    assert first + rates(after, SIZES[stop:], tell=told) == expected
    assert after.state_dict() == whole.state_dict()
    assert len(json.dumps(after.state_dict())) < 400


def test_another_batch_after_a_resume_goes_on_along_the_same_curve() -> None:
    before, after = scheduler(uses=50), scheduler(uses=100)
    rates(before, [50] * 4)
    after.load_state_dict(before.state_dict())

    assert rates(after, [100] * 3) == [PLAN(200), PLAN(300), PLAN(400)]


def test_edits_and_policies_speak_of_samples() -> None:
    before = scheduler(uses=100)
    rates(before, [100] * 4)
    longer = scheduler(PLAN.schedule.over(2_000, unit="samples"), uses=100, resume="stretch")
    longer.load_state_dict(before.state_dict())
    before.branch(an.linear(), total=600)

    assert longer.plan.journal[0].at == 400  # type: ignore[union-attr]
    assert rates(longer, [100] * 2) == [PLAN(400), pytest.approx(PLAN(400 + 100 * 600 / 1600))]
    assert rates(before, [100] * 2) == [PLAN(400), pytest.approx(PLAN(400) / 2)]


def test_what_is_recorded_and_shown_is_what_was_used() -> None:
    follower, heard = scheduler(uses=SIZES), list[Any]()
    record(follower, heard.extend)
    used = rates(follower, SIZES[:5])

    assert [one.value for one in heard] == used
    assert follower.get_last_lr() == [PLAN(200)]


def test_a_group_that_is_added_begins_the_plan_at_the_samples_seen() -> None:
    plan = an.linear().over(1_000, unit="samples")
    follower = scheduler(plan, uses=100, new_groups="own_clock")
    rates(follower, [100] * 3)
    follower.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))], "lr": 9.0})
    rates(follower, [100] * 2)

    assert [group["lr"] for group in follower.optimizer.param_groups] == [plan(500), plan(200)]


@pytest.mark.parametrize(
    ("plan", "given", "why"),
    [
        (PLAN, {}, "counts samples and a Scheduler counts updates: say what each update uses"),
        (an.cosine().over(10), {"uses": 8}, "need no uses="),
        (PLAN, {"uses": 0}, "uses"),
        (PLAN, {"uses": [8, 0]}, "one above 0 for each"),
        (PLAN, {"uses": "loader"}, '"told"'),
        (an.cosine().over(3, unit="epochs"), {"uses": trade(an.step().over(80, unit="samples"), batch=8)}, "uses= gives samples"),
    ],
)
def test_what_cannot_be_a_clock_is_refused(plan: an.Plan, given: dict[str, Any], why: str) -> None:
    with pytest.raises(an.AnnealingError, match=why):
        scheduler(plan, **given)


def test_an_update_that_nobody_spoke_of_is_an_error() -> None:
    follower = scheduler(uses="told")
    with pytest.raises(an.AnnealingError, match="saw"):
        follower.optimizer.step()


def test_saved_clocks_that_cannot_be_mine_are_refused() -> None:
    before = scheduler(uses=SIZES)
    rates(before, SIZES[:3])
    with pytest.raises(an.AnnealingError, match="used 60 in 3 updates"):
        scheduler(uses=[9] * 20).load_state_dict(before.state_dict())
    with pytest.raises(an.AnnealingError, match="another clock"):
        scheduler(an.cosine().over(10)).load_state_dict(before.state_dict())
