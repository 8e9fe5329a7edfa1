"""The rules of learning-rate finders beside the libraries they come from."""

import ast
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annealing.rangetest import fastai, lightning
from tests.conftest import require

PEERS = Path(__file__).parents[2] / ".venv" / "peers"
LOSSES = st.lists(st.floats(0.1, 5), min_size=30, max_size=120)


def fastai_rules() -> SimpleNamespace:
    """fastai's four functions, run from the file they stand in."""
    file = PEERS / "fastai" / "callback" / "schedule.py"
    if not file.exists():
        require("fastai")
    wanted = {"valley", "slide", "steep", "minimum"}
    body: list[ast.stmt] = [
        n for n in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(n, ast.FunctionDef) and n.name in wanted
    ]
    space: dict[str, Any] = {"np": np, "to_np": lambda tensor: tensor.numpy()}
    exec(compile(ast.Module(body, []), str(file), "exec"), space)  # noqa: S102 - it is the library's own file
    return SimpleNamespace(**{name: space[name] for name in wanted})


@pytest.mark.parametrize("rule", ["valley", "slide", "steep", "minimum"])
@settings(max_examples=60, deadline=None)
@given(LOSSES)
def test_fastais_rules_choose_the_same_rate(rule: str, values: list[float]) -> None:
    torch = require("torch")
    theirs = getattr(fastai_rules(), rule)
    losses = torch.tensor(values, dtype=torch.float64)
    rates = np.logspace(-7, 1, len(values)) if rule == "slide" else torch.logspace(-7, 1, len(values), dtype=torch.float64)
    divisor = 10 if rule == "minimum" else 1

    expected, _ = theirs(rates, losses, len(values))
    place = getattr(fastai, rule)(np.asarray(rates), losses.numpy())

    if place is None:  # no loss is lower than one before it: theirs takes the first rate
        assert expected == float(rates[0])
    else:
        assert float(rates[place]) / divisor == pytest.approx(expected, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(LOSSES)
def test_lightnings_rule_and_its_smoothing_choose_the_same_rate(values: list[float]) -> None:
    require("lightning")
    from lightning.pytorch.tuner.lr_finder import _LRFinder  # pyright: ignore[reportPrivateUsage]

    rates = np.logspace(-8, 0, len(values))
    beta, average, smoothed = 0.98, 0.0, list[float]()
    for step, value in enumerate(values):
        average = beta * average + (1 - beta) * value
        smoothed.append(average / (1 - beta ** (step + 2)))
    finder = _LRFinder("exponential", 1e-8, 1.0, len(values))
    finder.results = {"lr": rates.tolist(), "loss": smoothed}

    part = lightning.part(len(values))
    ours = lightning.smoothed(np.array(values))
    np.testing.assert_allclose(ours, smoothed, rtol=1e-12)
    expected = finder.suggestion()
    place = lightning.steepest(rates[part], ours[part])

    assert expected is not None
    assert place is not None
    slopes = np.gradient(ours[part], rates[part])
    chosen = slopes[np.argmin(np.abs(np.log(rates[part]) - math.log(expected)))]
    assert chosen == pytest.approx(slopes[place], rel=1e-3, abs=1e-6)  # theirs is in float32, where slopes may tie
