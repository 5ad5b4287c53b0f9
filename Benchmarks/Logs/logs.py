"""Logs of trainings of known fault, in every format, and what `keel diagnose LOG` says of them.

    python logs.py --keel .build/release/keel --seeds A --count 200 --out FOLDER [--experiments 40]

Trains small PyTorch networks, each with one fault planted (or none), writes what was logged in one of
the formats (as the tools write them; TensorBoard's by its own writer), and asks keel for what it makes
of the file alone. A row a log in `rows.jsonl`; the table is printed.

kind    non-finite, divergence or none, as the training's own numbers say; a log that does not hold them is
        left out, and counted
step    of the first value that is not finite, or of the last passing of five times the start
led     the rate, where the fault is a growing one; for any other fault it must not be the rate
"""

import argparse
import collections
import copy
import json
import math
import pathlib
import random
import shutil
import subprocess

import torch
from torch import nn

FAULTS = ["none", "large-learning-rate", "poor-initialization", "unscaled-data", "growing-learning-rate",
          "warmup-too-high", "outlier-batch", "deep-network", "infinite-target"]  # fmt: skip
# What a fault is called: weights of 1.9 times He's deviation, in a network of twelve layers and more; one row of
# a batch.
ALIASES = {"warmup-too-high": "growing-learning-rate", "deep-network": "poor-initialization",
           "infinite-target": "outlier-batch"}  # fmt: skip
FORMATS = ["tensorboard", "lightning", "keras", "hugging-face", "mlflow", "json-lines", "csv"]


def network(draw, fault):
    depth = draw.choice([12, 16]) if fault == "deep-network" else draw.choice([2, 3, 4])
    width = draw.choice([16, 32, 64])
    activation = draw.choice([nn.ReLU, nn.Tanh])
    if fault in ("poor-initialization", "deep-network"):
        activation = nn.ReLU
    layers = [nn.Linear(8, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    layers.append(nn.Linear(width, 1))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
            if fault == "poor-initialization":
                nn.init.normal_(layer.weight, std=draw.choice([1.0, 2.0]))
            if fault == "deep-network":
                layer.weight.data *= 1.9
    return nn.Sequential(*layers)


class Training:
    """What a seed and a fault make: the parts of a training, each as often as it is asked for."""

    def __init__(self, seed, fault):
        self.seed, self.fault, self.rows = seed, fault, 512
        draw = self.draw = random.Random(seed)
        torch.manual_seed(seed)
        x = torch.randn(self.rows, 8)
        self.y = torch.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3] * 0.5
        self.x = x * draw.choice([100.0, 300.0]) + 200 if fault == "unscaled-data" else x
        self.first, self.drawn = network(draw, fault), torch.get_rng_state()
        self.rate = draw.choice([0.01, 0.02])
        if fault == "large-learning-rate":
            self.rate = draw.choice([1.0, 3.0, 10.0])
        self.momentum = draw.choice([0.0, 0.5])
        self.steps = draw.choice([300, 600])
        self.bad = draw.randrange(60, 200)
        draw_factor(draw, seed)

    def model(self):
        """As it began, whenever it is asked for."""
        return copy.deepcopy(self.first)

    def optimizer(self, model):
        return torch.optim.SGD(model.parameters(), lr=self.rate, momentum=self.momentum)

    def factor(self, step):
        if self.fault == "growing-learning-rate":
            return draw_factor(self.draw, self.seed) ** step
        if self.fault == "warmup-too-high":
            return 1 + 300 * min(1.0, step / 150)
        return 1

    def data(self, seed=0):
        """Every batch of the whole run, in its order."""
        torch.set_rng_state(self.drawn)
        order = torch.Generator()
        order.set_state(torch.get_rng_state())
        if seed:
            order.manual_seed(seed)
        for step in range(self.steps):
            index = torch.randint(self.rows, (32,), generator=order)
            inputs, targets = self.x[index], self.y[index]
            if self.fault == "outlier-batch" and step == self.bad:
                inputs = inputs.clone()
                inputs[0] *= 1e6
            if self.fault == "infinite-target" and step == self.bad:
                targets = targets.clone()
                targets[0] = float("inf")
            yield inputs, targets

    @staticmethod
    def loss(model, batch):
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    def schedule(self, optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, self.factor)


def train(seed, fault):
    """The training, step by step: loss, gradient norm, rate, norms of layers."""
    training = Training(seed, fault)
    model, draw = training.model(), training.draw
    optimizer = training.optimizer(model)
    history = []
    for step, batch in enumerate(training.data()):
        rate = training.rate * training.factor(step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = training.loss(model, batch)
        optimizer.zero_grad()
        loss.backward()
        # In float64: the norm of finite numbers is finite.
        layers = {name: float(p.grad.double().norm()) for name, p in model.named_parameters() if "weight" in name}
        norm = math.sqrt(sum(v * v for v in layers.values())) if all(map(math.isfinite, layers.values())) \
            else float("nan")  # fmt: skip
        history.append({"step": step, "loss": float(loss), "norm": norm, "rate": rate, "layers": layers})
        if not math.isfinite(float(loss)) and len(history) > 2 and not math.isfinite(history[-2]["loss"]):
            # A few steps more, as a program goes on until somebody looks.
            if sum(not math.isfinite(h["loss"]) for h in history) > draw.choice([2, 40]):
                break
        optimizer.step()
    return history


def experiments(seed, fault):
    """The first cause that experiments with the same training name; None where they name none."""
    import keel

    training = Training(seed, fault)
    moves = fault in ("growing-learning-rate", "warmup-too-high")
    result = keel.diagnose(training.model, training.data, training.loss, training.optimizer,
                           steps=training.steps, schedule=training.schedule if moves else None,
                           progress=False)  # fmt: skip
    return result.findings[0].cause if result.findings else None


def draw_factor(draw, seed):
    return 1.02 + 0.03 * (seed % 5) / 5


def truth(history, has_norm=True):
    """Kind and step, by the numbers that a log holds: without gradients none is seen to be lost."""
    losses = [h["loss"] for h in history]
    for h in history:
        if not math.isfinite(h["loss"]) or (has_norm and not math.isfinite(h["norm"])):
            return "non-finite", h["step"]
    count = min(10, max(1, len(losses) // 10))
    start = min(losses[0], sorted(losses[:count])[count // 2])
    tail = sorted(losses[-max(1, len(losses) // 10):])
    if tail[len(tail) // 2] > 5 * start:
        inside = [h["step"] for h in history if h["loss"] <= 5 * start]
        return "divergence", (inside[-1] + 1 if inside else 0)
    return "none", None


def number(value):
    return "nan" if math.isnan(value) else "inf" if value > 3.4e38 else "-inf" if value < -3.4e38 else repr(value)


def write(folder, name, history, draw):
    """Writes the history; returns the path, and what of it is on record: an interval, and which series."""
    logged = {"interval": 1, "norm": True, "rate": True, "layers": False}
    folder.mkdir(parents=True, exist_ok=True)
    if name == "tensorboard":
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(str(folder))
        for h in history:
            writer.add_scalar("train/loss", h["loss"], h["step"], new_style=draw.random() < 0.5)
            writer.add_scalar("train/grad_norm", h["norm"], h["step"])
            writer.add_scalar("lr", h["rate"], h["step"])
            for layer, value in h["layers"].items():
                writer.add_scalar(f"grad_norm/{layer}", value, h["step"])
        writer.close()
        logged["layers"] = True
        return folder, logged
    if name == "lightning":
        path = folder / "metrics.csv"
        with path.open("w") as file:
            file.write("epoch,grad_2.0_norm_total,lr-SGD,step,train_loss_step,val_loss\n")
            for h in history:
                file.write(f"{h['step'] // 16},{number(h['norm'])},,{h['step']},{number(h['loss'])},\n")
                file.write(f"{h['step'] // 16},,{h['rate']!r},{h['step']},,\n")
        return path, logged
    if name == "keras":
        path = folder / "training.csv"
        with path.open("w") as file:
            file.write("epoch,loss,val_loss\n")
            for epoch in range(0, len(history), 4):
                part = [h["loss"] for h in history[epoch:epoch + 4]]
                file.write(f"{epoch // 4},{number(sum(part) / len(part))},NA\n")
        return path, {"interval": 4, "norm": False, "rate": False, "layers": False, "epochs": True}
    if name == "hugging-face":
        path = folder / "trainer_state.json"
        interval = draw.choice([1, 5])
        entries = [{"epoch": h["step"] / 16, "grad_norm": h["norm"], "learning_rate": h["rate"],
                    "loss": h["loss"], "step": h["step"]} for h in history if h["step"] % interval == 0]  # fmt: skip
        path.write_text(json.dumps({"best_metric": None, "epoch": 1.0, "global_step": len(history),
                                    "log_history": entries}, indent=2))  # fmt: skip
        return path, logged | {"interval": interval}
    if name == "mlflow":
        path = folder / "metrics"
        path.mkdir()
        for key, name in [("loss", "train_loss"), ("norm", "grad_norm"), ("rate", "lr")]:
            (path / name).write_text("".join(
                f"{1700000000000 + h['step']} {number(h[key])} {h['step']}\n" for h in history))  # fmt: skip
        return path, logged
    if name == "json-lines":
        path = folder / "log.jsonl"
        path.write_text("".join(json.dumps(
            {"step": h["step"], "loss": h["loss"], "grad_norm": h["norm"], "lr": h["rate"],
             **{f"grad_norm/{k}": v for k, v in h["layers"].items()}}) + "\n" for h in history))  # fmt: skip
        return path, logged | {"layers": True}
    path = folder / "log.csv"
    separator = draw.choice([",", ";", "\t"])
    with path.open("w") as file:
        file.write(separator.join(["iteration", "loss", "lr"]) + "\n")
        for h in history:
            cells = [str(h["step"]), number(h["loss"]), number(h["rate"])]
            text = separator.join(cells)
            file.write((text.replace(".", ",") if separator == ";" else text) + "\n")
    return path, logged | {"norm": False}


def expected(history, kind, step, logged):
    """The step as the log can show it, and how far off is right: within what was not logged."""
    if kind == "none":
        return None, 0
    interval = logged["interval"]
    if logged.get("epochs"):
        return step // interval, 1
    # Without the norm on record the loss shows it, at once or in the next step.
    return math.ceil(step / interval) * interval, (interval if logged["norm"] else 2 * interval)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keel", required=True)
    parser.add_argument("--seeds", default="A")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--experiments", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    rows, hidden = [], 0
    seed = sum(ord(c) for c in options.seeds) * 100_000
    while len(rows) < options.count:
        seed += 1
        draw = random.Random(seed * 7 + 1)
        fault = FAULTS[len(rows) % len(FAULTS)]
        history = train(seed, fault)
        kind, step = truth(history)
        # A fault that did nothing is none.
        if (fault == "none") != (kind == "none"):
            continue
        name = FORMATS[(len(rows) // len(FAULTS)) % len(FORMATS)]
        path, logged = write(options.out / f"{len(rows):04}-{fault}-{name}", name, history, draw)
        answer = subprocess.run([options.keel, "diagnose", str(path), "--json"], capture_output=True, text=True)
        body = json.loads(answer.stdout)
        # What is not on record nobody can see.
        shown = [h for h in history if logged.get("epochs") or h["step"] % logged["interval"] == 0]
        if truth(shown, logged["norm"])[0] != kind:
            hidden += 1
            continue
        kind, step = truth(history, logged["norm"])
        rows.append(judge(body, fault, name, history, kind, step, logged, str(path)))
        # The first so many faults are put to experiments, too: what a log is held against.
        if fault != "none" and sum("experiments" in row for row in rows) < options.experiments:
            rows[-1]["experiments"] = experiments(seed, fault) == ALIASES.get(fault, fault)
    (options.out / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(f"{hidden} more in which the log does not hold what happened")
    table(rows)


def judge(body, fault, name, history, kind, step, logged, path):
    if "error" in body:
        return {"path": path, "fault": fault, "format": name, "error": body["error"], "kind": False, "step": False,
                "led": False, "first": False, "sure": False}  # fmt: skip
    explosion = body["training"].get("explosion")
    said = explosion["kind"] if explosion else "none"
    place, slack = expected(history, kind, step, logged)
    led = (body.get("leader") or {}).get("what")
    # An epoch's mean, or a mean over some steps, may lose a divergence in what was not finite after.
    right = said == kind
    rises = fault in ("growing-learning-rate", "warmup-too-high")
    first = body["findings"][0]["cause"] if body["findings"] else None
    return {
        "path": path, "fault": fault, "format": name, "kind": right,
        "step": kind == "none" or (explosion is not None and abs(explosion["step"] - place) <= slack),
        "led": kind == "none" or not logged["rate"] or ((led == "learning-rate") == rises),
        "first": fault == "none" or first == ALIASES.get(fault, fault),
        "sure": all(f["confidence"] <= 0.8 for f in body["findings"]),
        "said": [said, explosion and explosion["step"], led, first], "truth": [kind, place, slack],
    }  # fmt: skip


def table(rows):
    def share(part, key):
        return f"{100 * sum(r[key] for r in part) / max(1, len(part)):.1f} %"

    print(f"{len(rows)} logs; every cause at most 0.8: {all(r['sure'] for r in rows)}")
    print("| | logs | kind | step | led | right first suspect |\n| --- | --- | --- | --- | --- | --- |")
    for key in ("fault", "format"):
        groups = collections.defaultdict(list)
        for row in rows:
            groups[row[key]].append(row)
        for name, part in groups.items():
            faulty = [r for r in part if r["fault"] != "none"]
            first = share(faulty, "first") if faulty else "–"
            print(f"| {name} | {len(part)} | {share(part, 'kind')} | {share(part, 'step')} | {share(part, 'led')} | {first} |")
    sick = [r for r in rows if r["fault"] != "none"]
    both = [r for r in sick if "experiments" in r]
    if both:
        print(f"right first cause of {len(both)}: by the log {share(both, 'first')}, by experiments {share(both, 'experiments')}")
    print(f"| all | {len(rows)} | {share(rows, 'kind')} | {share(rows, 'step')} | {share(rows, 'led')} | {share(sick, 'first')} |")


if __name__ == "__main__":
    main()
