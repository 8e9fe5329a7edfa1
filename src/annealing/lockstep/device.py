"""Where to train: a processor or a GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from annealing.core.errors import ArgumentError


def known_device(device: str) -> str:
    """Return the name of a device that is there: "cpu", "cuda" or "cuda:1".

    >>> known_device("cpu:0")
    'cpu'

    Raises `ArgumentError` for any other, and for a GPU that torch does not see.
    """
    try:
        kind = torch.device(device).type
    except RuntimeError:
        kind = ""
    if kind not in ("cpu", "cuda"):
        raise ArgumentError(f'device={device!r} is not known: write "cpu" or "cuda".')
    if kind == "cuda" and not torch.cuda.is_available():
        raise ArgumentError(f'device={device!r}: torch sees no CUDA device here: write "cpu".')
    return "cpu" if kind == "cpu" else device


def within(device: str) -> AbstractContextManager[object]:
    """Make a GPU the current one: its streams and generators are those that torch means when nobody names any."""
    return nullcontext() if device == "cpu" else torch.cuda.device(device)
