"""Maps against grids in which every cell was trained to its end.

    python3 maps.py --keel .build/release/keel --recipes FOLDER --count 6 --size 32

FOLDER holds recipes, such as `faults --seeds D --keep` leaves: the healthy ones among them (D…h) are taken
whose first weights are drawn by a rule with a scale. Over the learning rate (a thousandth to a thousand
times the recipe's) and that scale (a twentieth to twenty) `keel map` is held against `keel map --whole`:
cells that agree, cells that were trained, and how far from the edge of the whole grid lies where forty steps
begin to explode, and where 2/λ does (`keel forecast`, row by row).
"""

import argparse
import json
import math
import pathlib
import re
import statistics
import subprocess


def keel(command, *arguments):
    run = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)
    return json.loads(run.stdout)


def axes(path):
    """The learning rate's path and range, and the scale's; None where the recipe has not both."""
    text = path.read_text()
    rate = re.search(r"optimizer: \{([a-z-]+): \{learning-rate: ([0-9.e+-]+)", text)
    rule = re.search(r"^initializer: \{([a-z]+): \{.*scale: 1\}", text, re.M)
    if not rate or not rule or "schedule: constant" not in text:
        return None
    name, value = rate[1], float(rate[2])
    return (f"optimizer.{name}.learning-rate={value * 1e-3:g}..{value * 1e3:g}",
            f"initializer.{rule[1]}.scale=0.05..20")  # fmt: skip


def sharp(command, path, x, y, values):
    """2/λ, the edge that sharpness tells, in each row."""
    name = y.split("=")[0]
    edges = []
    for value in values:
        body = keel(command, "forecast", path, "--set", f"{name}={value}", "--json", "--archive", "none")
        sharpness = (body.get("sharpness") or {}).get("value")
        edges.append(2 / sharpness if isinstance(sharpness, (int, float)) and sharpness > 0 else None)
    return edges


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keel", required=True)
    parser.add_argument("--recipes", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--size", type=int, default=32)
    options = parser.parse_args()
    found = [(path, axes(path)) for path in sorted(options.recipes.rglob("*h[0-9]*-*.yaml"))]
    found = [(path, both) for path, both in found if both][: options.count]
    print("| recipe | cells that agree | trained | forecast's edge off | 2/λ off |\n| --- | --- | --- | --- | --- |")
    size = f"{options.size}x{options.size}"
    for path, (x, y) in found:
        arguments = ["map", path, "--x", x, "--y", y, "--size", size, "--json", "--archive", "none"]
        whole, map_ = keel(options.keel, *arguments, "--whole"), keel(options.keel, *arguments)
        if "cells" not in map_:
            print(f"| {path.stem} | {map_} |")
            continue
        pairs = [(a["outcome"], b["outcome"]) for row, other in zip(map_["cells"], whole["cells"])
                 for a, b in zip(row, other)]  # fmt: skip
        agree = sum(a == b for a, b in pairs) / len(pairs)
        measured = [edge["measured"] for edge in whole["edges"]]
        forecast = [edge["forecast"] for edge in map_["edges"]]
        two = sharp(options.keel, path, x, y, map_["y"]["values"])

        def off(edges):
            both = [abs(math.log10(e / m)) for e, m in zip(edges, measured) if e and m]
            return f"{statistics.median(both):.3f} in {len(both)} rows" if both else "–"

        print(f"| {path.stem} | {100 * agree:.1f} % | {100 * map_['trained'] / len(pairs):.1f} % "
              f"| {off(forecast)} | {off(two)} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
