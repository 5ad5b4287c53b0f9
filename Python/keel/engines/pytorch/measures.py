"""Sizes of tensors, and what is done with them in a step."""

from __future__ import annotations

import math
from typing import Any, List

import torch

# Parameters that are measured one by one in every step.
_MOST_LAYERS = 100


def size_of(value: Any) -> int:
    """Of all tensors in a state."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, dict):
        return sum(size_of(member) for member in value.values())
    return sum(map(size_of, value)) if isinstance(value, (list, tuple)) else 0


def rms(value: torch.Tensor) -> float:
    return float(value.detach().float().pow(2).mean().sqrt()) if value.numel() else 0.0


def values_of(gradient: torch.Tensor) -> torch.Tensor:
    """The numbers that are there: of a sparse gradient, those of the rows that were used."""
    return gradient.coalesce().values() if gradient.is_sparse else gradient


def norms(named: List[Any]) -> Any:
    """The norm of all gradients, and those of each parameter; one transfer."""
    gradients = [(n, p, p.grad) for n, p in named if p.grad is not None]
    if not gradients:
        return 0.0, None
    sizes = torch._foreach_norm([values_of(g.detach()).float() for _, _, g in gradients])
    if len(gradients) > _MOST_LAYERS:
        return float(torch.linalg.vector_norm(torch.stack([n.double() for n in sizes]))), None
    weights = torch._foreach_norm([p.detach().float() for _, p, _ in gradients])
    values = torch.stack([n.double() for n in sizes + weights]).tolist()
    count = len(gradients)
    layers = {
        name: {"gradient": values[index], "weight": values[count + index]}
        for index, (name, _, _) in enumerate(gradients)
    }
    return math.sqrt(sum(v * v for v in values[:count])) if all(
        math.isfinite(v) for v in values[:count]
    ) else float("nan"), layers


def clip_gradients(named: List[Any], clip: Any, norm: float) -> None:
    if clip is None:
        return
    parameters = [p for _, p in named if p.grad is not None]
    if isinstance(clip, dict) and "value" in clip:
        torch.nn.utils.clip_grad_value_(parameters, clip["value"])
        return
    limit = clip["global-norm"] if isinstance(clip, dict) else float(clip)
    if norm > limit:
        for parameter in parameters:
            parameter.grad.mul_(limit / (norm + 1e-6))


def advance(schedule: Any, loss: float) -> None:
    if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
        schedule.step(loss)
    else:
        schedule.step()
