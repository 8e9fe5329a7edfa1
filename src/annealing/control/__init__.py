"""Feedback: controllers that turn observations of a metric into a gain, `plan(t) * gain`."""

from annealing.control import dialects
from annealing.control.early_stop import EarlyStop, EarlyStopState
from annealing.control.fold import fold
from annealing.control.greedy import Greedy, GreedyState
from annealing.control.plateau import Plateau, PlateauState
from annealing.control.product import Product, ProductState
from annealing.control.protocol import Controller, Transition
from annealing.control.read import parse
from annealing.control.spike import Spike, SpikeState
from annealing.control.state import saved_controller, state_from_json, state_to_json

__all__ = [
    "Controller",
    "EarlyStop",
    "EarlyStopState",
    "Greedy",
    "GreedyState",
    "Plateau",
    "PlateauState",
    "Product",
    "ProductState",
    "Spike",
    "SpikeState",
    "Transition",
    "dialects",
    "fold",
    "parse",
    "saved_controller",
    "state_from_json",
    "state_to_json",
]
