"""The schedules of libraries whose other parts need more than a schedule does, loaded without those parts."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from tests.conftest import require


def timm_schedulers() -> ModuleType:
    """`timm.scheduler`: `import timm` asks for torchvision, of which there is no CPU build."""
    places = _places("timm")
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "timm"}
    stub = ModuleType("timm")
    stub.__path__ = places
    sys.modules["timm"] = stub
    try:
        return importlib.import_module("timm.scheduler")
    finally:  # whoever imports timm later gets the real one
        for name in [name for name in sys.modules if name.partition(".")[0] == "timm"]:
            del sys.modules[name]
        sys.modules.update(before)


def fvcore_schedulers() -> ModuleType:
    """`fvcore.common.param_scheduler`: the package around it asks for iopath and yacs."""
    path = Path(_places("fvcore")[0]) / "common" / "param_scheduler.py"
    spec = importlib.util.spec_from_file_location("fvcore_param_scheduler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _places(name: str) -> list[str]:
    """Where a package lies. Where there is none the test is skipped, saying so; in CI it fails."""
    found = importlib.util.find_spec(name)
    if found is None:
        require(name)
    assert found is not None
    return list(found.submodule_search_locations or [])
