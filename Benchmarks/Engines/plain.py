"""A training loop that knows nothing of Keel: what is healthy, and what is not."""
from __future__ import annotations

import math
import random
import statistics
from typing import Callable, List

import torch

from case import Case

Middle = Callable[[List[float]], float]

# Below this share of a constant's loss something was learnt, and above that nothing was.
LEARNT, UNLEARNT = 0.6, 0.97


def losses(case: Case, seed: int) -> List[float]:
    """Of every step, to the first that is not finite."""
    random.seed(seed)
    torch.manual_seed(seed)
    model = case.model()
    optimizer = case.optimizer(model)
    schedule = case.schedule(optimizer) if case.schedule else None
    seen: List[float] = []
    epoch = 0
    while len(seen) < case.steps:
        for batch in case.data(seed * 1000 + epoch):
            optimizer.zero_grad()
            value = case.loss(model, batch)
            seen.append(float(value.detach()))
            if not math.isfinite(seen[-1]):
                return seen
            value.backward()
            if case.clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), case.clip)
            optimizer.step()
            if schedule:
                schedule.step()
            if len(seen) == case.steps:
                break
        epoch += 1
    return seen


def share(case: Case, seed: int, constant: float, middle: Middle = statistics.fmean) -> float:
    """What is left of the loss of a constant in the last fifth, or the last tenth where that is
    less; infinite where it blew up."""
    seen = losses(case, seed)
    if not math.isfinite(seen[-1]):
        return math.inf
    return min(middle(seen[-max(10, len(seen) // part):]) for part in (5, 10)) / constant


def trains(case: Case, seeds: int = 2) -> float | None:
    """The share left on the first seed, where it trains on all."""
    constant = case.constant_loss()
    left = [share(case, 0, constant)]
    if not left[0] <= LEARNT:
        return None
    left += [share(case, seed, constant) for seed in range(1, seeds)]
    return left[0] if all(part <= LEARNT for part in left) else None


def fails(
    case: Case, constant: float, seeds: int = 2, middle: Middle = statistics.fmean
) -> bool:
    return all(not share(case, seed, constant, middle) < UNLEARNT for seed in range(seeds))
