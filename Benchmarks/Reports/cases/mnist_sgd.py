"""A convolutional network, its Adadelta replaced by SGD, and the rate of 1 left as it was.

Report: MNIST Optimizer, https://github.com/pytorch/examples/issues/736
Established: plain SGD needs a lower learning rate (maintainers).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 100
CAUSES = ("large-learning-rate",)

generator = torch.Generator().manual_seed(736)
shapes = torch.rand(10, 1, 20, 20, generator=generator).gt(0.8).float()
labels = torch.randint(0, 10, (1024,), generator=generator)
images = shapes[labels] + 0.3 * torch.rand(1024, 1, 20, 20, generator=generator)
images = (images - images.mean()) / images.std()


def model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(64 * 8 * 8, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10), nn.LogSoftmax(1))


def data(seed: int) -> Batches:
    return batches(seed, 64, images, labels)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.nll_loss(model(batch[0]), batch[1])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=1.0)


MENDED = {"optimizer": lambda model: torch.optim.SGD(model.parameters(), lr=0.05)}
