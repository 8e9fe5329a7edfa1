"""From a schedule and a number of updates to a track: every length settled, every start known."""

from annealing.core.resolve import cycles as cycles  # imported for the resolvers they register
from annealing.core.resolve import pointwise as pointwise
from annealing.core.resolve import sequence as sequence
from annealing.core.resolve import shapes as shapes
from annealing.core.resolve.dispatch import resolve
from annealing.core.resolve.extent import extents_of
from annealing.core.resolve.pointwise import changed

__all__ = ["changed", "extents_of", "resolve"]
