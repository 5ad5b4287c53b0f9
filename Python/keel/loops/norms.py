"""How large gradients, weights and updates are: every number of a step in one transfer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

import torch
from torch._utils import _flatten_dense_tensors

from keel.loops.samples import Samples

# Of a network so small, in single precision, every weight is looked at in every step.
_SMALL = 65_536
_FULL, _STRIDED = {torch.float32, torch.float64}, {torch.strided}


@dataclass
class Reading:
    """The numbers of a step: one for each parameter, gradients only for those at ``places``."""

    losses: List[float]
    places: List[int]
    gradients: List[float]
    weights: List[float] = field(default_factory=list)
    """None where they were not measured."""
    updates: List[float] = field(default_factory=list)
    """What the step before changed, for its weights; none where that is not known."""
    total: float = 0.0
    """Not finite where a weight that was looked at is not."""

    @property
    def norm(self) -> float:
        """The norm of all gradients."""
        return math.hypot(*self.gradients)

    @property
    def is_finite(self) -> bool:
        """Whether every loss, gradient and weight is."""
        return math.isfinite(
            sum(self.losses) + sum(self.gradients) + sum(self.weights) + self.total
        )


class Norms:
    """Measures the parameters of a network; nothing waits for a device before ``read``."""

    def __init__(self, parameters: List[Any]) -> None:
        self.parameters = parameters
        self._all = list(range(len(parameters)))
        self._is_small = 0 < sum(p.numel() for p in parameters) <= _SMALL and (
            {p.dtype for p in parameters} <= _FULL and len({p.device for p in parameters}) == 1
        )
        self._is_on_cpu = all(p.device.type == "cpu" for p in parameters)
        self._gradients: Optional[Tuple[List[int], List[torch.Tensor]]] = None
        self._addresses: List[int] = []
        self._samples: Optional[Samples] = None
        # Of the reading before, where that was whole.
        self._weights: List[float] = []

    def gradients(self) -> None:
        """Measures the gradients as they are now: before somebody clips them."""
        found = [p.grad for p in self.parameters]
        places = self._all
        if any(g is None for g in found):
            places = [i for i, g in enumerate(found) if g is not None]
            found = [g for g in found if g is not None]
        self._gradients = places, _norms(found)

    def read(
        self, losses: List[torch.Tensor], scale: Optional[torch.Tensor] = None,
        is_whole: bool = True,
    ) -> Reading:
        """Losses and gradients; the update since the reading before, where that was whole; and all
        weights where this one is. ``scale`` is what gradients were multiplied by."""
        if self._gradients is None:
            self.gradients()
        assert self._gradients is not None
        (places, gradients), self._gradients = self._gradients, None
        numbers = [_number(loss) for loss in losses] + gradients
        second, third = len(losses), len(numbers)
        if scale is not None:
            numbers.append(scale.detach().float().reshape(()))
        fourth = len(numbers)
        if is_whole or self._is_small:
            with torch.no_grad():
                numbers += _norms(self.parameters) if is_whole else [self._sum()]
        before = self._weights
        values, updates = self._transfer(numbers, self._changes())
        reading = Reading(
            values[:second], places, values[second:third], total=sum(values[fourth:]),
            updates=[u / max(w, 1e-30) for u, w in zip(updates, before)],
        )
        if scale is not None:
            reading.gradients = [v / values[third] for v in reading.gradients]
        if is_whole:
            reading.weights = values[fourth:]
            self._keep(reading.weights)
        return reading

    @torch.no_grad()
    def complete(self, reading: Reading) -> None:
        """Measures the weights of a reading that was not whole."""
        if not reading.weights:
            reading.weights, _ = self._transfer(_norms(self.parameters), None)
            self._keep(reading.weights)

    def exact_norm(self) -> float:
        """The norm of all gradients where the square of one of them is too large for a float."""
        found = [_dense(p.grad).double() for p in self.parameters if p.grad is not None]
        return math.sqrt(sum(float(g.abs().square().sum()) for g in found))

    def size(self) -> float:
        """The norm of all gradients as they are now; 0 where there are none."""
        found = [p.grad for p in self.parameters if p.grad is not None]
        return math.hypot(*self._transfer(_norms(found), None)[0])

    def last_updates(self) -> List[float]:
        """What the latest step changed, after it, where the reading before it was whole."""
        before = self._weights
        _, updates = self._transfer([], self._changes())
        return [u / max(w, 1e-30) for u, w in zip(updates, before)]

    def pause(self) -> None:
        """The next reading has no update: steps are left out before it."""
        self._weights = []

    def _sum(self) -> torch.Tensor:
        """Not finite where a weight is not, or where they are too large together."""
        return _flatten_dense_tensors(self.parameters).sum()

    def _keep(self, weights: List[float]) -> None:
        addresses = [p.data_ptr() for p in self.parameters]
        if addresses != self._addresses:
            self._addresses, self._samples = addresses, Samples.of(self.parameters)
        if self._samples is not None:
            self._samples.keep()
            self._weights = weights

    def _changes(self) -> Optional[torch.Tensor]:
        """Squares of what has changed since the samples were kept."""
        if not self._weights or self._samples is None:
            return None
        self._weights = []
        if self._addresses != [p.data_ptr() for p in self.parameters]:
            return None
        return self._samples.changes()

    def _transfer(
        self, numbers: List[torch.Tensor], changes: Optional[torch.Tensor]
    ) -> Tuple[List[float], List[float]]:
        """The numbers, and the norms of the whole updates that the samples' changes tell of."""
        if self._is_on_cpu:
            values = [number.item() for number in numbers]
            squares = changes.tolist() if changes is not None else []
        else:
            parts = [_together(numbers)] if numbers else []
            parts += [changes] if changes is not None else []
            count, together = len(numbers), torch.cat(_alike(parts)).tolist() if parts else []
            values, squares = together[:count], together[count:]
        factors = self._samples.factors if self._samples is not None else []
        return values, [math.sqrt(v) * f if v == v else v for v, f in zip(squares, factors)]


def _dense(gradient: Any) -> torch.Tensor:
    return gradient.detach().coalesce().values() if gradient.is_sparse else gradient


def _norms(values: List[Any]) -> List[torch.Tensor]:
    if not values:
        return []
    if not {v.dtype for v in values} <= _FULL or {v.layout for v in values} != _STRIDED:
        values = [_dense(v) for v in values]
        values = [v.abs() if v.is_complex() else v for v in values]
        values = [v if v.dtype in _FULL else v.float() for v in values]
    return list(torch._foreach_norm(values))


def _together(numbers: List[torch.Tensor]) -> torch.Tensor:
    return torch.stack(_alike(numbers))


def _alike(values: List[torch.Tensor]) -> List[torch.Tensor]:
    if len({(v.device, v.dtype) for v in values}) > 1:
        return [v.to(values[-1].device, torch.float64) for v in values]
    return values


def _number(loss: torch.Tensor) -> torch.Tensor:
    return loss if loss.dim() == 0 else loss.float().mean()
