"""Watching a training loop that somebody else has written."""

from __future__ import annotations

import atexit
import math
import sys
import weakref
from pathlib import Path
from typing import Any, Callable, List, Optional, TypeVar, Union

import torch

from keel.engines.protocol import JSON
from keel.loops.first import Exploded, First
from keel.loops.hooks import Hooks
from keel.loops.live import Live
from keel.loops.norms import Norms, Reading
from keel.engines.pytorch.offender import offending_gradient, offending_parameter
from keel.result import KeelError
from keel.loops.snapshots import Snapshot, Snapshots
from keel.engines.pytorch.start import Start

Value = TypeVar("Value")


def watch(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    path: Optional[Union[str, Path]] = None,
    every: int = 1,
    keep: Optional[int] = None,
    snapshots: int = 2,
    on_explosion: Union[str, Callable[[First], None]] = "report",
    look: str = "outputs",
) -> "Watch":
    """Watches a training from the outside, until it is closed.

    Before every step of the optimizer it reads the loss that it was given, the gradient norm and
    the sizes of each parameter's gradient, weights and update, and writes them to ``path``, by
    default ``.keel/live/RUN.jsonl``: whole lines with every ``every``-th step. The first thing that
    is not finite is told on standard error, and is ``watch.first``; with ``on_explosion="raise"``
    ``keel.Exploded`` is raised, before the step is taken; a function is called with it.

        with keel.watch(model, optimizer) as watch:
            for batch in batches:
                loss = watch.loss(model(batch))
                ...

    ``keep`` holds the state of every so many steps in memory, the last ``snapshots`` sound ones:
    ``watch.restore()``. With ``look="outputs"`` what modules give is held until it is known to be
    good: on the CPU until the pass back begins, elsewhere until the step ends. With
    ``look="again"``, which holds nothing, a bad batch's forward pass is made once more to find
    where it went wrong.
    """
    return Watch(model, optimizer, path, every, keep, snapshots, on_explosion, look)


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
    ) -> None:
        _check(model, optimizer, on_explosion, look)
        self.first: Optional[First] = None
        self.step_index = 0
        self._is_read, self._is_taken, self._has_missed = False, False, False
        self.on_step: Optional[Callable[[int, Optional[float], float], None]] = None
        self.model, self._optimizer = unwrapped(model), optimizer
        self._every, self._on_explosion = max(1, int(every)), on_explosion
        named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        self._norms = Norms([p for _, p in named])
        self._names = [name for name, _ in named]
        self._live = Live(path, self._names)
        self._losses: List[Any] = []
        self._late: List[Any] = []
        self.snapshots = Snapshots(max(1, keep), snapshots) if keep else None
        self._hooks = Hooks(model, self._norms, look, self._between)
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
        if self._has_missed and self._hooks.is_between_steps:
            self._late.append(_kept(loss))
        else:
            self.take(loss)
        return loss

    step = loss

    def take(self, loss: Any) -> None:
        """Takes the loss of the step under way, where it is known to be that one's."""
        self._losses.append(_kept(loss))
        self._hooks.note_loss(loss)

    def before_step(self) -> None:
        """Reads the step now: gradients are there, and are not clipped yet. Only where a loop hands
        its optimizer a closure; else the optimizer's hooks call for it."""
        self._read()
        self._is_read = True

    def restore(self, snapshot: Optional[Snapshot] = None) -> int:
        """Brings back the newest sound state, or one of ``snapshots.sound``: the step after which
        it was kept. Parameters, buffers, optimizer and random numbers are those, bit for bit."""
        chosen = snapshot or (self.snapshots.last() if self.snapshots else None)
        if chosen is None:
            raise KeelError("keel: no sound state is kept yet; ask for some with keep=N")
        chosen.restore(self.model, self._optimizer)
        self.begin_anew()
        return chosen.step

    @property
    def start(self) -> Optional[Start]:
        """The newest sound state, for ``keel.cure(…, start=watch)``; None where none is kept."""
        kept = self.snapshots
        last = kept.last() if kept is not None else None
        return None if last is None else last.as_start(self._optimizer, kept.initial_loss)

    def save(self, path: Optional[Union[str, Path]] = None) -> Path:
        """Writes it to a file, by default beside the run's, for ``keel.cure(…, start=FILE)`` in
        another process."""
        start = self.start
        if start is None:
            raise KeelError("keel: no sound state is kept yet; ask for some with keep=N")
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
        if self.first is None and self.step_index:
            offender = offending_parameter(self.model)
            if offender is not None:
                self._say(self._first(offender, self.step_index - 1))
        self._live.end_step(self._norms.last_updates())
        for handle in self._handles:
            handle.remove()
        self._hooks.close()
        end: JSON = {"end": "ok"}
        if self.first is not None:
            end = {"end": "non-finite", "first": self.first.as_json()}
        self._live.say(end)
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

    # What the hooks call

    def _before(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if not self._is_read and not _has_closure(args, kwargs):
            self._read()

    def _after(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if not self._is_read and _has_closure(args, kwargs):
            self._is_taken = True
            self._read()
            self._is_taken = False
        self._is_read = False
        if self.snapshots is not None and self.first is None:
            self.snapshots.take(self.model, optimizer, self.step_index - 1)

    def _read(self) -> None:
        step, self.step_index = self.step_index, self.step_index + 1
        is_whole = step % self._every in (0, 1)
        given = [loss for loss in self._losses if isinstance(loss, torch.Tensor)]
        scale = getattr(self._optimizer, "grad_scale", None)
        self._tell_late()
        reading = self._norms.read(given, scale, is_whole)
        told = reading.losses + [v for v in self._losses if not isinstance(v, torch.Tensor)]
        loss = sum(told) / len(told) if told else None
        norm = reading.norm
        if not math.isfinite(norm):
            norm = self._norms.exact_norm()
        if step % self._every == 0:
            rate = float(self._optimizer.param_groups[0].get("lr", 0.0))
            line = {"step": step, "loss": loss, "gradientNorm": norm, "learningRate": rate}
            self._live.add(line, reading)
        else:
            self._live.end_step(reading.updates)
        self._losses.clear()
        self._has_missed = not told
        try:
            # A gradient scaler leaves out what is not finite by itself.
            is_skipped = getattr(self._optimizer, "found_inf", None) is not None
            is_fine = math.isfinite(norm) and all(math.isfinite(w) for w in reading.weights)
            if all(math.isfinite(v) for v in told) and (is_fine or is_skipped):
                self._is_good(step, loss, norm, is_fine)
            elif self.first is None:
                first = self._look(step, reading, told, norm)
                if first is not None:
                    self.explode(first)
        finally:
            self._hooks.end_step()

    def _is_good(self, step: int, loss: Optional[float], norm: float, is_fine: bool) -> None:
        self._hooks.learn()
        if not is_fine:
            return
        if self.snapshots is not None:
            self.snapshots.look(step, loss)
        if self.on_step is not None:
            self.on_step(step, loss, norm)

    def _look(
        self, step: int, reading: Reading, losses: List[float], norm: float
    ) -> Optional[First]:
        """Looks closer at a step that is not finite. None where only the squares of weights are
        too large for a float."""
        # A closure's step is taken already: what is bad by then it may have made itself.
        parameter = None if self._is_taken else offending_parameter(self.model)
        if parameter is not None:
            return self._first(parameter, step - 1)
        offender = self._hooks.first_forward()
        if offender is None and not all(math.isfinite(v) for v in losses):
            kind = "invalid" if any(math.isnan(v) for v in losses) else "overflow"
            offender = {"module": "loss", "pass": "forward", "kind": kind}
        bad = {
            self._names[i] for i, v in zip(reading.places, reading.gradients)
            if not math.isfinite(v)
        }
        if offender is None and bad:
            offender = self._hooks.first_backward() or offending_gradient(
                self.model, self._hooks.order(), bad
            )
        if offender is None:
            offender = offending_parameter(self.model)
        if offender is None and not math.isfinite(norm):  # Gradients that were set since.
            offender = {"module": "loss", "pass": "backward", "kind": "invalid"}
        return self._first(offender, step) if offender is not None else None

    def _between(self) -> None:
        """A forward pass begins, and no step followed the one before: was that one good?"""
        offender = None
        given = [v for v in self._losses if isinstance(v, torch.Tensor)]
        if not all(bool(torch.isfinite(v).all()) for v in given) or (
            not given and self._hooks.is_output_bad()
        ):
            offender = self._hooks.first_forward() or {
                "module": "loss", "pass": "forward", "kind": "invalid"
            }
        if offender is not None and self.first is None:
            self._losses.clear()
            parameter = offending_parameter(self.model)
            self.explode(
                self._first(parameter, self.step_index - 1) if parameter is not None
                else self._first(offender, self.step_index)
            )

    def explode(self, first: First) -> None:
        """Tells of an explosion, and does what is asked for."""
        self._say(first)
        if callable(self._on_explosion):
            self._on_explosion(first)
        elif self._on_explosion == "raise":
            raise Exploded(first)

    def begin_anew(self) -> None:
        """After a state was brought back: what comes then is looked at again."""
        self.first = None
        self._norms.pause()
        self._hooks.end_step()
        if self.snapshots is not None:
            self.snapshots.doubt()

    def _say(self, first: First) -> None:
        self.first = first
        self._live.end_step([])
        self._live.say({"step": first.step, "first": first.as_json()})
        sys.stderr.write(f"keel: {first}{self._hooks.remark(first.during)}\n")
        sys.stderr.flush()

    def _tell_late(self) -> None:
        if self._late:
            values = [float(v) for v in self._late]
            self._live.set_loss(sum(values) / len(values))
            self._late.clear()

    @staticmethod
    def _first(offender: JSON, step: int) -> First:
        return First(offender["module"], offender["pass"], offender["kind"], step)


def unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    """The network itself, without what compiles it or spreads it over devices."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if isinstance(model, torch.nn.parallel.DistributedDataParallel):
            inner = model.module
        if inner is None:
            return model
        model = inner


def _kept(loss: Any) -> Any:
    return loss.detach() if isinstance(loss, torch.Tensor) else float(loss)


def _has_closure(args: Any, kwargs: Any) -> bool:
    """Whether the optimizer asks for gradients itself: there are none before it steps. (The
    optimizer is the first argument.)"""
    return len(args) > 1 and args[1] is not None or kwargs.get("closure") is not None


def _check(model: Any, optimizer: Any, on_explosion: Any, look: str) -> None:
    if not isinstance(model, torch.nn.Module):
        raise KeelError(f"keel: watch {type(model).__name__}; give it a torch.nn.Module")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise KeelError(
            f"keel: watch with {type(optimizer).__name__}; give it a torch optimizer"
        )
    if not callable(on_explosion) and on_explosion not in ("report", "raise"):
        raise KeelError(f"keel: on_explosion={on_explosion!r}; report, raise or a function")
    if look not in ("outputs", "again"):
        raise KeelError(f"keel: look={look!r}; outputs or again")
