"""The least loss of a Keras training whose output is the same for every row."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Optional, Tuple

import torch

from keel.engines.protocol import JSON

# Steps that the search for the constant may take.
_SOLVER_STEPS = 50
# Batches that are taken one by one where they cannot be joined.
_APART = 8
# How far sums of shares may be from 1, and a loss from the mean of its parts.
_NEAR = 1e-3

Value = Callable[[Any, JSON], torch.Tensor]


class _StandIn:
    """Takes a model's place in a loss, with an output of its own."""

    def __init__(self, model: Any, output: Callable[..., torch.Tensor]) -> None:
        self._model, self._output = model, output

    def __call__(self, *inputs: Any, **options: Any) -> torch.Tensor:
        return self._output(*inputs, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def constant_loss(model: Any, batches: List[JSON], value: Value) -> Optional[float]:
    """The loss minimised over one constant output; None where the loss is of another form.

    ``value(model, batch)`` is the loss of a batch.
    """
    outputs: List[torch.Tensor] = []

    def note(*inputs: Any, **options: Any) -> torch.Tensor:
        # Without training: statistics that a layer keeps are not to move.
        if "training" in options:
            options["training"] = False
        outputs.append(model(*inputs, **options))
        return outputs[-1]

    try:
        with torch.no_grad():
            losses = [value(_StandIn(model, note), batch) for batch in batches]
        if len(outputs) != len(batches) or not batches:
            return None
        if any(output.shape[1:] != outputs[0].shape[1:] for output in outputs):
            return None
        batches, outputs = _joined(model, batches, outputs, losses, value)
        found = [_least(model, batches, outputs, value, form) for form in _forms(outputs)]
    except Exception:  # A loss that needs more than outputs has none.
        return None
    return min((loss for loss in found if loss is not None and math.isfinite(loss)), default=None)


def _forms(outputs: List[torch.Tensor]) -> List[Callable[[torch.Tensor], torch.Tensor]]:
    """What a free number may stand for: itself, and shares where the model tells shares, for a
    search that leaves 0 to 1 finds nothing there."""
    forms: List[Callable[[torch.Tensor], torch.Tensor]] = [lambda free: free]
    values = torch.cat([output.detach().flatten(0, -2) for output in outputs]).float()
    if bool(((values >= 0) & (values <= 1)).all()):
        if values.shape[-1] > 1 and bool(((values.sum(-1) - 1).abs() < _NEAR).all()):
            forms.append(lambda free: free.softmax(-1))
        forms.append(torch.sigmoid)
    return forms


def _joined(
    model: Any,
    batches: List[JSON],
    outputs: List[torch.Tensor],
    losses: List[torch.Tensor],
    value: Value,
) -> Tuple[List[JSON], List[torch.Tensor]]:
    """All batches as one where its loss is the mean of theirs: a search asks for it many times."""
    try:
        whole = {
            key: torch.cat([batch[key] for batch in batches])
            if isinstance(first, torch.Tensor)
            else first
            for key, first in batches[0].items()
        }
        output = torch.cat(outputs)
        with torch.no_grad():
            loss = float(value(_StandIn(model, lambda *_, **__: output), whole))
    except (RuntimeError, ValueError, KeyError):
        return batches[:_APART], outputs[:_APART]
    mean = float(sum(losses)) / len(losses)
    if abs(loss - mean) <= _NEAR * abs(mean):
        return [whole], [output]
    return batches[:_APART], outputs[:_APART]


def _least(
    model: Any,
    batches: List[JSON],
    outputs: List[torch.Tensor],
    value: Value,
    form: Callable[[torch.Tensor], torch.Tensor],
) -> Optional[float]:
    like = outputs[0]
    free = torch.zeros(like.shape[1:], device=like.device, requires_grad=True)
    solver = torch.optim.LBFGS([free], max_iter=_SOLVER_STEPS, line_search_fn="strong_wolfe")

    def total() -> torch.Tensor:
        losses = []
        for output, batch in zip(outputs, batches):
            constant = form(free).expand(output.shape)
            losses.append(value(_StandIn(model, lambda *_, **__: constant), batch))
        return sum(losses) / len(losses)

    def closure() -> torch.Tensor:
        solver.zero_grad()
        loss = total()
        loss.backward()
        return loss

    try:
        solver.step(closure)
        return float(total().detach())
    except (RuntimeError, IndexError):
        # Numbers outside what a loss takes end the search of this form only.
        return None
