#!/usr/bin/env python3
"""Cures of an engine, killed at random moments: what is left running, and what is left behind.

    kills.py --count 200      of keel (kill -9, Ctrl-C, SIGTERM), of the engine and of its guard (kill -9)

KEEL_COMMAND names the command. Every process of a cure has a mark in its environment; one that still
runs three seconds after the cure has ended is an orphan.
"""
from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Dict, List

MARK = "KEEL_KILL"
ENGINE = """
import json, random, sys, time
def say(**answer): print(json.dumps(answer), flush=True)
for line in sys.stdin:
    ask = json.loads(line)
    if ask["do"] == "describe":
        say(engine="slow 1", steps=300, batch=16, settings={"learning-rate": 3.0}, changes=["set learning-rate"])
    elif ask["do"] == "trial":
        rate, weight = 3.0, 5.0
        for change in ask["changes"]: rate = change["to"]
        rows = random.Random(ask["seed"])
        for step in range(ask["steps"]):
            x = rows.gauss(0, 1); error = x * (weight - 1)
            say(id=ask["id"], step=step, loss=error * error); weight -= rate * 2 * error * x
            time.sleep(0.003)
        say(id=ask["id"], end="ok")
    else: break
"""
KINDS = ("keel -9", "keel -INT", "keel -TERM", "engine -9", "guard -9")


def marked(mark: str) -> Dict[int, str]:
    """The processes with the mark: what each was started as."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                pass  # It has ended in between.
    return found


def victims(kind: str, keel: int, mark: str) -> List[int]:
    if kind.startswith("keel"):
        return [keel]
    others = {pid: line for pid, line in marked(mark).items() if pid != keel}
    is_engine = {pid: "engine.py" in line and "python" in line.split(" ")[0] for pid, line in others.items()}
    return [pid for pid in others if is_engine[pid] == kind.startswith("engine")][:1]


def killed(kind: str, after: float, mark: str, folder: Path) -> str:
    """Starts a cure, kills, waits for its end: what came of it."""
    command = [os.environ["KEEL_COMMAND"], "cure", "--engine", f"{sys.executable} {folder / 'engine.py'}"]
    process = subprocess.Popen(
        command, env={**os.environ, MARK: mark}, cwd=folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(after)
    number = {"-9": signal.SIGKILL, "-INT": signal.SIGINT, "-TERM": signal.SIGTERM}[kind.split()[1]]
    for pid in victims(kind, process.pid, mark):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    try:
        code = process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        return "hangs"
    end = time.monotonic() + 3
    while marked(mark) and time.monotonic() < end:
        time.sleep(0.05)
    left = marked(mark)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    files = [file.name for file in folder.iterdir() if file.name != "engine.py"]
    return f"orphans: {left}" if left else f"files: {files}" if files else f"exit {code}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    dice, ends = random.Random(0), Counter()
    for number in range(options.count):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "engine.py").write_text(ENGINE)
            kind = KINDS[number % len(KINDS)]
            ends[kind, killed(kind, dice.uniform(0.02, 2.0), f"{os.getpid()}-{number}", Path(folder))] += 1
    for (kind, end), count in sorted(ends.items()):
        print(f"{kind:12} {end:12} {count}")
    bad = sum(count for (_, end), count in ends.items() if not end.startswith("exit"))
    print(f"{options.count} kills, {bad} with something left")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
