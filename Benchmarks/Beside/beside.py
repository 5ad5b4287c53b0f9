#!/usr/bin/env python3
"""What a busy neighbour costs: a diagnosis alone, two at once, and one beside busy processes.

    beside.py --keel .build/release/keel --pairs 5

Alone and together in turn, so that a machine whose speed drifts does both alike. Each line is the
median, the least and the largest of the pairs.
"""
import argparse
import os
import statistics
import subprocess
import tempfile
import time

RECIPE = """
data: {regression: {samples: 4000, features: 32, noise: 0.1, test: 0.2}}
model: [{dense: 256}, relu, {dense: 256}, relu, {dense: 256}, relu, {dense: 1}]
initializer: {normal: {std: 0.3}}
loss: mean-squared-error
optimizer: {sgd: {learning-rate: 0.5}}
training: {epochs: 20, batch: 128}
"""


def seconds(command, count):
    start = time.monotonic()
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(count)]
    for process in running:
        process.wait()
    return time.monotonic() - start


def line(name, values):
    print(f"{name}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keel", default=".build/release/keel")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "r.yaml")
        with open(path, "w") as file:
            file.write(RECIPE)
        command = [options.keel, "diagnose", path, "--quiet", "--archive", "none"]
        seconds(command, 1)
        alone, two, busy = [], [], []
        for _ in range(options.pairs):
            alone.append(seconds(command, 1))
            two.append(seconds(command, 2))
            spinning = [subprocess.Popen(["sh", "-c", "while :; do :; done"])
                        for _ in range(os.cpu_count())]
            try:
                busy.append(seconds(command, 1))
            finally:
                for process in spinning:
                    process.kill()
        line("alone, seconds", alone)
        line("two at once, over one alone", [b / a for a, b in zip(alone, two)])
        line("beside one busy process on each core, over alone", [b / a for a, b in zip(alone, busy)])


if __name__ == "__main__":
    main()
