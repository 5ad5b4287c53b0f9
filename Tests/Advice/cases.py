"""Sick trainings, each with the remedy that is to heal it, and the data they learn from."""

import csv
import math
import random


def regression(path, inputs=1.0, targets=1.0, bad=0):
    """Eight inputs and a smooth target; 'bad' rows early in the file are a thousand times as large."""
    draw = random.Random(7)
    weights = [draw.gauss(0, 1) for _ in range(8)]
    rows = []
    for index in range(600):
        x = [draw.gauss(0, 1) for _ in range(8)]
        y = sum(w * v for w, v in zip(weights, x)) / 2 + math.sin(x[0]) + draw.gauss(0, 0.1)
        factor = 1000 if index in range(3, 3 + bad) else 1
        rows.append([v * inputs * factor for v in x] + [y * targets * factor])
    write(path, [f"x{i}" for i in range(8)] + ["y"], rows)


def classes(path):
    """Three clouds in two dimensions."""
    draw = random.Random(8)
    centres = {"a": (2, 0), "b": (-2, 1), "c": (0, -2)}
    rows = []
    for _ in range(600):
        name = draw.choice("abc")
        rows.append([c + draw.gauss(0, 0.8) for c in centres[name]] + [name])
    write(path, ["x0", "x1", "y"], rows)


def images(path):
    """Eight by eight pixels; the class is the brighter half."""
    draw = random.Random(9)
    rows = []
    for _ in range(480):
        name = draw.choice("lr")
        bright = range(4) if name == "l" else range(4, 8)
        rows.append([draw.gauss(0, 1) + (column in bright) for _ in range(8) for column in range(8)] + [name])
    write(path, [f"x{i}" for i in range(64)] + ["y"], rows)


def sequences(path):
    """Thirty numbers; the target is a weighted sum that forgets."""
    draw = random.Random(10)
    rows = []
    for _ in range(480):
        x = [draw.gauss(0, 1) for _ in range(30)]
        rows.append(x + [sum(v * 0.8 ** (29 - i) for i, v in enumerate(x))])
    write(path, [f"x{i}" for i in range(30)] + ["y"], rows)


def tokens(path):
    """Eight ids from 0 to 9; the target is a sum of values that they stand for."""
    draw = random.Random(11)
    values = [draw.gauss(0, 1) for _ in range(10)]
    rows = []
    for _ in range(600):
        ids = [draw.randrange(10) for _ in range(8)]
        rows.append(ids + [sum(values[i] for i in ids) / 3])
    write(path, [f"x{i}" for i in range(8)] + ["y"], rows)


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


DATA = {
    "plain": (regression, [8]),
    "raw": (lambda path: regression(path, inputs=300.0), [8]),
    "far": (lambda path: regression(path, targets=20000.0), [8]),
    "raw-and-far": (lambda path: regression(path, inputs=300.0, targets=20000.0), [8]),
    "spoilt": (lambda path: regression(path, bad=2), [8]),
    "classes": (classes, [2]),
    "images": (images, [8, 8, 1]),
    "sequences": (sequences, [30, 1]),
    "tokens": (tokens, [8]),
}


def recipe(data, model, optimizer, loss="mean-squared-error", standardize="both", epochs=30, batch=32, **more):
    shape = DATA[data][1]
    made = {
        "data": {"csv": {"file": f"{data}.csv", "target": "y", "test": 0.2}},
        "standardize": "none" if data in ("classes", "images") and standardize == "both" else standardize,
        "model": model, "initializer": more.pop("initializer", "he"), "loss": loss, "optimizer": optimizer,
        "training": {"epochs": epochs, "batch": batch},
    }
    if len(shape) > 1:
        made["input"] = shape
    return {**made, **more}


def dense(units, activation=None, **more):
    return {"dense": {"units": units, **({"activation": activation} if activation else {}), **more}}


def mlp(*widths, activation="relu"):
    return [layer for width in widths for layer in (dense(width), activation)] + [dense(1)]


def deep(depth, width, activation):
    return [dense(width), activation, {"repeat": {"times": depth, "layers": [dense(width), activation]}}, dense(1)]


SGD = {"sgd": {"learning-rate": 0.01}}
ADAM = {"adam": {"learning-rate": 0.003}}
WIDE = {"normal": {"std": 1}}
CNN = [{"conv2d": {"filters": 8, "kernel": 3}}, "relu", {"conv2d": {"filters": 8, "kernel": 3}}, "relu",
       "max-pool2d", "flatten", dense(2)]
CLASSES = "softmax-cross-entropy"


def momentum(rate, beta):
    return {"sgd": {"learning-rate": rate, "momentum": beta}}


HE = {"initializer": "he"}
CONVOLUTION = {"conv2d": {"filters": 8, "kernel": 3}}
DEEP_CNN = [CONVOLUTION, "relu", CONVOLUTION, "relu", CONVOLUTION, "relu", "flatten", dense(2, **HE)]
EMBEDDING = {"embedding": {"tokens": 10, "units": 16}}
ATTENTION = {"attention": {"heads": 2}}
ATTENTIONS = [EMBEDDING, ATTENTION, ATTENTION, dense(16, **HE), "relu", "flatten", dense(1, **HE)]
TRANSFORMER = [EMBEDDING, {"residual": [ATTENTION]}, {"residual": [dense(32), "relu", dense(16)]}, "flatten", dense(1)]


def recurrent(activation, gain):
    return [{"recurrent": {"units": 24, "activation": activation, "recurrent-initializer": {"orthogonal": gain}}}, dense(1)]


# name: (remedy, recipe)
CASES = {
    "large-rate": ("lower-learning-rate", recipe("plain", mlp(32), {"sgd": {"learning-rate": 3}})),
    "large-rate-adam": ("lower-learning-rate", recipe("plain", mlp(32, 32), {"adam": {"learning-rate": 30}})),
    "large-rate-adaptive": ("adapt-learning-rate", recipe("plain", mlp(32), {"sgd": {"learning-rate": 3}})),
    "large-rate-clipped": ("clip-gradients", recipe("far", mlp(32), SGD, standardize="inputs", epochs=60)),
    "raw-inputs": ("standardize-data", recipe("raw", mlp(32), SGD, standardize="targets")),
    "far-targets": ("standardize-data", recipe("far", mlp(32), SGD, standardize="inputs")),
    "raw-and-far": ("standardize-data", recipe("raw-and-far", mlp(32), SGD, standardize="none")),
    "bad-rows-skipped": ("skip-bad-steps", recipe("spoilt", mlp(32), SGD, standardize="none", epochs=60)),
    "bad-rows-dropped": ("drop-bad-rows", recipe("spoilt", mlp(32), SGD, standardize="none")),
    "wide-weights": ("reinitialize", recipe("plain", deep(6, 48, "relu"), SGD, initializer=WIDE)),
    "wide-weights-cnn": ("reinitialize", recipe("images", CNN, SGD, CLASSES, initializer={"normal": {"std": 30}})),
    "wide-weights-lstm": ("reinitialize", recipe(
        "sequences", [{"lstm": {"units": 16}}, dense(1)], SGD, initializer={"normal": {"std": 30}})),
    "wide-weights-gru": ("reinitialize", recipe(
        "sequences", [{"gru": {"units": 16}}, dense(1)], SGD, initializer={"normal": {"std": 30}})),
    "wide-weights-attention": ("reinitialize", recipe("tokens", TRANSFORMER, SGD, standardize="targets", initializer={"normal": {"std": 3}})),
    "wide-biases": ("reinitialize", recipe(
        "plain", [dense(32, **{"bias-initializer": {"constant": 300}}), "relu", dense(1)], SGD)),
    "long-recurrence": ("reinitialize", recipe("sequences", recurrent("relu", 2.5), SGD)),
    "gated": ("gate-recurrence", recipe("sequences", recurrent("relu", 2.5), ADAM)),
    "gated-lstm": ("gate-recurrence", recipe("sequences", recurrent("relu", 4), ADAM, seed=1)),
    "deep-residual": ("add-residuals", recipe("plain", deep(60, 24, "tanh"), SGD, initializer={"xavier": {"scale": 3}})),
    "deep-simplified": ("simplify-network", recipe("plain", deep(60, 24, "tanh"), SGD, initializer={"xavier": {"scale": 3}})),
    "deep-normalized": ("normalize-batches", recipe("plain", deep(6, 48, "relu"), SGD, initializer=WIDE)),
    "normalized-then-begun": ("normalize-batches,reinitialize", recipe("plain", deep(6, 48, "relu"), SGD, initializer=WIDE)),
    "cnn-normalized": ("normalize-batches", recipe(
        "images", DEEP_CNN, SGD, CLASSES, initializer={"normal": {"std": 10}})),
    "attention-normalized": ("normalize-batches", recipe(
        "tokens", ATTENTIONS, SGD, standardize="targets", initializer={"normal": {"std": 1}})),
    "truncated": ("truncate-backpropagation", recipe("sequences", recurrent("tanh", 3), {"sgd": 0.1})),
    "steep": ("swap-activation", recipe("plain", deep(8, 24, {"leaky-relu": {"slope": 3}}), SGD)),
    "exponential": ("swap-activation", recipe("plain", [dense(24), "exponential", dense(24), "exponential", dense(24), "exponential", dense(1)], SGD)),
    "mismatched": ("match-loss", recipe("classes", [dense(24), "relu", dense(3), "relu"], ADAM, "cross-entropy")),
    "dropout": ("ease-dropout", recipe("plain", [dense(32), "relu", {"dropout": 0.97}, dense(32), "relu", {"dropout": 0.97}, dense(1)], SGD)),
    "decay": ("ease-penalty", recipe("plain", mlp(32), SGD, regularizer={"l2": 1000})),
    "magnitudes": ("ease-penalty", recipe("plain", mlp(32), SGD, regularizer={"l1": 300})),
    "decay-weak": ("ease-penalty", recipe("plain", mlp(32), SGD, regularizer={"l2": 10})),
    "decay-adamw": ("ease-penalty", recipe("plain", mlp(32), {"adamw": {"learning-rate": 0.01, "weight-decay": 300}})),
    "momentum": ("lower-momentum", recipe("plain", mlp(32, 32), momentum(0.05, 0.9995))),
    "accumulated": ("lower-momentum", recipe("plain", mlp(32), momentum(0.01, 1))),
    "low-rate": ("raise-learning-rate", recipe("plain", mlp(32), {"sgd": {"learning-rate": 1e-7}})),
    "growing-rate": ("steady-schedule", recipe("plain", mlp(32), SGD, schedule={"exponential": 1.02}, epochs=60)),
    "growing-behind-warmup": ("steady-schedule", recipe(
        "plain", mlp(32), SGD, schedule={"warmup": {"steps": 20, "then": {"exponential": 1.02}}}, epochs=60)),
    "long-warmup": ("steady-schedule", recipe("plain", mlp(32), SGD, schedule={"warmup": {"steps": 100000}})),
    "warmed-up": ("warm-up", recipe("plain", mlp(32, 32), {"sgd": 0.3})),
    "residual-sum": ("normalize-output", recipe(
        "plain", [dense(32), {"repeat": {"times": 14, "layers": [{"residual": ["layer-norm", dense(32), "relu"]}]}}, dense(1)], {"sgd": 0.01})),
    "epsilon": ("restore-setting", recipe("plain", mlp(32), {"adam": {"learning-rate": 0.003, "epsilon": 10000}})),
    "tight-clip": ("restore-setting", recipe("plain", mlp(32), SGD, clipping={"global-norm": 1e-6})),
    "norm-epsilon": ("restore-setting", recipe("plain", [dense(16), {"batch-norm": {"epsilon": 1e8}}, "relu", dense(1)], SGD)),
    "layer-norm-epsilon": ("restore-setting", recipe("plain", [dense(16), {"layer-norm": {"epsilon": 1e8}}, "relu", dense(1)], SGD)),
    "constrained": ("constrain-weights", recipe("plain", mlp(32, 32), momentum(0.02, 0.995))),
    # By itself the penalty was seen to heal nothing: what it comes to is run beside a rate that does.
    "regularized": ("lower-learning-rate,regularize-weights", recipe("plain", mlp(32), {"sgd": {"learning-rate": 3}})),
    "regularized-adamw": ("lower-learning-rate,regularize-weights", recipe("plain", mlp(32, 32), {"adamw": {"learning-rate": 30}})),
    "swept": ("standardize-data,adapt-learning-rate", recipe("raw", mlp(32), SGD, standardize="targets")),
}

# Remedies whose guide is run on another case than their first.
GUIDES = {"standardize-data": "raw-and-far", "lower-momentum": "momentum"}

# How else such a network is written; behind a colon what the lines say where they cannot act.
STYLES = {
    "deep-simplified": {
        "pytorch": ["module", "blocks", "list", "extra: expected 62 nn.Linear, found 63"],
        "keras": ["functional", "nested", "subclassed: by hand"]},
    "deep-residual": {
        "pytorch": ["module", "blocks", "shared", "list: by hand"], "keras": ["functional", "nested"]},
    "exponential": {
        "pytorch": ["module", "blocks", "shared", "list: by hand"],
        "keras": ["functional", "nested", "subclassed", "functions", "unbuilt"]},
    "steep": {"pytorch": ["module", "blocks"], "keras": ["functional", "nested", "subclassed"]},
    "wide-weights": {"pytorch": ["list", "blocks"], "keras": ["functional", "nested", "subclassed", "unbuilt"]},
    "dropout": {"pytorch": ["module"], "keras": ["nested", "subclassed", "kinds"]},
    "raw-inputs": {"pytorch": ["arrays", "whole"]},
    "raw-and-far": {"pytorch": ["arrays"]},
    "bad-rows-dropped": {"pytorch": ["arrays"]},
    "deep-normalized": {
        "pytorch": ["module", "blocks", "list", "extra: expected 8 nn.Linear, found 9"],
        "keras": ["functional", "nested", "functions"]},
    "normalized-then-begun": {"pytorch": ["blocks"], "keras": ["functional", "nested"]},
    "mismatched": {"pytorch": ["module", "blocks", "shared"], "keras": ["functional", "nested", "subclassed", "functions"]},
    "decay": {"keras": ["nested", "subclassed"]},
    "growing-rate": {"keras": ["callback"]},
}
