"""A convolutional network in half precision throughout, under Adam as it comes.

Report: NaN loss when using half precision, https://github.com/pytorch/pytorch/issues/8860
Established: Adam's epsilon of 1e-8 is 0 in float16, and so are the squares of small gradients;
1e-4 trains (asker, and another).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 300
CAUSES = ("half-precision",)

generator = torch.Generator().manual_seed(8860)
faces = torch.randn(4, 1, 10, 10, generator=generator)
labels = torch.randint(0, 4, (512,), generator=generator)
images = faces[labels] + torch.randn(512, 1, 10, 10, generator=generator)


def model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8 * 3 * 3, 32), nn.ReLU(), nn.Linear(32, 4)).half()


def data(seed: int) -> Batches:
    return batches(seed, 32, images, labels)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.cross_entropy(model(batch[0].half()).float(), batch[1])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=1e-3)


MENDED = {"optimizer": lambda model: torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-4)}
