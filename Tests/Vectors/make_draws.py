"""What PyTorch draws for layers that nobody initialises, as moments. Writes draws.json.

    python make_draws.py        (torch 2.13; takes seconds)

For each layer, made 40 times: root mean square and largest magnitude of each parameter over all of them.
Parameters of recurrent layers and of attention are named as Keel's are.
"""

import json
import pathlib

import torch
from torch import nn

LAYERS = {
    "dense": (lambda: nn.Linear(50, 40), {"weight": "weight", "bias": "bias"}),
    "conv2d": (lambda: nn.Conv2d(3, 16, 5), {"weight": "weight", "bias": "bias"}),
    "recurrent": (lambda: nn.RNN(7, 36), {"weight_ih_l0": "weight", "weight_hh_l0": "recurrent-weight"}),
    "lstm": (lambda: nn.LSTM(7, 36), {"weight_ih_l0": "weight", "weight_hh_l0": "recurrent-weight"}),
    "gru": (lambda: nn.GRU(7, 36), {"weight_ih_l0": "weight", "weight_hh_l0": "recurrent-weight"}),
    "embedding": (lambda: nn.Embedding(60, 24), {"weight": "weight"}),
    "attention": (lambda: nn.MultiheadAttention(32, 4), {
        "in_proj_weight": "weight", "in_proj_bias": "bias",
        "out_proj.weight": "output-weight", "out_proj.bias": "output-bias"}),
}


def main():
    torch.manual_seed(0)
    draws = []
    for kind, (make, names) in LAYERS.items():
        layers = [dict(make().named_parameters()) for _ in range(40)]
        for theirs, ours in names.items():
            values = torch.cat([layer[theirs].detach().double().flatten() for layer in layers])
            draws.append({
                "layer": kind, "parameter": ours, "rms": values.square().mean().sqrt().item(),
                "largest": values.abs().max().item(),
            })
    path = pathlib.Path(__file__).with_name("draws.json")
    path.write_text(json.dumps(draws, indent=1) + "\n")


main()
