"""States of a training that it can go back to."""

from __future__ import annotations

import copy
import math
import statistics
from collections import deque
from typing import Any, Deque, Dict, List, Optional

import torch

from keel.engines.pytorch.randomness import random_state, set_random_state
from keel.engines.pytorch.start import Start

# Steps after a state that must be finite before it counts as sound.
PROOF = 5
# A loss so many times the usual is no sign of a sound state.
_FAR = 3.0
# Losses that are so far apart are alike.
_ALIKE = 0.5
# Nor is one that has given up so much of what the first loss could be brought down by.
_LOST = 0.05


class Snapshot:
    """The parameters, buffers, optimizer and random numbers of one moment."""

    def __init__(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int
    ) -> None:
        self.step = step
        # The usual loss when it was found sound.
        self.loss: Optional[float] = None
        self.rates = [_rate(group) for group in optimizer.param_groups]
        self._model = {name: value.detach().clone() for name, value in _state_of(model).items()}
        self._states = {
            parameter: copy.deepcopy(state) for parameter, state in optimizer.state.items()
        }
        self._groups = [
            {key: copy.deepcopy(value) for key, value in group.items() if key != "params"}
            for group in optimizer.param_groups
        ]
        self._random = random_state()

    def as_start(self, optimizer: torch.optim.Optimizer, initial_loss: Optional[float]) -> Start:
        """The same for trials elsewhere: apart from the model and the optimizer it is of."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        return Start(
            step=self.step,
            model=self._model,
            states=[self._states.get(parameter, {}) for parameter in parameters],
            groups=self._groups,
            optimizer=type(optimizer).__name__,
            random=self._random,
            initial_loss=initial_loss,
        )

    def restore(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, exactly: bool = True
    ) -> None:
        """Brings all of it back; not ``exactly`` leaves the settings of the optimizer and the
        random numbers as they are, for a run that goes on."""
        with torch.no_grad():
            for name, value in _state_of(model).items():
                if name in self._model:
                    value.copy_(self._model[name])
        optimizer.state.clear()
        for parameter, state in self._states.items():
            optimizer.state[parameter] = copy.deepcopy(state)
        if exactly:
            for group, kept in zip(optimizer.param_groups, self._groups):
                group.update(copy.deepcopy(kept))
            set_random_state(self._random)


class Snapshots:
    """The latest sound states: those that several finite steps with a usual loss followed."""

    def __init__(self, every: int, most: int) -> None:
        self.every = every
        self.sound: Deque[Snapshot] = deque(maxlen=most)
        self.losses: Deque[float] = deque(maxlen=64)
        # The first that was heard of: what is lost later is held against it.
        self.initial_loss: Optional[float] = None
        self._waiting: List[Snapshot] = []
        # The newest of those with about the least loss.
        self.best: Optional[Snapshot] = None
        self._least = math.inf

    def look(self, step: int, loss: Optional[float]) -> None:
        """Hears of a step that is finite and not yet taken."""
        if loss is not None:
            if self.initial_loss is None:
                self.initial_loss = loss
            usual = self.usual
            if usual is not None and loss > usual + _FAR * max(abs(usual), self._spread):
                self.doubt()
            else:
                self.losses.append(loss)
        # The state of a step is that after its update.
        while self._waiting and step - self._waiting[0].step > PROOF:
            snapshot = self._waiting.pop(0)
            snapshot.loss = usual = self.usual
            self.sound.append(snapshot)
            if usual is not None and self._is_least(usual):
                self.best, self._least = snapshot, min(usual, self._least)

    def _is_least(self, usual: float) -> bool:
        return math.isinf(self._least) or usual <= self._least + _ALIKE * abs(self._least)

    def take(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Keeps the state after a step, where one is due."""
        if step % self.every == 0:
            self._waiting.append(Snapshot(model, optimizer, step))

    @property
    def _spread(self) -> float:
        """How far apart the latest losses are: of those around zero the median says nothing."""
        return max(self.losses) - min(self.losses) if len(self.losses) > 1 else math.inf

    @property
    def usual(self) -> Optional[float]:
        """The median of the latest losses that were not far above it."""
        return statistics.median(self.losses) if self.losses else None

    def doubt(self) -> None:
        """Forgets the states that are not proven."""
        self._waiting.clear()

    def last(self, before: Optional[int] = None) -> Optional[Snapshot]:
        """The newest sound state, of those from before a step; the best one, where what was learnt
        had been lost by then."""
        newest = next((s for s in reversed(self.sound) if before is None or s.step < before), None)
        newest = newest or (self.sound[0] if self.sound else None)
        best = self.best
        if newest is None or best is None or newest.loss is None or best.loss is None:
            return newest
        lost = newest.loss - best.loss
        is_lost = lost > _LOST * abs(self.initial_loss or 0.0) and lost > _FAR * abs(best.loss)
        return best if is_lost else newest


def _rate(group: Dict[str, Any]) -> float:
    return float(group.get("lr", 0.0))


def _state_of(model: torch.nn.Module) -> Dict[str, torch.Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}
