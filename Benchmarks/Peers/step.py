"""One training step in PyTorch eager, timed: the peer of Keel's benchmarks.

    python step.py [WORKLOAD] [--threads N] [--steps N] [--warmup N] [--watch]

A step is what somebody who watches loss and gradient norm does: zero the gradients, forward,
backward, clip by the global norm (or, where the workload does not clip, compute it), update, and
read both as Python numbers. --watch also reads the gradient norm of every parameter in every step.
Random data, made beforehand; float32. Prints one line of JSON, times in seconds.
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


class Sequences(nn.Module):
    """A recurrent layer over the rows, and the logits from its last state."""

    def __init__(self, layer, features, units, outputs):
        super().__init__()
        self.layer = layer(features, units, batch_first=True)
        self.output = nn.Linear(units, outputs)

    def forward(self, x):
        return self.output(self.layer(x)[0][:, -1])


# name: (model, features (or the shape of a row), outputs, batch, optimizer, clip)
WORKLOADS = {
    "mlp-784-512-512-10": (lambda: mlp([784, 512, 512, 10], nn.ReLU), 784, 10, 128, adam, 1.0),
    # 50 × (dense 64, tanh), then the 10 logits.
    "tanh-50x64": (lambda: mlp([64] * 51 + [10], nn.Tanh), 64, 10, 128, sgd, None),
    "cnn-32-64": (lambda: cnn(False), 784, 10, 64, adam, 1.0),
    "cnn-32-64-batch-norm": (lambda: cnn(True), 784, 10, 64, adam, 1.0),
    "mlp-2-16-16-1": (lambda: mlp([2, 16, 16, 1], nn.ReLU), 2, 1, 32, sgd, None),
    # 128 units over 100 steps of two numbers.
    "lstm-128": (lambda: Sequences(nn.LSTM, 2, 128, 10), (100, 2), 10, 64, adam, 1.0),
    "rnn-128": (lambda: Sequences(nn.RNN, 2, 128, 10), (100, 2), 10, 64, adam, 1.0),
}
BATCHES = 16


def examples(features, outputs, batch):
    row = features if isinstance(features, tuple) else (features,)
    x = torch.randn(BATCHES, batch, *row)
    if outputs == 1:
        return x, torch.randint(0, 2, (BATCHES, batch, 1)).float()
    return x, torch.randint(0, outputs, (BATCHES, batch))


def measure(name, steps, warmup, watch):
    make, features, outputs, batch, optimizer, limit = WORKLOADS[name]
    torch.manual_seed(0)
    model = make()
    optimizer = optimizer(model.parameters())
    x, t = examples(features, outputs, batch)
    loss_of = (functional.binary_cross_entropy_with_logits if outputs == 1
               else functional.cross_entropy)  # fmt: skip
    parameters = list(model.parameters())
    seconds, watched = [], {}
    for index in range(warmup + steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = loss_of(model(x[index % BATCHES]), t[index % BATCHES])
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
    parser.add_argument("--warmup", type=int, default=50)
    parser.add_argument("--watch", action="store_true", help="read every parameter's gradient norm")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    seconds, (loss, norm), optimizer = measure(
        options.workload, options.steps, options.warmup, options.watch)
    kind = type(optimizer).__name__.lower()
    print(json.dumps({
        "workload": options.workload, "secondsPerStep": statistics.median(seconds),
        "mean": statistics.fmean(seconds), "min": min(seconds), "steps": options.steps,
        "threads": options.threads, "watch": options.watch, "peer": f"PyTorch {torch.__version__}",
        "optimizer": f"{kind}, fused" if optimizer.defaults.get("fused") else kind,
        "loss": loss, "gradientNorm": norm,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
