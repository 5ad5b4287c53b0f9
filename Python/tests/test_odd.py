"""Trainings of odd forms: what is asked of them is answered, or refused in a sentence."""

from __future__ import annotations

import collections
import os
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import keel
from keel.engines.protocol import Refused
from keel.engines.pytorch.columns import Columns
from keel.engines.pytorch.engine import PyTorchEngine
from keel.engines.pytorch.parts import parts
from asked import needs_command

DRAWN = torch.Generator().manual_seed(0)
INPUTS = torch.randn(512, 8, generator=DRAWN)
TARGETS = INPUTS.square().sum(1, keepdim=True)


def data(seed: int) -> Any:
    return list(zip(INPUTS.split(32), TARGETS.split(32)))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1))


def loss(model: nn.Module, batch: Any) -> torch.Tensor:
    return F.mse_loss(model(batch[0]), batch[1])


def sgd(rate: float, **more: Any) -> Any:
    return lambda model: torch.optim.SGD(model.parameters(), lr=rate, **more)


def engine(**given: Any) -> PyTorchEngine:
    whole = {"model": mlp, "data": data, "loss": loss, "optimizer": sgd(0.01), "steps": 20, **given}
    return PyTorchEngine(**whole)


def trial(trainer: PyTorchEngine, *changes: Any, steps: int = 20) -> Any:
    request = {"id": 1, "seed": 1, "from": "start", "steps": steps, "changes": list(changes)}
    return list(trainer.trial(request))


# What is asked for


@pytest.mark.parametrize("name, thing", [
    ("model", nn.Linear(8, 1)), ("data", [1, 2]), ("optimizer", sgd(0.1)(mlp())), ("steps", 0),
    ("steps", -5), ("clip", 0), ("clip", {"value": 1.0}),
])
def test_what_was_not_asked_for_is_said(name: str, thing: Any) -> None:
    given = {"model": mlp, "data": data, "loss": loss, "optimizer": sgd(0.1), "steps": 20}
    with pytest.raises(keel.KeelError, match=f"keel: {name} is"):
        keel.cure(**{**given, name: thing}, progress=False)


def test_one_model_twice_is_refused() -> None:
    model = mlp()
    trainer = engine(model=lambda: model)
    with pytest.raises(TypeError, match="twice"):
        trainer.describe()


@pytest.mark.parametrize("optimizer, word", [
    (lambda model: torch.optim.LBFGS(model.parameters()), "LBFGS"),
    (lambda model: torch.optim.Adam(model.parameters(), maximize=True), "maximises"),
])
def test_optimizers_that_take_other_steps_are_refused(optimizer: Any, word: str) -> None:
    with pytest.raises(TypeError, match=word):
        engine(optimizer=optimizer).describe()


def test_a_loss_without_gradients_is_said() -> None:
    with pytest.raises(TypeError, match="no parameter had a part"):
        trial(engine(loss=lambda model, batch: loss(model, batch).detach()))


def test_a_score_that_is_no_number_is_said() -> None:
    with pytest.raises(TypeError, match="score"):
        trial(engine(score=lambda model: None))


# Optimizers


def test_the_largest_of_several_rates_decides() -> None:
    def two(model: nn.Module) -> Any:
        return torch.optim.SGD(
            [{"params": model[0].parameters(), "lr": 0.0}, {"params": model[2].parameters()}], lr=2.0)

    trainer = engine(optimizer=two)
    assert trainer.describe()["settings"]["learning-rate"] == 2.0
    own, lower = trial(trainer), trial(trainer, {"set": "learning-rate", "to": 1e-3})
    assert own[0]["learningRate"] == 2.0
    assert own[-1]["end"] == "non-finite" and lower[-1]["end"] == "ok"


def test_a_schedule_that_writes_its_own_rates_is_lowered() -> None:
    trainer = engine(
        optimizer=sgd(0.5, momentum=0.9), steps=60,
        schedule=lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=60))
    settings = trainer.describe()["settings"]
    assert settings["learning-rate"] == 0.5 and settings["momentum"] == 0.9
    assert max(settings["schedule-factors"]) == pytest.approx(1.0, abs=0.01)
    rates = [s["learningRate"] for s in trial(trainer, {"set": "learning-rate", "to": 0.005}, steps=60)
             if "step" in s]
    assert max(rates) == pytest.approx(0.005, rel=0.05)


def test_sparse_gradients_are_measured() -> None:
    rows = torch.randint(0, 50, (512, 4), generator=DRAWN)
    trainer = engine(
        model=lambda: nn.EmbeddingBag(50, 1, sparse=True, mode="sum"),
        data=lambda seed: list(zip(rows.split(32), TARGETS.split(32))),
        optimizer=lambda model: torch.optim.SparseAdam(list(model.parameters()), lr=0.1))
    trainer.describe()
    assert trial(trainer)[0]["gradientNorm"] > 0
    # What PyTorch cannot do with them is refused, and ends nothing.
    with pytest.raises(Refused):
        trial(trainer, {"set": "optimizer", "to": "adam"})


# Networks


def test_a_reset_that_asks_for_more_is_done_by_rule() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(8, 1))
            self.codes = nn.Parameter(torch.randint(0, 5, (4, 4)), requires_grad=False)
            self.reset_parameters(5.0)

        def reset_parameters(self, std: float) -> None:
            nn.init.normal_(self.weight, 0, std)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight

    weight = next(layer for layer in engine(model=Own).describe()["layers"] if layer["name"] == "weight")
    assert weight["resetRms"] < 1 < weight["rms"]


# Batches


def test_a_change_that_leaves_nothing_is_refused() -> None:
    def drifting(seed: int) -> Any:
        rows = INPUTS.clone()
        rows[10, 2] = 1e7
        if seed:
            rows[:, 1] = float("nan")
        return list(zip(rows.split(32), TARGETS.split(32)))

    with pytest.raises(Refused, match="nothing is left"):
        trial(engine(data=drifting), {"set": "bad-rows", "to": "drop"})


def test_batches_of_any_form_are_made_again() -> None:
    def odd(seed: int) -> Any:
        for x, y in data(seed):
            batch: Any = collections.defaultdict(list)
            batch["x"], batch["y"] = x, 500 * y
            yield batch

    trainer = engine(data=odd, loss=lambda model, batch: F.mse_loss(model(batch["x"]), batch["y"]))
    assert trial(trainer, {"standardize": "targets"})[0]["loss"] < 10


def test_inputs_inside_a_pair_are_found() -> None:
    inputs, targets = parts(((INPUTS,), TARGETS))
    assert inputs is INPUTS and targets is TARGETS


def test_bytes_of_pictures_have_a_scale() -> None:
    pictures = torch.randint(0, 256, (64, 3, 4, 4), generator=DRAWN, dtype=torch.uint8)
    labels = torch.randint(0, 2, (64,), generator=DRAWN)
    trainer = engine(
        model=lambda: nn.Sequential(nn.Flatten(), nn.Linear(48, 2)),
        data=lambda seed: list(zip(pictures.split(16), labels.split(16))),
        loss=lambda model, batch: F.cross_entropy(model(batch[0].float()), batch[1]))
    assert trainer.describe()["data"]["inputs"]["rms"] > 100
    assert trial(trainer, {"standardize": "inputs"})[0]["loss"] < 5


def test_large_data_are_measured_by_some_of_their_rows() -> None:
    rows = torch.randn(1 << 18, 64)
    columns = Columns.measured(lambda seed: [(rows, rows[:, :1])], 1)
    assert columns.inputs is not None and columns.inputs.rms == pytest.approx(1, abs=0.05)


# With the command


@needs_command
def test_more_than_a_thousand_open_files_are_no_matter() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        assert keel.diagnose(mlp, data, loss, sgd(0.01), steps=100, progress=False).outcome
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@needs_command
def test_a_critic_that_begins_at_zero_is_healthy() -> None:
    real = torch.randn(1024, 2, generator=DRAWN) * 0.5 + 2
    made = torch.randn(1024, 2, generator=DRAWN)

    def critic() -> nn.Module:
        model = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
        nn.init.zeros_(model[2].weight)
        nn.init.zeros_(model[2].bias)
        return model

    def wasserstein(model: nn.Module, batch: Any) -> torch.Tensor:
        good, bad = model(batch[0]), model(batch[1])
        return bad.mean() - good.mean() + 0.1 * (good ** 2 + bad ** 2).mean()

    result = keel.diagnose(
        critic, lambda seed: list(zip(real.split(64), made.split(64))), wasserstein,
        lambda model: torch.optim.Adam(model.parameters(), 1e-3), steps=400, progress=False)
    assert result.outcome == "healthy", result.page


@needs_command
def test_counts_are_not_brought_to_unit_size() -> None:
    counts = torch.poisson((INPUTS[:, :1] * 1.5 + 2).exp(), generator=DRAWN)

    def poisson(model: nn.Module, batch: Any) -> torch.Tensor:
        return (model(batch[0]).exp() - batch[1] * model(batch[0])).mean()

    result = keel.cure(
        mlp, lambda seed: list(zip((8 * INPUTS).split(32),
                                   counts.split(32))),
        poisson, sgd(0.05), steps=300, progress=False)
    assert not any("standardize" == change.path and change.after in ("both", "targets")
                   for change in result.changes), result.page


@needs_command
def test_a_page_fits_the_window_that_shows_it(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((60, 20)))
    result = keel.diagnose(mlp, data, loss, sgd(0.5, momentum=0.9), steps=100, progress=False)
    assert result.outcome == "exploding"
    assert max(len(line) for line in result.page.splitlines()) <= 60, result.page
