"""Several controllers of the same observations: their gains multiply."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from annealing.control.protocol import Controller


class ProductState(NamedTuple):
    """What a `Product` remembers: the state of each controller."""

    states: tuple[Any, ...]


@final
@dataclass(frozen=True, repr=False)
class Product(Controller[ProductState]):
    """Multiply the gains of several controllers, each of which sees every observation. Written `a * b`.

    >>> from annealing.control import Plateau, Spike, fold
    >>> both = Plateau(factor=0.5, patience=1) * Spike(settle=2, recovery=0)
    >>> both
    Plateau(factor=0.5, patience=1) * Spike(settle=2, recovery=0)
    >>> fold(both, [2.0, 2.0, 9.0])
    array([1.   , 0.5  , 0.125])
    """

    controllers: tuple[Controller[Any], ...]

    def init(self) -> ProductState:
        """Return the state before the first observation."""
        return ProductState(tuple(controller.init() for controller in self.controllers))

    def step(self, state: ProductState, observation: Any) -> tuple[ProductState, float]:
        """Return the state after one observation, and the product of the gains from here on."""
        pairs = zip(self.controllers, state.states, strict=True)
        after = ProductState(tuple(controller.step(part, observation)[0] for controller, part in pairs))
        return after, self.gain(after)

    def gain(self, state: ProductState) -> float:
        """Return the product of the gains that hold in a state."""
        pairs = zip(self.controllers, state.states, strict=True)
        return math.prod(controller.gain(part) for controller, part in pairs)

    def reset(self, state: ProductState) -> ProductState:
        """Let each forget what it observed, and keep its gain."""
        pairs = zip(self.controllers, state.states, strict=True)
        return ProductState(tuple(controller.reset(part) for controller, part in pairs))

    def __str__(self) -> str:
        return " * ".join(map(str, self.controllers))


def product(left: Controller[Any], right: Controller[Any]) -> Product:
    """Join two controllers into one flat product."""
    return Product((*_factors(left), *_factors(right)))


def _factors(controller: Controller[Any]) -> tuple[Controller[Any], ...]:
    return controller.controllers if isinstance(controller, Product) else (controller,)
