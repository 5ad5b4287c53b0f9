"""Lines that Keel prints for a training, pasted into its script where they say, and run."""

from __future__ import annotations

import math
from typing import Any, Dict, List

import pytest
import torch

import keel
from asked import needs_command

# A script with the places that lines may name, as the headings over them begin.
SCRIPT = """
import torch
from torch import nn
from torch.nn import functional as F
torch.manual_seed(0)
{parts}
# once x_train, y_train, x_test and y_test are there:
model = build()
# once model is there, before model.to(device) and the optimizer:
optimizer = make(model)
# in place of the optimizer:
# once optimizer is there:
losses = []
# before the loop:
for step in range(STEPS):
    chosen = torch.arange(step * SIZE, (step + 1) * SIZE) % len(inputs)
    rows, labels, batch_size = inputs[chosen], targets[chosen], SIZE
    optimizer.zero_grad()
    loss = of(model, rows, labels)
    # before loss.backward():
    losses.append(float(loss.detach()))
    loss.backward()
    # between loss.backward() and optimizer.step():
    # in place of optimizer.step():
"""
COMMON = """
drawn = torch.Generator().manual_seed(0)
inputs = torch.randn(512, 16, generator=drawn)
targets = inputs @ torch.randn(16, 1, generator=drawn) / 4
STEPS, SIZE = 300, 32
def build():
    return nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 1))
def make(model):
    return torch.optim.SGD(model.parameters(), lr=0.01)
def of(model, rows, labels):
    return F.mse_loss(model(rows), labels)
"""
PARTS = {
    "reduction": """
SIZE = 256
def of(model, rows, labels):
    return F.mse_loss(model(rows), labels, reduction="sum")
def make(model):
    return torch.optim.SGD(model.parameters(), lr=0.05)
""",
    "empty-means": """
targets = inputs[:, :4].argmax(1)
targets[torch.randperm(512, generator=drawn)[:495]] = -100
def build():
    return nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 4))
def make(model):
    return torch.optim.Adam(model.parameters(), lr=0.01)
def of(model, rows, labels):
    return F.cross_entropy(model(rows), labels)
""",
    "exponents": """
class Exponential(nn.Module):
    def forward(self, x):
        return x.exp()
def build():
    return nn.Sequential(
        nn.Linear(16, 64), Exponential(), nn.Linear(64, 64), Exponential(),
        nn.Linear(64, 64), Exponential(), nn.Linear(64, 1))
""",
    "domains": """
inputs[1::16] = inputs[0::16]
targets[1::16] = targets[0::16]
def of(model, rows, labels):
    out = model(rows)
    apart = ((out[:-1] - out[1:]) ** 2).sum(1).sqrt()
    return F.mse_loss(out, labels) + 0.1 * (1 - apart).clamp(min=0).mean()
""",
}


def run(parts: str, lines: List[str]) -> List[float]:
    """The losses of the script with the lines under their headings; their block stands in place of
    what follows, where it says so."""
    script = SCRIPT.format(parts=COMMON + parts).splitlines()
    heading = ""
    blocks: Dict[str, List[str]] = {}
    headings = {line.strip() for line in script if line.strip().startswith("#")}
    for line in lines:
        if line in headings:
            heading = line
        elif heading:
            blocks.setdefault(heading, []).append(line)
    text: List[str] = []
    for line in script:
        indent = line[: len(line) - len(line.lstrip())]
        block = blocks.get(line.strip(), [])
        if line.strip() == "# in place of optimizer.step():" and not block:
            block = ["optimizer.step()"]
        text += [line, *(indent + pasted for pasted in block)]
    names: Dict[str, Any] = {}
    own = {name: getattr(torch, name) for name in ("exp", "log", "sqrt")}
    of_tensors = {name: getattr(torch.Tensor, name) for name in own}
    try:
        exec("\n".join(text), names)
    except RuntimeError:
        names["losses"].append(float("nan"))
    finally:
        for name, function in own.items():
            setattr(torch, name, function)
            setattr(torch.Tensor, name, of_tensors[name])
    return names["losses"]


def is_well(losses: List[float]) -> bool:
    """All are finite, and the last ones less than the first; batches may be passed over."""
    is_finite = all(map(math.isfinite, losses))
    return is_finite and len(losses) > 150 and sum(losses[-20:]) / 20 < 0.6 * losses[0]


@needs_command
@pytest.mark.parametrize("setting", PARTS)
def test_what_is_printed_heals_where_it_is_pasted(setting: str) -> None:
    names: Dict[str, Any] = {}
    head = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
    exec(head + COMMON + PARTS[setting], names)

    def data(seed: int) -> Any:
        order = torch.randperm(512, generator=torch.Generator().manual_seed(seed))
        if setting == "domains":
            order = torch.arange(512)
        for first in range(0, 512, names["SIZE"]):
            part = order[first:first + names["SIZE"]]
            yield names["inputs"][part], names["targets"][part]

    result = keel.cure(
        names["build"], data, lambda model, batch: names["of"](model, *batch), names["make"],
        steps=300, progress=False)
    assert result.outcome == "cured", result.page
    assert setting in result.changes[0].path, result.page
    sick, healed = run(PARTS[setting], []), run(PARTS[setting], result.lines)
    assert not is_well(sick), "it must be sick to begin with"
    assert is_well(healed), "\n".join(result.lines)
