"""Plans in JAX: a plan is an optax schedule as it stands; recipes and controllers become gradient transformations."""

from annealing.optax.checkpoint import load as load
from annealing.optax.checkpoint import save as save
from annealing.optax.control import ControllerState as ControllerState
from annealing.optax.control import scale_by_controller as scale_by_controller
from annealing.optax.recipe import scheduled as scheduled
from annealing.optax.used import Used as Used
from annealing.optax.used import used as used
