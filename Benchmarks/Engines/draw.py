"""Healthy cases, and faults planted into them; the same for the same set, kind and number."""
from __future__ import annotations

import math
import random
import statistics
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

import torch

import dense
import places
from case import Case, replace
from faults import FAULTS
from plain import fails, trains

FAMILIES = {**dense.FAMILIES, **places.FAMILIES}
OPTIMIZERS = ("sgd", "momentum", "adam", "adamw", "rmsprop")
# Optimizers that a kind of fault needs.
NEEDED = {"momentum": ("sgd", "momentum"), "small-clip": ("sgd", "momentum"),
          "no-clip": ("sgd", "momentum"), "epsilon": ("adam", "adamw")}
# Kinds that keep everything from being learnt; of others chaos may decide, and they must fail more
# often.
STEADY = ("low-rate", "fading-rate", "decay", "epsilon", "small-clip", "dropout")
# Draws that come to nothing before one gives up.
MOST = 60


@dataclass(frozen=True)
class Draw:
    case: Case
    # The share of a constant's loss that is left of the healthy one.
    left: float
    kind: Optional[str] = None
    causes: Tuple[str, ...] = ()
    attempts: int = 1


def spread(dice: random.Random, low: float, high: float) -> float:
    return float(f"{10 ** dice.uniform(math.log10(low), math.log10(high)):.3g}")


def optimizer(
    dice: random.Random, names: Sequence[str]
) -> Tuple[str, float, Dict[str, Any]]:
    name = dice.choice(names)
    if name == "sgd":
        return "sgd", spread(dice, 0.01, 0.2), dice.choice([{}, {}, {"weight_decay": 1e-4}])
    if name == "momentum":
        return "sgd", spread(dice, 0.005, 0.06), {
            "momentum": 0.9, **dice.choice([{}, {"nesterov": True}, {"weight_decay": 5e-4}])}
    if name == "rmsprop":
        return name, spread(dice, 5e-4, 5e-3), {}
    return name, spread(dice, 1e-3, 1e-2), dice.choice([{}, {}, {"betas": (0.9, 0.99)}])


def schedule(dice: random.Random, steps: int) -> Any:
    which = dice.choice(["none"] * 7 + ["cosine", "warmup", "step"])
    rates = torch.optim.lr_scheduler
    return {
        "none": None,
        "cosine": lambda o: rates.CosineAnnealingLR(o, steps),
        "warmup": lambda o: rates.LambdaLR(o, lambda step: min(1.0, (step + 1) / 20)),
        "step": lambda o: rates.StepLR(o, steps // 2, 0.3),
    }[which]


def candidate(name: str, dice: random.Random, optimizers: Sequence[str] = OPTIMIZERS) -> Case:
    build, rows, loss = FAMILIES[name](dice)
    kind, rate, settings = optimizer(dice, optimizers)
    steps = dice.choice([100, 120, 160])
    return Case(
        name, build, rows, loss, kind, rate, settings, steps, batch=dice.choice([16, 32, 32, 64]),
        clip=dice.choice([None] * 5 + [1.0, 5.0]), schedule=schedule(dice, steps),
        is_dictionary=dice.random() < 0.3)


def healthy(seeds: str, number: int) -> Optional[Draw]:
    """The families take turns."""
    name = list(FAMILIES)[number % len(FAMILIES)]
    dice = random.Random(f"{seeds}-healthy-{number}")
    for attempt in range(1, MOST + 1):
        case = candidate(name, dice)
        left = trains(case, seeds=1)
        if left is not None:
            return Draw(case, left, attempts=attempt)
    return None


def is_faulty(kind: str, fault: Case, twin: Case) -> bool:
    if kind == "outlier":
        # A few rows far outside make a constant's loss large, and nothing easier; and the losses of
        # their batches say nothing of what is learnt.
        return fails(fault, twin.constant_loss(), middle=statistics.median)
    return fails(fault, fault.constant_loss(), seeds=2 if kind in STEADY else 4)


def faulty(seeds: str, number: int) -> Optional[Draw]:
    """The kinds of fault take turns."""
    kind = list(FAULTS)[number % len(FAULTS)]
    ladder, causes = FAULTS[kind]
    dice = random.Random(f"{seeds}-fault-{number}")
    for attempt in range(1, MOST + 1):
        case = candidate(dice.choice(list(FAMILIES)), dice, NEEDED.get(kind, OPTIMIZERS))
        if kind == "no-clip":
            # A rate that only a clip bears.
            case = replace(case, clip=dice.choice([0.5, 1.0]), rate=case.rate * dice.choice([10, 30]))
        # What cannot be planted need not be trained.
        if next(iter(ladder(case, random.Random(0))), None) is None:
            continue
        left = trains(case, seeds=1)
        if left is None:
            continue
        for fault in ladder(case, dice):
            if is_faulty(kind, fault, case):
                # The second seed last: most draws are over before.
                if trains(case) is None:
                    break
                return Draw(fault, left, kind, causes, attempt)
    return None
