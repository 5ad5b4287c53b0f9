"""Which of a batch's tensors are inputs, and which are targets."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from keel.engines.protocol import Refused
from keel.engines.pytorch.engine import PyTorchEngine


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def forward(self, x, mask):
        return self.layer(x * mask)


def columns(rows, model, loss):
    return PyTorchEngine(
        model, lambda seed: [rows], loss,
        lambda model: torch.optim.SGD(model.parameters(), lr=0.01), steps=8)


def test_the_targets_are_what_the_network_is_not_given():
    rows = (torch.randn(64, 4), (torch.rand(64, 4) > 0.1).float(), 500 * torch.randn(64, 1))
    trainer = columns(rows, Both, lambda m, b: F.mse_loss(m(b[0], b[1]), b[2]))
    assert trainer.describe()["data"]["targets"]["rms"] > 300
    first = next(trainer.trial({
        "id": 1, "seed": 0, "from": "start", "steps": 1,
        "changes": [{"standardize": "targets"}]}))
    assert first["loss"] < 10


def test_weights_of_rows_come_after_the_targets():
    rows = (torch.randn(64, 4), 500 * torch.randn(64, 1), torch.rand(64, 1))
    trainer = columns(
        rows, lambda: nn.Linear(4, 1), lambda m, b: (b[2] * (m(b[0]) - b[1]).square()).mean())
    assert trainer.columns().place == 1


def test_truth_values_are_not_brought_to_unit_size():
    rows = (100 * torch.randn(64, 4), (torch.rand(64, 1) > 0.5).float())
    trainer = columns(
        rows, lambda: nn.Linear(4, 1), lambda m, b: F.binary_cross_entropy_with_logits(m(b[0]), b[1]))
    assert "targets" not in trainer.describe()["data"]
    request = {"id": 1, "seed": 0, "from": "start", "steps": 1}
    assert next(trainer.trial({**request, "changes": [{"standardize": "inputs"}]}))["loss"] < 10
    with pytest.raises(Refused):
        next(trainer.trial({**request, "changes": [{"standardize": "targets"}]}))
