"""The loss of a constant is that of the rows that a trial sees."""

import math

import torch

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


def test_dropped_rows_are_no_part_of_it():
    trainer = engine(1e4)
    whole = trainer.describe()["constantLoss"]
    first, second, *_ = steps(trainer, [{"set": "bad-rows", "to": "drop"}])
    assert whole > 1e4
    assert 0.5 < first["constantLoss"] < 2
    assert "constantLoss" not in second


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
