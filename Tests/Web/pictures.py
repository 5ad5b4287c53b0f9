#!/usr/bin/env python3
"""The pictures of the README, out of reports: each a file of its own in Guides/Pictures."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEEP = "model=[{repeat: {times: 11, layers: [{dense: 16}, tanh]}}, {dense: 1}]"
# A file's name, the title of its picture, the recipe, and what is changed in it.
PICTURES = [
    ("layers", "Gradient norm by layer and step", "growing-learning-rate", ["--set", DEEP]),
    ("curves", "Loss and gradient norm by step", "growing-learning-rate", ["--set", DEEP]),
    ("trials", "Trials of the search", "excessive-depth", []),
]


def report(keel: str, recipe: str, words: list[str]) -> str:
    """The report of a recipe, as text."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        subprocess.run([keel, "report", str(ROOT / "Recipes" / f"{recipe}.yaml"), *words,
                        "-o", str(page), "--archive", "none", "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        return page.read_text()


def picture(page: str, title: str) -> str:
    """The picture of that title, with the style that the page has for it."""
    drawn = next(svg for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)
                 if f"<title>{title}</title>" in svg)
    style = re.search(r"<style>.*?(\.keel\{.*?)</style>", page, re.DOTALL)
    assert style is not None
    return drawn.replace("<title>", f"<style>{style.group(1)}</style>\n<title>", 1) + "\n"


def main() -> None:
    keel = os.environ.get("KEEL_COMMAND", str(ROOT / ".build" / "release" / "keel"))
    folder = ROOT / "Guides" / "Pictures"
    folder.mkdir(exist_ok=True)
    for name, title, recipe, words in PICTURES:
        (folder / f"{name}.svg").write_text(picture(report(keel, recipe, words), title))
        print(folder / f"{name}.svg", file=sys.stderr)


if __name__ == "__main__":
    main()
