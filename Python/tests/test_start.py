"""Trials that begin with a sound state of a training that failed late."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import keel
from keel.engines.pytorch.engine import PyTorchEngine
from keel.engines.pytorch.start import Start
from asked import needs_command

STEPS, LATE, ROWS = 600, 500, 256
DRAWN = torch.Generator().manual_seed(0)
INPUTS = torch.randn(ROWS, 8, generator=DRAWN)
TARGETS = INPUTS.sum(1, keepdim=True) / 3


def data(seed: int) -> Any:
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(seed % (1 << 62)))
    for first in range(0, ROWS, 32):
        yield INPUTS[order[first:first + 32]], TARGETS[order[first:first + 32]]


def build() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))


def loss(model: nn.Module, batch: Any) -> torch.Tensor:
    return F.mse_loss(model(batch[0]), batch[1])


def make(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)


def schedule(optimizer: Any) -> Any:
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 1.0 if step < LATE else 2000.0)


def watched(steps: int = STEPS, keep: Any = 50) -> Any:
    """A training up to its explosion, and the watch that kept its states."""
    torch.manual_seed(0)
    model = build()
    optimizer = make(model)
    moved = schedule(optimizer)
    stream = (batch for epoch in range(steps) for batch in data(epoch << 20))
    with keel.watch(model, optimizer, keep=keep) as watch:
        for _, batch in zip(range(steps), stream):
            optimizer.zero_grad()
            value = watch.loss(loss(model, batch))
            value.backward()
            optimizer.step()
            moved.step()
            if not math.isfinite(float(value.detach())):
                break
    return watch, model, optimizer


def engine(start: Any, **more: Any) -> PyTorchEngine:
    return PyTorchEngine(
        **{"model": build, "data": data, "loss": loss, "optimizer": make, "steps": STEPS,
           "schedule": schedule, "start": start, **more})


def trial(trainer: PyTorchEngine, begin: str, steps: int) -> Any:
    request = {"id": 1, "seed": 0, "from": begin, "steps": steps, "changes": []}
    return [answer for answer in trainer.trial(request) if "step" in answer]


def test_a_trial_goes_on_after_the_state() -> None:
    watch, _, _ = watched()
    trainer = engine(watch)
    told = trainer.describe()["snapshots"][0]
    assert 300 < told["step"] < LATE
    steps = trial(trainer, told["name"], 20)
    assert [step["step"] for step in steps] == list(range(told["step"] + 1, told["step"] + 21))
    assert steps[0]["loss"] < 0.1, "what was learnt is there"
    assert steps[0]["learningRate"] == pytest.approx(0.02)
    assert trial(trainer, told["name"], 20) == steps, "a trial leaves the state as it is"


def test_the_state_is_that_of_the_training_bit_for_bit() -> None:
    watch, _, _ = watched(steps=120)
    model = build()
    optimizer = make(model)
    start = Start.of(watch)
    start.restore(model, optimizer)
    watch.restore()
    for mine, own in zip(model.state_dict().values(), watch.model.state_dict().values()):
        assert torch.equal(mine, own)
    buffers = [state["momentum_buffer"] for state in optimizer.state.values()]
    assert buffers and all(bool(buffer.any()) for buffer in buffers)


def test_a_file_holds_the_same() -> None:
    watch, _, _ = watched(steps=120)
    path = watch.save()
    assert path.exists() and Start.of(str(path)).step == Start.of(watch).step
    saved, kept = Start.of(path).model, Start.of(watch).model
    assert all(torch.equal(saved[name], kept[name]) for name in kept)


@pytest.mark.parametrize("content", [b"no pickle at all", b"Id,name\n", b""])
def test_another_file_is_refused(tmp_path: Any, content: bytes) -> None:
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(keel.KeelError, match="watch.save"):
        Start.of(path)


def test_what_cannot_be_begun_with_is_said() -> None:
    watch, _, _ = watched(steps=120, keep=None)
    with pytest.raises(keel.KeelError, match="keep=N"):
        Start.of(watch)
    watch, _, _ = watched(steps=120)
    with pytest.raises(keel.KeelError, match="steps of the whole"):
        engine(watch, steps=20)
    other = engine(watch, model=lambda: nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 1)))
    with pytest.raises(keel.KeelError, match="that was watched"):
        other.describe()


@needs_command
def test_a_late_explosion_is_cured_from_there() -> None:
    watch, _, _ = watched()
    result = keel.cure(
        build, data, loss, make, steps=STEPS, schedule=schedule, start=watch, progress=False)
    assert result.outcome == "cured", result.page
    assert result.findings[0].cause == "growing-learning-rate"
    assert "from the state kept after" in result.page
