"""The files of a study: one page, one picture, every number, the curves of what was judged, and the plan to use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from annealing.core.errors import LengthError
from annealing.core.plan import Plan
from annealing.report import charts
from annealing.report.arms import schedule_cards
from annealing.report.code.optimizers import Made
from annealing.report.curves import at_edge, loss_curves
from annealing.report.files import curves_csv, interrupts_held, write_files
from annealing.report.frame import draw, render
from annealing.report.html import codes, seeds_and_versions
from annealing.report.palette import INK, pens
from annealing.report.results import differences, final_losses, table
from annealing.report.search import cloud, given_up, influences, range_tests, setting_table, tried_table
from annealing.report.tuned_png import tuned_summary
from annealing.report.words import count, duration
from annealing.study.tuned import Tuned


def write_tuned(tuned: Tuned, folder: Path, *, command: str = "") -> tuple[Path, ...]:
    """Write report.html, summary.png, result.json, curves.csv and best.plan into `folder`, each complete or not at all.

    Raises `ArgumentError` when the folder cannot be written to.
    """
    with interrupts_held():
        contents = {
            "report.html": tuned_page(tuned, command=command).encode(),
            "summary.png": tuned_summary(tuned),
            "result.json": (json.dumps(tuned.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(),
            "curves.csv": curves_csv(tuned.confirmed).encode(),
            "best.plan": (winner_text(tuned) + "\n").encode(),
        }
        return write_files(folder, contents)


def winner_text(tuned: Tuned) -> str:
    """Write the plan to use as text; its schedule alone, where that counts in epochs, whose length a study does not hold."""
    plan = plan_to_use(tuned)
    return str(tuned.schedule) if plan is None else str(plan)


def plan_to_use(tuned: Tuned) -> Plan | None:
    """Return the plan to use, where it counts updates."""
    try:
        return tuned.plan
    except LengthError:
        return None


def made_by(tuned: Tuned) -> Made | None:
    """Return the optimizer to use with its hyper-parameters, where it has a name."""
    name = tuned.values.get("optimizer")
    return Made(name, tuned.options) if isinstance(name, str) else None


def tuned_page(tuned: Tuned, *, command: str = "") -> str:
    """Return report.html, which asks the network for nothing.

    Arguments: `command`, what the reader types to get the same numbers again.
    """
    confirmed = tuned.confirmed
    arms = pens((row.name for row in tuned.rows), tuned.best)
    losses, outcome, cards = loss_curves(confirmed), (final_losses(confirmed), differences(confirmed)), schedule_cards(confirmed)
    tried, matters, ranges = cloud(tuned), influences(tuned), range_tests(tuned)
    kinds = pens(line.name for line in tried.lines)
    models: list[Any] = [charts.lines(losses, arms), *(charts.dots(dots, arms) for dots in outcome)]
    models += [charts.small(card, arms) for card in cards]
    models.append(charts.points(tried, kinds, hollow=given_up(tuned)))
    shown: list[Any] = [tried]
    if matters.dots:
        shown.append(matters)
        models.append(charts.dots(matters, pens((dot.name for dot in matters.dots), matters.dots[0].name)))
    for found in ranges:
        shown.append(found)
        models.append(charts.lines(found, pens((line.name for line in found.lines), "whole runs"), markers=True, height=340))
    drawn, scripts = draw((losses, *outcome, *cards, *shown), models)
    plan = plan_to_use(tuned)
    return render(
        "tuned.html",
        title=f"{tuned.task}: what to train it with",
        facts=facts(tuned),
        verdict=tuned.verdict,
        notes=[note for note in (at_edge(confirmed), *tuned.notes) if note],
        best=tuned.best,
        reference=confirmed.reference,
        best_colour=arms[tuned.best].colour if tuned.best in arms else INK,
        colours={name: pen.colour for name, pen in arms.items()},
        scripts=scripts,
        loss=drawn[0],
        outcome=drawn[1:3],
        cards=drawn[3 : 3 + len(cards)],
        search=drawn[3 + len(cards) :],
        table=table(confirmed),
        tried=tried_table(tuned),
        setting=setting_table(tuned),
        words=(1, 5),
        winner=winner_text(tuned),
        codes=codes(plan, made_by(tuned)) if plan is not None else [],
        command=command or f"anneal tune {tuned.task}",
        repeat=seeds_and_versions(confirmed),
    )


def facts(tuned: Tuned) -> str:
    """Say in a line what was trained."""
    whole = sum(not one.cut and not one.diverged for one in tuned.tried)
    tried, runs, judged = (
        count(tuned.settings, "setting"),
        count(len(tuned.tried), "run"),
        count(len(tuned.confirmed.runs), "run"),
    )
    seeds = count(len(tuned.confirmed.evaluation_seeds), "fresh seed")
    return (
        f"{tuned.strategy} search over {tried}, {count(tuned.updates, 'update')} each; {whole} of {runs} "
        f"went to the end, then {judged} on {seeds}; engine {tuned.engine}, {duration(tuned.seconds)} of training"
    )
