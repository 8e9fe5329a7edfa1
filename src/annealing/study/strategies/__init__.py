"""What chooses settings: strategies, each a pure function of space, seed, budget and history."""

from annealing.study.strategies.random import Random as Random
from annealing.study.strategies.strategy import Round as Round
from annealing.study.strategies.strategy import Strategy as Strategy
from annealing.study.strategies.strategy import Told as Told
