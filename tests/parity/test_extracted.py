"""The schedule code of composer, fastai and DeepSpeed itself, run beside the plans that stand for it here."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import composer, deepspeed, fastai
from tests.parity import extracted
from tests.parity.extracted import LR, same, stepped

lengths = st.integers(1, 60)
short = st.integers(0, 40)
totals = st.integers(2, 120)
small = st.sampled_from([0.0, 1e-4, 0.02])
ends = st.sampled_from([0.0, 0.1, 0.3])


# composer


@pytest.fixture(scope="module")
def composers() -> Any:
    return extracted.composer_schedulers()


times = st.one_of(
    st.integers(1, 90).map(lambda n: f"{n}ba"),
    st.integers(1, 9).map(lambda n: f"{n}ep"),
    st.floats(0.05, 1.2).map(lambda x: f"{x}dur"),
)
COMPOSER = {
    "StepScheduler": {"step_size": times, "gamma": st.floats(0.1, 0.9)},
    "MultiStepScheduler": {"milestones": st.lists(times, min_size=1, max_size=4), "gamma": st.floats(0.1, 0.9)},
    "ConstantScheduler": {"alpha": ends, "t_max": times},
    "LinearScheduler": {"alpha_i": st.just(0.7), "alpha_f": ends, "t_max": times},
    "ExponentialScheduler": {"gamma": st.floats(0.1, 0.9), "decay_period": times},
    "CosineAnnealingScheduler": {"t_max": times, "alpha_f": ends},
    "CosineAnnealingWarmRestartsScheduler": {"t_0": times, "t_mult": st.sampled_from([1.0, 1.05, 1.5, 2.0]), "alpha_f": ends},
    "PolynomialScheduler": {"power": st.floats(0.3, 4.0), "t_max": times, "alpha_f": ends},
    "MultiStepWithWarmupScheduler": {"t_warmup": times, "milestones": st.lists(times, min_size=1), "scale_warmup": st.booleans()},
    "ConstantWithWarmupScheduler": {"t_warmup": times, "alpha": st.just(0.4), "scale_warmup": st.booleans()},
    "LinearWithWarmupScheduler": {"t_warmup": times, "alpha_f": ends, "scale_warmup": st.booleans()},
    "CosineAnnealingWithWarmupScheduler": {"t_warmup": times, "alpha_f": ends, "scale_warmup": st.booleans()},
    "PolynomialWithWarmupScheduler": {"t_warmup": times, "power": st.floats(0.3, 4.0), "scale_warmup": st.booleans()},
}


@pytest.mark.parametrize("name", COMPOSER)
@given(data=st.data(), epochs=st.integers(1, 12), batches=st.integers(1, 9), ssr=st.sampled_from([0.5, 1.0, 1.5]))
def test_composer_agrees(composers: Any, name: str, data: st.DataObject, epochs: int, batches: int, ssr: float) -> None:
    schedulers, time = composers
    arguments = data.draw(st.fixed_dictionaries(COMPOSER[name]))
    duration, batch = time.Time(int(epochs * ssr), "ep"), time.Time(batches, "ba")
    assume(duration.value)

    def state(t: int) -> Any:
        stamp = time.Timestamp(epoch=t // batches, batch=t, sample=t, token=t)
        return SimpleNamespace(timestamp=stamp, max_duration=duration, dataloader_len=batch)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of warm-ups that come to nothing
        try:
            scheduler = getattr(schedulers, name)(**arguments)
            expected = [scheduler(state(t), ssr) for t in range(duration.value * batches + 1)]
        except (ZeroDivisionError, ValueError):  # times that come to nothing
            assume(False)
    plan = getattr(composer, name)(**arguments, max_duration=f"{epochs}ep", dataloader_len=batches, ssr=ssr)

    same(plan, expected)


# fastai


@pytest.fixture(scope="module")
def fastais() -> Any:
    return extracted.fastai_schedules()


def fitted(fit: Any, batches: int, arguments: dict[str, Any]) -> dict[str, np.ndarray]:
    """What a learner's method does to the hyper-parameters of one group, batch by batch, as its training loop counts."""
    seen: dict[str, Any] = {}
    learner = SimpleNamespace(
        opt=SimpleNamespace(hypers=[{"lr": arguments.get("lr_max", arguments.get("lr"))}], set_hyper=lambda *_: None),
        moms=(0.95, 0.85, 0.95),
        fit=lambda n_epoch, cbs, **_: seen.update(epochs=n_epoch, scheds=cbs[0].scheds),
    )
    fit(learner, **arguments)
    done = [epoch / seen["epochs"] + i / (batches * seen["epochs"]) for epoch in range(seen["epochs"]) for i in range(batches)]
    return {name: np.array([np.ravel(sched(pct))[0] for pct in done], dtype=float) for name, sched in seen["scheds"].items()}


@given(epochs=st.integers(1, 6), batches=st.integers(1, 30), pct=st.floats(0.05, 0.95), div=st.floats(1.0, 50.0))
def test_fastai_fits_agree(fastais: Any, epochs: int, batches: int, pct: float, div: float) -> None:
    assume(pct + (1 - pct) == 1.0)  # theirs asserts it
    cycle = fitted(fastais.fit_one_cycle, batches, {"n_epoch": epochs, "lr_max": LR, "div": div, "pct_start": pct})
    flat = fitted(fastais.fit_flat_cos, batches, {"n_epoch": epochs, "lr": LR, "pct_start": pct})
    recipe = fastai.fit_one_cycle(epochs, LR, div, pct_start=pct, steps_per_epoch=batches).plans_for("")

    same(recipe["lr"], cycle["lr"], within=2e-6)
    same(recipe["momentum"], cycle["mom"], within=2e-6)
    same(fastai.fit_flat_cos(epochs, LR, pct_start=pct, steps_per_epoch=batches), flat["lr"], within=2e-6)


@given(cycles=st.integers(1, 4), length=st.integers(1, 2), growth=st.integers(2, 3), batches=st.integers(1, 40))
def test_fastai_restarts_agree(fastais: Any, cycles: int, length: int, growth: int, batches: int) -> None:
    arguments = {"n_cycles": cycles, "cycle_len": length, "cycle_mult": growth, "lr_max": LR}
    whole = length * (growth**cycles - 1) // (growth - 1)
    assume(sum(length * growth**i / whole for i in range(cycles)) == 1.0)

    same(fastai.fit_sgdr(**arguments, steps_per_epoch=batches), fitted(fastais.fit_sgdr, batches, arguments)["lr"], within=2e-6)


@pytest.mark.parametrize("kind", ["Lin", "Cos", "No", "Exp"])
@given(start=st.floats(0.01, 2.0), end=st.floats(0.01, 2.0), total=totals)
def test_fastai_annealers_agree(fastais: Any, kind: str, start: float, end: float, total: int) -> None:
    theirs = getattr(fastais, f"Sched{kind}")(start, end)

    same(getattr(fastai, f"Sched{kind}")(start, end, total), [theirs(t / total) for t in range(total)])


@given(
    parts=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    ends=st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(0.01, 2.0), st.floats(0.2, 4.0)), min_size=4, max_size=4),
    total=totals,
)
def test_fastai_combinations_agree(fastais: Any, parts: list[int], ends: list[tuple[float, float, float]], total: int) -> None:
    pcts = [part / sum(parts) for part in parts]
    assume(sum(pcts) == 1.0)
    theirs = fastais.combine_scheds(pcts, [fastais.SchedPoly(*own) for own in ends[: len(pcts)]])
    plan = fastai.combine_scheds(pcts, [fastai.SchedPoly(*own) for own in ends[: len(pcts)]], total)

    same(plan, [theirs(t / total) for t in range(total)], within=2e-4)  # float32 positions in parts down to 1%, to a power of 0.2


@given(start=st.floats(1e-8, 1e-3), end=st.floats(0.1, 10.0), batches=st.integers(1, 150))
def test_fastai_range_tests_agree(fastais: Any, start: float, end: float, batches: int) -> None:
    finder = fastais.LRFinder(start, end, batches)

    same(fastai.LRFinder(start, end, batches), [finder.scheds["lr"](k / finder.num_it) for k in range(finder.num_it)])


def test_fastai_fine_tunes_in_two_one_cycles(fastais: Any) -> None:
    calls: list[Any] = []
    learner = SimpleNamespace(freeze=lambda: None, unfreeze=lambda: None, fit_one_cycle=lambda *a, **k: calls.append((a, k)))
    fastais.fine_tune(learner, 3, 0.2, 2)
    plan = fastai.fine_tune(3, 0.2, 2, steps_per_epoch=50, groups=("body", "head"))

    assert calls == [((2, slice(0.2)), {"pct_start": 0.99}), ((3, slice(0.001, 0.1)), {"pct_start": 0.3, "div": 5.0})]
    assert [plan.plans_for(group)["lr"](145) for group in ("body", "head")] == pytest.approx([0.001, 0.1])


# DeepSpeed


@pytest.fixture(scope="module")
def deepspeeds() -> Any:
    return extracted.deepspeed_schedules()


kinds = st.sampled_from(["log", "linear"])
DEEPSPEED = {
    "LRRangeTest": {
        "lr_range_test_min_lr": st.floats(1e-4, 0.1),
        "lr_range_test_step_size": lengths,
        "lr_range_test_step_rate": st.floats(0.0, 3.0),
        "lr_range_test_staircase": st.booleans(),
    },
    "OneCycle": {
        "cycle_min_lr": small,
        "cycle_max_lr": st.just(LR),
        "cycle_first_step_size": lengths,
        "cycle_second_step_size": st.none() | short,
        "cycle_first_stair_count": st.sampled_from([0, 0, 1, 7, 50]),
        "cycle_second_stair_count": st.none() | st.sampled_from([0, 1, 4, 60]),
        "decay_step_size": st.sampled_from([0, 7]),
        "decay_lr_rate": st.sampled_from([0.0, 0.5]),
        "decay_mom_rate": st.sampled_from([0.0, 0.1]),
    },
    "WarmupLR": {"warmup_min_lr": small, "warmup_num_steps": lengths, "warmup_type": kinds},
    "WarmupDecayLR": {"total_num_steps": totals, "warmup_max_lr": st.just(LR), "warmup_num_steps": lengths, "warmup_type": kinds},
    "WarmupCosineLR": {"total_num_steps": totals, "warmup_min_ratio": small, "warmup_num_steps": lengths, "warmup_type": kinds},
}


@pytest.mark.parametrize("name", DEEPSPEED)
@given(data=st.data())
def test_deepspeed_agrees(deepspeeds: Any, name: str, data: st.DataObject) -> None:
    arguments = data.draw(st.fixed_dictionaries(DEEPSPEED[name]))
    plan = getattr(deepspeed, name)(LR, **arguments)
    moved = plan.plans_for("") if isinstance(plan, an.RecipePlan) else {"lr": plan}

    same(moved["lr"], stepped(lambda optimizer: getattr(deepspeeds, name)(optimizer, **arguments), 200))
    if "betas[0]" in moved:
        same(moved["betas[0]"], stepped(lambda optimizer: deepspeeds.OneCycle(optimizer, **arguments), 200, betas=True))
