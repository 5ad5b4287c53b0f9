"""The file that a watched run writes: a line of JSON for a step, as a trial's in the protocol."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

from keel.engines.protocol import JSON, finite
from keel.loops.norms import Reading

# Seconds after which what is written can be read by others.
_PATIENCE = 0.5


class Live:
    """Writes lines; a step's waits for the next one, which knows what it changed."""

    def __init__(self, path: Optional[Union[str, Path]], names: List[str]) -> None:
        run = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        self.path = Path(path) if path is not None else _free(Path(".keel/live"), run)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self.path, "w", encoding="utf-8")
        self._names = names
        self._forms: Dict[Tuple[Any, ...], str] = {}
        self._flushed = 0.0
        self._waiting: Optional[Tuple[JSON, Reading]] = None

    def add(self, line: JSON, reading: Reading) -> None:
        """Takes the numbers of a step; those of the one before are written."""
        self.end_step(reading.updates)
        self._waiting = (line, reading)

    def set_loss(self, loss: float) -> None:
        """The loss of the step that waits, told after it."""
        if self._waiting is not None and self._waiting[0].get("loss") is None:
            self._waiting[0]["loss"] = loss

    def end_step(self, updates: List[float]) -> None:
        """Writes the step that waits."""
        if self._waiting is None:
            return
        (line, reading), self._waiting = self._waiting, None
        text = self._short(line, reading, updates)
        if text is None:
            text = json.dumps(finite({**line, "layers": self._layers(reading, updates)}))
        self._file.write(text + "\n")
        now = time.monotonic()
        if now - self._flushed > _PATIENCE:
            self._file.flush()
            self._flushed = now

    def say(self, line: JSON) -> None:
        """Writes a line that is no step's; it can be read at once."""
        self._file.write(json.dumps(finite(line)) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def _layers(self, reading: Reading, updates: List[float]) -> JSON:
        layers: JSON = {}
        for index, gradient in zip(reading.places, reading.gradients):
            layer = layers[self._names[index]] = {"gradient": gradient}
            if reading.weights:
                layer["weight"] = reading.weights[index]
            if updates:
                layer["update"] = updates[index]
        return layers

    def _short(self, line: JSON, reading: Reading, updates: List[float]) -> Optional[str]:
        """The same by a form made once: a fifth of the time of the general way. None where a
        number is not finite, or the line is no usual one."""
        if set(line) != {"step", "loss", "gradientNorm", "learningRate"} or line["loss"] is None:
            return None
        total = line["loss"] + line["gradientNorm"] + sum(updates)
        if not (reading.is_finite and math.isfinite(total)) or not updates:
            return None
        key = tuple(reading.places)
        if key not in self._forms:
            layers = ", ".join(
                json.dumps(self._names[index]).replace("%", "%%")
                + ': {"gradient": %.7g, "weight": %.7g, "update": %.7g}'
                for index in reading.places
            )
            self._forms[key] = (
                '{"step": %d, "loss": %.9g, "gradientNorm": %.9g, "learningRate": %.9g, '
                '"layers": {' + layers + "}}"
            )
        values: List[float] = []
        for index, gradient in zip(reading.places, reading.gradients):
            values += (gradient, reading.weights[index], updates[index])
        return self._forms[key] % (
            line["step"], line["loss"], line["gradientNorm"], line["learningRate"], *values
        )


def _free(folder: Path, run: str) -> Path:
    """A name that no other run of this process has."""
    path, count = folder / f"{run}.jsonl", 1
    while path.exists():
        count += 1
        path = folder / f"{run}-{count}.jsonl"
    return path
