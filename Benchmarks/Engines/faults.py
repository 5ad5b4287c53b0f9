"""What goes wrong in scripts, written as one would write it there, and what Keel calls it."""
from __future__ import annotations

import random
from typing import Any, Callable, Dict, Iterator, Tuple

import torch
from torch import nn

from case import Case, replace

# Each yields what it makes of a healthy case, the mildest first; the first that fails is taken.
Ladder = Callable[[Case, random.Random], Iterator[Case]]

ACTIVATIONS = (nn.ReLU, nn.Tanh, nn.GELU, nn.SiLU, nn.ELU, nn.LeakyReLU, nn.SELU, nn.Softplus)


# Rates

def high_rate(case: Case, dice: random.Random) -> Iterator[Case]:
    for factor in (10, 30, 100, 300, 1000, 1e4):
        yield replace(case, rate=case.rate * factor * dice.uniform(1, 3))


def low_rate(case: Case, dice: random.Random) -> Iterator[Case]:
    for factor in (1e-3, 1e-4, 1e-5, 1e-6):
        yield replace(case, rate=case.rate * factor)


def growing(case: Case, dice: random.Random) -> Iterator[Case]:
    for end in (1e3, 1e5, 1e8):
        growth = end ** (1 / case.steps)
        yield replace(case, schedule=lambda o, g=growth: torch.optim.lr_scheduler.LambdaLR(
            o, lambda step: g ** step))


def fading(case: Case, dice: random.Random) -> Iterator[Case]:
    for factor in (0.8, 0.5):
        yield replace(
            case, schedule=lambda o, f=factor: torch.optim.lr_scheduler.ExponentialLR(o, f))


# Settings

def with_settings(case: Case, **settings: Any) -> Case:
    return replace(case, settings={**case.settings, **settings})


def momentum(case: Case, dice: random.Random) -> Iterator[Case]:
    for share in (0.999, 0.9995, 0.9999):
        if case.optimizer_name == "sgd":
            yield with_settings(case, momentum=share)


def decay(case: Case, dice: random.Random) -> Iterator[Case]:
    for share in (1.0, 10.0, 100.0, 1000.0):
        yield with_settings(case, weight_decay=share * dice.uniform(1, 2))


def epsilon(case: Case, dice: random.Random) -> Iterator[Case]:
    if case.optimizer_name in ("adam", "adamw"):
        for value in (10.0, 1e4):
            yield with_settings(case, eps=value)


def small_clip(case: Case, dice: random.Random) -> Iterator[Case]:
    if case.optimizer_name == "sgd":
        for limit in (1e-5, 1e-7):
            yield replace(case, clip=limit)


def no_clip(case: Case, dice: random.Random) -> Iterator[Case]:
    if case.clip is not None:
        yield replace(case, clip=None)


# Weights

def spoiled(case: Case, spoil: Callable[[nn.Module], None]) -> Case:
    def build() -> nn.Module:
        model = case.build()
        with torch.no_grad():
            spoil(model)
        return model

    return replace(case, build=build)


def each_weight(change: Callable[[torch.Tensor], Any]) -> Callable[[nn.Module], None]:
    def spoil(model: nn.Module) -> None:
        for value in model.parameters():
            if value.dim() > 1:
                change(value)

    return spoil


def normal_weights(case: Case, dice: random.Random) -> Iterator[Case]:
    for size in (1.0, 3.0, 10.0, 100.0):
        yield spoiled(case, each_weight(lambda v, s=size: v.normal_(0, s)))


def scaled_weights(case: Case, dice: random.Random) -> Iterator[Case]:
    for size in (5.0, 10.0, 30.0, 100.0, 1000.0):
        yield spoiled(case, each_weight(lambda v, s=size: v.mul_(s)))


def small_weights(case: Case, dice: random.Random) -> Iterator[Case]:
    for size in (1e-2, 1e-3, 1e-5):
        yield spoiled(case, each_weight(lambda v, s=size: v.mul_(s)))


class Raw(nn.Module):
    """A layer of one's own, whose weights are standard normal."""

    def __init__(self, inputs: int, outputs: int, size: float) -> None:
        super().__init__()
        self.kernel = nn.Parameter(size * torch.randn(inputs, outputs))
        self.shift = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.kernel + self.shift


def exchanged(model: nn.Module, kinds: Any, make: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """The network with modules of some kinds replaced, its own as well."""
    if type(model) in kinds:
        return make(model)
    for name, child in list(model.named_children()):
        setattr(model, name, exchanged(child, kinds, make))
    return model


def raw_layers(case: Case, dice: random.Random) -> Iterator[Case]:
    if any(word in case.name for word in ("tied", "encoder", "padded", "cell")):
        return  # Their weights are used by more than their layer.
    for size in (1.0, 3.0, 10.0):
        yield replace(case, build=lambda s=size: exchanged(
            case.build(), (nn.Linear,), lambda m: Raw(m.in_features, m.out_features, s)))


# Networks

class Exponential(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.exp()


def exponentials(case: Case, dice: random.Random) -> Iterator[Case]:
    yield replace(case, build=lambda: exchanged(
        case.build(), ACTIVATIONS, lambda m: Exponential()))


def dropout(case: Case, dice: random.Random) -> Iterator[Case]:
    for share in (0.97, 0.99):
        yield replace(case, build=lambda p=share: exchanged(
            case.build(), (nn.Dropout,), lambda m: nn.Dropout(p)))


# What is calculated

def summed(case: Case, dice: random.Random) -> Iterator[Case]:
    for batch in (case.batch, 128):
        if batch <= len(case.rows[-1]):
            yield replace(case, is_summed=True, batch=batch)


class Loud(nn.Module):
    """A network whose output passes through numbers as many times as large."""

    def __init__(self, inside: nn.Module, size: float) -> None:
        super().__init__()
        self.inside, self.size = inside, size

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.inside(*inputs) * self.size / self.size


def half(case: Case, dice: random.Random) -> Iterator[Case]:
    for size in (1e3, 1e4, 5e4):
        yield replace(case, is_half=True, build=lambda s=size: Loud(case.build(), s))


def ignored(case: Case, dice: random.Random) -> Iterator[Case]:
    if case.loss_name == "ce" and case.rows[-1].dim() == 1:
        for share in (0.9, 0.95, 0.98):
            targets = case.rows[-1].clone()
            chosen = torch.rand(len(targets), generator=torch.Generator().manual_seed(
                dice.randrange(1 << 30))) < share
            targets[chosen] = -100
            if len(targets[targets >= 0]) > 3:
                yield replace(case, rows=(*case.rows[:-1], targets))


# Rows

def large_inputs(case: Case, dice: random.Random) -> Iterator[Case]:
    if case.has_numbers:
        for size in (100, 1000, 1e4, 1e6):
            offset = dice.choice([0, 0, 1])
            yield replace(case, rows=(
                size * (case.rows[0] + offset), *case.rows[1:]))


def large_targets(case: Case, dice: random.Random) -> Iterator[Case]:
    if case.is_regression:
        for size in (100, 1000, 1e4, 1e6):
            yield replace(case, rows=(*case.rows[:-1], size * case.rows[-1]))


def outlier(case: Case, dice: random.Random) -> Iterator[Case]:
    for size in (1e4, 1e6, 1e8):
        for count in (1, case.batch // 4):
            place = -1 if case.is_regression and dice.random() < 0.5 else 0
            rows = [part.clone() for part in case.rows]
            if not rows[place].is_floating_point():
                return
            some = torch.randperm(
                len(rows[0]), generator=torch.Generator().manual_seed(dice.randrange(1 << 30)))[:count]
            rows[place][some] = size * rows[place][some]
            yield replace(case, rows=tuple(rows))


# Name, what makes it, and the causes that are right
FAULTS: Dict[str, Tuple[Ladder, Tuple[str, ...]]] = {
    "high-rate": (high_rate, ("large-learning-rate",)),
    "low-rate": (low_rate, ("low-learning-rate",)),
    "growing-rate": (growing, ("growing-learning-rate",)),
    "fading-rate": (fading, ("low-learning-rate",)),
    "momentum": (momentum, ("excessive-momentum",)),
    "decay": (decay, ("excessive-penalty",)),
    "epsilon": (epsilon, ("unusual-setting",)),
    "small-clip": (small_clip, ("unusual-setting",)),
    "no-clip": (no_clip, ("large-learning-rate", "long-recurrence")),
    "normal-weights": (normal_weights, ("poor-initialization",)),
    "scaled-weights": (scaled_weights, ("poor-initialization",)),
    "small-weights": (small_weights, ("poor-initialization",)),
    "raw-layers": (raw_layers, ("poor-initialization",)),
    "exponentials": (
        exponentials, ("steep-activation", "numeric-overflow", "unbounded-exponent")),
    "dropout": (dropout, ("excessive-dropout",)),
    "large-inputs": (large_inputs, ("unscaled-data",)),
    "large-targets": (large_targets, ("unscaled-data",)),
    "outlier": (outlier, ("outlier-batch",)),
    "summed": (summed, ("summed-loss",)),
    "half": (half, ("half-precision",)),
    "ignored": (ignored, ("empty-mean",)),
}
