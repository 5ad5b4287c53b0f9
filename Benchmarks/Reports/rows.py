"""Rows in batches: the same seed, the same order."""
from __future__ import annotations

from typing import Any, Iterator, Tuple

import numpy

Batch = Tuple[Any, ...]
Batches = Iterator[Batch]


def batches(seed: int, size: int, *columns: Any) -> Batches:
    """Every row once, in an order that the seed decides, ``size`` rows at a time."""
    count = len(columns[-1])
    order = numpy.random.default_rng(seed % (1 << 62)).permutation(count)
    for first in range(0, count - size + 1, size):
        places = order[first:first + size]
        yield tuple(column[places] for column in columns)
