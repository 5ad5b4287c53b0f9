"""Studies of programs with a fault in one of four settings, and what `keel cure` makes of them.

    python studies.py --keel .build/release/keel --seeds A --count 60 --out FOLDER

Four programs, in awk, C, Python (PyTorch) and Swift, each with four settings. A healthy set of values is
drawn around the references; a fault is one of them far off, kept where the program itself, run alone,
then explodes or learns nothing. Every healthy set is a study, too: a cure of it is a false alarm. A row
a study in `rows.jsonl`; the table is printed.

cause   the first finding names the setting that was planted
cured   the command line that keel prints, run alone here, learns

`--faults 3` puts three settings off in each (named: the first finding is one of them); `--beside` cures each
with `--jobs 2`, too, and prints the ratio of the times.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent / "programs"

# Of each setting: its reference, how far healthy ones lie from it, and what a fault is.
PROGRAMS = {
    "awk": dict(
        program=["awk", "-v", "lr={learning-rate}", "-v", "std={init-std}", "-v", "momentum={momentum}",
                 "-v", "scale={input-scale}", "-v", "seed={seed}", "-v", "steps={steps}", "-f", "train.awk"],
        settings={"learning-rate": (0.01, 2, [(0.5, 30), (1e-7, 1e-6)]), "init-std": (0.3, 1.5, [(5, 50)]),
                  "momentum": (0.5, 1.2, [(0.999, 1.02)]), "input-scale": (1, 1.3, [(30, 1000)])},
        loss={"pattern": r"loss (\S+)"}, steps=400),
    "c": dict(
        program=["./train", "--lr", "{lr}", "--init-gain", "{init-gain}", "--weight-decay", "{weight-decay}",
                 "--input-scale", "{input-scale}", "--seed", "{seed}", "--steps", "{steps}"],
        settings={"lr": (0.1, 2, [(30, 1000), (1e-8, 1e-6)]), "init-gain": (1, 1.5, [(30, 300)]),
                  "weight-decay": (1e-4, 3, [(15, 200)]), "input-scale": (1, 1.5, [(1e-4, 1e-3)])},
        loss={"csv": "log.csv", "column": "loss"}, steps=1000),
    "pytorch": dict(
        program=[sys.executable, "train.py", "--lr", "{lr}", "--init-scale", "{init-scale}", "--beta1", "{beta1}",
                 "--dropout", "{dropout}", "--seed", "{seed}", "--steps", "{steps}"],
        settings={"lr": (1e-3, 2, [(1, 100), (1e-9, 1e-7)]), "init-scale": (1, 1.3, [(100, 1e5), (1e-6, 1e-4)]),
                  "beta1": (0.9, 1.02, [(0.9999, 0.99999)]), "dropout": (0.1, 2, [(0.985, 0.999)])},
        loss={"json": "train.loss"}, steps=300),
    "swift": dict(
        program=["./train", "--learning-rate", "{learning-rate}", "--init-scale", "{init-scale}",
                 "--momentum", "{momentum}", "--target-scale", "{target-scale}", "--seed", "{seed}",
                 "--steps", "{steps}"],
        settings={"learning-rate": (2e-3, 2, [(1, 30), (1e-9, 1e-8)]), "init-scale": (0.5, 1.3, [(10, 100)]),
                  "momentum": (0.5, 1.2, [(0.9995, 1.01)]), "target-scale": (1, 1.5, [(1e3, 1e6)])},
        loss={"pattern": r"loss=(\S+)"}, steps=400),
}  # fmt: skip


def build(folder):
    """The compiled programs, each in a folder with what it needs."""
    for name in PROGRAMS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "train.awk", folder / "awk")
    shutil.copy(HERE / "train.py", folder / "pytorch")
    subprocess.run(["cc", "-O2", "-o", folder / "c/train", HERE / "train.c", "-lm"], check=True)
    subprocess.run(["swiftc", "-O", "-o", folder / "swift/train", HERE / "train.swift"], check=True)


def losses(kind, words, folder):
    """What a command line tells of its training, run alone."""
    run = subprocess.run(words, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300)
    if kind == "c":
        rows = (folder / "log.csv").read_text().splitlines()[1:]
        return [float(row.split(",")[1]) for row in rows]
    if kind == "pytorch":
        return [json.loads(line)["train"]["loss"] for line in run.stdout.splitlines()]
    text = run.stdout + run.stderr
    return [float(found.rstrip(",")) for found in re.findall(PROGRAMS[kind]["loss"]["pattern"], text)]


def learns(values, start, share=0.8):
    """Whether the mean of its last tenth is below that share of what it, or a sound one, began with."""
    if not values or not all(map(math.isfinite, values)):
        return False
    end = values[-max(10, len(values) // 10):]
    return sum(end) / len(end) < share * min(start, values[0])


def filled(words, values, seed, steps):
    for name, value in {**values, "seed": seed, "steps": steps}.items():
        words = [word.replace("{" + name + "}", str(value)) for word in words]
    return words


def rounded(value):
    return float(f"{value:.4g}")


def draw(kind, seed, folder, count=1):
    """A healthy set of values, and the same with faults that show; None where none was found."""
    random_ = random.Random(f"{kind}-{seed}")
    spec = PROGRAMS[kind]
    for _ in range(50):
        healthy = {}
        for name, (reference, spread, _) in spec["settings"].items():
            value = reference * math.exp(random_.uniform(-1, 1) * math.log(spread))
            healthy[name] = rounded(min(value, 0.99) if name in ("momentum", "beta1") else value)
        sound = losses(kind, filled(spec["program"], healthy, 0, spec["steps"]), folder)
        if not learns(sound, sound[0]):
            continue
        faults = random_.sample(list(spec["settings"]), count)
        sick = dict(healthy)
        for fault in faults:
            low, high = random_.choice(spec["settings"][fault][2])
            value = random_.uniform(low, high) if high < 10 * low else math.exp(
                random_.uniform(math.log(low), math.log(high)))
            sick[fault] = (rounded(value) if fault not in ("momentum", "beta1", "dropout")
                           else float(f"{value:.6g}"))
        told = losses(kind, filled(spec["program"], sick, 0, spec["steps"]), folder)
        # One in twenty is what a training must have learnt not to be sick.
        if told and learns(told, sound[0], 0.95):
            continue
        return healthy, faults, sick, sound[0]
    return None


def study(kind, values, folder):
    spec = PROGRAMS[kind]
    text = {
        "program": spec["program"],
        "settings": {name: {"value": values[name], "reference": reference}
                     for name, (reference, _, _) in spec["settings"].items()},
        "loss": spec["loss"], "steps": spec["steps"],
    }  # fmt: skip
    path = folder / "study.yaml"
    path.write_text(json.dumps(text))  # JSON is YAML
    return path


def cure(keel, path, *options):
    begin = time.time()
    run = subprocess.run([keel, "cure", path, "--json", "--archive", "none", *options],
                         capture_output=True, text=True, timeout=900)  # fmt: skip
    try:
        answer = json.loads(run.stdout)
    except ValueError:
        answer = {"outcome": "error", "error": run.stderr[-400:]}
    return answer, run.returncode, time.time() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keel", required=True)
    parser.add_argument("--seeds", default="A")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--jobs", default="1")
    parser.add_argument("--faults", type=int, default=1)
    parser.add_argument("--beside", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    keel = os.path.abspath(args.keel)
    args.out.mkdir(parents=True, exist_ok=True)
    build(args.out)
    counts = collections.defaultdict(collections.Counter)
    times = collections.defaultdict(list)
    rows = (args.out / "rows.jsonl").open("w")
    for number in range(args.count):
        kind = list(PROGRAMS)[number % len(PROGRAMS)]
        folder = args.out / kind
        drawn = draw(kind, f"{args.seeds}{number}", folder, args.faults)
        if drawn is None:
            counts[kind]["not drawn"] += 1
            continue
        healthy, faults, sick, start = drawn
        row = {"number": number, "kind": kind, "faults": {name: sick[name] for name in faults},
               "healthy": healthy}  # fmt: skip
        answer, code, seconds = cure(keel, study(kind, sick, folder), "--jobs", args.jobs)
        first = (answer.get("findings") or [{}])[0]
        row |= {"outcome": answer["outcome"], "code": code, "seconds": seconds, "first": first.get("where"),
                "cause": first.get("cause"), "kindOfFinding": first.get("kind"),
                "before": answer.get("before", {}).get("verdict"), "error": answer.get("error"),
                "changes": [change for remedy in answer.get("remedies", []) for change in remedy["changes"]],
                "trials": len(answer.get("trials", []))}  # fmt: skip
        if args.beside:
            row["besideSeconds"] = cure(keel, study(kind, sick, folder), "--jobs", "2")[2]
            times[kind].append((seconds, row["besideSeconds"]))
        row["named"] = first.get("where") in faults
        if answer["outcome"] == "cured":
            values = dict(sick)
            for change in row["changes"]:
                values[change["path"].removeprefix("settings.")] = change["to"]
            told = losses(kind, filled(PROGRAMS[kind]["program"], values, 0, PROGRAMS[kind]["steps"]), folder)
            row["cured"] = learns(told, start)
        else:
            row["cured"] = False
        answer, code, seconds = cure(keel, study(kind, healthy, folder), "--jobs", args.jobs)
        row |= {"healthyOutcome": answer["outcome"], "healthySeconds": seconds}
        counts[kind].update(
            faults=1, named=row["named"], cured=row["cured"], alarms=answer["outcome"] != "healthy")
        rows.write(json.dumps(row) + "\n")
        rows.flush()
        if not (row["named"] and row["cured"] and answer["outcome"] == "healthy"):
            print("  ", json.dumps(row))
    total = sum(counts.values(), collections.Counter())
    print(f"{'program':10} {'faults':>7} {'first cause':>12} {'cured':>7} {'false alarms':>13}")
    for kind, count in [*counts.items(), ("all", total)]:
        print(f"{kind:10} {count['faults']:7} {count['named']:12} {count['cured']:7} {count['alarms']:13}"
              + (f"  ({count['not drawn']} not drawn)" if count["not drawn"] else ""))  # fmt: skip
    for kind, pairs in [*times.items(), ("all", sum(times.values(), []))]:
        if pairs:
            ratios = sorted(beside / alone for alone, beside in pairs)
            alone, beside = map(sum, zip(*pairs))
            print(f"{kind:10} --jobs 2: {beside / alone:.2f} of the time in all, "
                  f"{ratios[len(ratios) // 2]:.2f} in the middle, of {len(pairs)}")


if __name__ == "__main__":
    main()
