"""Batches as a training draws them."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Optional

from keel.engines.protocol import Refused


# Batches in a row of which nothing may be left.
_MOST_PASSED_OVER = 1000


class Batches:
    """Epoch after epoch of ``data(seed)``: the next one is asked for with the next seed."""

    def __init__(
        self,
        data: Callable[[int], Any],
        seed: int,
        per_epoch: Optional[int],
        change: Callable[[Any], Any] = lambda batch: batch,
        left_out: frozenset = frozenset(),
    ) -> None:
        self._data, self._seed, self._change = data, seed, change
        self._epoch, self._place = 0, 0
        self._per_epoch, self._left_out = per_epoch, left_out
        self._batches: Iterator[Any] = iter(())

    def __iter__(self) -> "Batches":
        return self

    def __next__(self) -> Any:
        passed_over = 0
        while True:
            if passed_over > max(_MOST_PASSED_OVER, self._per_epoch or 0):
                raise Refused("set bad-rows: nothing is left of an epoch")
            passed_over += 1
            batch = self._draw()
            place, self._place = self._place, self._place + 1
            if place not in self._left_out:
                batch = self._change(batch)
                if batch is not None:
                    return batch

    def _draw(self) -> Any:
        for batch in self._batches:
            return batch
        # The end of an epoch: once more with another seed, and no endless search for a batch.
        self._batches = iter(self._data(self._seed + (self._epoch << 20)))
        self._epoch += 1
        for batch in self._batches:
            return batch
        raise ValueError(
            "data(seed) yields no batches; return something to iterate over, made anew in every call"
        )

    def skip(self, count: int, jumps: bool = False) -> None:
        """Passes over what a trial has seen before; ``jumps`` over whole epochs undrawn, where no
        batch of them is left out."""
        if jumps and self._per_epoch and not self._left_out:
            epochs, count = divmod(count, self._per_epoch)
            self._epoch, self._place = self._epoch + epochs, self._place + epochs * self._per_epoch
        for _ in range(count):
            next(self)

    def take(self, count: int) -> Iterator[Any]:
        """No more than one epoch of them."""
        for _ in range(count):
            batch = self._draw()
            if self._epoch > 1:
                return
            batch = self._change(batch)
            if batch is not None:
                yield batch
