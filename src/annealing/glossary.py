"""Everything there is, with a sentence and a curve each: our words, other libraries' schedules, and what follows a metric."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, final

import numpy as np

from annealing import control, dialects
from annealing.core.errors import ParseError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.core.text.words import WORDS

POINTS = 64
"""How many values show the shape of a curve."""

_RUN = 100  # updates over which our own words are drawn

PHASES = {
    "warmup": "warmup(100)",
    "hold": "chain(linear(50, to=0.6), hold())",
    "linear": "linear()",
    "cosine": "cosine()",
    "cooldown": "chain(hold(30), cooldown())",
    "polynomial": "polynomial(power=2)",
    "exponential": "exponential(to=0.01)",
    "geometric": "geometric(0.5, per=20)",
    "power": "power(-0.5, per=10)",
    "inverse_time": "inverse_time(1, per=10)",
    "jump": "chain(hold(50), jump(0.3), hold())",
    "stairs": 'stairs({"50%": 0.5, "75%": 0.2})',
    "table": 'table({0: 0.2, "30%": 1, "100%": 0})',
    "knots": "knots({0: 0, 30: 1, 60: 0.3, 100: 0.8})",
    "formula": 'formula("deepspeed.log_warmup", steps=100)',
}
TOGETHER = {
    "chain": 'chain(warmup("20%"), hold("40%"), linear())',
    "repeat": "repeat(cosine(), times=4)",
    "lasting": 'chain(lasting(repeat(linear(), times=3), "60%"), hold())',
    "minimum": "minimum(cosine(), 0.6)",
    "maximum": "maximum(cosine(), 0.4)",
    "every": "linear().every(20)",
    "clip": "linear().clip(low=0.3)",
    "rounded": "linear().rounded(0.25)",
    "branch": "linear().over(100).branch(at=40, tail=hold())",
    "stretch": "chain(warmup(10), cosine()).over(50).stretch(100)",
    "Recipe": "Recipe(lr=onecycle(), momentum=0.95 - 0.1 * onecycle())",
    "Horizon": "linear('5ep').over(Horizon(100, epochs=5))",
}
FAMILIES = {
    "constant": "constant()",
    "step": "step(every=30, factor=0.5)",
    "wsd": "wsd(10)",
    "trapezoid": "trapezoid()",
    "onecycle": "onecycle()",
    "sgdr": "sgdr()",
    "triangular": "triangular(2)",
    "inverse_sqrt": "inverse_sqrt(10)",
}
OWN = {"phases": PHASES, "putting together": TOGETHER, "families": FAMILIES}
"""Our words by group, each with a use of it over a hundred updates."""

_OURS = {
    "Plateau": "Plateau(factor=0.5, patience=5)",
    "Greedy": "Greedy()",
    "Spike": "Spike(settle=10, cooldown=5, recovery=20)",
    "EarlyStop": "EarlyStop(patience=20)",
}
_PATIENCE: dict[str, Any] = {"lr": 0.1, "patience": 5, "factor": 0.5}
CONTROLLERS: dict[str, dict[str, Any]] = {
    "fastai.ReduceLROnPlateau": {"lr": 0.1, "patience": 5, "factor": 2},
    "ignite.ReduceLROnPlateauScheduler": {"lr": 0.1, "metric_name": "loss", "patience": 5, "factor": 0.5},
    "keras.ReduceLROnPlateau": _PATIENCE,
    "optax.reduce_on_plateau": {"patience": 5, "factor": 0.5},
    "paddle.ReduceOnPlateau": {"learning_rate": 0.1, "patience": 5, "factor": 0.5},
    "timm.PlateauLRScheduler": {"lr": 0.1, "patience_t": 5, "decay_rate": 0.5, "mode": "min"},
    "torch.ReduceLROnPlateau": _PATIENCE,
    "transformers.GreedyLR": {"lr": 0.1},
    "transformers.get_greedy_schedule": {"lr": 0.1},
    "transformers.get_reduce_on_plateau_schedule": _PATIENCE,
}
"""Other libraries' controllers, each with the arguments of a call that works."""


@final
@dataclass(frozen=True)
class Entry:
    """One thing there is: where it belongs, its name, what it does in a sentence, and a use that can be tried.

    `odd` is what surprises about another library's; `checked` says whether ours was compared with the library itself;
    `values` are as many samples of the example's curve as show its shape, of a controller the gains it gives when a loss
    falls, has a spike, stays, and falls again; `follows_a_metric` tells these from schedules.
    """

    group: str
    name: str
    says: str
    example: str
    values: tuple[float, ...]
    odd: str = ""
    checked: bool = True
    follows_a_metric: bool = False


def glossary(word: str = "") -> tuple[Entry, ...]:
    """Return everything there is, group by group; with a word, what has it in its name, library or sentence.

    >>> [entry.name for entry in glossary("again and again") if entry.group == "keras"]
    ['CosineDecayRestarts']
    >>> glossary("sgdr")[0].says
    'Restart a cosine `times` times, each cycle `growth` times as long as the one before.'

    Raises `ParseError` when nothing has the word, naming what comes nearest.
    """
    everything = (*_own(), *_dialects(), *_controllers())
    wanted = word.strip().lower()
    found = tuple(one for one in everything if wanted in (one.group, one.name.partition(".")[0])) or tuple(
        one for one in everything if wanted in f"{one.group}.{one.name} {one.says} {one.odd}".lower()
    )
    if not found:
        names = {one.name.lower(): one.name for one in everything} | {one.group.lower(): one.group for one in everything}
        close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
        hint = f"did you mean {names[close[0]]}?" if close else "write part of a name, such as cosine, warmup or torch."
        raise ParseError(f"nothing has {word!r} in its name or sentence: {hint}")
    return found


def _own() -> Iterator[Entry]:
    for group, words in OWN.items():
        for name, example in words.items():
            made: Any = WORDS.get(name) or getattr(Plan if name in ("branch", "stretch") else Schedule, name)
            yield Entry(group, name, sentence(made), example, sampled(_run(example)))


def _dialects() -> Iterator[Entry]:
    for row in dialects.everything():
        plan: Any = dialects.parse(row.example)
        name = row.name.partition(".")[2]
        yield Entry(row.library, name, sentence(row.make), row.example, sampled(plan), row.odd, row.checked)


def _controllers() -> Iterator[Entry]:
    for name, example in _OURS.items():
        controller = control.parse(example)
        yield Entry("controllers", name, sentence(type(controller)), example, _gains(controller), follows_a_metric=True)
    for name, arguments in CONTROLLERS.items():
        library, _, own = name.partition(".")
        make: Callable[..., Any] = getattr(import_module(f"annealing.control.dialects.{library}"), own)
        written = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        says = sentence(make)
        yield Entry(
            "controllers", name, says.replace(" (unverified)", ""), f"{name}({written})", _gains(make(**arguments)),
            checked="(unverified)" not in says, follows_a_metric=True,
        )  # fmt: skip


def sentence(made: Any) -> str:
    """Return the first sentence of a docstring, on one line.

    >>> sentence(glossary)
    'Return everything there is, group by group; with a word, what has it in its name, library or sentence.'
    """
    return " ".join((inspect.getdoc(made) or "").partition("\n\n")[0].split())


def sampled(plan: Plan | RecipePlan) -> tuple[float, ...]:
    """Return samples that show the shape of a plan, of a recipe that of its first hyper-parameter."""
    one = plan if isinstance(plan, Plan) else _first(plan)
    end = one.telling if math.isfinite(one.total) or len(one.keyframes()) > 1 else _RUN
    places = np.linspace(0, math.ceil(end), POINTS).round()
    return tuple(one(places).tolist())


def _first(plan: RecipePlan) -> Plan:
    return next(one for _, plans in (("*", plan.everywhere), *plan.groups) for _, one in plans)


def _run(example: str) -> Plan | RecipePlan:
    read = parse(example)
    return read if isinstance(read, (Plan, RecipePlan)) else read.over(_RUN)


def _gains(controller: Any) -> tuple[float, ...]:
    """What a controller makes of a loss that falls, has a spike, stays for long, and falls again."""
    falling = [2.0 * 0.9**t for t in range(POINTS // 4)]
    low = falling[-1]
    loss = [*falling, *[10 * low] * 3, *[low] * (POINTS // 2 - 3), *(low * 0.9**t for t in range(POINTS // 4))]
    answers = control.fold(controller, loss)
    return tuple((1.0 - answers if answers.dtype == bool else answers).tolist())
