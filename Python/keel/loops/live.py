"""The file that a watched run writes: a line of JSON for a step, as a trial's in the protocol."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

from keel.engines.protocol import JSON, finite
from keel.loops import lines
from keel.loops.norms import Reading

# Seconds after which lines are written, at the next step, and how many are written together: text
# that is made at once is made in a fraction of the time.
_PATIENCE, _MOST = 0.5, 64
_USUAL = {"step", "loss", "gradientNorm", "learningRate"}


class Live:
    """Writes lines; a step's waits for the next one, which knows what it changed.

    Whoever reads the file meanwhile sees whole lines: those that are due are written in one call.
    """

    def __init__(
        self, path: Optional[Union[str, Path]], names: List[str], engine: str
    ) -> None:
        self.path = lines.new_path(path)
        self._file = open(self.path, "wb", buffering=0)
        self._names = names
        self._forms: Dict[Tuple[Any, ...], str] = {}
        self._written = 0.0
        self._waiting: Optional[Tuple[JSON, Reading]] = None
        self._ended: List[Tuple[JSON, Reading, List[float]]] = []
        self.say(lines.head(engine, names))

    def add(self, line: JSON, reading: Reading) -> None:
        """Takes the numbers of a step, after the one before has ended."""
        self._waiting = (line, reading)

    def set_loss(self, loss: float) -> None:
        """The loss of the step that waits, told after it."""
        if self._waiting is not None and self._waiting[0].get("loss") is None:
            self._waiting[0]["loss"] = loss

    def end_step(self, updates: List[float]) -> None:
        """Ends the step that waits: nothing is added to it. Writes what is due."""
        if self._waiting is not None:
            self._ended.append((*self._waiting, updates))
            self._waiting = None
        if not self._ended:
            return
        if len(self._ended) >= _MOST or time.monotonic() - self._written > _PATIENCE:
            self._write([])

    def say(self, line: JSON) -> None:
        """Writes a line that is no step's; it can be read at once."""
        self._write([json.dumps(finite(line))])

    def close(self) -> None:
        """Ends the file."""
        if not self._file.closed:
            self._write([])
            self._file.close()

    def _write(self, more: List[str]) -> None:
        ended, self._ended = self._ended, []
        texts = [self._text(*step) for step in ended] + more
        rest = memoryview("".join(text + "\n" for text in texts).encode())
        while rest:
            rest = rest[self._file.write(rest):]
        self._written = time.monotonic()

    def _text(self, line: JSON, reading: Reading, updates: List[float]) -> str:
        text = self._short(line, reading, updates)
        if text is None:
            text = json.dumps(finite({**line, "layers": self._layers(reading, updates)}))
        return text

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
        if line.keys() != _USUAL or line["loss"] is None:
            return None
        total = line["loss"] + line["gradientNorm"] + sum(updates)
        if not (reading.is_finite and math.isfinite(total)):
            return None
        columns = [reading.gradients]
        columns += [[of[i] for i in reading.places] for of in (reading.weights, updates) if of]
        key = (bool(reading.weights), bool(updates), *reading.places)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = self._form(*key)
        numbers = [number for numbers in zip(*columns) for number in numbers]
        return form % (
            line["step"], line["loss"], line["gradientNorm"], line["learningRate"], *numbers
        )

    def _form(self, has_weights: bool, has_updates: bool, *places: int) -> str:
        numbers = '"gradient": %.7g'
        numbers += ', "weight": %.7g' if has_weights else ""
        numbers += ', "update": %.7g' if has_updates else ""
        layers = ", ".join(
            json.dumps(self._names[place]).replace("%", "%%") + ": {" + numbers + "}"
            for place in places
        )
        usual = '"step": %d, "loss": %.9g, "gradientNorm": %.9g, "learningRate": %.9g'
        return "{" + usual + ', "layers": {' + layers + "}}"
