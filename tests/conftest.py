"""What every test stands on: one thread, no network, no window, and a part that is missing is never passed over in silence."""

import importlib
import os
import shutil
import sys
from types import ModuleType
from typing import NoReturn

# Read once, when a library loads: so they are set before any test imports one. Workers that the tests start inherit them.
os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    MKL_CBWR="AUTO,STRICT",  # as workers have it
    JAX_PLATFORMS="cpu",
    KERAS_BACKEND=os.environ.get("ANNEALING_KERAS_BACKEND", "jax"),  # tests/keras_adapter runs itself on the other one, too
    HF_HUB_OFFLINE="1",
    MPLBACKEND="agg",
    TOKENIZERS_PARALLELISM="false",
)

import pytest
from hypothesis import HealthCheck, settings

if "torch" in sys.modules:  # a plugin was quicker than the lines above
    sys.modules["torch"].set_num_threads(1)

CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}

# No deadline and no complaint about slow data: two workers share two cores. In CI the examples are the same every time.
settings.register_profile("here", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, max_examples=100)
settings.register_profile("thorough", settings.get_profile("here"), max_examples=2000)  # pytest --hypothesis-profile=thorough
settings.load_profile("ci" if CI else "here")


def require(name: str) -> ModuleType:
    """The library of that name. Where it is not installed the test is skipped, saying so; in CI it fails.

    Works at the top of a test file (`torch = require("torch")`) and inside a test.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name.partition(".")[0]:
            raise  # it is installed and broken
        _missing(f"{name} is not installed: make test, or pip install -c constraints.txt -e '.[dev]'")


def require_program(name: str) -> str:
    """The path of a program such as `chromium`. Where there is none the test is skipped, saying so; in CI it fails."""
    return shutil.which(name) or _missing(f"there is no program {name} on the PATH: on Debian, apt-get install {name}")


def _missing(what: str) -> NoReturn:
    if CI:
        pytest.fail(what, pytrace=False)
    pytest.skip(what, allow_module_level=True)
