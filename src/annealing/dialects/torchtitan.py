"""torchtitan's one schedule: a linear warm-up, a stable stretch, a decay.

Read from torchtitan 0.3.0, whose own code the tests run beside it.
"""

# ruff: noqa: N802 - it is their name
from __future__ import annotations

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, fraction, one_of, rate
from annealing.dialects.pieces import Piece, flat, joined, scaled


@dialect(
    "torchtitan.LRSchedulersContainer",
    odd="trained past total_steps the rate goes below its floor (linear, sqrt) or rises again (cosine)",
    example="warmup_steps=20, decay_ratio=0.2, lr=3e-4, training_steps=1000",
)
def LRSchedulersContainer(
    warmup_steps: int = 200,
    total_steps: int | None = None,
    decay_ratio: float | None = None,
    decay_type: str = "linear",
    min_lr_factor: float = 0.0,
    *,
    lr: float = 1.0,
    training_steps: int,
) -> Plan:
    """Rise to `lr`, stay, and fall to `min_lr_factor` of it over the last `decay_ratio` of the run.

    >>> from annealing.dialects import torchtitan
    >>> torchtitan.LRSchedulersContainer(20, decay_ratio=0.2, lr=3e-4, training_steps=1000)
    (3e-4 * chain(warmup(19), hold(781), linear())).over(1000)

    Arguments: `total_steps`, how long the curve is where that is not `training_steps`; `decay_ratio`, without which
    the decay begins right after the warm-up; `decay_type` is "linear", "sqrt" or "cosine". A warm-up that is too long
    is cut to the run, and the decay to what it leaves.
    Odd: update t of the warm-up uses (t + 1)/warmup_steps, so the peak comes one update early and lasts one longer;
    nothing stops the rate at its floor where training goes on past total_steps, and here neither.
    Ours: `lr * wsd(19, "20%", ease="linear")`, which stays where it ended.
    """
    run = count("training_steps", training_steps, 1)
    total = run if total_steps is None else count("total_steps", total_steps, 1)
    warm, floor = min(count("warmup_steps", warmup_steps), total), rate("min_lr_factor", min_lr_factor)
    wanted = total - warm if decay_ratio is None else round(total * fraction("decay_ratio", decay_ratio))
    decay = min(wanted, total - warm)
    ease = one_of("decay_type", decay_type, "linear", "sqrt", "cosine")
    if not decay and run > total + 1:
        raise ArgumentError(
            f"training_steps={run} go on past total_steps={total} without a decay, where theirs fails: decay_ratio=."
        )
    peak, begin, end = max(warm - 1, 0), total - decay, max(run, total)
    pieces = [Piece(0, peak, (-1, 0.0), (peak, 1.0)), flat(peak, begin, 1.0)]
    return scaled(rate("lr", lr), joined([*pieces, *_fall(begin, decay, end, floor, ease)], end)).over(end)


def _fall(begin: int, length: int, run: int, floor: float, ease: str) -> list[Piece]:
    """The decay, and its curve run on past its end where training goes on."""
    if not length or run == begin:
        return [flat(begin, run, 1.0)]
    end = begin + length
    if ease == "cosine":
        turns = range(0, run - begin, length)  # down, up, down …
        high, low = (1.0, floor), (floor, 1.0)
        return [
            Piece(begin + t, begin + t + length, (begin + t, a), (begin + t + length, b), ease)
            for t, (a, b) in zip(turns, [high, low] * len(turns), strict=False)
        ]
    far = (run - begin) / length
    beyond = 1 - (1 - floor) * (far if ease == "linear" else far**0.5)
    return [Piece(begin, run, (begin, 1.0), (run, floor if run == end else beyond), ease)]
