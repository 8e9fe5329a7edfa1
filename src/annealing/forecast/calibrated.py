"""The calibration that intervals are made with by default: 155 forecasts of final losses that were checked.

Made by `python benchmarks/forecast.py --calibrate` on the 124M SlimPajama runs of Schaipp et al. 2025 (arXiv:2501.18965) at
peak rates 5e-4 and 1e-3: from five sets of pilots of 25 000 updates, two to ten each, every run of 35 000 and 50 000 updates
that decays.
"""

from __future__ import annotations

from annealing.forecast.calibration import Calibration

# fmt: off
SCORES = (
    0.012, 0.044, 0.050, 0.057, 0.063, 0.068, 0.069, 0.073, 0.077, 0.091, 0.099, 0.106, 0.135, 0.137, 0.153, 0.177,
    0.183, 0.192, 0.202, 0.211, 0.228, 0.241, 0.247, 0.254, 0.266, 0.289, 0.346, 0.361, 0.368, 0.377, 0.397, 0.406,
    0.429, 0.444, 0.461, 0.467, 0.468, 0.488, 0.499, 0.528, 0.557, 0.569, 0.583, 0.583, 0.593, 0.609, 0.619, 0.636,
    0.640, 0.654, 0.660, 0.673, 0.681, 0.683, 0.707, 0.743, 0.743, 0.754, 0.775, 0.789, 0.792, 0.810, 0.831, 0.836,
    0.878, 0.879, 0.887, 0.898, 0.905, 0.909, 0.912, 0.915, 0.915, 0.920, 0.934, 0.941, 0.947, 0.957, 0.974, 1.009,
    1.010, 1.011, 1.014, 1.015, 1.018, 1.035, 1.039, 1.042, 1.045, 1.063, 1.086, 1.102, 1.131, 1.190, 1.192, 1.226,
    1.263, 1.270, 1.272, 1.288, 1.290, 1.337, 1.344, 1.360, 1.362, 1.365, 1.372, 1.386, 1.387, 1.400, 1.407, 1.423,
    1.430, 1.476, 1.479, 1.482, 1.484, 1.516, 1.529, 1.534, 1.536, 1.541, 1.544, 1.555, 1.565, 1.566, 1.576, 1.609,
    1.627, 1.635, 1.637, 1.646, 1.693, 1.697, 1.711, 1.750, 1.757, 1.800, 1.845, 1.851, 1.896, 1.913, 1.989, 2.122,
    2.156, 2.156, 2.191, 2.348, 2.376, 2.776, 2.852, 3.002, 3.340, 3.405, 3.409,
)
# fmt: on

CALIBRATION = Calibration(0.252, SCORES, "155 final losses of 124M SlimPajama runs, Schaipp et al. 2025 (arXiv:2501.18965)")
"""How intervals are made unless a fit is given another calibration."""
