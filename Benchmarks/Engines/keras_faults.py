"""How often faults planted in trainings of Keras are noticed, named and cured.

    KERAS_BACKEND=torch PYTHONPATH=Python python Benchmarks/Engines/keras_faults.py [NETWORK ...]

Trains ten sound networks of Python/tests/keras_zoo.py, or those named, and each with one fault at a
time, judges by the loss which of these fail, and lets Keel cure all. Prints a line a case, and last
a table: of what fails, how much is detected, named and cured; of the rest, how much is left alone.
"""

from __future__ import annotations

import dataclasses
import math
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(Path(__file__).parents[2] / "Python" / "tests"))

import keras
import numpy
import torch

import keel
from keel.engines.keras.engine import KerasEngine
from keras_zoo import SOUND, Training

STEPS = 400
# What a training has learnt of the loss of a constant; one that has learnt less than this fails.
FAILS_BELOW = 0.5
COLUMNS = ("sound", "failing", "detected", "named first", "named", "cured", "left alone")


def main() -> None:
    torch.set_num_threads(1)
    counts: Dict[str, Counter] = {}
    for name in sys.argv[1:] or SOUND:
        for fault, cause, training in _cases(SOUND[name]):
            _count(counts.setdefault(fault, Counter()), name, fault, cause, training)
    print("\n| fault |", " | ".join(COLUMNS), "|")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for fault, row in counts.items():
        print(f"| {fault} |", " | ".join(str(row[column]) for column in COLUMNS), "|")


def _cases(sound: Training) -> Iterator[Tuple[str, str, Training]]:
    x, y = sound.arrays(numpy.random.default_rng(0))
    yield "none", "", sound
    yield "rate", "large-learning-rate", _with(sound, rate=sound.rate * 1000)
    yield "initializer", "poor-initialization", _with(sound, std=3.0)
    if x.dtype.kind == "f":
        yield "inputs", "unscaled-data", _with(sound, inputs=1000.0)
    if y.dtype.kind == "f" and sound.loss == "mse":
        yield "targets", "unscaled-data", _with(sound, targets=1000.0)
    key = "momentum" if sound.optimizer == "SGD" else "beta_1"
    yield "momentum", "excessive-momentum", _with(sound, settings={key: 0.999})
    yield "low-rate", "low-learning-rate", _with(sound, rate=sound.rate * 1e-5)
    growing = keras.optimizers.schedules.ExponentialDecay(sound.rate, STEPS, 1e5)
    yield "growing", "growing-learning-rate", _with(sound, rate=growing)
    decayed = {**sound.settings, "weight_decay": 0.5 / sound.rate}
    yield "decay", "excessive-penalty", _with(sound, settings=decayed)
    if sound.optimizer == "SGD":
        clipped = {**sound.settings, "global_clipnorm": 1e-6}
        yield "clip", "unusual-setting", _with(sound, settings=clipped)
    if x.dtype.kind == "f":
        yield "outlier", "outlier-batch", _with(sound, outlier=1e6)
    if sound.loss == "mse":
        summed = keras.losses.MeanSquaredError(reduction="sum")
        yield "summed", "summed-loss", _with(sound, loss=summed, rate=sound.rate * 3)


def _with(sound: Training, **changes: Any) -> Training:
    return dataclasses.replace(sound, **changes)


def _count(row: Counter, name: str, fault: str, cause: str, training: Training) -> None:
    began = time.monotonic()
    learnt = _learnt(training)
    try:
        result = keel.cure(training.model, training.data, steps=STEPS, progress=False)
    except (keel.KeelError, OSError) as error:
        # A machine that stands still for a minute is no verdict.
        print(f"{name:12} {fault:12} not counted: {error!r}", flush=True)
        return
    causes = [finding.cause for finding in result.findings]
    kind = "failing" if learnt < FAILS_BELOW else "sound"
    row[kind] += 1
    is_healthy = result.outcome == "healthy"
    row["left alone"] += kind == "sound" and is_healthy
    if kind == "failing":
        row["detected"] += not is_healthy
        row["named first"] += causes[:1] == [cause]
        row["named"] += cause in causes
        row["cured"] += result.outcome == "cured"
    changes = ", ".join(f"{change.path}={change.after}" for change in result.changes)
    print(
        f"{name:12} {fault:12} {_degree(training):8} learnt {learnt:8.3f}  {result.outcome:10} "
        f"{','.join(causes):40} {changes[:70]}  {time.monotonic() - began:.0f} s",
        flush=True,
    )


def _degree(training: Training) -> str:
    parts = (training.rate, training.std, training.inputs, training.targets)
    return "/".join("" if part in (None, 1.0) else f"{part:g}" if isinstance(part, float) else "…" for part in parts)


def _learnt(training: Training) -> float:
    """The share of the loss of a constant that the training does away with; -inf where it ends."""
    engine = KerasEngine(training.model, training.data, None, None, STEPS)
    constant = engine.describe()["constantLoss"]
    request = {"id": "alone", "seed": 0, "from": "start", "steps": STEPS, "changes": []}
    losses: List[float] = [a["loss"] for a in engine.trial(request) if "loss" in a]
    last = sum(losses[-20:]) / len(losses[-20:])
    is_whole = len(losses) == STEPS and math.isfinite(last)
    return 1 - last / constant if is_whole else -math.inf


if __name__ == "__main__":
    main()
