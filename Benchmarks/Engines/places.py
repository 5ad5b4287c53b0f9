"""Networks on sequences, on images and on graphs."""
from __future__ import annotations

import random
from typing import Any, Callable, Dict

import torch
from torch import nn

ROWS, LENGTH, TOKENS, SIDE = 256, 8, 12, 8


# Rows

def walk(dice: random.Random, channels: int = 2) -> Any:
    """A weighted sum over time."""
    torch.manual_seed(dice.randrange(1 << 30))
    inputs = torch.randn(ROWS, LENGTH, channels)
    targets = (inputs * torch.linspace(0.3, 1, LENGTH).view(1, -1, 1)).sum((1, 2)).unsqueeze(1)
    return inputs, targets / targets.std()


def course(dice: random.Random) -> Any:
    """At every moment the mean of now and before."""
    torch.manual_seed(dice.randrange(1 << 30))
    inputs = torch.randn(ROWS, LENGTH, 2)
    before = torch.cat([torch.zeros(ROWS, 1, 2), inputs[:, :-1]], 1)
    return inputs, (inputs + before).mean(2, keepdim=True)


def topics(dice: random.Random) -> Any:
    """Which third of the tokens a row draws most of its own from."""
    torch.manual_seed(dice.randrange(1 << 30))
    labels = torch.randint(0, 3, (ROWS,))
    own = labels.unsqueeze(1) * 4 + torch.randint(0, 4, (ROWS, LENGTH))
    other = torch.randint(0, TOKENS, (ROWS, LENGTH))
    return torch.where(torch.rand(ROWS, LENGTH) < 0.7, own, other), labels


def text(dice: random.Random) -> Any:
    """Every token has one that follows it nine times in ten."""
    torch.manual_seed(dice.randrange(1 << 30))
    follows, tokens = torch.randperm(TOKENS), [torch.randint(0, TOKENS, (ROWS,))]
    for _ in range(LENGTH):
        stray = torch.randint(0, TOKENS, (ROWS,))
        tokens.append(torch.where(torch.rand(ROWS) < 0.9, follows[tokens[-1]], stray))
    rows = torch.stack(tokens, 1)
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


def pictures(dice: random.Random, channels: int = 1) -> Any:
    """In which quarter it is bright."""
    torch.manual_seed(dice.randrange(1 << 30))
    labels = torch.randint(0, 4, (ROWS,))
    images = 0.5 * torch.randn(ROWS, channels, SIDE, SIDE)
    half = SIDE // 2
    for row, label in enumerate(labels.tolist()):
        top, left = half * (label // 2), half * (label % 2)
        images[row, :, top:top + half, left:left + half] += 1.5
    return (images - images.mean()) / images.std(), labels


def squares(dice: random.Random) -> Any:
    """Which pixels belong to a square."""
    torch.manual_seed(dice.randrange(1 << 30))
    masks = torch.zeros(ROWS, 1, SIDE, SIDE)
    for row in range(ROWS):
        top, left = (int(v) for v in torch.randint(0, SIDE - 3, (2,)))
        masks[row, 0, top:top + 4, left:left + 4] = 1
    images = masks + 0.4 * torch.randn(ROWS, 1, SIDE, SIDE)
    return (images - images.mean()) / images.std(), masks


# Sequences

class Recurrent(nn.Module):
    def __init__(self, kind: type, layers: int, both: bool, width: int = 16, every: bool = False) -> None:
        super().__init__()
        self.cell = kind(2, width, num_layers=layers, bidirectional=both, batch_first=True)
        self.drop, self.head = nn.Dropout(0.0), nn.Linear(width * (2 if both else 1), 1)
        self.every = every

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = self.drop(self.cell(x)[0])
        return self.head(states if self.every else states[:, -1])


class Cell(nn.Module):
    """A recurrence written by hand."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.into, self.again = nn.Linear(2, width), nn.Linear(width, width, bias=False)
        nn.init.orthogonal_(self.again.weight, 0.9)
        self.act, self.head = nn.Tanh(), nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = torch.zeros(len(x), self.again.in_features)
        for moment in range(x.shape[1]):
            state = self.act(self.into(x[:, moment]) + self.again(state))
        return self.head(state)


class Encoder(nn.Module):
    def __init__(self, first: bool, width: int = 16) -> None:
        super().__init__()
        self.tokens = nn.Embedding(TOKENS, width)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        layer = nn.TransformerEncoderLayer(
            width, 2, 32, dropout=0.0, batch_first=True, norm_first=first)
        self.body = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(self.tokens(x) + self.places).mean(1))


class Decoder(nn.Module):
    """Like GPT; its last layer may be its first one."""

    def __init__(self, is_tied: bool, width: int = 16) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(TOKENS, width), nn.Embedding(LENGTH, width)
        for part in (self.tokens, self.places):
            nn.init.normal_(part.weight, std=0.3)
        self.one, self.two, self.last = (nn.LayerNorm(width) for _ in range(3))
        self.query, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.body = nn.Sequential(nn.Linear(width, 32), nn.GELU(), nn.Dropout(0.0),
                                  nn.Linear(32, width))
        self.head = nn.Linear(width, TOKENS, bias=False)
        if is_tied:
            self.head.weight = self.tokens.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = self.tokens(x) + self.places(torch.arange(x.shape[1]))
        parts = self.query(self.one(state)).chunk(3, -1)
        state = state + self.mix(nn.functional.scaled_dot_product_attention(*parts, is_causal=True))
        return self.head(self.last(state + self.body(self.two(state))))


class Bag(nn.Module):
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.bag, self.act = nn.EmbeddingBag(TOKENS, width), nn.ReLU()
        self.drop = nn.Dropout(0.0)
        self.into, self.head = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.drop(self.act(self.into(self.bag(x)))))


class Padded(nn.Module):
    """Attention that passes over the end of a row."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.tokens = nn.Embedding(TOKENS, width)
        self.look = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 3)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        state = self.tokens(x)
        seen = self.look(state, state, state, key_padding_mask=mask, need_weights=False)[0]
        kept = (~mask).unsqueeze(-1).float()
        return self.head((self.norm(state + seen) * kept).sum(1) / kept.sum(1))


class Causal(nn.Module):
    """Convolutions over time that do not look ahead."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.steps = nn.ModuleList(
            nn.Conv1d(2 if n == 0 else width, width, 3, dilation=2 ** n) for n in range(3))
        self.act, self.drop, self.head = nn.ReLU(), nn.Dropout(0.0), nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x.transpose(1, 2)
        for n, step in enumerate(self.steps):
            new = self.act(step(nn.functional.pad(state, (2 << n, 0))))
            state = new if n == 0 else state + new
        return self.head(self.drop(state.transpose(1, 2)))


def padded(dice: random.Random) -> Any:
    tokens, labels = topics(dice)
    lengths = torch.randint(LENGTH // 2, LENGTH + 1, (ROWS, 1))
    return Padded, (tokens, torch.arange(LENGTH) >= lengths, labels), "ce"


# Images and graphs

def convolution(norm: bool, channels: int = 8) -> nn.Module:
    middle = [nn.BatchNorm2d(channels)] if norm else []
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1), *middle, nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.0),
        nn.Linear(channels * (SIDE // 2) ** 2, 4))


class Blocks(nn.Module):
    """Residual, dense or squeezed blocks of convolutions."""

    def __init__(self, kind: str, width: int = 8) -> None:
        super().__init__()
        self.kind, self.act, self.drop = kind, nn.ReLU(), nn.Dropout(0.0)
        self.stem = nn.Conv2d(1, width, 3, stride=2, padding=1)
        sizes = [width * (n + 1 if kind == "dense" else 1) for n in range(3)]
        self.convs = nn.ModuleList(nn.Conv2d(s, width, 3, padding=1) for s in sizes[:2])
        self.norms = nn.ModuleList(nn.GroupNorm(2, width) for _ in range(2))
        self.gates = nn.ModuleList(nn.Linear(width, width) for _ in range(2 if kind == "squeeze" else 0))
        self.head = nn.Linear(sizes[-1] * (SIDE // 2) ** 2, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.stem(x))
        for n, conv in enumerate(self.convs):
            new = self.act(self.norms[n](conv(x)))
            if self.kind == "squeeze":
                new = new * torch.sigmoid(self.gates[n](new.mean((2, 3))))[:, :, None, None]
            x = torch.cat([x, new], 1) if self.kind == "dense" else x + new
        return self.head(self.drop(x.flatten(1)))


class UNet(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.into, self.down = (nn.Conv2d(n, width, 3, padding=1) for n in (1, width))
        self.up, self.out = nn.ConvTranspose2d(width, width, 2, 2), nn.Conv2d(2 * width, 1, 3, padding=1)
        self.act, self.pool = nn.ReLU(), nn.MaxPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.act(self.into(x))
        coarse = self.act(self.down(self.pool(fine)))
        return self.out(torch.cat([fine, self.act(self.up(coarse))], 1))


class Graph(nn.Module):
    """Messages of neighbours on a ring with chords; each row has its own features."""

    def __init__(self, nodes: int = LENGTH, width: int = 16) -> None:
        super().__init__()
        links = torch.eye(nodes) + torch.eye(nodes).roll(1, 0) + torch.eye(nodes).roll(-1, 0)
        self.register_buffer("links", links / links.sum(1, keepdim=True))
        self.own, self.sent = (nn.ModuleList(nn.Linear(n, width) for n in (2, width)) for _ in "ab")
        self.act, self.head = nn.ReLU(), nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for own, sent in zip(self.own, self.sent):
            x = self.act(own(x) + self.links @ sent(x))
        return self.head(x)


def patches(dice: random.Random) -> Any:
    """Patches of an image, mixed by turns over places and over channels."""
    width = 16

    class Mixer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cut = nn.Conv2d(1, width, 2, 2)
            self.place, self.channel = nn.Linear(16, 16), nn.Linear(width, width)
            self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
            self.act, self.head = nn.GELU(), nn.Linear(width * 16, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.cut(x).flatten(2).transpose(1, 2)
            x = x + self.act(self.place(self.norms[0](x).transpose(1, 2))).transpose(1, 2)
            return self.head((x + self.act(self.channel(self.norms[1](x)))).flatten(1))

    return Mixer, pictures(dice), "ce"


FAMILIES: Dict[str, Callable[[random.Random], Any]] = {
    "rnn": lambda d: (lambda: Recurrent(nn.RNN, 2, False), walk(d), "mse"),
    "rnn-both": lambda d: (lambda: Recurrent(nn.RNN, 1, True, every=True), course(d), "mse"),
    "lstm": lambda d: (lambda: Recurrent(nn.LSTM, 2, False), walk(d), "mse"),
    "lstm-both": lambda d: (lambda: Recurrent(nn.LSTM, 2, True, every=True), course(d), "mse"),
    "gru": lambda d: (lambda: Recurrent(nn.GRU, 2, False), walk(d), "mse"),
    "gru-both": lambda d: (lambda: Recurrent(nn.GRU, 1, True, every=True), course(d), "mse"),
    "cell": lambda d: (Cell, walk(d), "mse"),
    "encoder": lambda d: (lambda: Encoder(False), topics(d), "ce"),
    "encoder-pre-norm": lambda d: (lambda: Encoder(True), topics(d), "ce"),
    "decoder": lambda d: (lambda: Decoder(False), text(d), "ce"),
    "decoder-tied": lambda d: (lambda: Decoder(True), text(d), "ce"),
    "bag": lambda d: (Bag, topics(d), "ce"),
    "padded": padded,
    "causal": lambda d: (Causal, course(d), "mse"),
    "convolution": lambda d: (lambda: convolution(False), pictures(d), "ce"),
    "convolution-norm": lambda d: (lambda: convolution(True), pictures(d), "ce"),
    "residual-blocks": lambda d: (lambda: Blocks("residual"), pictures(d), "ce"),
    "dense-blocks": lambda d: (lambda: Blocks("dense"), pictures(d), "ce"),
    "squeeze-blocks": lambda d: (lambda: Blocks("squeeze"), pictures(d), "ce"),
    "u-net": lambda d: (UNet, squares(d), "bce"),
    "graph": lambda d: (Graph, course(d), "mse"),
    "mixer": patches,
}
