"""A state that a training was in before it failed, as what trials begin with."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Union

import torch

from keel.engines.protocol import JSON
from keel.result import KeelError


@dataclass
class Start:
    """Parameters, buffers and optimizer after a step, apart from the model they were of."""

    step: int
    model: Dict[str, torch.Tensor]
    # By the place of its parameter among those of the optimizer.
    states: List[Dict[str, Any]]
    groups: List[Dict[str, Any]]
    optimizer: str
    random: Dict[str, Any]
    # The loss that its training began with, where it is known.
    initial_loss: float | None = None
    has_told_rates: bool = False

    @property
    def name(self) -> str:
        return f"kept-{self.step}"

    def save(self, path: Path) -> None:
        torch.save(vars(self), path)

    @staticmethod
    def of(source: Union["Start", str, Path, Any]) -> "Start":
        """A state, a file that holds one, or a ``Watch`` that has kept one."""
        if isinstance(source, Start):
            return source
        if isinstance(source, (str, Path)):
            try:
                # Whose file it is runs its own code elsewhere in this process.
                return Start(**torch.load(source, map_location="cpu", weights_only=False))
            except (
                OSError, TypeError, ValueError, RuntimeError, EOFError, KeyError, AttributeError, ImportError,
                pickle.UnpicklingError,
            ) as error:
                raise KeelError(
                    f"keel: start: {source} is no state that watch.save() has written ({error}); "
                    "give the file that it returned"
                ) from None
        state = getattr(source, "start", None)
        if isinstance(state, Start):
            return state
        raise KeelError(
            "keel: start: no sound state was kept; watch with keep=N, which keeps one in N steps"
        )

    def check(self, steps: int) -> None:
        """Raises ``KeelError`` where nothing of the training is left after it."""
        if self.step >= steps - 1:
            raise KeelError(
                f"keel: start is the state after step {self.step}, and the training has {steps}; "
                "give steps of the whole training"
            )

    def description(self) -> JSON:
        return {"name": self.name, "step": self.step}

    def restore(self, model: torch.nn.Module, optimizer: Any) -> None:
        """Puts a model of the same form into it, and an optimizer of the same kind; another one
        begins anew."""
        model = getattr(model, "_orig_mod", model)
        own = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        unknown = [name for name, value in self.model.items()
                   if name not in own or own[name].shape != value.shape]
        unknown += [name for name in own if name not in self.model]
        if unknown:
            raise KeelError(
                f"keel: start: model and state do not have the same {unknown[0]}; build the model "
                "that was watched"
            )
        with torch.no_grad():
            for name, value in self.model.items():
                own[name].copy_(value)
        if type(optimizer).__name__ != self.optimizer:
            return
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        sizes = [
            (value.shape, parameter.shape) for parameter, state in zip(parameters, self.states)
            for value in state.values() if isinstance(value, torch.Tensor) and value.dim()
        ]
        if len(parameters) != len(self.states) or any(one != other for one, other in sizes):
            return  # Groups of another order: what it remembers is of other parameters.
        for parameter, state in zip(parameters, self.states):
            optimizer.state[parameter] = {
                # Copies: an optimizer changes them in place.
                key: value.to(parameter.device, copy=True)
                if isinstance(value, torch.Tensor) and value.dim()
                else copy.deepcopy(value) for key, value in state.items()
            }

    def set_rates(self, optimizer: Any, schedule: Any) -> None:
        """Gives an optimizer the rates of the state, where no schedule tells them; says so once,
        where they are others."""
        if schedule is not None:
            return
        for group, before in zip(optimizer.param_groups, self.groups):
            own, rate = float(group["lr"]), float(before["lr"])
            if own != rate and not self.has_told_rates:
                sys.stderr.write(
                    f"keel: trials begin with the rate of the state, {rate:g}, and not with {own:g}, "
                    "which optimizer(model) has\n")
                self.has_told_rates = True
            group["lr"] = rate

    def catch_up(self, schedule: Any) -> None:
        """Brings a schedule to where the state was."""
        if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            return  # It follows losses that are gone.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(self.step + 1):
                schedule.step()
