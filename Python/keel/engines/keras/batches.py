"""Batches of Keras as the rest of Keel takes them, and as the script gave them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Tuple

import keras
import numpy
import torch

from keel.engines.protocol import JSON

# What fit takes of arrays at a time where it is not told.
_ROWS = 32
_TARGETS = ("labels", "label", "targets", "target", "y")
_WEIGHTS = ("sample_weight", "sample_weights")


@dataclass(frozen=True)
class _Leaf:
    """Where a tensor of a batch belongs."""

    key: str


class Source:
    """``data`` of a script, its batches opened: what ``Batches`` and ``Columns`` draw from."""

    def __init__(self, data: Callable[[int], Any], are_classes: bool) -> None:
        self._data, self._are_classes = data, are_classes

    def __call__(self, seed: int) -> Iterator[JSON]:
        for batch in _epoch(self._data(seed), seed):
            yield opened(batch, self._are_classes)


def opened(batch: Any, are_classes: bool = False) -> JSON:
    """The tensors of a batch by name, inputs first, and the form to put them back into.

    Targets are named ``y`` where they are numbers to come close to, ``classes`` where they are
    not: those have no scale.
    """
    found: Dict[str, Any] = {}
    if isinstance(batch, dict):
        roles = {
            key: "y" if key in _TARGETS else "w" if key in _WEIGHTS else "x" for key in batch
        }
        form: Any = {key: _form(value, roles[key], found) for key, value in batch.items()}
    elif isinstance(batch, (list, tuple)) and len(batch) <= 3:
        parts = [_form(value, role, found) for value, role in zip(batch, "xyw")]
        form = type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    else:
        form = _form(batch, "x", found)
    # Numbers before indices: the first is what inputs are measured by.
    inputs = [key for key in found if key.startswith("x")]
    inputs.sort(key=lambda key: not torch.is_floating_point(found[key]))
    rest = [key for key in found if not key.startswith("x")]
    renamed = {"y0": "classes" if are_classes else "y"}
    return {
        "form": (form, renamed),
        **{renamed.get(key, key): found[key] for key in inputs + rest},
    }


def closed(values: JSON) -> Any:
    """The batch as the script gave it."""
    form, renamed = values["form"]

    def put(part: Any) -> Any:
        if isinstance(part, _Leaf):
            return values[renamed.get(part.key, part.key)]
        return _mapped(part, put)

    return put(form)


def unpacked(batch: Any) -> Tuple[Any, Any, Any]:
    """Inputs, targets and weights of a batch, as fit takes them."""
    if isinstance(batch, (list, tuple)) and len(batch) <= 3:
        return (*batch, *[None] * (3 - len(batch)))
    if isinstance(batch, dict) and any(key in _TARGETS for key in batch):
        target = next(key for key in _TARGETS if key in batch)
        weight = next((key for key in _WEIGHTS if key in batch), None)
        inputs = {key: value for key, value in batch.items() if key not in (target, weight)}
        x = next(iter(inputs.values())) if len(inputs) == 1 else inputs
        return x, batch[target], batch.get(weight)
    return batch, None, None


def _epoch(drawn: Any, seed: int) -> Iterator[Any]:
    if isinstance(drawn, keras.utils.PyDataset):
        # It may have no end of its own.
        for index in range(len(drawn)):
            yield drawn[index]
    elif _are_arrays(drawn):
        count = len(drawn[0])
        order = numpy.random.default_rng(seed).permutation(count)
        for first in range(0, count, _ROWS):
            rows = order[first : first + _ROWS]
            yield tuple(part[rows] for part in drawn)
    else:
        yield from drawn


def _are_arrays(drawn: Any) -> bool:
    """Whether these are all rows, as fit takes them, and not a tuple of batches."""
    return (
        isinstance(drawn, tuple)
        and 2 <= len(drawn) <= 3
        and all(isinstance(part, (numpy.ndarray, torch.Tensor)) for part in drawn)
        and all(part.ndim > 0 and len(part) == len(drawn[0]) for part in drawn)
    )


def _form(value: Any, role: str, found: Dict[str, Any]) -> Any:
    """Notes the tensors of a part of a batch; leaves what is none where it is."""
    if isinstance(value, (dict, list, tuple)):
        return _mapped(value, lambda member: _form(member, role, found))
    if isinstance(value, torch.Tensor):
        # One tensor may be inputs and targets: what happens to one must not happen to the other.
        tensor = value.view_as(value)
    elif getattr(value, "dtype", None) is None or not hasattr(value, "__array__"):
        return value
    elif (value := numpy.asarray(value)).dtype.kind in "biuf":
        is_picture = role == "x" and value.dtype == numpy.uint8
        is_float = value.dtype.kind == "f" or is_picture
        tensor = keras.ops.convert_to_tensor(
            value, dtype=keras.config.floatx() if is_float else None
        )
    else:
        return value
    key = f"{role}{sum(name.startswith(role) for name in found)}"
    found[key] = tensor
    return _Leaf(key)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return type(value)((key, change(member)) for key, member in value.items())
    if isinstance(value, (list, tuple)):
        members: List[Any] = [change(member) for member in value]
        return type(value)(*members) if hasattr(value, "_fields") else type(value)(members)
    return value
