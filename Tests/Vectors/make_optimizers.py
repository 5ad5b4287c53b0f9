"""Two hundred steps of every optimizer and every schedule in PyTorch. Writes optimizers.json.

    python make_optimizers.py        (torch 2.15; takes seconds)

The network, its initial parameters and its data are those of make_curves.py, whose names and formulas
hold here too: 4 inputs, 6 tanh units, 2 outputs, squared error, 22 rows in batches of 8, 8 and 6.
Everything is computed in float64 and runs again in float32: what rounding alone may do to a
parameter is printed, and must be small for the vectors to mean anything.

PyTorch has no StableAdamW: the class below is the paper's algorithm 2, line by line. The schedules are
PyTorch's own (inverse-time is Keras's formula in a LambdaLR); plateau is told the mean of the losses
of each epoch's batches. Where it decides, float32 must not be able to decide otherwise: `margin` is
how far the nearest loss lay from its threshold.
"""

import json
import math
import pathlib

import torch
from torch.optim import lr_scheduler as schedulers

import make_curves as curves

STEPS, BATCH, ROWS, FEATURES = 200, 8, 22, 4
EPOCH = math.ceil(ROWS / BATCH)
# What float32 may do to the parameters after 200 steps, relative to their norm.
TOLERANCE = 2e-5


class StableAdamW(torch.optim.Optimizer):
    """Wortsman et al. 2023 (arXiv 2304.13013), algorithm 2."""

    def __init__(self, parameters, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(parameters, {"lr": lr})
        self.betas, self.eps, self.decay, self.t = betas, eps, weight_decay, 0
        self.slowed = 0

    @torch.no_grad()
    def step(self):
        self.t += 1
        hats = [b * (1 - b ** (self.t - 1)) / (1 - b**self.t) for b in self.betas]
        for group in self.param_groups:
            for p in group["params"]:
                state, g = self.state[p], p.grad
                v = state.get("v", torch.zeros_like(p)) * hats[0] + (1 - hats[0]) * g
                u = state.get("u", torch.zeros_like(p)) * hats[1] + (1 - hats[1]) * g * g
                state["v"], state["u"] = v, u
                rms = float((g * g / u.clamp(min=self.eps**2)).mean().sqrt())
                self.slowed += rms > 1
                rate = group["lr"] / max(1.0, rms)
                p.add_(-rate * self.decay * p - rate * v / (u.sqrt() + self.eps))


# MARK: the recipes


def sgd(rate, **more):
    return {"sgd": {"learning-rate": rate, **more}}


optim = torch.optim
# (recipe's optimizer, PyTorch's)
OPTIMIZERS = {
    "sgd": (sgd(0.1), lambda p: optim.SGD(p, 0.1)),
    "momentum": (sgd(0.05, momentum=0.9), lambda p: optim.SGD(p, 0.05, 0.9)),
    "nesterov": (sgd(0.05, momentum=0.8, nesterov=True),
                 lambda p: optim.SGD(p, 0.05, 0.8, nesterov=True)),
    "adagrad": ("adagrad", lambda p: optim.Adagrad(p)),
    "adagrad-settings": (
        {"adagrad": {"learning-rate": 0.1, "epsilon": 0.001, "initial-accumulator": 0.2}},
        lambda p: optim.Adagrad(p, 0.1, eps=0.001, initial_accumulator_value=0.2)),
    "rmsprop": ("rmsprop", lambda p: optim.RMSprop(p)),
    "rmsprop-settings": (
        {"rmsprop": {"learning-rate": 0.003, "rho": 0.8, "epsilon": 0.001}},
        lambda p: optim.RMSprop(p, 0.003, alpha=0.8, eps=0.001)),
    "adadelta": ("adadelta", lambda p: optim.Adadelta(p)),
    "adadelta-settings": (
        {"adadelta": {"learning-rate": 0.5, "rho": 0.95, "epsilon": 0.0001}},
        lambda p: optim.Adadelta(p, 0.5, rho=0.95, eps=0.0001)),
    "adam": ("adam", lambda p: optim.Adam(p)),
    "adam-settings": (
        {"adam": {"learning-rate": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.0001}},
        lambda p: optim.Adam(p, 0.01, (0.8, 0.95), 0.0001)),
    "adamw": ("adamw", lambda p: optim.AdamW(p)),
    "adamw-settings": (
        {"adamw": {"learning-rate": 0.01, "beta2": 0.99, "weight-decay": 0.3}},
        lambda p: optim.AdamW(p, 0.01, (0.9, 0.99), weight_decay=0.3)),
    "stable-adamw": ("stable-adamw", lambda p: StableAdamW(p, 0.001)),
    "stable-adamw-settings": (
        {"stable-adamw": {"learning-rate": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.0001,
                          "weight-decay": 0.3}},
        lambda p: StableAdamW(p, 0.01, (0.8, 0.95), 0.0001, 0.3)),
}  # fmt: skip

# (recipe's schedule, PyTorch's, the rate of plain gradient descent)
SCHEDULES = {
    "constant": ("constant", lambda o: schedulers.ConstantLR(o, 1.0), 0.1),
    "step": ({"step": {"every": 40, "factor": 0.5}},
             lambda o: schedulers.StepLR(o, 40, 0.5), 0.2),
    "exponential": ({"exponential": 0.99}, lambda o: schedulers.ExponentialLR(o, 0.99), 0.2),
    "inverse-time": ({"inverse-time": 0.02},
                     lambda o: schedulers.LambdaLR(o, lambda t: 1 / (1 + 0.02 * t)), 0.2),
    "cosine": ({"cosine": {"minimum": 0.01}},
               lambda o: schedulers.CosineAnnealingLR(o, STEPS, 0.01), 0.2),
    "warmup": ({"warmup": {"steps": 30, "then": "cosine"}},
               lambda o: schedulers.SequentialLR(
                   o, [schedulers.LinearLR(o, 1 / 30, 1.0, 29),
                       schedulers.CosineAnnealingLR(o, STEPS - 30)], [30]), 0.2),
    "plateau": ({"plateau": {"patience": 1, "factor": 0.5}},
                lambda o: schedulers.ReduceLROnPlateau(o, factor=0.5, patience=1), 1.2),
    "plateau-impatient": ({"plateau": {"patience": 0, "factor": 0.8}},
                          lambda o: schedulers.ReduceLROnPlateau(o, factor=0.8, patience=0), 1.1),
}  # fmt: skip


def recipe(name, optimizer, schedule="constant"):
    return {"name": name, "data": {"spirals": {}}, "model": [{"dense": 6}, "tanh", {"dense": 2}],
            "loss": "mean-squared-error", "optimizer": optimizer, "schedule": schedule,
            "training": {"epochs": 1000, "batch": BATCH, "max-steps": STEPS,
                         "shuffle": False}}  # fmt: skip


RUNS = [(recipe(name, tree), make, None) for name, (tree, make) in OPTIMIZERS.items()]
RUNS += [(recipe(f"schedule-{name}", sgd(rate), tree),
          lambda p, rate=rate: optim.SGD(p, rate), make)
         for name, (tree, make, rate) in SCHEDULES.items()]  # fmt: skip


# MARK: a run


def data(dtype):
    x = curves.rounded([[math.sin(0.37 * i + 1.3 * j + 0.5 * i * j) for j in range(FEATURES)]
                        for i in range(ROWS)], dtype)  # fmt: skip
    wave = curves.TARGETS["waves"][1]
    t = curves.rounded([[wave(i, j, 2) for j in range(2)] for i in range(ROWS)], dtype)
    return x, t


def run(tree, make_optimizer, make_schedule, dtype):
    network = curves.Network(tree["model"], [FEATURES], dtype)
    x, t = data(dtype)
    optimizer = make_optimizer(list(network.parameters.values()))
    schedule = make_schedule(optimizer) if make_schedule else None
    follows = isinstance(schedule, schedulers.ReduceLROnPlateau)
    losses, rates, margin = [], [], math.inf
    order = curves.batches(ROWS, BATCH)
    for step in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        batch = next(order)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(network.module(x[batch]), t[batch])
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
        if schedule and not follows:
            schedule.step()
        if follows and (step + 1) % EPOCH == 0:
            mean = sum(losses[-EPOCH:]) / EPOCH
            if math.isfinite(schedule.best):
                margin = min(margin, abs(mean / (schedule.best * (1 - 1e-4)) - 1))
            schedule.step(mean)
    return {"parameters": network.parameters, "losses": losses, "rates": rates, "margin": margin,
            "slowed": getattr(optimizer, "slowed", None)}  # fmt: skip


def difference(a, b):
    """Of all parameters as one vector, relative."""
    flat = [torch.cat([p.detach().double().flatten() for p in run["parameters"].values()])
            for run in (a, b)]  # fmt: skip
    return float((flat[0] - flat[1]).norm() / flat[0].norm())


def number(x):
    return float(f"{float(x):.9g}")


def main():
    torch.set_num_threads(1)
    lines = []
    for tree, make_optimizer, make_schedule in RUNS:
        truth, single = (run(tree, make_optimizer, make_schedule, dtype)
                         for dtype in (torch.float64, torch.float32))  # fmt: skip
        rounding = difference(truth, single)
        print(f"{tree['name']:22} {truth['losses'][0]:8.5f} → {truth['losses'][-1]:8.5f}   "
              f"rate {truth['rates'][0]:g} → {truth['rates'][-1]:g}   float32: {rounding:.0e}   "
              f"margin {truth['margin']:.0e}   slowed {truth['slowed']}")  # fmt: skip
        assert rounding < TOLERANCE and truth["margin"] > 1e-5, tree["name"]
        # A schedule that changes nothing, or a surprise that never comes, tests nothing.
        assert len(set(truth["rates"])) > 1 or "schedule-" not in tree["name"] or (
            tree["schedule"] == "constant")  # fmt: skip
        assert truth["slowed"] != 0
        curve = {"recipe": tree, "rows": ROWS, "features": FEATURES, "outputs": 2,
                 "parameters": {name: [number(v) for v in p.detach().flatten().tolist()]
                                for name, p in truth["parameters"].items()},
                 "loss": number(truth["losses"][-1])}  # fmt: skip
        if make_schedule:
            curve["rates"] = [number(rate) for rate in truth["rates"]]
        lines.append("    " + json.dumps(curve, separators=(",", ":")))
    made = {"by": "make_optimizers.py",
            "with": f"PyTorch {torch.__version__.split('+')[0]}, float64"}  # fmt: skip
    text = (f'{{\n  "made": {json.dumps(made)},\n  "formulas": "see curves.json",\n'
            '  "curves": [\n' + ",\n".join(lines) + "\n  ]\n}\n")  # fmt: skip
    path = pathlib.Path(__file__).with_name("optimizers.json")
    path.write_text(text)
    print(f"{path.name}: {len(lines)} curves, {len(text.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
