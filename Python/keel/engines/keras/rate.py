"""The learning rate of a Keras training: what it is, how it moves, and set from outside."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

import keras
import numpy
import torch

# A schedule is told in so many places, spread over the run.
_FACTORS = 200


class Rate:
    """The learning rate of an optimizer, set from outside in every step."""

    def __init__(self, optimizer: Any) -> None:
        self.value = 0.0
        # A script may give one optimizer to all its models: its own rate is not forgotten.
        self.own = _own(optimizer)
        # An optimizer made with a schedule lets nobody set a number, but takes what is called.
        inner(optimizer).learning_rate = self

    def __call__(self) -> torch.Tensor:
        return keras.ops.convert_to_tensor(self.value, dtype=keras.config.floatx())

    def get_config(self) -> Dict[str, Any]:
        """Nothing, so that an optimizer can tell its settings: the rate is none of them here."""
        return {}


class Movement:
    """The rate that a schedule is a share of, and the share of every step: of its largest rate, or
    of its first where it grows to the end."""

    def __init__(
        self, optimizer: Any, schedule: Optional[Callable[[Any], Any]], steps: int
    ) -> None:
        self._moves = self._moving(optimizer, schedule)
        count = min(_FACTORS, steps)
        self._places = sorted({round(i * (steps - 1) / max(1, count - 1)) for i in range(count)})
        if self._moves is None:
            own = _own(optimizer)
            rate = own() if callable(own) else own
            # As it was written: 0.01, and not the float32 next to it.
            self.base = float(str(numpy.float32(float(rate))))
        else:
            self.base = 1.0
            rates = [abs(self.factor(step)) for step in self._places]
            grows = 0 < rates[0] < 0.99 * rates[-1] and rates[-1] == max(rates)
            self.base = float(f"{rates[0] if grows else max(rates):.6g}") or 1.0

    @staticmethod
    def _moving(optimizer: Any, schedule: Optional[Callable[[Any], Any]]) -> Any:
        if schedule is None:
            own = _own(optimizer)
            is_schedule = isinstance(own, keras.optimizers.schedules.LearningRateSchedule)
            return own if is_schedule else None
        try:
            moves = schedule(optimizer)
        except TypeError as error:
            raise TypeError(
                f"schedule(optimizer) failed ({error}); it gets the optimizer, and returns the rate "
                "as a function of the step: schedule=lambda optimizer: lambda step: …"
            ) from error
        if not callable(moves):
            raise TypeError(
                f"schedule(optimizer) returned {type(moves).__name__}; return a Keras "
                "LearningRateSchedule, or a function of the step"
            )
        return moves

    def factor(self, step: int) -> float:
        """What the rate of a step is a share of."""
        if self._moves is None:
            return 1.0
        # Not on a device that would have to be waited for.
        with keras.device("cpu"):
            return float(self._moves(step)) / self.base

    def factors(self) -> Optional[List[float]]:
        """The shares in places spread over the run; None where there is no schedule."""
        return None if self._moves is None else [self.factor(step) for step in self._places]


def inner(optimizer: Any) -> Any:
    """The optimizer at work: one that scales the loss holds another."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _own(optimizer: Any) -> Any:
    rate = inner(optimizer)._learning_rate
    return rate.own if isinstance(rate, Rate) else rate
