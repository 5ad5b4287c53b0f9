"""Disparities out of pictures, with a decay of weights that another framework never applied.

Report: networks weight decay, https://github.com/tinghuiz/SfMLearner/issues/34
Established: with the decay of 0.05 really applied both networks go to zero (re-implementer in
PyTorch); the published code had not applied it (author).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 500
CAUSES = ("excessive-penalty",)
SIDE = 12

generator = torch.Generator().manual_seed(34)
slopes = torch.randn(256, 2, generator=generator)
line = torch.linspace(-1, 1, SIDE)
plane = slopes[:, :1, None] * line.view(1, SIDE, 1) + slopes[:, 1:, None] * line
images = plane.unsqueeze(1) + 0.3 * torch.randn(256, 1, SIDE, SIDE, generator=generator)
disparities = 0.1 * plane.sigmoid().unsqueeze(1)
disparities = disparities - disparities.mean()


def model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.Conv2d(16, 16, 5, padding=2), nn.ReLU(),
        nn.Conv2d(16, 16, 5, padding=2), nn.ReLU(), nn.Conv2d(16, 1, 5, padding=2))


def data(seed: int) -> Batches:
    return batches(seed, 16, images, disparities)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.mse_loss(model(batch[0]), batch[1])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=0.05)


MENDED = {"optimizer": lambda model: torch.optim.Adam(model.parameters(), lr=2e-3)}
