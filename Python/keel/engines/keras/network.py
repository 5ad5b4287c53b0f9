"""A Keras model on the torch backend: its variables by name, their gradients, and their state."""

from __future__ import annotations

import math
import re
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import keras
import torch

from keel.engines.protocol import JSON
from keel.engines.keras.batches import closed, unpacked
from keel.engines.keras.changes import layers_of
from keel.engines.pytorch.randomness import random_state, set_random_state

# Variables that are measured one by one in every step.
_MOST_LAYERS = 100
_NUMBER = re.compile(r"_(\d+)$")


class Network:
    """A built model; looked at as a module of torch is where an offender is searched."""

    def __init__(self, model: Any, sample: JSON) -> None:
        self.model = model
        _build(model, sample)
        self.variables: List[Any] = list(model.trainable_variables)
        if not self.variables:
            raise ValueError("model() returned a model with nothing to train; see its trainable")
        self.names: List[str] = [v.path for v in self.variables]
        self.layer_names: List[str] = [layer.name for layer in layers_of(model)]

    def take_names(self, other: "Network") -> None:
        """Takes the names that every model of the same kind can have, from another of them."""
        self.names = _names(self.names, other.names)
        self.layer_names = _names(self.layer_names, other.layer_names)

    # As a module of torch

    def named_parameters(self) -> Iterator[Tuple[str, torch.Tensor]]:
        return ((name, v.value) for name, v in zip(self.names, self.variables))

    def named_modules(self) -> Iterator[Tuple[str, Any]]:
        return zip(self.layer_names, layers_of(self.model))

    def modules(self) -> List[Any]:
        return layers_of(self.model)

    # Gradients

    def forget_gradients(self) -> None:
        for v in self.variables:
            v.value.grad = None

    def gradients(self) -> List[Optional[torch.Tensor]]:
        return [v.value.grad for v in self.variables]


# Names


def _names(mine: List[str], others: List[str]) -> List[str]:
    """Names without what differs between two models of a kind: Keras counts its layers on from one
    model to the next, so that the first ``dense`` of another is ``dense_7``."""
    pairs = [(one.split("/"), two.split("/")) for one, two in zip(mine, others)]
    counts: Dict[str, List[int]] = {}
    for one, two in pairs:
        for part, its in zip(one, two):
            if part != its:
                counts.setdefault(_NUMBER.sub("", part), []).append(_count(part))

    def recounted(part: str) -> str:
        kind = _NUMBER.sub("", part)
        if _count(part) not in counts.get(kind, []):
            return part
        number = _count(part) - min(counts[kind])
        return f"{kind}_{number}" if number else kind

    # The model's own name says nothing where it is in all of them.
    root = pairs[0][0][0]
    has_root = all(len(one) > 2 and one[0] == root for one, _ in pairs)
    names: List[str] = []
    for one, _ in pairs:
        name = "/".join(recounted(part) for part in one[has_root:])
        names.append(f"{len(names)}/{name}" if name in names else name)
    return names


def _count(part: str) -> int:
    found = _NUMBER.search(part)
    return int(found.group(1)) if found else 0


def _build(model: Any, sample: JSON) -> None:
    """Makes the variables of a model that waits for its first batch to know their shapes."""
    if all(layer.built for layer in layers_of(model)):
        return
    x, _, _ = unpacked(closed(sample))
    with torch.no_grad():
        model(x, training=False) if _takes_training(model) else model(x)


def _takes_training(model: Any) -> bool:
    return getattr(model, "_call_has_training_arg", True)


# Its loss and its optimizer


def loss_of(model: Any, batch: JSON, loss: Optional[Callable[[Any, Any], Any]]) -> Any:
    """The loss of a batch: the script's own, or the one that the model is compiled with."""
    given = closed(batch)
    if loss is not None:
        return loss(model, given)
    x, y, weight = unpacked(given)
    output = model(x, training=True) if _takes_training(model) else model(x)
    return model.compute_loss(x=x, y=y, y_pred=output, sample_weight=weight)


def check_loss(model: Any, loss: Any) -> None:
    """Raises ``TypeError`` where nothing says what the loss is."""
    if loss is not None:
        return
    kind = type(model)
    if not getattr(model, "compiled", False):
        raise TypeError(
            f"model() returned a {kind.__name__} that is not compiled; compile it with a loss, or "
            "give loss(model, batch)"
        )
    if kind.train_step is not keras.Model.train_step:
        raise TypeError(
            f"model() returned a {kind.__name__} with a train_step of its own; give "
            "loss(model, batch), which is what is trained here"
        )


def optimizer_of(model: Any, optimizer: Optional[Callable[[Any], Any]]) -> Any:
    """The optimizer that the script makes, or the one that the model is compiled with."""
    if optimizer is not None:
        made = optimizer(model)
        if not isinstance(made, keras.optimizers.Optimizer):
            raise TypeError(
                f"optimizer(model) returned {type(made).__name__}; return a Keras optimizer"
            )
        return made
    own = getattr(model, "optimizer", None)
    if own is None:
        raise TypeError(
            "model() returned a model without an optimizer; compile it with one, or give "
            "optimizer(model)"
        )
    return own


def tells_classes(model: Any) -> bool:
    """Whether the loss that a model is compiled with is one of classes."""
    losses = getattr(model, "loss", None)
    parts = losses.values() if isinstance(losses, dict) else losses
    parts = parts if isinstance(losses, (dict, list, tuple)) else [losses]
    names = [
        part if isinstance(part, str) else getattr(part, "name", getattr(part, "__name__", ""))
        for part in parts
    ]
    kinds = ("crossentropy", "hinge", "kl_divergence", "ctc")
    return any(kind in str(name).lower() for name in names for kind in kinds)


# Numbers


def rms(variable: Any) -> float:
    value = variable.value.detach().float()
    return float(value.square().mean().sqrt()) if value.numel() else 0.0


def measured(loss: torch.Tensor, network: Network, scale: float) -> Any:
    """The loss, the norm of all gradients, and the norms of each variable; one transfer."""
    known = [(n, p, p.grad) for n, p in network.named_parameters() if p.grad is not None]
    norms = torch._foreach_norm([g.detach().float() for _, _, g in known]) if known else []
    is_told = 0 < len(known) <= _MOST_LAYERS
    weights = torch._foreach_norm([p.detach().float() for _, p, _ in known]) if is_told else []
    numbers = [loss.detach().reshape(()), *norms, *weights]
    size, *rest = torch.stack([number.double() for number in numbers]).tolist()
    gradients = [norm / scale for norm in rest[: len(known)]]
    # Of a square there may be too much where there is not of the norm.
    norm = math.hypot(*gradients) if all(map(math.isfinite, gradients)) else math.nan
    if not is_told:
        return size, norm, None
    layers = {
        name: {"gradient": gradient, "weight": weight}
        for (name, _, _), gradient, weight in zip(known, gradients, rest[len(known) :])
    }
    return size, norm, layers


# State


def kept_state(step: int, network: Network, optimizer: Any) -> Dict[str, Any]:
    """What a trial goes on from: variables, the optimizer's, and where randomness has come to."""
    return {
        "step": step,
        "model": [v.value.detach().clone() for v in _state(network.model)],
        "optimizer": [v.value.detach().clone() for v in optimizer.variables],
        "random": random_state(),
    }


def restore(kept: Dict[str, Any], network: Network, optimizer: Any) -> None:
    if not optimizer.built:
        optimizer.build(network.variables)
    with torch.no_grad():
        for v, value in zip(_state(network.model), kept["model"]):
            v.assign(value)
        for v, value in zip(optimizer.variables, kept["optimizer"]):
            v.assign(value)
    set_random_state(kept["random"])


def _state(model: Any) -> List[Any]:
    """All variables, seeds of dropout among them, and the seed that all without one share."""
    from keras.src.random.seed_generator import global_seed_generator

    return [*model.variables, global_seed_generator().state]
