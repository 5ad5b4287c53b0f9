"""A training: rows, network, loss, optimizer; the same for the plain loop and for Keel."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch.nn import functional as F

__all__ = ["Case", "replace"]


@dataclass(frozen=True)
class Case:
    name: str
    build: Callable[[], torch.nn.Module]
    # Inputs, as many as the network takes, and last the targets; all of as many rows.
    rows: Tuple[torch.Tensor, ...]
    loss_name: str = "mse"
    optimizer_name: str = "sgd"
    rate: float = 0.01
    settings: Dict[str, Any] = field(default_factory=dict)
    steps: int = 200
    batch: int = 32
    clip: Optional[float] = None
    schedule: Optional[Callable[[Any], Any]] = None
    # Batches are dictionaries in some scripts.
    is_dictionary: bool = False
    # A loss that adds up its rows; a network that calculates in float16.
    is_summed: bool = False
    is_half: bool = False

    # The four that a script gives

    def model(self) -> torch.nn.Module:
        return self.build()

    def data(self, seed: int) -> Any:
        count = len(self.rows[-1])
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed % (1 << 62)))
        for first in range(0, count - self.batch + 1, self.batch):
            batch = [part[order[first:first + self.batch]] for part in self.rows]
            if self.is_dictionary:
                names = ["x", "mask", "other"][:len(batch) - 1] + ["labels"]
                yield dict(zip(names, batch))
            else:
                yield tuple(batch)

    def loss(self, model: torch.nn.Module, batch: Any) -> torch.Tensor:
        parts = list(batch.values()) if isinstance(batch, dict) else batch
        with torch.autocast("cpu", torch.float16, enabled=self.is_half):
            output = model(*parts[:-1])
        value = measure(self.loss_name, output.float() if self.is_half else output, parts[-1])
        return value * len(parts[-1]) if self.is_summed else value

    def optimizer(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
                "rmsprop": torch.optim.RMSprop}[self.optimizer_name]
        return kind(model.parameters(), lr=self.rate, **self.settings)

    # What it is held against

    def constant_loss(self) -> float:
        """The loss of the best output that is the same for every row."""
        return self._constant_loss() * (self.batch if self.is_summed else 1)

    def _constant_loss(self) -> float:
        targets = self.rows[-1]
        if self.loss_name == "ce":
            counts = torch.bincount(targets[targets >= 0]).double()
            shares = counts[counts > 0] / counts.sum()
            return float(-(shares * shares.log()).sum())
        values = targets.double().reshape(len(targets), -1)
        if self.loss_name == "bce":
            share = values.mean(0).clamp(1e-6, 1 - 1e-6)
            return float(F.binary_cross_entropy(share.expand_as(values), values))
        if self.loss_name == "mse":
            return float(values.var(0, unbiased=False).mean())
        # The best lies between the median and the mean.
        middle, mean = values.median(0).values, values.mean(0)
        return min(float(measure(self.loss_name, (middle + part / 20 * (mean - middle))
                                 .expand_as(values), values)) for part in range(21))

    @property
    def has_numbers(self) -> bool:
        return self.rows[0].is_floating_point()

    @property
    def is_regression(self) -> bool:
        return self.loss_name in ("mse", "l1", "huber")


def measure(name: str, output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    if name == "ce":
        return F.cross_entropy(output.reshape(-1, output.shape[-1]), targets.reshape(-1))
    if name == "bce":
        return F.binary_cross_entropy_with_logits(output, targets)
    return {"mse": F.mse_loss, "l1": F.l1_loss, "huber": F.smooth_l1_loss}[name](output, targets)
