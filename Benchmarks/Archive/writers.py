#!/usr/bin/env python3
"""Processes that write to one archive: several for a while, and some that are killed.

    writers.py --keel KEEL            two write and one reads for a minute; then a hundred kills
"""
from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import List

RECIPE = """data: {regression: {samples: 256, features: 8, noise: 0.1}}
standardize: both
model: [{repeat: {times: 10, layers: [{dense: 8}, tanh]}}, {dense: 1}]
loss: mean-squared-error
optimizer: {sgd: 0.001}
training: {epochs: 1000000, batch: 8, max-steps: %d}
"""


def keel(arguments: argparse.Namespace, folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([arguments.keel, *words], cwd=folder, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def losses(archive: sqlite3.Connection, run: str) -> int:
    """Steps of a run whose loss can be read, without a gap from the first on."""
    steps = 0
    for first, count, data in archive.execute(
            "SELECT first, count, data FROM chunk JOIN series ON series.id = chunk.series "
            "WHERE run = ? AND name = 'loss' AND level = 0 ORDER BY segment, first", (run,)):
        assert first == steps and len(zlib.decompress(data)) == 4 * count, (run, first, steps)
        steps = first + count
    return steps


def together(arguments: argparse.Namespace, folder: Path) -> List[str]:
    """Two writers and a reader for so many seconds; what went wrong."""
    faults: List[str] = []
    (folder / "short.yaml").write_text(RECIPE % 20_000)
    end = time.monotonic() + arguments.seconds
    made = reads = 0
    while time.monotonic() < end:
        writers = [keel(arguments, folder, "train", "short.yaml", "--quiet") for _ in range(2)]
        while any(writer.poll() is None for writer in writers):
            reader = keel(arguments, folder, "runs", "--json", "--limit", "5")
            out, err = reader.communicate()
            # Before the first run there is no archive.
            if reader.returncode not in (0, 66):
                faults.append(f"reader: {err.strip()}")
            elif reader.returncode == 0:
                json.loads(out)
            reads += 1
        for writer in writers:
            _, err = writer.communicate()
            made += 1
            if writer.returncode != 0 or err:
                faults.append(f"writer: {writer.returncode} {err.strip()}")
    archive = sqlite3.connect(folder / ".keel" / "keel.sqlite")
    runs = archive.execute("SELECT id, steps, ended FROM run").fetchall()
    if len(runs) != made:
        faults.append(f"{made} runs were made, {len(runs)} are kept")
    for run, steps, ended in runs:
        if ended is None or steps != 20_000 or losses(archive, run) != 20_000:
            faults.append(f"{run}: {steps} steps, {losses(archive, run)} losses, ended {ended}")
    print(f"{arguments.seconds} s, two writers, one reader: {made} runs, {reads} reads, "
          f"{len(faults)} faults")
    return faults


def killed(arguments: argparse.Namespace, folder: Path) -> List[str]:
    """Trainings killed at random moments, one after the other; what went wrong."""
    faults: List[str] = []
    (folder / "long.yaml").write_text(RECIPE % 50_000_000)
    path = folder / ".keel" / "keel.sqlite"
    draw = random.Random(arguments.seed)
    expected = 0
    for index in range(arguments.kills):
        lasted = draw.uniform(0.05, 3)
        process = keel(arguments, folder, "train", "long.yaml", "--quiet")
        time.sleep(lasted)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # What lasted longer than a second must be there, up to its last second.
        expected += lasted > 1
        archive = sqlite3.connect(path)
        try:
            if archive.execute("PRAGMA quick_check").fetchone() != ("ok",):
                faults.append(f"kill {index}: damaged")
            newest = archive.execute(
                "SELECT id, began, seen FROM run ORDER BY began DESC").fetchone()
            if lasted > 1.5:
                run, began, seen = newest
                if seen - began < lasted - 1.5 or losses(archive, run) == 0:
                    faults.append(f"kill {index}: {seen - began:.1f} s of {lasted:.1f}")
            count = archive.execute(
                "SELECT count(*) FROM run WHERE problem = 'long.yaml'").fetchone()[0]
            if count < expected:
                faults.append(f"kill {index}: {count} runs of at least {expected}")
        finally:
            archive.close()
    print(f"{arguments.kills} kills: {len(faults)} faults")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keel", type=lambda text: str(Path(text).resolve()), required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        faults = together(arguments, Path(folder)) + killed(arguments, Path(folder))
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
