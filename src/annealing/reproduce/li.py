"""Does a small first rate learn what is easy to fit and hard to generalise, and a large one the rest first?

Digits with a patch beside them: the patch alone tells the class of those that have one, faintly; some examples are nothing but
a patch. In the paper a small rate leans on the patch and is worse on digits without one. The criterion asks for the same here.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from annealing.core.marks import stairs, table
from annealing.core.phases import hold
from annealing.core.schedule import Schedule
from annealing.lockstep import Member, Outcome
from annealing.reproduce.digits import Bench, in_lockstep
from annealing.reproduce.finding import Finding, Mean, Means, Scale, Statistic, above, noted
from annealing.reproduce.paired import beats, t_of
from annealing.reproduce.study import Study
from annealing.study.statistics import mean_interval
from annealing.tasks import Task, digits
from annealing.tasks.task import Pair

SAMPLES, PATCH, CLASSES = 400, 60, 10
PATCHED, PATCH_ONLY = 0.8, 0.2
UPDATES, ANNEALED_AT = 600, 0.4
SMALL, LARGE = 0.004, 0.1
WIDTHS = (64 + PATCH, 128, CLASSES)


def patches(targets: torch.Tensor, scale: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A common centre, and to either side of it what belongs to the class: no line tells the classes apart."""
    fixed = torch.Generator().manual_seed(7)
    centre = torch.randn(PATCH, generator=fixed) / PATCH**0.5
    sides = 0.2 * torch.rand(CLASSES, PATCH, generator=fixed) - 0.1
    sign = torch.randint(2, (len(targets), 1), generator=generator) * 2 - 1
    return scale[:, None] * (1.25 * centre + sign * sides[targets])


def data(seed: int, role: str) -> Pair:
    """`train`: digits with and without patches, and patches alone; `clean`: digits alone; `patch`: patches alone."""
    inputs, targets = digits().data("train" if role == "train" else "valid", seed)  # pyright: ignore[reportGeneralTypeIssues]
    inputs, targets = (inputs[:SAMPLES], targets[:SAMPLES]) if role == "train" else (inputs[:800], targets[:800])
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(3, len(targets), generator=generator)
    with_patch = {"train": drawn[0] < PATCHED, "clean": drawn[0] < 0, "patch": drawn[0] >= 0}[role]
    alone = with_patch & (drawn[1] < PATCH_ONLY) if role == "train" else with_patch
    scale = torch.where(alone, 1.75 * drawn[2], torch.ones(()))
    beside = torch.where(with_patch[:, None], patches(targets, scale, generator), torch.zeros(()))
    return torch.cat([torch.where(alone[:, None], torch.zeros(()), inputs), beside], 1), targets


def model() -> torch.nn.Module:
    """A network with one hidden layer."""
    layers = [torch.nn.Linear(*widths) for widths in pairwise(WIDTHS)]
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])


def task() -> Task:
    """The digits beside their patches; validated on digits without any."""
    return replace(
        digits(), model=model, train=lambda seed: data(seed, "train"), valid=lambda seed: data(seed, "clean"),
        augment=None, batch_size=40, optimizer="momentum",
    )  # fmt: skip


def accuracy(run: Outcome, role: str) -> float:
    """The share of right answers of a trained model."""
    net = model()
    assert run.state is not None
    net.load_state_dict(run.state)
    inputs, targets = data(run.member.seed, role)
    with torch.no_grad():
        return float((net(inputs).argmax(1) == targets).float().mean())


def run(scale: Scale, seed: int) -> Finding:
    """Train at a small rate and from a large one to it; look at patches before the rate falls, at clean digits at the end."""
    updates = UPDATES if scale == "full" else 60
    seeds = Bench.of(scale, seed, epochs=1, count=8).evaluation
    arms: dict[str, Schedule] = {
        "small": SMALL * hold(),
        "large to small": LARGE * stairs({f"{100 * ANNEALED_AT:g}%": SMALL / LARGE}),
    }
    early = int(ANNEALED_AT * updates)
    plans = {name: schedule.over(updates) for name, schedule in arms.items()}
    cut = {name: table(plan.values()[:early].tolist()).over() for name, plan in plans.items()}
    members = [Member(plan, seed=one) for kind in (plans, cut) for plan in kind.values() for one in seeds]
    outcomes = iter(in_lockstep(task(), members, points=1))
    ended, before = ({name: [next(outcomes) for _ in seeds] for name in arms} for _ in range(2))
    clean = {name: np.array([accuracy(one, "clean") for one in runs]) for name, runs in ended.items()}
    patch = {name: np.array([accuracy(one, "patch") for one in runs]) for name, runs in before.items()}
    gain = clean["large to small"] - clean["small"]
    statistics: tuple[Statistic, ...] = (
        above("clean accuracy, large to small − small", float(gain.mean()), 0.02, interval=mean_interval(gain.tolist())),
        above("the same: t", t_of(gain), 3.0),
        beats("patch accuracy before the rate falls is lower for the large rate", patch["large to small"], patch["small"]),
        *(noted(f"{name}: clean accuracy", float(found.mean())) for name, found in clean.items()),
    )
    means = [_mean(f"{name}, clean digits", found) for name, found in clean.items()]
    means += [_mean(f"{name}, patches alone, early", found) for name, found in patch.items()]
    figure = Means("Digits without patches, and patches", "Accuracy on unseen data.", "accuracy", tuple(means))
    return Finding(statistics, f"seeds {seeds[0]} to {seeds[-1]}; nothing was tuned", figure)


def _mean(name: str, values: NDArray[np.float64]) -> Mean:
    return Mean(name, float(values.mean()), mean_interval(values.tolist()), tuple(values.tolist()))


STUDY = Study(
    name="li",
    title="A large first rate learns patterns in another order, and generalises better after annealing",
    source="Li, Wei & Ma 2019, arXiv:1907.04595",
    shows=("C4", "F4"),
    criterion=(
        "On 400 digits of which 80 % carry a patch and some are nothing else: accuracy on digits without patches is more than "
        "2 points higher after a large rate that falls to the small one than at the small one throughout (t > 3), and before "
        "it falls the accuracy on patches alone is lower for the large rate (t > 3)."
    ),
    run=run,
)
