"""Plans in Keras: a rate that is saved with the model, and an optimizer whose hyper-parameters follow a recipe."""

from annealing.keras.callback import ScheduleCallback as ScheduleCallback
from annealing.keras.optimizer import Scheduled as Scheduled
from annealing.keras.optimizer import Used as Used
from annealing.keras.schedule import PlanSchedule as PlanSchedule
