"""The same text gives the same rates in every framework, update by update, before and after every resume."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.conftest import require
from tests.stories.everywhere.protocol import Run, plan_of

UPDATES = 24
TEXT = '0.5 * chain(warmup(5), linear("rest", to=0.6), cooldown("25%", to=0.05))'
PLAN = plan_of(TEXT, UPDATES)


class Framework(NamedTuple):
    """One row: `run` of `tests/stories/everywhere/run_<file>.py`, which takes the library it needs."""

    file: str
    needs: str
    precision: float = 1e-12  # of the peak; 2e-6 where the framework itself computes in float32


FRAMEWORKS = {
    "PyTorch": Framework("torch", "torch"),
    "Hugging Face Trainer": Framework("trainer", "transformers"),
    "accelerate": Framework("accelerate", "accelerate"),
    "Lightning": Framework("lightning", "lightning"),
    "ignite": Framework("ignite", "ignite"),
    "optax": Framework("optax", "optax", 2e-6),
    "Keras on JAX": Framework("keras", "keras", 2e-6),
    "Keras on torch": Framework("keras_torch", "keras", 2e-6),
}


def run_of(name: str) -> Run:
    require(FRAMEWORKS[name].needs)
    return import_module(f"tests.stories.everywhere.run_{FRAMEWORKS[name].file}").run


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("save_every", [None, 3], ids=["in one go", "resumed at every third update"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "Keras on torch" else name for name in FRAMEWORKS]
)
def test_every_update_uses_the_rate_of_the_plan(name: str, save_every: int | None, tmp_path: Path) -> None:
    used = run_of(name)(TEXT, UPDATES, save_every, tmp_path)

    assert len(used) == UPDATES
    assert np.abs(used - PLAN.values()).max() <= FRAMEWORKS[name].precision * PLAN.values().max()


def test_a_rate_that_is_off_by_one_update_could_not_hide() -> None:
    values = PLAN.values()
    assert np.abs(np.diff(values)).min() > 0.01 * values.max()


def test_the_control_that_another_schedule_is_told_apart(tmp_path: Path) -> None:
    used = run_of("PyTorch")(TEXT.replace("0.6", "0.6001"), UPDATES, None, tmp_path)
    assert np.abs(used - PLAN.values()).max() > 1e-6
