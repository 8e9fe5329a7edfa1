"""transformers' GreedyLR: the very same rates, whatever is observed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from annealing.control import dialects, fold
from tests.conftest import require
from tests.control.controllers import anything, close
from tests.control.peers import greedy_rates

require("transformers")

counts = st.integers(0, 3)
options = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["min", "max"]),
        "factor": st.floats(0.05, 0.99),
        "patience": counts,
        "threshold": st.sampled_from([0.0, 1e-6, 0.1, 0.25]),
        "threshold_mode": st.sampled_from(["rel", "abs"]),
        "cooldown": counts,
        "warmup": counts,
        "min_lr": st.floats(0, 1),
        "max_lr": st.floats(0, 3),
        "eps": st.sampled_from([0.0, 1e-8, 1e-2]),
        "smooth": st.booleans(),
        "window_size": st.integers(1, 5),
        "reset_start": st.integers(0, 3),
    }
)


@settings(max_examples=150)
@given(st.lists(anything, max_size=40) | st.lists(close, min_size=20, max_size=60), st.floats(1e-6, 3), options)
def test_transformers_sets_the_same_rates(metrics, lr, given_options) -> None:
    controller = dialects.transformers.GreedyLR(lr, **given_options)
    state, held = controller.init(), []
    for metric in metrics:
        state, _ = controller.step(state, metric)
        held.append(state.rate)

    theirs = greedy_rates(metrics, lr, **given_options)
    assert held == theirs  # to the bit
    np.testing.assert_allclose(lr * fold(controller, metrics), theirs, rtol=1e-15)


def test_the_defaults_are_transformers() -> None:
    rng = np.random.default_rng(0)
    metrics = [*np.linspace(3, 2, 60), *np.linspace(2, 3, 900), *rng.normal(1, 0.1, 100), *np.linspace(1, 0, 60)]

    np.testing.assert_allclose(
        0.1 * fold(dialects.transformers.get_greedy_schedule(0.1), metrics), greedy_rates(metrics, 0.1), rtol=1e-15
    )


def test_it_starts_over_after_many_cuts_in_vain() -> None:
    given_options = {"patience": 0, "min_lr": 0.05, "reset_start": 3, "cooldown": 1, "factor": 0.5}
    theirs = greedy_rates([1.0] * 30, 0.1, **given_options)

    assert theirs.count(0.1) > 2
    assert theirs.count(0.05) > 2
    assert (0.1 * fold(dialects.transformers.GreedyLR(0.1, **given_options), [1.0] * 30)).tolist() == theirs
