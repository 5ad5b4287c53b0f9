"""How large gradients, weights and updates are: every number of a step in one transfer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

import torch

# Elements of a parameter that its update is measured on, evenly spread: all of a smaller one.
_SAMPLE, _PIECE = 256, 16
# Of a network so small, or not on the CPU, every weight is read in every step; of others in every
# 16th, and their samples between.
_SMALL, _EXACT = 250_000, 16
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

    def __init__(self, parameters: List[Any], is_exact: bool = False) -> None:
        self.parameters = parameters
        is_exact = is_exact or sum(p.numel() for p in parameters) <= _SMALL or any(
            p.device.type != "cpu" for p in parameters
        )
        self._exact_readings = 1 if is_exact else _EXACT
        self._gradients: Optional[Tuple[List[int], List[torch.Tensor]]] = None
        self._addresses: List[int] = []
        self._samples: Optional[Samples] = None
        # Norms of all elements, the samples' then, and for how many readings they are good.
        self._exact: List[float] = []
        self._sampled: List[float] = []
        self._is_exact_for = 0

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
        numbers = [_number(loss) for loss in losses] + gradients
        if scale is not None:
            numbers.append(scale.detach().float().reshape(()))
        samples = self._current() if is_whole else None
        is_complete = samples is not None and samples.is_complete
        is_exact = is_whole and not is_complete and (samples is None or self._is_exact_for == 0)
        if is_exact:
            numbers += _norms(self.parameters)
        is_followed = is_complete or self._exact_readings > 1
        values, of_weights, of_updates = _transfer(numbers, samples, is_followed)
        first, second = len(losses), len(losses) + len(gradients)
        third = second + (scale is not None)
        factor = values[second] if scale is not None else 1.0
        if is_exact:
            self._exact, self._sampled = values[third:], of_weights
            self._is_exact_for = self._exact_readings
        self._is_exact_for -= 1
        if is_exact:
            weights = self._exact
        else:
            weights = of_weights if is_complete else self._followed(of_weights)
        return Reading(
            values[:first], places, [v / factor for v in values[first:second]], weights,
            [u / max(w, 1e-30) for u, w in zip(of_updates, weights)],
        )

    def exact_norm(self) -> float:
        """The norm of all gradients where the square of one of them is too large for a float."""
        found = [_dense(p.grad).double() for p in self.parameters if p.grad is not None]
        return math.sqrt(sum(float(g.abs().square().sum()) for g in found))

    def last_updates(self) -> List[float]:
        """What the latest step changed, after it."""
        samples = self._current()
        if samples is None:
            return []
        _, weights, of_updates = _transfer([], samples, True)
        return [u / max(w, 1e-30) for u, w in zip(of_updates, weights)]

    def pause(self) -> None:
        """The next reading has no update: steps are left out before it."""
        self._addresses, self._samples, self._is_exact_for = [], None, 0

    def _followed(self, of_weights: List[float]) -> List[float]:
        """Norms of all weights, as they were and as their samples have moved since."""
        return [
            norm * (now / before) if before else norm
            for norm, now, before in zip(self._exact, of_weights, self._sampled)
        ]

    def _current(self) -> "Optional[Samples]":
        addresses = [p.data_ptr() for p in self.parameters]
        if addresses != self._addresses:
            self._addresses, self._is_exact_for = addresses, 0
            self._samples = Samples.of(self.parameters)
        return self._samples


class Samples:
    """Some elements of each parameter, side by side: what they come to, and what has changed."""

    def __init__(self, parameters: List[Any]) -> None:
        self._views = [_sample(p.detach()) for p in parameters]
        lengths = [view.numel() for view in self._views]
        self.device = parameters[0].device
        self._lengths = torch.tensor(lengths, device=self.device)
        self.factors = [math.sqrt(p.numel() / count) for p, count in zip(parameters, lengths)]
        self.is_complete = sum(lengths) == sum(p.numel() for p in parameters)
        self._before: Optional[torch.Tensor] = None
        # Two, in turn: the samples now, and those before.
        self._rooms = [self._room(lengths), self._room(lengths)]

    def _room(self, lengths: List[int]) -> Tuple[torch.Tensor, List[torch.Tensor]]:
        whole = torch.empty(sum(lengths), dtype=self._views[0].dtype, device=self.device)
        parts = whole.split(lengths)
        return whole, [part.view(v.shape) for part, v in zip(parts, self._views)]

    @staticmethod
    def of(parameters: List[Any]) -> "Optional[Samples]":
        """None where parameters are not of one kind, or not plain."""
        kinds = {(p.device, p.dtype) for p in parameters}
        if len(kinds) != 1 or any(p.numel() == 0 or not _is_plain(p) for p in parameters):
            return None
        return Samples(parameters)

    def sums(self, with_weights: bool) -> List[torch.Tensor]:
        """For each parameter the sum of squares now, where that is asked for, and that of the
        change since the last call, where there was one."""
        now, parts = self._rooms.pop()
        with torch.no_grad():
            _copy(parts, self._views)
        before, self._before = self._before, now
        self._rooms.insert(0, (now, parts))
        found = [self._sum(now.float().square())] if with_weights else []
        if before is not None:
            # Not needed any more: it becomes the difference.
            found.append(self._sum(before.sub_(now).float().square_()))
        return found

    def _sum(self, squares: torch.Tensor) -> torch.Tensor:
        return torch.segment_reduce(squares, "sum", lengths=self._lengths)


def _transfer(
    numbers: List[torch.Tensor], samples: Optional[Samples], with_weights: bool
) -> Tuple[List[float], List[float], List[float]]:
    """The numbers, and what samples of weights and of updates say of the whole."""
    if samples is None:
        return _together(numbers).tolist(), [], []
    sums = samples.sums(with_weights)
    together = [_together(numbers)] if numbers else []
    values = torch.cat([t.to(samples.device) for t in together + sums]).tolist() if (
        together or sums
    ) else []
    first, count = len(numbers), len(samples.factors)
    roots = [
        math.sqrt(v) * f if v == v else v
        for v, f in zip(values[first:], samples.factors * len(sums))
    ]
    place = count if with_weights else 0
    return values[:first], roots[:place], roots[place:]


def _is_plain(value: torch.Tensor) -> bool:
    if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.layout != torch.strided:
        return False
    is_last = value.dim() == 4 and value.is_contiguous(memory_format=torch.channels_last)
    return is_last or value.is_contiguous()


def _sample(value: torch.Tensor) -> torch.Tensor:
    """Pieces of a cache line each, evenly spread, in whatever order: a dense parameter's elements
    lie side by side."""
    count, first = value.numel(), value.storage_offset()
    if count <= _SAMPLE:
        return value.as_strided((count,), (1,), first)
    pieces = _SAMPLE // _PIECE
    return value.as_strided((pieces, _PIECE), (count // pieces, 1), first)


def _copy(to: List[torch.Tensor], values: List[torch.Tensor]) -> None:
    if hasattr(torch, "_foreach_copy_"):
        torch._foreach_copy_(to, values)
        return
    for place, value in zip(to, values):
        place.copy_(value)


def _dense(gradient: Any) -> torch.Tensor:
    return gradient.detach().coalesce().values() if gradient.is_sparse else gradient


def _norms(values: List[torch.Tensor]) -> List[torch.Tensor]:
    if not values:
        return []
    values = [v.float() if v.dtype in _LOW else v.abs() if v.is_complex() else v for v in values]
    with torch.no_grad():
        return list(torch._foreach_norm(values))


def _together(numbers: List[torch.Tensor]) -> torch.Tensor:
    if not numbers:
        return torch.zeros(0)
    if len({(n.device, n.dtype) for n in numbers}) > 1:
        numbers = [n.to(numbers[-1].device, torch.float64) for n in numbers]
    return torch.stack(numbers)


def _number(loss: torch.Tensor) -> torch.Tensor:
    return loss.float() if loss.dim() == 0 else loss.float().mean()
