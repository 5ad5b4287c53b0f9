"""Diagnosis and cure of a training that this process can make."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Iterable, Optional

from keel import command
from keel.engines import protocol
from keel.result import KeelError, Result, read

Builder = Callable[[], Any]
Data = Callable[[int], Iterable[Any]]
Loss = Callable[[Any, Any], Any]


def cure(
    model: Builder,
    data: Data,
    loss: Optional[Loss] = None,
    optimizer: Optional[Callable[[Any], Any]] = None,
    *,
    steps: int,
    schedule: Optional[Callable[[Any], Any]] = None,
    clip: Optional[float] = None,
    score: Optional[Callable[[Any], float]] = None,
    loss_scale: Optional[str] = None,
    start: Any = None,
    seed: int = 0,
    budget: Optional[float] = None,
    progress: bool = True,
) -> Result:
    """Finds out why a training fails, and the smallest change that makes it train.

    ``model()`` builds the network; ``data(seed)`` yields the batches of an epoch, as often as it is
    called; ``loss(model, batch)`` is the loss of one, a scalar; ``optimizer(model)`` builds the
    optimizer, and ``schedule(optimizer)`` what moves its rate, stepped after every step. ``clip`` is
    the norm that gradients are clipped to; ``score(model)`` tells how good a network is, more is
    better; ``loss_scale="dynamic"`` scales the loss as ``torch.amp.GradScaler`` does. ``budget`` is
    what the search may cost, in trainings of 1,000 steps or more.

    ``start`` is a sound state of a training that failed late: a ``Watch`` that has kept one, or the
    file that ``watch.save()`` returned. Trials then begin with it, and end at ``steps`` of the whole training.

    A Keras model that is compiled needs neither ``loss`` nor ``optimizer``; its batches are what
    ``fit`` takes, ``(x, y)`` or ``(x, y, sample_weight)``, and ``schedule(optimizer)`` is the rate
    as a function of the step.
    """
    engine = _engine(model, data, loss, optimizer, steps, schedule, clip, score, loss_scale, start)
    arguments = ["cure", "--seed", str(seed)]
    if budget is not None:
        arguments += ["--budget", str(budget)]
    result, page = command.ask(arguments, engine, progress)
    return read(result, page, engine.framework)


def diagnose(
    model: Builder,
    data: Data,
    loss: Optional[Loss] = None,
    optimizer: Optional[Callable[[Any], Any]] = None,
    *,
    steps: int,
    schedule: Optional[Callable[[Any], Any]] = None,
    clip: Optional[float] = None,
    score: Optional[Callable[[Any], float]] = None,
    loss_scale: Optional[str] = None,
    start: Any = None,
    seed: int = 0,
    progress: bool = True,
) -> Result:
    """Finds out by experiment why a training fails; see ``cure`` for the arguments."""
    engine = _engine(model, data, loss, optimizer, steps, schedule, clip, score, loss_scale, start)
    result, page = command.ask(["diagnose", "--seed", str(seed)], engine, progress)
    return read(result, page, engine.framework)


def serve(
    model: Builder,
    data: Data,
    loss: Optional[Loss] = None,
    optimizer: Optional[Callable[[Any], Any]] = None,
    *,
    steps: int,
    schedule: Optional[Callable[[Any], Any]] = None,
    clip: Optional[float] = None,
    score: Optional[Callable[[Any], float]] = None,
    loss_scale: Optional[str] = None,
    start: Any = None,
) -> None:
    """Makes a script an engine: ``keel cure --engine "python train.py"``.

    What the script prints goes to standard error; standard output is the protocol's.
    """
    writer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    engine = _engine(model, data, loss, optimizer, steps, schedule, clip, score, loss_scale, start)
    try:
        protocol.serve(engine, sys.stdin, writer)
    except BrokenPipeError:
        os._exit(0)


def _engine(
    model: Builder,
    data: Data,
    loss: Optional[Loss],
    optimizer: Optional[Callable[[Any], Any]],
    steps: int,
    schedule: Optional[Callable[[Any], Any]],
    clip: Optional[float],
    score: Optional[Callable[[Any], float]],
    loss_scale: Optional[str] = None,
    start: Any = None,
) -> Any:
    _check(model, data, loss, optimizer, steps, clip)
    made = model()
    keras = sys.modules.get("keras")
    # A Keras model is a module of torch, too, where torch is its backend.
    if keras is not None and isinstance(made, keras.Model):
        backend = keras.backend.backend()
        if backend != "torch":
            raise KeelError(
                f"keel: Keras runs on its backend '{backend}', whose steps are not seen one by "
                "one; set KERAS_BACKEND=torch before keras is imported"
            )
        if start is not None:
            raise KeelError("keel: start is PyTorch's; no state is kept of a Keras training yet")
        if loss_scale is not None:
            raise KeelError(
                "keel: loss_scale is PyTorch's; Keras has keras.optimizers.LossScaleOptimizer"
            )
        from keel.engines.keras.engine import KerasEngine

        return KerasEngine(model, data, loss, optimizer, steps, schedule, clip, score, made)
    if loss_scale not in (None, "dynamic"):
        raise KeelError(f"keel: loss_scale is {loss_scale!r}; it is None, or 'dynamic'")
    if loss is None or optimizer is None:
        raise KeelError(
            "keel: loss(model, batch) and optimizer(model) are missing; only a compiled Keras "
            "model does without"
        )
    del made
    from keel.engines.pytorch.engine import PyTorchEngine

    return PyTorchEngine(model, data, loss, optimizer, steps, schedule, clip, score, loss_scale, start)


def _check(
    model: Any, data: Any, loss: Any, optimizer: Any, steps: Any, clip: Any
) -> None:
    """Raises ``KeelError`` where one is a thing, and a function that makes it was asked for."""
    asked = {
        "model": (model, "model=lambda: …, which builds a new one in every call"),
        "data": (data, "data=lambda seed: …, which yields the batches of an epoch"),
        "optimizer": (optimizer, "optimizer=lambda model: …, which builds one for the model"),
        "loss": (loss, "loss=lambda model, batch: …, the loss of a batch"),
    }
    for name, (given, form) in asked.items():
        is_thing = not callable(given) or hasattr(given, "parameters") or hasattr(given, "layers")
        if given is not None and is_thing and not isinstance(given, type):
            raise KeelError(f"keel: {name} is a {type(given).__name__}; give a function: {form}")
    if not isinstance(steps, int) or steps < 1:
        raise KeelError(f"keel: steps is {steps!r}; give how many steps the training takes")
    if clip is not None and not (isinstance(clip, (int, float)) and clip > 0):
        raise KeelError(f"keel: clip is {clip!r}; give the norm that gradients are clipped to, or None")
