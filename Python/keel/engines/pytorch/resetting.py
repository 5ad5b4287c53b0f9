"""How weights begin by rule."""

from __future__ import annotations

import torch


def reset(model: torch.nn.Module) -> None:
    """Each module's own rule; Xavier where it has none: never only the constructor, which may
    hold the fault."""
    for module in model.modules():
        own = getattr(module, "reset_parameters", None) or getattr(
            module, "_reset_parameters", None
        )
        try:
            if callable(own):
                own()
                continue
        except TypeError:
            pass  # It asks for what nobody knows here.
        with torch.no_grad():
            for name, value in module.named_parameters(recurse=False):
                if not value.is_floating_point():
                    continue
                if value.dim() > 1:
                    torch.nn.init.xavier_uniform_(value)
                elif "bias" in name:
                    value.zero_()
