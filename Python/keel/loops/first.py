"""The first thing that was not finite, in words and as the protocol has it."""

from __future__ import annotations

from dataclasses import dataclass

from keel.engines.protocol import JSON
from keel.result import KeelError


@dataclass(frozen=True)
class First:
    """The first thing that was not finite: where, in which part of which step."""

    module: str
    """A module; a parameter; ``input``; or ``loss``."""
    during: str
    """``forward``, ``backward`` or ``update``."""
    kind: str
    """``overflow`` (infinite), ``invalid`` (not a number) or ``divergence``."""
    step: int
    """Counts the optimizer's steps from 0; -1 is before the first."""

    def __str__(self) -> str:
        if self.kind == "divergence":
            return f"step {self.step}: the loss left what is usual and does not come back"
        what = "inf" if self.kind == "overflow" else "nan"
        place = {
            "forward": f"first in the output of {self.module}, in the forward pass",
            "backward": f"first in the gradient at {self.module}, in the backward pass",
            "update": f"first in {self.module}, which the optimizer's update made so",
        }[self.during]
        if self.module in ("input", "loss"):
            place = f"first in the {self.module}; every module before it was finite"
            if self.module == "input":
                place = "in what the network was given; no module made it"
        if self.step < 0:
            return f"before the first step: {what} in {self.module}"
        return f"step {self.step}: {what} {place}"

    def as_json(self) -> JSON:
        """As the engine protocol has it."""
        return {"module": self.module, "pass": self.during, "kind": self.kind, "step": self.step}


class Exploded(KeelError):
    """A training is lost; ``first`` says where that began."""

    def __init__(self, first: First) -> None:
        super().__init__(f"keel: {first}")
        self.first = first
