"""What single operations of a training meet: exponentials, attention, means of nothing, half precision.

Modules hide what they calculate; the operations below them do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Set

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from keel.engines.protocol import JSON
from keel.engines.pytorch.offender import first_offender, module_names, offending_parameter, tensors
from keel.engines.pytorch.randomness import random_state, set_random_state

HALVES = (torch.float16, torch.bfloat16)
# What multiplies matrices: its numbers are those that a network calculates with.
_PRODUCTS = {"mm", "addmm", "bmm", "baddbmm", "convolution", "linear", "mkldnn_linear"}
_EXPONENTIALS = {"exp": 1.0, "exp_": 1.0, "expm1": 1.0, "exp2": math.log(2)}
_LOGARITHMS = {"log", "log2", "log10", "log_"}
_ROOTS = {"sqrt", "rsqrt", "sqrt_"}
# What Keel has a cause for.
_TOLD = ("exponent", "logarithm", "root", "empty-mean")
_SOFTMAXES = {"_softmax", "_safe_softmax", "_log_softmax"}
_ATTENTIONS = {
    "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_attention_math",
}


@dataclass
class Operations(TorchDispatchMode):
    """Notes what the operations of a pass meet; ``names`` has what modules are called."""

    names: Dict[torch.nn.Module, str] = field(default_factory=dict)
    exponent: Optional[JSON] = None
    attention_logits: Optional[JSON] = None
    # The kinds of numbers that matrices were multiplied in.
    precisions: Set[torch.dtype] = field(default_factory=set)
    # The first operation whose result is not finite although what it was given is.
    first: Optional[str] = None
    # The first whose slope is infinite at what it was given.
    steep: Optional[str] = None
    module: str = "loss"

    def __post_init__(self) -> None:
        super().__init__()
        self._made_infinite = False

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = function.overloadpacket.__name__ if hasattr(function, "overloadpacket") else ""
        # What is changed in place is gone afterwards.
        given = [
            tensor.clone() if name.endswith("_") else tensor for tensor in tensors((args, kwargs or {}))
        ]
        result = function(*args, **(kwargs or {}))
        try:
            self._look(name, args, kwargs or {}, given, result)
        except (RuntimeError, TypeError, IndexError):
            pass  # An operation of another form tells nothing, and stops nothing.
        return result

    def _look(
        self, name: str, args: Any, kwargs: Any, given: List[torch.Tensor], result: Any
    ) -> None:
        if name in _PRODUCTS and isinstance(result, torch.Tensor):
            self.precisions.add(result.dtype)
        if name in _EXPONENTIALS and _is_real(given[0]):
            self.exponent = _larger(
                self.exponent, float(given[0].max()) * _EXPONENTIALS[name], self.module)
        if name in ("_softmax", "_safe_softmax") and given[0].dim() >= 3:
            # Keys are the last axis of scores; classes of pictures are another.
            if args[1] in (-1, given[0].dim() - 1):
                self._note_scores(given[0])
        if name in _ATTENTIONS:
            query, key = given[0].float(), given[1].float()
            scale = kwargs.get("scale") or 1 / math.sqrt(query.shape[-1])
            self._note_scores(query @ key.transpose(-2, -1) * scale)
        if self.steep is None:
            self.steep = _steep(name, args, given)
        if self.first is None:
            self.first = self._kind(name, args, given, result)

    def _note_scores(self, scores: torch.Tensor) -> None:
        # What is masked is minus infinity, or as good as that.
        known = scores[torch.isfinite(scores) & (scores > -1e4)]
        if known.numel():
            self.attention_logits = _larger(
                self.attention_logits, float(known.abs().max()), self.module)

    def _kind(
        self, name: str, args: Any, given: List[torch.Tensor], result: Any
    ) -> Optional[str]:
        """What kind of operation it is, where it is the first to leave the finite numbers."""
        made = [tensor for tensor in tensors(result) if _is_real(tensor)]
        if not given or "empty" in name:
            return None  # A constant, meant so; or memory that nobody has written to yet.
        if not any(bool((torch.isnan(tensor) | (tensor == math.inf)).any()) for tensor in made):
            if name in _LOGARITHMS and any(bool(torch.isinf(tensor).any()) for tensor in made):
                self._made_infinite = True
            return None
        if any(bool((torch.isnan(t) | (t == math.inf)).any()) for t in given if _is_real(t)):
            return "passed-on"
        if self._made_infinite and any(bool(torch.isinf(t).any()) for t in given if _is_real(t)):
            return "logarithm"
        if name in _EXPONENTIALS:
            return "exponent"
        if name in _ROOTS:
            return "root"
        if name in _LOGARITHMS:
            return "logarithm"
        is_nan = any(bool(torch.isnan(tensor).any()) for tensor in made)
        return "empty-mean" if is_nan and _is_of_nothing(name, args, given) else name

    def answer(self) -> JSON:
        """What the protocol has of it; nothing where there is nothing to tell."""
        peaks = {"exponent": self.exponent, "attention-logits": self.attention_logits}
        return {name: peak for name, peak in peaks.items() if peak is not None}


def _steep(name: str, args: Any, given: List[torch.Tensor]) -> Optional[str]:
    is_root = name in _ROOTS or (
        name.startswith("pow") and isinstance(args[1], (int, float)) and 0 < args[1] < 1)
    if not (is_root or name in _LOGARITHMS) or not bool((given[0] == 0).any()):
        return None
    return "root" if is_root else "logarithm"


def _is_real(value: torch.Tensor) -> bool:
    return value.is_floating_point() and value.numel() > 0


def _larger(seen: Optional[JSON], value: float, module: str) -> Optional[JSON]:
    if math.isnan(value) or (seen is not None and seen["largest"] >= value):
        return seen
    return {"largest": value, "module": module}


def _is_of_nothing(name: str, args: Any, given: List[torch.Tensor]) -> bool:
    """Whether an operation that made a NaN of finite numbers divided nothing by nothing."""
    if name in _SOFTMAXES:
        return bool(torch.isneginf(given[0]).all(args[1]).any())
    if name in _ATTENTIONS:
        return any(
            bool((~t if t.dtype == torch.bool else torch.isneginf(t)).all(-1).any())
            for t in given[3:] if t.dim()
        )
    if name.startswith("mean") or name.startswith("nanmean"):
        return given[0].numel() == 0 or 0 in given[0].shape
    if name.startswith("nll_loss"):
        return not bool(torch.isneginf(given[0]).any())
    if name.startswith("div") or name == "true_divide":
        bottom = given[1] if len(given) > 1 else torch.tensor(float(args[1]))
        return bool(((given[0] == 0) & (bottom == 0)).any())
    return False


def seen(model: Any, run: Callable[[], Any]) -> Operations:
    """The operations of a pass that ``run`` makes; it has no gradients."""
    operations = Operations(module_names(model))
    under_way: List[str] = []

    def enter(module: torch.nn.Module, args: Any) -> None:
        under_way.append(operations.names[module])
        operations.module = under_way[-1]

    def leave(module: torch.nn.Module, args: Any, output: Any) -> None:
        under_way.pop()
        operations.module = under_way[-1] if under_way else "loss"

    handles: List[Any] = []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(enter))
        handles.append(module.register_forward_hook(leave))
    try:
        with torch.no_grad(), operations:
            run()
    finally:
        for handle in handles:
            handle.remove()
    return operations


def measured(model: Any, run: Callable[[], Any]) -> Operations:
    """The same, where nothing that is drawn may be disturbed; nothing where the pass cannot be made
    once more."""
    random = random_state()
    try:
        return seen(model, run)
    except Exception:  # The step itself will say so.
        return Operations()
    finally:
        set_random_state(random)


def precision(operations: Operations, model: Any) -> str:
    """The numbers that a network calculates with: the shortest of its products, or its weights'."""
    used = operations.precisions | {value.dtype for _, value in model.named_parameters()}
    return next((str(kind).replace("torch.", "") for kind in HALVES if kind in used), "float32")


def lost(model: Any, run: Callable[[], Any]) -> JSON:
    """How a trial ends whose loss is not finite: the first thing that was not, and the operation
    that made it."""
    offender = offending_parameter(model)
    if offender is None:
        try:
            offender = first_offender(model, run)
        except Exception:  # A loss that cannot be made without gradients.
            pass
    return ended(model, run, offender)


def ended(model: Any, run: Callable[[], Any], offender: Optional[JSON]) -> JSON:
    """The same where the first is known: a gradient may be lost in what the loss does not see."""
    end: JSON = {"end": "non-finite", "first": offender}
    if offender is not None and offender["pass"] != "update":
        try:
            operations = seen(model, run)
        except Exception:  # The same.
            return end
        end["operations"] = operations.answer()
        operation = operations.first
        if operation is None and offender["pass"] == "backward":
            operation = operations.steep
        if operation in _TOLD:
            end["first"] = {**offender, "operation": operation}
    return end
