#!/usr/bin/env python3
"""What watching costs: the steps of this checkout over those of a copy that looks at nothing.

    unwatched.py --pairs 7 [--threads 1] [--only NAME]

In the copy no kernel counts what is not finite or measures an update, nothing of the layers is
recorded, nothing is looked at between two steps, and no snapshot is taken; loss and gradient norm
are still kept. The
copy is built in `.build/unwatched`. Alone and in turn; the median, the least and the largest.
"""
import argparse
import pathlib
import shutil
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / ".build" / "unwatched"
# File, what stands there, what stands there in the copy.
WITHOUT = [
    ("Sources/CKernels/Kernels/Kernels.h",
     "return magnitude_bits(x) >= INFINITY_BITS; }", "return (void)x, 0; }"),
    ("Sources/CKernels/Kernels/Kernels.h", """\
    int32_t magnitude = magnitude_bits(x[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  int is_safe =""", """\
  }
  largest = bits_of(1.0f);
  int is_safe ="""),
    ("Sources/CKernels/Kernels/optimizers.c", """\
  keel_moments weights = block_moments(w, n);
  total->weight_squares += weights.sum_of_squares;
  total->non_finite += weights.non_finite;
  total->update_squares += block_moments(step, n).sum_of_squares;
""", "  (void)total, (void)w, (void)step, (void)n;\n"),
    ("Sources/Training/Run/Trainer.swift", "if step % snapshots.interval == 0 {", "if step == 0 {"),
    ("Sources/Training/Run/Trainer.swift", """\
      record.trace.record(trainingStep.layers)
      tally.updates += 1
      tally.consecutiveSkips = 0
      watch(step, loss: result.loss)
""", """\
      tally.updates += 1
      tally.consecutiveSkips = 0
"""),
]


def build(folder):
    subprocess.run(["swift", "build", "-c", "release", "--product", "steps"], cwd=folder, check=True)
    return folder / ".build" / "release" / "steps"


def without_watching():
    COPY.mkdir(parents=True, exist_ok=True)
    for name in ["Package.swift", "Sources", "Benchmarks", "Tests", "Examples"]:
        source, target = ROOT / name, COPY / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    for name, there, instead in WITHOUT:
        path = COPY / name
        text = path.read_text()
        if text.count(there) != 1:
            raise SystemExit(f"{name}: what is to be left out stands there {text.count(there)} times")
        path.write_text(text.replace(there, instead))
    return build(COPY)


def steps(command, arguments):
    text = subprocess.run(
        [command, "--pairs", "1", *arguments], check=True, capture_output=True, text=True).stdout
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    return {(row[1].strip(), row[2].strip()): float(row[3].split()[0])
            for row in rows if row[3].strip()[:1].isdigit()}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--only")
    options = parser.parse_args()
    arguments = ["--threads", options.threads] + (["--only", options.only] if options.only else [])
    watched, unwatched = build(ROOT), without_watching()
    ratios = {}
    for _ in range(options.pairs):
        with_it, without = steps(watched, arguments), steps(unwatched, arguments)
        for row, milliseconds in with_it.items():
            ratios.setdefault(row, []).append(milliseconds / without[row])
    for (workload, threads), values in ratios.items():
        print(f"{workload}, {threads} thread{'s' * (threads != '1')}: "
              f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
