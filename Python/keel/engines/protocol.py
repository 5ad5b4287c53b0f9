"""The engine's side of the protocol: what Keel asks, and one line for every answer.

Guides/Engines.md has the protocol. An ``Engine`` knows one framework; this module knows none.
"""

from __future__ import annotations

import json
import math
import select
from typing import Any, Dict, Iterator, List, Protocol, TextIO

JSON = Dict[str, Any]


class Refused(Exception):
    """A change that the engine cannot make; Keel's search goes on without it."""

    def __init__(self, change: str) -> None:
        super().__init__(change)
        self.change = change


class Engine(Protocol):
    """A framework that makes trials."""

    def describe(self) -> JSON:
        """The training: steps, batch, layers, settings, data, changes."""

    def trial(self, request: JSON) -> Iterator[JSON]:
        """An answer a step, and last how it ended.

        Raises ``Refused`` before the first step.
        """

    def stopped(self) -> JSON:
        """What the trial under way tells where it is stopped."""


def serve(engine: Engine, reader: TextIO, writer: TextIO) -> JSON | None:
    """Answers until Keel says done, or its end closes; returns the result that it tells."""
    asked: List[JSON] = []

    def say(answer: JSON) -> None:
        writer.write(json.dumps(finite(answer)) + "\n")
        writer.flush()

    while True:
        line = asked.pop(0) if asked else _read(reader)
        if line is None or line.get("do") == "done":
            return (line or {}).get("result")
        if line.get("do") == "describe":
            if line.get("keel") != 1:
                say({"end": "refused", "change": f"keel {line.get('keel')}"})
                continue
            say(engine.describe())
        elif line.get("do") == "trial":
            _trial(engine, line, reader, say, asked)


def _trial(engine: Engine, request: JSON, reader: TextIO, say: Any, asked: List[JSON]) -> None:
    name = request["id"]
    try:
        for answer in engine.trial(request):
            say({"id": name, **answer})
            while _is_ready(reader):
                line = _read(reader)
                if line is None or line.get("do") == "done":
                    asked.append(line or {"do": "done"})
                    return
                if line.get("do") == "stop":
                    if "end" not in answer:
                        say({"id": name, "end": "stopped", **engine.stopped()})
                    return
                asked.append(line)
    except Refused as refused:
        say({"id": name, "end": "refused", "change": refused.change})


def _read(reader: TextIO) -> JSON | None:
    while True:
        line = reader.readline()
        if not line:
            return None
        if line.strip():
            return json.loads(line)


def _is_ready(reader: TextIO) -> bool:
    # Keel sends one line at a time and waits: what is there is not in a buffer yet.
    # Of select's own kind of call no more than 1,024 files may be open.
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    return bool(poll.poll(0))


def finite(value: Any) -> Any:
    """A value as JSON has it: numbers that are not finite are strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: finite(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(member) for member in value]
    return value
