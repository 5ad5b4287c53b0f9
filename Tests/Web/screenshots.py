#!/usr/bin/env python3
"""Pictures of every report, and of maps of three recipes, as readers see them: light and dark, in a
wide window and in a narrow one.

    KEEL_COMMAND=.build/release/keel python Tests/Web/screenshots.py        (make screenshots)
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import get_args

import reports
from browser import Browser, Scheme

FOLDER = reports.CHECKOUT / ".build" / "screenshots"
WIDTHS = (1280, 400)
# Over the learning rate and the scale of the first weights.
MAPS = {
    "large-learning-rate": ("optimizer.sgd.learning-rate=1e-4..10", "initializer.he.scale=0.05..20"),
    "poor-initialization-cured": ("optimizer.sgd.learning-rate=1e-4..10",
                                  "initializer.he.scale=0.05..20"),
    "excessive-momentum": ("optimizer.sgd.learning-rate=1e-4..10",
                           "optimizer.sgd.momentum=0..0.999,linear"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"all of them if not given: {', '.join(reports.KINDS)}")
    parser.add_argument("--into", type=Path, default=FOLDER)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in reports.KINDS]
    if unknown:
        parser.error(f"no report is called {unknown[0]}")
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        for name in options.names or reports.KINDS:
            shoot(browser, reports.write(name, Path(folder)), options.into)
        if not options.names:
            for name, (x, y) in MAPS.items():
                path = Path(folder) / f"map-{name}.svg"
                reports.keel("map", f"Recipes/{name}.yaml", "--x", x, "--y", y, "--size", "32x32",
                             "-o", path, "--archive", "none", "--quiet")
                shoot(browser, path, options.into)
    return 0


def shoot(browser: Browser, report: Path, into: Path) -> None:
    for scheme in get_args(Scheme):
        for width in WIDTHS:
            path = into / f"{report.stem}-{scheme}-{width}.png"
            with browser.visit(report, width=width, scheme=scheme) as visit:
                visit.page.screenshot(path=path, full_page=True)
            print(path)


if __name__ == "__main__":
    sys.exit(main())
