"""``keel.watch``: two lines in a loop of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional, Union

import torch

from keel.loops.first import First
from keel.loops.watching import Watch


def watch(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    path: Optional[Union[str, Path]] = None,
    every: int = 1,
    weights_every: int = 10,
    keep: Optional[int] = None,
    snapshots: int = 2,
    on_explosion: Union[str, Callable[[First], None]] = "report",
    look: str = "outputs",
) -> "Watch":
    """Watches a training from the outside, until it is closed.

    Before every step of the optimizer it reads the loss that it was given and the norm of each
    parameter's gradient; in every ``weights_every``-th step those of weights and update too, in
    that of an explosion those of weights. They are lines of ``path``, by default
    ``.keel/live/RUN.jsonl``, one for every ``every``-th step; a run that is killed lacks its
    last step, and those of half a second before it. The first thing that is not finite is told on standard error, and is
    ``watch.first``; with ``on_explosion="raise"`` ``keel.Exploded`` is raised, before the step is
    taken; a function is called with it. A step that a gradient scaler leaves out is no explosion:
    it is a line that says so, and counted in ``watch.skipped``.

        with keel.watch(model, optimizer) as watch:
            for batch in batches:
                loss = watch.loss(model(batch))
                ...

    ``keep`` holds the state of every so many steps in memory, the last ``snapshots`` sound ones
    and the best: ``watch.restore()``, ``watch.save()``, ``keel.cure(…, start=watch)``. With ``look="outputs"`` what modules give is held until it is known to be
    good: on the CPU until the pass back begins, elsewhere until the step ends. With
    ``look="again"``, which holds nothing, a bad batch's forward pass is made once more to find
    where it went wrong.
    """
    return Watch(
        model, optimizer, path, every, keep, snapshots, on_explosion, look, weights_every
    )
