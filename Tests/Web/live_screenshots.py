#!/usr/bin/env python3
"""Pictures of the live page: before, during and after an explosion, during a cure, with thirty runs,
compared; light and dark, in a wide window and in a narrow one.

    KEEL_COMMAND=.build/release/keel python Tests/Web/live_screenshots.py        (make screenshots)
"""
from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Optional, get_args

import live
from browser import Browser, Scheme
from live import Live
from reports import CHECKOUT

FOLDER = CHECKOUT / ".build" / "screenshots"
WIDTHS = (1280, 400)


def progress(one: Live) -> Dict[str, object]:
    """What the newest run has found so far."""
    archive = one.folder / ".keel" / "keel.sqlite"
    if not archive.exists():
        return {}
    try:
        with sqlite3.connect(archive) as database:
            row = database.execute("SELECT progress FROM run ORDER BY began DESC").fetchone()
    except sqlite3.OperationalError:
        return {}  # It is being made.
    found: Dict[str, object] = json.loads(row[0]) if row and row[0] else {}
    return found


def stopped(one: Live, recipe: str, is_there: Callable[[Dict[str, object]], bool]) -> str:
    """A cure that stands still where it has come to something; its page."""
    process = one.start("cure", f"{recipe}.yaml")
    end = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end and not is_there(progress(one)):
        # It is quick: now and then it may go on for a moment, and what is written every half second
        # is due then.
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.008)
    process.send_signal(signal.SIGSTOP)
    return page(one)


def page(one: Live) -> str:
    """The newest run's."""
    out = subprocess.run([live.COMMAND, "runs", "--json"], cwd=one.folder, capture_output=True)
    return "/run?id=" + str(json.loads(out.stdout)["runs"][0]["run"])


def before(one: Live) -> str:
    one.start("train", "adding-lstm.yaml", "--threads", "1")
    time.sleep(4)
    return page(one)


def diagnosing(one: Live) -> str:
    return stopped(one, "outlier-batch", lambda p: bool(p.get("experiments")))


def curing(one: Live) -> str:
    return stopped(one, "long-recurrence", lambda p: bool(p.get("trials")))


def after(one: Live) -> str:
    one.keel("train", "poor-initialization.yaml")
    return page(one)


def watched(one: Live) -> Optional[str]:
    if not live.has_torch():
        return None
    one.watch(rate=0.4, steps=40).wait()
    return page(one)


def thirty(one: Live) -> str:
    recipes = sorted(one.folder.glob("*-cured.yaml"))[:12]
    for recipe in recipes:
        one.keel("train", recipe.name)
        one.keel("train", recipe.name.replace("-cured", ""))
    for _ in range(6):
        one.start("train", "adding-lstm.yaml", "--threads", "1")
    time.sleep(4)
    return "/"


def compared(one: Live) -> str:
    ids = []
    for recipe in ("large-learning-rate", "large-learning-rate-cured"):
        one.keel("train", f"{recipe}.yaml")
        ids.append(page(one).split("=")[1])
    return "/compare?" + "&".join(f"run={run}" for run in ids)


STATES: Dict[str, Callable[[Live], Optional[str]]] = {
    "before": before, "diagnosing": diagnosing, "curing": curing, "after": after,
    "watched": watched, "thirty": thirty, "compared": compared}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(STATES))
    parser.add_argument("--into", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        for name in options.names or STATES:
            with tempfile.TemporaryDirectory() as folder, live.served(Path(folder)) as one:
                path = STATES[name](one)
                if path is not None:
                    shoot(browser, one.url + path, f"live-{name}", options.into)
    return 0


def shoot(browser: Browser, address: str, name: str, into: Path) -> None:
    for scheme in get_args(Scheme):
        for width in WIDTHS:
            path = into / f"{name}-{scheme}-{width}.png"
            with browser.visit(address, width=width, scheme=scheme) as visit:
                visit.page.wait_for_timeout(1500)
                visit.page.screenshot(path=path, full_page=True)
            print(path)


if __name__ == "__main__":
    sys.exit(main())
