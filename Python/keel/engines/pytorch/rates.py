"""Schedules that take no notice of the rate that their optimizer has."""

from __future__ import annotations

from typing import Any


def writes_rates(schedule: Any) -> bool:
    """Whether it takes no notice of the rate that its optimizer has."""
    return type(schedule).__name__ in ("OneCycleLR", "CyclicLR")


def own_peak(schedule: Any) -> float:
    """The largest rate that such a schedule writes."""
    rates = getattr(schedule, "max_lrs", None)
    groups = schedule.optimizer.param_groups
    return max(rates or [group.get("max_lr", group["lr"]) for group in groups])
