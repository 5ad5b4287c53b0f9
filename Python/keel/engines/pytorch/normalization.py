"""Layer normalisation of what layers pass on, in a network that has been built."""

from __future__ import annotations

from typing import Any, List

import torch
from torch.nn import functional as F

_KINDS = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)


def places(model: torch.nn.Module) -> List[torch.nn.Module]:
    """Its layers but the last, and those that a normalisation follows: in the order in which they
    were made, which is all that a network tells of itself."""
    leaves = [module for module in model.modules() if not list(module.children())]
    layers = [
        (module, after) for module, after in zip(leaves, [*leaves[1:], None])
        if isinstance(module, _KINDS)
    ]
    return [module for module, after in layers[:-1] if "Norm" not in type(after).__name__]


def normalize(model: torch.nn.Module) -> None:
    """Brings what each of these layers passes on to mean 0 and deviation 1, row by row."""
    for module in places(model):
        module.register_forward_hook(_normalized)


def _normalized(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
    rows = output.shape[-1:] if isinstance(module, torch.nn.Linear) else output.shape[1:]
    return F.layer_norm(output, rows)
