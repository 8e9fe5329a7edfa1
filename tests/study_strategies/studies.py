"""Studies without training: a strategy proposes, a formula answers, round by round."""

import math
import random

from annealing.study.space import Choice, Log, Space, Uniform, Whole
from annealing.study.strategies import Told

SPACE = Space(
    {
        "optimizer": Choice(["sgd", "adamw"]),
        "lr": [Log(0.01, 1, only={"optimizer": "sgd"}), Log(1e-4, 1e-2, only={"optimizer": "adamw"})],
        "momentum": Uniform(0.5, 0.99, only={"optimizer": "sgd"}),
        "batch_size": Whole(16, 256, log=True),
        "floor": 0.0,
    }
)


def loss(values):
    """Best near lr = 0.1 (sgd) or 0.001 (adamw); no number where the rate is too high."""
    best = 0.1 if values["optimizer"] == "sgd" else 1e-3
    if values["lr"] > 6 * best:
        return math.nan
    away = math.log10(values["lr"] / best) ** 2 + (values.get("momentum", 0.9) - 0.9) ** 2
    return 0.2 + away + 0.02 * abs(math.log2(values["batch_size"] / 64)) + (0.05 if values["optimizer"] == "sgd" else 0)


def answered(round_, updates=100):
    """What comes of a round: where halving cuts, the worse half of each bracket ends early."""
    told = []
    brackets = {one: bracket for bracket in round_.brackets for one in bracket}
    for candidate, seed in round_.runs:
        value = loss(candidate.values)
        rivals = sorted(x for x in (loss(one.values) for one in brackets[candidate]) if x == x)
        cut = round_.halving is not None and value == value and value > rivals[len(rivals) // 2]
        told.append(
            Told(
                candidate,
                seed,
                value,
                updates // 2 if cut else updates,
                diverged=value != value,
                cut=cut,
                points=((50, 2.0), (100, value)),
            )
        )
    return told


def studied(strategy, *, space=SPACE, seed=0, budget=24, shuffle=None):
    """All rounds of a study, and its history, told in an order of chance where `shuffle` seeds one."""
    rounds, history = [], []
    while (proposed := strategy.propose(space, seed=seed, budget=budget, history=tuple(history))) is not None:
        rounds.append(proposed)
        history += answered(proposed)
        if shuffle is not None:
            random.Random(shuffle).shuffle(history)
    return rounds, history
