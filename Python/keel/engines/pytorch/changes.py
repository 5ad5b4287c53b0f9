"""What Keel asks to be changed, made of a PyTorch training."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch

from keel.engines.protocol import JSON, Refused
from keel.engines.pytorch.batches import Batches
from keel.engines.pytorch.columns import Columns
from keel.engines.pytorch.dropouts import dropouts
from keel.engines.pytorch.guard import Guard
from keel.engines.pytorch.mending import Mending
from keel.engines.pytorch.normalization import normalize
from keel.engines.pytorch.parts import kept_rows, mapped, parts
from keel.engines.pytorch.randomness import random_state, set_random_state
from keel.engines.pytorch.rates import own_peak, writes_rates
from keel.engines.pytorch.resetting import reset
from keel.engines.pytorch.scaling import LossScale, averaged

_OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
}
# What single operations are asked for.
MENDED = {
    "exponents": "bounded", "attention-logits": "bounded", "domains": "bounded",
    "empty-means": "zero",
}
# Settings that are changed to one word.
_WORDS = {"loss-reduction": "mean", "loss-scale": "dynamic", "normalization": "layer"}


class Plan:
    """The changes of one trial, in the order in which they act.

    Raises ``Refused`` for what cannot be made.
    """

    def __init__(self, changes: List[JSON], columns: Columns) -> None:
        self._columns = columns
        self._settings: Dict[str, Any] = {}
        self._resets = False
        self._standardized = "none"
        self._left_out: frozenset = frozenset()
        self._mended: frozenset = frozenset()
        # What rates are multiplied by that a schedule writes itself.
        self._rate_factor = 1.0
        # The latest batch without its rows far outside the rest, where it has some.
        self.usual_rows: Any = None
        self.changes_clip, self.clip = False, None
        for change in changes:
            if "set" in change:
                self._set(change["set"], change.get("to"))
            elif change.get("reset") == "initialization":
                self._resets = True
            elif "standardize" in change:
                self._standardized = change["standardize"]
            elif "clip" in change:
                self.changes_clip, self.clip = True, change["clip"]
            elif change.get("precision") == "float32":
                self._mended |= {"precision"}
            elif "skip-batches" in change:
                self._left_out = frozenset(int(place) for place in change["skip-batches"])
            else:
                raise Refused(str(change))
        if self._standardized in ("inputs", "both") and columns.inputs is None:
            raise Refused("standardize inputs")
        if self._standardized in ("targets", "both") and columns.targets is None:
            raise Refused("standardize targets")

    def _set(self, name: str, value: Any) -> None:
        known = (
            "learning-rate", "optimizer", "momentum", "beta1", "beta2", "rho", "epsilon",
            "weight-decay", "schedule", "warmup", "bad-steps", "bad-rows", "dropout",
            *MENDED, "loss-reduction", "loss-scale", "normalization",
        )
        if name not in known or (name == "schedule" and value != "constant"):
            raise Refused(f"set {name}")
        if name == "optimizer" and str(value).lower() not in _OPTIMIZERS:
            raise Refused(f"set optimizer {value}")
        wanted = {**MENDED, **_WORDS}.get(name)
        if wanted is not None and value != wanted:
            raise Refused(f"set {name} {value}")
        if name in MENDED:
            self._mended |= {name}
        self._settings[name] = value

    # The model

    def apply_to_model(self, model: torch.nn.Module) -> None:
        if self._resets:
            reset(model)
        if "precision" in self._mended:
            model.float()
        if "normalization" in self._settings:
            normalize(model)
        for module, name, rate in dropouts(model):
            # The strongest is told, and stands for all that are stronger than what is asked for.
            setattr(module, name, min(rate, float(self._settings.get("dropout", rate))))

    # The loss

    @property
    def is_loss_changed(self) -> bool:
        """Whether a constant output has another loss than before."""
        return bool(self._mended - {"precision"}) or "loss-reduction" in self._settings

    def loss(self, own: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """The loss of a batch with the changes that are made of it, and of what it calculates."""
        is_averaged = self._settings.get("loss-reduction") == "mean"
        if not self._mended and not is_averaged:
            return own

        def changed(model: Any, batch: Any) -> Any:
            with Mending(self._mended):
                value = own(model, batch)
            return averaged(value, batch, self._columns.place) if is_averaged else value

        return changed

    def told_loss(self, loss: float, model: torch.nn.Module, of: Callable[[Any, Any], Any]) -> float:
        """That of the usual rows: a target far outside the rest tells nothing of what was learnt."""
        if self.usual_rows is None or not math.isfinite(loss):
            return loss
        random = random_state()
        buffers = [(buffer, buffer.clone()) for buffer in self._buffers(model)]
        try:
            with torch.no_grad():
                return float(of(model, self.usual_rows))
        except Exception:  # A network of so many rows and no others.
            return loss
        finally:
            set_random_state(random)
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)

    @staticmethod
    def _buffers(model: Any) -> List[torch.Tensor]:
        """What a pass changes of a model, such as the statistics of batches."""
        return list(model.buffers())

    def loss_scale(self, own: Optional[str]) -> Optional[LossScale]:
        return LossScale() if self._settings.get("loss-scale", own) == "dynamic" else None

    # The optimizer

    def optimizer(self, own: torch.optim.Optimizer) -> torch.optim.Optimizer:
        optimizer = own
        if "optimizer" in self._settings:
            kind = _OPTIMIZERS[str(self._settings["optimizer"]).lower()]
            groups = [{"params": group["params"]} for group in own.param_groups]
            decay = own.param_groups[0].get("weight_decay", 0.0)
            rate = max(float(group["lr"]) for group in own.param_groups)
            optimizer = kind(groups, lr=rate, weight_decay=decay)
            for group, before in zip(optimizer.param_groups, own.param_groups):
                group["lr"] = before["lr"]
        base = max(float(group["lr"]) for group in optimizer.param_groups)
        for group in optimizer.param_groups:
            self._apply(group, base)
        return optimizer

    def _apply(self, group: Dict[str, Any], base: float) -> None:
        for name, value in self._settings.items():
            if name == "learning-rate":
                # Groups keep their rates beside each other.
                group["lr"] = float(value) * (group["lr"] / base if base else 1.0)
                group.pop("initial_lr", None)
            elif name in ("beta1", "beta2") and "betas" in group:
                betas = list(group["betas"])
                betas[0 if name == "beta1" else 1] = float(value)
                group["betas"] = tuple(betas)
            else:
                keys = {
                    "momentum": ("momentum",), "rho": ("alpha", "rho"), "epsilon": ("eps",),
                    "weight-decay": ("weight_decay",),
                }.get(name, ())
                for key in keys:
                    # Some have a pair of numbers there.
                    if isinstance(group.get(key), (int, float)):
                        group[key] = float(value)

    def schedule(
        self, own: Optional[Callable[[Any], Any]], optimizer: torch.optim.Optimizer
    ) -> Any:
        if own is None or self._settings.get("schedule") == "constant":
            return None
        schedule = own(optimizer)
        if writes_rates(schedule) and "learning-rate" in self._settings:
            self._rate_factor = float(self._settings["learning-rate"]) / max(
                own_peak(schedule), 1e-30)
        return schedule

    def warm(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Lowers the rates for a step of a warm-up; ``unwarm`` puts them back."""
        steps = self._settings.get("warmup")
        self._rates = None
        factor = self._rate_factor * ((step + 1) / steps if steps and step < steps else 1.0)
        if factor != 1.0:
            self._rates = [group["lr"] for group in optimizer.param_groups]
            for group in optimizer.param_groups:
                group["lr"] *= factor

    def unwarm(self, optimizer: torch.optim.Optimizer) -> None:
        for group, rate in zip(optimizer.param_groups, self._rates or []):
            group["lr"] = rate

    def guard(self) -> Optional[Guard]:
        return Guard() if self._settings.get("bad-steps") == "skip" else None

    # The data

    @property
    def _drops(self) -> bool:
        return self._settings.get("bad-rows") == "drop"

    @property
    def rows(self) -> Tuple[str, ...]:
        """What it makes of the rows; nothing where they stay as they are."""
        drops = ("drop",) if self._drops else ()
        return drops + (("targets",) if self._standardized in ("targets", "both") else ())

    @property
    def key(self) -> Any:
        """What the loss of a constant output follows from."""
        return self.rows, self._mended, self._settings.get("loss-reduction")

    def batches(
        self, data: Callable[[int], Any], seed: int, per_epoch: Optional[int]
    ) -> Batches:
        return Batches(data, seed, per_epoch, self._changed, self._left_out)

    def usual_batches(self, data: Callable[[int], Any]) -> Batches:
        """Those that a constant output is fitted to: a target far outside the rest would make its
        loss large, and a loss beside it small, whatever was learnt."""
        drops = self._drops or self._columns.has_outlying_targets
        return Batches(data, 0, None, lambda batch: self._changed(batch, drops), self._left_out)

    def _changed(self, batch: Any, drops: Optional[bool] = None) -> Any:
        columns = self._columns
        self.usual_rows = None
        if self._drops if drops is None else drops:
            batch = self._without_far_rows(batch)
            if batch is None:
                return None
        elif columns.has_outlying_targets:
            usual = self._without_far_rows(batch)
            self.usual_rows = None if usual is batch else self._standardized_batch(usual)
        return self._standardized_batch(batch)

    def _standardized_batch(self, batch: Any) -> Any:
        columns = self._columns
        if self._standardized == "none" or batch is None:
            return batch
        both = self._standardized == "both"

        def change(name: str, block: Any) -> Callable[[Any], Any]:
            if both or self._standardized == name:
                return lambda values: block.standardized(values) if block is not None else values
            return lambda values: values

        return mapped(
            batch, change("inputs", columns.inputs), change("targets", columns.targets),
            columns.place,
        )

    def _without_far_rows(self, batch: Any) -> Any:
        """None where nothing is left."""
        columns = self._columns
        first, second = parts(batch, columns.place)
        kept = None
        for block, values in ((columns.inputs, first), (columns.targets, second)):
            if block is not None and values is not None:
                fine = ~block.is_far(values)
                kept = fine if kept is None else kept & fine
        if kept is None or bool(kept.all()):
            return batch
        return kept_rows(batch, kept) if bool(kept.any()) else None
