"""Boxes and classes of what is in a picture, with a rate for a larger batch and a warm-up to it.

Report: Why I follow the Linear Scaling Rule to adjust my Lr, but my loss gets nan?,
https://github.com/open-mmlab/mmdetection/issues/1710
Established: the learning rate is too big; a third of it trains (maintainer, asker).

There nan; here all units die, and the classes are not learnt. Rates are of this network.
"""
from __future__ import annotations

from typing import Tuple

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 500
CAUSES = ("large-learning-rate", "growing-learning-rate")
SIDE = 12

generator = torch.Generator().manual_seed(1710)
corners = torch.randint(0, SIDE - 4, (512, 2), generator=generator)
labels = torch.randint(0, 3, (512,), generator=generator)
images = 0.3 * torch.randn(512, 3, SIDE, SIDE, generator=generator)
for row, (top, left) in enumerate(corners.tolist()):
    images[row, labels[row], top:top + 4, left:left + 4] += 2
boxes = torch.cat([corners, corners + 4], 1).float() / SIDE * 4


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(288, 64), nn.ReLU())
        self.classes, self.boxes = nn.Linear(64, 3), nn.Linear(64, 4)

    def forward(self, images: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        hidden = self.backbone(images)
        return self.classes(hidden), self.boxes(hidden)


def model() -> nn.Module:
    return Detector()


def data(seed: int) -> Batches:
    return batches(seed, 16, images, labels, boxes)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    classes, found = model(batch[0])
    return F.cross_entropy(classes, batch[1]) + F.smooth_l1_loss(found, batch[2])


def descent(model: nn.Module, rate: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return descent(model, 0.5)


def schedule(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.LinearLR(optimizer, 1 / 3, 1.0, total_iters=250)


MENDED = {"optimizer": lambda model: descent(model, 0.16)}
