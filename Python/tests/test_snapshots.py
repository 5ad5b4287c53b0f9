"""A trial goes on from a state, whether the state is still there or not."""

import pytest
import torch
from torch import nn

from keel.engines.pytorch import engine as pytorch
from keel.engines.protocol import Refused


def engine():
    torch.manual_seed(0)
    inputs = torch.randn(64, 4)
    targets = inputs.sum(1, keepdim=True)

    def data(seed):
        order = torch.randperm(64, generator=torch.Generator().manual_seed(seed))
        for first in range(0, 64, 16):
            yield inputs[order[first:first + 16]], targets[order[first:first + 16]]

    return pytorch.PyTorchEngine(
        lambda: nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1)), data,
        lambda model, batch: nn.functional.mse_loss(model(batch[0]), batch[1]),
        lambda model: torch.optim.Adam(model.parameters(), lr=0.01), steps=20)


def trial(trainer, name, begin, steps, keep=()):
    return list(trainer.trial({
        "id": name, "seed": 3, "from": begin, "steps": steps, "changes": [], "keep": list(keep)}))


def test_what_is_forgotten_is_trained_anew(monkeypatch):
    trainer = engine()
    whole = trial(trainer, 1, "start", 20)
    monkeypatch.setattr(pytorch, "_MOST_SNAPSHOTS", 1)
    trial(trainer, 2, "start", 8, keep=[7])
    kept = trial(trainer, 3, "2-7", 12)
    trial(trainer, 4, "start", 5, keep=[4])
    anew = trial(trainer, 5, "2-7", 12)
    assert kept == anew == whole[8:]


def test_large_states_are_forgotten_first_but_for_the_latest(monkeypatch):
    trainer = engine()
    monkeypatch.setattr(pytorch, "_MOST_BYTES", 1)
    for name in range(3):
        trial(trainer, name, "start", 4, keep=[3])
    assert list(trainer._snapshots) == ["2-3"]


def test_what_never_was_is_refused():
    with pytest.raises(Refused):
        trial(engine(), 1, "7-7", 4)
