import copy
import json
import math
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from plants import BEFORE, INF, NAN, WRAPS, Backward, InPlace, Net, Plant, Structured
from torch import nn

import keel


def fit(net, steps=6, bad=3, autocast=False, on_update=None, model=None, **options):
    """Trains, with the plant on in one step; the watch, closed."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    model = net if model is None else model
    scaler = torch.amp.GradScaler("cpu", enabled=autocast, init_scale=2.0**10)
    with keel.watch(model, optimizer, **options) as watch:
        for step in range(steps):
            net.plant.is_on = step == bad and on_update is None
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = watch.loss(model(net.batch()).float().square().mean())
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            if on_update is not None and step == bad:
                with torch.no_grad():
                    on_update(net)
    return watch


FORWARD = [
    (before, plant, value, autocast)
    for before in BEFORE for plant in (Plant, InPlace) for value in (NAN, INF)
    for autocast in (False, True)
]


@pytest.mark.parametrize("before, plant, value, autocast", FORWARD)
def test_names_the_module_that_made_it(before, plant, value, autocast, capfd):
    made = plant()
    made.value = value
    watch = fit(Net(before, made), autocast=autocast)
    assert (watch.first.module, watch.first.during, watch.first.step) == ("plant", "forward", 3)
    assert watch.first.kind == ("overflow" if value == INF else "invalid")
    assert capfd.readouterr().err.count("keel:") == 1


@pytest.mark.parametrize("name", WRAPS)
@pytest.mark.parametrize("value", [NAN, INF])
def test_looks_into_structured_outputs(name, value):
    wrap, unwrap = WRAPS[name]
    made = Structured(wrap)
    made.value = value
    assert fit(Net("dense", made, unwrap)).first.module == "plant"


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("value", [NAN, INF])
def test_names_the_module_whose_pass_back_made_it(before, value):
    made = Backward()
    made.value = value
    first = fit(Net(before, made)).first
    assert (first.module, first.during, first.step) == ("plant", "backward", 3)


def test_leaves_overflowing_gradients_to_a_scaler():
    watch = fit(Net("dense", Backward()), autocast=True)
    assert watch.first is None and watch.skipped == 1


@pytest.mark.parametrize("zero", ["before", "after"])
@pytest.mark.parametrize("bad", [3, 5])
@pytest.mark.parametrize("is_fused", [False, True])
@pytest.mark.parametrize("passes", [1, 2])
def test_a_step_that_a_scaler_leaves_out_is_no_explosion(zero, bad, is_fused, passes, capfd):
    net = Net("dense", Backward())
    net.plant.value = INF
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=is_fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    with keel.watch(net, optimizer) as watch:
        for step in range(6):
            if zero == "before":
                optimizer.zero_grad()
            for part in range(passes):
                net.plant.is_on = step == bad and part == 0
                loss = watch.loss(net(net.batch()).square().mean())
                if zero == "after" and part == 0:
                    optimizer.zero_grad()
                scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
    assert watch.first is None and watch.skipped == 1 and not capfd.readouterr().err
    lines = [json.loads(line) for line in watch.path.read_text().splitlines()][1:]
    assert [line["step"] for line in lines if line.get("skipped") == "scaler"] == [bad]
    # An optimizer that is called with what the scaler found counts the step.
    assert [line["step"] for line in steps_of(watch)] == list(range(6 if is_fused else 5))
    norms = [line["gradientNorm"] for line in steps_of(watch) if "skipped" not in line]
    assert all(norm < 100 for norm in norms), "without the scaler's factor"


def test_a_loss_that_explodes_under_a_scaler_is_told():
    net = Net("dense", Plant())
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    with keel.watch(net, optimizer) as watch:
        for step in range(6):
            net.plant.is_on = step == 3
            optimizer.zero_grad()
            scaler.scale(watch.loss(net(net.batch()).square().mean())).backward()
            scaler.step(optimizer)
            scaler.update()
    assert (watch.first.module, watch.first.step) == ("plant", 3)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("value", [NAN, INF])
def test_names_the_parameter_that_an_update_made(before, value):
    name = "before." + [n for n, _ in BEFORE[before][0]().named_parameters()][0]
    name = name if before != "dense" else "after.2.bias"

    def spoil(net):
        net.get_parameter(name).view(-1)[1] = value

    first = fit(Net(before, Plant()), on_update=spoil).first
    assert (first.module, first.during, first.step) == (name, "update", 3)


@pytest.mark.parametrize("width", [8, 300])
def test_names_the_parameter_whose_infinity_no_gradient_shows(width):
    net = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    with keel.watch(net, optimizer) as watch:
        for step in range(20):
            optimizer.zero_grad()
            watch.loss(net(torch.randn(4, width)).square().mean()).backward()
            optimizer.step()
            if step == 3:
                with torch.no_grad():
                    net[0].weight[0, 0] = INF
    # A large network's weights are all looked at in every tenth step.
    assert (watch.first.module, watch.first.during) == ("0.weight", "update")
    assert watch.first.step == (3 if width == 8 else 9)


@pytest.mark.parametrize("bad", [5])
def test_sees_the_last_update_when_it_is_closed(bad):
    def spoil(net):
        net.after[0].weight[0, 0] = NAN

    assert fit(Net("dense", Plant()), bad=bad, on_update=spoil).first.step == 5


def test_names_an_input_that_was_bad_before():
    net = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with keel.watch(net, optimizer) as watch:
        net(torch.full((2, 3), NAN)).sum().backward()
        optimizer.step()
    assert watch.first.module == "input"


def test_masks_of_minus_infinity_are_meant_so():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    net = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    with keel.watch(net, optimizer) as watch:
        for step in range(4):
            if step == 2:
                net.layers[1].linear1.register_forward_hook(lambda m, a, o: o * NAN)
            net(torch.randn(4, 5, 8), mask).square().mean().backward()
            optimizer.step()
    assert watch.first.module.startswith("layers.1")


@pytest.mark.parametrize("kind", ["wrapped", "in place", "within"])
def test_works_when_compiled(kind):
    net = Net("dense", Plant())
    model = net
    if kind == "wrapped":
        model = torch.compile(net, backend="eager")
    elif kind == "in place":
        net.compile(backend="eager")
    else:
        net.plant = torch.compile(net.plant, backend="eager")
    first = fit(net, model=model).first
    assert first.module.startswith("plant") and first.during == "forward"


def test_says_so_where_a_function_is_compiled(capfd):
    net = Net("dense", Plant())
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    run = torch.compile(lambda x: net(x).square().mean(), backend="eager")
    with keel.watch(net, optimizer) as watch:
        for step in range(4):
            net.plant.is_on = step == 2
            watch.loss(run(net.batch())).backward()
            optimizer.step()
    assert watch.first is not None
    assert "compiled function" in capfd.readouterr().err


def test_looks_again_without_keeping_outputs():
    assert fit(Net("dropout", Plant()), look="again").first.module == "plant"


def test_raises_before_the_step_is_taken():
    net = Net("dense", Plant())
    with pytest.raises(keel.Exploded) as caught:
        fit(net, on_explosion="raise")
    assert caught.value.first.module == "plant"
    assert all(bool(torch.isfinite(p).all()) for p in net.parameters())


def test_takes_its_hooks_away():
    net = Net("attention", Plant())
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with pytest.raises(ZeroDivisionError), keel.watch(net, optimizer):
        assert net._forward_hooks and optimizer._optimizer_step_pre_hooks
        1 / 0
    for module in net.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks
        assert not module._backward_hooks
    assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks


def test_a_copy_of_the_network_is_not_watched():
    net = Net("dense", Plant())
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with keel.watch(net, optimizer) as watch:
        copies = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
        for other in copies:
            other.plant.is_on = True
            other(net.batch()).sum().backward()
        net(net.batch()).sum().backward()
        optimizer.step()
    assert watch.first is None and watch.step_index == 1


def test_lines_are_a_trials():
    net = Net("dense", Plant())
    watch = fit(net, bad=4, weights_every=1)
    lines = [json.loads(line) for line in watch.path.read_text().splitlines()][1:]
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == list(range(6))
    for line in steps[:4]:
        assert math.isfinite(line["loss"]) and line["gradientNorm"] > 0
        assert set(line["layers"]) == {n for n, _ in net.named_parameters()}
        assert all(set(m) == {"gradient", "weight", "update"} for m in line["layers"].values())
    assert steps[4]["loss"] == "NaN"
    assert lines[-1]["end"] == "non-finite" and lines[-1]["first"]["module"] == "plant"


def steps_of(watch):
    lines = [json.loads(line) for line in watch.path.read_text().splitlines()][1:]
    return [line for line in lines if "loss" in line]


def test_weights_and_updates_are_measured_in_some_steps():
    made = Backward()
    watch = fit(Net("dense", made), steps=9, bad=8, weights_every=3)
    kinds = [set(next(iter(line["layers"].values()))) for line in steps_of(watch)]
    whole, usual = {"gradient", "weight", "update"}, {"gradient"}
    assert kinds == [whole, usual, usual] * 2 + [whole, usual, {"gradient", "weight"}]
    watch = fit(Net("dense", made), steps=9, bad=None, every=2, weights_every=3)
    assert [line["step"] for line in steps_of(watch)] == [0, 2, 4, 6, 8]
    assert ["weight" in str(line["layers"]["after.0.bias"]) for line in steps_of(watch)] == [
        True, False, True, False, True
    ]


def test_an_update_is_what_it_is():
    net = nn.Linear(300, 2)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with keel.watch(net, optimizer) as watch:
        before = net.bias.detach().clone()
        watch.loss(net(torch.randn(4, 300)).square().mean()).backward()
        optimizer.step()
    update = ((net.bias - before).norm() / before.norm()).item()
    assert steps_of(watch)[0]["layers"]["bias"]["update"] == pytest.approx(update, rel=1e-4)


KILLED = """
import os, signal, sys, torch, keel
net = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(net.parameters(), 1e-3)
watch = keel.watch(net, optimizer, path=sys.argv[1])
for step in range(200):
    optimizer.zero_grad()
    watch.loss(net(torch.randn(8, 4)).square().mean()).backward()
    optimizer.step()
if sys.argv[2] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "crash":
    1 / 0
"""


@pytest.mark.parametrize("end", ["kill", "crash", "exit"])
def test_lines_are_whole_however_it_ends(end, tmp_path):
    path = tmp_path / "run.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), end], capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(keel.__file__).parents[1])},
    )
    assert done.returncode == {"kill": -9, "crash": 1, "exit": 0}[end]
    text = path.read_text()
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.splitlines()]
    steps = [line["step"] for line in lines if "loss" in line]
    assert steps == list(range(len(steps)))
    # 64 steps wait at most, and one for what it changed.
    assert len(steps) == 200 or end == "kill" and len(steps) > 200 - 66
    assert end == "kill" or lines[-1] == {"end": "ok"}


def test_an_explosion_is_on_the_disk_at_once():
    net = Net("dense", Plant())
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with keel.watch(net, optimizer) as watch:
        for step in range(4):
            net.plant.is_on = step == 3
            watch.loss(net(net.batch()).square().mean()).backward()
            optimizer.step()
        assert [line["step"] for line in steps_of(watch)] == [0, 1, 2, 3]


def test_numbers_are_right():
    net = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 1))
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    with keel.watch(net, optimizer, weights_every=1) as watch:
        expected = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = net(torch.randn(32, 64)).square().mean()
            loss.backward()
            weight = net[0].weight.detach().clone()
            expected.append((loss.item(), net[0].weight.grad.norm().item(), weight.norm().item()))
            nn.utils.clip_grad_norm_(net.parameters(), 1e-3)
            optimizer.step()
            watch.step(loss)
    lines = [json.loads(line) for line in watch.path.read_text().splitlines()][1:21]
    for line, (loss, gradient, weight) in zip(lines, expected):
        layer = line["layers"]["0.weight"]
        assert line["loss"] == pytest.approx(loss, rel=1e-6)
        assert layer["gradient"] == pytest.approx(gradient, rel=1e-5)
        assert layer["weight"] == pytest.approx(weight, rel=1e-4)


def test_snapshots_bring_everything_back():
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(net.parameters(), 0.01)

    def train(steps, watch):
        for _ in range(steps):
            optimizer.zero_grad()
            watch.loss(net(torch.randn(8, 4)).square().mean()).backward()
            optimizer.step()

    def state():
        return [v.clone() for v in net.state_dict().values()]

    with keel.watch(net, optimizer, keep=5) as watch:
        train(17, watch)
        assert [s.step for s in watch.snapshots.sound] == [5, 10]
        at = watch.restore()
        train(8, watch)
        once = state()
        chosen = watch.snapshots.sound[0] if watch.snapshots.sound[0].step == at else None
        assert watch.restore(chosen) == at
        train(8, watch)
    assert all(torch.equal(a, b) for a, b in zip(once, state()))


def test_sums_of_gradients_and_validation():
    net = Net("dense", Plant())
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with keel.watch(net, optimizer) as watch:
        for step in range(4):
            for part in range(3):
                net.plant.is_on = step == 2 and part == 1
                watch.loss(net(net.batch()).square().mean()).backward()
            optimizer.step()
            optimizer.zero_grad()
            net.eval()
            net.plant.is_on = False
            net(net.batch())
            net.train()
    assert (watch.first.module, watch.first.step) == ("plant", 2)


def test_without_a_loss():
    net = Net("dense", Plant())
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=1)
    with keel.watch(net, optimizer) as watch:
        for step in range(3):
            net.plant.is_on = step == 1

            def closure():
                optimizer.zero_grad()
                loss = net(net.batch()).square().mean()
                loss.backward()
                return loss

            optimizer.step(closure)
    assert watch.first is not None and watch.first.step == 1


def test_refuses_what_it_cannot_watch():
    net = nn.Linear(1, 1)
    with pytest.raises(keel.KeelError):
        keel.watch(net, None)
    with pytest.raises(keel.KeelError):
        keel.watch(net, torch.optim.SGD(net.parameters(), 0.1), on_explosion="stop")
