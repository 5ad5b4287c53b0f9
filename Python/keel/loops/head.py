"""The lines that a watched run's file begins and ends with."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import List, Optional

from keel.engines.protocol import JSON
from keel.loops.first import First


def head(engine: str, layers: List[str]) -> JSON:
    """Who trains what, since when: the archive beside the file lists the run so."""
    program = sys.argv[0] if sys.argv else ""
    name = "python" if program in ("", "-", "-c") else Path(program).name
    return {"engine": engine, "name": name, "began": time.time(), "layers": layers}


def end_of(first: Optional[First]) -> JSON:
    """How it ended: with the first thing that was not finite, where there was one."""
    return {"end": "ok"} if first is None else {"end": "non-finite", "first": first.as_json()}
