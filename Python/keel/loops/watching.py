"""A training that is watched while somebody else's loop runs it."""

from __future__ import annotations

import atexit
import math
import sys
import weakref
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar, Union

import torch

from keel.engines.protocol import JSON
from keel.engines.pytorch.start import Start
from keel.loops.alarm import Alarm
from keel.loops import lines
from keel.loops.first import Exploded, First
from keel.loops.hooks import Hooks
from keel.loops.live import Live
from keel.loops.losses import Losses
from keel.loops.norms import Norms, Reading
from keel.loops.skips import Skips
from keel.loops.snapshots import Snapshot, Snapshots
from keel.loops.subject import check, has_closure, unwrapped
from keel.result import KeelError

Value = TypeVar("Value")


class Watch:
    """A training that is watched; see ``keel.watch``."""

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        path: Optional[Union[str, Path]] = None,
        every: int = 1,
        keep: Optional[int] = None,
        snapshots: int = 2,
        on_explosion: Union[str, Callable[[First], None]] = "report",
        look: str = "outputs",
        weights_every: int = 10,
    ) -> None:
        check(model, optimizer, on_explosion, look)
        self.first: Optional[First] = None
        self.step_index = 0
        self._is_read, self._is_taken = False, False
        self.on_step: Optional[Callable[[int, Optional[float], float], None]] = None
        self.model, self._optimizer = unwrapped(model), optimizer
        self._every, self._on_explosion = max(1, int(every)), on_explosion
        # Weights are measured in steps that have a line.
        self._period = -(-max(1, int(weights_every)) // self._every) * self._every
        named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        self._norms = Norms([p for _, p in named])
        names = [name for name, _ in named]
        self._live = Live(path, names, f"pytorch {torch.__version__.split('+')[0]}")
        self._losses = Losses()
        self.snapshots = Snapshots(max(1, keep), snapshots) if keep else None
        self._hooks = Hooks(model, self._norms, look, self._between)
        self._alarm = Alarm(self.model, self._hooks, names)
        self._skips = Skips(self._hooks, self._norms, self._losses, self._live)
        self._handles = [
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        ]
        self._is_open = True
        held = weakref.ref(self)
        self._at_exit = lambda: held() and held().close()  # type: ignore[union-attr]
        atexit.register(self._at_exit)

    # What a loop calls

    def loss(self, loss: Value) -> Value:
        """Takes the loss of the step under way, or of the one just taken; gives it back."""
        if self._losses.are_missing and self._hooks.is_between_steps:
            self._losses.take_late(loss)
        else:
            self.take(loss)
        return loss

    step = loss

    def take(self, loss: Any) -> None:
        """Takes the loss of the step under way, where it is known to be that one's."""
        self._losses.take(loss)
        self._hooks.note_loss(loss)

    def before_step(self) -> None:
        """Reads the step now: gradients are there, and are not clipped yet. Only where a loop hands
        its optimizer a closure; else the optimizer's hooks call for it."""
        self._read()
        self._is_read = True

    def restore(self, snapshot: Optional[Snapshot] = None) -> int:
        """Brings back the newest sound state (the best one, where what was learnt had been lost by
        then), or one of ``snapshots.sound``: the step after which it was kept. Parameters, buffers, optimizer and random numbers are those, bit for bit."""
        chosen = snapshot or (self.snapshots.last() if self.snapshots else None)
        if chosen is None:
            raise KeelError(
                "keel: no sound state is kept yet; keep=N keeps one in N steps, and five more prove it"
            )
        chosen.restore(self.model, self._optimizer)
        self.begin_anew()
        return chosen.step

    @property
    def start(self) -> Optional[Start]:
        """The state that ``restore`` would bring back, for ``keel.cure(…, start=watch)``; None
        where none is kept."""
        kept = self.snapshots
        last = kept.last() if kept is not None else None
        return None if last is None else last.as_start(self._optimizer, kept.initial_loss)

    def save(self, path: Optional[Union[str, Path]] = None) -> Path:
        """Writes it to a file, by default beside the run's, for ``keel.cure(…, start=FILE)`` in
        another process."""
        start = self.start
        if start is None:
            raise KeelError(
                "keel: no sound state is kept yet; keep=N keeps one in N steps, and five more prove it"
            )
        chosen = Path(path) if path else self._live.path.with_suffix(f".{start.step}.pt")
        start.save(chosen)
        return chosen

    def close(self) -> None:
        """Takes every hook away, and ends the file."""
        if not self._is_open:
            return
        self._is_open = False
        atexit.unregister(self._at_exit)
        self._tell_late()
        self._skips.look(self.step_index, is_last=True)
        if self.first is None and self.step_index:
            first = self._alarm.after_step(self.step_index - 1)
            if first is not None:
                self._say(first)
        self._live.end_step(self._norms.last_updates())
        for handle in self._handles:
            handle.remove()
        self._hooks.close()
        self._live.say(lines.end(self.first))
        self._live.close()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The file that is written."""
        return self._live.path

    @property
    def batch(self) -> Optional[int]:
        """Rows of the latest batch, as far as its first tensor tells."""
        return self._hooks.batch

    @property
    def skipped(self) -> int:
        """Steps that a gradient scaler has left out."""
        return self._skips.count

    # What the hooks call

    def _before(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if not self._is_read and not has_closure(args, kwargs):
            self._read()

    def _after(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if not self._is_read and has_closure(args, kwargs):
            self._is_taken = True
            self._read()
            self._is_taken = False
        self._is_read = False
        if self.snapshots is not None and self.first is None:
            self.snapshots.take(self.model, optimizer, self.step_index - 1)

    def _read(self) -> None:
        step, self.step_index = self.step_index, self.step_index + 1
        self._tell_late()
        scale = getattr(self._optimizer, "grad_scale", None)
        reading = self._norms.read(self._losses.tensors, scale, step % self._period == 0)
        told = self._losses.end_step(reading.losses)
        loss = sum(told) / len(told) if told else None
        norm = reading.norm
        if not math.isfinite(norm):
            norm = self._norms.exact_norm()
        is_fine = math.isfinite(norm + reading.total)
        # A gradient scaler leaves out what is not finite by itself.
        is_skipped = not is_fine and getattr(self._optimizer, "found_inf", None) is not None
        is_good = (is_fine or is_skipped) and (loss is None or math.isfinite(loss))
        if is_skipped:
            self._skips.note()
        elif is_fine:
            self._skips.settle(step, reading.updates)
        else:
            self._norms.complete(reading)
        self._add(step, loss, norm, reading, is_skipped)
        try:
            if is_good:
                self._is_good(step, loss, norm, is_fine)
            elif self.first is None:
                first = self._alarm.in_step(step, reading, told, norm, self._is_taken)
                if first is not None:
                    self.explode(first)
        finally:
            self._hooks.end_step()

    def _add(
        self, step: int, loss: Optional[float], norm: float, reading: Reading, is_skipped: bool
    ) -> None:
        self._live.end_step(reading.updates)
        if step % self._every:
            return
        rate = float(self._optimizer.param_groups[0].get("lr", 0.0))
        line: JSON = {"step": step, "loss": loss, "gradientNorm": norm, "learningRate": rate}
        if is_skipped:
            line["skipped"] = "scaler"
        self._live.add(line, reading)

    def _is_good(self, step: int, loss: Optional[float], norm: float, is_fine: bool) -> None:
        self._hooks.learn()
        if not is_fine:
            return
        if self.snapshots is not None:
            self.snapshots.look(step, loss)
        if self.on_step is not None:
            self.on_step(step, loss, norm)

    def _between(self) -> None:
        """A forward pass begins, and no step followed the one before: was that one good?"""
        if self.first is None:
            first = self._alarm.in_pass(self.step_index, self._losses.tensors)
            if first is not None:
                self._losses.given.clear()
                self.explode(first)
        self._skips.look(self.step_index)

    def explode(self, first: First) -> None:
        """Tells of an explosion, and does what is asked for."""
        self._say(first)
        if callable(self._on_explosion):
            self._on_explosion(first)
        elif self._on_explosion == "raise":
            raise Exploded(first)

    def begin_anew(self) -> None:
        """After a state was brought back: what comes then is looked at again."""
        if self.first is not None:
            self._live.end_step([])
            self._live.say(lines.restored(self.step_index))
        self.first = None
        self._norms.pause()
        self._hooks.end_step()
        if self.snapshots is not None:
            self.snapshots.doubt()

    def _say(self, first: First) -> None:
        self.first = first
        self._live.end_step([])
        self._live.say(lines.told(first))
        sys.stderr.write(f"keel: {first}{self._hooks.remark(first.during)}\n")
        sys.stderr.flush()

    def _tell_late(self) -> None:
        loss = self._losses.end_late()
        if loss is not None:
            self._live.set_loss(loss)
