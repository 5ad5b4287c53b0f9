"""Reference vectors of recurrent layers, computed in PyTorch. Writes recurrence.json.

    python make_recurrence.py        (torch 2.15; takes seconds)

Everything is computed in float64. Nothing random, and inputs are not stored: with
wave(p, k) = sin(1 + p + 0.7 k + 0.05 k²), element k (row-major, from 0) of

- weight_ih [gates·units, features] is 0.8 wave(0, k), weight_hh [gates·units, units]
  0.6 wave(1, k), bias_ih 0.3 wave(2, k), bias_hh 0.3 wave(3, k);
- the inputs [rows, time, features] is wave(4, k); the gradient handed to the output wave(5, k).

PyTorch has two biases. Keel's `bias` is their sum, but for the new gate of a GRU: there `bias` is
bias_ih's part and `recurrent-bias` bias_hh's.

`truncate: n` is PyTorch's usual truncated backpropagation: the sequence is cut into pieces of n
steps, the first being the shorter one, and the state is detached between them.

Linear and sigmoid recurrence, which `nn.RNN` does not have, are a loop over the same formula.
"""

import json
import pathlib

import torch
from torch import nn

ROWS, TIME, FEATURES, UNITS = 2, 5, 3, 4
GATES = {"recurrent": 1, "lstm": 4, "gru": 3}
CASES = [
    (kind, activation, output, truncate)
    for kind, activation in [("recurrent", "tanh"), ("recurrent", "relu"), ("recurrent", "linear"),
                             ("recurrent", "sigmoid"), ("lstm", None), ("gru", None)]
    for output in ["last", "sequence"]
    for truncate in [None, 1, 2, 3]
]  # fmt: skip
ACTIVATIONS = {"linear": lambda x: x, "sigmoid": torch.sigmoid}


def wave(p, *shape):
    k = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(1 + p + 0.7 * k + 0.05 * k * k).reshape(shape)


class Loop(nn.Module):
    """Plain recurrence with any activation, its parameters named as `nn.RNN`'s."""

    def __init__(self, activation):
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        for name, shape in [("weight_ih_l0", (UNITS, FEATURES)), ("weight_hh_l0", (UNITS, UNITS)),
                            ("bias_ih_l0", (UNITS,)), ("bias_hh_l0", (UNITS,))]:  # fmt: skip
            setattr(self, name, nn.Parameter(torch.zeros(shape, dtype=torch.float64)))

    def forward(self, x, state=None):
        h = torch.zeros(1, len(x), UNITS, dtype=x.dtype) if state is None else state
        states = []
        for step in range(x.shape[1]):
            h = self.activation(x[:, step] @ self.weight_ih_l0.T + self.bias_ih_l0
                                + h @ self.weight_hh_l0.T + self.bias_hh_l0)  # fmt: skip
            states.append(h[0])
        return torch.stack(states, 1), h


def layer(kind, activation):
    if kind == "lstm":
        return nn.LSTM(FEATURES, UNITS, batch_first=True)
    if kind == "gru":
        return nn.GRU(FEATURES, UNITS, batch_first=True)
    if activation in ACTIVATIONS:
        return Loop(activation)
    return nn.RNN(FEATURES, UNITS, batch_first=True, nonlinearity=activation)


def detached(state):
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


def run(module, x, truncate):
    first = TIME if truncate is None else (TIME % truncate or truncate)
    pieces, state = [], None
    start, end = 0, first
    while start < TIME:
        output, state = module(x[:, start:end], state)
        pieces.append(output)
        state = detached(state)
        start, end = end, end + (truncate or TIME)
    return torch.cat(pieces, 1)


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def case(kind, activation, output, truncate):
    rows = GATES[kind] * UNITS
    module = layer(kind, activation).double()
    with torch.no_grad():
        module.weight_ih_l0.copy_(0.8 * wave(0, rows, FEATURES))
        module.weight_hh_l0.copy_(0.6 * wave(1, rows, UNITS))
        module.bias_ih_l0.copy_(0.3 * wave(2, rows))
        module.bias_hh_l0.copy_(0.3 * wave(3, rows))
    x = wave(4, ROWS, TIME, FEATURES).requires_grad_()
    states = run(module, x, truncate)
    y = states if output == "sequence" else states[:, -1]
    y.backward(wave(5, *y.shape))
    gradients = {
        "input": x.grad, "weight": module.weight_ih_l0.grad,
        "recurrent-weight": module.weight_hh_l0.grad, "bias": module.bias_ih_l0.grad,
    }  # fmt: skip
    if kind == "gru":
        gradients["recurrent-bias"] = module.bias_hh_l0.grad[2 * UNITS:]
    return {
        "kind": kind, "activation": activation, "return": output, "truncate": truncate,
        "output": numbers(y), "gradients": {key: numbers(g) for key, g in gradients.items()},
    }  # fmt: skip


def main():
    cases = [case(*settings) for settings in CASES]
    text = {"rows": ROWS, "time": TIME, "features": FEATURES, "units": UNITS,
            "peer": f"PyTorch {torch.__version__.split('+')[0]}"}  # fmt: skip
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in cases)
    head = json.dumps(text)[:-1]
    path = pathlib.Path(__file__).with_name("recurrence.json")
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
