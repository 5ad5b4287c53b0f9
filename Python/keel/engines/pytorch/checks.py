"""What the callables of a training must return, said where they do not."""

from __future__ import annotations

from typing import Any

import torch


def check_model(model: Any) -> None:
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"model() returned {type(model).__name__}; return a torch.nn.Module")


def check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer(model) returned {type(optimizer).__name__}; return a torch optimizer"
        )
    if isinstance(optimizer, torch.optim.LBFGS):
        raise TypeError(
            "optimizer(model) returned LBFGS, which asks for the loss several times a step; "
            "Keel takes steps of one: try it with SGD or Adam"
        )
    for group in optimizer.param_groups:
        if group.get("maximize"):
            raise TypeError(
                "optimizer(model) maximises; leave maximize out, and return minus the loss")
        if not isinstance(group["lr"], (int, float, torch.Tensor)):
            raise TypeError(
                f"optimizer(model) has the learning rate {group['lr']}; Keel needs a number")


def check_loss(value: Any) -> None:
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        shape = list(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
        raise TypeError(
            f"loss(model, batch) returned {shape}; return one number: its mean, or its sum"
        )
    if not value.requires_grad:
        raise TypeError(
            "loss(model, batch) returned a number that no parameter had a part in; leave out "
            "detach() and torch.no_grad()"
        )


def number_of(score: Any) -> float:
    """A score as a number; raises ``TypeError`` where it is none."""
    try:
        return float(score)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"score(model) returned {type(score).__name__}; return one number") from None
