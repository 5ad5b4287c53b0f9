"""The losses that a loop tells of."""

from __future__ import annotations

from typing import Any, List, Optional

import torch


class Losses:
    """Those of the step under way, and those told only after their step."""

    def __init__(self) -> None:
        self.given: List[Any] = []
        self._late: List[Any] = []
        self.are_missing = False
        """Whether the latest step ended without one."""

    def take(self, loss: Any) -> None:
        """Takes one of the step under way."""
        self.given.append(_kept(loss))

    def take_late(self, loss: Any) -> None:
        """Takes one of the step before."""
        self._late.append(_kept(loss))

    @property
    def tensors(self) -> List[torch.Tensor]:
        """Those that are still to be read."""
        return [loss for loss in self.given if isinstance(loss, torch.Tensor)]

    def end_step(self, read: List[float]) -> List[float]:
        """All of the step, with what its tensors were."""
        told = read + [loss for loss in self.given if not isinstance(loss, torch.Tensor)]
        self.given.clear()
        self.are_missing = not told
        return told

    def end_late(self) -> Optional[float]:
        """What was told of the step before."""
        if not self._late:
            return None
        values = [float(loss) for loss in self._late]
        self._late.clear()
        return sum(values) / len(values)


def _kept(loss: Any) -> Any:
    return loss.detach() if isinstance(loss, torch.Tensor) else float(loss)
