"""The parameters of a model by name, and patterns that pick some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from glob import escape
from itertools import takewhile
from typing import Any, NamedTuple, TypeAlias

from torch import Tensor
from torch.nn import DataParallel, Module
from torch.nn.parallel import DistributedDataParallel

from annealing.core.errors import KindError

Named: TypeAlias = Module | Iterable[tuple[str, Tensor]]
"""A model, or pairs as its `named_parameters()` gives them."""

# What torch.compile, FSDP and activation checkpointing put into the names of a model that they wrap.
_WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}


class Parameter(NamedTuple):
    """A parameter under its first name; the others are those it is tied under."""

    name: str
    tensor: Tensor
    aliases: tuple[str, ...]


def parameters_of(model: Named) -> list[Parameter]:
    """Return every parameter once, in the model's order, under the names that it has without any wrapper.

    Raises `KindError` for what is neither a model nor named parameters.
    """
    found: dict[int, tuple[Tensor, list[str]]] = {}
    for name, tensor in _named(model):
        found.setdefault(id(tensor), (tensor, []))[1].append(name)
    return [Parameter(names[0], tensor, tuple(names[1:])) for tensor, names in found.values()]


def modules_of(model: Module) -> Iterator[tuple[str, Module]]:
    """Yield every module under the name that it has without any wrapper."""
    for name, module in _inner(model).named_modules():
        yield _plain(name), module


def _named(model: Named) -> Iterator[tuple[str, Tensor]]:
    pairs: Any = _inner(model).named_parameters(remove_duplicate=False) if isinstance(model, Module) else model
    if isinstance(pairs, (str, dict, Tensor)) or not isinstance(pairs, Iterable):
        raise KindError(f"{type(model).__name__} is no model: pass the model, or its named_parameters().")
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], Tensor)):
            raise KindError("recipes know parameters by name: pass the model or model.named_parameters(), not parameters().")
        yield _plain(pair[0]), pair[1]


def _inner(model: Module) -> Module:
    """The model inside the wrappers that put a word of their own before every name."""
    while True:
        if isinstance(model, (DistributedDataParallel, DataParallel)):
            model = model.module
        elif isinstance(compiled := getattr(model, "_orig_mod", None), Module):
            model = compiled
        else:
            return model


def _plain(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def common(names: Sequence[str]) -> str:
    """Return what names have in common, as a pattern of whole words.

    >>> common(["layer.0.attn.bias", "layer.0.mlp.bias"]), common(["head.weight"])
    ('layer.0.*.bias', 'head.weight')
    """
    words = [name.split(".") for name in names]
    shortest = min(map(len, words))
    if len(names) == 1:
        return names[0]
    before = _alike(words, shortest)
    after = _alike([word[::-1] for word in words], shortest - len(before))
    return ".".join([*before, "*", *after[::-1]])


def _alike(words: Sequence[Sequence[str]], most: int) -> list[str]:
    columns = list(zip(*words, strict=False))[:most]
    return [column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns)]


def covering(wanted: Sequence[str], others: Sequence[str], candidates: Callable[[str], Iterator[str]]) -> list[str]:
    """Return few patterns that match every wanted name and none of the others.

    `candidates` are the patterns that may stand for a name, from the broadest to one that matches it alone.
    """
    chosen: list[str] = []
    for name in wanted:
        if not any(fnmatchcase(name, pattern) for pattern in chosen):
            chosen.append(next(p for p in candidates(name) if not any(fnmatchcase(other, p) for other in others)))
    for pattern in list(chosen):
        rest = [other for other in chosen if other != pattern]
        if all(any(fnmatchcase(name, other) for other in rest) for name in wanted):
            chosen = rest
    return chosen


# A layer-wise rate and a decay are often two mappings that are joined into one, so patterns of the two kinds are never the
# same text: those by the beginning end with a "*", or have a bracket where a name has none.


def endings(name: str) -> Iterator[str]:
    """Yield patterns for a name by its end: `*.bias`, `*.norm.bias`, `layers.*.norm.bias`, and at last the name itself.

    >>> list(endings("a.0.b.bias"))
    ['*.bias', '*.b.bias', '*.0.b.bias', 'a.*.b.bias', 'a.0.b.bias']
    """
    words = [escape(word) for word in name.split(".")]
    yield from (".".join(["*", *words[at:]]) for at in range(len(words) - 1, 0, -1))
    if len(words) == 1:
        yield f"*{words[0]}"
    elif any(word.isdigit() for word in words):
        yield ".".join([*("*" if word.isdigit() else word for word in words[:-1]), words[-1]])
    yield ".".join(words)


def beginnings(name: str) -> Iterator[str]:
    """Yield patterns for a name by its beginning: `encoder.*`, `encoder.embed.*`, and at last one for the name alone.

    >>> list(beginnings("a.0.bias"))
    ['a.*', 'a.0.*', 'a.0.bias*', 'a.0.[b]ias']
    """
    *modules, own = (escape(word) for word in name.split("."))
    yield from (".".join([*modules[:at], "*"]) for at in range(1, len(modules) + 1))
    yield ".".join([*modules, f"{own}*"])
    plain = name.rpartition(".")[2]
    yield ".".join([*modules, f"[{plain[0]}]{escape(plain[1:])}"])
