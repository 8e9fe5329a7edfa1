"""A study that needs no training, worked on by real processes: run as `python work.py work|kill ADDRESS …`.

What a round holds is a function of the rounds before it, and what becomes of a run is one of its candidate and seed, as in a
real study. So whoever works on it, however often he dies, the end is the same.
"""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import time

import numpy as np

from annealing.study.result import Curve
from annealing.study.store import Ended, NewRun, Point, Record, StoredRun, open_store

ROUNDS, BRACKETS, SIZE, POINTS = 8, 3, 4, 5
NAME, DEFINITION = "shared", {"rounds": ROUNDS}


def next_round(rounds: tuple[tuple[StoredRun, ...], ...]) -> list[NewRun] | None:
    """Rates around the best one so far."""
    if len(rounds) == ROUNDS:
        return None
    done = [run for runs in rounds for run in runs if run.loss is not None and not math.isnan(run.loss)]
    middle = min(done, key=lambda run: (run.loss, run.round, run.place)).candidate["lr"] if done else 1.0
    places = range(BRACKETS * SIZE)
    return [NewRun({"lr": middle * 1.1 ** (place - 5)}, seed=place % 3, role="tuning", bracket=place // SIZE) for place in places]


def outcome(candidate: dict[str, float], seed: int) -> Ended:
    """A curve that goes down, or one that diverges, for high rates."""
    rate = candidate["lr"]
    diverged = rate > 1.5
    update = np.arange(1, POINTS + 1)
    losses = (math.log(rate) + 1) ** 2 + 1 / update + seed / 100
    if diverged:
        losses[-1] = -math.nan
    curve = Curve(update, losses, losses, np.full(POINTS, rate))
    return Ended(curve, float(losses[-1]), {"accuracy": 1 / (1 + rate)}, diverged, seconds=0.0)


def work(address: str, worker: str, pause: float) -> int:
    """Work on the study until it is done; return how many runs were trained here."""
    trained = 0
    with open_store(address) as store:
        record = store.begin(NAME, DEFINITION)
        while True:
            claimed = record.claim(1, worker)
            if not claimed:
                rounds = record.rounds()
                if all(run.done for runs in rounds for run in runs):
                    new = next_round(rounds)
                    if new is None:
                        return trained
                    record.add_round(len(rounds), new)
                else:
                    time.sleep(0.01)
                continue
            ends = {one: outcome(dict(one.candidate), one.seed) for one in claimed}
            for at in range(POINTS):
                time.sleep(pause)
                columns = {one: ends[one].curve for one in claimed}
                record.add_points(
                    {
                        one: [Point(int(c.update[at]), float(c.train_loss[at]), float(c.valid_loss[at]), float(c.rate[at]))]
                        for one, c in columns.items()
                    }
                )
            lost = record.finish(ends)
            trained += len(claimed) - len(lost)


def table(record: Record) -> list[tuple[object, ...]]:
    """Everything a study found, to the last bit."""
    runs, curves = record.runs(), record.curves()
    return [
        (
            run.round,
            run.place,
            tuple(run.candidate.items()),
            run.seed,
            np.float64(run.loss).tobytes(),
            run.diverged,
            run.updates,
            tuple(run.metrics.items()),
            hash(curves[run.id]),
        )
        for run in runs
    ]


def kill(address: str, seed: int, times: int) -> None:
    """Let one process after the other work, and kill each at a random moment; say what it had done by then."""
    moments = random.Random(seed)
    for _ in range(times):
        child = os.fork()
        if child == 0:
            work(address, "mortal", pause=0.03)
            os._exit(0)
        time.sleep(moments.uniform(0.02, 0.3))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with open_store(address) as store:
            states = [run.state for run in store.begin(NAME, DEFINITION).runs()]
        sys.stdout.write(f"{os.WIFSIGNALED(status)} {' '.join(str(states.count(s)) for s in ('waiting', 'claimed', 'done'))}\n")


if __name__ == "__main__":
    what, address, *more = sys.argv[1:]
    if what == "work":
        sys.stdout.write(f"{work(address, more[0], float(more[1]))}\n")
    else:
        kill(address, int(more[0]), int(more[1]))
