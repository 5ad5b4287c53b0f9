"""A training that goes on when it explodes: in somebody's own loop."""

from __future__ import annotations

import math
import statistics
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Deque, List, Optional, TypeVar, Union

import torch

from keel.loops.first import Exploded, First
from keel.loops.snapshots import Snapshot
from keel.loops.watching import Watch

Value = TypeVar("Value")

# Steps after going back in which another explosion is the same one.
_PROOF = 100
# So many steps after going back a rate that is too high has shown itself.
_SETTLED = 5
# What is done at the first explosion, the second, the third: what the rate is multiplied by.
_RATES = (None, 0.5, 0.1)


@dataclass(frozen=True)
class Recovery:
    """An explosion, and how the training went on."""

    first: First
    back_to: int
    """The step whose state was brought back."""
    remedy: str
    """``skip-batch``, or ``lower-rate`` with what the rate was multiplied by."""


def heal(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    every: int = 20,
    times: int = 3,
    clip: Optional[float] = None,
    batch: Optional[int] = None,
    path: Optional[Union[str, Path]] = None,
) -> "Heal":
    """Lets a training go on when it explodes; it watches it as ``keel.watch`` does.

        heal = keel.heal(model, optimizer)
        for batch in batches:
            loss = heal.loss(model(batch))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    When a loss, a gradient or a parameter is not finite, or the loss leaves what is usual and does
    not come back, the last sound state is brought back and the step is not taken. A batch that gives
    no finite loss where the ones before did, and has ruined nothing, is passed over, however many
    there are: ``passed_over``. The first time the training goes on with the next batch; where it explodes again within 100 steps, with half
    the learning rate of that state and gradients clipped to ``clip``, by default the usual norm;
    then with a tenth. After ``times`` recoveries ``keel.Exploded`` is raised, the network as it was
    when it was last sound. A schedule goes on as if nothing had been; its rate is held down.

    ``every`` so many steps a state is kept in memory; it counts as sound when five steps after it
    were finite and their loss not far above the usual. ``batch`` is how many rows a step has, where
    the first tensor that the network is given does not tell. Without ``heal.loss`` only what is not
    finite is seen.
    """
    return Heal(model, optimizer, every, times, clip, batch, path)


class Heal:
    """A training that is healed; see ``keel.heal``."""

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        every: int = 20,
        times: int = 3,
        clip: Optional[float] = None,
        batch: Optional[int] = None,
        path: Optional[Union[str, Path]] = None,
    ) -> None:
        self.recoveries: List[Recovery] = []
        # Steps whose batch was not finite from one moment to the next: they are left out, however
        # many there are.
        self.passed_over: List[First] = []
        self._optimizer = optimizer
        self._times, self._clip = times, clip
        self._level, self._since = 0, -_PROOF
        self._most_rates: Optional[List[float]] = None
        self._own_rates: Optional[List[Any]] = None
        self._limit: Optional[float] = None
        self._norms: Deque[float] = deque(maxlen=64)
        self._divergence = Divergence()
        self._batch = batch
        # The watch's hooks come first: they see the step as the loop has made it.
        self.watch = Watch(model, optimizer, path, 1, every, 2, self._go_back)
        self.watch.on_step = self._look
        # There is a state to go back to from the start.
        assert self.watch.snapshots is not None
        self._snapshots = self.watch.snapshots
        self._snapshots.sound.append(Snapshot(self.watch.model, optimizer, -1))
        self._handles = [
            optimizer.register_step_pre_hook(self._mend),
            optimizer.register_step_post_hook(self._unmend),
        ]

    @property
    def first(self) -> Optional[First]:
        """The first that was not finite since it last began anew; None where all was."""
        return self.watch.first

    def loss(self, loss: Value) -> Value:
        """Takes the loss of the step under way; gives it back."""
        return self.watch.loss(loss)

    step = loss

    def close(self) -> None:
        """Takes every hook away."""
        for handle in self._handles:
            handle.remove()
        self.watch.close()

    def __enter__(self) -> "Heal":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    # What the watch calls, before a step is taken

    def _look(self, step: int, loss: Optional[float], norm: float) -> None:
        if loss is not None:
            batch = self._batch or self.watch.batch or 1
            if self._divergence.is_lost(step, loss, batch, self._snapshots.usual):
                self.watch.explode(First("loss", "update", "divergence", step))
                return
        self._norms.append(norm)

    def _go_back(self, first: First) -> None:
        # Nothing of this step is left: an optimizer passes over what has no gradient.
        for group in self._optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
        # A batch whose loss is not finite, from one moment to the next, is to blame itself.
        is_of_batch = (
            first.during == "forward" and first.step - self._since > _SETTLED
            and self._divergence.was_usual(self._snapshots.usual)
        )
        self._divergence.begin_anew()
        if is_of_batch and self._is_sound():
            return self._pass_over(first)
        snapshot = self._snapshot(first)
        snapshot.restore(self.watch.model, self._optimizer, exactly=False)
        if len(self.recoveries) >= self._times:
            raise Exploded(first)
        remedy = self._escalate(snapshot, first.step, is_of_batch)
        self.recoveries.append(Recovery(first, snapshot.step, remedy))
        where = f"the state after step {snapshot.step}" if snapshot.step >= 0 else "where it began"
        sys.stderr.write(f"keel: back to {where}; {remedy}\n")
        self.watch.begin_anew()

    def _is_sound(self) -> bool:
        """Whether a pass has left nothing behind that is not finite."""
        values = [*self.watch.model.parameters(), *self.watch.model.buffers()]
        return all(bool(torch.isfinite(v).all()) for v in values if v.is_floating_point())

    def _pass_over(self, first: First) -> None:
        """A batch has ruined nothing yet: its step is left out, and nothing else."""
        self.passed_over.append(first)
        count = len(self.passed_over)
        if count & (count - 1) == 0:  # The first, the second, the fourth, the eighth, …
            sys.stderr.write(
                f"keel: the batch of step {first.step} is passed over, the {count}. so far; look at "
                "its rows\n")
        self.watch.begin_anew()

    def _snapshot(self, first: First) -> Snapshot:
        """The newest sound state; of a divergence, from before the loss left."""
        left = self._divergence.left_at if first.kind == "divergence" else None
        snapshot = self._snapshots.last(before=left)
        assert snapshot is not None, "one is kept from the start"
        return snapshot

    def _escalate(self, snapshot: Snapshot, step: int, is_of_batch: bool) -> str:
        """What to do about an explosion: more, where it is the one before once more."""
        is_again = step - self._since <= _PROOF and not is_of_batch
        self._level = min(self._level + 1, len(_RATES) - 1) if is_again else 0
        self._since = step
        factor = _RATES[self._level]
        if factor is None:
            return "skip-batch"
        rates = [factor * rate for rate in snapshot.rates]
        held = self._most_rates or rates
        self._most_rates = [min(pair) for pair in zip(rates, held)]
        self._limit = self._clip
        if self._limit is None and self._norms:
            self._limit = statistics.median(self._norms)
        return f"lower-rate {factor:g}"

    # What the optimizer calls, after the watch

    def _mend(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if self._most_rates is None:
            return
        # Only for the step: what a schedule makes of its own rates is not disturbed.
        self._own_rates = [group.get("lr") for group in optimizer.param_groups]
        for group, most in zip(optimizer.param_groups, self._most_rates):
            if "lr" in group and float(group["lr"]) > most:
                group["lr"] = most
        if self._limit is not None:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            # A fused optimizer divides by the scaler's factor only in its step.
            scale = float(getattr(optimizer, "grad_scale", None) or 1.0)
            torch.nn.utils.clip_grad_norm_(parameters, self._limit * scale)

    def _unmend(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if self._own_rates is None:
            return
        for group, rate in zip(optimizer.param_groups, self._own_rates):
            if rate is not None:
                group["lr"] = rate
        self._own_rates = None


class Divergence:
    """Says whether the loss left what is usual and does not come back: its average over the latest
    256 rows above five times max(first, usual) for 50 steps, or ten thousand times at once; or as
    large as the first, for as long, where nine tenths of that had been learnt.

    The first is one that is not next to nothing, which would say nothing of what comes."""

    _EDGE, _FAR, _PATIENCE = 5.0, 1e4, 50
    _LEARNT, _UNLEARNT = 0.1, 0.95
    _NOTHING = 1e-6

    def __init__(self) -> None:
        self._first: Optional[float] = None
        self._least = math.inf
        # A loss that was below zero has no floor there.
        self._has_floor = True
        self._losses: Deque[float] = deque(maxlen=256)
        self.left_at: Optional[int] = None

    def is_lost(self, step: int, loss: float, batch: int, usual: Optional[float]) -> bool:
        """Hears the finite loss of a step."""
        if self._first is None:
            if abs(loss) <= self._NOTHING:
                return False
            self._first = loss
        self._has_floor = self._has_floor and loss >= 0
        self._losses.append(loss)
        width = -(-256 // max(1, batch))
        latest = list(self._losses)[-width:]
        mean = sum(latest) / len(latest)
        self._least = min(self._least, mean)
        scale = max(abs(self._first), abs(usual or 0.0))
        edge = self._EDGE * scale
        if self._has_floor and self._least < self._LEARNT * self._first:
            edge = min(edge, self._UNLEARNT * self._first)
        if mean <= edge:
            self.left_at = None
            return False
        if self.left_at is None:
            self.left_at = step
        return mean > self._FAR * scale or step - self.left_at >= self._PATIENCE

    def was_usual(self, usual: Optional[float]) -> bool:
        """Whether the latest loss had not left."""
        if not self._losses or self._first is None:
            return False
        scale = max(abs(self._first), abs(usual or 0.0))
        return self._losses[-1] <= self._EDGE * scale

    def begin_anew(self) -> None:
        """After going back: what was lost is no part of the average."""
        self._losses.clear()
        self.left_at = None
