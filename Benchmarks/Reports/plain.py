"""A training loop that knows nothing of Keel: which trainings are sick, and which are mended."""
from __future__ import annotations

import math
import random
import statistics
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List

import numpy
import torch

NAMES = ("model", "data", "loss", "optimizer", "schedule")


def parts(case: ModuleType, mended: bool = False) -> Dict[str, Callable[..., Any]]:
    """The callables of a script, those that mend it in their places."""
    own = {name: getattr(case, name) for name in NAMES if hasattr(case, name)}
    return {**own, **(case.MENDED if mended else {})}


def losses(case: ModuleType, mended: bool = False, seed: int = 0) -> List[float]:
    """Of every step, to the first that is not finite."""
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    given = parts(case, mended)
    step = _pytorch(given) if "optimizer" in given else _keras(given, seed)
    seen: List[float] = []
    for batch in _epochs(given["data"], seed):
        seen.append(step(batch))
        if len(seen) == case.STEPS or not math.isfinite(seen[-1]):
            return seen
    return seen


def is_sick(case: ModuleType, seen: List[float], mended: List[float]) -> bool:
    """Whether it is not finite, below what its loss can be, or keeps a third of what the mend takes
    off."""
    last, best = end(seen), end(mended)
    if not math.isfinite(last) or last < getattr(case, "FLOOR", -math.inf):
        return True
    return last - best > (mended[0] - best) / 3


def is_mended(mended: List[float]) -> bool:
    """Whether it ends below seven tenths of where it began."""
    return end(mended) < mended[0] - 0.3 * abs(mended[0])


def end(seen: List[float]) -> float:
    """The mean of the last tenth; what is not finite stays so."""
    return statistics.fmean(seen[-max(1, len(seen) // 10):])


def _epochs(data: Callable[[int], Any], seed: int) -> Iterator[Any]:
    epoch = 0
    while True:
        yield from data(seed * 1000 + epoch)
        epoch += 1


def _pytorch(given: Dict[str, Callable[..., Any]]) -> Callable[[Any], float]:
    model = given["model"]()
    optimizer = given["optimizer"](model)
    schedule = given["schedule"](optimizer) if "schedule" in given else None

    def step(batch: Any) -> float:
        optimizer.zero_grad()
        value = given["loss"](model, batch)
        value.backward()
        optimizer.step()
        if schedule:
            schedule.step()
        return float(value.detach())

    return step


def _keras(given: Dict[str, Callable[..., Any]], seed: int) -> Callable[[Any], float]:
    import keras

    keras.utils.set_random_seed(seed)
    model = given["model"]()

    def step(batch: Any) -> float:
        # Else what comes back is the mean since the beginning.
        model.reset_metrics()
        return float(model.train_on_batch(*batch))

    return step
