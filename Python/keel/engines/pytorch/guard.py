"""Which steps are passed over where bad ones are to change nothing."""

from __future__ import annotations

import math
from typing import List


class Guard:
    """Says which steps are passed over: not finite, or with a gradient far above the usual."""

    def __init__(self) -> None:
        self._decades: List[float] = []

    def admits(self, loss: float, norm: float) -> bool:
        if not (math.isfinite(loss) and math.isfinite(norm)):
            return False
        value = math.log10(max(norm, 1e-45))
        if len(self._decades) >= 16:
            ordered = sorted(self._decades)
            median = ordered[len(ordered) // 2]
            mad = sorted(abs(d - median) for d in ordered)[len(ordered) // 2]
            if value > median + 10 * max(1.4826 * mad, 0.03):
                return False
        self._decades = (self._decades + [value])[-64:]
        return True
