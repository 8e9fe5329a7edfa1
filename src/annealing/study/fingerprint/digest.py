"""A digest of a value: the same in every process for the same meaning, another one when anything in it changes."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import PurePath
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from annealing.study.fingerprint.source import Said, is_own, said_by_class, said_by_file, said_by_function


def digest(value: object) -> str:
    """Return 16 hexadecimal digits that stand for a value.

    Numbers, text and arrays count by their bytes; functions and classes by their source, with what they refer to; a
    library's by their names; other objects by their class and what they hold.

    >>> digest([1, 2.0]) == digest([1, 2.0]), digest([1, 2.0]) == digest([1, 2.5]), digest(len)
    (True, False, '81d590780764c1e0')
    """
    return _Walk().digest(value).hex()


@final
class _Walk:
    """One walk through a value: what was seen on the way down stops circles, and what was finished is not done twice."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}
        self._known: dict[int, tuple[object, bytes]] = {}  # with the object, so that its id is not used again

    def digest(self, value: object) -> bytes:
        key = id(value)
        if key in self._known:
            return self._known[key][1]
        if key in self._open:
            return _hash("circle", str(self._open[key]))
        self._open[key] = len(self._open)
        try:
            result = self._digest(value)
        finally:
            del self._open[key]
        self._known[key] = value, result
        return result

    def _digest(self, value: Any) -> bytes:
        return _of_bytes(value) or self._of_parts(value) or self._of_code(value) or self._object(value)

    def _of_parts(self, value: Any) -> bytes | None:
        match value:
            case list() | tuple():
                return self._all("sequence", value)
            case set() | frozenset():
                return _hash("set", *sorted(map(self.digest, value)))
            case Mapping():
                return self._all("mapping", (part for pair in value.items() for part in pair))
            case torch.nn.Module():
                return self._module(value)
            case DataLoader():
                return self._all("loader", (value.dataset, value.batch_size, value.drop_last, type(value.sampler).__name__))
            case _:
                return None

    def _of_code(self, value: Any) -> bytes | None:
        match value:
            case ModuleType():
                return _hash("module", said_by_file(value) if is_own(value.__name__) else value.__name__)
            case type():
                return self._class(value)
            case FunctionType():
                return self._function(value)
            case MethodType():
                return self._all("method", (value.__self__, value.__func__.__name__))
            case BuiltinFunctionType():
                return _hash("function", str(value.__module__), value.__qualname__)
            case functools.partial():
                return self._all("partial", (value.func, value.args, value.keywords))
            case _ if hasattr(value, "__wrapped__"):  # functools.cache
                return self._all("wrapped", (type(value).__qualname__, value.__wrapped__))
            case _:
                return None

    def _all(self, kind: str, values: Iterable[object]) -> bytes:
        return _hash(kind, *map(self.digest, values))

    def _function(self, function: FunctionType) -> bytes:
        if not is_own(function.__module__):
            return _hash("function", function.__module__, function.__qualname__)
        cells = [_content(cell) for cell in function.__closure__ or ()]
        return self._said("function", said_by_function(function), (function.__defaults__, function.__kwdefaults__, cells))

    def _class(self, class_: type) -> bytes:
        if not is_own(class_.__module__):
            return _hash("class", class_.__module__, class_.__qualname__)
        return self._said("class", said_by_class(class_), class_.__bases__)

    def _said(self, kind: str, said: Said, more: tuple[Any, ...]) -> bytes:
        return _hash(kind, said.text, self.digest(said.outside), *map(self.digest, more))

    def _module(self, module: torch.nn.Module) -> bytes:
        public = {name: held for name, held in vars(module).items() if not name.startswith("_") and name != "training"}
        children = dict(module.named_children())
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        return self._all("module", (type(module), public, children, dict(own)))

    def _object(self, value: object) -> bytes:
        """Take an object apart as pickle would."""
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:  # noqa: BLE001 - a lock, a file: it is known by its class
            return self._all("object", (type(value),))
        if isinstance(reduced, str):
            return _hash("global", type(value).__module__, reduced)
        make, arguments, *held = reduced
        state, items, pairs = (*held, None, None, None)[:3]
        if isinstance(state, dict):  # what was only worked out from the rest is not there in every process
            state = {name: part for name, part in state.items() if not _is_worked_out(value, name)}
        name = f"{make.__module__}.{make.__qualname__}"
        return _hash("object", name, *map(self.digest, (type(value), arguments, state, list(items or ()), list(pairs or ()))))


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # nothing was put into it yet
        return None


def _is_worked_out(value: object, name: object) -> bool:
    return isinstance(name, str) and isinstance(getattr(type(value), name, None), functools.cached_property)


def _of_bytes(value: Any) -> bytes | None:
    match value:
        case enum.Enum():
            return _hash("enum", type(value).__qualname__, value.name)
        case None | bool() | int() | float() | complex() | str() | bytes() | PurePath() | torch.dtype() | torch.device():
            return _hash(type(value).__name__, repr(value))
        case Tensor():
            return _hash("tensor", str(value.dtype), str(tuple(value.shape)), _bytes_of(value))
        case np.ndarray() if not value.dtype.hasobject:
            return _hash("array", value.dtype.str, str(value.shape), np.ascontiguousarray(value).tobytes())
        case _:
            return None


def _bytes_of(tensor: Tensor) -> bytes:
    plain = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
    return plain.cpu().contiguous().resolve_conj().reshape(-1).view(torch.uint8).numpy().tobytes()


def _hash(*parts: str | bytes) -> bytes:
    """Hash parts with their lengths, so that no two rows of parts read alike."""
    result = blake2b(digest_size=8)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        result.update(len(raw).to_bytes(8, "little"))
        result.update(raw)
    return result.digest()
