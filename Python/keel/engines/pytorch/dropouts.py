"""What of a network drops out, and how much."""

from __future__ import annotations

from typing import List, Tuple

import torch


def dropouts(model: torch.nn.Module) -> List[Tuple[torch.nn.Module, str, float]]:
    """Modules that drop out, the attribute that says how much, and how much that is."""
    found = []
    for module in model.modules():
        for name in ("p", "dropout"):
            rate = getattr(module, name, None)
            is_own = "dropout" in type(module).__name__.lower() or name == "dropout"
            if is_own and isinstance(rate, (int, float)) and not isinstance(rate, bool):
                found.append((module, name, float(rate)))
    return [(module, name, rate) for module, name, rate in found if 0 < rate <= 1]
