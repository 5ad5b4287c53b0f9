#!/usr/bin/env python3
"""What Keel says of a hundred small recipes, against what it said when that was recorded.

    golden.py --keel .build/release/keel             compare
    golden.py --keel .build/release/keel --record    write anew (only where a difference is meant)

Each recipe goes through forecast, train, diagnose and cure. Kept is what they print for machines, without
times, and checksums of the page of a training (its last losses and norms) and of the model it saves (every
parameter and the whole trace). The kernels are those of a level, whatever the processor; a level that it
lacks is passed over. The number of threads changes nothing, so there is one record for all.

`Models` were saved halfway through the recipes of their names by the build of the first record, and are
never written anew: every later build predicts with them and goes on from them.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LEVELS = {"x86-64-v3": "Haswell", "baseline": "Prescott"}
TIMES = {"seconds", "stepsPerSecond"}
# Kinds that a recipe names, and what of them no recipe here can show: IDX files are no text.
KINDS = ["layers", "activations", "initializers", "losses", "optimizers", "schedules", "clippings",
         "regularizers", "datasets"]
NOT_SHOWN = {"idx", "memory"}


class Keel:
    def __init__(self, path, level, threads):
        self.path, self.threads = os.path.abspath(path), threads
        self.environment = os.environ | {"KEEL_KERNELS": level, "OPENBLAS_CORETYPE": LEVELS[level]}

    def run(self, *arguments, folder=HERE / "Recipes"):
        return subprocess.run([self.path, *arguments], cwd=folder, env=self.environment,
                              capture_output=True, timeout=600)

    def has_level(self):
        result = self.run("list", "losses")
        if result.returncode not in (0, 64):
            sys.exit(f"keel list: exit {result.returncode}\n{result.stderr.decode(errors='replace')}")
        return result.returncode == 0

    def verb(self, verb, recipe, *options):
        result = self.run(verb, recipe, "--json", "--archive", "none",
                          "--threads", str(self.threads), *options)
        try:
            body = json.loads(result.stdout)
        except ValueError:
            body = result.stderr.decode(errors="replace")
        return {"code": result.returncode, "body": timeless(body)}

    def record(self, recipe):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "model"
            entry = {verb: self.verb(verb, recipe) for verb in ["forecast", "diagnose", "cure"]}
            entry["train"] = self.verb("train", recipe, "--save", str(model))
            page = self.run("train", recipe, "--archive", "none",
                            "--threads", str(self.threads)).stdout.decode()
            entry["page"] = checksum(re.sub(r"\d[\d,]* steps? in .*? a second\)", "", page).encode())
            entry["model"] = checksum(model.read_bytes()) if model.exists() else None
            return entry

    def reuse(self, name):
        """A model that an earlier build saved: what it predicts, and what it is at the end of its training."""
        model, recipe = HERE / "Models" / name, f"{name}.yaml"
        data = re.search(r"file: ([\w.]+)", (HERE / "Recipes" / recipe).read_text()).group(1)
        with tempfile.TemporaryDirectory() as folder:
            end = pathlib.Path(folder) / "model"
            entry = {"predict": self.verb("predict", str(model), data),
                     "resume": self.verb("train", recipe, "--resume", str(model), "--save", str(end))}
            entry["model"] = checksum(end.read_bytes()) if end.exists() else None
            return entry


def timeless(value):
    if isinstance(value, dict):
        return {key: timeless(inner) for key, inner in value.items() if key not in TIMES}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def checksum(data):
    return hashlib.sha256(data).hexdigest()[:16]


def differences(before, now, path=""):
    """The leaves that differ, as lines."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from differences(before.get(key), now.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now)):
            yield from differences(*pair, f"{path}[{index}]")
    elif before != now:
        yield f"{path.lstrip('.')}: {brief(before)} is now {brief(now)}"


def brief(value):
    text = json.dumps(value)
    return text if len(text) < 80 else text[:77] + "..."


def names(value):
    """Every word of a recipe as it is written out."""
    return set(re.findall(r"[a-z][a-z0-9-]*", value))


def uncovered(keel, recipes):
    words = set().union(*(names((HERE / "Recipes" / recipe).read_text()) for recipe in recipes))
    catalogue = json.loads(keel.run("list", "--json").stdout)
    listed = {entry["name"] for kind in KINDS for entry in catalogue[kind]}
    return sorted(listed - words - NOT_SHOWN)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keel", default=".build/release/keel")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="each is compared in turn")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", default="", help="recipes whose names contain this")
    options = parser.parse_args()
    recipes = sorted(path.name for path in (HERE / "Recipes").glob("*.yaml") if options.only in path.name)
    if platform.machine() != "x86_64":
        sys.exit(f"there is no record for {platform.machine()}: nothing compared")
    wrong = seen = 0
    # The baseline's kernels share their threads with those of the other level: once is enough.
    passes = [("x86-64-v3", threads) for threads in options.threads] + [("baseline", options.threads[-1])]
    for level, threads in passes:
        keel = Keel(options.keel, level, threads)
        if not keel.has_level():
            print(f"{level}: not on this machine, not compared")
            wrong += options.record
            continue
        seen += 1
        missing = [] if options.only else uncovered(keel, recipes)
        if missing:
            print(f"no recipe has: {', '.join(missing)}")
            wrong += 1
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            entries = dict(zip((recipe.removesuffix(".yaml") for recipe in recipes),
                               pool.map(keel.record, recipes)))
        for path in sorted((HERE / "Models").iterdir()):
            entries[f"model-{path.name}"] = keel.reuse(path.name)
        for name, entry in entries.items():
            file = HERE / level / f"{name}.json"
            if options.record:
                file.parent.mkdir(exist_ok=True)
                file.write_text(json.dumps(entry, sort_keys=True, indent=1) + "\n")
                continue
            before = json.loads(file.read_text()) if file.exists() else None
            lines = list(differences(before, entry))
            wrong += len(lines) > 0
            for line in lines[:8]:
                print(f"{level}, {name}: {line}")
            if len(lines) > 8:
                print(f"{level}, {name}: and {len(lines) - 8} more")
        print(f"{level}: {len(entries)} entries {'recorded' if options.record else 'compared'}, "
              f"threads {threads}")
        left = {path.stem for path in (HERE / level).glob("*.json")} - entries.keys()
        if left and not options.only:
            print(f"{level}: recorded, but there is no such recipe: {', '.join(sorted(left))}")
            wrong += 1
    sys.exit(1 if wrong or not seen else 0)


main()
