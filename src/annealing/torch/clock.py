"""What counts as an update: questions about the call of `optimizer.step()` that is under way.

torch calls step hooks in three situations where no update has happened, and all three are invisible from the hook's
arguments. The answers come from the call stack, which is read only when something else already looks unusual.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FrameType
from typing import Any

from torch.optim import Optimizer

# Every step() runs inside this wrapper, so its code marks the frames of steps that are open.
_STEP = Optimizer.profile_hook_step(lambda self: None).__code__  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]


try:  # what torch.compile calls for every new frame: nothing, unless a compiled function is running
    from torch._C._dynamo.eval_frame import get_eval_frame_callback as tracer  # pyright: ignore[reportUnusedImport]
except ImportError:  # a private name: without it every frame is taken for one that may be traced

    def tracer() -> object:
        """Return what would trace a new frame."""
        return True


def open_steps(optimizer: Optimizer) -> int:
    """Count how deeply `optimizer.step()` is inside itself.

    A subclass that calls `super().step()` runs the hooks once per level, but only after some plain instance of the
    base class existed in the process: torch wraps `step` class by class.
    """
    return sum(frame.f_code is _STEP and frame.f_locals.get("self") is optimizer for frame in _frames())


def gives_no_closure(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell a call that says `closure=None` in so many words: cheap to ask, rare in training."""
    return kwargs.get("closure", kwargs) is None or (len(args) > 1 and args[1] is None)


def pretends() -> bool:
    """Tell a step that torch.distributed.checkpoint takes to create optimizer state from one that trains.

    It sets lr to 0, calls `step(closure=None)` with zero gradients and puts lr back: for a stateless SGD at every save.
    """
    return any(frame.f_code.co_name == "_init_optim_state" for frame in _frames())


def skipped(optimizer: Optimizer) -> bool:
    """Tell whether a fused optimizer was called by a GradScaler only to find infinite gradients and do nothing.

    Reading `found_inf` waits for the device once per update; other optimizers are simply not called on a skip.
    """
    found = getattr(optimizer, "found_inf", None)
    return found is not None and bool(float(found))


def _frames() -> Iterator[FrameType]:
    frame = inspect.currentframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
