"""The owner of some hyper-parameters of one optimizer: it counts updates, writes values and notices other writers.

It lives in the optimizer's hooks and holds no optimizer, so an optimizer that is dropped is freed at once. Outside
`optimizer.step()` every slot holds the value that the next update will use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias, final

import torch
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from annealing.core.errors import ConflictError
from annealing.torch.binding import Binding
from annealing.torch.clock import gives_no_closure, open_steps, pretends, skipped
from annealing.torch.layout import Layout, lay_out
from annealing.torch.slot import Group, Slot, place_of

Count: TypeAlias = Literal["updates", "step"]
"""updates: every successful optimizer.step() counts. step: every scheduler.step() does, for a replayed CUDA graph."""


@final
class Owner:
    """Hooks on one optimizer. `update` is the index of the update that comes next."""

    def __init__(self, binding: Binding, count: Count, update: int = 0, saved_bases: tuple[float, ...] = ()) -> None:
        self.binding, self.count, self.update, self.saved_bases = binding, count, update, saved_bases
        self.layout = Layout([], [], [], 0)
        self._handles: list[RemovableHandle] = []
        self._open = self._nested = self._pretended = False

    def attach(self, optimizer: Optimizer) -> None:
        """Take the slots and write the first values, or change nothing and raise `ConflictError`."""
        layout = self._lay_out(optimizer, self.binding, self.saved_bases)
        # Traced by torch.compile, a hook would recompile with every value it writes.
        before: Any = torch.compiler.disable(self._before)
        after: Any = torch.compiler.disable(self._after)
        after.annealing_owner = self
        self._handles = [
            optimizer.register_step_pre_hook(before),
            optimizer.register_step_post_hook(after),
            optimizer.register_load_state_dict_post_hook(self._loaded),
        ]
        self._take(optimizer, layout)

    def remove(self) -> None:
        """Let go of the slots, which keep their values."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def follow(self, optimizer: Optimizer, binding: Binding, update: int, saved_bases: tuple[float, ...]) -> None:
        """Go on from another state: the one way in which the plan or the clock changes from outside."""
        layout = self._lay_out(optimizer, binding, saved_bases)
        self.binding, self.update, self.saved_bases = binding, update, saved_bases
        self._take(optimizer, layout)

    @property
    def attached(self) -> bool:
        """Whether the optimizer still calls this owner."""
        return bool(self._handles)

    def refresh(self, optimizer: Optimizer) -> None:
        """Take up groups that were added since the last look."""
        if len(optimizer.param_groups) != self.layout.groups:
            self._take(optimizer, self._lay_out(optimizer, self.binding))

    def advance(self, optimizer: Optimizer) -> None:
        """Count one update and write what the next one uses."""
        self.update += 1
        self._write(optimizer)

    def values(self, slot: Slot, update: int | None = None) -> dict[int, float]:
        """Return the value of a slot at an update (by default the next), for every group in which it is owned."""
        update = self.update if update is None else update
        columns = [(plan, column) for plan, columns in self.layout.plans for column in columns if column.slot == slot]
        return {row: value for plan, column in columns for row, value in column.scaled(plan(update))}

    def _lay_out(self, optimizer: Optimizer, binding: Binding, saved_bases: Sequence[float] = ()) -> Layout:
        others = [owner for owner in owners_of(optimizer) if owner is not self]
        taken = {column.slot: owner.binding.text for owner in others for column in owner.layout.columns}
        return lay_out(optimizer, binding, saved_bases, taken)

    def _take(self, optimizer: Optimizer, layout: Layout) -> None:
        self.layout = layout
        self._write(optimizer)

    def _write(self, optimizer: Optimizer) -> None:
        groups = optimizer.param_groups
        for plan, columns in self.layout.plans:
            value = plan(self.update)
            for column in columns:
                column.write(groups, value)

    def _loaded(self, optimizer: Optimizer) -> None:
        """Loading replaced the group dictionaries, and with them the values: the clock here is what counts."""
        self._take(optimizer, self._lay_out(optimizer, self.binding, self.saved_bases))

    def _before(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before an update: verify every slot. Nothing is written here unless groups were added."""
        if self._open:
            if open_steps(optimizer) > 1:  # a subclass that calls super().step()
                self._nested = True
                return
            self._pretended = False  # the last step raised, and left it as it was
        self._open = True
        groups, layout = optimizer.param_groups, self.layout
        if (kwargs or len(args) > 1) and gives_no_closure(args, kwargs) and pretends():
            self._pretended = True
        elif len(groups) != layout.groups:
            if len(groups) > layout.groups:
                self._verify(groups)
            self.refresh(optimizer)
        else:
            for column in layout.columns:
                if not column.untouched(groups):
                    self._verify(groups)

    def _after(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """After an update: count it if it happened, and write what the next one uses."""
        if self._nested:
            if open_steps(optimizer) > 1:
                return
            self._nested = False
        self._open = False
        if self._pretended:
            self._pretended = False
        elif self.count == "updates" and not skipped(optimizer):
            self.advance(optimizer)

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
