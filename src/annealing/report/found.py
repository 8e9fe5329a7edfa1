"""A found rate in words, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annealing.report.figures import Table
from annealing.report.words import count, duration, number


def table(found: Mapping[str, Any]) -> Table:
    """Write the numbers of a search, those that `Found.to_dict()` gives, as what they are and what they say."""
    scan, low_high = found["scan"], found["interval"]
    edge = found["edge_of_divergence"]
    sure = found["confidence"] + (f": {found['reason']}" if found["reason"] else "")
    updates = count(found["updates"], "update")
    rows = [
        ("rate", number(found["rate"], 3)),
        ("within 10 %", "–" if low_high is None else f"{number(low_high[0], 3)} to {number(low_high[1], 3)}"),
        ("edge of divergence", f"none up to {number(scan['rates'][-1], 2)}" if edge is None else number(edge, 2)),
        ("confidence", sure),
        ("final loss", number(dict(zip(found["runs"]["rates"], found["runs"]["losses"], strict=True)).get(found["rate"]))),
        ("cost", f"{number(found['cost'], 2)} whole runs of {updates}, {duration(found['seconds'])}"),
        ("for", f"{found['task']}, {found['optimizer']}, {found['schedule']}, seed {found['seed']}"),
    ]
    return Table(("", ""), tuple(rows))
