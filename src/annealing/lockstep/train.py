"""Train members of one task in lockstep: in stacks where they can be stacked, one at a time where they cannot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Generator, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np

from annealing.core.errors import ArgumentError, KindError
from annealing.lockstep.alone import follow, guarded, prepare, task_for, train_alone
from annealing.lockstep.blueprint import Blueprint
from annealing.lockstep.chunk import chunk_size, pays
from annealing.lockstep.compiled import Compile, Compiler
from annealing.lockstep.device import known_device, within
from annealing.lockstep.evaluate import Evaluation
from annealing.lockstep.feed import CannotStackError
from annealing.lockstep.fused import family
from annealing.lockstep.halving import Halving, given_up, warmup_end
from annealing.lockstep.leg import Hear, Leg, Tick, regrouped
from annealing.lockstep.member import Member, Outcome
from annealing.lockstep.outlook import BUSY, in_a_line, stackable
from annealing.lockstep.rates import Hyper
from annealing.lockstep.stack import Stack
from annealing.lockstep.trail import Trail
from annealing.tasks.measure import POINTS, check_points
from annealing.tasks.task import Task

_LONG = 250
"""Updates of a run from which on gradients are written down at once: it has paid by the first cut, where there are any."""


@final
@dataclass(frozen=True)
class Trained:
    """What became of all members, in their order; `notes` says in a line each what was not stacked, and why.

    `chunk` is the number of members in a stack (1: one at a time), `compiled` whether a compiled program trained them.
    """

    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    chunk: int
    compiled: bool


def train(
    task: Task,
    members: Sequence[Member],
    *,
    device: str = "cpu",
    chunk: int | None = None,
    compile: Compile = "auto",  # noqa: A002 - what torch calls it
    halving: Halving | None = None,
    groups: Sequence[Hashable] | None = None,
    points: int = POINTS,
    keep_state: bool = False,
    tick: Tick | None = None,
    hear: Hear | None = None,
    remaining: int = 0,
) -> Trained:
    """Train every member as if it were alone, many of them at once.

    Each member has its own plan, seed, batch size, clipping norm and hyper-parameters; its order of batches,
    augmentation, dropout and buffers are those of an ordinary run from its seed. It agrees with that run to rounding. On a
    processor and not compiled, its bits do not depend on which others it was trained with, if `MKL_CBWR=AUTO,STRICT` was set
    in the environment before torch multiplied for the first time (studies set it for their workers; this function cannot, in
    a process that is under way) and the model has no sigmoid, SiLU or batch norm, whose last digits depend on a stack's size.

    >>> import annealing as an, torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="sgd")
    >>> trained = train(task, [Member((lr * an.cosine()).over(50), seed=0) for lr in (0.01, 0.1, 0.5)])
    >>> [round(outcome.loss, 2) for outcome in trained.outcomes]
    [2.29, 0.08, 0.0]

    Arguments: `task`; `members`; `device`, "cpu" or "cuda" (tested by hand on one H100, torch 2.11: no machine that tests
    every change has a GPU); `chunk`, members in a stack, by default measured in a second at most, on a GPU up to 4096 as
    memory allows; `compile`, "auto" (when it saves more time than it takes), "never" or "always"; `halving`, which gives the
    worse members up on the way, within `groups`, one word per member (by default all compete); `points`, at about how many
    updates to validate; `keep_state`, to return the trained weights; `tick(place, updates, loss)`, called a few times a second
    for members under way; `hear(place, (update, train_loss, valid_loss, rate))`, called with every point of a curve as it is
    measured; `remaining`, updates of members that the caller will have trained in this process in all, for the decision
    whether to compile.

    Models without a rule for stacks (branches on data, some recurrent layers), optimizers whose update is not linear in the
    rate, and models so large that a core is busy with one are trained one at a time, and `notes` says so. Raises `KindError`
    or `ArgumentError` for members that are none and a device that is not there, `TaskError` when the task is at fault.
    """
    members = list(members)
    if not members or not all(isinstance(member, Member) for member in members):
        raise KindError(f"members={members!r}: write a list of Member((0.1 * cosine()).over(1000), seed=0).")
    if compile not in ("auto", "never", "always"):
        raise ArgumentError(f'compile={compile!r} is none of "auto", "never" and "always".')
    device = known_device(device)
    words: list[Hashable] = list(groups) if groups is not None else [None for _ in members]
    if len(words) != len(members):
        raise ArgumentError(f"groups has {len(words)} words for {len(members)} members: write one for each.")
    job = _Job(
        task,
        members,
        device,
        chunk,
        compile,
        halving,
        words,
        points,
        keep_state,
        tick or (lambda place, updates, loss: None),
        hear or (lambda place, point: None),
        remaining,
    )
    with guarded(), within(device):
        return job.trained()


@final
class _Job:
    """One call of `train`."""

    def __init__(
        self,
        task: Task,
        members: list[Member],
        device: str,
        chunk: int | None,
        compile_: Compile,
        halving: Halving | None,
        words: list[Hashable],
        points: int,
        keep_state: bool,
        tick: Tick,
        hear: Hear,
        remaining: int,
    ) -> None:
        self.task, self.members, self.device, self.chunk = task, members, device, chunk
        self.compile: Compile = compile_
        self.halving, self.words, self.points, self.keep_state, self.tick = halving, words, points, keep_state, tick
        self.hear, self.remaining = hear, remaining
        self.outcomes: dict[int, Outcome] = {}
        self.notes: list[str] = []
        self.size, self.compiled = 1, False

    def trained(self) -> Trained:
        for places in self._families():
            try:
                self._stacked(places)
            except CannotStackError as reason:
                self._alone([place for place in places if place not in self.outcomes], str(reason))
        outcomes = tuple(self.outcomes[place] for place in range(len(self.members)))
        return Trained(outcomes, tuple(dict.fromkeys(self.notes)), self.size, self.compiled)

    def _families(self) -> list[list[int]]:
        """Group the members that one stack could hold: the same length, batch and data sizes, and a common form of optimizer."""
        found: defaultdict[Hashable, list[int]] = defaultdict(list)
        known: dict[Hashable, Hashable] = {}
        sizes: dict[int, Hashable] = {}
        for place, member in enumerate(self.members):
            look = (member.plan, member.first_rate, member.optimizer, tuple(sorted(member.options.items())))
            if look not in known:
                _, optimizer = prepare(self.task, member)
                known[look] = family(optimizer, Hyper(member, optimizer))
                follow(optimizer, member)  # refuses a plan that does not fit the optimizer, as an ordinary run would
            if member.seed not in sizes:
                data = self.task.data("train", member.seed)
                sizes[member.seed] = len(data[0]) if isinstance(data, tuple | list) else None
            found[member.updates, task_for(self.task, member).batch_size, sizes[member.seed], known[look]].append(place)
        # Members of one seed side by side: they share its batches.
        return [sorted(places, key=lambda place: (self.members[place].seed, place)) for places in found.values()]

    def _stacked(self, places: list[int]) -> None:
        members = [self.members[place] for place in places]
        if any(member.batch_sizes is not None for member in members):
            raise CannotStackError("its batch changes on the way")
        plan = stackable(self.task, members[0], self.device)
        updates = members[0].updates * len(members)
        if self.chunk is None and self.compile != "always" and not pays(plan):
            raise CannotStackError(BUSY)
        if members[0].updates >= _LONG:
            plan.gradients.patience = 0
        size, pace = chunk_size(plan, members, self.chunk, measure=self.compile == "auto")
        compiler = Compiler(plan, self.chunk or size, self.compile, seconds=pace * max(updates, self.remaining))
        compiler.decide(members[:size], pace)
        marks = sorted(check_points(members[0].updates, self.points))
        evaluation = Evaluation(plan)
        cuts = self.halving.updates(members, marks) if self.halving else {}
        legs = self._legs(plan, places, size, evaluation, compiler)
        if not cuts:
            for leg in legs:
                leg.run(marks)
                self._close(leg)
        else:
            self._halved(list(legs), marks, cuts, size, compiler)
        self.size, self.compiled = max(self.size, size), self.compiled or compiler.used
        self.notes += compiler.notes

    def _legs(self, plan: Blueprint, places: list[int], size: int, evaluation: Evaluation, compiler: Compiler) -> Generator[Leg]:
        for begin in range(0, len(places), size):
            own = places[begin : begin + size]
            stack = Stack.build(plan, compiler.padded([self.members[place] for place in own]))
            compiler.apply(stack)
            yield Leg(stack, own, evaluation, self.tick, self.hear)

    def _halved(self, legs: list[Leg], marks: list[int], cuts: dict[int, int], size: int, compiler: Compiler) -> None:
        start = float(np.nanmedian([loss for leg in legs for loss in leg.initial().values()]))
        words = {place: self.words[place] for leg in legs for place in leg.places}
        allowed = {word: sum(other == word for other in words.values()) for word in words.values()}
        warm = max(warmup_end(member) for leg in legs for member in leg.stack.members)
        factor = 1
        for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), marks[-1]], strict=True):
            for leg in legs:
                trail = Trail(max(begin, end // 2, warm)) if end in cuts else None
                leg.run([mark for mark in marks if begin < mark <= end], trail=trail)
            if end not in cuts:
                break
            losses = {leg.places[row]: loss for leg in legs for row, loss in leg.promises().items()}
            factor *= cuts[end]
            gone = given_up(losses, words, {word: math.ceil(count / factor) for word, count in allowed.items()}, start)
            for leg in legs:
                for row, place in enumerate(leg.places):
                    leg.records[row].cut = leg.records[row].cut or (place in gone and not leg.records[row].diverged)
                self._close(leg, only_ended=True)
            legs = regrouped(legs, size, full=compiler.used)
            for leg in legs:
                compiler.apply(leg.stack)
        for leg in legs:
            self._close(leg)

    def _close(self, leg: Leg, *, only_ended: bool = False) -> None:
        ended = set(range(len(leg.places))) - set(leg.alive) if only_ended else range(len(leg.places))
        for row in ended:
            self.outcomes[leg.places[row]] = leg.outcome(row, keep_state=self.keep_state)

    def _alone(self, places: list[int], reason: str) -> None:
        self.notes.append(in_a_line(self.task, reason))
        for place in places:
            self.outcomes[place] = train_alone(
                self.task,
                self.members[place],
                partial(self.tick, place),
                device=self.device,
                points=self.points,
                keep_state=self.keep_state,
                hear=partial(self.hear, place),
            )
