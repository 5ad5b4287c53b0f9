"""The first thing that was not finite: a module, a gradient, or a parameter."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Optional

import torch

from keel.engine import JSON


def first_offender(model: torch.nn.Module, run: Callable[[], Any]) -> Optional[JSON]:
    """The first module whose inputs are finite and whose output is not, in a pass that ``run``
    makes; those that pass on what they got are not named. ``loss`` where every module is finite.
    """
    found: Optional[JSON] = None
    names = {module: name or type(module).__name__ for name, module in model.named_modules()}

    def look(module: torch.nn.Module, inputs: Any, output: Any) -> None:
        nonlocal found
        if found is not None:
            return
        bad = _first_bad(output)
        if bad is None or _first_bad(inputs) is not None or any(
            not _is_finite(p) for p in module.parameters(recurse=False)
        ):
            return
        # Children run before their parent ends: what is found in one is not the parent's.
        found = {"module": names[module], "pass": "forward", "kind": _kind(bad)}

    handles = [
        module.register_forward_hook(look) for module in model.modules()
    ]
    try:
        with torch.no_grad():
            value = run()
        if found is None and isinstance(value, torch.Tensor) and not _is_finite(value):
            found = {"module": "loss", "pass": "forward", "kind": _kind(value)}
    finally:
        for handle in handles:
            handle.remove()
    return found


def offending_gradient(model: torch.nn.Module) -> Optional[JSON]:
    """The parameter whose gradient is not finite and that comes last in the network: the first on
    the way back."""
    for name, value in reversed(list(model.named_parameters())):
        if value.grad is not None and not _is_finite(value.grad):
            return {"module": name, "pass": "backward", "kind": _kind(value.grad)}
    return None


def offending_parameter(model: torch.nn.Module) -> Optional[JSON]:
    """The first parameter that the latest update has made something that is not finite."""
    for name, value in model.named_parameters():
        if not _is_finite(value):
            return {"module": name, "pass": "update", "kind": _kind(value)}
    return None


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _tensors(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _tensors(member)
    elif hasattr(value, "__dict__"):
        # Outputs of named fields, such as data classes.
        for member in vars(value).values():
            yield from _tensors(member)


def _is_finite(value: torch.Tensor) -> bool:
    return not (value.is_floating_point() or value.is_complex()) or bool(
        torch.isfinite(value.detach()).all()
    )


def _first_bad(value: Any) -> Optional[torch.Tensor]:
    return next((tensor for tensor in _tensors(value) if not _is_finite(tensor)), None)


def _kind(value: torch.Tensor) -> str:
    return "overflow" if bool(torch.isinf(value.detach()).any()) else "invalid"
