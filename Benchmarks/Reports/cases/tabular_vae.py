"""A variational autoencoder of a table with long tails.

Report: Numerical instability in VAE, https://github.com/vanderschaarlab/synthcity/issues/331
Established: the log-variance that the encoder makes is not bounded, and its exponential explodes;
it is to be clamped (poster; other libraries do so).
"""
from __future__ import annotations

from typing import Tuple

import torch
from torch import nn

from rows import Batch, Batches, batches

STEPS = 2000
CAUSES = ("unbounded-exponent",)

generator = torch.Generator().manual_seed(331)
factors = torch.randn(1024, 3, generator=generator)
table = factors @ torch.randn(3, 12, generator=generator)
table = table + 0.3 * torch.randn(1024, 12, generator=generator)
table[:, :6] = table[:, :6].exp()
table = (table - table.mean(0)) / table.std(0)


def layers(before: int, after: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(before, 128), nn.LeakyReLU(), nn.Linear(128, 128), nn.LeakyReLU(),
        nn.Linear(128, 128), nn.LeakyReLU(), nn.Linear(128, after))


class Autoencoder(nn.Module):
    def __init__(self, most: float = float("inf")) -> None:
        super().__init__()
        self.most = most
        self.encoder, self.decoder = layers(12, 16), layers(8, 12)

    def forward(self, rows: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        mean, log_variance = self.encoder(rows).chunk(2, 1)
        log_variance = log_variance.clamp(-30, self.most)
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        divergence = 0.5 * (log_variance.exp() + mean ** 2 - 1 - log_variance).sum(1).mean()
        return self.decoder(code), divergence


def model() -> nn.Module:
    return Autoencoder()


def data(seed: int) -> Batches:
    return batches(seed, 64, table)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    made, divergence = model(batch[0])
    return (made - batch[0]).square().sum(1).mean() + 0.1 * divergence


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=1e-2)


MENDED = {"model": lambda: Autoencoder(most=1.0)}
