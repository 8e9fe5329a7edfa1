"""torch's operations on lists of tensors, which its own optimizers use: one call for all parameters instead of one for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def _on_lists(name: str) -> Callable[..., list[torch.Tensor]]:
    operation: Any = getattr(torch, f"_foreach_{name}")  # they have no public name
    return operation


add_ = _on_lists("add_")
addcmul = _on_lists("addcmul")
addcmul_ = _on_lists("addcmul_")
copy_ = _on_lists("copy_")
div = _on_lists("div")
div_ = _on_lists("div_")
lerp_ = _on_lists("lerp_")
maximum_ = _on_lists("maximum_")
mul = _on_lists("mul")
mul_ = _on_lists("mul_")
sqrt = _on_lists("sqrt")
sub = _on_lists("sub")
