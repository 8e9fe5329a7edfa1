"""Writes docs/evidence.md: every claim with its verdicts, from the results of the last full run.

    python -m annealing.reproduce.evidence docs anneal-report/reproduce/result.json

keeps the numbers as docs/evidence.json and writes the page beside them. `make docs-evidence` runs every study first.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.reproduce.catalogue import studies
from annealing.reproduce.claims import CLAIMS, Claim, commands, shown_by
from annealing.reproduce.study import Study

Stored = Mapping[str, Mapping[str, Any]]
"""Results by the name of their study, as `result.json` holds them."""

HEAD = """# Evidence

The glossaries and papers that this project grew from make claims. Each is a row below, with the command that shows it and,
where it can be decided, the verdict of an experiment whose criterion was written before its result. Rates were tuned on other
seeds than those that give the numbers. *Not reproduced at this scale* is a result: the experiments are small, for two cores and
twenty minutes.

This page is written from `evidence.json`, the last full run of each study (`make docs-evidence` runs them all); nothing in it is
written by hand.
"""


def kept(text: str) -> dict[str, Any]:
    """Read a `result.json` and leave out the figures, which a page of words has no use for.

    Raises `ArgumentError` for what is no result of `anneal reproduce`, or of a fast run.
    """
    try:
        results = json.loads(text)["results"]
    except (ValueError, KeyError, TypeError):
        raise ArgumentError("this is no result.json of anneal reproduce: run anneal reproduce --all --out DIR first.") from None
    if fast := [one["name"] for one in results if one["scale"] != "full"]:
        raise ArgumentError(f"{', '.join(fast)} ran in its fast form, which is no evidence: run it again without --fast.")
    for one in results:
        del one["finding"]["figure"]
    return {one["name"]: one for one in results}


def page(stored: Stored, known: Sequence[Study]) -> str:
    """Return the page: the table of claims, then every study with its criterion and its numbers."""
    return "\n".join([HEAD, *_table(stored, known), "", "## The studies", "", *_sections(stored, known)])


def _table(stored: Stored, known: Sequence[Study]) -> Iterator[str]:
    yield "| | what is said | verdict | to see it |"
    yield "|---|---|---|---|"
    for claim in CLAIMS:
        typed = "<br>".join(f"`{command}`" for command in commands(claim, known))
        yield f"| {claim.row} | {claim.says} | {_verdicts(claim, stored, known)} | {typed} |"


def _verdicts(claim: Claim, stored: Stored, known: Sequence[Study]) -> str:
    if claim.instead:
        return claim.instead
    found = [f"[{one.name}](#{one.name}): {_verdict(stored, one)}" for one in shown_by(claim, known)]
    return "<br>".join(found) or "it runs"


def _verdict(stored: Stored, study: Study) -> str:
    return str(stored[study.name]["verdict"]) if study.name in stored else "not run yet"


def _sections(stored: Stored, known: Sequence[Study]) -> Iterator[str]:
    for study in known:
        place = f"../src/annealing/reproduce/{study.name.replace('-', '_')}.py"
        yield f"### {study.name}\n\n**{study.title}.** {study.source}; rows {', '.join(study.shows)}; [code]({place}).\n"
        yield f"Asked beforehand: {study.criterion}\n"
        if study.name not in stored:
            yield "Not run yet.\n"
            continue
        result = stored[study.name]
        yield f"**{result['verdict']}**, on {result['finding']['seeds']}, in {result['seconds']:.0f} s.\n"
        yield "| what was measured | value | 90 % interval | target | met |"
        yield "|---|---|---|---|---|"
        yield from map(_row, result["finding"]["statistics"])
        yield ""
        yield from (f"{note}\n" for note in result["finding"]["notes"])


def _row(one: Mapping[str, Any]) -> str:
    met = {True: "yes", False: "**no**", None: ""}[one["met"]]
    named = f"{one['name']} ({one['detail']})" if one["detail"] else one["name"]
    interval = "" if one["interval"] is None else " to ".join(map(_number, one["interval"]))
    return f"| {named} | {_number(one['value'])} | {interval} | {one['target']} | {met} |"


def _number(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.4g}"


def main(arguments: Sequence[str]) -> None:
    """Write evidence.json and evidence.md into a folder, from one or more result.json.

    What was stored before is kept for studies that were not run again, as long as they still ask for the same.
    """
    folder, *files = map(Path, arguments)
    known = studies()
    before = json.loads((folder / "evidence.json").read_text(encoding="utf-8")) if (folder / "evidence.json").exists() else {}
    new = {name: one for file in files for name, one in kept(file.read_text(encoding="utf-8")).items()}
    found = {**before, **new}
    stored = {study.name: found[study.name] for study in known if found.get(study.name, {}).get("criterion") == study.criterion}
    text = json.dumps(stored, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "evidence.json").write_text(text, encoding="utf-8")
    (folder / "evidence.md").write_text(page(stored, known), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
