"""What a study looks through: dimensions, spaces, and the candidates that come from them."""

from annealing.study.space.candidate import Candidate as Candidate
from annealing.study.space.candidate import schedule_of as schedule_of
from annealing.study.space.candidate import setting as setting
from annealing.study.space.defaults import baselines_of as baselines_of
from annealing.study.space.defaults import default_space as default_space
from annealing.study.space.dimension import Choice as Choice
from annealing.study.space.dimension import Dimension as Dimension
from annealing.study.space.dimension import Log as Log
from annealing.study.space.dimension import Uniform as Uniform
from annealing.study.space.dimension import Value as Value
from annealing.study.space.dimension import Whole as Whole
from annealing.study.space.fit import check_space as check_space
from annealing.study.space.space import Grid as Grid
from annealing.study.space.space import Space as Space
