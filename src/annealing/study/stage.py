"""Train the settings of a comparison, telling how far it has come."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from annealing.study.engines.board import Board
from annealing.study.engines.processes import Engine
from annealing.study.progress import Progress, Report, Running, leaders
from annealing.study.result import Run
from annealing.study.train import Setting


@final
@dataclass(frozen=True)
class Teller:
    """Whom to tell about the progress of a comparison (nobody, if `report` is None)."""

    report: Report | None
    updates: int
    begun: float

    def train(self, engine: Engine, settings: Sequence[Setting], runs: list[Run], later: int = 0) -> None:
        """Train all `settings`, adding each run to `runs` as it ends, so that an interrupt loses none that is complete.

        `later` is how many runs are sure to come after these.
        """
        before = len(runs)
        total = before + len(settings) + later
        for run in engine.train(settings, lambda board: self._tell(settings, board, runs, before, total)):
            runs.append(run)  # noqa: PERF402 - one by one: `extend` would lose them all when it is interrupted

    def _tell(self, settings: Sequence[Setting], board: Board, runs: Sequence[Run], before: int, total: int) -> None:
        if self.report is None:
            return
        stage = settings[0].role
        self.report(
            Progress(
                done_runs=len(runs),
                total_runs=total,
                done_updates=before * self.updates + board.done_in_all(),
                total_updates=(total - len(settings)) * self.updates + sum(int(setting.plan.total) for setting in settings),
                seconds=time.perf_counter() - self.begun,
                stage=stage,
                leaders=leaders(runs, stage),
                running=tuple(_running(settings, board)),
            )
        )


def _running(settings: Sequence[Setting], board: Board) -> list[Running]:
    lines = ((setting, board.done(line), board.loss(line)) for line, setting in enumerate(settings))
    return [Running(s.arm, s.lr, s.seed, done, loss) for s, done, loss in lines if 0 < done < s.plan.total]
