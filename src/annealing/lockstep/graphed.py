"""An update recorded as a CUDA graph: a GPU goes through all its kernels without waiting for Python to name each of them.

A stacked update of a small model is some fifty kernels of a few microseconds. Named one at a time they take a GPU
milliseconds in which it mostly waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from annealing.lockstep import foreach
from annealing.lockstep.traced import Rows

if TYPE_CHECKING:
    from annealing.lockstep.stack import Program

_WARM = 3  # updates before the recording: libraries choose their kernels and take their memory in the first ones


@final
class Graphed:
    """A stack's program: recorded at its fourth update, replayed from then on for batches of that shape.

    It reads parameters, buffers and what an optimizer keeps where they lie; all else is copied to where the recording read it.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._calls, self._before = 0, list[Any]()
        self._shapes: list[Any] = []
        self._graph: torch.cuda.CUDAGraph | None = None
        self._read: list[Any] = []
        self._loss: Tensor | None = None
        self._stream: Any = None

    def __call__(
        self, parameters: Rows, rest: Rows, state: Any, clip: Tensor | None, inputs: Any, targets: Any, masks: Rows
    ) -> tuple[Tensor, Rows]:
        leaves, form = pytree.tree_flatten((state, inputs, targets, masks))
        shapes = [getattr(leaf, "shape", None) for leaf in leaves]
        self._shapes = self._shapes or shapes
        if shapes != self._shapes:  # an epoch's last batch may be smaller
            return self._program(parameters, rest, state, clip, inputs, targets, masks)
        if self._graph is None:
            self._calls += 1
            before, self._before = self._before, leaves
            if self._calls <= _WARM:
                return self._beside(parameters, rest, state, clip, inputs, targets, masks)
            # What is the same tensor at every update changes in place.
            self._read = [leaf if leaf is old else leaf.clone() for leaf, old in zip(leaves, before, strict=True)]
            read = pytree.tree_unflatten(self._read, form)
            self._record(parameters, rest, read[0], clip, *read[1:])
        moved = [(to, leaf) for to, leaf in zip(self._read, leaves, strict=True) if to is not leaf]
        foreach.copy_([to for to, _ in moved], [leaf for _, leaf in moved])
        assert self._graph is not None
        assert self._loss is not None
        self._graph.replay()
        return self._loss.clone(), rest

    @property
    def recorded(self) -> bool:
        """Whether there is a recording by now."""
        return self._graph is not None

    def _beside(self, *arguments: Any) -> tuple[Tensor, Rows]:
        """Make an update on a stream of its own, as the recording will."""
        self._stream = self._stream or torch.cuda.Stream()
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            out = self._program(*arguments)
        self._stream.synchronize()
        return out

    def _record(self, parameters: Rows, rest: Rows, *read: Any) -> None:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            self._loss, became = self._program(parameters, rest, *read)
            for own, new in zip(rest, became, strict=True):
                if own.data_ptr() != new.data_ptr():
                    own.copy_(new)
        self._graph, self._before = graph, []
