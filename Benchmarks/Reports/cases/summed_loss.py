"""A network from scratch, the loss of a batch added up and the step not divided by its size.

Report: 自定义的sgd函数中的“除以batch_size”是否要省略需要视loss如何定义,
https://github.com/ShusenTang/Dive-into-DL-PyTorch/issues/75
Established: the sum has to be divided by the batch size once, in the loss or in the step; without
that gradients explode (asker, author).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 300
CAUSES = ("summed-loss",)

generator = torch.Generator().manual_seed(75)
clothes = torch.rand(10, 196, generator=generator)
labels = torch.randint(0, 10, (2048,), generator=generator)
images = 0.5 * clothes[labels] + 0.5 * torch.rand(2048, 196, generator=generator)


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(196, 256), nn.ReLU(), nn.Linear(256, 10))


def data(seed: int) -> Batches:
    return batches(seed, 256, images, labels)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.cross_entropy(model(batch[0]), batch[1], reduction="sum")


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1)


MENDED = {"loss": lambda model, batch: F.cross_entropy(model(batch[0]), batch[1])}
