"""A loss curve as data: which update, which loss, under which rate; read from logs, written, smoothed."""

from annealing.curves.curve import Curve
from annealing.curves.files import read, write
from annealing.curves.noise import noise
from annealing.curves.smooth import smooth
from annealing.curves.tables import read_csv, read_json_lines, write_csv, write_json_lines
from annealing.curves.tensorboard import read_tensorboard
from annealing.curves.trainer_state import read_trainer_state

__all__ = [
    "Curve",
    "noise",
    "read",
    "read_csv",
    "read_json_lines",
    "read_tensorboard",
    "read_trainer_state",
    "smooth",
    "write",
    "write_csv",
    "write_json_lines",
]
