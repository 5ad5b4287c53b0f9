"""Reference loss curves: small recipes, trained for ten steps in PyTorch. Writes curves.json.

    python make_curves.py        (torch 2.15 and numpy; takes seconds)

Everything is computed in float64. Keel computes in float32, and the error of one float32 library is
no yardstick for another's: float64 is the number both should be near. Initial parameters and data
are rounded to float32 before they are used, so that both sides begin with the same numbers.

Nothing random and nothing stored: with wave(p, k) = sin(1 + p + 0.7 k + 0.05 k²),

- parameter number p (in network order, from 0), element k (row-major, from 0), of a
  dense weight [units, fan-in]: √(2/fan-in) · wave(p, k); of a dense bias: 0.1 · wave(p, k);
  batch-norm weights are 1, their biases 0, prelu begins at its `slope` (all of them count in p);
- input j of row i: sin(0.37 i + 1.3 j + 0.5 i j);
- target j of row i, of k outputs: see TARGETS.

In curves.json a parameter has its shape, its first eight values (all, if fewer) after the ten
steps, and the sum of all of them; `states` are complete; `output` is the network's, in evaluation
mode, for the first three rows; `rates` are the learning rates of the steps.

Batches are in row order; the last one of an epoch is smaller. The reported loss is that of the
step's batch before its update, without penalty. The penalty's gradient is added before clipping.

Each recipe runs again in float32, as a check of the recipe and not of Keel: one whose curve hangs
on rounding (a kink, a gradient of nearly 0 under an adaptive optimizer) would be a bad reference.
"""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional

STEPS = 10
# What float32 may do to a loss (relative), to parameters, statistics and outputs (to max(1, |x|)).
TOLERANCE = 2e-6

TARGETS = {
    "classes": ("1 where j = i mod k, else 0", lambda i, j, k: float(i % k == j)),
    "bits": ("1 where (i + 2 j) mod 3 = 0, else 0", lambda i, j, k: float((i + 2 * j) % 3 == 0)),
    "waves": ("sin(0.5 i + 0.9 j)", lambda i, j, k: math.sin(0.5 * i + 0.9 * j)),
    "large-waves": ("5 sin(0.5 i + 0.9 j)", lambda i, j, k: 5 * math.sin(0.5 * i + 0.9 * j)),
}

FORMULAS = {
    "wave(p, k)": "sin(1 + p + 0.7*k + 0.05*k*k)",
    "dense weight": "sqrt(2/fan-in) * wave(p, k)",
    "dense bias": "0.1 * wave(p, k)",
    "batch-norm": "weight 1, bias 0, mean 0, variance 1",
    "prelu": "its slope setting",
    "input": "sin(0.37*i + 1.3*j + 0.5*i*j)",
    "targets": {name: text for name, (text, _) in TARGETS.items()},
    "where": "p: number of the parameter in network order, from 0; k: row-major element, from 0; "
    "i: row, from 0; j: column, from 0; k in targets: number of outputs; every initial parameter, "
    "input and target is rounded to float32",
}


# MARK: the recipes


def recipe(name, model, loss, optimizer, batch, **more):
    training = {"epochs": 6, "batch": batch, "max-steps": STEPS, "shuffle": False}
    return {"name": name, "data": {"spirals": {}}, "model": model, "loss": loss,
            "optimizer": optimizer, **more, "training": training}  # fmt: skip


def sgd(rate, **more):
    return {"sgd": {"learning-rate": rate, **more}}


def dense(units, **more):
    return {"dense": {"units": units, **more}}


# (recipe, rows, features, targets)
CURVES = [
    (recipe("sgd", [{"dense": 8}, "tanh", {"dense": 3}], "softmax-cross-entropy", sgd(0.5), 8),
     22, 4, "classes"),
    (recipe("momentum-step-l2", [dense(8), "relu", dense(6, activation="relu"), dense(2)],
            "mean-squared-error", sgd(0.05, momentum=0.9), 6,
            schedule={"step": {"every": 3, "factor": 0.5}}, regularizer={"l2": {"lambda": 0.01}}),
     17, 3, "waves"),
    (recipe("nesterov-exponential", [dense(8), {"leaky-relu": {"slope": 0.1}}, dense(2)],
            "mean-absolute-error", sgd(0.05, momentum=0.8, nesterov=True), 8,
            schedule={"exponential": 0.9}),
     22, 4, "waves"),
    (recipe("adagrad-inverse-time", [dense(6), {"elu": {"alpha": 0.7}}, dense(2)],
            {"huber": {"delta": 0.4}}, {"adagrad": {"learning-rate": 0.1}}, 6,
            schedule={"inverse-time": {"decay": 0.2}}),
     17, 3, "waves"),
    (recipe("adagrad-accumulator-cosine", [dense(7), "silu", dense(3)], "sigmoid-cross-entropy",
            {"adagrad": {"learning-rate": 0.3, "epsilon": 0.01, "initial-accumulator": 0.1}}, 5,
            schedule="cosine"),
     19, 4, "bits"),
    (recipe("rmsprop-cosine-steps", [dense(8), "gelu", dense(4), "softmax"], "cross-entropy",
            {"rmsprop": {"learning-rate": 0.02, "rho": 0.9, "epsilon": 0.001}}, 8,
            schedule={"cosine": {"steps": 6, "minimum": 0.002}}),
     22, 4, "classes"),
    (recipe("rmsprop-defaults", [dense(6), "tanh", dense(2)], "mean-squared-error", "rmsprop", 6,
            schedule={"step": 4}),
     17, 3, "waves"),
    (recipe("adam-warmup-cosine", [dense(8), "selu", dense(5), "selu", dense(3)],
            "softmax-cross-entropy", {"adam": {"learning-rate": 0.03, "epsilon": 0.001}}, 8,
            schedule={"warmup": {"steps": 3, "then": {"cosine": {"minimum": 0.001}}}}),
     22, 4, "classes"),
    (recipe("adam-betas-warmup", [dense(6, activation="sigmoid"), dense(2)], "mean-squared-error",
            {"adam": {"learning-rate": 0.05, "beta1": 0.8, "beta2": 0.95}}, 6,
            schedule={"warmup": 4}),
     17, 3, "waves"),
    (recipe("adamw-batch-norm-prelu",
            [dense(6, bias=False), "batch-norm", "prelu", dense(4, activation={"prelu": 0.1}),
             dense(2)],
            "mean-squared-error", {"adamw": {"learning-rate": 0.02, "weight-decay": 0.5}}, 7),
     20, 4, "waves"),
    (recipe("clip-value-l1", [dense(6), "hard-tanh", dense(2)], "mean-squared-error", sgd(0.2), 6,
            clipping={"value": 0.05}, regularizer={"l1": 0.003}),
     17, 3, "waves"),
    (recipe("clip-norm-elastic-net", [dense(6), {"softplus": 2}, dense(2)], {"huber": 1.5},
            sgd(0.1), 5, clipping={"norm": {"limit": 0.4}},
            regularizer={"elastic-net": {"l1": 0.01, "l2": 0.02}}),
     19, 4, "large-waves"),
    (recipe("clip-global-norm", [dense(8), "relu", dense(2)], "mean-squared-error",
            sgd(0.05, momentum=0.9), 6, clipping={"global-norm": 6.0}),
     17, 4, "large-waves"),
    (recipe("clip-list-l2-max-norm", [dense(6), "exponential", dense(3)], "softmax-cross-entropy",
            sgd(0.4), 8, clipping=[{"norm": 0.5}, {"value": 0.15}],
            regularizer=[{"l2": 0.005}, {"max-norm": 1.02}]),
     22, 4, "classes"),
    (recipe("max-norm-clip-list", [dense(6), "elu", dense(2)], "huber", sgd(0.3), 6,
            clipping=[{"value": 0.3}, {"global-norm": 0.72}], regularizer={"max-norm": 0.9}),
     17, 3, "large-waves"),
    (recipe("batch-norm",
            [dense(8), "batch-norm", "relu", dense(6),
             {"batch-norm": {"momentum": 0.3, "epsilon": 0.001}}, "tanh", dense(3)],
            "softmax-cross-entropy", sgd(0.1, momentum=0.9), 8),
     22, 4, "classes"),
    (recipe("residual-repeat",
            [{"residual": {"layers": [dense(4), "tanh"]}}, dense(6),
             {"repeat": {"times": 3, "layers": [
                 {"residual": {"layers": ["batch-norm", "relu", dense(6)]}}]}},
             {"residual": {"layers": [
                 "gelu", {"residual": {"layers": [dense(6), "silu"]}}, dense(6)]}},
             dense(2)],
            "mean-squared-error", {"adam": 0.002}, 7, clipping={"global-norm": 1.0}),
     20, 4, "waves"),
    (recipe("binary-cross-entropy",
            [dense(7), {"softplus": {"beta": 3}}, dense(5, activation="hard-tanh"), dense(1),
             "sigmoid"],
            "binary-cross-entropy", "adam", 8),
     22, 4, "bits"),
    (recipe("binary-cross-entropy-clipped", [dense(5), "tanh", dense(3), "relu"],
            "binary-cross-entropy", sgd(0.02), 6),
     17, 3, "bits"),
    (recipe("cross-entropy-unnormalised", [dense(6), "sigmoid", dense(4), "softplus"],
            "cross-entropy", sgd(0.8), 8),
     22, 4, "classes"),
    (recipe("cross-entropy-clipped", [dense(7), "tanh", dense(5), "relu"], "cross-entropy",
            sgd(0.1), 6),
     17, 3, "classes"),
    (recipe("last-axis",
            [dense(4), "batch-norm", "leaky-relu", dense(3), "softmax", "flatten", dense(2)],
            "mean-squared-error", sgd(0.3), 5, input=[3, 2]),
     18, 6, "waves"),
]  # fmt: skip


# MARK: reading a recipe


def named(tree, first=None):
    """('sgd', {'learning-rate': 0.1}); `first` is what a bare setting is called."""
    if isinstance(tree, str):
        return tree, {}
    ((name, settings),) = tree.items()
    return name, settings if isinstance(settings, dict) else {first: settings}


def chain(tree):
    if tree in (None, "none"):
        return []
    return tree if isinstance(tree, list) else [tree]


ACTIVATIONS = {
    "linear": lambda s: nn.Identity(),
    "relu": lambda s: nn.ReLU(),
    "leaky-relu": lambda s: nn.LeakyReLU(s.get("slope", 0.01)),
    "elu": lambda s: nn.ELU(s.get("alpha", 1.0)),
    "selu": lambda s: nn.SELU(),
    "gelu": lambda s: nn.GELU(),
    "silu": lambda s: nn.SiLU(),
    "softplus": lambda s: nn.Softplus(s.get("beta", 1.0)),
    "sigmoid": lambda s: nn.Sigmoid(),
    "tanh": lambda s: nn.Tanh(),
    "hard-tanh": lambda s: nn.Hardtanh(),
    "softmax": lambda s: nn.Softmax(dim=-1),
}
FIRST_SETTINGS = {"dense": "units", "leaky-relu": "slope", "prelu": "slope", "elu": "alpha",
                  "softplus": "beta", "batch-norm": "momentum"}  # fmt: skip


class Exponential(nn.Module):
    def forward(self, x):
        return torch.exp(x)


class LastAxisNorm(nn.BatchNorm1d):
    """One statistic a feature of the last axis."""

    def forward(self, x):
        return super().forward(x.reshape(-1, x.shape[-1])).reshape(x.shape)


class Residual(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return x + self.layers(x)


def rounded(values, dtype):
    return torch.tensor(values, dtype=torch.float64).float().to(dtype)


class Network:
    """A model as Keel expands it: parameters and states by name, in network order."""

    def __init__(self, model, shape, dtype):
        self.dtype = dtype
        self.counts = {}
        self.parameters = {}
        self.penalized = []
        self.states = {}
        self.module, self.shape = self.layers(model, list(shape))

    def layers(self, trees, shape):
        modules = []
        for tree in trees:
            module, shape = self.layer(tree, shape)
            modules.append(module)
        return nn.Sequential(*modules), shape

    def layer(self, tree, shape):
        (name,) = tree if isinstance(tree, dict) else [tree]
        name, settings = named(tree, FIRST_SETTINGS.get(name))
        if name == "repeat":
            return self.layers(settings["layers"] * settings["times"], shape)
        self.counts[name] = self.counts.get(name, 0) + 1
        label = f"{name}-{self.counts[name]}"
        if name == "residual":
            inner, after = self.layers(settings["layers"], shape)
            assert after == shape
            return Residual(inner), shape
        if name == "dense":
            return self.dense(label, settings, shape)
        if name == "batch-norm":
            norm = LastAxisNorm(shape[-1], settings.get("epsilon", 1e-5),
                                settings.get("momentum", 0.1), dtype=self.dtype)  # fmt: skip
            self.parameters |= {f"{label}.weight": norm.weight, f"{label}.bias": norm.bias}
            self.states |= {f"{label}.mean": norm.running_mean,
                            f"{label}.variance": norm.running_var}  # fmt: skip
            return norm, shape
        if name == "prelu":
            module = nn.PReLU(1, dtype=self.dtype)
            module.weight.data = rounded([settings.get("slope", 0.25)], self.dtype)
            self.parameters[f"{label}.weight"] = module.weight
            return module, shape
        if name == "flatten":
            return nn.Flatten(), [math.prod(shape)]
        if name == "exponential":
            return Exponential(), shape
        return ACTIVATIONS[name](settings), shape

    def dense(self, label, settings, shape):
        fan_in, units = shape[-1], settings["units"]
        module = nn.Linear(fan_in, units, settings.get("bias", True), dtype=self.dtype)
        self.add(f"{label}.weight", module.weight, math.sqrt(2 / fan_in))
        self.penalized.append(module.weight)
        if module.bias is not None:
            self.add(f"{label}.bias", module.bias, 0.1)
        activation, shape = self.layer(settings.get("activation", "linear"), shape[:-1] + [units])
        return nn.Sequential(module, activation), shape

    def add(self, name, parameter, scale):
        p = len(self.parameters)
        values = [scale * math.sin(1 + p + 0.7 * k + 0.05 * k * k)
                  for k in range(parameter.numel())]  # fmt: skip
        parameter.data = rounded(values, self.dtype).reshape(parameter.shape)
        self.parameters[name] = parameter


# MARK: losses


def cross_entropy(y, t):
    """As Keras's CategoricalCrossentropy."""
    p = (y / y.sum(-1, keepdim=True)).clamp(1e-7, 1 - 1e-7)
    return -(t * p.log()).sum(-1).mean()


def binary_cross_entropy(y, t):
    """As Keras's BinaryCrossentropy."""
    p = y.clamp(1e-7, 1 - 1e-7)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def clipped(tree, y, t):
    """Whether a loss clips the probability of what is true: its gradient is 0 there.

    At the upper end float32 can only clip a probability at 1 − 1.19e-7, so log(1 − p) differs from
    float64's by 1 %: no recipe may go there where the target is 0.
    """
    if tree == "cross-entropy":
        y = y / y.sum(-1, keepdim=True)
    elif tree == "binary-cross-entropy":
        assert not ((y >= 1 - 1e-6) & (t == 0)).any()
    else:
        return False
    return bool(((y <= 1e-7) & (t == 1)).any())


def loss_function(tree):
    name, settings = named(tree, "delta")
    return {
        "softmax-cross-entropy": functional.cross_entropy,
        "sigmoid-cross-entropy": functional.binary_cross_entropy_with_logits,
        "cross-entropy": cross_entropy,
        "binary-cross-entropy": binary_cross_entropy,
        "mean-squared-error": functional.mse_loss,
        "mean-absolute-error": functional.l1_loss,
        "huber": lambda y, t: functional.huber_loss(y, t, delta=settings.get("delta", 1.0)),
    }[name]


# MARK: optimizers and schedules


def torch_optimizer(tree, parameters):
    name, s = named(tree, "learning-rate")
    s = dict(s)
    rate = s.pop("learning-rate", 0.001 if name in ("adam", "adamw") else 0.01)
    betas = (s.pop("beta1", 0.9), s.pop("beta2", 0.999))
    words = {"rho": "alpha", "epsilon": "eps", "initial-accumulator": "initial_accumulator_value",
             "weight-decay": "weight_decay"}  # fmt: skip
    s = {words.get(key, key): value for key, value in s.items()}
    if name in ("adam", "adamw"):
        s["betas"] = betas
    kind = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "rmsprop": torch.optim.RMSprop,
            "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]  # fmt: skip
    return kind(parameters, lr=rate, **s)


def rate_at(tree, base, step, total):
    """The learning rate of a step, by Keel's definition."""
    first = {"step": "every", "exponential": "factor", "inverse-time": "decay", "cosine": "steps",
             "warmup": "steps"}  # fmt: skip
    (name,) = tree if isinstance(tree, dict) else [tree]
    name, s = named(tree, first.get(name))
    if name == "constant":
        return base
    if name == "step":
        return base * s.get("factor", 0.1) ** (step // s["every"])
    if name == "exponential":
        return base * s["factor"] ** step
    if name == "inverse-time":
        return base / (1 + s["decay"] * step)
    if name == "cosine":
        minimum = s.get("minimum", 0.0)
        progress = min(1.0, step / s.get("steps", total))
        return minimum + (base - minimum) * (1 + math.cos(math.pi * progress)) / 2
    assert name == "warmup"
    if step < s["steps"]:
        return base * (step + 1) / s["steps"]
    return rate_at(s.get("then", "constant"), base, step - s["steps"], total - s["steps"])


def check_rates():
    """`rate_at` against PyTorch's own schedules, where it has them."""
    from torch.optim import lr_scheduler as theirs

    def rates(make):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
        schedule, result = make(optimizer), []
        for _ in range(STEPS):
            result.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return result

    for tree, make in [
        ({"step": 4}, lambda o: theirs.StepLR(o, 4, 0.1)),
        ({"exponential": 0.9}, lambda o: theirs.ExponentialLR(o, 0.9)),
        ({"cosine": {"minimum": 0.01}}, lambda o: theirs.CosineAnnealingLR(o, STEPS, 0.01)),
        ({"warmup": {"steps": 3, "then": "cosine"}}, lambda o: theirs.SequentialLR(
            o, [theirs.LinearLR(o, 1 / 3, 1.0, 2), theirs.CosineAnnealingLR(o, STEPS - 3)], [3])),
    ]:  # fmt: skip
        for step, rate in enumerate(rates(make)):
            assert math.isclose(rate_at(tree, 0.3, step, STEPS), rate, rel_tol=1e-9), (tree, step)


# MARK: penalties, limits, clipping


class Regularizers:
    def __init__(self, trees):
        self.l1 = self.l2 = 0.0
        self.limit = None
        for tree in chain(trees):
            name, s = named(tree, "limit" if "max-norm" in tree else "lambda")
            self.l1 += s.get("lambda", 0) if name == "l1" else s.get("l1", 0)
            self.l2 += s.get("lambda", 0) if name == "l2" else s.get("l2", 0)
            self.limit = s["limit"] if name == "max-norm" else self.limit

    def penalize(self, weights):
        """Adds the gradient of l1·Σ|w| + l2·Σw²."""
        for weight in weights:
            weight.grad += self.l1 * weight.detach().sign() + 2 * self.l2 * weight.detach()

    def constrain(self, weights):
        """Limits the norm of each row of [units, fan-in]; says whether one was over it."""
        acted = False
        for weight in weights if self.limit else []:
            norm = weight.data.norm(dim=1, keepdim=True)
            acted |= bool((norm > self.limit).any())
            weight.data = torch.where(norm > self.limit, weight.data * self.limit / norm,
                                      weight.data)  # fmt: skip
        return acted


def clip(tree, gradients):
    """One clip, in place; says whether it acted. Without PyTorch's 1e-6 in the denominator."""
    name, s = named(tree, "limit")
    limit = s["limit"]
    if name == "value":
        acted = any(bool((g.abs() > limit).any()) for g in gradients)
        for g in gradients:
            g.clamp_(-limit, limit)
        return acted
    groups = [[g] for g in gradients] if name == "norm" else [gradients]
    acted = False
    for group in groups:
        norm = math.sqrt(sum(float(g.double().square().sum()) for g in group))
        if norm > limit:
            acted = True
            for g in group:
                g.mul_(limit / norm)
    return acted


# MARK: a run


def batches(rows, batch):
    while True:
        for start in range(0, rows, batch):
            yield slice(start, min(rows, start + batch))


def run(tree, rows, features, targets, dtype):
    network = Network(tree["model"], tree.get("input", [features]), dtype)
    outputs = math.prod(network.shape)
    x = rounded([[math.sin(0.37 * i + 1.3 * j + 0.5 * i * j) for j in range(features)]
                 for i in range(rows)], dtype)  # fmt: skip
    x = x.reshape(rows, *tree.get("input", [features]))
    formula = TARGETS[targets][1]
    t = rounded([[formula(i, j, outputs) for j in range(outputs)] for i in range(rows)], dtype)

    parameters = list(network.parameters.values())
    optimizer = torch_optimizer(tree["optimizer"], parameters)
    base = optimizer.param_groups[0]["lr"]
    loss_of = loss_function(tree["loss"])
    regularizers, clips = Regularizers(tree.get("regularizer")), chain(tree.get("clipping"))
    losses, rates, acted, unseen = [], [], [0] * (len(clips) + 1), 0
    order = batches(rows, tree["training"]["batch"])
    for step in range(STEPS):
        rates.append(rate_at(tree.get("schedule", "constant"), base, step, STEPS))
        optimizer.param_groups[0]["lr"] = rates[-1]
        batch = next(order)
        optimizer.zero_grad()
        y = network.module(x[batch])
        loss = loss_of(y, t[batch])
        loss.backward()
        losses.append(loss.item())
        unseen += clipped(tree["loss"], y.detach(), t[batch])
        regularizers.penalize(network.penalized)
        for index, each in enumerate(clips):
            acted[index] += clip(each, [p.grad for p in parameters])
        optimizer.step()
        acted[-1] += regularizers.constrain(network.penalized)
    # A limit that never acts tests nothing.
    assert all(acted[: len(clips)]) and (acted[-1] or not regularizers.limit), (tree["name"], acted)
    assert bool(unseen) == tree["name"].endswith("-entropy-clipped"), (tree["name"], unseen)

    network.module.eval()
    with torch.no_grad():
        output = network.module(x[:3])
    return {"losses": losses, "rates": rates, "parameters": network.parameters,
            "states": network.states, "output": output, "outputs": outputs,
            "acted": acted}  # fmt: skip


def deviation(a, b):
    """The largest difference, to max(1, |a|)."""
    a, b = a.detach().double(), b.detach().double()
    return float(((a - b).abs() / a.abs().clamp(min=1)).max())


def difference(a, b):
    """How far a run is from another: of losses (relative), and of all that it leaves behind."""
    losses = max(abs(p - q) / abs(p) for p, q in zip(a["losses"], b["losses"]))
    rest = [deviation(a[part][name], b[part][name])
            for part in ("parameters", "states") for name in a[part]]  # fmt: skip
    return losses, max(rest + [deviation(a["output"], b["output"])])


def number(x):
    return float(f"{float(x):.10g}")


def numbers(tensor):
    return [number(x) for x in tensor.detach().flatten().tolist()]


def main():
    torch.set_num_threads(1)
    check_rates()
    curves = []
    for tree, rows, features, targets in CURVES:
        truth = run(tree, rows, features, targets, torch.float64)
        single = run(tree, rows, features, targets, torch.float32)
        losses, rest = difference(truth, single)
        print(f"{tree['name']:30} {truth['losses'][0]:8.4f} → {truth['losses'][-1]:8.4f}   "
              f"float32: losses {losses:.0e}, rest {rest:.0e}   "
              f"acted {truth['acted']}")  # fmt: skip
        assert losses < TOLERANCE and rest < TOLERANCE, tree["name"]
        curves.append({
            "recipe": tree, "rows": rows, "features": features, "targets": targets,
            "outputs": truth["outputs"], "losses": [number(x) for x in truth["losses"]],
            "rates": [number(x) for x in truth["rates"]],
            "parameters": {
                name: {"shape": list(p.shape), "first": numbers(p)[:8],
                       "sum": number(p.detach().sum())}
                for name, p in truth["parameters"].items()},
            "states": {name: numbers(state) for name, state in truth["states"].items()},
            "output": [numbers(row) for row in truth["output"]],
        })  # fmt: skip
    made = {"by": "make_curves.py", "with": f"PyTorch {torch.__version__.split('+')[0]}, float64"}
    lines = ",\n".join("    " + json.dumps(curve, separators=(",", ":")) for curve in curves)
    text = (f'{{\n  "made": {json.dumps(made)},\n  "formulas": {json.dumps(FORMULAS)},\n'
            f'  "curves": [\n{lines}\n  ]\n}}\n')  # fmt: skip
    path = pathlib.Path(__file__).with_name("curves.json")
    path.write_text(text)
    print(f"{path.name}: {len(curves)} curves, {len(text.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
