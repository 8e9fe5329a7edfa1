"""Other libraries' schedules under their own names, as plans.

`annealing.dialects.torch.OneCycleLR(lr=0.1, total_steps=1000)` has the parameters and defaults of theirs and gives
the very same numbers, written in our phases; `parse` reads such calls from text, `everything` lists them.
"""

from __future__ import annotations

from importlib import import_module, util
from pkgutil import iter_modules
from types import ModuleType

from annealing.dialects.catalogue import DIALECTS, Dialect
from annealing.dialects.read import parse, spoken

__all__ = ["DIALECTS", "Dialect", "everything", "parse", "spoken"]


def everything() -> tuple[Dialect, ...]:
    """Return a row for every dialect there is, library by library.

    >>> from annealing import dialects
    >>> [row.name for row in dialects.everything() if row.library == "keras"][:2]
    ['keras.CosineDecay', 'keras.CosineDecayRestarts']
    """
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return tuple(DIALECTS[name] for name in sorted(DIALECTS))


def __getattr__(name: str) -> ModuleType:
    """Load a library's dialects when they are first asked for: `annealing.dialects.torch`."""
    if name.startswith("_") or util.find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
