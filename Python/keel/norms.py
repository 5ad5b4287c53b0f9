"""How large gradients, weights and updates are: every number of a step in one transfer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

import torch

# Elements of a parameter that its update is measured on, evenly spread: all of a smaller one.
_SAMPLE = 256
_LOW = (torch.float16, torch.bfloat16)


@dataclass
class Reading:
    """The numbers of a step: one for each parameter, gradients only for those at ``places``."""

    losses: List[float]
    places: List[int]
    gradients: List[float]
    weights: List[float] = field(default_factory=list)
    """None where only the gradients were asked for."""
    updates: List[float] = field(default_factory=list)
    """What the step before changed, for the weights; none where that is not known."""

    @property
    def norm(self) -> float:
        """The norm of all gradients."""
        return math.sqrt(sum(v * v for v in self.gradients))

    @property
    def is_finite(self) -> bool:
        """Whether every loss, gradient and weight is."""
        return math.isfinite(sum(self.losses) + sum(self.gradients) + sum(self.weights))


class Norms:
    """Measures the parameters of a network; nothing waits for a device before ``read``."""

    def __init__(self, parameters: List[torch.nn.Parameter]) -> None:
        self.parameters = parameters
        self._gradients: Optional[Tuple[List[int], List[torch.Tensor]]] = None
        self._addresses: List[int] = []
        self._views: List[torch.Tensor] = []
        self._lengths: Optional[torch.Tensor] = None
        self._factors: List[float] = []
        self._before: Optional[torch.Tensor] = None
        self._spare: Optional[torch.Tensor] = None

    def gradients(self) -> None:
        """Measures the gradients as they are now: before somebody clips them."""
        places = [i for i, p in enumerate(self.parameters) if p.grad is not None]
        self._gradients = places, _norms([_dense(self.parameters[i].grad) for i in places])

    def read(
        self, losses: List[torch.Tensor], scale: Optional[torch.Tensor] = None,
        is_whole: bool = True,
    ) -> Reading:
        """All numbers, or only losses and gradients; the update is that since the reading before.
        ``scale`` is what gradients were multiplied by."""
        if self._gradients is None:
            self.gradients()
        assert self._gradients is not None
        (places, gradients), self._gradients = self._gradients, None
        numbers = [loss.detach().float().mean() for loss in losses] + gradients
        if scale is not None:
            numbers.append(scale.detach().float().reshape(()))
        if is_whole:
            numbers += _norms([p.detach() for p in self.parameters])
        updates = self._update() if is_whole else None
        together = _together(numbers)
        if updates is not None:
            together = torch.cat([together.to(updates.device), updates])
        values = together.tolist()
        first, second = len(losses), len(losses) + len(gradients)
        third = second + (scale is not None)
        fourth = third + (len(self.parameters) if is_whole else 0)
        factor = values[second] if scale is not None else 1.0
        weights = values[third:fourth]
        return Reading(
            values[:first], places, [v / factor for v in values[first:second]], weights,
            [math.sqrt(v * f) / max(w, 1e-30)
             for v, f, w in zip(values[fourth:], self._factors, weights)],
        )

    def exact_norm(self) -> float:
        """The norm of all gradients where the square of one of them is too large for a float."""
        found = [_dense(p.grad).double() for p in self.parameters if p.grad is not None]
        return math.sqrt(sum(float(g.abs().square().sum()) for g in found))

    def last_updates(self) -> List[float]:
        """What the latest step changed, after it."""
        updates = self._update()
        if updates is None:
            return []
        weights = _together(_norms([p.detach() for p in self.parameters])).tolist()
        return [
            math.sqrt(v * f) / max(w, 1e-30)
            for v, f, w in zip(updates.tolist(), self._factors, weights)
        ]

    def pause(self) -> None:
        """The next reading has no update: steps are left out before it."""
        self._before = None

    def _update(self) -> Optional[torch.Tensor]:
        """The sum of the squares of what changed in each parameter's sample."""
        addresses = [p.data_ptr() for p in self.parameters]
        if addresses != self._addresses:
            self._addresses = addresses
            self._prepare()
        if self._lengths is None:
            return None
        now = torch.cat(self._views, out=self._spare)
        before, self._before = self._before, now
        self._spare = before if before is not None else torch.empty_like(now)
        if before is None:
            return None
        # The buffer of the step before is no longer needed: it becomes the difference.
        before.sub_(now).square_()
        return torch.segment_reduce(before, "sum", lengths=self._lengths)

    def _prepare(self) -> None:
        self._before = self._spare = self._lengths = None
        kinds = {(p.device, p.dtype) for p in self.parameters}
        if len(kinds) != 1 or any(p.numel() == 0 or not _is_plain(p) for p in self.parameters):
            return
        self._views = [_sample(p.detach()) for p in self.parameters]
        lengths = [view.numel() for view in self._views]
        self._lengths = torch.tensor(lengths, device=self.parameters[0].device)
        self._factors = [p.numel() / count for p, count in zip(self.parameters, lengths)]


def _is_plain(value: torch.Tensor) -> bool:
    return type(value) in (torch.Tensor, torch.nn.Parameter) and value.layout == torch.strided


def _sample(value: torch.Tensor) -> torch.Tensor:
    count = value.numel()
    stride = -(-count // _SAMPLE)
    if value.is_contiguous():
        return value.view(-1)[::stride]
    # In whatever order: a dense parameter's elements lie side by side.
    return value.as_strided((-(-count // stride),), (stride,), value.storage_offset())


def _dense(gradient: Any) -> torch.Tensor:
    return gradient.detach().coalesce().values() if gradient.is_sparse else gradient.detach()


def _norms(values: List[torch.Tensor]) -> List[torch.Tensor]:
    if not values:
        return []
    values = [v.float() if v.dtype in _LOW else v.abs() if v.is_complex() else v for v in values]
    return list(torch._foreach_norm(values))


def _together(numbers: List[torch.Tensor]) -> torch.Tensor:
    if not numbers:
        return torch.zeros(0)
    if len({(n.device, n.dtype) for n in numbers}) > 1:
        numbers = [n.to(numbers[-1].device, torch.float64) for n in numbers]
    return torch.stack(numbers)
