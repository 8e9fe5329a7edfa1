"""Dropout in a stack: every member gets the masks that it would have drawn alone.

Dropout draws from a generator that all members of a stack would share, so a member's mask would depend on its place. Here a
model is run once to see where it drops what; then each seed draws its own masks, in the order and the memory
layout of an ordinary run, and the stacked model is handed them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, final

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class Place(NamedTuple):
    """One call of dropout: what it gets, and the share that it drops."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype
    p: float

    def draw(self, generator: torch.Generator) -> Tensor:
        """Return a mask, scaled, as torch's own dropout would draw it."""
        mask = torch.empty_strided(self.shape, self.stride, dtype=self.dtype, device=generator.device)
        return mask.bernoulli_(1 - self.p, generator=generator).div_(1 - self.p)


@final
class Recorder(TorchFunctionMode):
    """Note every call of dropout in `places`, and drop nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = _dropped(func, args, kwargs or {})
        if found is None:
            return func(*args, **(kwargs or {}))
        x, p = found
        like = torch.empty_like(x)
        self.places.append(Place(tuple(like.shape), tuple(like.stride()), like.dtype, p))
        return x * torch.ones_like(x)


@final
class Drawer(TorchFunctionMode):
    """Drop what a generator draws: on a GPU torch's own dropout draws otherwise than a mask is drawn."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self._generator = generator

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = _dropped(func, args, kwargs or {})
        if found is None:
            return func(*args, **(kwargs or {}))
        like, p = torch.empty_like(found[0]), found[1]
        return found[0] * Place(tuple(like.shape), tuple(like.stride()), like.dtype, p).draw(self._generator)


@final
class Player(TorchFunctionMode):
    """Drop what the masks say, in the order of the calls."""

    def __init__(self, masks: Sequence[Tensor]) -> None:
        super().__init__()
        self._masks = iter(masks)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = _dropped(func, args, kwargs or {})
        return func(*args, **(kwargs or {})) if found is None else found[0] * next(self._masks)


def _dropped(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Tensor, float] | None:
    """Return what a call drops from and its share, or None where it drops nothing by itself."""
    if func is not torch.nn.functional.dropout and func is not torch.dropout:
        return None
    own = func is torch.dropout  # torch.dropout(input, p, train), F.dropout(input, p=0.5, training=True)
    names = ("input", "p", "train" if own else "training")
    given = dict(zip(names, args, strict=False)) | kwargs
    p = float(given.get("p", 0.5))
    return (given["input"], p) if given.get(names[2], True) and 0 < p < 1 else None
