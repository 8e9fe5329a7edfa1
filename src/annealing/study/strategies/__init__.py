"""What chooses settings: strategies, each a pure function of space, seed, budget and history."""

from annealing.study.strategies.grid import GridSearch as GridSearch
from annealing.study.strategies.halving import HalvingSearch as HalvingSearch
from annealing.study.strategies.named import STRATEGIES as STRATEGIES
from annealing.study.strategies.named import strategy_named as strategy_named
from annealing.study.strategies.optuna_search import OptunaSearch as OptunaSearch
from annealing.study.strategies.random import Random as Random
from annealing.study.strategies.randomgrid import RandomGrid as RandomGrid
from annealing.study.strategies.sobol import Sobol as Sobol
from annealing.study.strategies.strategy import Round as Round
from annealing.study.strategies.strategy import Strategy as Strategy
from annealing.study.strategies.strategy import Told as Told
