"""One self-contained page: every figure, the table, the winner as text and as code. It asks the network for nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.report import charts
from annealing.report.arms import plan_of, schedule_cards
from annealing.report.code import TARGETS, code
from annealing.report.code.optimizers import Made
from annealing.report.curves import at_edge, loss_curves, rate_grid
from annealing.report.frame import draw, made_with, render
from annealing.report.palette import INK, pens
from annealing.report.results import differences, final_losses, table
from annealing.report.words import count, duration, number
from annealing.study.result import Comparison, Row


def page(comparison: Comparison, *, command: str = "") -> str:
    """Return report.html of a comparison.

    Arguments: `command`, what the reader types to get the same numbers again.
    """
    drawn_with = pens((row.name for row in comparison.rows), comparison.best)
    losses, outcome = loss_curves(comparison), (final_losses(comparison), differences(comparison))
    cards, grid = schedule_cards(comparison), rate_grid(comparison)
    figures = (losses, *outcome, *cards, *([grid] if grid else []))
    models: list[Any] = [charts.lines(losses, drawn_with), *(charts.dots(dots, drawn_with) for dots in outcome)]
    models += [charts.small(card, drawn_with) for card in cards]
    models += [charts.lines(grid, drawn_with, markers=True, height=400)] if grid else []
    drawn, scripts = draw(figures, models)
    winner = next((row for row in comparison.rows if row.name == comparison.best), None)
    plan = plan_of(winner, comparison.updates) if winner else None
    return render(
        "page.html",
        title=f"{comparison.task}: {count(len(comparison.rows), 'schedule')} compared",
        facts=_facts(comparison),
        verdict=comparison.verdict,
        notes=_notes(comparison),
        best=comparison.best,
        reference=comparison.reference,
        best_colour=drawn_with[comparison.best].colour if comparison.best in drawn_with else INK,
        colours={name: pen.colour for name, pen in drawn_with.items()},
        scripts=scripts,
        loss=drawn[0],
        outcome=drawn[1:3],
        cards=drawn[3 : 3 + len(comparison.rows)],
        grid=drawn[-1] if grid else None,
        table=table(comparison),
        words=(1, 5),
        winner=_winner(winner, plan),
        codes=codes(plan) if plan is not None else [],
        command=command or f"anneal compare {comparison.task}",
        repeat=seeds_and_versions(comparison),
    )


def _winner(row: Row | None, plan: Plan | None) -> str:
    if plan is not None:
        return str(plan)
    return "" if row is None else f"{number(row.lr)} * {row.schedule}"  # it counts in epochs: no plan without the data


def codes(plan: Plan, made: Made | None = None) -> list[tuple[str, str, str]]:
    """Return the plan as code for every framework that can hold it, with the optimizer where it is known."""
    found: list[tuple[str, str, str]] = []
    for target, label in TARGETS.items():
        with suppress(ArgumentError):
            found.append((target, label, code(plan, target, made=made)))
    return found


def _facts(comparison: Comparison) -> str:
    trained = f"{count(len(comparison.runs), 'run')} in {duration(comparison.seconds)}"
    return f"optimizer {comparison.optimizer}, {count(comparison.updates, 'update')} per run, {trained}"


def _notes(comparison: Comparison) -> list[str]:
    notes = [at_edge(comparison)]
    if comparison.interrupted:
        notes.append("This comparison was interrupted: only the runs that were complete by then are counted.")
    return [note for note in notes if note]


def seeds_and_versions(comparison: Comparison) -> str:
    """Say from which seeds and with which versions the numbers come."""
    tuning, evaluation = (
        ", ".join(map(str, seeds)) or "none" for seeds in (comparison.tuning_seeds, comparison.evaluation_seeds)
    )
    seeds = f"Seeds: {tuning} to choose the rates, {evaluation} for every number shown."
    return f"{seeds} {made_with()}"
