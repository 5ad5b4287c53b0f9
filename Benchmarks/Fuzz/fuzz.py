#!/usr/bin/env python3
"""Recipes and checkpoints that nobody would write, and what the command makes of them.

    fuzz.py --keel .build/release/keel --recipes 20000 --checkpoints 5000 --seed 1

A recipe is drawn from the catalogue (`keel list --json`): any layers, losses, optimizers, schedules,
clips and settings, numbers within their ranges and, rarely, outside. A checkpoint is one that the
command wrote, with numbers, names, shapes or types of its metadata changed and its checksum made right
again. Every one must end with an exit code of the contract (0, 1, 65), never by a signal and never with
70, and must not take more memory than 1.5 times what the plan says and 1 GiB. What does not is kept in
the folder it is named by. The last line counts: `N passed, N failed`.
"""
import argparse
import concurrent.futures
import copy
import json
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import zlib

GIB = 1 << 30
ACTIVATIONS = ["relu", "leaky-relu", "elu", "selu", "gelu", "silu", "softplus", "sigmoid", "tanh",
               "hard-tanh", "exponential", "linear", "prelu", "softmax"]


def scale(dice, low, high):
    """Spread over the decades."""
    return float(f"{10 ** dice.uniform(low, high):.3g}")


def initializer(dice):
    return dice.choice([
        "he", "xavier", "lecun", "zeros", "orthogonal", "identity", "lsuv",
        {"normal": {"std": scale(dice, -3, 3)}}, {"uniform": {"limit": scale(dice, -3, 3)}},
        {"constant": dice.uniform(-2, 2)}, {"truncated-normal": {"std": scale(dice, -3, 1)}},
        {"he": {"scale": scale(dice, -2, 2), "distribution": "uniform"}}])


def optimizer(dice):
    name = dice.choice(["sgd", "adagrad", "rmsprop", "adadelta", "adam", "adamw", "stable-adamw"])
    settings = {"learning-rate": dice.choice([0, scale(dice, -8, 8), scale(dice, -3, 0)])}
    if name == "sgd" and dice.random() < 0.5:
        settings["momentum"] = dice.choice([0, 0.5, 0.9, 0.999])
    if "adam" in name and dice.random() < 0.5:
        settings.update(beta1=dice.uniform(0, 0.999), beta2=dice.uniform(0, 0.9999),
                        epsilon=dice.choice([0, 1e-8, scale(dice, -30, 3)]))
    return {name: settings}


def schedule(dice):
    return dice.choice([
        "constant", {"step": {"every": dice.randint(1, 9), "factor": dice.uniform(0.01, 1)}},
        {"exponential": dice.uniform(0.5, 1)}, {"inverse-time": {"decay": scale(dice, -4, 2)}},
        "cosine", {"warmup": {"steps": dice.randint(1, 20)}}, {"plateau": {"patience": 1}}])


def clipping(dice):
    one = [{"value": scale(dice, -6, 6)}, {"norm": scale(dice, -6, 6)},
           {"global-norm": scale(dice, -6, 6)}, {"adaptive": scale(dice, -4, 1)},
           {"percentile": dice.uniform(1, 100)}, {"z-score": scale(dice, -1, 1)}]
    return dice.choice(["none", dice.choice(one), dice.sample(one, 2)])


def regularizer(dice):
    return dice.choice(["none", {"l1": scale(dice, -6, 3)}, {"l2": scale(dice, -6, 3)},
                        {"elastic-net": {"l1": 1e-3, "l2": scale(dice, -6, 1)}},
                        {"max-norm": scale(dice, -3, 3)}])


def dense_layers(dice, depth):
    layers = []
    for _ in range(depth):
        units = dice.choice([1, 2, 3, 8, 16, 33, 64])
        kind = dice.randrange(8)
        if kind == 0:
            layers.append({"dense": {"units": units, "activation": dice.choice(ACTIVATIONS),
                                     "initializer": initializer(dice),
                                     "bias": dice.random() < 0.8}})
        elif kind == 1:
            layers.append({"residual": {"layers": [{"dense": units}, dice.choice(ACTIVATIONS)],
                                        "shortcut": "projection"}})
        elif kind == 2:
            layers.append({"repeat": {"times": dice.randint(1, 6),
                                      "layers": [{"dense": units}, dice.choice(ACTIVATIONS)]}})
        elif kind == 3:
            layers.append(dice.choice(["batch-norm", "layer-norm", "rms-norm",
                                       {"dropout": dice.uniform(0, 0.99)}]))
        else:
            layers += [{"dense": units}, dice.choice(ACTIVATIONS)]
    return layers


def table(dice):
    """Rows of numbers or of classes, and how many outputs they take."""
    samples = dice.choice([1, 2, 3, 7, 16, 50, 64, 200])
    test = dice.choice(["none", "none", 0.2, 1])
    name = dice.choice(["regression", "teacher", "spirals", "circles", "moons", "blobs"])
    if name == "regression":
        settings = {"samples": samples, "features": dice.choice([1, 2, 8, 20]),
                    "scale": dice.choice([1, 1, scale(dice, -6, 12)]),
                    "outliers": dice.choice([0, 0, 1, min(2, samples)])}
        return {name: dict(settings, test=test)}, 1, False
    if name == "teacher":
        return {name: {"samples": samples, "test": test}}, 1, False
    settings = {"samples": samples, "test": test, "noise": dice.choice([0, 0.1, scale(dice, -3, 3)])}
    if name in ("spirals", "blobs"):
        settings["classes"] = dice.choice([2, 3, 5])
    return {name: settings}, settings.get("classes", 2), True


def tabular(dice):
    data, outputs, is_classes = table(dice)
    model = dense_layers(dice, dice.choice([0, 1, 2, 3, 6, 20]))
    if is_classes:
        loss = dice.choice(["softmax-cross-entropy"] * 4 + ["cross-entropy", "mean-squared-error"])
        if outputs == 2 and dice.random() < 0.3:
            outputs = 1
            loss = dice.choice(["sigmoid-cross-entropy", "binary-cross-entropy"])
    else:
        loss = dice.choice(["mean-squared-error"] * 3 + ["mean-absolute-error",
                                                         {"huber": {"delta": scale(dice, -3, 3)}}])
    model.append({"dense": outputs})
    if loss == "cross-entropy":
        model.append(dice.choice(["softmax", "relu", "sigmoid"]))
    if loss == "binary-cross-entropy":
        model.append(dice.choice(["sigmoid", "relu", "linear"]))
    return {"data": data, "model": model, "loss": loss}


def sequence(dice):
    name = dice.choice(["adding-problem", "temporal-order", "copy-memory"])
    settings = {"samples": dice.choice([2, 9, 40]), "length": dice.choice([10, 12, 30])}
    cell = dice.choice(["recurrent", "lstm", "gru"])
    units = dice.choice([1, 4, 16])
    rule = dice.choice(["orthogonal", {"orthogonal": {"gain": scale(dice, -1, 2)}}, "identity"])
    outputs, loss = {"adding-problem": (1, "mean-squared-error"),
                     "temporal-order": (4, "softmax-cross-entropy"),
                     "copy-memory": (10, "softmax-cross-entropy")}[name]
    layer = {"units": units, "recurrent-initializer": rule}
    if name == "copy-memory":
        layer["return"] = "sequence"
    if dice.random() < 0.3:
        layer["truncate"] = dice.randint(1, 10)
    model = [{cell: layer}]
    if name == "copy-memory" and dice.random() < 0.3:
        model.insert(0, {"dense": 8})
        model.insert(1, {"attention": {"heads": dice.choice([1, 2, 4, 8]),
                                       "causal": dice.random() < 0.5}})
    return {"data": {name: settings}, "model": model + [{"dense": outputs}], "loss": loss}


def images(dice):
    side, channels = dice.choice([(4, 1), (6, 2), (8, 3)])
    model = []
    for _ in range(dice.randint(1, 3)):
        model.append({"conv2d": {"filters": dice.choice([1, 2, 4]), "kernel": dice.choice([1, 2, 3]),
                                 "stride": dice.choice([1, 1, 2]), "padding": dice.choice(["same", "valid"]),
                                 "dilation": dice.choice([1, 1, 2])}})
        model.append(dice.choice(ACTIVATIONS[:9] + ["batch-norm", "layer-norm"]))
        if dice.random() < 0.3:
            model.append(dice.choice(["max-pool2d", "average-pool2d"]))
    model += [dice.choice(["flatten", "global-average-pool2d"]), {"dense": 1}]
    return {"data": {"regression": {"samples": dice.choice([3, 20]), "features": side * side * channels}},
            "input": [side, side, channels], "model": model, "loss": "mean-squared-error"}


def spoil(dice, node):
    """One number of a tree becomes another, near or absurd."""
    places = []

    def walk(value, setter):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, lambda new, value=value, key=key: value.__setitem__(key, new))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(inner, lambda new, value=value, index=index: value.__setitem__(index, new))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            places.append((value, setter))

    walk(node, None)
    if places:
        value, setter = dice.choice(places)
        setter(dice.choice([0, 1, -1, value * 2, value + 1, 1e30, 1e-30, 2 ** 31, 2 ** 53, 0.5, 100000]))


def recipe(dice):
    result = dice.choices([tabular, sequence, images], [6, 2, 2])[0](dice)
    result.update(
        seed=dice.randrange(1000), initializer=initializer(dice), optimizer=optimizer(dice),
        schedule=schedule(dice), clipping=clipping(dice), regularizer=regularizer(dice),
        standardize=dice.choice(["none", "none", "inputs"]),
        training={"epochs": dice.choice([1, 2, 5]), "batch": dice.choice([1, 2, 7, 16, 64, 1000]),
                  "max-steps": dice.choice([1, 3, 12, 60]), "shuffle": dice.random() < 0.8,
                  "bad-steps": dice.choice(["stop", "stop", "skip"]),
                  "bad-rows": dice.choice(["keep", "keep", "drop"])})
    if dice.random() < 0.15:
        spoil(dice, result)
    return result


def run(command, folder):
    """Exit code, standard output and error, and the largest resident size in bytes."""
    out, err = open(os.path.join(folder, "out"), "w+"), open(os.path.join(folder, "err"), "w+")
    process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=folder)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        process.returncode = 0
    out.seek(0)
    err.seek(0)
    code = os.waitstatus_to_exitcode(status)
    return code, out.read(), err.read(), usage.ru_maxrss * 1024


def judge(code, out, peak, allowed):
    """None, or what is wrong."""
    if code not in allowed:
        return f"exit {code}"
    planned = 0
    try:
        planned = json.loads(out).get("plannedBytes", 0)
    except (ValueError, AttributeError):
        pass
    if peak > 1.5 * planned + GIB:
        return f"{peak >> 20} MiB, planned {planned >> 20} MiB"
    return None


def keep(name, folder, why):
    os.system(f"cp -r '{folder}' '{name}' 2>/dev/null")
    print(f"{name}: {why}", flush=True)


def try_recipe(job):
    keel, seed, index, kept = job
    dice = random.Random(f"{seed}-{index}")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "r.yaml"), "w") as file:
            json.dump(recipe(dice), file)
        command = dice.choice(["train"] * 8 + ["forecast", "diagnose"])
        code, out, _, peak = run([keel, command, "r.yaml", "--json", "--threads", "1"], folder)
        plan = out
        if command != "train" and peak > GIB:
            plan = run([keel, "train", "r.yaml", "--json", "--threads", "1"], folder)[1]
        why = judge(code, plan, peak, (0, 1, 65))
        if why:
            keep(os.path.join(kept, f"recipe-{seed}-{index}"), folder, f"{command}: {why}")
        try:
            answer = json.loads(out)
            steps = answer.get("steps") or answer.get("dryRun", {}).get("steps") \
                or answer.get("training", {}).get("steps") or 0
        except ValueError:
            steps = 0
        return why is None, steps > 0


# MARK: checkpoints

def parse(data):
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + length]), data[8 + length:]


def encode(header, body):
    """With the checksum that belongs to it."""
    metadata = header["__metadata__"]
    metadata.pop("crc32", None)
    crc = 0
    for key, value in sorted(metadata.items()):
        crc = zlib.crc32(f"{len(key.encode())} {key} {len(value.encode())} {value}".encode(), crc)
    for name, entry in sorted((n, e) for n, e in header.items() if n != "__metadata__"):
        shape = " × ".join(map(str, entry["shape"]))
        crc = zlib.crc32(f"{len(name.encode())} {name} {shape}".encode(), crc)
        first, end = entry["data_offsets"]
        crc = zlib.crc32(body[first:end], crc)
    metadata["crc32"] = f"{crc:08x}"
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


ODD = [0, 1, -1, 2, 3, 2 ** 31, 2 ** 53, 2 ** 63 - 1, -2 ** 63, 1e308, 0.5, "NaN", "Infinity",
       "", "x", None, [], {}, [1, 1], True]


def mutate(dice, header, body):
    card = json.loads(header["__metadata__"]["keel"])
    places = []

    def walk(value, setter, depth):
        if setter:
            places.append(setter)
        items = value.items() if isinstance(value, dict) else \
            enumerate(value) if isinstance(value, list) else []
        for key, inner in items:
            walk(inner, lambda new, value=value, key=key: value.__setitem__(key, new), depth + 1)

    targets = [card.get("progress"), card.get("inputScale"), card.get("targets"), card]
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        places.clear()
        root = dice.choice([t for t in targets if isinstance(t, dict)])
        walk(root, None, 0)
        if places:
            dice.choice(places)(copy.deepcopy(dice.choice(ODD)))
    kind = dice.randrange(6)
    names = [n for n in header if n != "__metadata__"]
    if kind == 0:
        body = bytearray(body)
        for _ in range(3):
            at = dice.randrange(len(body) // 4) * 4
            body[at:at + 4] = struct.pack("<f", dice.choice([float("nan"), float("inf"), 1e38, 0, -1]))
        body = bytes(body)
    elif kind == 1:
        entry = header[dice.choice(names)]
        entry["shape"] = dice.choice([[], [0], [1, *entry["shape"]], list(reversed(entry["shape"])),
                                      [2 ** 32, 2 ** 32]])
    elif kind == 2:
        name = dice.choice(names)
        header[dice.choice([name + "x", "trace.x", "a/b"])] = header.pop(name)
    header["__metadata__"]["keel"] = json.dumps(card)
    return encode(header, body)


CHECKPOINTS = [
    ({"data": {"regression": {"samples": 40, "features": 3, "test": 0.2}}, "standardize": "both",
      "model": [{"dense": 4}, "batch-norm", "relu", {"dense": 1}], "loss": "mean-squared-error",
      "optimizer": {"adam": 0.01}, "training": {"epochs": 3, "batch": 8}}, []),
    ({"data": {"spirals": {"samples": 60}}, "model": [{"dense": 4}, "prelu", {"dense": 3}],
      "loss": "softmax-cross-entropy", "optimizer": {"sgd": {"learning-rate": 0.1, "momentum": 0.9}},
      "clipping": {"percentile": 50}, "schedule": {"plateau": {"patience": 1}},
      "training": {"epochs": 2, "batch": 7, "bad-steps": "skip"}}, []),
]


def try_checkpoint(job):
    keel, seed, index, kept, recipes, sources = job
    dice = random.Random(f"checkpoint-{seed}-{index}")
    which = dice.randrange(len(sources))
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "r.yaml"), "w") as file:
            json.dump(recipes[which], file)
        with open(os.path.join(folder, "d.csv"), "w") as file:
            file.write("a,b,c\n1,2,3\n4,5,6\n")
        header, body = parse(sources[which])
        with open(os.path.join(folder, "m"), "wb") as file:
            file.write(mutate(dice, header, body))
        command = dice.choice([
            ["predict", "m", "d.csv"], ["train", "r.yaml", "--resume", "m", "--save", "n"],
            ["train", "r.yaml", "--resume", "m", "--save", "n", "--set", "training.epochs=6"]])
        code, out, _, peak = run([keel, *command, "--json"], folder)
        why = judge(code, out, peak, (0, 1, 65))
        if why:
            keep(os.path.join(kept, f"checkpoint-{seed}-{index}"), folder, f"{command[0]}: {why}")
        return why is None, code != 65


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keel", default=".build/release/keel")
    parser.add_argument("--recipes", type=int, default=20000)
    parser.add_argument("--checkpoints", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--kept", default=os.path.join(tempfile.gettempdir(), "keel-fuzz"))
    options = parser.parse_args()
    keel = os.path.abspath(options.keel)
    os.makedirs(options.kept, exist_ok=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["SWIFT_BACKTRACE"] = "enable=no"
    recipes, sources = [], []
    with tempfile.TemporaryDirectory() as folder:
        for draft, _ in CHECKPOINTS:
            path = os.path.join(folder, "r.yaml")
            with open(path, "w") as file:
                json.dump(draft, file)
            code, _, err, _ = run([keel, "train", "r.yaml", "--save", "m", "--json"], folder)
            if code not in (0, 1) or not os.path.exists(os.path.join(folder, "m")):
                sys.exit(f"no checkpoint to begin with: {err}")
            recipes.append(draft)
            sources.append(open(os.path.join(folder, "m"), "rb").read())
            os.remove(os.path.join(folder, "m"))
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        for name, work, jobs, word in [
            ("recipes", try_recipe,
             [(keel, options.seed, i, options.kept) for i in range(options.recipes)], "took a step"),
            ("checkpoints", try_checkpoint,
             [(keel, options.seed, i, options.kept, recipes, sources)
              for i in range(options.checkpoints)], "were read"),
        ]:
            if not jobs:
                continue
            results = list(pool.map(work, jobs, chunksize=16))
            failed += sum(not fine for fine, _ in results)
            share = sum(deep for _, deep in results) / len(results)
            print(f"{name}: {len(results)}, {share:.1%} {word}, "
                  f"{sum(not fine for fine, _ in results)} failed", flush=True)
    total = options.recipes + options.checkpoints
    print(f"{total - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
