"""The loss of a constant is that of the rows that a trial sees."""

import math

import torch

from keel.engines.pytorch.changes import Plan
from keel.engines.pytorch.columns import Columns
from keel.engines.pytorch.engine import PyTorchEngine


def engine(spoil: float) -> PyTorchEngine:
    torch.manual_seed(0)
    inputs = torch.randn(128, 4)
    targets = inputs.sum(1, keepdim=True) / 2
    targets[5] *= spoil

    def data(seed):
        order = torch.randperm(128, generator=torch.Generator().manual_seed(seed))
        for first in range(0, 128, 16):
            yield inputs[order[first:first + 16]], targets[order[first:first + 16]]

    return PyTorchEngine(
        lambda: torch.nn.Linear(4, 1), data,
        lambda model, batch: torch.nn.functional.mse_loss(model(batch[0]), batch[1]),
        lambda model: torch.optim.SGD(model.parameters(), lr=0.01), steps=8)


def steps(trainer, changes):
    return list(trainer.trial({
        "id": 1, "seed": 3, "from": "start", "steps": 4, "changes": changes}))


def test_targets_far_outside_the_rest_are_no_part_of_it():
    trainer = engine(1e4)
    whole = trainer.describe()["constantLoss"]
    first, second, *_ = steps(trainer, [{"set": "bad-rows", "to": "drop"}])
    assert 0.5 < whole < 2 and 0.5 < first["constantLoss"] < 2
    assert "constantLoss" not in second


def test_nor_of_the_loss_that_is_told():
    """The gradient is that of all rows, and spoils the next step."""
    torch.manual_seed(0)
    told = steps(engine(1e4), [])
    spoilt = next(index for index, step in enumerate(told) if step.get("gradientNorm", 0) > 500)
    assert all(step["loss"] < 10 for step in told[:spoilt + 1])
    assert told[spoilt + 1]["loss"] > 20


def test_telling_it_leaves_a_network_as_it_was():
    plan = Plan([], Columns(batch=4, per_epoch=None, inputs=None, targets=None))
    plan.usual_rows = (torch.randn(4, 4),)
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    drawn = torch.get_rng_state()
    plan.told_loss(1.0, model, lambda model, batch: model(batch[0]).square().mean())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), drawn)


def test_standardized_targets_have_one_of_their_own():
    first = steps(engine(1), [{"standardize": "targets"}])[0]
    assert math.isclose(first["constantLoss"], 1, rel_tol=0.1)


def test_rows_as_they_are_have_the_description_s():
    assert "constantLoss" not in steps(engine(1), [])[0]


def test_measuring_it_changes_nothing_that_is_drawn():
    trainer = engine(1e4)
    change = [{"set": "bad-rows", "to": "drop"}]
    losses = [[step.get("loss") for step in steps(trainer, change)] for _ in range(2)]
    assert losses[0] == losses[1]


def test_a_rate_is_told_as_it_begins():
    """A cosine has brought it to nothing by the end."""
    trainer = engine(1)
    trainer.schedule = lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)
    settings = trainer.describe()["settings"]
    assert settings["learning-rate"] == 0.01 and settings["schedule-factors"][-1] < 0.1
