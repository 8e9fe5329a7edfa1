"""How fast a plan is read: one number at a time, and ten million at once beside the formula written by hand.

    python benchmarks/evaluate.py [--count 10000000] [--repeats 7]

Both sides of a ratio are measured in turns in the same process; the table shows medians.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import numpy as np

import annealing as an


def seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def side_by_side(ours: Callable[[], object], theirs: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of two calls, measured in turns so that a busy moment strikes both."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def one_number_at_a_time(repeats: int) -> None:
    plan = (3e-4 * an.chain(an.warmup(2_000), an.hold(), an.cooldown("20%"))).over(100_000)
    updates = list(range(0, 100_000, 10))

    def by_hand(t: int) -> float:
        if t < 2_000:
            return 3e-4 * (t + 1) / 2_001
        return 3e-4 if t < 80_000 else 3e-4 * (1 - math.sqrt((t - 80_000) / 20_000))

    ours, theirs = side_by_side(lambda: [plan(t) for t in updates], lambda: [by_hand(t) for t in updates], repeats * 5)
    per_call = ours / len(updates) * 1e6
    beside = f"{ours / theirs:.1f}x a function written by hand"
    print(f"plan(t), three phases, one int       {per_call:8.2f} µs   ({beside})   target 2 µs")


def many_at_once(count: int, repeats: int) -> None:
    t = np.arange(count)
    warm, cycle = count // 50, count // 100

    def warmup_cosine() -> np.ndarray:
        return np.where(t < warm, (t + 1) / (warm + 1), 0.5 * (1 + np.cos(np.pi * (t - warm) / (count - warm))))

    def cycles() -> np.ndarray:
        return 0.5 * (1 + np.cos(np.pi * ((t % cycle) / cycle)))

    for name, schedule, by_hand in (
        ("warm-up + cosine", an.chain(an.warmup(warm), an.cosine()), warmup_cosine),
        ("100 cosine cycles", an.repeat(an.cosine(), 100), cycles),
    ):
        plan = schedule.over(count)
        largest = float(np.abs(plan(t) - by_hand()).max())
        assert largest < 1e-9, f"{name}: the two sides compute different things ({largest})"
        ours, theirs = side_by_side(lambda p=plan: p(t), by_hand, repeats)
        ratio = f"{ours / theirs:.2f}x"
        print(f"{name:20s} {count:>12,} values {ours:8.3f} s   by hand {theirs:.3f} s   ratio {ratio}   target 1.5x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000_000, help="array length (default: ten million)")
    parser.add_argument("--repeats", type=int, default=7, help="pairs of measurements (default: 7)")
    arguments = parser.parse_args()
    one_number_at_a_time(arguments.repeats)
    many_at_once(arguments.count, arguments.repeats)


if __name__ == "__main__":
    main()
