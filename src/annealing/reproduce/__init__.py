"""The papers' claims as experiments that anybody can run, each with the criterion written before its result."""

from annealing.reproduce.catalogue import NAMES as NAMES
from annealing.reproduce.catalogue import studies as studies
from annealing.reproduce.catalogue import study as study
from annealing.reproduce.finding import Finding as Finding
from annealing.reproduce.finding import Result as Result
from annealing.reproduce.finding import Statistic as Statistic
from annealing.reproduce.running import reproduce as reproduce
from annealing.reproduce.running import reproduce_all as reproduce_all
from annealing.reproduce.study import Study as Study
