"""The first thing that was not finite: a module, a gradient, or a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Iterator, List, Optional, Set

import torch

from keel.engines.protocol import JSON

# Outputs of named fields are looked into so deep: they may point back at what holds them.
_DEPTH = 6


def first_offender(model: torch.nn.Module, run: Callable[[], Any]) -> Optional[JSON]:
    """The first module whose inputs are finite and whose output is not, in a pass that ``run``
    makes; those that pass on what they got are not named. ``input`` where the network itself got
    something that is not finite, ``loss`` where every module is finite.
    """
    found: Optional[JSON] = None
    names = module_names(model)
    # Of the modules under way, the innermost last: whether what they were given is bad. Looked at
    # before their pass, which may change it in place.
    given: List[bool] = []
    is_bad_input = False

    def enter(module: torch.nn.Module, args: Any, kwargs: Any) -> None:
        nonlocal is_bad_input
        given.append(has_bad_input(args, kwargs))
        is_bad_input = is_bad_input or (module is model and given[-1])

    def look(module: torch.nn.Module, args: Any, output: Any) -> None:
        nonlocal found
        was_bad = given.pop()
        if found is not None or was_bad:
            return
        bad = first_bad(output)
        if bad is None or any(not is_finite(p) for p in module.parameters(recurse=False)):
            return
        # Children run before their parent ends: what is found in one is not the parent's.
        found = {"module": names[module], "pass": "forward", "kind": kind_of(bad)}

    handles: List[Any] = []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(enter, with_kwargs=True))
        handles.append(module.register_forward_hook(look))
    try:
        with torch.no_grad():
            value = run()
        if found is None and isinstance(value, torch.Tensor) and not is_finite(value):
            where = "input" if is_bad_input else "loss"
            found = {"module": where, "pass": "forward", "kind": kind_of(value)}
    finally:
        for handle in handles:
            handle.remove()
    return found


def offending_gradient(
    model: torch.nn.Module, order: Optional[List[torch.nn.Module]] = None,
    among: Optional[Set[str]] = None,
) -> Optional[JSON]:
    """The parameter whose gradient is not finite and that comes last in the network: the first on
    the way back. ``order`` has the modules as they were called, where that is known; ``among`` the
    only parameters in question."""
    places = {module: place for place, module in enumerate(order or [])}
    named = [
        (places.get(module, -1), f"{name}.{key}" if name else key, value)
        for name, module in model.named_modules()
        for key, value in module.named_parameters(recurse=False)
    ]
    if places:
        named.sort(key=lambda member: member[0])
    for _, name, value in reversed(named):
        is_asked = among is None or name in among
        if is_asked and value.grad is not None and not is_finite(value.grad):
            return {"module": name, "pass": "backward", "kind": kind_of(value.grad)}
    return None


def offending_parameter(model: torch.nn.Module) -> Optional[JSON]:
    """The first parameter that the latest update has made something that is not finite."""
    for name, value in model.named_parameters():
        if not is_finite(value):
            return {"module": name, "pass": "update", "kind": kind_of(value)}
    return None


def module_names(model: torch.nn.Module) -> Any:
    """What each module is called; the network itself by its class."""
    return {module: name or type(module).__name__ for name, module in model.named_modules()}


def tensors(value: Any, depth: int = _DEPTH) -> Iterator[torch.Tensor]:
    """The tensors of an output, whatever it is made of."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth == 0 or isinstance(value, (str, bytes, type, torch.nn.Module)):
        return
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from tensors(member, depth - 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for member in value:
            yield from tensors(member, depth - 1)
    else:
        # Outputs of named fields, such as data classes and distributions.
        slots = getattr(type(value), "__slots__", ())
        fields = [slots] if isinstance(slots, str) else list(slots)
        for member in [getattr(value, name, None) for name in fields]:
            yield from tensors(member, depth - 1)
        for member in list(getattr(value, "__dict__", {}).values()):
            yield from tensors(member, depth - 1)


def is_finite(value: torch.Tensor) -> bool:
    """Whether every number is; whole numbers and truth values are."""
    if not (value.is_floating_point() or value.is_complex()):
        return True
    value = value.detach()
    if value.is_sparse:
        value = value.coalesce().values()
    return bool(torch.isfinite(value).all())


def first_bad(value: Any) -> Optional[torch.Tensor]:
    """The first tensor in it that is not finite."""
    return next((tensor for tensor in tensors(value) if not is_finite(tensor)), None)


def has_bad_input(args: Any, kwargs: Any) -> bool:
    """Whether a module got something that is not finite; a mask of -inf is meant so."""
    return any(
        not is_finite(tensor) and not _is_mask(tensor)
        for value in (args, kwargs)
        for tensor in tensors(value)
    )


def kind_of(value: torch.Tensor) -> str:
    """``overflow`` where there is an infinity in it, ``invalid`` where there is only NaN."""
    value = value.detach()
    if value.is_sparse:
        value = value.coalesce().values()
    return "overflow" if bool(torch.isinf(value).any()) else "invalid"


def _is_mask(value: torch.Tensor) -> bool:
    # What is added to attention's scores: nothing, or minus infinity.
    return not value.requires_grad and bool(((value == 0) | (value == float("-inf"))).all())
