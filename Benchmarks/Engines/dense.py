"""Networks on tables of numbers."""
from __future__ import annotations

import random
from typing import Any, Callable, Dict

import torch
from torch import nn

ROWS, FEATURES = 512, 8
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU, "elu": nn.ELU,
               "leaky": nn.LeakyReLU, "selu": nn.SELU, "softplus": nn.Softplus}


# Rows

def numbers(dice: random.Random, outputs: int = 1) -> Any:
    """Of a smooth function of unit size."""
    torch.manual_seed(dice.randrange(1 << 30))
    inputs = torch.randn(ROWS, FEATURES)
    targets = inputs @ torch.randn(FEATURES, outputs) + 0.5 * torch.tanh(
        inputs @ torch.randn(FEATURES, outputs))
    return inputs, (targets - targets.mean(0)) / targets.std(0)


def blobs(dice: random.Random, classes: int = 3) -> Any:
    torch.manual_seed(dice.randrange(1 << 30))
    labels = torch.randint(0, classes, (ROWS,))
    inputs = 1.5 * torch.randn(classes, FEATURES)[labels] + 0.7 * torch.randn(ROWS, FEATURES)
    return inputs / inputs.std(), labels


def stack(dice: random.Random, depth: int, width: int, outputs: int,
          norm: Callable[[int], nn.Module] | None = None, name: str | None = None,
          bias: bool = True) -> Callable[[], nn.Module]:
    act = ACTIVATIONS[name or dice.choice(["relu", "tanh", "gelu", "silu", "elu", "leaky"])]

    def build() -> nn.Module:
        layers, size = [], FEATURES
        for _ in range(depth):
            layers.append(nn.Linear(size, width, bias=bias))
            layers += ([norm(width)] if norm else []) + [act(), nn.Dropout(0.0)]
            size = width
        return nn.Sequential(*layers, nn.Linear(size, outputs))

    return build


# Blocks

class Residual(nn.Module):
    def __init__(self, blocks: int, width: int, outputs: int, pre: bool) -> None:
        super().__init__()
        self.stem = nn.Linear(FEATURES, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width) if pre else nn.Identity(), nn.Linear(width, width),
                          nn.ReLU(), nn.Dropout(0.0), nn.Linear(width, width))
            for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.norm(x))


class Highway(nn.Module):
    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Linear(FEATURES, width)
        self.values = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.gates = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.act, self.head = nn.ReLU(), nn.Linear(width, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for value, gate in zip(self.values, self.gates):
            open_ = torch.sigmoid(gate(x))
            x = open_ * self.act(value(x)) + (1 - open_) * x
        return self.head(x)


class Experts(nn.Module):
    def __init__(self, width: int, outputs: int, count: int = 4) -> None:
        super().__init__()
        self.gate = nn.Linear(FEATURES, count)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(FEATURES, width), nn.ReLU(), nn.Dropout(0.0),
                          nn.Linear(width, outputs)) for _ in range(count))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shares = self.gate(x).softmax(-1).unsqueeze(-1)
        return (shares * torch.stack([expert(x) for expert in self.experts], 1)).sum(1)


class Heads(nn.Module):
    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(FEATURES, width), nn.ReLU(), nn.Dropout(0.0))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
            for _ in range(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.trunk(x)
        return torch.cat([head(x) for head in self.heads], 1)


class Tied(nn.Module):
    """An autoencoder whose way out is its way in, turned over."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Linear(FEATURES, width)
        self.act, self.bias = nn.Tanh(), nn.Parameter(torch.zeros(FEATURES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.into(x)) @ self.into.weight + self.bias


class Shared(nn.Module):
    """One layer, applied several times."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.stem, self.again = nn.Linear(FEATURES, width), nn.Linear(width, width)
        self.act, self.head = nn.Tanh(), nn.Linear(width, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for _ in range(3):
            x = self.act(self.again(x))
        return self.head(x)


class Siamese(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.side = nn.Sequential(nn.Linear(FEATURES, width), nn.ReLU(), nn.Linear(width, width))
        self.head = nn.Linear(width, 1)

    def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return self.head((self.side(one) - self.side(other)).abs())


class Masked(nn.Module):
    """Rows with gaps, and where they are."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2 * FEATURES, width), nn.ReLU(), nn.Dropout(0.0),
                                  nn.Linear(width, outputs))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.body(torch.cat([x * mask, mask], 1))


class Wide(nn.Module):
    """A linear part beside a deep one."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.wide = nn.Linear(FEATURES, outputs)
        self.deep = nn.Sequential(nn.Linear(FEATURES, width), nn.ReLU(), nn.Linear(width, width),
                                  nn.ReLU(), nn.Linear(width, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.wide(x) + self.deep(x)


# What a case is made of: network, rows, loss

def regression(build: Callable[[], nn.Module], dice: random.Random, outputs: int = 1) -> Any:
    return build, numbers(dice, outputs), dice.choice(["mse", "mse", "mse", "huber", "l1"])


def classes(build: Callable[[], nn.Module], dice: random.Random) -> Any:
    return build, blobs(dice), "ce"


def siamese(dice: random.Random) -> Any:
    inputs, labels = blobs(dice)
    order = torch.randperm(ROWS)
    width = dice.choice([16, 32])
    same = (labels == labels[order]).float().unsqueeze(1)
    return lambda: Siamese(width), (inputs, inputs[order], same), "bce"


def masked(dice: random.Random) -> Any:
    inputs, targets = numbers(dice)
    mask = (torch.rand(ROWS, FEATURES) > 0.15).float()
    return lambda: Masked(32, 1), (inputs, mask, targets), "mse"


def autoencoder(dice: random.Random) -> Any:
    torch.manual_seed(dice.randrange(1 << 30))
    rows = torch.randn(ROWS, 3) @ torch.randn(3, FEATURES)
    rows = rows / rows.std()

    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(FEATURES, 24), nn.ReLU(), nn.Dropout(0.0), nn.Linear(24, 4),
                             nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, FEATURES))

    return build, (rows, rows.clone()), "mse"


def tied(dice: random.Random) -> Any:
    _, rows, loss = autoencoder(dice)
    return lambda: Tied(12), rows, loss


def discriminator(dice: random.Random) -> Any:
    """Real rows lie on a sphere, made ones about its centre."""
    torch.manual_seed(dice.randrange(1 << 30))
    real = (torch.rand(ROWS) > 0.5).float().unsqueeze(1)
    rows = torch.randn(ROWS, FEATURES)
    sphere = 3 * rows / rows.norm(dim=1, keepdim=True) + 0.5
    build = stack(dice, 2, 32, 1, name="leaky")
    return build, (torch.where(real > 0, sphere, 0.5 * rows), real), "bce"


FAMILIES: Dict[str, Callable[[random.Random], Any]] = {
    "linear": lambda d: regression(lambda: nn.Linear(FEATURES, 1), d),
    "dense": lambda d: regression(stack(d, 1, d.choice([16, 32, 64]), 1), d),
    "dense-deep": lambda d: regression(stack(d, d.choice([3, 4, 5]), 32, 1), d),
    "dense-classes": lambda d: classes(stack(d, 2, 32, 3), d),
    "dense-selu": lambda d: classes(stack(d, 4, 24, 3, name="selu"), d),
    "dense-softplus": lambda d: regression(stack(d, 2, 24, 1, name="softplus"), d),
    "dense-wide": lambda d: classes(stack(d, 1, 128, 3), d),
    "batch-norm": lambda d: classes(stack(d, 3, 24, 3, nn.BatchNorm1d, bias=False), d),
    "layer-norm": lambda d: regression(stack(d, 3, 24, 1, nn.LayerNorm), d),
    "rms-norm": lambda d: classes(stack(d, 3, 24, 3, nn.RMSNorm), d),
    "residual": lambda d: regression(lambda: Residual(3, 24, 1, False), d),
    "residual-pre-norm": lambda d: classes(lambda: Residual(4, 24, 3, True), d),
    "highway": lambda d: classes(lambda: Highway(24, 3), d),
    "experts": lambda d: regression(lambda: Experts(16, 1), d),
    "heads": lambda d: regression(lambda: Heads(24, 3), d, 3),
    "shared": lambda d: classes(lambda: Shared(24, 3), d),
    "wide-and-deep": lambda d: regression(lambda: Wide(24, 1), d),
    "siamese": siamese, "masked": masked, "autoencoder": autoencoder, "tied": tied,
    "discriminator": discriminator,
}
