"""One training step in PyTorch eager, timed: the peer of Keel's benchmarks.

    python step.py [WORKLOAD] [--threads N] [--steps N] [--warmup N] [--watch] [--compile]

A step is what somebody who watches loss and gradient norm does: zero the gradients, forward,
backward, clip by the global norm (or, where the workload does not clip, compute it), update, and
read both as Python numbers. --watch also reads the gradient norm of every parameter in every step.
--compile runs the model and its loss under torch.compile; what that takes is in the warm-up. Random
data, made beforehand; float32. Prints one line of JSON, times in seconds.
"""

import argparse
import inspect
import itertools
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01)


def adam(parameters):
    """Fused where this PyTorch has it on the CPU, else for-each."""
    parameters = list(parameters)
    try:
        return torch.optim.Adam(parameters, lr=0.001, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(parameters, lr=0.001, foreach=True)


def mlp(widths, activation):
    """Dense layers with an activation between them, none after the last."""
    layers = []
    for fan_in, units in itertools.pairwise(widths):
        layers += [nn.Linear(fan_in, units), activation()]
    return nn.Sequential(*layers[:-1])


def cnn(is_normalized):
    """3 × 3 convolutions of 32 and 64 filters, each halved by a max pool, over 28 × 28 pixels."""
    layers = [nn.Unflatten(1, (1, 28, 28))]
    for channels, filters in itertools.pairwise([1, 32, 64]):
        layers.append(nn.Conv2d(channels, filters, 3, padding="same"))
        layers += [nn.BatchNorm2d(filters)] if is_normalized else []
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(7 * 7 * 64, 10))


class Block(nn.Module):
    """Two convolutions with batch norm, and a path around them."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters),
            nn.ReLU(), nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters))
        self.shortcut = (nn.Identity() if stride == 1
                         else nn.Conv2d(channels, filters, 1, stride, bias=False))  # fmt: skip

    def forward(self, x):
        return functional.relu(self.layers(x) + self.shortcut(x))


def resnet(blocks):
    """He et al., 2016: three stages of 16, 32 and 64 filters on 32 × 32 × 3 pixels."""
    layers = [nn.Unflatten(1, (3, 32, 32)), nn.Conv2d(3, 16, 3, 1, 1, bias=False)]
    layers += [nn.BatchNorm2d(16), nn.ReLU()]
    for stage, filters in enumerate([16, 32, 64]):
        for block in range(blocks):
            is_first = stage > 0 and block == 0
            layers.append(Block(filters // 2 if is_first else filters, filters, 1 + is_first))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Sequences(nn.Module):
    """A recurrent layer over the rows, and the logits from its last state."""

    def __init__(self, layer, features, units, outputs):
        super().__init__()
        self.layer = layer(features, units, batch_first=True)
        self.output = nn.Linear(units, outputs)

    def forward(self, x):
        return self.output(self.layer(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self, units, heads):
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(units, 3 * units)
        self.output = nn.Linear(units, units)

    def forward(self, x):
        rows, time, units = x.shape
        parts = self.project(x).view(rows, time, 3, self.heads, units // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        context = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(context.transpose(1, 2).reshape(rows, time, units))


class Around(nn.Module):
    """Layers with a path around them."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


class GPT(nn.Module):
    """Blocks of attention and two dense layers, each after a layer norm."""

    def __init__(self, tokens, time, units, heads, blocks):
        super().__init__()
        self.tokens = nn.Embedding(tokens, units)
        self.positions = nn.Parameter(torch.zeros(time, units))
        self.blocks = nn.Sequential(*(nn.Sequential(
            Around(nn.LayerNorm(units), Attention(units, heads)),
            Around(nn.LayerNorm(units), nn.Linear(units, 4 * units), nn.GELU(),
                   nn.Linear(4 * units, units))) for _ in range(blocks)))  # fmt: skip
        self.output = nn.Sequential(nn.LayerNorm(units), nn.Linear(units, tokens))

    def forward(self, x):
        return self.output(self.blocks(self.tokens(x) + self.positions))


# name: (model, features (or the shape of a row), outputs, batch, optimizer, clip)
WORKLOADS = {
    "mlp-784-512-512-10": (lambda: mlp([784, 512, 512, 10], nn.ReLU), 784, 10, 128, adam, 1.0),
    # 50 × (dense 64, tanh), then the 10 logits.
    "tanh-50x64": (lambda: mlp([64] * 51 + [10], nn.Tanh), 64, 10, 128, sgd, 1.0),
    "mlp-2-16-16-2": (lambda: mlp([2, 16, 16, 2], nn.ReLU), 2, 2, 32, sgd, 1.0),
    "mlp-1024-2048x3-10": (
        lambda: mlp([1024, 2048, 2048, 2048, 10], nn.ReLU), 1024, 10, 256, adam, 1.0),
    "cnn-32-64": (lambda: cnn(False), 784, 10, 64, adam, 1.0),
    "cnn-32-64-batch-norm": (lambda: cnn(True), 784, 10, 64, adam, 1.0),
    "resnet-8": (lambda: resnet(1), 3072, 10, 32, adam, 1.0),
    # 128 units over 100 steps of two numbers.
    "lstm-128": (lambda: Sequences(nn.LSTM, 2, 128, 10), (100, 2), 10, 64, adam, 1.0),
    "gru-128": (lambda: Sequences(nn.GRU, 2, 128, 10), (100, 2), 10, 64, adam, 1.0),
    "rnn-128": (lambda: Sequences(nn.RNN, 2, 128, 10), (100, 2), 10, 64, adam, 1.0),
    "gpt-4x128": (lambda: GPT(65, 64, 128, 4, 4), None, 65, 32, adam, 1.0),
    "resnet-20": (lambda: resnet(3), 3072, 10, 32, adam, 1.0),
    "mlp-784-2048x3-1000": (
        lambda: mlp([784, 2048, 2048, 2048, 1000], nn.ReLU), 784, 1000, 64, adam, 1.0),
}  # fmt: skip
BATCHES = 8


def examples(features, outputs, batch):
    if features is None:
        return (torch.randint(0, outputs, (BATCHES, batch, 64)) for _ in range(2))
    row = features if isinstance(features, tuple) else (features,)
    return torch.randn(BATCHES, batch, *row), torch.randint(0, outputs, (BATCHES, batch))


def loss_of(output, targets):
    return functional.cross_entropy(output.flatten(0, -2), targets.flatten())


def measure(name, steps, warmup, watch, compiles):
    make, features, outputs, batch, optimizer, limit = WORKLOADS[name]
    torch.manual_seed(0)
    model = make()
    optimizer = optimizer(model.parameters())
    x, t = examples(features, outputs, batch)
    forward = lambda x, t: loss_of(model(x), t)  # noqa: E731
    if compiles:
        forward = torch.compile(forward)
    parameters = list(model.parameters())
    seconds, watched = [], {}
    for index in range(warmup + steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = forward(x[index % BATCHES], t[index % BATCHES])
        loss.backward()
        if watch:
            for key, parameter in model.named_parameters():
                watched[key] = parameter.grad.norm().item()
        if limit is None:
            norm = nn.utils.get_total_norm([parameter.grad for parameter in parameters])
        else:
            norm = nn.utils.clip_grad_norm_(parameters, limit)
        optimizer.step()
        last = loss.item(), norm.item()
        seconds.append(time.perf_counter() - start)
    return seconds[warmup:], last, optimizer


def main():
    parser = argparse.ArgumentParser(
        description=inspect.cleandoc(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", nargs="?", default="mlp-784-512-512-10", choices=WORKLOADS)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--watch", action="store_true", help="read every parameter's gradient norm")
    parser.add_argument("--compile", action="store_true", help="under torch.compile")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    seconds, (loss, norm), optimizer = measure(
        options.workload, options.steps, options.warmup, options.watch,
        options.compile)
    kind = type(optimizer).__name__.lower()
    print(json.dumps({
        "workload": options.workload, "secondsPerStep": statistics.median(seconds),
        "mean": statistics.fmean(seconds), "min": min(seconds), "steps": options.steps,
        "threads": options.threads, "watch": options.watch, "compile": options.compile,
        "peer": f"PyTorch {torch.__version__}",
        "optimizer": f"{kind}, fused" if optimizer.defaults.get("fused") else kind,
        "loss": loss, "gradientNorm": norm,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
