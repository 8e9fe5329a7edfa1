"""Compile a stack's update where that saves more time than it takes.

A compiler needs seconds to minutes for the first program of a kind and little for one that it has made before, and what
is saved depends on the model. What was measured is kept in a small file beside the compiler's own cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast, final

import torch

from annealing.lockstep.blueprint import Blueprint
from annealing.lockstep.chunk import pace
from annealing.lockstep.member import Member
from annealing.lockstep.stack import Program, Stack, one_update
from annealing.lockstep.traced import Rows
from annealing.tasks.optimizers import maker_name

Compile = Literal["auto", "never", "always"]

_FIRST = 20.0  # seconds that a first compilation takes at least (13 to 20 were measured, on a busy machine)
_PER_TENSOR = 0.5  # seconds that each parameter adds
_GAIN = 1.5  # by which an unknown program is taken to be faster
_FILE = "annealing-lockstep.json"


@final
class Compiler:
    """Compiles the updates of one kind of stack, or leaves them as they are; `notes` says what went wrong."""

    def __init__(self, plan: Blueprint, size: int, mode: Compile, *, seconds: float) -> None:
        self._plan, self._size, self._mode, self._seconds = plan, size, mode, seconds
        self.used = False
        self.notes: list[str] = []

    def decide(self, members: Sequence[Member], eager: float) -> None:
        """Compile and try it on a stack of these members, if that may pay; `eager` is a member's update without."""
        if self._mode == "never":
            return
        kept, key = _kept(), self._key(members)
        known = kept.get(key, {})
        cost = known.get("again", known.get("first", _FIRST + _PER_TENSOR * len(self._plan.trained)))
        saved = self._seconds * (1 - 1 / max(1.0, known.get("gain", _GAIN)))
        if self._mode == "auto" and saved <= cost:
            return
        begun = time.perf_counter()
        try:
            spent = pace(self._plan, self._filled(members), self._program)
        except Exception as error:  # noqa: BLE001 - whatever a compiler says
            line = next((part.strip() for part in str(error).splitlines() if part.strip()), type(error).__name__)
            self.notes.append(f"task {self._plan.task.name!r} is trained without compiling: {type(error).__name__}: {line[:100]}")
            self._mode = "never"
            return
        took, gain = time.perf_counter() - begun, eager / spent if spent else 1.0
        _keep(key, known | {"again" if known else "first": took, "gain": gain})
        self.used = self._mode == "always" or gain > 1

    def apply(self, stack: Stack) -> None:
        """Give the stack its program."""
        if self.used:
            self._program(stack)

    def padded(self, members: Sequence[Member]) -> list[Member]:
        """Fill up the last stack: a program is compiled for one size."""
        return self._filled(members) if self.used else list(members)

    def _filled(self, members: Sequence[Member]) -> list[Member]:
        return [*members, *[members[-1]] * (self._size - len(members))]

    def _program(self, stack: Stack) -> None:
        plan, update = self._plan, stack.moving.update
        kind = (stack.moving.kind, stack.clips, self._size)

        def compiled(*arguments: Any) -> Program:
            """Compile the update by its operations: a compiler need not find them in the model's Python."""
            parameters, rest, _, _, *batch = arguments
            operations = plan.gradients.written_down(parameters, rest, *batch)
            options: dict[str, Any] = {"compile_threads": 1} if plan.device == "cpu" else {}
            return cast("Program", torch.compile(partial(one_update, operations, update), dynamic=False, options=options))

        stack.use(_ForOneShape(plan.programs, kind, compiled, stack.ordinary))

    def _key(self, members: Sequence[Member]) -> str:
        plan = self._plan
        shapes = [(name, tuple(value.shape), str(value.dtype)) for name, value in plan.model.named_parameters()]
        what = (str(plan.model), shapes, plan.work, self._size, plan.device, members[0].options, members[0].clip_norm is None)
        return hashlib.sha256(
            repr((*what, maker_name(members[0].optimizer or plan.task.optimizer), torch.__version__)).encode()
        ).hexdigest()[:24]


@final
class _ForOneShape:
    """The compiled program for batches like the first one, the ordinary one for others (an epoch's last may be smaller)."""

    def __init__(self, known: dict[Any, Program], kind: Any, compiled: Callable[..., Program], ordinary: Program) -> None:
        self._known, self._kind, self._compiled, self._ordinary = known, kind, compiled, ordinary
        self._program: Program | None = None
        self._shapes: Any = None

    def __call__(self, parameters: Rows, rest: Rows, state: Any, clip: Any, inputs: Any, targets: Any, masks: Rows) -> Any:
        shapes = getattr(inputs, "shape", None), getattr(targets, "shape", None)
        arguments = parameters, rest, state, clip, inputs, targets, masks
        if self._program is None:
            kind, self._shapes = (*self._kind, *shapes), shapes
            self._program = self._known.get(kind) or self._known.setdefault(kind, self._compiled(*arguments))
        return (self._program if shapes == self._shapes else self._ordinary)(*arguments)


def _path() -> Path:
    folder = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    if folder is None:
        from torch._inductor.runtime.cache_dir_utils import cache_dir

        folder = cache_dir()
    return Path(folder) / _FILE


def _kept() -> dict[str, dict[str, float]]:
    """Return what was measured before; nothing where there is no such file, or not a whole one."""
    with suppress(OSError, ValueError):
        return json.loads(_path().read_text(encoding="utf-8"))
    return {}


def _keep(key: str, measured: dict[str, float]) -> None:
    """Note what was measured. Another process may do so at the same time: a lost note costs a guess."""
    with suppress(OSError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = json.dumps(_kept() | {key: measured})
        own = path.with_suffix(f".{os.getpid()}")
        own.write_text(whole, encoding="utf-8")
        own.replace(path)
