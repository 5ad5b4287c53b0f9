"""A few tokens a row are to be guessed, and now and then a batch has none.

Report: nan return by nn.CrossEntropyLoss when all the labels are ignore_index in torch 1.11,
https://github.com/pytorch/pytorch/issues/70348
Established: the mean over labels that are all ignored is 0/0 (maintainers).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 600
CAUSES = ("empty-mean",)

generator = torch.Generator().manual_seed(70348)
first = torch.randint(0, 20, (512, 1), generator=generator)
tokens = (first + 3 * torch.arange(8)) % 20
hidden = torch.rand(512, 8, generator=generator) < 0.1
labels = torch.where(hidden, tokens, -100)
inputs = torch.where(hidden, 20, tokens)


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(21, 32)
        self.recurrence = nn.GRU(32, 32, batch_first=True, bidirectional=True)
        self.head = nn.Linear(64, 20)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.recurrence(self.embedding(tokens))[0])


def model() -> nn.Module:
    return Tagger()


def data(seed: int) -> Batches:
    return batches(seed, 4, inputs, labels)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=3e-3)


def guarded(model: nn.Module, batch: Batch) -> torch.Tensor:
    """The same mean, and 0 of none."""
    total = F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten(), reduction="sum")
    return total / batch[1].ne(-100).sum().clamp(min=1)


MENDED = {"loss": guarded}
