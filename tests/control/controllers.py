"""Controllers and observations to try the laws on."""

import math
import operator

from hypothesis import strategies as st

from annealing.control import Controller, EarlyStop, Greedy, Plateau, Spike

WORDS = {
    "factor": st.floats(0.05, 0.95),
    "patience": st.integers(1, 4),
    "cooldown": st.integers(0, 4),
    "mode": st.sampled_from(["min", "max"]),
    "rtol": st.sampled_from([0.0, 1e-4, 0.25]),
    "atol": st.sampled_from([0.0, 0.5]),
}
UNSOUND = st.sampled_from(["bad", "ignore", "compare", "first"])
MARGINS = st.sampled_from(["magnitude", "signed"])

plateaus = st.builds(
    Plateau,
    **WORDS,
    floor=st.floats(0, 1),
    average=st.integers(1, 3),
    skip=st.integers(0, 3),
    nonfinite=UNSOUND,
    margin=MARGINS,
    resting=st.sampled_from(["watch", "ignore"]),
    smallest_cut=st.sampled_from([0.0, 1e-8, 0.1]),
    peak=st.sampled_from([1.0, 3.0]),
)
greedies = st.builds(
    Greedy,
    **WORDS,
    warmup=st.integers(0, 3),
    floor=st.floats(0, 1),
    ceiling=st.floats(3, 20) | st.just(math.inf),
    nonfinite=UNSOUND,
    margin=MARGINS,
    window=st.integers(0, 4),
    restart_after=st.none() | st.integers(1, 3),
    smallest_change=st.sampled_from([0.0, 1e-8, 0.1]),
    peak=st.sampled_from([1.0, 3.0]),
)
spikes = st.builds(
    Spike,
    **{name: WORDS[name] for name in ("factor", "cooldown", "mode", "rtol")},
    threshold=st.floats(0, 10),
    memory=st.integers(2, 30),
    settle=st.integers(0, 10),
    recovery=st.integers(0, 10),
    floor=st.floats(0, 1),
    nonfinite=st.sampled_from(["bad", "ignore"]),
)
early_stops = st.builds(
    EarlyStop,
    **{name: WORDS[name] for name in ("patience", "mode", "rtol", "atol")},
    nonfinite=st.sampled_from(["bad", "ignore", "stop"]),
    margin=MARGINS,
)
singles = plateaus | greedies | spikes
gains: st.SearchStrategy[Controller] = singles | st.builds(
    operator.mul, singles, singles | st.builds(operator.mul, singles, singles)
)
transitions = gains | early_stops

UNFINITE = [math.nan, math.inf, -math.inf]
# A coarse grid, so that plateaus and ties happen, with everything else in between.
grid = st.integers(-64, 64).map(lambda k: k / 16)
close = st.integers(-12, 12).map(lambda k: k / 16)  # steps of the size of a margin
anything = grid | grid | st.sampled_from(UNFINITE) | st.floats()
observations = st.lists(anything, max_size=40) | st.lists(close, min_size=20, max_size=40)
finite_observations = st.lists(grid | st.floats(-1e6, 1e6), max_size=40)

# One of each kind and of each branch in the code, where a strategy would cost too much.
SAMPLES = [
    Plateau(factor=0.5, patience=2),
    Plateau(factor=0.25, patience=1, cooldown=2, floor=0.1, mode="max", atol=0.25, rtol=0.0),
    Plateau(factor=0.5, patience=2, average=3, skip=2, nonfinite="ignore"),
    Plateau(patience=1, cooldown=1, nonfinite="compare", margin="signed", rtol=0.25, smallest_cut=0.01, peak=4.0),
    Plateau(patience=2, cooldown=2, nonfinite="first", resting="ignore"),
    Greedy(factor=0.5, patience=2),
    Greedy(factor=0.5, patience=1, cooldown=1, warmup=2, floor=0.25, ceiling=4.0, restart_after=2, mode="max"),
    Greedy(factor=0.75, patience=2, window=4, nonfinite="ignore"),
    Greedy(factor=0.75, patience=2, window=3, nonfinite="compare", margin="signed", rtol=0.25, smallest_change=0.1, peak=2.0),
    Spike(settle=3, memory=8, cooldown=2, recovery=4),
    Spike(settle=0, mode="max", threshold=2.0, recovery=0, nonfinite="ignore"),
    Plateau(factor=0.5, patience=2) * Spike(settle=3, cooldown=1),
    EarlyStop(patience=3),
    EarlyStop(patience=2, mode="max", nonfinite="stop", atol=0.25),
]
