import pytest
import torch
from plants import BEFORE, INF, NAN, WRAPS, InPlace, Net, Plant, Structured
from torch import nn

from keel.engines.pytorch.offender import (
    first_offender,
    is_finite,
    offending_gradient,
    offending_parameter,
    tensors,
)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("plant", [Plant, InPlace])
@pytest.mark.parametrize("value", [NAN, INF])
def test_names_the_producer(before, plant, value):
    net = Net(before, plant())
    net.plant.value, net.plant.is_on = value, True
    batch = net.batch()
    found = first_offender(net, lambda: net(batch).sum())
    assert (found["module"], found["pass"]) == ("plant", "forward")
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


@pytest.mark.parametrize("name", WRAPS)
def test_looks_into_structures(name):
    wrap, unwrap = WRAPS[name]
    net = Net("dense", Structured(wrap), unwrap)
    net.plant.is_on = True
    assert first_offender(net, lambda: net(net.batch()).sum())["module"] == "plant"


def test_names_input_and_loss():
    net = nn.Sequential(nn.Linear(2, 2))
    bad = torch.full((1, 2), INF)
    assert first_offender(net, lambda: net(bad).sum())["module"] == "input"
    assert first_offender(net, lambda: net(torch.ones(1, 2)).sum() * NAN)["module"] == "loss"
    assert first_offender(net, lambda: net(torch.ones(1, 2)).sum()) is None


def test_a_structure_that_points_at_itself_ends():
    class Loop:
        pass

    loop = Loop()
    loop.me, loop.x = loop, torch.ones(1)
    assert next(iter(tensors(loop))) is loop.x


def test_whole_and_sparse_numbers():
    assert is_finite(torch.arange(3)) and is_finite(torch.tensor([True]))
    sparse = torch.sparse_coo_tensor([[0]], [NAN], (3,))
    assert not is_finite(sparse)


def test_gradient_and_parameter():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    net(torch.ones(1, 2)).sum().backward()
    assert offending_gradient(net) is None and offending_parameter(net) is None
    net[0].weight.grad[0, 0] = NAN
    net[1].weight.grad[0, 0] = INF
    assert offending_gradient(net) == {
        "module": "1.weight", "pass": "backward", "kind": "overflow"
    }
    assert offending_gradient(net, order=[net[1], net[0]])["module"] == "0.weight"
    assert offending_gradient(net, among={"0.weight"})["module"] == "0.weight"
    with torch.no_grad():
        net[1].bias[0] = NAN
    assert offending_parameter(net)["module"] == "1.bias"
