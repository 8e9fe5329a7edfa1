"""The operations of a stacked gradient, written down once and from then on carried out one after the other.

Finding out what `vmap(grad(loss))` has to do, through the model's Python, its derivative and the rules for stacks, takes
longer at every update of a small model than doing it. What has to be done is the same at every update with batches of one
shape, and so are the bits: the operations are torch's own either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.graph import CodeGen
from torch.utils import _pytree as pytree

Rows = list[Tensor]
Gradients = Callable[[Rows, Rows, Any, Any, Rows], tuple[Rows, tuple[Tensor, Rows]]]
"""Parameters, rest, inputs, targets and masks in; gradients, losses and the rest as it became out."""

_ENOUGH = 64
"""Updates of one shape after which it is written down: to do so costs about as much as it saves in that many."""

_MANY = 16
"""Shapes up to which one may be written down as soon as it is seen; where there are more, as of padded text, few come often."""

_SAME = {"expand.default", "view.default", "_unsafe_view.default", "detach.default", "alias.default"}
"""Operations that often hand on what they get."""


@final
class Traced:
    """Stacked gradients by the operations that `gradients` comes down to, where they give the same bits."""

    def __init__(self, gradients: Gradients, *, patience: int = _ENOUGH) -> None:
        self._ordinary = gradients
        self._seen: dict[Any, int] = {}
        self._tried: dict[Any, Gradients] = {}
        self._known: dict[Any, Gradients] = {}
        self.patience = patience

    def __call__(self, parameters: Rows, rest: Rows, inputs: Any, targets: Any, masks: Rows) -> tuple[Rows, tuple[Tensor, Rows]]:
        kind = _kind(parameters, inputs, targets)
        if kind in self._known:
            return self._known[kind](parameters, rest, inputs, targets, masks)
        if kind in self._tried:
            return self._compared(kind, parameters, rest, inputs, targets, masks)
        self._seen[kind] = self._seen.get(kind, 0) + 1
        enough = self.patience if len(self._seen) <= _MANY else max(self.patience, _ENOUGH)
        if self._seen[kind] > enough:
            self._tried[kind] = self.written_down(parameters, rest, inputs, targets, masks)
        return self._ordinary(parameters, rest, inputs, targets, masks)

    def written_down(self, parameters: Rows, rest: Rows, inputs: Any, targets: Any, masks: Rows) -> Gradients:
        """Return the operations for batches like this one; `gradients` itself where they cannot be told."""
        copies = [value.clone() for value in rest]  # training moves buffers, and this is no training
        leaves, form = pytree.tree_flatten((parameters, copies, inputs, targets, masks))
        try:
            traced = make_fx(lambda *leaves: pytree.tree_leaves(self._ordinary(*pytree.tree_unflatten(leaves, form))))(*leaves)
        except Exception:  # noqa: BLE001 - whatever torch says: nothing but time is lost
            return self._ordinary
        run, count = _simpler(traced).forward, len(parameters)

        def gradients(parameters: Rows, rest: Rows, inputs: Any, targets: Any, masks: Rows) -> tuple[Rows, tuple[Tensor, Rows]]:
            out = run(*parameters, *rest, *_leaves(inputs), *_leaves(targets), *masks)
            return out[:count], (out[count], out[count + 1 :])

        return gradients

    def _compared(self, kind: Any, parameters: Rows, rest: Rows, *batch: Any) -> tuple[Rows, tuple[Tensor, Rows]]:
        """Do it both ways on the numbers of another update than the one that was written down."""
        copies = [value.clone() for value in rest]
        expected = self._ordinary(parameters, rest, *batch)
        try:
            found = self._tried[kind](parameters, copies, *batch)
            same = all(map(_equal, pytree.tree_leaves(found), pytree.tree_leaves(expected)))
        except Exception:  # noqa: BLE001 - whatever torch says
            same = False
        self._known[kind] = self._tried.pop(kind) if same else self._ordinary
        return expected


def _leaves(batch: Any) -> list[Tensor]:
    return [batch] if isinstance(batch, Tensor) else pytree.tree_leaves(batch)


def _equal(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(((a == b) | (a.isnan() & b.isnan())).all())


def _kind(parameters: Sequence[Tensor], inputs: Any, targets: Any) -> Any:
    if isinstance(inputs, Tensor) and isinstance(targets, Tensor):
        return len(parameters[0]), inputs.shape, inputs.stride(), inputs.dtype, targets.shape, targets.dtype
    leaves, form = pytree.tree_flatten((inputs, targets))
    return len(parameters[0]), form, *((leaf.shape, leaf.stride(), leaf.dtype) for leaf in leaves)


def _simpler(traced: fx.GraphModule) -> fx.GraphModule:
    """Leave out what changes nothing, and take and return plain tensors, one after the other."""
    graph = traced.graph
    still = not any(_moves(node) for node in graph.nodes)
    for node in graph.nodes:
        source = node.args[0] if node.args else None
        if isinstance(source, fx.Node) and _hands_on(node, source, still=still):
            node.replace_all_uses_with(source)
    graph.set_codegen(CodeGen())
    graph.eliminate_dead_code()
    traced.recompile()
    return traced


def _moves(node: fx.Node) -> bool:
    schema = getattr(node.target, "_schema", None)
    return schema is not None and schema.is_mutable


def _hands_on(node: fx.Node, source: fx.Node, *, still: bool) -> bool:
    """Whether an operation gives what it gets. With `still` nothing changes in place, and a copy is as good as what it copies."""
    before, after = source.meta.get("val"), node.meta.get("val")
    if not (isinstance(before, Tensor) and isinstance(after, Tensor)):
        return False
    name = str(node.target).removeprefix("aten.")
    once = still and name == "mul.Scalar" and bool(node.args[1] == 1) and before.dtype == after.dtype  # how a bias is added
    return bool(once or name in _SAME) and (before.shape, before.stride()) == (after.shape, after.stride())
