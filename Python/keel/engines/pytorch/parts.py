"""Where inputs and targets are in a batch, and a batch of the same form with others."""

from __future__ import annotations

import copy
from typing import Any, Callable, List, Optional

import torch


def parts(batch: Any, place: Optional[int] = None) -> Any:
    """Inputs and targets of a batch; None for what it has not."""
    if isinstance(batch, torch.Tensor):
        return batch, None
    if isinstance(batch, dict):
        tensors = {k: v for k, v in batch.items() if isinstance(v, torch.Tensor)}
        target = next(
            (tensors[k] for k in ("labels", "label", "targets", "target", "y") if k in tensors), None
        )
        others = [v for v in tensors.values() if v is not target]
        return (others[0] if others else None), target
    if isinstance(batch, (list, tuple)):
        tensors = _flat(batch)
        at = 1 if place is None else place
        return (tensors[0] if tensors else None), (tensors[at] if len(tensors) > at else None)
    return None, None


def target_place(batch: Any, given: List[Any]) -> Optional[int]:
    """Which tensor of a batch the targets are: the first that the network is not given, where it is
    given the first as it is. None where there are not three, or that tells nothing."""
    if not isinstance(batch, (list, tuple)):
        return None
    tensors = _flat(batch)
    is_given = [any(v is one for one in given) for v in tensors]
    if len(tensors) < 3 or not is_given[0] or all(is_given):
        return None
    return is_given.index(False)


def mapped(
    batch: Any, inputs: Callable[[Any], Any], targets: Callable[[Any], Any],
    place: Optional[int] = None,
) -> Any:
    """The batch with its inputs and targets replaced."""
    first, second = parts(batch, place)

    def change(value: Any) -> Any:
        if value is first:
            return inputs(value)
        return targets(value) if value is second else value

    return _rebuilt(batch, change)


def kept_rows(batch: Any, kept: torch.Tensor) -> Any:
    """The batch without some of its rows: of every tensor that has as many."""
    count = len(kept)

    def change(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and value.dim() and value.shape[0] == count:
            return value[kept.to(value.device)]
        return value

    return _rebuilt(batch, change)


def _rebuilt(batch: Any, change: Callable[[Any], Any]) -> Any:
    """A batch of the same form, of what becomes of its tensors."""
    if isinstance(batch, torch.Tensor):
        return change(batch)
    if isinstance(batch, dict):
        changed = {key: _rebuilt(value, change) for key, value in batch.items()}
        try:
            return type(batch)(changed)
        except TypeError:
            # A kind that is made of something else besides, such as a default.
            like = copy.copy(batch)
            like.update(changed)
            return like
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(_rebuilt(value, change) for value in batch))
    if isinstance(batch, (list, tuple)):
        return type(batch)(_rebuilt(value, change) for value in batch)
    return batch


def _flat(batch: Any) -> List[torch.Tensor]:
    """The tensors of a batch in their order, from inside what it is made of."""
    if isinstance(batch, torch.Tensor):
        return [batch]
    members = batch.values() if isinstance(batch, dict) else batch
    is_made = isinstance(batch, (dict, list, tuple))
    return [tensor for member in members for tensor in _flat(member)] if is_made else []


def row_count(batch: Any, place: Optional[int] = None) -> int:
    """The rows of its inputs; 0 where it has none."""
    first, _ = parts(batch, place)
    return int(first.shape[0]) if first is not None and first.dim() else 0


def twice(batch: Any, count: int) -> Any:
    """The batch, and once more: every tensor of so many rows."""

    def change(value: Any) -> Any:
        is_rows = isinstance(value, torch.Tensor) and value.dim() and value.shape[0] == count
        return torch.cat([value, value]) if is_rows else value

    return _rebuilt(batch, change)


def is_number(values: torch.Tensor) -> bool:
    """Whether it has a scale: bytes of pictures have, indices have not."""
    is_real = values.is_floating_point() or (values.dtype == torch.uint8 and values.dim() >= 3)
    return is_real and values.layout == torch.strided and values.dim() > 0
