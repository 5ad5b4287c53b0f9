"""The loss of a training that knows nothing, and which of its tensors are the targets."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Optional

import torch

from keel.engines.pytorch.batches import Batches
from keel.engines.pytorch.parts import target_place

# Batches that a constant output is fitted to.
_BATCHES = 32


def constant_loss(
    model: torch.nn.Module, drawn: Batches, loss: Callable[[Any, Any], Any]
) -> Optional[float]:
    """The loss minimised over one constant output, on the batches that are drawn; None where
    the loss is of another form."""
    shapes: List[torch.Size] = []
    batches: List[Any] = []
    original = model.forward

    def note(*args: Any, **kwargs: Any) -> Any:
        output = original(*args, **kwargs)
        shapes.append(output.shape)
        return output

    try:
        with torch.no_grad():
            model.forward = note
            for batch in drawn.take(_BATCHES):
                loss(model, batch)
                batches.append(batch)
        if len(shapes) != len(batches) or any(s[1:] != shapes[0][1:] for s in shapes):
            return None
        like = next(model.parameters())
        constant = torch.zeros(
            shapes[0][1:], device=like.device, dtype=torch.float32, requires_grad=True
        )
        shape = iter(())

        def fake(*args: Any, **kwargs: Any) -> Any:
            return constant.expand(next(shape))

        model.forward = fake
        solver = torch.optim.LBFGS([constant], max_iter=50, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            nonlocal shape
            shape = iter(shapes)
            solver.zero_grad()
            total = sum(loss(model, batch) for batch in batches) / len(batches)
            total.backward()
            return total

        solver.step(closure)
        value = float(closure().detach())
        return value if math.isfinite(value) else None
    except Exception:  # A loss that needs more than outputs has none.
        return None
    finally:
        del model.forward


def place_of_targets(
    data: Callable[[int], Any], model: torch.nn.Module, loss: Callable[[Any, Any], Any]
) -> Optional[int]:
    """Where the targets are in a batch of several tensors: what the network is not given."""
    batch = next(iter(data(0)), None)
    if not isinstance(batch, (list, tuple)) or len(batch) < 3:
        return None
    given: List[Any] = []
    handle = model.register_forward_pre_hook(
        lambda _, args, kwargs: given.extend([*args, *kwargs.values()]), with_kwargs=True)
    try:
        with torch.no_grad():
            loss(model, batch)
    except Exception:  # The trial will say so.
        return None
    finally:
        handle.remove()
    return target_place(batch, given)
