"""The loss of a training that knows nothing, and which of its tensors are the targets."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Optional

import torch
from torch.utils import _pytree as pytree

from keel.engines.pytorch.batches import Batches
from keel.engines.pytorch.parts import target_place

# Batches that a constant output is fitted to.
_BATCHES = 32
# A loss so many times its beginning below zero has no least value: a divergence is as far above.
_ENDLESS = 1e4
# How far the output of a row is moved, and of how many rows.
_FAR, _ROWS = 40.0, 32


def constant_loss(
    model: torch.nn.Module, drawn: Batches, loss: Callable[[Any, Any], Any]
) -> Optional[float]:
    """The loss minimised over one constant output, on the batches that are drawn; None where
    the loss is of another form, or has no least value.

    An output of several parts has a constant for each.
    """
    try:
        batches = list(drawn.take(_BATCHES))
        outputs = _outputs(model, batches, loss)
        if len(outputs) != len(batches):
            return None
        constants = _Constants(outputs)
        place = iter(())

        def fake(*args: Any, **kwargs: Any) -> Any:
            return constants.output(next(place))

        model.forward = fake
        solver = torch.optim.LBFGS(
            constants.values, max_iter=50, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            nonlocal place
            place = iter(range(len(batches)))
            solver.zero_grad()
            total = sum(loss(model, batch) for batch in batches) / len(batches)
            total.backward()
            return total

        begun = float(closure().detach())
        solver.step(closure)
        value = float(closure().detach())
        # What has run away below where it began by so much has no end.
        is_endless = value < -_ENDLESS * max(1.0, abs(begun))
        return value if math.isfinite(value) and not is_endless else None
    except Exception:  # A loss that needs more than outputs has none.
        return None
    finally:
        vars(model).pop("forward", None)


def _outputs(model: torch.nn.Module, batches: List[Any], loss: Callable[[Any, Any], Any]) -> List[Any]:
    """What the network gives for each batch, as often as its loss asks; the model is left with a
    forward of its own, for others to stand in."""
    outputs: List[Any] = []
    original = model.forward

    def note(*args: Any, **kwargs: Any) -> Any:
        outputs.append(original(*args, **kwargs))
        return outputs[-1]

    model.forward = note
    with torch.no_grad():
        for batch in batches:
            loss(model, batch)
    return outputs


def has_least(model: torch.nn.Module, batch: Any, loss: Callable[[Any, Any], Any]) -> bool:
    """Whether the loss of a batch has a least value, whatever output one of its rows is given: that
    of counts has none where they are below zero."""
    try:
        outputs = _outputs(model, [batch], loss)
        # A loss may ask for the same output more than once.
        output = outputs[0]
        if not isinstance(output, torch.Tensor) or any(o.shape != output.shape for o in outputs):
            return True
        still = torch.zeros_like(output, dtype=torch.float32)

        def at(row: int, value: float) -> float:
            moved = still.clone()
            moved[row] = value
            model.forward = lambda *args, **kwargs: moved
            return float(loss(model, batch)) - begun

        with torch.no_grad():
            begun = 0.0
            begun = at(0, 0.0)
            for row in range(min(len(still), _ROWS)):
                for way in (-1.0, 1.0):
                    near, far = at(row, way * _FAR), at(row, 2 * way * _FAR)
                    # As far again makes it as much less again: there is no end to it.
                    if near < 0 and far < 1.8 * near:
                        return False
        return True
    except Exception:  # A loss that needs more than outputs tells nothing.
        return True
    finally:
        vars(model).pop("forward", None)


class _Constants:
    """One row for each part of an output, in place of all that a network gave."""

    def __init__(self, outputs: List[Any]) -> None:
        flat = [pytree.tree_flatten(output) for output in outputs]
        self._leaves = [leaves for leaves, _ in flat]
        self._forms = [form for _, form in flat]
        first = self._leaves[0]
        if any(len(leaves) != len(first) for leaves in self._leaves):
            raise ValueError("outputs of different forms")
        self._values = [self._constant([leaves[index] for leaves in self._leaves])
                        for index in range(len(first))]
        self.values = [value for value in self._values if value is not None]

    @staticmethod
    def _constant(parts: List[Any]) -> Optional[torch.Tensor]:
        """None for what is no number that is trained, and stays as it is."""
        like = parts[0]
        if not isinstance(like, torch.Tensor) or not like.is_floating_point():
            return None
        if any(part.shape[1:] != like.shape[1:] for part in parts):
            raise ValueError("rows of different forms")
        return torch.zeros(
            like.shape[1:], device=like.device, dtype=torch.float32, requires_grad=True)

    def output(self, batch: int) -> Any:
        leaves = [
            leaf if value is None else value.to(leaf.dtype).expand(leaf.shape)
            for leaf, value in zip(self._leaves[batch], self._values)
        ]
        return pytree.tree_unflatten(leaves, self._forms[batch])


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
