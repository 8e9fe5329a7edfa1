"""Own the learning rate for its whole life: describe a schedule once, run it anywhere, compare it honestly."""

from math import inf as inf

from annealing.core.check_rate import check_rate as check_rate
from annealing.core.combine import maximum as maximum
from annealing.core.combine import minimum as minimum
from annealing.core.errors import AnnealingError as AnnealingError
from annealing.core.families import constant as constant
from annealing.core.families import inverse_sqrt as inverse_sqrt
from annealing.core.families import onecycle as onecycle
from annealing.core.families import sgdr as sgdr
from annealing.core.families import step as step
from annealing.core.families import trapezoid as trapezoid
from annealing.core.families import triangular as triangular
from annealing.core.families import wsd as wsd
from annealing.core.horizon import Horizon as Horizon
from annealing.core.journal import Branch as Branch
from annealing.core.journal import Stretch as Stretch
from annealing.core.length import Length as Length
from annealing.core.phases import chain as chain
from annealing.core.phases import cooldown as cooldown
from annealing.core.phases import cosine as cosine
from annealing.core.phases import exponential as exponential
from annealing.core.phases import geometric as geometric
from annealing.core.phases import hold as hold
from annealing.core.phases import inverse_time as inverse_time
from annealing.core.phases import jump as jump
from annealing.core.phases import lasting as lasting
from annealing.core.phases import linear as linear
from annealing.core.phases import polynomial as polynomial
from annealing.core.phases import power as power
from annealing.core.phases import repeat as repeat
from annealing.core.phases import stairs as stairs
from annealing.core.phases import table as table
from annealing.core.phases import warmup as warmup
from annealing.core.plan import Plan as Plan
from annealing.core.recipe import Recipe as Recipe
from annealing.core.recipe import RecipePlan as RecipePlan
from annealing.core.schedule import Schedule as Schedule
from annealing.core.split import split as split
from annealing.core.text import from_json as from_json
from annealing.core.text import parse as parse
from annealing.core.text import to_json as to_json

__version__ = "0.1.0"
