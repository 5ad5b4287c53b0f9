"""A small U-Net that is to tell pixels of 255 from pixels of 0.

Report: loss is negative, https://github.com/milesial/Pytorch-UNet/issues/7
Established: targets of a binary cross-entropy have to be between 0 and 1 (maintainer, asker).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 300
CAUSES = ("mismatched-loss", "unscaled-data")
FLOOR = 0.0
SIDE = 12

generator = torch.Generator().manual_seed(7)
masks = torch.zeros(256, 1, SIDE, SIDE)
for row in range(256):
    top, left = torch.randint(0, SIDE - 5, (2,), generator=generator).tolist()
    masks[row, 0, top:top + 5, left:left + 5] = 255
images = masks / 255 + 0.5 * torch.randn(256, 1, SIDE, SIDE, generator=generator)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
        self.deep = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
                                  nn.Upsample(scale_factor=2))
        self.up = nn.Sequential(nn.Conv2d(24, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = self.down(images)
        return self.up(torch.cat([hidden, self.deep(hidden)], 1))


def model() -> nn.Module:
    return UNet()


def data(seed: int) -> Batches:
    return batches(seed, 16, images, masks)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(model(batch[0]), batch[1])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


MENDED = {"data": lambda seed: batches(seed, 16, images, masks / 255)}
