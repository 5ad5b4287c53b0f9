"""A closer look at a step in which something is not finite: what was so first."""

from __future__ import annotations

import math
from typing import List, Optional

import torch

from keel.engines.protocol import JSON
from keel.engines.pytorch.offender import offending_gradient, offending_parameter
from keel.loops.first import First
from keel.loops.hooks import Hooks
from keel.loops.norms import Reading


class Alarm:
    """Finds the first thing that is not finite, once something is known to be so."""

    def __init__(self, model: torch.nn.Module, hooks: Hooks, names: List[str]) -> None:
        self._model, self._hooks, self._names = model, hooks, names

    def in_step(
        self, step: int, reading: Reading, losses: List[float], norm: float, is_taken: bool
    ) -> Optional[First]:
        """What a step's numbers tell of. None where only the squares of weights are too large for
        a float. ``is_taken`` says that the step was taken before it was read."""
        # What is bad in a step that is taken it may have made itself.
        before = None if is_taken else self.after_step(step - 1)
        if before is not None:
            return before
        offender = self._hooks.first_forward()
        if offender is None and not all(math.isfinite(v) for v in losses):
            kind = "invalid" if any(math.isnan(v) for v in losses) else "overflow"
            offender = {"module": "loss", "pass": "forward", "kind": kind}
        if offender is None:
            offender = self._backward(reading)
        if offender is None:
            offender = offending_parameter(self._model)
        if offender is None and not math.isfinite(norm):  # Gradients that were set since.
            offender = {"module": "loss", "pass": "backward", "kind": "invalid"}
        return _first(offender, step) if offender is not None else None

    def _backward(self, reading: Reading) -> Optional[JSON]:
        bad = {
            self._names[place] for place, value in zip(reading.places, reading.gradients)
            if not math.isfinite(value)
        }
        if not bad:
            return None
        return self._hooks.first_backward() or offending_gradient(
            self._model, self._hooks.order(), bad
        )

    def in_pass(self, step: int, losses: List[torch.Tensor]) -> Optional[First]:
        """What a pass that no step followed tells of; ``step`` would have been the next."""
        is_bad = not all(bool(torch.isfinite(loss).all()) for loss in losses)
        if not is_bad and (losses or not self._hooks.is_output_bad()):
            return None
        offender = self._hooks.first_forward() or {
            "module": "loss", "pass": "forward", "kind": "invalid"
        }
        return self.after_step(step - 1) or _first(offender, step)

    def after_step(self, step: int) -> Optional[First]:
        """The parameter that a step's update made so."""
        offender = offending_parameter(self._model)
        return _first(offender, step) if offender is not None else None


def _first(offender: JSON, step: int) -> First:
    return First(offender["module"], offender["pass"], offender["kind"], step)
