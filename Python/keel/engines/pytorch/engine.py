"""PyTorch as an engine: trials of a training that four callables make."""

from __future__ import annotations

import copy
import math
import warnings
import weakref
from collections import OrderedDict
from typing import Any, Callable, Dict, Iterator, Optional

import torch

from keel.engines.protocol import JSON, Refused
from keel.engines.pytorch.batches import Batches
from keel.engines.pytorch.changes import Plan
from keel.engines.pytorch.checks import check_loss, check_model, check_optimizer, number_of
from keel.engines.pytorch.columns import Columns
from keel.engines.pytorch.guard import Guard
from keel.engines.pytorch.constant import place_of_targets
from keel.engines.pytorch.constant_losses import ConstantLosses
from keel.engines.pytorch.description import changes, factors, layers, peak, settings
from keel.engines.pytorch.measures import advance, clip_gradients, norms, size_of
from keel.engines.pytorch.offender import offending_gradient
from keel.engines.pytorch.operations import Operations, ended, lost, measured, precision
from keel.engines.pytorch.randomness import random_state, seed_all, set_random_state
from keel.engines.pytorch.scaling import LossScale, reduction
from keel.engines.pytorch.start import Start

# States that are kept of trials, and bytes of all but the latest: what is older is forgotten, and
# trained anew where it is asked for.
_MOST_SNAPSHOTS, _MOST_BYTES = 64, 1 << 28


class PyTorchEngine:
    """Trials of a PyTorch training; see ``keel.cure`` for the arguments."""

    framework = "pytorch"

    def __init__(
        self,
        model: Callable[[], torch.nn.Module],
        data: Callable[[int], Any],
        loss: Callable[[torch.nn.Module, Any], torch.Tensor],
        optimizer: Callable[[torch.nn.Module], torch.optim.Optimizer],
        steps: int,
        schedule: Optional[Callable[[torch.optim.Optimizer], Any]] = None,
        clip: Optional[float] = None,
        score: Optional[Callable[[torch.nn.Module], float]] = None,
        loss_scale: Optional[str] = None,
        start: Any = None,
    ) -> None:
        self.model, self.data, self.loss, self.optimizer = model, data, loss, optimizer
        self.steps, self.schedule, self.clip, self.score = int(steps), schedule, clip, score
        self.loss_scale = loss_scale
        self.start = None if start is None else Start.of(start)
        if self.start is not None:
            self.start.check(self.steps)
        self._snapshots: "OrderedDict[str, Any]" = OrderedDict()
        # The step of every state that ever was kept.
        self._names: Dict[str, int] = {}
        self._columns: Optional[Columns] = None
        self._described: Any = None
        # Model and batch of a trial without changes, as it stands.
        self._latest: Any = None
        self._constant_losses: Optional[ConstantLosses] = None

    # What it is

    def describe(self) -> JSON:
        seed_all(0)
        model = self.model()
        check_model(model)
        optimizer = self.optimizer(model)
        check_optimizer(optimizer)
        self._described = weakref.ref(model)
        if self.start is not None:
            self.start.restore(model, optimizer)
            self.start.set_rates(optimizer, self.schedule)
        columns = self.columns()
        batch = next(iter(Batches(self.data, 0, None)))
        operations = self._operations(model, batch)
        return {
            "engine": f"pytorch {torch.__version__.split('+')[0]}",
            "parameters": sum(p.numel() for p in model.parameters()),
            "batch": columns.batch,
            "steps": self.steps,
            "stepsPerEpoch": columns.per_epoch,
            "layers": layers(model),
            "settings": settings(
                model, optimizer, self.clip, factors(self.schedule, optimizer, self.steps),
                peak(self.schedule, optimizer),
            )
            | {
                "precision": precision(operations, model),
                "loss-reduction": reduction(model, batch, self.loss, columns.place) or "mean",
                "loss-scale": self.loss_scale or "none",
            },
            "data": columns.description(),
            "changes": changes(model, optimizer, columns, operations),
            "snapshots": [] if self.start is None else [self.start.description()],
            "operations": operations.answer(),
            "constantLoss": self._constants().own(model, self.start),
        }

    def _built(self) -> torch.nn.Module:
        """A new model, as ``model`` builds it."""
        model = self.model()
        if self._described is not None and model is self._described():
            raise TypeError("model() returned one model twice; build a new one in every call")
        return model

    def columns(self) -> Columns:
        """How large the data are; measured once."""
        if self._columns is None:
            self._columns = Columns.measured(
                self.data, self.steps, place_of_targets(self.data, self._built(), self.loss)
            )
        return self._columns

    def _constants(self) -> ConstantLosses:
        if self._constant_losses is None:
            self._constant_losses = ConstantLosses(
                self._built, self.data, self.loss, self.columns())
        return self._constant_losses

    def _operations(self, model: torch.nn.Module, batch: Any) -> Operations:
        return measured(model, lambda: self.loss(model, batch))

    # Trials

    def stopped(self) -> JSON:
        """What the trial under way tells where it is stopped."""
        if self._latest is None:
            return {}
        return {"operations": self._operations(*self._latest).answer()}

    def trial(self, request: JSON) -> Iterator[JSON]:
        plan = Plan(request["changes"], self.columns())
        kept = self._snapshots.get(request["from"])
        start = self.start
        first = 0 if start is None else start.step + 1
        # Of a state that is forgotten its name tells the step, and seed and changes are the same.
        forgotten = first
        if kept is None and request["from"] != ("start" if start is None else start.name):
            if request["from"] not in self._names:
                raise Refused(f"from {request['from']}")
            forgotten = self._names[request["from"]] + 1
        constant = self._constants().changed(plan)
        if "targets" in plan.rows and not self._constants().bears(plan):
            # Counts and probabilities are no longer what the loss is for.
            raise Refused("standardize targets: the loss has no least value then")
        seed_all(int(request["seed"]) % (1 << 63))
        model = self._built()
        plan.apply_to_model(model)
        own = self.optimizer(model)
        if start is not None:
            start.set_rates(own, self.schedule)
        optimizer = plan.optimizer(own)
        if start is not None and kept is None:
            start.restore(model, optimizer)
            if int(request["seed"]) == 0:
                set_random_state(start.random)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            schedule = plan.schedule(self.schedule, optimizer)
        if schedule is not None and start is not None and kept is None:
            start.catch_up(schedule)
        if kept is not None:
            first = kept["step"] + 1
            model.load_state_dict(kept["model"])
            optimizer.load_state_dict(copy.deepcopy(kept["optimizer"]))
            if schedule is not None and hasattr(schedule, "load_state_dict"):
                schedule.load_state_dict(copy.deepcopy(kept["schedule"]))
        model.train()
        clip = plan.clip if plan.changes_clip else self.clip
        batches = plan.batches(self.data, int(request["seed"]), self.columns().per_epoch)
        batches.skip(first, jumps=not plan.rows)
        if kept is not None:
            set_random_state(kept["random"])
        else:
            request = {**request, "steps": int(request["steps"]) + forgotten - first}
        guard, scale = plan.guard(), plan.loss_scale(self.loss_scale)
        if kept is not None:
            guard, scale = copy.deepcopy(kept["windows"])
        steps = self._steps(
            request, plan, model, optimizer, schedule, clip, batches, first, guard, scale)
        while True:
            try:
                answer = next(steps, None)
            except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
                # What cannot be made of it is none of its own faults.
                if not request["changes"]:
                    raise
                raise Refused(f"{request['changes'][0]}: {error}") from error
            if answer is None:
                return
            if answer.get("step", forgotten) < forgotten:
                continue
            if constant is not None:
                answer["constantLoss"], constant = constant, None
            yield answer

    def _steps(
        self, request: JSON, plan: Plan, model: Any, optimizer: Any, schedule: Any, clip: Any,
        batches: Batches, first: int, guard: Optional[Guard], scale: Optional[LossScale],
    ) -> Iterator[JSON]:
        keep = set(request.get("keep") or [])
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        loss_of = plan.loss(self.loss)
        for step in range(first, first + int(request["steps"])):
            batch = next(batches)
            self._latest = None if request["changes"] else (model, batch)
            plan.warm(optimizer, step)
            rate = max(float(group["lr"]) for group in optimizer.param_groups)
            optimizer.zero_grad(set_to_none=True)
            value = loss_of(model, batch)
            check_loss(value)
            loss = float(value.detach())
            answer: JSON = {"step": step, "loss": loss, "learningRate": rate}
            if not math.isfinite(loss) and guard is None:
                yield answer
                yield lost(model, lambda: loss_of(model, batch))
                return
            if math.isfinite(loss):
                (value if scale is None else value * scale.factor).backward()
                # What has been passed back may be changed now.
                answer["loss"] = plan.told_loss(loss, model, loss_of)
            is_scaled_well = scale is None or scale.take_out(named)
            norm, layers = norms(named)
            answer["gradientNorm"] = norm
            if layers is not None:
                answer["layers"] = layers
            if not is_scaled_well or guard is not None and not guard.admits(loss, norm):
                answer["skipped"] = True
            elif not math.isfinite(norm):
                # The gradient itself, or only the square of its size.
                offender = offending_gradient(model)
                if offender is not None:
                    yield answer
                    yield ended(model, lambda: loss_of(model, batch), offender)
                    return
                optimizer.step()
            else:
                clip_gradients(named, clip, norm)
                optimizer.step()
            plan.unwarm(optimizer)
            if schedule is not None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    advance(schedule, loss)
            if step in keep:
                answer["snapshot"] = f"{request['id']}-{step}"
                self._keep(
                    answer["snapshot"], step, model, optimizer, schedule, (guard, scale))
            yield answer
        end: JSON = {"end": "ok"}
        if self.score is not None:
            model.eval()
            with torch.no_grad():
                end["score"] = number_of(self.score(model))
            model.train()
        if not request["changes"]:
            end["operations"] = self._operations(model, batch).answer()
        yield end

    def _keep(
        self, name: str, step: int, model: Any, optimizer: Any, schedule: Any, windows: Any
    ) -> None:
        self._snapshots[name] = {
            "step": step,
            "model": copy.deepcopy(model.state_dict()),
            "optimizer": copy.deepcopy(optimizer.state_dict()),
            "schedule": copy.deepcopy(schedule.state_dict())
            if schedule is not None and hasattr(schedule, "state_dict")
            else None,
            "windows": copy.deepcopy(windows),
            "random": random_state(),
        }
        self._names[name] = step
        most = max(1, min(_MOST_SNAPSHOTS, _MOST_BYTES // max(1, size_of(self._snapshots[name]))))
        while len(self._snapshots) > most:
            self._snapshots.popitem(last=False)
