"""torch's plateau, and timm's and ignite's that drive it: the very same rates, whatever is observed."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from annealing import chain, hold, warmup
from annealing.control import dialects, fold
from tests.conftest import require
from tests.control.controllers import observations
from tests.control.peers import ignite_rates, timm_plateau, timm_rates, torch_rates

require("torch")

rates = st.floats(1e-9, 10)
modes = st.sampled_from(["min", "max"])
factors = st.floats(0.01, 0.99)
counts = st.integers(0, 4)
shared = {
    "mode": modes,
    "factor": factors,
    "patience": counts,
    "threshold": st.sampled_from([0.0, 1e-4, 0.1, 0.25, 0.999]) | st.floats(0, 0.99),
    "threshold_mode": st.sampled_from(["rel", "abs"]),
    "cooldown": counts,
    "eps": st.sampled_from([0.0, 1e-8, 1e-3]) | st.floats(0, 1),
}


def assert_rates(ours, theirs, lr: float) -> None:
    """The state holds their rates to the bit; the gain times lr loses no more than its two roundings."""
    np.testing.assert_allclose(lr * np.asarray(ours), theirs, rtol=1e-15, atol=0)


def rates_in_state(controller, metrics) -> list[float]:
    state, held = controller.init(), []
    for metric in metrics:
        state, _ = controller.step(state, metric)
        held.append(state.rate)
    return held


@given(observations, rates, st.fixed_dictionaries(shared, optional={"min_lr": st.floats(0, 2)}))
def test_torch_sets_the_same_rates(metrics, lr, options) -> None:
    controller = dialects.torch.ReduceLROnPlateau(lr, **options)
    theirs = torch_rates(metrics, lr, **options)

    assert_rates(fold(controller, metrics), theirs, lr)
    if options.get("min_lr", 0) <= lr:
        assert rates_in_state(controller, metrics) == theirs


def test_the_defaults_are_torchs() -> None:
    metrics = [1.0] * 40 + [0.5] * 30

    assert_rates(fold(dialects.torch.ReduceLROnPlateau(0.1), metrics), torch_rates(metrics, 0.1), 0.1)
    assert torch_rates(metrics, 0.1)[-1] == pytest.approx(1e-6)


def test_transformers_plateau_is_torchs() -> None:
    assert dialects.transformers.get_reduce_on_plateau_schedule(0.1, patience=2) == dialects.torch.ReduceLROnPlateau(
        0.1, patience=2
    )


@given(observations, rates, st.fixed_dictionaries({**shared, "min_lr": st.floats(0, 2)}), st.none() | st.integers(0, 2))
def test_ignite_sets_the_same_rates(metrics, lr, options, index) -> None:
    controller = dialects.ignite.ReduceLROnPlateauScheduler(lr, "loss", param_group_index=index, **options)

    assert_rates(fold(controller, metrics), ignite_rates(metrics, lr, param_group_index=index, **options), lr)


@given(
    observations,
    rates,
    st.fixed_dictionaries(
        {
            "decay_rate": factors,
            "patience_t": counts,
            "threshold": shared["threshold"],
            "cooldown_t": counts,
            "mode": modes,
            "lr_min": st.floats(0, 2),
        }
    ),
)
def test_timm_sets_the_same_rates(metrics, lr, options) -> None:
    controller = dialects.timm.PlateauLRScheduler(lr, **options)

    assert_rates(fold(controller, metrics), timm_rates(metrics, lr, **options), lr)


@given(observations, rates, st.integers(1, 6), st.floats(0, 0.9), counts)
def test_timms_warm_up_is_the_plans_and_its_plateau_a_gain(metrics, lr, length, start, patience) -> None:
    assume(metrics)
    plan = lr * chain(warmup(length, start=start), hold())
    controller = dialects.timm.PlateauLRScheduler(lr, warmup_t=length, patience_t=patience)
    theirs = timm_rates(metrics, lr, warmup_t=length, warmup_lr_init=start * lr, patience_t=patience)

    epochs = np.arange(1, len(metrics) + 1)
    ours = plan.over(length + len(metrics) + 1)(epochs) * fold(controller, metrics)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_timms_scheduler_is_the_installed_one() -> None:
    assert timm_plateau().PlateauLRScheduler.__doc__.startswith(
        "Decay the LR by a factor every time the validation loss plateaus"
    )
