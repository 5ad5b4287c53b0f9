"""Steps that a gradient scaler leaves out."""

from __future__ import annotations

import math
from typing import List

from keel.loops.hooks import Hooks
from keel.loops.live import Live
from keel.loops.losses import Losses
from keel.loops.norms import Norms


class Skips:
    """Tells steps that a scaler left out from passes that gradients are summed over: it calls no
    step of the optimizer where a gradient is not finite."""

    def __init__(self, hooks: Hooks, norms: Norms, losses: Losses, live: Live) -> None:
        self._hooks, self._norms, self._losses, self._live = hooks, norms, losses, live
        # Gradients are not finite, and not gone either.
        self._is_spoilt = False
        self.count = 0

    def look(self, step: int, is_last: bool = False) -> None:
        """A pass came back, and no step followed it before another began, or the end."""
        if not (self._hooks.came_back and self._hooks.is_scaled):
            return
        size = self._norms.size()
        if size and math.isfinite(size):
            return
        self._losses.given.clear()
        self._is_spoilt = True
        if size == 0 or is_last:
            self.settle(step, self._norms.last_updates())

    def settle(self, step: int, updates: List[float]) -> None:
        """Gradients are finite again: those that were not have been left out."""
        if not self._is_spoilt:
            return
        self.count += 1
        self._is_spoilt = False
        self._live.end_step(updates)
        self._live.say({"step": step, "skipped": "scaler"})

    def note(self) -> None:
        """The optimizer is called, and leaves the step out itself."""
        self.count += 1
        self._is_spoilt = False
