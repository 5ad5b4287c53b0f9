"""The losses of constant outputs that trials are held against."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

import torch

from keel.engines.pytorch.changes import Plan
from keel.engines.pytorch.columns import Columns
from keel.engines.pytorch.constant import constant_loss, has_least
from keel.engines.pytorch.start import Start


class ConstantLosses:
    """That of a training, and of its trials by what they change of rows and loss; each is found
    once."""

    def __init__(
        self,
        build: Callable[[], torch.nn.Module],
        data: Callable[[int], Any],
        loss: Callable[[Any, Any], Any],
        columns: Columns,
    ) -> None:
        self._build, self._data, self._loss = build, data, loss
        self._own = Plan([], columns)
        self._found: Dict[Any, Optional[float]] = {}
        self._least: Dict[Any, bool] = {}

    def own(self, model: torch.nn.Module, start: Optional[Start]) -> Optional[float]:
        found = constant_loss(model, self._own.usual_batches(self._data), self._loss)
        # What a network has learnt before is held against what it began with.
        return start.initial_loss if found is None and start is not None else found

    def changed(self, plan: Plan) -> Optional[float]:
        """That of a trial whose rows, or whose loss, are others: a row far outside the rest makes
        it large, and a loss beside it small, whatever was learnt. None where they are the same."""
        if not plan.rows and not plan.is_loss_changed:
            return None
        if plan.key not in self._found:
            self._found[plan.key] = constant_loss(
                self._build(), plan.usual_batches(self._data), plan.loss(self._loss)
            )
        return self._found[plan.key]

    def bears(self, plan: Plan) -> bool:
        """Whether the loss of other targets has a least value, where that of its own has."""
        if plan.key not in self._least:
            own, other = (
                has_least(self._build(), next(iter(each.usual_batches(self._data))), self._loss)
                for each in (self._own, plan)
            )
            self._least[plan.key] = other or not own
        return self._least[plan.key]
