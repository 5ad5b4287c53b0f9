"""The scale of a loss in half precision, and whether a loss adds up its rows."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Optional

import torch

from keel.engines.pytorch.measures import values_of
from keel.engines.pytorch.parts import row_count, twice
from keel.engines.pytorch.randomness import random_state, set_random_state

# As torch.amp.GradScaler has them.
_BEGINS, _GROWS_AFTER = 2.0**16, 2000


class LossScale:
    """A factor for the backward pass that is as large as the gradients bear."""

    def __init__(self) -> None:
        self.factor, self.good_steps = _BEGINS, 0

    def take_out(self, named: List[Any]) -> bool:
        """Divides the gradients by it, and says whether all were finite; if not, the step is
        passed over and the factor halved. What is not finite at a factor of 1 is so itself."""
        gradients = [p.grad for _, p in named if p.grad is not None]
        if not gradients:
            return True
        for gradient in gradients:
            gradient.mul_(1 / self.factor)
        is_fine = all(bool(torch.isfinite(values_of(part)).all()) for part in gradients)
        if not is_fine and self.factor > 1:
            self.factor, self.good_steps = self.factor / 2, 0
            return False
        if not is_fine:
            return True
        self.good_steps += 1
        if self.good_steps == _GROWS_AFTER:
            self.factor, self.good_steps = self.factor * 2, 0
        return True


def reduction(
    model: torch.nn.Module, batch: Any, loss: Callable[[Any, Any], Any], place: Optional[int]
) -> Optional[str]:
    """``sum`` where a batch twice over has twice the loss, ``mean`` where it has the same; None
    where it is neither, or cannot be told."""
    count = row_count(batch, place)
    if not count:
        return None
    is_training, random = model.training, random_state()
    model.eval()
    try:
        with torch.no_grad():
            once = float(loss(model, batch))
            set_random_state(random)
            double = float(loss(model, twice(batch, count)))
    except Exception:  # A network of so many rows and no others.
        return None
    finally:
        model.train(is_training)
        set_random_state(random)
    if not (math.isfinite(once) and math.isfinite(double)) or abs(once) < 1e-12:
        return None
    ratio = double / once
    return "sum" if abs(ratio - 2) < 0.02 else "mean" if abs(ratio - 1) < 0.01 else None


def averaged(value: Any, batch: Any, place: Optional[int]) -> Any:
    """A loss that adds up its rows, as their mean."""
    return value / max(1, row_count(batch, place))
