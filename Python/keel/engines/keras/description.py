"""What a Keras training is, as Keel asks first."""

from __future__ import annotations

from typing import Any, List, Optional

from keel.engines.pytorch.changes import MENDED
from keel.engines.pytorch.columns import Columns
from keel.engines.protocol import JSON
from keel.engines.keras.changes import SETTINGS, dropouts, layers_of, owner_of, reset
from keel.engines.keras.network import Network, rms
from keel.engines.keras.rate import Movement, inner


def layers(network: Network) -> List[JSON]:
    """Every variable, how large it is, and how large it would begin by rule. Resets the network."""
    named = list(zip(network.names, network.variables))
    owner = owner_of(network.model)
    before = [rms(v) for _, v in named]
    reset(network.model)
    after = [rms(v) for _, v in named]
    # A bias that begins with nothing by rule is held against its layer's weights.
    weights = {
        id(owner[id(v)]): size for (_, v), size in zip(named, after) if len(v.shape) > 1
    }
    told: List[JSON] = []
    for (name, v), size, anew in zip(named, before, after):
        layer = owner[id(v)]
        one: JSON = {"name": name, "kind": type(layer).__name__, "shape": list(v.shape)}
        if v.name == "bias":
            one.update(rms=size, resetRms=anew or weights.get(id(layer), 0.0))
        elif len(v.shape) > 1:
            one.update(rms=size, resetRms=anew)
        told.append(one)
    return told


def precision(network: Network) -> str:
    """The numbers that its layers calculate with: the shortest of them."""
    used = {layer.compute_dtype for layer in network.modules()}
    return next((name for name in ("float16", "bfloat16") if name in used), "float32")


def settings(model: Any, optimizer: Any, movement: Movement, clip: Optional[float]) -> JSON:
    """The optimizer's settings in Keel's words."""
    at_work = inner(optimizer)
    # clipnorm, of each variable by itself, is no clip that Keel knows.
    clips: JSON = {
        "global-norm": at_work.global_clipnorm or (None if clip is None else float(clip)),
        "value": at_work.clipvalue,
    }
    clips = {kind: limit for kind, limit in clips.items() if limit}
    told: JSON = {
        "learning-rate": movement.base,
        "optimizer": type(at_work).__name__,
        "clip": clips or None,
        "loss-scale": "none" if at_work is optimizer else "dynamic",
        "schedule-factors": movement.factors(),
        "dropout": max((rate for _, _, rate in dropouts(model)), default=None),
    }
    for name, attribute in SETTINGS.items():
        value = getattr(at_work, attribute, None)
        told[name] = None if value is None else float(value)
    return {name: value for name, value in told.items() if value is not None}


def changes(model: Any, optimizer: Any, columns: Columns) -> List[str]:
    """What can be changed."""
    names = ["learning-rate", "optimizer", "schedule", "warmup", "bad-steps"]
    names += [
        name
        for name, attribute in SETTINGS.items()
        # Another optimizer has settings that this one has not.
        if hasattr(inner(optimizer), attribute) or name in ("beta1", "beta2", "epsilon")
    ]
    names += [*MENDED, "loss-reduction"]
    if "float16" in {layer.compute_dtype for layer in layers_of(model)}:
        names.append("loss-scale")
    told = [f"set {name}" for name in names] + ["reset initialization", "clip", "precision"]
    if columns.inputs is not None or columns.targets is not None:
        told += ["standardize", "set bad-rows"]
    return told + (["set dropout"] if dropouts(model) else [])
