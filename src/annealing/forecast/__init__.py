"""Forecast the loss under a schedule that nobody has run, from the curves of a few pilots."""

from annealing.forecast.bound import bound, bound_curve, bound_gradient
from annealing.forecast.calibration import Calibration, Case, calibrate
from annealing.forecast.design import design, design_for_bound
from annealing.forecast.designed import Candidate, Design
from annealing.forecast.fitted import Band, Fit, FittedLaw, Pilot
from annealing.forecast.fitting import fit
from annealing.forecast.forecasting import Forecast, forecast
from annealing.forecast.laws import LAWS

__all__ = [
    "LAWS",
    "Band",
    "Calibration",
    "Candidate",
    "Case",
    "Design",
    "Fit",
    "FittedLaw",
    "Forecast",
    "Pilot",
    "bound",
    "bound_curve",
    "bound_gradient",
    "calibrate",
    "design",
    "design_for_bound",
    "fit",
    "forecast",
]
