"""Some elements of every parameter, for how much an update changed."""

from __future__ import annotations

import math
from typing import Any, List, Optional, Tuple

import torch

# Elements of a parameter that its update is measured on, evenly spread: all of a smaller one.
_SAMPLE, _PIECE = 256, 16


class Samples:
    """Some elements of each parameter, side by side: what has changed in them."""

    def __init__(self, parameters: List[Any]) -> None:
        self._views = [_sample(p.detach()) for p in parameters]
        lengths = [view.numel() for view in self._views]
        self._lengths = torch.tensor(lengths, device=parameters[0].device)
        self.factors = [math.sqrt(p.numel() / count) for p, count in zip(parameters, lengths)]
        # The samples now, and those that were kept.
        self._now, self._kept = self._room(lengths), self._room(lengths)

    def _room(self, lengths: List[int]) -> Tuple[torch.Tensor, List[torch.Tensor]]:
        whole = self._views[0].new_empty(sum(lengths))
        return whole, [p.view(v.shape) for p, v in zip(whole.split(lengths), self._views)]

    @staticmethod
    def of(parameters: List[Any]) -> "Optional[Samples]":
        """None where parameters are not of one kind, or not plain."""
        kinds = {(p.device, p.dtype) for p in parameters}
        if len(kinds) != 1 or any(p.numel() == 0 or not _is_plain(p) for p in parameters):
            return None
        return Samples(parameters)

    def keep(self) -> None:
        """Keeps the samples as they are."""
        _copy(self._kept[1], self._views)

    def changes(self) -> torch.Tensor:
        """For each parameter the sum of squares of what has changed since."""
        now, parts = self._now
        _copy(parts, self._views)
        squares = now.sub_(self._kept[0]).float().square()
        return torch.segment_reduce(squares, "sum", lengths=self._lengths)


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
