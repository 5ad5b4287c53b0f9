#!/usr/bin/env python3
"""Trainings that explode after nine tenths of 20,000 steps: cured from a state that was kept, and
healed as they go.

    late.py            ten of them, as a table; --only 3 shows one with its page
"""
from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, List, NamedTuple, Optional

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "Python")]

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import keel  # noqa: E402

STEPS, LATE, ROWS, BATCH, KEEP = 20_000, 18_200, 1024, 32, 100
torch.set_num_threads(1)


class Late(NamedTuple):
    name: str
    model: Callable[[], nn.Module]
    data: Callable[[int], Iterator[Any]]
    loss: Callable[[nn.Module, Any], torch.Tensor]
    optimizer: Callable[[nn.Module], Any]
    # What moves the rate, and what happens to a batch, by the step.
    schedule: Optional[Callable[[Any], Any]] = None


def rows(seed: int, classes: int = 0) -> Any:
    drawn = torch.Generator().manual_seed(seed)
    x = torch.randn(ROWS, 12, generator=drawn)
    hidden = torch.tanh(x @ torch.randn(12, 6, generator=drawn) / 3)
    y = hidden @ torch.randn(6, max(1, classes), generator=drawn)
    return x, (y.argmax(1) if classes else y + 0.05 * torch.randn(ROWS, 1, generator=drawn))


def batches(x: torch.Tensor, y: torch.Tensor) -> Callable[[int], Iterator[Any]]:
    def data(seed: int) -> Iterator[Any]:
        order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(seed % (1 << 62)))
        for first in range(0, ROWS, BATCH):
            part = order[first:first + BATCH]
            yield x[part], y[part]

    return data


def mlp(width: int, outputs: int = 1, normed: bool = False, activation: Any = nn.ReLU) -> nn.Module:
    norm = [nn.LayerNorm(width)] if normed else []
    return nn.Sequential(
        nn.Linear(12, width), *norm, activation(), nn.Linear(width, width), activation(),
        nn.Linear(width, outputs))


def squared(model: nn.Module, batch: Any) -> torch.Tensor:
    return F.mse_loss(model(batch[0]), batch[1])


def crossed(model: nn.Module, batch: Any) -> torch.Tensor:
    return F.cross_entropy(model(batch[0]), batch[1])


def sgd(rate: float, **more: Any) -> Callable[[nn.Module], Any]:
    return lambda model: torch.optim.SGD(model.parameters(), lr=rate, **more)


def adam(rate: float) -> Callable[[nn.Module], Any]:
    return lambda model: torch.optim.Adam(model.parameters(), lr=rate)


def growing(most: float) -> Callable[[Any], Any]:
    """Flat, and then up to so many times the rate at the end."""
    return lambda optimizer: torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: most ** max(0.0, (step - LATE) / (STEPS - LATE)))


def restarted(most: float) -> Callable[[Any], Any]:
    """A second part of the run with a rate that was meant for another."""
    return lambda optimizer: torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: most if step >= LATE else 1.0)


def cases() -> List[Late]:
    made: List[Late] = []
    kinds = [(sgd(0.05), 1e3), (sgd(0.01, momentum=0.9), 1e3), (adam(1e-3), 1e5)]
    for index, (optimizer, most) in enumerate(kinds):
        made.append(Late(f"growing-{index}", lambda: mlp(32), batches(*rows(index)), squared,
                         optimizer, growing(most)))
    for index, (optimizer, most) in enumerate([(sgd(0.05), 100), (adam(1e-3), 1e4)]):
        made.append(Late(f"restart-{index}", lambda index=index: mlp(32, normed=index == 1),
                         batches(*rows(10 + index)), squared, optimizer, restarted(most)))
    for index, (optimizer, most) in enumerate([(sgd(0.1), 1e4), (adam(2e-3), 1e6)]):
        made.append(Late(f"classes-{index}", lambda: mlp(32, 4), batches(*rows(20 + index, 4)), crossed,
                         optimizer, growing(most)))
    made.append(Late("tanh", lambda: mlp(32, activation=nn.Tanh), batches(*rows(30)), squared,
                     sgd(0.05), restarted(300)))
    made.append(Late("wide", lambda: mlp(96), batches(*rows(31)), squared, sgd(0.02, momentum=0.9),
                     restarted(50)))
    made.append(Late("rmsprop", lambda: mlp(32), batches(*rows(32)), squared,
                     lambda model: torch.optim.RMSprop(model.parameters(), lr=1e-3), growing(1e5)))
    return made


def stream(case: Late) -> Iterator[Any]:
    for epoch in range(STEPS):
        yield from case.data(epoch << 20)


def train(case: Late, heal: bool) -> Any:
    """Where it was lost (None where it was not), the state that was kept, and the losses."""
    torch.manual_seed(0)
    model = case.model()
    optimizer = case.optimizer(model)
    schedule = case.schedule(optimizer) if case.schedule else None
    losses: List[float] = []
    around = keel.heal if heal else keel.watch
    lost = None
    with around(model, optimizer, **({} if heal else {"keep": KEEP, "path": Path(".build/late.jsonl")})) as kept:
        for step, batch in zip(range(STEPS), stream(case)):
            optimizer.zero_grad()
            loss = kept.loss(case.loss(model, batch))
            loss.backward()
            optimizer.step()
            if schedule:
                schedule.step()
            losses.append(float(loss.detach()))
            is_lost = not math.isfinite(losses[-1]) or (
                step > LATE and sum(losses[-8:]) / 8 > 5 * losses[0])
            if is_lost and not heal:
                lost = step
                break
    return lost, kept, losses


def cured(case: Late) -> Any:
    lost, watch, losses = train(case, heal=False)
    if lost is None:
        return None, None, losses
    result = keel.cure(
        case.model, case.data, case.loss, case.optimizer, steps=STEPS, schedule=case.schedule,
        start=watch, progress=False)
    return lost, result, losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    print("| training | lost at | cause | change | cost, of 20,000 steps | cured | healed |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for index, case in enumerate(cases()):
        if options.only not in (None, index):
            continue
        lost, result, losses = cured(case)
        if result is None:
            print(f"| {case.name} | not lost: {losses[0]:.3g} to {losses[-1]:.3g} |")
            continue
        if options.only is not None:
            print(result.page)
        _, _, healed = train(case, heal=True)
        end = sum(healed[-100:]) / 100
        changes = ", ".join(f"{change.path}={change.after}" for change in result.changes)
        # What the rest of the training takes it would have taken anyhow.
        cost = result.data["cost"]["steps"] - (result.data.get("after") or {}).get("steps", 0)
        cause = result.findings[0].cause if result.findings else "–"
        print(f"| {case.name} | {lost} | {cause} | {changes} "
              f"| {cost / STEPS:.1%} | {result.outcome} "
              f"| {'yes' if end < 0.5 * losses[0] else 'no'}, {end:.3g} of {losses[0]:.3g} |", flush=True)


if __name__ == "__main__":
    main()
