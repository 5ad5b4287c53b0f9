"""What is watched: a network and its optimizer."""

from __future__ import annotations

from typing import Any

import torch

from keel.result import KeelError


def check(model: Any, optimizer: Any, on_explosion: Any, look: str) -> None:
    """Refuses what cannot be watched."""
    if not isinstance(model, torch.nn.Module):
        raise KeelError(f"keel: watch {type(model).__name__}; give it a torch.nn.Module")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise KeelError(
            f"keel: watch with {type(optimizer).__name__}; give it a torch optimizer"
        )
    if not callable(on_explosion) and on_explosion not in ("report", "raise"):
        raise KeelError(f"keel: on_explosion={on_explosion!r}; report, raise or a function")
    if look not in ("outputs", "again"):
        raise KeelError(f"keel: look={look!r}; outputs or again")


def unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    """The network itself, without what compiles it or spreads it over devices."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if isinstance(model, torch.nn.parallel.DistributedDataParallel):
            inner = model.module
        if inner is None:
            return model
        model = inner


def has_closure(args: Any, kwargs: Any) -> bool:
    """Whether the optimizer asks for gradients itself: there are none before it steps. (The
    optimizer is the first argument.)"""
    return len(args) > 1 and args[1] is not None or kwargs.get("closure") is not None
