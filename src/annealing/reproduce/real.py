"""Real loss curves beside the studies, where somebody has a folder of them: numbers that are noted and decide nothing.

The folder holds `index.json`, a list of runs, and `GROUP/RUN.csv` with the columns step, lr and loss. Of each run the index says
its `group` and `run`, `total` updates, `warmup`, `kind`, and where they apply `role` ("pilot" for those to fit), `decay`,
`cooldown_fraction`, and `final_full_val`, the loss on the whole validation data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from annealing.core.errors import ArgumentError
from annealing.curves import Curve
from annealing.forecast import fit
from annealing.reproduce.finding import Statistic, noted

Index = Sequence[Mapping[str, Any]]


def index_of(folder: Path) -> Index:
    """Read the index of a folder of real curves.

    Raises `ArgumentError` where there is none.
    """
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ArgumentError(
            f"{folder} holds no index.json of real curves: name a folder that does, or leave --data out."
        ) from None
    return index


def panel(study: str, folder: Path) -> tuple[Statistic, ...]:
    """Return what the real curves say about a study; nothing for studies that they cannot say anything about.

    Raises `ArgumentError` where the folder holds no index of real curves.
    """
    index = index_of(folder)
    return PANELS[study](folder, index) if study in PANELS else ()


def _by_law(law: str) -> Callable[[Path, Index], tuple[Statistic, ...]]:
    """Forecast the runs of every group that has pilots; the mean relative error is beside that of the law blind to rates."""

    def told(folder: Path, index: Index) -> tuple[Statistic, ...]:
        groups = dict.fromkeys(facts["group"] for facts in index if facts.get("role") == "pilot")
        found: list[Statistic] = []
        for group in groups:
            runs = [(facts, _curve(folder, facts)) for facts in index if facts["group"] == group]
            pilots = [curve for facts, curve in runs if facts["role"] == "pilot"]
            others = [curve for facts, curve in runs if facts["role"] != "pilot"]
            own, blind = (_error(fit(pilots, law=name), others) for name in (law, "rate-blind"))
            name = f"real curves, {group}: relative error on {len(others)} runs that it was not fitted to"
            found.append(noted(name, own, detail=f"rate-blind {blind:.3g}; asked of such curves: below 0.0035 and half of that"))
        return tuple(found)

    return told


def _cooldowns(folder: Path, index: Index) -> tuple[Statistic, ...]:
    """The final loss after both shapes of a cooldown, in every cell that has both."""
    final = {
        (facts["group"], facts["total"], facts.get("cooldown_fraction"), facts.get("decay")): facts["final_full_val"]
        for facts in index
        if facts["kind"] == "wsd" and "final_full_val" in facts and "rep" not in facts["run"]
    }
    cells = [key[:3] for key in final if key[3] == "sqrt" and (*key[:3], "linear") in final]
    gains = [final[*cell, "linear"] - final[*cell, "sqrt"] for cell in cells]
    return (
        noted(f"real curves: of {len(cells)} cells, those in which 1 − √ ends lower", float(sum(gain > 0 for gain in gains))),
    )


def _ends(folder: Path, index: Index) -> tuple[Statistic, ...]:
    """What a cosine to a tenth loses to a cosine to zero, by group and length."""
    final = {
        (facts["group"], facts["total"], facts.get("end_fraction") == 0.1): facts["final_full_val"]
        for facts in index
        if facts["kind"] == "cos" and "final_full_val" in facts and "rep" not in facts["run"]
    }
    return tuple(
        noted(f"real curves, {group}, {total} updates: cosine to a tenth − cosine to zero", loss - final[group, total, False])
        for (group, total, tenth), loss in sorted(final.items())
        if tenth and (group, total, False) in final
    )


PANELS: dict[str, Callable[[Path, Index], tuple[Statistic, ...]]] = {
    "tissue": _by_law("momentum"),
    "luo": _by_law("multi-power"),
    "haegele": _cooldowns,
    "bergsma": _ends,
}


def _curve(folder: Path, facts: Mapping[str, Any]) -> Curve:
    """Read a curve; between logged updates the rate is a straight line, and so is the warm-up."""
    rows = np.genfromtxt(folder / facts["group"] / f"{facts['run']}.csv", delimiter=",", skip_header=1)
    update, rate, loss = rows.T
    every = np.interp(np.arange(facts["total"]), [0, *update], [0.0, *rate])
    return Curve(update, loss, every, facts["run"])


def _error(forecast: Any, runs: Sequence[Curve]) -> float:
    errors = [np.abs(forecast.predict(run.rates, at=run.updates) / run.losses - 1).mean() for run in runs]
    return float(np.mean(errors))
