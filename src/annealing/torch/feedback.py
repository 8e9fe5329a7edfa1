"""Feedback: controllers, which slots their gains multiply, and what they remember. A value; nothing here is written in place.

`control=` is a controller (for `lr` of every group), its text, or a mapping. Its keys say what is multiplied: "lr", or
"lr@head.*" for the groups whose name matches. An `EarlyStop` multiplies nothing: its key is any word.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple, final

from annealing.control import Controller, Product, parse, saved_controller, state_from_json, state_to_json
from annealing.control.protocol import Transition
from annealing.control.values import one_number
from annealing.core.errors import ArgumentError, KindError, PlanMismatchError
from annealing.torch.slot import Slot

AnyController = Transition[Any, Any]
Control = AnyController | str | Mapping[str, AnyController | str]
"""What `control=` takes."""


class Bond(NamedTuple):
    """A controller and what its gain multiplies."""

    key: str
    controller: AnyController
    slot: Slot | None  # none for a controller that gives no gain
    pattern: str

    def reaches(self, slot: Slot, group: str) -> bool:
        """Tell whether the gain multiplies this slot of the group of this name."""
        return slot == self.slot and fnmatchcase(group, self.pattern)


@final
@dataclass(frozen=True)
class Feedback:
    """Bonds, and the state of each one's controller."""

    bonds: tuple[Bond, ...] = ()
    states: tuple[Any, ...] = ()

    @cached_property
    def gains(self) -> dict[str, float]:
        """The gain that holds for every key."""
        pairs = zip(self.bonds, self.states, strict=True)
        return {b.key: float(b.controller.gain(state)) for b, state in pairs if isinstance(b.controller, Controller)}

    @property
    def stopped(self) -> bool:
        """Whether a controller that gives no gain has said stop."""
        pairs = zip(self.bonds, self.states, strict=True)
        return any(bool(getattr(state, "stopped", False)) for bond, state in pairs if bond.slot is None)

    def reaching(self, slot: Slot, group: str) -> tuple[str, ...]:
        """Return the keys of the gains that multiply this slot of the group of this name."""
        return tuple(bond.key for bond in self.bonds if bond.reaches(slot, group))

    def gain(self, keys: Sequence[str]) -> float:
        """Return the product of some gains."""
        return math.prod(self.gains[key] for key in keys)

    def observe(self, metric: object, to: str | None = None) -> Feedback:
        """Return what is remembered after a metric was seen by every controller, or by the one under the key `to`.

        Raises `ArgumentError` where there is no such controller, `KindError` for a metric that is not one number.
        """
        keys = [bond.key for bond in self.bonds]
        if not keys:
            raise ArgumentError(
                'this Scheduler has no controller that could see a metric: build it with control=Plateau(patience=5), or "…".'
            )
        if to is not None and to not in keys:
            raise ArgumentError(f"observe(to={to!r}) is no key of control=: write one of {', '.join(map(repr, keys))}.")
        value = one_number(metric)
        pairs = zip(self.bonds, self.states, strict=True)
        seen = [bond.controller.step(state, value)[0] if to in (None, bond.key) else state for bond, state in pairs]
        return replace(self, states=tuple(seen))

    def texts(self) -> list[str]:
        """Return the states as JSON texts, in the order of the keys."""
        return [state_to_json(bond.controller, state) for bond, state in zip(self.bonds, self.states, strict=True)]


def feedback_of(control: object) -> Feedback:
    """Read `control=`.

    >>> feedback_of("Plateau(patience=3)").bonds[0].key
    'lr'
    >>> sorted(feedback_of({"lr@head*": "Plateau", "stop": "EarlyStop(patience=9)"}).gains.items())
    [('lr@head*', 1.0)]

    Raises `KindError` for what is no controller.
    """
    if control is None:
        return Feedback()
    given = control if isinstance(control, Mapping) else {"lr": control}
    bonds = tuple(_bond(str(key), controller) for key, controller in given.items())
    return Feedback(bonds, tuple(bond.controller.init() for bond in bonds))


def restored(keys: Sequence[str], texts: Sequence[str]) -> Feedback:
    """Return the feedback that was saved, with the controllers that were saved."""
    bonds = [_bond(key, saved_controller(text)) for key, text in zip(keys, texts, strict=True)]
    return Feedback(tuple(bonds), tuple(state_from_json(b.controller, text) for b, text in zip(bonds, texts, strict=True)))


def taken_over(mine: Feedback, keys: Sequence[str], texts: Sequence[str]) -> Feedback:
    """Return my controllers in the saved states of their keys; one of another kind, or a new one, starts afresh."""
    saved = dict(zip(keys, texts, strict=True))

    def state(bond: Bond, fresh: Any) -> Any:
        if bond.key not in saved:
            return fresh
        try:
            return state_from_json(bond.controller, saved[bond.key], resume="replace")
        except PlanMismatchError:
            return fresh

    return replace(mine, states=tuple(state(bond, fresh) for bond, fresh in zip(mine.bonds, mine.states, strict=True)))


def peaks(controller: AnyController) -> list[float]:
    """Return the rates that a gain of 1 stands for, where floors are written as rates and not as shares."""
    parts = controller.controllers if isinstance(controller, Product) else (controller,)
    return [peak for part in parts if (peak := getattr(part, "peak", 1.0)) != 1.0]


def _bond(key: str, given: object) -> Bond:
    controller = parse(given) if isinstance(given, str) else given
    if not isinstance(controller, Transition):
        raise KindError(
            f"control= holds {given!r}, which is no controller: write Plateau(patience=5) of annealing.control, its text, "
            'or {"lr": Plateau(…)}.'
        )
    name, _, pattern = key.partition("@")
    slot = Slot.of(name) if isinstance(controller, Controller) else None
    return Bond(key, controller, slot, pattern or "*")
