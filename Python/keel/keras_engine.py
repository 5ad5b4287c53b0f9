"""Keras as an engine, on its torch backend: trials of a training that callables make."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, Callable, Iterator, List, Optional

import keras
import numpy
import torch

from keel.batches import Batches, Columns
from keel.engine import JSON, Refused
from keel.keras_batches import Source
from keel.keras_changes import SETTINGS, KerasPlan, Rate, inner, owner_of, reset
from keel.keras_constant import constant_loss
from keel.keras_network import Network, check_loss, loss_of, optimizer_of, tells_classes
from keel.keras_network import kept_state, measured, restore, rms
from keel.offender import first_offender, offending_gradient, offending_parameter

# States that are kept of trials: what is older is forgotten, and asked for from the start.
_MOST_SNAPSHOTS = 8
# Batches that a constant output is fitted to.
_BATCHES = 32
# A schedule is told in so many places, spread over the run.
_FACTORS = 200


class KerasEngine:
    """Trials of a Keras training; see ``keel.cure`` for the arguments."""

    framework = "keras"

    def __init__(
        self,
        model: Callable[[], keras.Model],
        data: Callable[[int], Any],
        loss: Optional[Callable[[keras.Model, Any], Any]],
        optimizer: Optional[Callable[[keras.Model], keras.optimizers.Optimizer]],
        steps: int,
        schedule: Optional[Callable[[Any], Callable[[int], Any]]] = None,
        clip: Optional[float] = None,
        score: Optional[Callable[[keras.Model], float]] = None,
        made: Optional[keras.Model] = None,
    ) -> None:
        """``made`` is a model that ``model`` has made before, if there is one."""
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.steps, self.schedule, self.clip, self.score = int(steps), schedule, clip, score
        self._snapshots: "OrderedDict[str, Any]" = OrderedDict()
        self._columns: Optional[Columns] = None
        first = self.model() if made is None else made
        if not isinstance(first, keras.Model):
            raise TypeError(f"model() returned {type(first).__name__}; return a keras.Model")
        check_loss(first, loss)
        self.data = Source(data, tells_classes(first) if loss is None else False)
        # Drawn before anything is seeded, for data may draw from what all draw from.
        self._sample = next(iter(Batches(self.data, 0, per_epoch=None)))
        self._first: Optional[Network] = Network(first, self._sample)
        self._names: Any = None

    def _network(self, seed: int) -> Network:
        """A new model, built, its variables drawn by the seed."""
        keras.utils.set_random_seed(seed % (1 << 32))
        network = Network(self.model(), self._sample)
        if self._first is not None:
            network.take_names(self._first)
            self._names, self._first = (network.names, network.layer_names), None
        network.names, network.layer_names = self._names
        return network

    def _value(self, model: Any, batch: JSON) -> torch.Tensor:
        value = loss_of(model, batch, self.loss)
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            shape = list(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise TypeError(
                f"loss(model, batch) returned {shape}; return one number: its mean, or its sum"
            )
        return value

    # What it is

    def describe(self) -> JSON:
        network = self._network(0)
        optimizer = optimizer_of(network.model, self.optimizer)
        at_work = inner(optimizer)
        columns = self.columns()
        clip: JSON = {"global-norm": at_work.global_clipnorm, "value": at_work.clipvalue}
        if self.clip is not None and not clip["global-norm"]:
            clip["global-norm"] = float(self.clip)
        clip = {name: limit for name, limit in clip.items() if limit}
        base, _ = self._base(optimizer)
        settings: JSON = {
            "learning-rate": base,
            "optimizer": type(at_work).__name__,
            "clip": clip or None,
            "precision": network.model.dtype_policy.name,
            "schedule-factors": self._factors(optimizer),
        }
        for name, attribute in SETTINGS.items():
            value = getattr(at_work, attribute, None)
            settings[name] = None if value is None else float(value)
        batches = list(Batches(self.data, 0, per_epoch=None).take(_BATCHES))
        constant = constant_loss(network.model, batches, self._value)
        return {
            "engine": f"keras {keras.__version__}",
            "parameters": sum(v.numel() for _, v in network.named_parameters()),
            "batch": columns.batch,
            "steps": self.steps,
            "stepsPerEpoch": columns.per_epoch,
            "layers": self._layers(network),
            "settings": {name: value for name, value in settings.items() if value is not None},
            "data": columns.description(),
            "changes": self._changes(at_work, columns),
            "constantLoss": constant,
        }

    @staticmethod
    def _changes(optimizer: Any, columns: Columns) -> List[str]:
        settings = ["learning-rate", "optimizer", "schedule", "warmup", "bad-steps"]
        settings += [
            name
            for name, attribute in SETTINGS.items()
            # Another optimizer has settings that this one has not.
            if hasattr(optimizer, attribute) or name in ("beta1", "beta2", "epsilon")
        ]
        changes = [f"set {name}" for name in settings] + ["reset initialization", "clip"]
        if columns.inputs is not None or columns.targets is not None:
            changes += ["standardize", "set bad-rows"]
        return changes

    @staticmethod
    def _layers(network: Network) -> List[JSON]:
        named = list(zip(network.names, network.variables))
        owner = owner_of(network.model)
        before = [rms(v) for _, v in named]
        reset(network.model)
        after = [rms(v) for _, v in named]
        # A bias that begins with nothing by rule is held against its layer's weights.
        weights = {
            id(owner[id(v)]): size for (_, v), size in zip(named, after) if len(v.shape) > 1
        }
        layers: List[JSON] = []
        for (name, v), size, anew in zip(named, before, after):
            layer: JSON = {"name": name, "kind": type(owner[id(v)]).__name__}
            layer["shape"] = list(v.shape)
            if v.name == "bias":
                layer.update(rms=size, resetRms=anew or weights.get(id(owner[id(v)]), 0.0))
            elif len(v.shape) > 1:
                layer.update(rms=size, resetRms=anew)
            layers.append(layer)
        return layers

    def _places(self) -> List[int]:
        count = min(_FACTORS, self.steps)
        return sorted(
            {round(i * (self.steps - 1) / max(1, count - 1)) for i in range(count)}
        )

    def _base(self, optimizer: Any) -> Any:
        """The rate that a schedule is a share of, its largest, and the share of a step; None where
        there is no schedule."""
        own = inner(optimizer)._learning_rate
        moves = own if isinstance(own, keras.optimizers.schedules.LearningRateSchedule) else None
        if self.schedule is not None:
            moves = self.schedule(optimizer)
            if not callable(moves):
                raise TypeError(
                    f"schedule(optimizer) returned {type(moves).__name__}; return a Keras "
                    "LearningRateSchedule, or a function of the step"
                )
        if moves is None:
            # As it was written: 0.01, and not the float32 next to it.
            return float(str(numpy.float32(float(optimizer.learning_rate)))), None
        base = max(abs(float(moves(step))) for step in self._places()) or 1.0
        return base, lambda step: float(moves(step)) / base

    def _factors(self, optimizer: Any) -> Optional[List[float]]:
        """What the schedule makes of the rate, in places spread over the run."""
        _, factor = self._base(optimizer)
        return None if factor is None else [factor(step) for step in self._places()]

    def columns(self) -> Columns:
        """How large the data are; measured once."""
        if self._columns is None:
            self._columns = Columns.measured(self.data, self.steps)
        return self._columns

    # Trials

    def trial(self, request: JSON) -> Iterator[JSON]:
        plan = KerasPlan(request["changes"], self.columns())
        kept = self._snapshots.get(request["from"])
        if request["from"] != "start" and kept is None:
            raise Refused(f"from {request['from']}")
        seed = int(request["seed"])
        trial = _Trial(self, plan, self._network(seed))
        batches = plan.batches(self.data, seed, self.columns().per_epoch)
        first = 0
        if kept is not None:
            first = kept["step"] + 1
            batches.skip(first)
            restore(kept, trial.network, trial.optimizer)
        keep = set(request.get("keep") or [])
        for step in range(first, first + int(request["steps"])):
            answer, end = trial.step(step, next(batches))
            if step in keep and end is None:
                answer["snapshot"] = f"{request['id']}-{step}"
                self._snapshots[answer["snapshot"]] = kept_state(
                    step, trial.network, trial.optimizer
                )
                while len(self._snapshots) > _MOST_SNAPSHOTS:
                    self._snapshots.popitem(last=False)
            yield answer
            if end is not None:
                yield end
                return
        ended: JSON = {"end": "ok"}
        if self.score is not None:
            with torch.no_grad():
                ended["score"] = float(self.score(trial.network.model))
        yield ended


class _Trial:
    """A model and its optimizer under a plan, step after step."""

    def __init__(self, engine: KerasEngine, plan: KerasPlan, network: Network) -> None:
        self.engine, self.plan, self.network = engine, plan, network
        plan.apply_to_model(network.model)
        own = optimizer_of(network.model, engine.optimizer)
        self._base, self._factor = engine._base(own)
        self.optimizer = plan.optimizer(own)
        self._rate = Rate(self.optimizer)
        self._clip = None if plan.changes_clip else engine.clip
        self._guard = plan.guard()

    def step(self, step: int, batch: JSON) -> Any:
        """Trains on a batch: the answer, and how the trial ends where it does."""
        network, value = self.network, self.engine._value
        network.forget_gradients()
        loss = value(network.model, batch)
        scaled = self.optimizer.scale_loss(loss)
        # Before the loss is known: to look at it would wait for the device once more.
        scaled.backward()
        scale = 1.0 if scaled is loss else float(scaled.detach() / loss.detach())
        size, norm, layers = measured(loss, network, scale)
        rate = self._rate.value = self.plan.rate(self._base, self._factor, step)
        answer: JSON = {
            "step": step, "loss": size, "learningRate": rate, "gradientNorm": norm,
        }
        if layers is not None:
            answer["layers"] = layers
        guard = self._guard
        if not math.isfinite(size) and guard is None:
            offender = offending_parameter(network) or first_offender(
                network, lambda: value(network.model, batch)
            )
            return answer, {"end": "non-finite", "first": offender}
        if guard is not None and not guard.admits(size, norm):
            answer["skipped"] = True
            return answer, None
        if not math.isfinite(norm) and scaled is loss:
            # The gradient itself, or only the square of its size.
            offender = offending_gradient(network)
            if offender is not None:
                return answer, {"end": "non-finite", "first": offender}
        gradients = network.gradients()
        if self._clip is not None and norm > self._clip:
            gradients = [g if g is None else g * (self._clip / norm) for g in gradients]
        with torch.no_grad():
            self.optimizer.apply(gradients, network.variables)
        return answer, None
