"""Keras as an engine, on its torch backend: trials of a training that callables make."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, Callable, Dict, Iterator, Optional

import keras
import torch

from keel.engines.keras import description
from keel.engines.pytorch.batches import Batches
from keel.engines.pytorch.columns import Columns
from keel.engines.protocol import JSON, Refused
from keel.engines.keras.batches import Source
from keel.engines.keras.changes import KerasPlan
from keel.engines.keras.constant import constant_loss
from keel.engines.keras.network import Network, check_loss, loss_of, optimizer_of, tells_classes
from keel.engines.keras.network import kept_state, measured, restore
from keel.engines.keras.rate import Movement, Rate
from keel.engines.pytorch.offender import offending_gradient
from keel.engines.pytorch.operations import Operations, ended, lost
from keel.engines.pytorch.operations import measured as measured_operations
from keel.engines.pytorch.scaling import reduction

# States that are kept of trials: what is older is forgotten, and asked for from the start.
_MOST_SNAPSHOTS = 8
# Batches that a constant output is fitted to.
_BATCHES = 32


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
        # The network of a trial without changes, as it stands.
        self._latest: Optional[Network] = None
        # By the changes that it is of.
        self._constants: Dict[Any, Optional[float]] = {}
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
            if network.model is self._first.model:
                raise TypeError("model() returned one model twice; build a new one in every call")
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
        movement = Movement(optimizer, self.schedule, self.steps)
        columns = self.columns()
        batches = list(KerasPlan([], columns).usual_batches(self.data).take(_BATCHES))
        operations = self._operations(network)
        return {
            "engine": f"keras {keras.__version__}",
            "parameters": sum(v.numel() for _, v in network.named_parameters()),
            "batch": columns.batch,
            "steps": self.steps,
            "stepsPerEpoch": columns.per_epoch,
            "constantLoss": constant_loss(network.model, batches, self._value),
            "layers": description.layers(network),
            "settings": description.settings(network.model, optimizer, movement, self.clip)
            | {
                "precision": description.precision(network),
                "loss-reduction": reduction(network.model, self._sample, self._value, None) or "mean",
            },
            "operations": operations.answer(),
            "data": columns.description(),
            "changes": description.changes(network.model, optimizer, columns),
        }

    def _operations(self, network: Network) -> Operations:
        return measured_operations(
            network, lambda: self._value(network.model, self._sample))

    def columns(self) -> Columns:
        """How large the data are; measured once."""
        if self._columns is None:
            self._columns = Columns.measured(self.data, self.steps)
        return self._columns

    def _changed_constant_loss(self, plan: KerasPlan) -> Optional[float]:
        """That of a trial whose rows, or whose loss, are others; None where they are the same."""
        if not plan.rows and not plan.is_loss_changed:
            return None
        if plan.key not in self._constants:
            batches = list(plan.usual_batches(self.data).take(_BATCHES))
            model = self._network(0).model
            self._constants[plan.key] = constant_loss(model, batches, plan.loss(self._value))
        return self._constants[plan.key]

    # Trials

    def stopped(self) -> JSON:
        """What the trial under way tells where it is stopped."""
        if self._latest is None:
            return {}
        return {"operations": self._operations(self._latest).answer()}

    def trial(self, request: JSON) -> Iterator[JSON]:
        plan = KerasPlan(request["changes"], self.columns())
        kept = self._snapshots.get(request["from"])
        if request["from"] != "start" and kept is None:
            raise Refused(f"from {request['from']}")
        constant = self._changed_constant_loss(plan)
        seed = int(request["seed"])
        trial = _Trial(self, plan, self._network(seed))
        batches = plan.batches(self.data, seed, self.columns().per_epoch)
        first = 0
        if kept is not None:
            first = kept["step"] + 1
            batches.skip(first)
            restore(kept, trial.network, trial.optimizer)
        self._latest = None if request["changes"] else trial.network
        keep = set(request.get("keep") or [])
        for step in range(first, first + int(request["steps"])):
            answer, end = trial.step(step, next(batches))
            if constant is not None:
                answer["constantLoss"], constant = constant, None
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
        self._movement = Movement(own, engine.schedule, engine.steps)
        self.optimizer = plan.optimizer(own)
        self._rate = Rate(self.optimizer)
        self._value = plan.loss(engine._value)
        self._clip = None if plan.changes_clip else engine.clip
        self._guard = plan.guard()

    def step(self, step: int, batch: JSON) -> Any:
        """Trains on a batch: the answer, and how the trial ends where it does."""
        network, value = self.network, self._value
        network.forget_gradients()
        loss = value(network.model, batch)
        scaled = self.optimizer.scale_loss(loss)
        # Before the loss is known: to look at it would wait for the device once more.
        scaled.backward()
        scale = 1.0 if scaled is loss else float(scaled.detach() / loss.detach())
        size, norm, layers = measured(loss, network, scale)
        size = self.plan.told_loss(size, network.model, value)
        rate = self._rate.value = self.plan.rate(self._movement, step)
        answer: JSON = {
            "step": step, "loss": size, "learningRate": rate, "gradientNorm": norm,
        }
        if layers is not None:
            answer["layers"] = layers
        guard = self._guard
        if not math.isfinite(size) and guard is None:
            return answer, lost(network, lambda: value(network.model, batch))
        if guard is not None and not guard.admits(size, norm):
            answer["skipped"] = True
            return answer, None
        if not math.isfinite(norm) and scaled is loss:
            # The gradient itself, or only the square of its size.
            offender = offending_gradient(network)
            if offender is not None:
                return answer, ended(network, lambda: value(network.model, batch), offender)
        gradients = network.gradients()
        if self._clip is not None and norm > self._clip:
            gradients = [g if g is None else g * (self._clip / norm) for g in gradients]
        with torch.no_grad():
            self.optimizer.apply(gradients, network.variables)
        return answer, None
