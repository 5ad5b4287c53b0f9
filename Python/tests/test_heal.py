import math

import pytest
import torch
from torch import nn

import keel


def net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))


def batches(count, bad=(), spoil=lambda x, y: (x * float("nan"), y), rows=64):
    generator = torch.Generator().manual_seed(2)
    for index in range(count):
        x = torch.randn(rows, 4, generator=generator)
        y = x.sum(1, keepdim=True)
        yield spoil(x, y) if index in bad else (x, y)


def train(model, optimizer, data, heal, schedule=None):
    losses = []
    for x, y in data:
        loss = heal.loss(nn.functional.mse_loss(model(x), y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if schedule is not None:
            schedule(len(losses), optimizer)
    return losses


def score(model):
    model.eval()
    x = torch.randn(256, 4, generator=torch.Generator().manual_seed(3))
    return nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).item()


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "rmsprop"])
def test_goes_on_after_a_bad_batch(kind, capfd):
    kinds = {
        "sgd": lambda p: torch.optim.SGD(p, 0.01, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, 0.01),
        "adamw": lambda p: torch.optim.AdamW(p, 0.01),
        "rmsprop": lambda p: torch.optim.RMSprop(p, 0.003),
    }
    model = net()
    optimizer = kinds[kind](model.parameters())
    with keel.heal(model, optimizer, every=10) as heal:
        train(model, optimizer, batches(300, bad={60}), heal)
    assert [r.remedy for r in heal.recoveries] == ["skip-batch"]
    assert 40 <= heal.recoveries[0].back_to < 60
    assert heal.recoveries[0].first.module == "input"
    assert score(model) < 0.2
    assert "back to the state after step" in capfd.readouterr().err


def test_goes_on_after_a_bad_row_that_is_finite():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    spoil = lambda x, y: (x, y * 1e12)  # noqa: E731
    with keel.heal(model, optimizer, every=10) as heal:
        train(model, optimizer, batches(300, bad={60}, spoil=spoil), heal)
    assert len(heal.recoveries) == 1
    assert score(model) < 0.2


def test_goes_on_after_a_jump_of_the_rate():
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.05)

    def jump(step, optimizer):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 if step < 80 else 50.0

    with keel.heal(model, optimizer, every=10) as heal:
        losses = train(model, optimizer, batches(600), heal, jump)
    assert [r.remedy for r in heal.recoveries] == ["skip-batch", "lower-rate 0.5"]
    assert optimizer.param_groups[0]["lr"] == 50.0, "a schedule keeps its own rates"
    assert losses[-1] < losses[70]


def test_sees_a_loss_that_leaves_for_good():
    divergence = keel.loops.healing.Divergence()
    assert not any(divergence.is_lost(i, 1.0, 256, 1.0) for i in range(10))
    assert not any(divergence.is_lost(i, 6.0, 256, 1.0) for i in range(10, 60))
    assert divergence.is_lost(60, 6.0, 256, 1.0) and divergence.left_at == 10
    divergence.begin_anew()
    assert divergence.is_lost(61, 2e4, 256, 1.0)


def test_bears_a_loss_that_comes_back():
    divergence = keel.loops.healing.Divergence()
    losses = [1.0] * 10 + [50.0] * 40 + [1.0] * 10
    assert not any(divergence.is_lost(i, v, 256, 1.0) for i, v in enumerate(losses))


def test_gives_up_after_three_times_and_leaves_a_sound_network():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    with pytest.raises(keel.Exploded), keel.heal(model, optimizer, every=10) as heal:
        train(model, optimizer, batches(300, bad=range(60, 300)), heal)
    remedies = [r.remedy for r in heal.recoveries]
    assert remedies == ["skip-batch", "lower-rate 0.5", "lower-rate 0.1"]
    assert math.isfinite(score(model))


def test_begins_mildly_again_where_explosions_are_far_apart():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    with keel.heal(model, optimizer, every=10) as heal:
        train(model, optimizer, batches(500, bad={50, 200, 400}), heal)
    assert [r.remedy for r in heal.recoveries] == ["skip-batch"] * 3


def test_can_go_back_to_the_start():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    with keel.heal(model, optimizer) as heal:
        train(model, optimizer, batches(100, bad={1}), heal)
    assert [r.back_to for r in heal.recoveries] == [-1]


def test_a_healthy_training_is_the_same_bit_for_bit():
    states = []
    for is_healed in (False, True):
        model = net()
        optimizer = torch.optim.Adam(model.parameters(), 0.01)
        heal = keel.heal(model, optimizer) if is_healed else None
        for x, y in batches(100):
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if heal is not None:
            heal.close()
        states.append(list(model.state_dict().values()))
    assert all(torch.equal(a, b) for a, b in zip(*states))


def test_takes_its_hooks_away():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    keel.heal(model, optimizer).close()
    assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_losses_around_zero_are_not_lost():
    """Of a policy whose advantages are normalised the first loss is next to nothing."""
    around = [1e-8] + [0.05 * math.sin(i / 7) for i in range(400)]
    divergence = keel.loops.healing.Divergence()
    assert not any(divergence.is_lost(i, loss, 16, 0.0) for i, loss in enumerate(around))


def test_a_loss_that_goes_below_zero_has_unlearnt_nothing():
    losses = [1.0] * 20 + [-3 + 0.01 * i for i in range(300)] + [1.2] * 100
    divergence = keel.loops.healing.Divergence()
    assert not any(divergence.is_lost(i, loss, 256, 1.0) for i, loss in enumerate(losses))


def test_bad_batches_are_passed_over_however_many_there_are():
    torch.manual_seed(0)
    inputs = torch.randn(480, 10)
    targets = inputs[:, :1] ** 2
    inputs[123, 7] = float("nan")
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    with keel.heal(model, optimizer) as heal:
        for _ in range(20):
            for rows in torch.randperm(480).split(16):
                loss = heal.loss(nn.functional.mse_loss(model(inputs[rows]), targets[rows]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(float(loss.detach()))
    assert len(heal.passed_over) == 20 and not heal.recoveries
    known = [loss for loss in losses if math.isfinite(loss)]
    assert sum(known[-20:]) < 0.5 * sum(known[:20])
    assert all(torch.isfinite(p).all() for p in model.parameters())
