"""Modules that go wrong when they are told to, and networks that have one in them."""

from collections import namedtuple
from dataclasses import dataclass

import torch
from torch import nn

Pair = namedtuple("Pair", "hidden other")
NAN, INF = float("nan"), float("inf")


@dataclass
class Output:
    hidden: torch.Tensor
    length: int = 0


class Slots:
    __slots__ = ("hidden",)

    def __init__(self, hidden):
        self.hidden = hidden


class Plant(nn.Module):
    """Gives its input, and once something that is not finite."""

    value, is_on = NAN, False

    def forward(self, x):
        if not self.is_on:
            return x * 1.0
        x = x * 1.0
        x.view(-1)[x.numel() // 2] = self.value
        return x


class InPlace(Plant):
    """Changes what it is given."""

    def forward(self, x):
        if self.is_on:
            with torch.no_grad():
                x.view(-1)[0] = self.value
        return x


class Backward(Plant):
    """Is the identity; what it hands back is not finite."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(context, x, value):
            context.value = value
            return x.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient * context.value, None

    def forward(self, x):
        return self.Function.apply(x, self.value if self.is_on else 1.0)


class Structured(Plant):
    """Gives something that has its tensor in it."""

    def __init__(self, wrap):
        super().__init__()
        self.wrap = wrap

    def forward(self, x):
        return self.wrap(super().forward(x))


class Unwrap(nn.Module):
    """Takes the tensor out again."""

    def __init__(self, unwrap):
        super().__init__()
        self.unwrap = unwrap

    def forward(self, x):
        return self.unwrap(x)


WRAPS = {
    "tuple": (lambda x: (x, torch.arange(3)), lambda x: x[0]),
    "dict": (lambda x: {"count": torch.tensor(3), "x": x}, lambda x: x["x"]),
    "list": (lambda x: [torch.arange(3), [x]], lambda x: x[1][0]),
    "namedtuple": (lambda x: Pair(x, torch.arange(3)), lambda x: x.hidden),
    "dataclass": (Output, lambda x: x.hidden),
    "slots": (Slots, lambda x: x.hidden),
}


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(8, 12, batch_first=True)

    def forward(self, x):
        # Not every processor has it in half precision.
        with torch.autocast("cpu", enabled=False):
            return self.layer(x)[0][:, -1] * 1.0


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(x)))


# name: what comes before the plant, and the shape of a row.
BEFORE = {
    "dense": (lambda: nn.Linear(8, 12), (8,)),
    "conv": (lambda: nn.Sequential(nn.Conv1d(2, 3, 3, padding=1), nn.ReLU(inplace=True),
                                   nn.Flatten(), nn.Linear(24, 12)), (2, 8)),
    "norm": (lambda: nn.Sequential(nn.Linear(8, 12), nn.BatchNorm1d(12)), (8,)),
    "dropout": (lambda: nn.Sequential(nn.Linear(8, 12), nn.LayerNorm(12), nn.Dropout(0.2)), (8,)),
    "lstm": (Recurrent, (5, 8)),
    "residual": (lambda: nn.Sequential(Residual(), nn.Linear(8, 12)), (8,)),
    "attention": (lambda: nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
                                        nn.Flatten(), nn.Linear(40, 12)), (5, 8)),
}


class Net(nn.Module):
    """Something, the plant, and a dense layer."""

    def __init__(self, before, plant, unwrap=None):
        super().__init__()
        self.before = BEFORE[before][0]()
        self.shape = BEFORE[before][1]
        self.plant = plant
        self.unwrap = Unwrap(unwrap) if unwrap else nn.Identity()
        self.after = nn.Sequential(nn.Linear(12, 6), nn.LeakyReLU(), nn.Linear(6, 2))

    def forward(self, x):
        return self.after(self.unwrap(self.plant(self.before(x))))

    def batch(self, rows=16):
        return torch.randn(rows, *self.shape)
