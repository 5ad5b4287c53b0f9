"""The file of a watched run: where it lies, and the lines that are no step's."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import List, Optional, Union

from keel.engines.protocol import JSON
from keel.loops.first import First


def new_path(path: Optional[Union[str, Path]]) -> Path:
    """The path that was asked for; else one in ``.keel/live`` that no other run has."""
    if path is None:
        stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        path, count = Path(".keel/live") / f"{stem}.jsonl", 1
        while path.exists():
            count += 1
            path = path.with_name(f"{stem}-{count}.jsonl")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def head(engine: str, layers: List[str]) -> JSON:
    """Who trains what, since when and where: the archive beside the file lists the run so."""
    program = sys.argv[0] if sys.argv else ""
    name = "python" if program in ("", "-", "-c") else Path(program).name
    who = {"engine": engine, "name": name, "began": time.time()}
    return {**who, "machine": socket.gethostname(), "pid": os.getpid(), "layers": layers}


def told(first: First) -> JSON:
    """The first thing that was not finite."""
    return {"step": first.step, "first": first.as_json()}


def restored(step: int) -> JSON:
    """The state after a step was brought back: what was not finite is over."""
    return {"step": step, "restored": True}


def end(first: Optional[First]) -> JSON:
    """How it ended: with the first thing that was not finite, where there was one."""
    return {"end": "ok"} if first is None else {"end": "non-finite", "first": first.as_json()}
