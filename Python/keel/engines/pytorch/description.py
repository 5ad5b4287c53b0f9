"""What a PyTorch training tells of itself: settings, layers, and what can be changed."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Dict, List, Optional

import torch

from keel.engines.protocol import JSON
from keel.engines.pytorch.columns import Columns
from keel.engines.pytorch.dropouts import dropouts
from keel.engines.pytorch.changes import MENDED
from keel.engines.pytorch.measures import rms
from keel.engines.pytorch.normalization import places
from keel.engines.pytorch.operations import Operations, precision
from keel.engines.pytorch.rates import own_peak, writes_rates
from keel.engines.pytorch.resetting import reset

# A schedule is told in so many places, spread over the run.
_FACTORS = 200


def settings(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, clip: Optional[float],
    course: Optional[List[float]], peak: Optional[float] = None,
) -> JSON:
    """Its settings, as Keel calls them; ``course`` is what the schedule makes of the rate, and
    ``peak`` the rate of one that writes its own."""
    # The largest rate decides; the others keep their place beside it.
    group = max(optimizer.param_groups, key=lambda group: float(group["lr"]))
    values: JSON = {
        "learning-rate": peak or float(group["lr"]),
        "optimizer": type(optimizer).__name__,
        "momentum": group.get("momentum"),
        "rho": group.get("alpha", group.get("rho")),
        "epsilon": group.get("eps") if isinstance(group.get("eps"), float) else None,
        "weight-decay": group.get("weight_decay"),
        "clip": None if clip is None else {"global-norm": float(clip)},
        "schedule-factors": course,
        "dropout": max((rate for _, _, rate in dropouts(model)), default=None),
    }
    if "betas" in group:
        values["beta1"], values["beta2"] = (float(beta) for beta in group["betas"])
    return {name: value for name, value in values.items() if value is not None}


def changes(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, columns: Columns,
    operations: Operations,
) -> List[str]:
    """What can be changed of it."""
    group = optimizer.param_groups[0]
    settings = ["learning-rate", "optimizer", "schedule", "warmup", "bad-steps"]
    settings += [
        name
        for name, keys in {
            "momentum": ("momentum",), "beta1": ("betas",), "beta2": ("betas",),
            "rho": ("alpha", "rho"), "epsilon": ("eps",), "weight-decay": ("weight_decay",),
        }.items()
        # Another optimizer has settings that this one has not.
        if any(key in group for key in keys) or name in ("beta1", "beta2", "epsilon")
    ]
    settings += [*MENDED, "loss-reduction"]
    if places(model):
        settings.append("normalization")
    # Gradients of half weights are halves themselves, and bfloat16 has no small numbers to lose.
    is_half = any(p.dtype != torch.float32 for p in model.parameters())
    if precision(operations, model) == "float16" and not is_half:
        settings.append("loss-scale")
    changes = [f"set {name}" for name in settings]
    changes += ["reset initialization", "clip", "precision"]
    if columns.inputs is not None or columns.targets is not None:
        changes += ["standardize", "set bad-rows"]
    return changes + (["set dropout"] if dropouts(model) else [])


def layers(model: torch.nn.Module) -> List[JSON]:
    """Its parameters: how large they begin, and how large they would after a reset, which the model
    is then left with."""
    before = {name: rms(value) for name, value in model.named_parameters()}
    kinds = {
        f"{name}.{key}" if name else key: type(module).__name__
        for name, module in model.named_modules()
        for key, _ in module.named_parameters(recurse=False)
    }
    reset(model)
    after = {name: rms(value) for name, value in model.named_parameters()}
    # Weights by module: a bias is held against them, as one of few numbers may come out as
    # next to nothing where it begins at random.
    weights: Dict[str, float] = {}
    for name, value in model.named_parameters():
        if value.dim() > 1:
            module = name.rpartition(".")[0]
            weights[module] = max(after[name], weights.get(module, 0.0))

    def sizes(name: str, value: torch.Tensor) -> JSON:
        if value.dim() > 1:
            # No gradient goes through an embedding: it may begin as small as it likes.
            is_small = kinds.get(name, "").startswith("Embedding") and before[name] < after[name]
            return {} if is_small else {"rms": before[name], "resetRms": after[name]}
        if name.endswith("bias"):
            most = max(after[name], weights.get(name.rpartition(".")[0], 0.0))
            return {"rms": before[name], "resetRms": most}
        # What begins with nothing by rule has no size to be held against.
        return {}

    return [
        {
            "name": name,
            "kind": kinds.get(name, ""),
            "shape": list(value.shape),
            **sizes(name, value),
        }
        for name, value in model.named_parameters()
    ]


def factors(
    own: Optional[Callable[[Any], Any]], optimizer: torch.optim.Optimizer, steps: int
) -> Optional[List[float]]:
    """What the schedule makes of the rate, in places spread over the run; the optimizer keeps the
    rate it has."""
    if own is None:
        return None
    kept = [dict(group) for group in optimizer.param_groups]
    base = max(float(group["lr"]) for group in kept) or 1.0
    places = {
        round(index * (steps - 1) / max(1, min(_FACTORS, steps) - 1))
        for index in range(min(_FACTORS, steps))
    }
    factors = []
    with warnings.catch_warnings():
        # There is no step of the optimizer between two of the schedule here.
        warnings.simplefilter("ignore")
        try:
            schedule = own(optimizer)
            if writes_rates(schedule):
                base = own_peak(schedule)
            for step in range(steps):
                if step in places:
                    rates = [float(group["lr"]) for group in optimizer.param_groups]
                    factors.append(max(rates) / base)
                schedule.step()
        except TypeError:
            return None  # One that follows a measure tells nothing beforehand.
        finally:
            for group, before in zip(optimizer.param_groups, kept):
                group.update(before)
    return factors


def peak(
    own: Optional[Callable[[Any], Any]], optimizer: torch.optim.Optimizer
) -> Optional[float]:
    """The rate of a schedule that writes its own; None of another."""
    if own is None:
        return None
    kept = [dict(group) for group in optimizer.param_groups]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedule = own(optimizer)
    for group, before in zip(optimizer.param_groups, kept):
        group.update(before)
    return own_peak(schedule) if writes_rates(schedule) else None
