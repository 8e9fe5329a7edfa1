"""The owner of some hyper-parameters of one optimizer: it counts updates, writes values and notices other writers.

It lives in the optimizer's hooks and holds no optimizer, so an optimizer that is dropped is freed at once. Outside
`optimizer.step()` every slot holds the value that the next update will use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, final

import torch
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from annealing.core.errors import ConflictError
from annealing.core.plan import Plan
from annealing.torch.base import leave_in_state
from annealing.torch.binding import Binding
from annealing.torch.clock import gives_no_closure, open_steps, pretends, skipped, tracer
from annealing.torch.column import Column
from annealing.torch.feedback import Feedback
from annealing.torch.layout import Ask, Layout, lay_out
from annealing.torch.slot import Group, Slot, place_of
from annealing.torch.uses import Uses, check_clock, whole_if_it_is

Count: TypeAlias = Literal["updates", "step"]
"""updates: every successful optimizer.step() counts. step: every scheduler.step() does, for a replayed CUDA graph."""

NewGroups: TypeAlias = Literal["join", "own_clock", "refuse"]
"""A group added later joins at the present place of the plan, begins the plan when it is added, or is refused."""


class Manner(NamedTuple):
    """How an owner goes about it: what no saved state changes."""

    counts: Count = "updates"
    new_groups: NewGroups = "join"
    flat: bool = False
    uses: Uses | None = None  # of a plan that counts something else than updates


class Place(NamedTuple):
    """What is followed, and how far: what a saved state brings back."""

    binding: Binding
    feedback: Feedback
    update: int = 0
    bases: tuple[float, ...] = ()
    starts: tuple[float, ...] = ()
    seen: float = 0.0  # on the plan's clock, where it does not count updates


@final
class Owner:
    """Hooks on one optimizer. `update` is the index of the update that comes next."""

    def __init__(self, place: Place, manner: Manner) -> None:
        self.binding, self.feedback, self.update, self._bases, self._starts, self.seen = place
        self.manner = manner
        self._keep(Layout([], [], [], [], []))
        self._written = self._used = self.feedback  # whose gains are in the slots, and were in the update made last
        self._handles: list[RemovableHandle] = []
        self.listeners: list[Callable[[Optimizer, int], None]] = []  # called after every update with its index
        self._before_last = self.seen  # where the update made last began
        self._open = self._nested = self._pretended = False
        self._counting = manner.counts == "updates"

    @property
    def position(self) -> int:
        """Where the update that comes next begins, on the clock of the plan."""
        return self.update if self.manner.uses is None else whole_if_it_is(self.seen)

    @property
    def place(self) -> Place:
        """What a copy needs to go on from here."""
        starts = self.layout.starts + list(self._starts[len(self.layout.starts) :])
        apart = self.manner.new_groups == "own_clock" or any(starts)
        return Place(self.binding, self.feedback, self.update, self._bases, tuple(starts) if apart else (), self.seen)

    def attach(self, optimizer: Optimizer) -> None:
        """Take the slots and write the first values, or change nothing and raise `ConflictError`."""
        layout = self._lay_out(optimizer, self.place)
        before, after = self._hooks()
        self._handles = [
            optimizer.register_step_pre_hook(before),
            optimizer.register_step_post_hook(after),
            optimizer.register_load_state_dict_post_hook(self._loaded),
            optimizer.register_state_dict_post_hook(leave_in_state),
        ]
        self._take(optimizer, layout)

    def remove(self) -> None:
        """Let go of the slots, which keep their values."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def follow(self, optimizer: Optimizer, place: Place) -> None:
        """Go on from another place: the one way in which the plan or the clock changes from outside."""
        layout = self._lay_out(optimizer, place)
        self.binding, self.feedback, self.update, self._bases, self._starts, self.seen = place
        self._before_last = self.seen
        self._used = self.feedback
        self._take(optimizer, layout)

    def edit(self, optimizer: Optimizer, binding: Binding) -> None:
        """Follow an edited plan from the next update on."""
        layout = self._lay_out(optimizer, self.place._replace(binding=binding))
        self.binding = binding
        self._take(optimizer, layout)

    def observe(self, optimizer: Optimizer, metric: object, to: str | None) -> None:
        """Let the controllers see a metric; their gains hold from the next update on."""
        self.feedback = self.feedback.observe(metric, to)
        if self.attached and not (self._open and open_steps(optimizer)):
            self._write(optimizer)  # inside a step, in a closure, the values stay until it is over

    @property
    def attached(self) -> bool:
        """Whether the optimizer still calls this owner."""
        return bool(self._handles)

    def refresh(self, optimizer: Optimizer) -> None:
        """Take up groups that were added since the last look."""
        if len(optimizer.param_groups) != len(self.layout.members):
            self._take(optimizer, self._lay_out(optimizer, self.place._replace(bases=()), anew=True))

    def advance(self, optimizer: Optimizer) -> None:
        """Count one update and write what the next one uses."""
        self.update = update = self.update + 1
        if self.manner.uses is not None:
            update = self._count(self.manner.uses)
        self._used, self._written = self._written, self.feedback
        groups = optimizer.param_groups
        for _, number, start, gains, columns in self._lanes:  # what _write does, without another call at every update
            value = number(update - start)
            if gains:
                value *= self.feedback.gain(gains)
            for column in columns:
                column.write(groups, value)
        if self.listeners:
            for listener in tuple(self.listeners):
                listener(optimizer, self.update - 1)

    def _count(self, uses: Uses) -> float:
        """Move a clock that does not count updates, and return where the next one begins."""
        self._before_last = self.seen
        self.seen += uses.take(self.update - 1)
        return self.seen

    def used(self) -> Iterator[tuple[Plan, float, float, list[Column]]]:
        """Yield what the update made last used: each plan, its place in it, its gain, and the columns that took it."""
        last = self.update - 1 if self.manner.uses is None else self._before_last
        for plan, _, start, gains, columns in self.layout.lanes:
            yield plan, last - start, self._used.gain(gains), columns

    def values(self, slot: Slot, update: float | None = None) -> dict[int, float]:
        """Return the value of a slot at an update (by default the next), for every group in which it is owned."""
        update = self.update if update is None else update
        feedback = self.feedback if update >= self.update else self._used
        if self.manner.uses is not None:  # which knows two places only: of the next update, and of the last
            update = self.seen if update >= self.update else self._before_last
        return {
            row: value
            for plan, _, start, gains, columns in self.layout.lanes
            for column in columns
            if column.slot == slot
            for row, value in column.scaled(plan(update - start) * feedback.gain(gains))
        }

    def _lay_out(self, optimizer: Optimizer, place: Place, *, anew: bool = False) -> Layout:
        others = [owner for owner in owners_of(optimizer) if owner is not self]
        taken = {column.slot: owner.binding.text for owner in others for column in owner.layout.columns}
        check_clock(self.manner.uses, place.binding.plan)
        starts = self._starts_of(optimizer.param_groups, place, anew=anew)
        return lay_out(optimizer, Ask(place.binding, place.feedback, self.manner.flat, place.bases, starts, taken))

    def _starts_of(self, groups: Sequence[Group], place: Place, *, anew: bool) -> list[float]:
        """Return the update at which each group's plan begins; `anew` where groups came or went since the last layout."""
        members = self.layout.members
        if self.manner.new_groups == "refuse" and 0 < len(members) < len(groups):
            raise ConflictError(
                f"{place_of(groups[len(members)], len(members))} was added, and this Scheduler was built with "
                'new_groups="refuse": add groups before it is built, or write new_groups="join" or "own_clock".'
            )
        saved = place.starts  # none where every group begins at 0
        position = place.update if self.manner.uses is None else place.seen
        now = position if self.manner.new_groups == "own_clock" and saved else 0
        known = dict(zip(map(id, members), self.layout.starts, strict=True)) if anew else {}
        rows = enumerate(groups)
        return [known.get(id(group), saved[row] if row < len(saved) else now) for row, group in rows]

    def _keep(self, layout: Layout) -> None:
        self.layout = layout
        self._lanes, self._columns, self._members = layout.lanes, layout.columns, len(layout.members)  # read at every update

    def _take(self, optimizer: Optimizer, layout: Layout) -> None:
        self._keep(layout)
        if len(self._starts) <= len(layout.starts):
            self._starts = ()  # the groups know their own now
        self._write(optimizer)

    def _write(self, optimizer: Optimizer) -> None:
        groups, update = optimizer.param_groups, self.update if self.manner.uses is None else self.seen
        self._written = self.feedback
        for _, number, start, gains, columns in self.layout.lanes:
            value = number(update - start)
            if gains:
                value *= self.feedback.gain(gains)
            for column in columns:
                column.write(groups, value)

    def _loaded(self, optimizer: Optimizer) -> None:
        """Loading replaced the group dictionaries, and with them the values: the clock here is what counts."""
        self._take(optimizer, self._lay_out(optimizer, self.place))

    def _hooks(self) -> tuple[Any, Any]:
        """Return what runs before and after every update: the usual case in as few calls as can be, the rest elsewhere.

        Traced by torch.compile, a hook would recompile with every value it writes. To wrap it in `torch.compiler.disable`
        takes a microsecond at every update, so the wrapped functions are called only where something may be traced.
        """
        disable: Any = torch.compiler.disable
        unusual_before, unusual_after = disable(self._before), disable(self._after)

        def before(optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            groups = optimizer.param_groups
            if self._open or kwargs or len(args) > 1 or len(groups) != self._members or tracer() is not None:
                unusual_before(optimizer, args, kwargs)
                return
            self._open = True
            for column in self._columns:
                if not column.untouched(groups):
                    self._verify(groups)

        def after(optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            found = getattr(optimizer, "found_inf", None)
            if self._nested or self._pretended or found is not None or not self._counting or tracer() is not None:
                unusual_after(optimizer)
                return
            self._open = False
            self.advance(optimizer)

        last = disable(after, recursive=False)
        last.annealing_owner = self
        return disable(before, recursive=False), last

    def _before(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before an update: verify every slot. Nothing is written here unless groups were added."""
        if self._open:
            if open_steps(optimizer) > 1:  # a subclass that calls super().step()
                self._nested = True
                return
            self._pretended = False  # the last step raised, and left it as it was
            self._catch_up(optimizer)
        self._open = True
        groups, layout = optimizer.param_groups, self.layout
        if gives_no_closure(args, kwargs) and pretends():
            self._pretended = True
        elif len(groups) != len(layout.members):
            if len(groups) > len(layout.members):
                self._verify(groups)
            self.refresh(optimizer)
        elif not all(column.untouched(groups) for column in layout.columns):
            self._verify(groups)

    def _after(self, optimizer: Optimizer) -> None:
        """After an update: count it if it happened, and write what the next one uses."""
        if self._nested:
            if open_steps(optimizer) > 1:
                return
            self._nested = False
        self._open = False
        if not self._pretended and self._counting and not skipped(optimizer):
            self.advance(optimizer)
        else:
            self._catch_up(optimizer)
        self._pretended = False

    def _catch_up(self, optimizer: Optimizer) -> None:
        """Write what was observed inside a step that made no update."""
        if self._written is not self.feedback:
            self._verify(optimizer.param_groups)
            self._write(optimizer)

    def _verify(self, groups: Sequence[Group]) -> None:
        """Find out who else wrote into a slot: a checkpoint that is being taken, or a second owner, which is refused."""
        for column in self.layout.columns:
            row = column.foreign(groups)
            if row is not None and pretends():
                self._pretended = True
                return
            if row is not None:
                where, held, wrote = place_of(groups[row], row), column.slot.peek(groups[row]), self.values(column.slot)[row]
                raise ConflictError(
                    f'something else writes "{column.slot}" of {where}: it holds {held} and this Scheduler put {wrote:g} there '
                    f"for update {self.update}. Let one of them own it: describe both in one schedule, or remove() this."
                )


def owners_of(optimizer: Optimizer) -> Iterator[Owner]:
    """Yield the owners attached to an optimizer, which its hooks hold."""
    for hook in vars(optimizer)["_optimizer_step_post_hooks"].values():  # torch has no public way to list them
        owner = getattr(hook, "annealing_owner", None)
        if isinstance(owner, Owner):
            yield owner
