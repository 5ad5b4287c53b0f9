"""Pairs of pictures, some of which are one and the same picture.

Report: Siamese loss problem, https://github.com/adambielski/siamese-triplet/issues/18
Established: the distance of a pair of equals is 0, where the root has no slope; a small number
under the root mends it (maintainer).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 400
CAUSES = ("numeric-overflow",)

generator = torch.Generator().manual_seed(18)
kinds = torch.randn(6, 20, generator=generator)
labels = torch.randint(0, 6, (512, 2), generator=generator)
labels[:256, 1] = labels[:256, 0]
pairs = kinds[labels] + 0.7 * torch.randn(512, 2, 20, generator=generator)
pairs[:3, 1] = pairs[:3, 0]
is_same = labels[:, 0].eq(labels[:, 1]).float()


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 64), nn.PReLU(), nn.Linear(64, 64), nn.PReLU(),
                         nn.Linear(64, 4))


def data(seed: int) -> Batches:
    return batches(seed, 32, pairs, is_same)


def contrast(model: nn.Module, batch: Batch, epsilon: float = 0.0) -> torch.Tensor:
    first, second = model(batch[0][:, 0]), model(batch[0][:, 1])
    square = (first - second).square().sum(1)
    apart = F.relu(1 - (square + epsilon).sqrt()).square()
    return (0.5 * (batch[1] * square + (1 - batch[1]) * apart)).mean()


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return contrast(model, batch)


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=1e-3)


MENDED = {"loss": lambda model, batch: contrast(model, batch, epsilon=1e-9)}
