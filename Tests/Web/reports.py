"""Reports to look at: runs of each kind, written by the command that `KEEL_COMMAND` names."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

CHECKOUT = Path(__file__).resolve().parent.parent.parent


class Kind(NamedTuple):
    recipe: str
    verdict: str
    # What the page has to name; None where a page names no cause.
    cause: Optional[str] = None
    # Whether it is trained and nothing else, and reported by its id.
    is_training: bool = False


KINDS: Dict[str, Kind] = {
    "rate": Kind("large-learning-rate", "exploding", "large-learning-rate"),
    "initialization": Kind("poor-initialization", "exploding", "poor-initialization"),
    "outlier": Kind("outlier-batch", "exploding", "outlier-batch"),
    "recurrence": Kind("long-recurrence", "exploding", "long-recurrence"),
    "healthy": Kind("large-learning-rate-cured", "healthy"),
    "training": Kind("large-learning-rate", "exploding", is_training=True),
}


def write(name: str, folder: Path) -> Path:
    """The report of that kind, in a folder that also gets the archive of its run."""
    kind = KINDS[name]
    subject, archive = f"Recipes/{kind.recipe}.yaml", folder / f"{name}.sqlite"
    if kind.is_training:
        keel("train", subject, "--quiet", "--archive", archive)
        subject = json.loads(keel("runs", "--json", "--archive", archive))["runs"][0]["run"]
    return page(subject, folder / f"{name}.html", archive)


def page(subject: str | Path, path: Path, archive: Path) -> Path:
    keel("report", subject, "-o", path, "--quiet", "--archive", archive)
    return path


def keel(*words: object) -> str:
    """What the command prints; that a training explodes (exit code 1) is no error here."""
    command = os.environ.get("KEEL_COMMAND", str(CHECKOUT / ".build/release/keel"))
    line: List[str] = [command, *map(str, words)]
    done = subprocess.run(line, cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(line)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout
