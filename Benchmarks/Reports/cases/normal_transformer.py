"""A small language model, every parameter drawn with a variance of 1.

Report: Use init.uniform_ instead of randn for deferred init,
https://github.com/pytorch-tpu/transformers/pull/26
Established: parameters from ``randn_like`` are too large to begin with; the library's own smaller
ones are best (author of the change, merged).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from rows import Batch, Batches, batches

STEPS = 300
CAUSES = ("poor-initialization",)
TOKENS, LENGTH, WIDTH = 24, 12, 32

generator = torch.Generator().manual_seed(26)
follows = torch.randperm(TOKENS, generator=generator)
text = [torch.randint(0, TOKENS, (512,), generator=generator)]
for _ in range(LENGTH):
    stray = torch.randint(0, TOKENS, (512,), generator=generator)
    is_usual = torch.rand(512, generator=generator) < 0.9
    text.append(torch.where(is_usual, follows[text[-1]], stray))
text = torch.stack(text, 1)


class Language(nn.Module):
    def __init__(self, is_normal: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, WIDTH)
        self.places = nn.Parameter(torch.zeros(LENGTH, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(WIDTH, TOKENS)
        if is_normal:
            with torch.no_grad():
                for value in self.parameters():
                    value.copy_(torch.randn_like(value))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)
        return self.head(self.layers(self.embedding(tokens) + self.places, mask, is_causal=True))


def model() -> nn.Module:
    return Language(is_normal=True)


def data(seed: int) -> Batches:
    return batches(seed, 32, text)


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    told = model(batch[0][:, :-1])
    return F.cross_entropy(told.flatten(0, 1), batch[0][:, 1:].flatten())


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=1e-3)


MENDED = {"model": Language}
