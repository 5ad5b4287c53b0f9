"""How large weights begin, and what they are held against."""

import torch
from torch import nn

from keel.engines.pytorch.engine import PyTorchEngine


def sizes(model):
    engine = PyTorchEngine(
        model, lambda seed: [(torch.zeros(4, 2), torch.zeros(4, 1))],
        lambda model, batch: torch.nn.functional.mse_loss(model(batch[0]), batch[1]),
        lambda model: torch.optim.SGD(model.parameters(), lr=0.01), steps=8)
    return {layer["name"]: layer for layer in engine.describe()["layers"]}


def test_a_bias_of_one_number_is_not_held_against_another_draw_of_it():
    for seed in range(50):
        torch.manual_seed(seed)
        bias = sizes(lambda: nn.Linear(64, 1))["bias"]
        assert bias["rms"] / bias["resetRms"] < 2.5


def test_a_large_bias_is_seen():
    def model():
        layer = nn.Linear(64, 1)
        nn.init.constant_(layer.bias, 5)
        return layer

    bias = sizes(model)["bias"]
    assert bias["rms"] / bias["resetRms"] > 20


def test_a_small_embedding_is_sound_and_a_large_one_is_not():
    def model(std):
        layer = nn.Embedding(10, 8)
        nn.init.normal_(layer.weight, std=std)
        return layer

    assert "rms" not in sizes(lambda: nn.Sequential(model(0.02), nn.Linear(8, 1)))["0.weight"]
    large = sizes(lambda: nn.Sequential(model(20), nn.Linear(8, 1)))["0.weight"]
    assert large["rms"] / large["resetRms"] > 10
