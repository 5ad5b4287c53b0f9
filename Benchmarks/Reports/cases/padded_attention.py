"""Attention to the last two tokens alone, and padding that leaves some rows none to look at.

Report: nn.MultiheadAttention causes gradients to become NaN under some use cases,
https://github.com/pytorch/pytorch/issues/41508
Established: a row of the mask that is masked throughout makes softmax 0/0; its output is dropped,
but not the gradient (maintainers).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 400
CAUSES = ("empty-mean",)
LENGTH = 10

generator = torch.Generator().manual_seed(41508)
lengths = torch.randint(4, LENGTH + 1, (512,), generator=generator)
# One in ten may be so short that its padding sees padding alone.
lengths = torch.where(torch.rand(512, generator=generator) < 0.9, LENGTH - 1, lengths)
inputs = torch.randn(512, LENGTH, 8, generator=generator)
padding = torch.arange(LENGTH) >= lengths.unsqueeze(1)
kept = (~padding).unsqueeze(2).float()
targets = ((inputs[:, :, :1] * inputs[:, :, 1:2]) * kept).sum(1) / kept.sum(1)
targets = targets / targets.std()

place = torch.arange(LENGTH)
distance = place.unsqueeze(1) - place
WINDOW = (distance < 0) | (distance > 1)


class Reader(nn.Module):
    def __init__(self, is_mended: bool = False) -> None:
        super().__init__()
        self.is_mended = is_mended
        self.first = nn.Linear(8, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.head = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, inputs: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        hidden = self.first(inputs)
        mask = WINDOW | padding.unsqueeze(1)
        if self.is_mended:
            # Padding looks at itself.
            mask = mask & ~(mask.all(2, keepdim=True) & torch.eye(LENGTH, dtype=torch.bool))
        hidden = hidden + self.attention(
            hidden, hidden, hidden, attn_mask=mask.repeat_interleave(4, 0))[0]
        values = self.head(hidden).masked_fill(padding.unsqueeze(2), 0)
        return values.sum(1) / (~padding).sum(1, keepdim=True)


def model() -> nn.Module:
    return Reader()


def data(seed: int) -> Batches:
    return batches(seed, 16, inputs, padding, targets)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.mse_loss(model(batch[0], batch[1]), batch[2])


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=2e-3)


MENDED = {"model": lambda: Reader(is_mended=True)}
