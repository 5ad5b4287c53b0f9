"""PyTorch as an engine: trials of a training that four callables make."""

from __future__ import annotations

import copy
import math
import random
import warnings
from collections import OrderedDict
from typing import Any, Callable, Dict, Iterator, List, Optional

import torch

from keel.batches import Batches, Columns, target_place
from keel.changes import Plan, dropouts
from keel.engine import JSON, Refused
from keel.offender import first_offender, offending_gradient, offending_parameter

# States that are kept of trials, and bytes of all but the latest: what is older is forgotten, and
# trained anew where it is asked for.
_MOST_SNAPSHOTS, _MOST_BYTES = 64, 1 << 28
# Parameters that are measured one by one in every step.
_MOST_LAYERS = 100
# Batches that a constant output is fitted to, and that the data are measured on.
_BATCHES = 32
# A schedule is told in so many places, spread over the run.
_FACTORS = 200


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
    ) -> None:
        self.model, self.data, self.loss, self.optimizer = model, data, loss, optimizer
        self.steps, self.schedule, self.clip, self.score = int(steps), schedule, clip, score
        self._snapshots: "OrderedDict[str, Any]" = OrderedDict()
        # The step of every state that ever was kept.
        self._names: Dict[str, int] = {}
        self._columns: Optional[Columns] = None
        # By the changes of the data that it is of.
        self._constants: Dict[Any, Optional[float]] = {}

    # What it is

    def describe(self) -> JSON:
        seed_all(0)
        model = self.model()
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f"model() returned {type(model).__name__}; return a torch.nn.Module")
        optimizer = self.optimizer(model)
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(
                f"optimizer(model) returned {type(optimizer).__name__}; return a torch optimizer"
            )
        group = optimizer.param_groups[0]
        columns = self.columns()
        settings: JSON = {
            "learning-rate": float(group["lr"]),
            "optimizer": type(optimizer).__name__,
            "momentum": group.get("momentum"),
            "rho": group.get("alpha", group.get("rho")),
            "epsilon": group.get("eps"),
            "weight-decay": group.get("weight_decay"),
            "clip": None if self.clip is None else {"global-norm": float(self.clip)},
            "precision": str(next(iter(group["params"])).dtype).replace("torch.", ""),
            "schedule-factors": self._factors(optimizer),
            "dropout": max((rate for _, _, rate in dropouts(model)), default=None),
        }
        if "betas" in group:
            settings["beta1"], settings["beta2"] = (float(beta) for beta in group["betas"])
        return {
            "engine": f"pytorch {torch.__version__.split('+')[0]}",
            "parameters": sum(p.numel() for p in model.parameters()),
            "batch": columns.batch,
            "steps": self.steps,
            "stepsPerEpoch": columns.per_epoch,
            "layers": self._layers(model),
            "settings": {name: value for name, value in settings.items() if value is not None},
            "data": columns.description(),
            "changes": self._changes(optimizer, columns)
            + (["set dropout"] if dropouts(model) else []),
            "constantLoss": self._constant_loss(model),
        }

    def _changes(self, optimizer: torch.optim.Optimizer, columns: Columns) -> List[str]:
        group = optimizer.param_groups[0]
        settings = ["learning-rate", "optimizer", "schedule", "warmup", "bad-steps"]
        settings += [
            name
            for name, keys in {
                "momentum": ("momentum",), "beta1": ("betas",), "beta2": ("betas",),
                "rho": ("alpha", "rho"), "epsilon": ("eps",), "weight-decay": ("weight_decay",),
            }.items()
            # Another optimizer has settings that this one has not.
            if any(key in group for key in keys) or name in ("beta1", "beta2", "epsilon")
        ]
        changes = [f"set {name}" for name in settings] + ["reset initialization", "clip"]
        if columns.inputs is not None or columns.targets is not None:
            changes += ["standardize", "set bad-rows"]
        return changes

    def _layers(self, model: torch.nn.Module) -> List[JSON]:
        before = {name: _rms(value) for name, value in model.named_parameters()}
        kinds = {
            f"{name}.{key}" if name else key: type(module).__name__
            for name, module in model.named_modules()
            for key, _ in module.named_parameters(recurse=False)
        }
        Plan.reset(model)
        after = {name: _rms(value) for name, value in model.named_parameters()}
        # Weights by module: a bias is held against them, as one of few numbers may come out as
        # next to nothing where it begins at random.
        weights: Dict[str, float] = {}
        for name, value in model.named_parameters():
            if value.dim() > 1:
                module = name.rpartition(".")[0]
                weights[module] = max(after[name], weights.get(module, 0.0))

        def sizes(name: str, value: torch.Tensor) -> JSON:
            if value.dim() > 1:
                # No gradient goes through an embedding: it may begin as small as it likes.
                is_small = kinds.get(name, "").startswith("Embedding") and before[name] < after[name]
                return {} if is_small else {"rms": before[name], "resetRms": after[name]}
            if name.endswith("bias"):
                most = max(after[name], weights.get(name.rpartition(".")[0], 0.0))
                return {"rms": before[name], "resetRms": most}
            # What begins with nothing by rule has no size to be held against.
            return {}

        return [
            {
                "name": name,
                "kind": kinds.get(name, ""),
                "shape": list(value.shape),
                **sizes(name, value),
            }
            for name, value in model.named_parameters()
        ]

    def _factors(self, optimizer: torch.optim.Optimizer) -> Optional[List[float]]:
        """What the schedule makes of the rate, in places spread over the run."""
        if self.schedule is None:
            return None
        base = float(optimizer.param_groups[0]["lr"]) or 1.0
        places = {
            round(index * (self.steps - 1) / max(1, min(_FACTORS, self.steps) - 1))
            for index in range(min(_FACTORS, self.steps))
        }
        factors = []
        with warnings.catch_warnings():
            # There is no step of the optimizer between two of the schedule here.
            warnings.simplefilter("ignore")
            try:
                schedule = self.schedule(optimizer)
                for step in range(self.steps):
                    if step in places:
                        factors.append(float(optimizer.param_groups[0]["lr"]) / base)
                    schedule.step()
            except TypeError:
                return None  # One that follows a measure tells nothing beforehand.
        return factors

    def columns(self) -> Columns:
        """How large the data are; measured once."""
        if self._columns is None:
            self._columns = Columns.measured(self.data, self.steps, self._target_place())
        return self._columns

    def _target_place(self) -> Optional[int]:
        """Where the targets are in a batch of several tensors: what the network is not given."""
        batch = next(iter(self.data(0)), None)
        if not isinstance(batch, (list, tuple)) or len(batch) < 3:
            return None
        given: List[Any] = []
        model = self.model()
        handle = model.register_forward_pre_hook(
            lambda _, args, kwargs: given.extend([*args, *kwargs.values()]), with_kwargs=True)
        try:
            with torch.no_grad():
                self.loss(model, batch)
        except Exception:  # The trial will say so.
            return None
        finally:
            handle.remove()
        return target_place(batch, given)

    def _constant_loss(
        self, model: torch.nn.Module, plan: Optional[Plan] = None
    ) -> Optional[float]:
        """The loss minimised over one constant output, on the data as a plan changes them; None
        where the loss is of another form."""
        shapes: List[torch.Size] = []
        batches: List[Any] = []
        original = model.forward

        def note(*args: Any, **kwargs: Any) -> Any:
            output = original(*args, **kwargs)
            shapes.append(output.shape)
            return output

        try:
            with torch.no_grad():
                model.forward = note
                drawn = plan.batches(self.data, 0, None) if plan else Batches(self.data, 0, None)
                for batch in drawn.take(_BATCHES):
                    self.loss(model, batch)
                    batches.append(batch)
            if len(shapes) != len(batches) or any(s[1:] != shapes[0][1:] for s in shapes):
                return None
            like = next(model.parameters())
            constant = torch.zeros(
                shapes[0][1:], device=like.device, dtype=torch.float32, requires_grad=True
            )
            shape = iter(())

            def fake(*args: Any, **kwargs: Any) -> Any:
                return constant.expand(next(shape))

            model.forward = fake
            solver = torch.optim.LBFGS([constant], max_iter=50, line_search_fn="strong_wolfe")

            def closure() -> torch.Tensor:
                nonlocal shape
                shape = iter(shapes)
                solver.zero_grad()
                total = sum(self.loss(model, batch) for batch in batches) / len(batches)
                total.backward()
                return total

            solver.step(closure)
            value = float(closure().detach())
            return value if math.isfinite(value) else None
        except Exception:  # A loss that needs more than outputs has none.
            return None
        finally:
            del model.forward

    def _changed_constant_loss(self, plan: Plan) -> Optional[float]:
        """That of a trial whose rows are others: a row far outside the rest makes it large, and a
        loss beside it small, whatever was learnt. None where they are the same."""
        if not plan.rows:
            return None
        if plan.rows not in self._constants:
            self._constants[plan.rows] = self._constant_loss(self.model(), plan)
        return self._constants[plan.rows]

    # Trials

    def trial(self, request: JSON) -> Iterator[JSON]:
        plan = Plan(request["changes"], self.columns())
        kept = self._snapshots.get(request["from"])
        # Of a state that is forgotten its name tells the step, and seed and changes are the same.
        forgotten = 0
        if request["from"] != "start" and kept is None:
            if request["from"] not in self._names:
                raise Refused(f"from {request['from']}")
            forgotten = self._names[request["from"]] + 1
        constant = self._changed_constant_loss(plan)
        seed_all(int(request["seed"]) % (1 << 63))
        model = self.model()
        plan.apply_to_model(model)
        optimizer = plan.optimizer(self.optimizer(model))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            schedule = plan.schedule(self.schedule, optimizer)
        first = 0
        if kept is not None:
            first = kept["step"] + 1
            model.load_state_dict(kept["model"])
            optimizer.load_state_dict(copy.deepcopy(kept["optimizer"]))
            if schedule is not None and hasattr(schedule, "load_state_dict"):
                schedule.load_state_dict(copy.deepcopy(kept["schedule"]))
        model.train()
        clip = plan.clip if plan.changes_clip else self.clip
        batches = plan.batches(self.data, int(request["seed"]), self.columns().per_epoch)
        if kept is not None:
            batches.skip(first)
            set_random_state(kept["random"])
        request = {**request, "steps": int(request["steps"]) + forgotten}
        for answer in self._steps(
            request, plan, model, optimizer, schedule, clip, batches, first
        ):
            if answer.get("step", forgotten) < forgotten:
                continue
            if constant is not None:
                answer["constantLoss"], constant = constant, None
            yield answer

    def _steps(
        self, request: JSON, plan: Plan, model: Any, optimizer: Any, schedule: Any, clip: Any,
        batches: Batches, first: int,
    ) -> Iterator[JSON]:
        keep = set(request.get("keep") or [])
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        guard = plan.guard()
        for step in range(first, first + int(request["steps"])):
            batch = next(batches)
            plan.warm(optimizer, step)
            rate = float(optimizer.param_groups[0]["lr"])
            optimizer.zero_grad(set_to_none=True)
            value = self.loss(model, batch)
            if not isinstance(value, torch.Tensor) or value.numel() != 1:
                shape = list(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
                raise TypeError(
                    f"loss(model, batch) returned {shape}; return one number: its mean, or its sum"
                )
            loss = float(value.detach())
            answer: JSON = {"step": step, "loss": loss, "learningRate": rate}
            if not math.isfinite(loss) and guard is None:
                yield answer
                offender = offending_parameter(model) or first_offender(
                    model, lambda: self.loss(model, batch)
                )
                yield {"end": "non-finite", "first": offender}
                return
            if math.isfinite(loss):
                value.backward()
            norm, layers = _norms(named)
            answer["gradientNorm"] = norm
            if layers is not None:
                answer["layers"] = layers
            if guard is not None and not guard.admits(loss, norm):
                answer["skipped"] = True
            elif not math.isfinite(norm):
                # The gradient itself, or only the square of its size.
                offender = offending_gradient(model)
                if offender is not None:
                    yield answer
                    yield {"end": "non-finite", "first": offender}
                    return
                optimizer.step()
            else:
                _clip(named, clip, norm)
                optimizer.step()
            plan.unwarm(optimizer)
            if schedule is not None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    _advance(schedule, loss)
            if step in keep:
                answer["snapshot"] = f"{request['id']}-{step}"
                self._keep(answer["snapshot"], step, model, optimizer, schedule)
            yield answer
        end: JSON = {"end": "ok"}
        if self.score is not None:
            model.eval()
            with torch.no_grad():
                end["score"] = float(self.score(model))
            model.train()
        yield end

    def _keep(self, name: str, step: int, model: Any, optimizer: Any, schedule: Any) -> None:
        self._snapshots[name] = {
            "step": step,
            "model": copy.deepcopy(model.state_dict()),
            "optimizer": copy.deepcopy(optimizer.state_dict()),
            "schedule": copy.deepcopy(schedule.state_dict())
            if schedule is not None and hasattr(schedule, "state_dict")
            else None,
            "random": random_state(),
        }
        self._names[name] = step
        most = max(1, min(_MOST_SNAPSHOTS, _MOST_BYTES // max(1, _bytes(self._snapshots[name]))))
        while len(self._snapshots) > most:
            self._snapshots.popitem(last=False)


# Numbers


def _bytes(value: Any) -> int:
    """Of all tensors in a state."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, dict):
        return sum(_bytes(member) for member in value.values())
    return sum(map(_bytes, value)) if isinstance(value, (list, tuple)) else 0


def _rms(value: torch.Tensor) -> float:
    return float(value.detach().float().pow(2).mean().sqrt()) if value.numel() else 0.0


def _norms(named: List[Any]) -> Any:
    """The norm of all gradients, and those of each parameter; one transfer."""
    gradients = [(n, p, p.grad) for n, p in named if p.grad is not None]
    if not gradients:
        return 0.0, None
    norms = torch._foreach_norm([g.detach().float() for _, _, g in gradients])
    if len(gradients) > _MOST_LAYERS:
        return float(torch.linalg.vector_norm(torch.stack([n.double() for n in norms]))), None
    weights = torch._foreach_norm([p.detach().float() for _, p, _ in gradients])
    values = torch.stack([n.double() for n in norms + weights]).tolist()
    count = len(gradients)
    layers = {
        name: {"gradient": values[index], "weight": values[count + index]}
        for index, (name, _, _) in enumerate(gradients)
    }
    return math.sqrt(sum(v * v for v in values[:count])) if all(
        math.isfinite(v) for v in values[:count]
    ) else float("nan"), layers


def _clip(named: List[Any], clip: Any, norm: float) -> None:
    if clip is None:
        return
    parameters = [p for _, p in named if p.grad is not None]
    if isinstance(clip, dict) and "value" in clip:
        torch.nn.utils.clip_grad_value_(parameters, clip["value"])
        return
    limit = clip["global-norm"] if isinstance(clip, dict) else float(clip)
    if norm > limit:
        torch._foreach_mul_([p.grad for p in parameters], limit / (norm + 1e-6))


def _advance(schedule: Any, loss: float) -> None:
    if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
        schedule.step(loss)
    else:
        schedule.step()


# Randomness


def seed_all(seed: int) -> None:
    random.seed(seed)
    torch.manual_seed(seed)
    try:
        import numpy

        numpy.random.seed(seed % (1 << 32))
    except ImportError:
        pass


def random_state() -> Dict[str, Any]:
    state: Dict[str, Any] = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    try:
        import numpy

        state["numpy"] = numpy.random.get_state()
    except ImportError:
        pass
    return state


def set_random_state(state: Dict[str, Any]) -> None:
    random.setstate(state["python"])
    torch.set_rng_state(state["torch"])
    if "cuda" in state:
        torch.cuda.set_rng_state_all(state["cuda"])
    if "numpy" in state:
        import numpy

        numpy.random.set_state(state["numpy"])
