"""The schedule code of Megatron-LM, torchtitan, nanotron and OLMo-core itself, run beside the plans that stand for it here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import megatron, nanotron, olmo_core, torchtitan
from tests.parity import extracted
from tests.parity.extracted import LR, same, stepped

lengths = st.integers(1, 60)
short = st.integers(0, 40)
totals = st.integers(2, 120)
small = st.sampled_from([0.0, 1e-4, 0.02])
ends = st.sampled_from([0.0, 0.1, 0.3])


# Megatron-LM


@pytest.fixture(scope="module")
def megatrons() -> Any:
    return extracted.megatron_scheduler()


@given(
    rates=st.tuples(small, st.just(LR), small, short, st.integers(41, 90)),
    style=st.sampled_from(["constant", "linear", "cosine", "inverse-square-root", "WSD"]),
    decay=st.fixed_dictionaries(
        {
            "wsd_decay_steps": st.integers(0, 100),
            "lr_wsd_decay_style": st.sampled_from(["linear", "cosine", "exponential", "minus_sqrt"]),
        }
    ),
    weight=st.tuples(st.floats(0.0, 0.1), st.just(0.1), lengths, st.sampled_from(["linear", "cosine"])),
)
def test_megatron_agrees(megatrons: Any, rates: Any, style: str, decay: dict[str, Any], weight: Any) -> None:
    own = {"max_lr": 0.05, "wd_mult": 0.5}
    optimizer = SimpleNamespace(param_groups=[{}, own.copy()])
    scheduler = megatrons.OptimizerParamScheduler(optimizer, *rates, style, *weight, **decay)
    seen = []
    for _ in range(150):
        seen.append([(group["lr"], group["weight_decay"]) for group in optimizer.param_groups])
        scheduler.step(1)
    plan = megatron.OptimizerParamScheduler(*rates, style, *weight, **decay, groups={"head": own})

    for i, group in enumerate(["body", "head"]):
        same(plan.plans_for(group)["lr"], [row[i][0] for row in seen])
        same(plan.plans_for(group)["weight_decay"], [row[i][1] for row in seen])


@given(first=st.integers(1, 9), by=st.integers(1, 9), steps=st.integers(1, 20), samples=st.integers(1, 300))
def test_megatron_batch_sizes_agree(first: int, by: int, steps: int, samples: int) -> None:
    kind = extracted.megatron_batch_sizes().RampupBatchsizeNumMicroBatchesCalculator
    theirs, seen = kind(first + by * steps, 1, 1, False, 1, first, by, samples), []
    for consumed in range(samples + 20):
        theirs.update(consumed, False)
        seen.append(theirs.get_current_global_batch_size())

    same(megatron.RampupBatchsizeNumMicroBatchesCalculator(first + by * steps, first, by, samples), seen)


# torchtitan and nanotron


@given(
    run=totals,
    arguments=st.fixed_dictionaries(
        {
            "warmup_steps": short,
            "total_steps": st.none() | totals,
            "decay_ratio": st.none() | st.floats(0.0, 1.0),
            "decay_type": st.sampled_from(["linear", "sqrt", "cosine"]),
            "min_lr_factor": ends,
        }
    ),
)
def test_torchtitan_agrees(titans: Any, run: int, arguments: dict[str, Any]) -> None:
    config = titans.LRSchedulersContainer.Config(**arguments)
    try:
        expected = stepped(lambda optimizer: config.build(optimizers=[optimizer], training_steps=run), run)
    except AssertionError:
        assume(False)

    same(torchtitan.LRSchedulersContainer(**arguments, lr=LR, training_steps=run), expected)


@pytest.fixture(scope="module")
def titans() -> Any:
    return extracted.torchtitan_schedulers()


@pytest.fixture(scope="module")
def nanotrons() -> Any:
    return extracted.nanotron_scheduler()


@given(
    total=totals,
    arguments=st.fixed_dictionaries(
        {
            "lr_warmup_steps": short,
            "lr_warmup_style": st.sampled_from(["linear", "constant"]),
            "lr_decay_style": st.sampled_from(["linear", "cosine"]),
            "lr_decay_steps": st.none() | short,
            "lr_decay_starting_step": st.none() | lengths,
            "min_decay_lr": st.none() | small,
        }
    ),
)
def test_nanotron_agrees(nanotrons: Any, total: int, arguments: dict[str, Any]) -> None:
    builder, kind = nanotrons
    given_to_both = {"learning_rate": LR, **arguments}

    def make(optimizer: Any) -> Any:
        return builder(SimpleNamespace(get_base_optimizer=lambda: optimizer), kind(**given_to_both), total)

    same(nanotron.lr_scheduler_builder(**given_to_both, total_training_steps=total), stepped(make, total))


# OLMo-core


@pytest.fixture(scope="module")
def olmos() -> Any:
    return extracted.olmo_core_schedulers()


warm = {"warmup": short, "warmup_min_lr": small}
shaped = warm | {"alpha_f": ends, "t_max": st.none() | totals}
decayed = {"decay": lengths, "decay_fraction": st.none(), "decay_min_lr": st.sampled_from([0.0, 1e-4])}
OLMO = {
    "ConstantScheduler": {},
    "ConstantWithWarmup": warm,
    "LinearWithWarmup": shaped,
    "InvSqrtWithWarmup": warm | {"alpha_f": ends},
    "ExponentialScheduler": {"lr_min": st.sampled_from([1e-9, 1e-3])},
    "CosWithWarmup": shaped,
    "HalfCosWithWarmup": shaped,
    "CosWithWarmupAndLinearDecay": shaped | decayed,
    "WSD": warm | decayed,
    "PowerLR": warm | decayed | {"b": st.floats(-2.0, -0.1)},
    "WSDS": warm | decayed | {"period_lengths": st.lists(st.integers(5, 50), min_size=1, max_size=4)},
}
TYPES = {
    "ConstantWithWarmup": "constant_with_warmup",
    "CosWithWarmup": "cos_with_warmup",
    "LinearWithWarmup": "linear_with_warmup",
    "InvSqrtWithWarmup": "inv_sqrt_with_warmup",
    "WSD": "wsd",
}


def olmo_rates(make: Any, total: int) -> list[float]:
    """Rates of a run, which the trainer asks for at current = 1, 2, …; what theirs cannot do is left out."""
    try:
        return [float(make().get_lr(LR, current, total)) for current in range(1, total + 1)]
    except (AssertionError, ValueError, TypeError, ArithmeticError):
        assume(False)
        raise


@pytest.mark.parametrize("name", OLMO)
@given(data=st.data(), total=totals)
def test_olmo_core_agrees(olmos: Any, name: str, data: st.DataObject, total: int) -> None:
    arguments = data.draw(st.fixed_dictionaries(OLMO[name]))
    expected = olmo_rates(lambda: getattr(olmos, name)(**arguments), total)
    try:
        plan = getattr(olmo_core, name)(**arguments, lr=LR, max_steps=total)
    except an.AnnealingError as refused:  # ours checks all of the run at once, theirs only what it comes to
        assert "longer than" in str(refused) or "below" in str(refused)
        return

    same(plan, expected)


@given(data=st.data(), names=st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=3), total=st.integers(30, 120))
def test_olmo_core_sequences_agree(olmos: Any, data: st.DataObject, names: list[str], total: int) -> None:
    fields = [data.draw(st.fixed_dictionaries(OLMO[name])) for name in names]
    longest = [data.draw(lengths) for _ in names[1:]]
    override = data.draw(st.none() | st.fixed_dictionaries({"start": lengths, "duration": lengths, "end_lr": small}))

    def make() -> Any:
        parts = [getattr(olmos, name)(**own) for name, own in zip(names, fields, strict=True)]
        decay = olmos.OverrideDecay(**override) if override else None
        return olmos.SequentialScheduler(schedulers=parts, schedulers_max=list(longest), override_decay=decay)

    expected = olmo_rates(make, total)
    schedulers = [{"type": TYPES[name], **own} for name, own in zip(names, fields, strict=True)]
    try:
        plan = olmo_core.SequentialScheduler(
            schedulers=schedulers, schedulers_max=longest, override_decay=override, lr=LR, max_steps=total
        )
    except an.AnnealingError as refused:
        assert "below" in str(refused)
        return

    same(plan, expected)


levels = st.one_of(*(st.fixed_dictionaries({name: st.floats(0.0, 0.5)}) for name in ("end_lr", "end_lr_fraction")))
openings = st.one_of(st.just({}), *(st.fixed_dictionaries({n: st.floats(0.0, 0.5)}) for n in ("start_lr", "start_lr_fraction")))
durations = st.fixed_dictionaries({"duration": lengths, "shape": st.sampled_from(["linear", "cosine"])})


@given(parts=st.lists(st.tuples(durations, levels, openings), min_size=1, max_size=4), total=totals)
def test_olmo_core_stages_agree(olmos: Any, parts: list[tuple[dict[str, Any], ...]], total: int) -> None:
    stages = [duration | level | opening for duration, level, opening in parts]
    scheduler = olmos.ComposableScheduler(stages=[olmos.ComposableSchedulerStage(**stage) for stage in stages])
    plan = olmo_core.ComposableScheduler(stages=stages, lr=LR, max_steps=total)

    same(plan, [scheduler.get_lr(LR, current, total) for current in range(1, total + 1)])
