"""What operations meet, and what is made of them; the causes and cures that follow from it."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import keel
from keel.engines.protocol import Refused
from keel.engines.pytorch.changes import Plan
from keel.engines.pytorch.columns import Columns
from keel.engines.pytorch.engine import PyTorchEngine
from keel.engines.pytorch.mending import Mending
from keel.engines.pytorch.normalization import normalize, places
from keel.engines.pytorch.operations import lost, precision, seen
from keel.engines.pytorch.scaling import LossScale, reduction
from asked import needs_command


DRAWN = torch.Generator().manual_seed(0)
INPUTS = torch.randn(512, 16, generator=DRAWN)
TARGETS = (INPUTS @ torch.randn(16, 1, generator=DRAWN)) / 4
CLASSES = INPUTS[:, :4].argmax(1)


def batches(*rows: torch.Tensor, size: int = 32) -> Callable[[int], Any]:
    def data(seed: int) -> Any:
        order = torch.randperm(len(rows[0]), generator=torch.Generator().manual_seed(seed))
        for first in range(0, len(order) - size + 1, size):
            yield tuple(part[order[first:first + size]] for part in rows)

    return data


class Function(nn.Module):
    """A module of one function."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function, self.layer = function, nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.layer(x))


def kind_of(function: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    model = Function(function)
    end = lost(model, lambda: model(torch.ones(2, 4)).sum())
    return end["first"].get("operation")


# What is seen


@pytest.mark.parametrize("function, kind", [
    (lambda x: (x.abs() + 100).exp(), "exponent"),
    (lambda x: torch.exp(x.abs() + 100), "exponent"),
    (lambda x: -(x * 0).log(), "logarithm"),
    (lambda x: F.softmax(x.masked_fill(torch.ones_like(x).bool(), -math.inf), -1), "empty-mean"),
    (lambda x: x[x > 1e9].mean(), "empty-mean"),
    (lambda x: (x * 0).sum() / (x * 0).sum(), "empty-mean"),
    (lambda x: F.cross_entropy(x, torch.full((2,), -100)), "empty-mean"),
    (lambda x: (-x.abs() - 1).sqrt(), "root"),
    (lambda x: (x * 0).rsqrt(), "root"),
    (lambda x: (x * 0 - 1).log(), "logarithm"),
    (lambda x: F.cross_entropy(
        x.masked_fill(torch.eye(2, 4).bool(), -math.inf), torch.arange(2)), None),
    (lambda x: ((x + torch.eye(2, 4).log()).softmax(-1) + x.abs() + 100).exp(), "exponent"),
    (lambda x: (torch.full((), math.inf) > 0) * x[x > 1e9].mean(), "empty-mean"),
    (lambda x: torch.tensor(x.tolist()).matmul(torch.full((4, 1), math.inf)), None),
])
def test_the_operation_that_was_first_is_told(function: Any, kind: str) -> None:
    assert kind_of(function) == kind


def test_what_is_passed_on_is_not_the_first() -> None:
    model = Function(lambda x: (x * math.inf).exp())
    assert lost(model, lambda: model(torch.ones(2, 4)).sum())["first"].get("operation") != "exponent"


def test_a_mask_is_no_score() -> None:
    model = Function(lambda x: x[None].masked_fill(torch.eye(2, 4).bool(), -math.inf).softmax(-1))
    largest = seen(model, lambda: model(torch.ones(2, 4))).attention_logits["largest"]
    assert largest < 10


@pytest.mark.parametrize("module", [
    nn.MultiheadAttention(8, 2, batch_first=True),
    nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0),
])
def test_attention_of_the_framework_is_seen_and_bounded(module: nn.Module) -> None:
    with torch.no_grad():
        for name, value in module.named_parameters():
            if "in_proj_weight" in name:
                value.mul_(100)
    x = torch.randn(2, 5, 8)

    def run() -> Any:
        return module(x, x, x) if isinstance(module, nn.MultiheadAttention) else module(x)

    assert seen(module, run).attention_logits["largest"] > 100
    with Mending(frozenset({"attention-logits"})):
        mended = run()
    out = mended[0] if isinstance(mended, tuple) else mended
    own = run()
    assert not torch.allclose(out, own[0] if isinstance(own, tuple) else own)


def test_precision_is_that_of_the_products() -> None:
    model = nn.Linear(4, 4)

    def run() -> Any:
        with torch.autocast("cpu", dtype=torch.float16):
            return model(torch.ones(2, 4))

    assert precision(seen(model, run), model) == "float16"
    with Mending(frozenset({"precision"})):
        assert run().dtype == torch.float32
    assert run().dtype == torch.float16
    assert precision(seen(model, lambda: model(torch.ones(2, 4))), model) == "float32"


def test_looking_leaves_the_network_as_it_is() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    seen(model, lambda: model(torch.ones(2, 4)))
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())


# What is made of it


def test_a_bounded_exponential_has_a_bounded_slope() -> None:
    x = torch.tensor([-2.0, 0.5, 1.0, 200.0], requires_grad=True)
    with Mending(frozenset({"exponents"})):
        y = x.exp()
    y.sum().backward()
    assert torch.allclose(y[:2], torch.tensor([math.exp(-2), math.exp(0.5)]))
    assert torch.allclose(x.grad[2:], torch.full((2,), math.e)) and torch.isfinite(y).all()
    assert torch.isinf(torch.tensor(200.0).exp()), "afterwards it is as before"


@pytest.mark.parametrize("function", [
    lambda x: F.cross_entropy(x, torch.full((2,), -100)),
    lambda x: F.softmax(x.masked_fill(torch.ones_like(x).bool(), -math.inf), -1).sum(),
    lambda x: x[x > 1e9].mean(),
    lambda x: (x * 0).sum() / (x * 0).sum().detach(),
    lambda x: F.cross_entropy(input=x, target=torch.full((2,), -100)),
    lambda x: F.nll_loss(x, target=torch.full((2,), -100)),
    lambda x: torch.softmax(input=x - math.inf, dim=-1).sum(),
    lambda x: torch.div(input=x.sum() * 0, other=x.sum().detach() * 0),
    lambda x: torch.mean(input=x[:0]),
    lambda x: F.mse_loss(x[:0], x[:0].detach()),
    lambda x: 0.0 * x.sum() + 0.0 / (x.sum().detach() * 0),
])
def test_a_mean_of_nothing_is_zero(function: Any) -> None:
    x = torch.randn(2, 4, requires_grad=True)
    with Mending(frozenset({"empty-means"})):
        value = function(x)
    value.backward()
    assert float(value.detach()) == 0 and (x.grad is None or torch.isfinite(x.grad).all())


def test_losses_of_rows_stay_losses_of_rows() -> None:
    with Mending(frozenset({"empty-means"})):
        value = F.cross_entropy(torch.randn(4, 3), torch.full((4,), -100), reduction="none")
    assert value.shape == (4,)


def test_a_call_that_nobody_foresaw_is_refused() -> None:
    with Mending(frozenset({"empty-means"})), pytest.raises(Refused):
        F.cross_entropy(torch.randn(2, 3), torch.zeros(2, dtype=torch.long), foresight=2)


def test_bounded_scores_hide_no_row_that_is_all_masked() -> None:
    q = torch.randn(1, 2, 4)
    mask = torch.full((2, 2), -math.inf)
    with Mending(frozenset({"attention-logits"})):
        assert torch.isnan(F.scaled_dot_product_attention(q, q, q, attn_mask=mask)).all()


def test_grouped_queries_share_their_keys() -> None:
    q, k = torch.randn(1, 8, 4, 8), torch.randn(1, 2, 4, 8)
    own = F.scaled_dot_product_attention(q, k, k, enable_gqa=True)
    with Mending(frozenset({"empty-means"})):
        assert torch.allclose(F.scaled_dot_product_attention(q, k, k, enable_gqa=True), own, atol=1e-5)


@pytest.mark.parametrize("what, change", [
    ("exponents", lambda x: x.exp_()), ("exponents", lambda x: torch.exp2(x)),
    ("exponents", lambda x: torch.expm1(x)), ("domains", lambda x: (x * 0).log_()),
    ("domains", lambda x: (x * 0).sqrt_()), ("domains", lambda x: (x * 0).rsqrt()),
    ("exponents", lambda x: F.poisson_nll_loss(x, x * 0)),
])
def test_what_is_seen_is_bounded_too(what: str, change: Any) -> None:
    with Mending(frozenset({what})):
        assert torch.isfinite(change(torch.full((3,), 200.0))).all()


def test_what_is_added_to_in_place_is_kept_in_full_precision() -> None:
    held = torch.zeros(2, dtype=torch.float16)
    with Mending(frozenset({"precision"})):
        held.add_(torch.ones(2).half())
    assert torch.equal(held, torch.ones(2, dtype=torch.float16))


def test_classes_of_pictures_are_no_attention() -> None:
    model = Function(lambda x: (100 * x.view(1, 4, 2, 1)).softmax(1))
    assert seen(model, lambda: model(torch.ones(2, 4))).attention_logits is None


def test_attention_by_hand_is_that_of_the_framework() -> None:
    q, k, v = torch.randn(3, 2, 4, 5, 8)
    own = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    with Mending(frozenset({"empty-means"})):
        assert torch.allclose(F.scaled_dot_product_attention(q, k, v, is_causal=True), own, atol=1e-6)


@pytest.mark.parametrize("kind", ["sum", "mean"])
def test_a_sum_is_told_from_a_mean(kind: str) -> None:
    model = nn.Sequential(nn.Linear(16, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def loss(model: nn.Module, batch: Any) -> torch.Tensor:
        return F.mse_loss(model(batch[0]), batch[1], reduction=kind)

    assert reduction(model, (INPUTS[:8], TARGETS[:8]), loss, None) == kind
    assert model.training


def test_a_scale_is_halved_where_it_is_too_large() -> None:
    weight = nn.Parameter(torch.ones(2))
    scale = LossScale()
    weight.grad = torch.tensor([math.inf, 1.0])
    assert not scale.take_out([("weight", weight)]) and scale.factor == 2.0**15
    weight.grad = torch.full((2,), 2.0**15)
    assert scale.take_out([("weight", weight)]) and torch.equal(weight.grad, torch.ones(2))


def test_layers_are_normalised_but_the_last_and_those_that_are() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.Flatten(),
        nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 2))
    assert places(model) == [model[0], model[5]]
    seen_by: Dict[str, torch.Tensor] = {}
    normalize(model)
    model[1].register_forward_hook(lambda module, given, out: seen_by.update(conv=given[0]))
    model[6].register_forward_hook(lambda module, given, out: seen_by.update(dense=given[0]))
    model(100 * torch.randn(3, 1, 8, 8))
    for value in seen_by.values():
        assert torch.allclose(value.flatten(1).std(1), torch.ones(3), atol=0.1)


def test_a_gradient_that_is_lost_itself_ends_the_scaling() -> None:
    weight = nn.Parameter(torch.ones(2))
    scale = LossScale()
    for _ in range(100):
        weight.grad = torch.tensor([math.nan, 1.0])
        if scale.take_out([("weight", weight)]):
            break
    assert scale.factor >= 0.5 and torch.isnan(weight.grad).any()
    assert scale.take_out([]), "a step without gradients"


def test_a_loss_that_needs_gradients_ends_a_trial_all_the_same() -> None:
    """Of a penalty on gradients no second pass without gradients can be made."""
    def loss(model: nn.Module, batch: Any) -> torch.Tensor:
        x = batch[0].requires_grad_()
        out = model(x).square().mean()
        slope, = torch.autograd.grad(out, x, create_graph=True)
        return out + (slope.square().sum(1) * 0).sqrt().mean()

    engine = PyTorchEngine(mlp, batches(INPUTS, TARGETS), loss, sgd(0.1), steps=5)
    request = {"id": 1, "seed": 1, "from": "start", "steps": 5, "changes": []}
    assert list(engine.trial(request))[-1]["end"] == "non-finite"


def test_a_trial_goes_on_with_its_scale() -> None:
    engine = PyTorchEngine(
        mlp, batches(INPUTS, TARGETS), in_half, sgd(0.01), steps=40, loss_scale="dynamic")

    def trial(name: str, begin: str, steps: int, keep: Any = ()) -> List[Any]:
        request = {"id": name, "seed": 1, "from": begin, "steps": steps, "changes": []}
        return [step.get("loss") for step in engine.trial({**request, "keep": list(keep)})]

    whole, first = trial("a", "start", 40), trial("b", "start", 20, keep=[19])
    assert first[:20] + trial("c", "b-19", 20)[:20] == whole[:40]


def test_what_nobody_knows_is_refused() -> None:
    columns = Columns(batch=1, per_epoch=None, inputs=None, targets=None)
    changes: List[Any] = [{"precision": "float64"}, {"set": "loss-sum", "to": "mean"}]
    changes += [{"set": "exponents", "to": "nonsense"}, {"set": "loss-scale", "to": "static"}]
    for change in changes:
        with pytest.raises(Refused):
            Plan([change], columns)


def test_roots_and_logarithms_of_zero_are_bounded() -> None:
    x = torch.zeros(3, requires_grad=True)
    with Mending(frozenset({"domains"})):
        value = (x.sqrt() + torch.sqrt(x * x) + x.log() + torch.log(x) + x ** 0.5).sum()
    value.backward()
    assert math.isfinite(float(value.detach())) and torch.isfinite(x.grad).all()


# What Keel makes of it


def mlp(outputs: int = 1) -> nn.Module:
    return nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, outputs))


def squared(model: nn.Module, batch: Any) -> torch.Tensor:
    return F.mse_loss(model(batch[0]), batch[1])


def named(model: Any, data: Any, loss: Any, optimizer: Any, steps: int = 300) -> List[str]:
    """The first cause, and what was changed."""
    result = keel.cure(model, data, loss, optimizer, steps=steps, progress=False)
    assert result.outcome == "cured", result.page
    return [result.findings[0].cause, *(change.path.split(".")[-1] for change in result.changes)]


def sgd(rate: float) -> Callable[[nn.Module], Any]:
    return lambda model: torch.optim.SGD(model.parameters(), lr=rate)


def adam(rate: float) -> Callable[[nn.Module], Any]:
    return lambda model: torch.optim.Adam(model.parameters(), lr=rate)


@needs_command
def test_a_summed_loss_is_averaged() -> None:
    assert named(
        mlp, batches(INPUTS, TARGETS, size=256),
        lambda model, batch: F.mse_loss(model(batch[0]), batch[1], reduction="sum"), sgd(0.05),
    ) == ["summed-loss", "reduction"]


@needs_command
def test_labels_that_are_all_ignored_are_a_mean_of_nothing() -> None:
    labels = CLASSES.clone()
    labels[torch.randperm(512, generator=DRAWN)[:495]] = -100
    assert named(
        lambda: mlp(4), batches(INPUTS, labels),
        lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]), adam(0.01),
    ) == ["empty-mean", "empty-means"]


@needs_command
def test_the_root_of_a_distance_of_nothing_is_bounded() -> None:
    def loss(model: nn.Module, batch: Any) -> torch.Tensor:
        """The distance of each row to the next, of which two are alike."""
        out = model(batch[0])
        apart = ((out[:-1] - out[1:]) ** 2).sum(1).sqrt()
        return squared(model, batch) + (1 - apart).clamp(min=0).mean()

    def data(seed: int) -> Any:
        for x, y in batches(INPUTS, TARGETS)(seed):
            yield torch.cat([x[:30], x[29:30], x[31:]]), torch.cat([y[:30], y[29:30], y[31:]])

    assert named(mlp, data, loss, adam(0.003)) == ["numeric-overflow", "domains"]


@needs_command
def test_the_logarithm_of_a_softmax_is_bounded() -> None:
    def loss(model: nn.Module, batch: Any) -> torch.Tensor:
        return F.nll_loss(torch.log(torch.softmax(model(batch[0]), -1)), batch[1])

    result = keel.cure(
        lambda: mlp(4), batches(8 * INPUTS, CLASSES), loss, adam(0.03), steps=300, progress=False)
    # Smaller inputs keep the softmax from zero as well: both are found, and either mends it.
    assert result.outcome == "cured"
    assert "numeric-overflow" in [finding.cause for finding in result.findings], result.page


class Exponential(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.exp()


@needs_command
def test_exponentials_in_a_row_are_bounded() -> None:
    def build() -> nn.Module:
        return nn.Sequential(
            nn.Linear(16, 64), Exponential(), nn.Linear(64, 64), Exponential(),
            nn.Linear(64, 64), Exponential(), nn.Linear(64, 1))

    found = named(build, batches(INPUTS, TARGETS), squared, sgd(0.01))
    assert found == ["unbounded-exponent", "exponents"]


class Products(nn.Module):
    """Scores of 512 numbers without a scale: beyond 65,504 on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = nn.Linear(16, 512), nn.Linear(16, 512)
        self.out = nn.Linear(32, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = (self.rows(x) * 20) @ (self.columns(x) * 20).t()
        return self.out(scores / 200_000)


def in_half(model: nn.Module, batch: Any) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.float16):
        out = model(batch[0])
    return F.mse_loss(out.float(), batch[1])


@needs_command
def test_products_beyond_half_precision_get_full_precision() -> None:
    found = named(Products, batches(INPUTS, TARGETS), in_half, adam(0.001))
    assert found == ["half-precision", "precision"]


def test_a_scale_brings_back_what_half_precision_loses() -> None:
    def loss(model: nn.Module, batch: Any) -> torch.Tensor:
        return in_half(model, batch) * 1e-8

    engine = PyTorchEngine(mlp, batches(INPUTS, TARGETS), loss, sgd(1e6), steps=50)

    def trial(changes: Any) -> List[Any]:
        request = {"id": 1, "seed": 1, "from": "start", "steps": 50, "changes": changes}
        return [step for step in engine.trial(request) if "step" in step]

    assert engine.describe()["settings"]["precision"] == "float16"
    own = trial([])
    scaled = trial([{"set": "loss-scale", "to": "dynamic"}])
    assert own[-1]["loss"] > 0.97 * own[0]["loss"], "its gradients are zero"
    assert scaled[-1]["loss"] < 0.85 * scaled[0]["loss"]


@needs_command
def test_gradients_below_half_precision_get_a_loss_scale() -> None:
    def loss(model: nn.Module, batch: Any) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.float16):
            out = model(batch[0])
        # What comes back to the output is below 6e-8, the least that float16 has.
        return F.mse_loss(out.float(), batch[1]) * 1e-8

    found = named(
        mlp, batches(INPUTS, TARGETS), loss,
        lambda model: torch.optim.Adam(model.parameters(), lr=0.003, eps=1e-20))
    # Of two that heal the one that learns more is taken.
    assert found[0] == "half-precision" and found[1] in ("scale", "precision")
