"""The two idioms that most recipes want: lower rates for lower layers, and no weight decay on norms and biases.

Both look at a model and answer in patterns, so that the recipe says in its own text what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from torch.nn import GroupNorm, LayerNorm, Module, ModuleList, RMSNorm, Sequential
from torch.nn.modules.batchnorm import _NormBase  # pyright: ignore[reportPrivateUsage] - the base of all batch and instance norms

from annealing.core.checks import number
from annealing.core.errors import ArgumentError, KindError
from annealing.core.families import constant
from annealing.core.schedule import Schedule
from annealing.torch.names import beginnings, covering, endings, modules_of, parameters_of

_NORMS = (_NormBase, LayerNorm, GroupNorm, RMSNorm)


def no_decay(model: Module, *also: type[Module] | str) -> dict[str, dict[str, float]]:
    """Return the groups of a recipe in which norms, biases and every other parameter below two dimensions do not decay.

    >>> import annealing as an, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 1))
    >>> no_decay(model)
    {'*.bias': {'weight_decay': 0.0}, '1.weight': {'weight_decay': 0.0}}
    >>> recipe = an.Recipe(lr=3e-4 * an.cosine(), weight_decay=0.1, groups=no_decay(model))

    What a parameter is, is told by its module and its shape, not only by its name: a norm over two dimensions is a norm, a
    home-made one with a vector of scales is one too. The patterns are as few as this model allows, and match nothing else.

    Arguments: `model`; `also`, kinds of modules (`torch.nn.Embedding`) or patterns whose parameters do not decay either.

    Raises `ArgumentError` when there is no such parameter, or a pattern in `also` matches none.
    """
    kinds = tuple(kind for kind in also if isinstance(kind, type))
    patterns = [pattern for pattern in also if not isinstance(pattern, type)]
    owners = dict(modules_of(model))
    trained = [parameter for parameter in parameters_of(model) if parameter.tensor.requires_grad]
    names = [parameter.name for parameter in trained]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            known = ", ".join(map(repr, names[:3]))
            raise ArgumentError(f"the pattern {pattern!r} matches no parameter that trains: names are such as {known}.")

    def decays(name: str, dimensions: int) -> bool:
        owner, _, own = name.rpartition(".")
        return (
            dimensions >= 2
            and not isinstance(owners.get(owner), (*_NORMS, *kinds))
            and "bias" not in own.split("_")
            and not any(fnmatchcase(name, pattern) for pattern in patterns)
        )

    decayed = [parameter.name for parameter in trained if decays(parameter.name, parameter.tensor.ndim)]
    spared = [name for name in names if name not in set(decayed)]
    if not spared:
        raise ArgumentError("every parameter of this model is a weight that decays: leave no_decay(model) out.")
    return {pattern: {"weight_decay": 0.0} for pattern in covering(spared, decayed, endings)}


def layerwise(lr: Schedule | float, layers: Module | Sequence[str], *, decay: float) -> dict[str, dict[str, Schedule]]:
    """Return the groups of a recipe in which each layer's rate is `decay` times that of the layer above it.

    >>> import annealing as an
    >>> lr = 3e-4 * an.chain(an.warmup(100), an.cosine())
    >>> recipe = an.Recipe(lr=lr, groups=layerwise(lr, ["embed.*", "blocks.0.*", "blocks.1.*", "head.*"], decay=0.5))
    >>> {name: plans["lr"] for name, plans in recipe.over(1_000)(100).items()}
    {'*': 0.0003, 'embed.*': 3.75e-05, 'blocks.0.*': 7.5e-05, 'blocks.1.*': 0.00015, 'head.*': 0.0003}

    Arguments: `lr`, the schedule of the last layer; `layers`, patterns from the input to the output, or the model: then a
    layer is each block of its one stack of equal blocks, with what is registered before the stack (embeddings) as the first
    layer and what comes after it (the head) as the last one; a model without a stack has its children as layers.
    `decay`, above 0 and at most 1; usually 0.65 to 0.9.

    Raises `ArgumentError` where a model has several stacks, or a decay is out of range. Clark et al. 2020 (ELECTRA) and
    Bao et al. 2021 (BEiT) train so.
    """
    factor = number("decay", decay)
    if not 0 < factor <= 1:
        raise ArgumentError(f"decay={factor:g} must be above 0 and at most 1: write 0.8 for 20 % less with every layer down.")
    if isinstance(layers, str) or not isinstance(layers, (Module, Sequence)):
        raise KindError(f"layers={layers!r} is neither a model nor patterns: write ['embed.*', 'blocks.0.*', 'head.*'].")
    rate = lr if isinstance(lr, Schedule) else constant(number("lr", lr))
    floors = _layers(layers) if isinstance(layers, Module) else [[str(pattern)] for pattern in layers]
    below = range(len(floors) - 1, -1, -1)
    return {
        pattern: {"lr": factor**depth * rate if depth else rate}
        for depth, patterns in zip(below, floors, strict=True)
        for pattern in patterns
    }


def _layers(model: Module) -> list[list[str]]:
    """The patterns of each layer, from the input to the output; a layer that is all frozen has none, but counts."""
    parameters = parameters_of(model)
    names = [parameter.name for parameter in parameters]
    blocks = _blocks(model)
    inside = [next((i for i, block in enumerate(blocks) if name.startswith(f"{block}.")), -1) for name in names]
    first = next((at for at, block in enumerate(inside) if block >= 0), 0)
    depths = [block if block >= 0 else (-1 if at < first else len(blocks)) for at, block in enumerate(inside)]
    trained = [parameter.tensor.requires_grad for parameter in parameters]

    def patterns(depth: int) -> list[str]:
        own = [name for name, d, free in zip(names, depths, trained, strict=True) if d == depth and free]
        others = [name for name, d in zip(names, depths, strict=True) if d != depth]
        return covering(own, others, beginnings)

    return [patterns(depth) for depth in sorted(set(depths))]


def _blocks(model: Module) -> list[str]:
    """The names of the blocks of a model's one stack, or of its children where it has none."""
    stacks = list(_stacks(model))
    if len(stacks) > 1:
        listed = " and ".join(f"{name or 'the model itself'} ({len(blocks)})" for name, blocks in stacks[:3])
        raise ArgumentError(
            f"this model has {len(stacks)} stacks of layers, {listed}, and only you know their order: "
            "write the patterns from the input to the output, [f'encoder.{i}.*' for i in range(12)] + ['head.*']."
        )
    if stacks:
        return stacks[0][1]
    children = [name for name, module in modules_of(model) if name and "." not in name and _trains(module)]
    if len(children) < 2:
        raise ArgumentError(
            "this model has no stack of layers: write patterns from the input to the output, ['embed.*', 'head.*']."
        )
    return children


def _stacks(model: Module) -> Iterator[tuple[str, list[str]]]:
    """Every list of two or more modules of one kind that is not inside another such list."""
    seen: list[str] = []
    for name, module in modules_of(model):
        children = dict(module.named_children())
        alike = isinstance(module, (ModuleList, Sequential)) and len({type(child) for child in children.values()}) == 1
        if alike and len(children) > 1 and all(map(_trains, children.values())) and not any(_within(name, s) for s in seen):
            seen.append(name)
            yield name, [f"{name}.{child}" if name else child for child in children]


def _within(name: str, stack: str) -> bool:
    return not stack or name.startswith(f"{stack}.")


def _trains(module: Module) -> bool:
    return next(module.parameters(), None) is not None
