"""The calibration that intervals are made with by default: 155 forecasts of final losses that were checked.

Made by `python benchmarks/forecast.py --calibrate` on the 124M SlimPajama runs of Schaipp et al. 2025 (arXiv:2501.18965) at
peak rates 5e-4 and 1e-3: from five sets of pilots of 25 000 updates, two to ten each, every run of 35 000 and 50 000 updates
that decays.
"""

from __future__ import annotations

from annealing.forecast.calibration import Calibration

# fmt: off
SCORES = (
    0.013, 0.018, 0.054, 0.078, 0.081, 0.083, 0.091, 0.104, 0.106, 0.112, 0.124, 0.128, 0.135, 0.149, 0.162, 0.170,
    0.179, 0.190, 0.209, 0.215, 0.218, 0.219, 0.224, 0.261, 0.297, 0.303, 0.338, 0.364, 0.367, 0.385, 0.385, 0.410,
    0.428, 0.441, 0.442, 0.448, 0.450, 0.454, 0.455, 0.461, 0.483, 0.488, 0.495, 0.513, 0.514, 0.525, 0.546, 0.580,
    0.592, 0.602, 0.605, 0.664, 0.674, 0.680, 0.683, 0.698, 0.700, 0.711, 0.735, 0.741, 0.785, 0.787, 0.789, 0.804,
    0.816, 0.816, 0.824, 0.847, 0.856, 0.868, 0.888, 0.893, 0.901, 0.902, 0.909, 0.920, 0.929, 0.939, 0.942, 0.954,
    0.961, 0.986, 1.012, 1.022, 1.035, 1.040, 1.047, 1.059, 1.066, 1.075, 1.079, 1.107, 1.120, 1.124, 1.134, 1.235,
    1.251, 1.251, 1.255, 1.262, 1.275, 1.297, 1.300, 1.307, 1.308, 1.313, 1.317, 1.318, 1.327, 1.334, 1.365, 1.368,
    1.409, 1.409, 1.416, 1.420, 1.461, 1.481, 1.486, 1.493, 1.504, 1.515, 1.519, 1.538, 1.572, 1.573, 1.588, 1.592,
    1.605, 1.618, 1.624, 1.625, 1.656, 1.685, 1.726, 1.729, 1.753, 1.775, 1.800, 1.816, 1.887, 1.890, 1.985, 2.096,
    2.101, 2.128, 2.169, 2.267, 2.330, 2.747, 2.881, 3.044, 3.381, 3.389, 3.390,
)
# fmt: on

CALIBRATION = Calibration(0.298, SCORES, "155 final losses of 124M SlimPajama runs, Schaipp et al. 2025 (arXiv:2501.18965)")
"""How intervals are made unless a fit is given another calibration."""
