"""A classifier that ends in a softmax, and a loss that takes the logarithm of it.

Report: torch.log(y_pred) in NeuralNetClassifier.get_loss may cause NaN,
https://github.com/skorch-dev/skorch/issues/481
Established: a softmax comes out as 0 and its logarithm as -inf; a small number is added to it
(maintainers, https://github.com/skorch-dev/skorch/pull/491).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 600
CAUSES = ("numeric-overflow", "mismatched-loss")

generator = torch.Generator().manual_seed(481)
shapes = torch.rand(10, 98, generator=generator).gt(0.7).float()
labels = torch.randint(0, 10, (1024,), generator=generator)
images = shapes[labels] + 0.4 * torch.randn(1024, 98, generator=generator)


def model() -> nn.Module:
    return nn.Sequential(
        nn.Linear(98, 98), nn.ReLU(), nn.Dropout(0.5), nn.Linear(98, 10), nn.Softmax(1))


def data(seed: int) -> Batches:
    return batches(seed, 128, images, labels)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.nll_loss(model(batch[0]).log(), batch[1])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(model.parameters(), lr=0.03)


EPSILON = torch.finfo(torch.float32).eps
MENDED = {"loss": lambda model, batch: F.nll_loss((model(batch[0]) + EPSILON).log(), batch[1])}
