"""What `keel.watch` costs a step, on seven PyTorch workloads.

    PYTHONPATH=Python python Benchmarks/Watch/watch.py [WORKLOAD …] [--pairs N] [--processes N]
        [--threads N] [--look outputs|again] [--every N] [--heal]

Two trainings that are alike take steps in turn, one of them watched; the order changes from pair to
pair. So it goes in several processes one after another: how memory happens to lie in one makes a
step of either cheaper or dearer by some hundredths. A step is what a loop does: zero the gradients,
forward, backward, clip, update, and read the loss. A row has the median step without, the median of
the pairs' ratios, its quarters, the ratio of the processor's time for all steps together (with those
that measure weights or write lines), and the median of the pairs' differences. The bar is a ratio of
1.05 where a step takes 5 ms, else 100 µs.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

import keel

WARM_UP = 10


class Residual(nn.Module):
    """Blocks of two convolutions with batch normalisation and a way around."""

    def __init__(self, channels=32, blocks=4):
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.ModuleList(self.block(channels) for _ in range(blocks))
        self.last = nn.Linear(channels, 10)

    @staticmethod
    def block(channels):
        return nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
            nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = functional.relu(x + block(x))
        return self.last(x.mean((2, 3)))


class Recurrent(nn.Module):
    """An LSTM, and logits from its last state."""

    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(8, 128, batch_first=True)
        self.output = nn.Linear(128, 10)

    def forward(self, x):
        return self.output(self.layer(x)[0][:, -1])


class Encoder(nn.Module):
    """Two layers of a transformer encoder over numbers."""

    def __init__(self):
        super().__init__()
        self.input = nn.Linear(16, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 256, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.output = nn.Linear(128, 10)

    def forward(self, x):
        return self.output(self.layers(self.input(x)).mean(1))


class Block(nn.Module):
    """Attention that looks back only, and a feed-forward part."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.act = nn.Linear(width, 4 * width), nn.GELU()
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.project(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(self.act(self.up(self.norm2(x))))


class Language(nn.Module):
    """A GPT of four blocks."""

    def __init__(self, width=128, length=64, words=256):
        super().__init__()
        self.word, self.place = nn.Embedding(words, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, 4) for _ in range(4))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)

    def forward(self, tokens):
        x = self.word(tokens) + self.place(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)).transpose(1, 2)


def mlp():
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )


def small():
    return nn.Sequential(
        nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)
    )


def conv():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(7 * 7 * 64, 10),
    )


def autoencoder():
    return nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 32), nn.Linear(32, 256), nn.ReLU(),
        nn.Linear(256, 784), nn.Sigmoid(),
    )


def classes(*shape, count=10):
    return lambda: (torch.randn(*shape), torch.randint(count, (shape[0],)))


def same():
    x = torch.rand(128, 784)
    return x, x


def words():
    tokens = torch.randint(256, (16, 65))
    return tokens[:, :-1], tokens[:, 1:]


# name: (model, a batch, loss)
WORKLOADS = {
    "mlp": (mlp, classes(128, 784), functional.cross_entropy),
    "conv": (conv, classes(32, 1, 28, 28), functional.cross_entropy),
    "residual": (Residual, classes(16, 3, 16, 16), functional.cross_entropy),
    "lstm": (Recurrent, classes(32, 50, 8), functional.cross_entropy),
    "encoder": (Encoder, classes(16, 32, 16), functional.cross_entropy),
    "gpt": (Language, words, functional.cross_entropy),
    "autoencoder": (autoencoder, same, functional.mse_loss),
    # Beyond the seven: a step of less than a millisecond.
    "small": (small, lambda: (torch.randn(32, 2), torch.randn(32, 1)), functional.mse_loss),
}


def training(build, batches, loss, watcher=None):
    """A function that takes a step, and one that ends it."""
    torch.manual_seed(0)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    watch = watcher(model, optimizer) if watcher else None

    def step(index):
        x, y = batches[index % len(batches)]
        optimizer.zero_grad()
        value = loss(model(x), y)
        if watch is not None:
            watch.loss(value)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return value.item()

    return step, (watch.close if watch else lambda: None)


def timed(step, index):
    """Seconds that went by, and those of the processor."""
    start, busy = time.perf_counter(), time.process_time()
    step(index)
    return time.perf_counter() - start, time.process_time() - busy


def measure(name, options, index):
    """The seconds of every pair: alone, watched, and both of the processor."""
    torch.set_num_threads(options.threads)
    build, draw, loss = WORKLOADS[name]
    torch.manual_seed(1)
    batches = [draw() for _ in range(8)]
    with tempfile.TemporaryDirectory() as folder:
        def watcher(model, optimizer):
            path = Path(folder) / "run.jsonl"
            if options.heal:
                return keel.heal(model, optimizer, path=path)
            return keel.watch(model, optimizer, path=path, look=options.look, every=options.every)

        kinds = [None, watcher] if index % 2 else [watcher, None]
        made = {kind: training(build, batches, loss, kind) for kind in kinds}
        (plain, _), (watched, close) = made[None], made[watcher]
        pairs = []
        for pair in range(options.pairs + WARM_UP):
            if pair % 2:
                with_it, alone = timed(watched, pair), timed(plain, pair)
            else:
                alone, with_it = timed(plain, pair), timed(watched, pair)
            pairs.append((alone[0], with_it[0], alone[1], with_it[1]))
        close()
    return pairs[WARM_UP:]


def report(name, pairs):
    step = statistics.median(alone for alone, *_ in pairs)
    ratios = [with_it / alone for alone, with_it, *_ in pairs]
    extra = statistics.median(with_it - alone for alone, with_it, *_ in pairs)
    ratio, (low, _, high) = statistics.median(ratios), statistics.quantiles(ratios, n=4)
    busy = sum(pair[3] for pair in pairs) / sum(pair[2] for pair in pairs)
    holds = ratio <= 1.05 if step >= 0.005 else extra <= 100e-6
    print(
        f"| {name} | {step * 1e3:.2f} ms | {ratio:.3f} | {low:.3f}–{high:.3f} | {busy:.3f} | "
        f"{extra * 1e6:.0f} µs | {'yes' if holds else 'no'} |", flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    parser.add_argument("--pairs", type=int, default=80)
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--look", default="outputs")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--heal", action="store_true")
    options = parser.parse_args()
    print("| workload | step | ratio | quarters | all steps | more | holds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in options.workloads or WORKLOADS:
            rounds = [(name, options, index) for index in range(options.processes)]
            found = pool.starmap(measure, rounds, chunksize=1)
            report(name, [pair for pairs in found for pair in pairs])


if __name__ == "__main__":
    main()
