import json
import math

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
    assert fit(Net("dense", Backward()), autocast=True).first is None


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("value", [NAN, INF])
def test_names_the_parameter_that_an_update_made(before, value):
    name = "before." + [n for n, _ in BEFORE[before][0]().named_parameters()][0]
    name = name if before != "dense" else "after.2.bias"

    def spoil(net):
        net.get_parameter(name).view(-1)[1] = value

    first = fit(Net(before, Plant()), on_update=spoil).first
    assert (first.module, first.during, first.step) == (name, "update", 3)


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
    fit(net)
    for module in net.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks
        assert not module._backward_hooks


def test_lines_are_a_trials():
    net = Net("dense", Plant())
    watch = fit(net, bad=4)
    lines = [json.loads(line) for line in watch.path.read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == list(range(6))
    for line in steps[:4]:
        assert math.isfinite(line["loss"]) and line["gradientNorm"] > 0
        assert set(line["layers"]) == {n for n, _ in net.named_parameters()}
        assert all(set(m) == {"gradient", "weight", "update"} for m in line["layers"].values())
    assert steps[4]["loss"] == "NaN"
    assert lines[-1]["end"] == "non-finite" and lines[-1]["first"]["module"] == "plant"


def test_numbers_are_right():
    net = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 1))
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    with keel.watch(net, optimizer) as watch:
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
    lines = [json.loads(line) for line in watch.path.read_text().splitlines()][:20]
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
