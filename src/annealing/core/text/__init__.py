"""One language: the Python expression is what prints, what is stored, and what the command line reads."""

from annealing.core.text.envelope import from_json, to_json
from annealing.core.text.read import parse, parse_edit
from annealing.core.text.write import write, write_edit

__all__ = ["from_json", "parse", "parse_edit", "to_json", "write", "write_edit"]
