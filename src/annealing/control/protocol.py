"""What every controller is: frozen options, a state, and a pure step from one state to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from annealing.core.errors import KindError
from annealing.core.length import compact

if TYPE_CHECKING:  # a product is a controller as well
    from annealing.control.product import Product

State = TypeVar("State")
Answer = TypeVar("Answer")


class Transition(ABC, Generic[State, Answer]):
    """Options that say how a state answers to one observation after another.

    `step` has the signature of `jax.lax.scan`: `lax.scan(controller.step, controller.init(), observations)`.
    """

    @abstractmethod
    def init(self) -> State:
        """Return the state before the first observation."""

    @abstractmethod
    def step(self, state: State, observation: Any) -> tuple[State, Answer]:
        """Return the state after one observation, and the answer to it."""

    @abstractmethod
    def reset(self, state: State) -> State:
        """Forget what was observed, and keep what was decided."""

    def __str__(self) -> str:
        """Write the options that differ from their defaults, as `parse` reads them."""
        options = fields(cast("Any", self))  # every child is a dataclass
        told = [(option.name, getattr(self, option.name)) for option in options if getattr(self, option.name) != option.default]
        return f"{type(self).__name__}({', '.join(f'{name}={_literal(value)}' for name, value in told)})"

    def __repr__(self) -> str:
        return str(self)


class Controller(Transition[State, float]):
    """A transition that answers with a gain: the value in use is `plan(t) * gain`."""

    @abstractmethod
    def gain(self, state: State) -> float:
        """Return the gain that holds in a state, which is 1 before the first observation."""

    def __mul__(self, other: Controller[Any]) -> Product:
        """Join two controllers of the same observations: their gains multiply."""
        from annealing.control.product import product

        if not isinstance(other, Controller):
            raise KindError(
                f"a controller is multiplied by another one, not by {other!r}: the value in use is plan(t) * gain, which is what "
                "Scheduler(optimizer, lr=plan, control=controller) writes."
            )
        return product(self, other)

    __rmul__ = __mul__  # a plan or a number on the left is refused in the same words


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return compact(value) if isinstance(value, float) else repr(value)
