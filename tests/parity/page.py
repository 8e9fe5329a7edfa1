"""Writes docs/same-curve-as.md: what other libraries' schedules are called here, and how far ours are from theirs.

`make docs-tables` runs it (`python -m tests.parity.page`): every example is given to the real library, and the page is written
anew. What does not need a library (names, texts, what is odd) is compared with the catalogue by tests/test_same_curve_as.py.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from itertools import groupby
from pathlib import Path

from annealing import dialects
from annealing.dialects import Dialect
from annealing.glossary import CONTROLLERS, glossary

PAGE = Path(__file__).parents[2] / "docs" / "same-curve-as.md"
APART = Path(sys.prefix) / "peers"

LIBRARIES = {
    "composer": ("Composer", "mosaicml"),
    "deepspeed": ("DeepSpeed", "deepspeed"),
    "fastai": ("fastai", "fastai"),
    "fvcore": ("fvcore", "fvcore"),
    "ignite": ("ignite", "pytorch-ignite"),
    "keras": ("Keras", "keras"),
    "megatron": ("Megatron-LM", "megatron-core"),
    "nanotron": ("nanotron", "nanotron"),
    "olmo_core": ("OLMo-core", "ai2-olmo-core"),
    "optax": ("optax", "optax"),
    "paddle": ("PaddlePaddle", ""),
    "pytorch_warmup": ("pytorch_warmup", "pytorch-warmup"),
    "timm": ("timm", "timm"),
    "torch": ("PyTorch", "torch"),
    "torchtitan": ("torchtitan", "torchtitan"),
    "transformers": ("transformers", "transformers"),
}
"""How each library is called, and the distribution that holds it; none where it cannot be run here."""

HEAD = """# The same curve as …

Every schedule of sixteen libraries, under its own name and with its own parameters. On the left their call, as `anneal show` and
`annealing.dialects.parse` read it; beside it the plan that it is here, in our own words. `lr=` stands for their optimizer.

```python
from annealing import dialects

plan = dialects.parse("torch.OneCycleLR(lr=0.1, total_steps=1000)")  # or dialects.torch.OneCycleLR(lr=0.1, total_steps=1000)
```

**Apart** is the largest difference between their values and ours, as a share of their largest value. It was measured by running
the call on the left in the real library, update by update and, where theirs goes on, past the end; it is rounded up to 1, 2 or 5
times a power of ten, from 1e-15 on, with room for another machine's rounding. Libraries that compute in float32 (optax, Keras,
parts of fastai) come no closer than about 1e-7. *Unverified* means that the library could not be run here: ours is compared with
its formula only.

`make docs-tables` measures and writes this page; the tests measure again (`make parity`) and compare the rest with the catalogue.
"""

_TABLE = "| theirs | ours | apart | odd about theirs |\n| --- | --- | --- | --- |"

METRIC = """## Schedules that follow a metric

They have no curve of their own: they are controllers, whose gain multiplies a plan (`plan(t) * gain`).
`annealing.control.dialects` has them under the names of their libraries; `tests/control` compares them with those libraries,
observation by observation.

| theirs | ours | |
| --- | --- | --- |
"""


@dataclass(frozen=True)
class Figure:
    """What the page says of one schedule: so far apart at most, over so many updates."""

    apart: float
    updates: int


@dataclass(frozen=True)
class Figures:
    """Everything on the page that was measured, and with which versions."""

    rows: Mapping[str, Figure]
    versions: Mapping[str, str]


def rounded_up(difference: float) -> float:
    """Twice a difference, rounded up to 1, 2 or 5 times a power of ten; never below 1e-15.

    >>> rounded_up(0.0), rounded_up(7e-16), rounded_up(9.2e-8)
    (1e-15, 2e-15, 2e-07)
    """
    wanted = max(2 * difference, 1e-15)
    power = math.floor(math.log10(wanted))
    steps = (float(f"{step}e{power + more}") for more in (0, 1) for step in (1, 2, 5))
    return next(step for step in steps if step >= wanted * (1 - 1e-9))


def written(figures: Figures) -> str:
    """The page: what the catalogue says today, with the figures that were measured."""
    parts = [HEAD]
    for library, rows in groupby(dialects.everything(), key=lambda row: row.library):
        title, version = LIBRARIES[library][0], figures.versions.get(library)
        said = f"Measured with {title} {version}." if version else "*Unverified*: compared with the formulas of its source."
        lines = "\n".join(_line(row, figures.rows[row.name]) for row in rows)
        parts.append(f"## {title}\n\n{said}\n\n{_TABLE}\n{lines}\n")
    parts.append(METRIC + "\n".join(_controllers()) + "\n")
    return "\n".join(parts)


def _line(row: Dialect, figure: Figure) -> str:
    mark = "" if row.checked else ", *unverified*"
    apart = f"{figure.apart:.0e}".replace("e-0", "e-")
    plan = dialects.parse(row.example)
    return f"| {_code(row.example)} | {_code(str(plan))} | {apart} over {figure.updates} updates{mark} | {_cell(row.odd)} |"


def _controllers() -> Iterator[str]:
    for entry in glossary("controllers"):
        if "." in entry.name:
            library, _, name = entry.name.partition(".")
            make = getattr(import_module(f"annealing.control.dialects.{library}"), name)
            ours, mark = str(make(**CONTROLLERS[entry.name])), "" if entry.checked else "*unverified*"
            yield f"| {_code(entry.example)} | {_code(ours)} | {mark} |"


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("_", "\\_").replace("*", "\\*")


_ROW = re.compile(r"^\| `(?P<name>\w+\.\w+)\(.* \| (?P<apart>[\d.e-]+) over (?P<updates>\d+) updates", re.MULTILINE)
_VERSION = re.compile(r"^## (?P<title>.+)\n\nMeasured with .* (?P<version>\S+)\.$", re.MULTILINE)


def figures_of(page: str) -> Figures:
    """The figures that stand on a page."""
    names = {title: library for library, (title, _) in LIBRARIES.items()}
    return Figures(
        {found["name"]: Figure(float(found["apart"]), int(found["updates"])) for found in _ROW.finditer(page)},
        {names[found["title"]]: found["version"] for found in _VERSION.finditer(page)},
    )


def versions() -> dict[str, str]:
    """The versions of the libraries that are installed here."""
    found: dict[str, str] = {}
    for library, (_, distribution) in LIBRARIES.items():
        places = [*metadata.distributions(name=distribution), *metadata.distributions(name=distribution, path=[str(APART)])]
        if distribution and places:
            found[library] = places[0].version.partition("+")[0]
    return found


def measured_now() -> Figures:
    """Run every example beside its library."""
    from tests.parity.examples import measured

    rows: dict[str, Figure] = {}
    for row in dialects.everything():
        now = measured(row)
        rows[row.name] = Figure(rounded_up(now.difference), now.updates)
    return Figures(rows, versions())


if __name__ == "__main__":
    PAGE.write_text(written(measured_now()), encoding="utf-8")
