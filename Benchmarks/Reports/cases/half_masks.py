"""Masks for whole images under a loss that adds up in float16 what it divides afterwards.

Report: Mask2Former HungarianMatcherMaks2Former overflow on bad initial state when using 16-bit
autocast, https://github.com/huggingface/transformers/issues/25938
Established: the sum over 120,000 pixels passes 65,504; dividing before the product mends it
(maintainers, https://github.com/huggingface/transformers/pull/29542).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches

STEPS = 60
CAUSES = ("half-precision",)
PIXELS = 120_000

generator = torch.Generator().manual_seed(25938)
pixels = torch.randn(6, PIXELS, 5, generator=generator)
# One thing on a background that fills most of the image.
is_thing = (pixels[:, :, 0] + pixels[:, :, 1] ** 2 > 2.6).float()
masks = torch.stack([1 - is_thing, is_thing], 1)


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 2))


def data(seed: int) -> Batches:
    for place in torch.randperm(6, generator=torch.Generator().manual_seed(seed % (1 << 62))):
        yield pixels[place], masks[place]


def costs(
    model: nn.Module, batch: Batch, before: float = 1, after: float = 1
) -> torch.Tensor:
    """Of every mask that is told beside every one that is wanted."""
    with torch.autocast("cpu", dtype=torch.float16):
        logits = model(batch[0]).T
        wanted = F.softplus(-logits) / before
        unwanted = F.softplus(logits) / before
        cost = wanted @ batch[1].T + unwanted @ (1 - batch[1]).T
        return (cost / after).diagonal().float().mean()


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return costs(model, batch, after=PIXELS)


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=3e-2)


MENDED = {"loss": lambda model, batch: costs(model, batch, before=PIXELS)}
