"""Operations of a training as Keel asks for them: bounded, of full precision, zero where of nothing."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Tuple

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from keel.engines.protocol import Refused
from keel.engines.pytorch.operations import HALVES

# Scores of attention are kept within this: 50·tanh(score/50), as in Gemma 2.
_MOST_SCORE = 50.0
# The least that logarithms and roots are given: Keras's, and far above where a slope overflows.
_LEAST_OF_LOG, _LEAST_OF_ROOT = 1e-7, 1e-12
# Where operations stand that others call by name, unseen by a mode that is at work on those.
_PLACES: List[Tuple[Any, str]] = [
    (owner, name)
    for name in ("exp", "softmax", "log", "sqrt", "mean", "div")
    for owner in (torch, torch.Tensor)
] + [(F, name) for name in ("softmax", "scaled_dot_product_attention", "cross_entropy", "nll_loss")]
# What operations call what they are given, in its order.
_GIVEN: Dict[str, Tuple[str, ...]] = {
    "cross_entropy": ("input", "target"), "nll_loss": ("input", "target"),
    "poisson_nll_loss": ("input", "target"), "pow": ("input", "exponent"),
    "scaled_dot_product_attention": ("query", "key", "value"),
    **{name: ("input", "other") for name in ("div", "divide", "true_divide")},
}
# Means over rows that may be none.
_ERRORS = (
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
)
_Function = Callable[..., Any]


class Mending(TorchFunctionMode):
    """A context in which some operations are others.

    ``what`` holds ``precision``, ``exponents``, ``attention-logits``, ``domains``, ``empty-means``.
    """

    def __init__(self, what: frozenset) -> None:
        super().__init__()
        self._what = what
        self._kept: List[Tuple[Any, str, Any]] = []
        # An operation that is made of others has been mended already.
        self._is_busy = False
        self._mended: Dict[str, Callable[..., Any]] = {}
        if "exponents" in what:
            self._mended |= {
                "exp": _exp, "exp2": _exp2, "expm1": _expm1, "poisson_nll_loss": _poisson_nll_loss}
        if "domains" in what:
            self._mended |= {"log": _log, "log2": _log, "log10": _log, "sqrt": _sqrt, "rsqrt": _sqrt,
                             "pow": _power, "__pow__": _power}
        if what & {"attention-logits", "empty-means"}:
            self._mended |= {
                "softmax": self._softmax, "scaled_dot_product_attention": self._attention}
        if "empty-means" in what:
            self._mended |= {
                "cross_entropy": _of_labels, "nll_loss": _of_labels, "mean": _mean,
                "div": _divide, "__truediv__": _divide, "true_divide": _divide,
                "divide": _divide, "__rtruediv__": _divide_into, "__rdiv__": _divide_into,
                **{name: _of_rows for name in _ERRORS},
            }

    def __enter__(self) -> "Mending":
        for owner, name in _PLACES:
            if name in self._mended:
                self._put(owner, name, self._in_place_of(getattr(owner, name), name))
        if "precision" in self._what:
            autocast = torch.amp.autocast_mode.autocast
            self._put(autocast, "__enter__", lambda cast: cast)
            self._put(autocast, "__exit__", lambda cast, *error: None)
        if self._what:
            super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._what:
            super().__exit__(*error)
        while self._kept:
            owner, name, original = self._kept.pop()
            setattr(owner, name, original)

    def _put(self, owner: Any, name: str, replacement: Any) -> None:
        self._kept.append((owner, name, getattr(owner, name)))
        setattr(owner, name, replacement)

    def _in_place_of(self, original: _Function, name: str) -> _Function:
        return lambda *args, **kwargs: self._call(name, original, args, kwargs)

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs, name = kwargs or {}, getattr(function, "__name__", "")
        if "precision" not in self._what:
            return self._call(name, function, args, kwargs)
        result = _full(self._call(name, function, _full(args), _full(kwargs)))
        if _is_in_place(name) and isinstance(args[0], torch.Tensor) and args[0].dtype in HALVES:
            # What was changed is a copy.
            with torch._C.DisableTorchFunctionSubclass():
                return args[0].copy_(result)
        return result

    def _call(self, name: str, original: _Function, args: Any, kwargs: Any) -> Any:
        is_in_place = _is_in_place(name)
        kind = name[:-1] if is_in_place and name[:-1] in self._mended else name
        mended = self._mended.get(kind)
        if mended is None or self._is_busy or "out" in kwargs:
            return original(*args, **kwargs)
        for given in _GIVEN.get(kind, ("input",))[len(args):]:
            if given not in kwargs:
                break
            args, kwargs = (*args, kwargs[given]), {k: v for k, v in kwargs.items() if k != given}
        self._is_busy = True
        try:
            if is_in_place:
                return args[0].copy_(mended(getattr(torch, kind), args[0].clone(), *args[1:]))
            return mended(original, *args, **kwargs)
        except (TypeError, ValueError, IndexError) as error:
            # It is called as nobody foresaw: the search goes on without.
            raise Refused(f"{name}: {error}") from error
        finally:
            self._is_busy = False

    # Attention

    def _softmax(self, original: _Function, scores: Any, *args: Any, **kwargs: Any) -> Any:
        dim = kwargs.get("dim", args[0] if args else -1)
        # Scores of attention have rows, queries and keys, and keys are last.
        is_attention = scores.dim() >= 3 and dim in (-1, scores.dim() - 1)
        if "attention-logits" in self._what and is_attention:
            scores = _bounded_scores(scores)
        return self._shares(original, scores, dim, *args, **kwargs)

    def _shares(
        self, original: _Function, scores: torch.Tensor, axis: int, *args: Any, **kwargs: Any
    ) -> Any:
        """The softmax; zero where there is nothing to share, if that is asked for."""
        if "empty-means" not in self._what:
            return original(scores, *args, **kwargs)
        is_empty = torch.isneginf(scores).all(axis, keepdim=True)
        shares = original(scores.masked_fill(is_empty, 0.0), *args, **kwargs)
        return shares.masked_fill(is_empty, 0.0)

    def _attention(
        self, original: _Function, query: Any, key: Any, value: Any, attn_mask: Any = None,
        dropout_p: float = 0.0, is_causal: bool = False, scale: Any = None,
        enable_gqa: bool = False,
    ) -> Any:
        if enable_gqa:
            key, value = (
                part.repeat_interleave(query.shape[-3] // part.shape[-3], -3) for part in (key, value)
            )
        scores = query @ key.transpose(-2, -1) * (scale or 1 / math.sqrt(query.shape[-1]))
        if "attention-logits" in self._what:
            scores = _bounded_scores(scores)
        if is_causal:
            later = torch.ones_like(scores, dtype=torch.bool).triu(1)
            scores = scores.masked_fill(later, -math.inf)
        if attn_mask is not None:
            scores = (
                scores.masked_fill(~attn_mask, -math.inf)
                if attn_mask.dtype == torch.bool
                else scores + attn_mask
            )
        shares = self._shares(torch.softmax, scores, -1, -1)
        return F.dropout(shares, dropout_p) @ value if dropout_p else shares @ value


# Exponentials


def _exp(original: _Function, x: torch.Tensor) -> torch.Tensor:
    """The exponential, and from 1 on a straight line."""
    return torch.where(x < 1, original(x.clamp(max=1)), math.e * x)


def _exp2(original: _Function, x: torch.Tensor) -> torch.Tensor:
    return _exp(torch.exp, x * math.log(2))


def _expm1(original: _Function, x: torch.Tensor) -> torch.Tensor:
    return _exp(torch.exp, x) - 1


def _poisson_nll_loss(
    original: _Function, rate: torch.Tensor, target: torch.Tensor, log_input: bool = True,
    full: bool = False, size_average: Any = None, eps: float = 1e-8, reduce: Any = None,
    reduction: str = "mean",
) -> torch.Tensor:
    if not log_input or full:
        return original(rate, target, log_input=log_input, full=full, eps=eps, reduction=reduction)
    losses = _exp(torch.exp, rate) - target * rate
    return losses if reduction == "none" else getattr(losses, reduction)()


def _bounded_scores(scores: torch.Tensor) -> torch.Tensor:
    bounded = _MOST_SCORE * torch.tanh(scores / _MOST_SCORE)
    # What is masked stays so.
    return torch.where(scores > -1e4, bounded, scores)


# Roots and logarithms


def _log(original: _Function, x: torch.Tensor) -> torch.Tensor:
    return original(x.clamp(min=_LEAST_OF_LOG))


def _sqrt(original: _Function, x: torch.Tensor) -> torch.Tensor:
    return original(x.clamp(min=_LEAST_OF_ROOT))


def _power(original: _Function, x: Any, exponent: Any) -> Any:
    is_root = isinstance(exponent, (int, float)) and 0 < exponent < 1
    return original(x.clamp(min=_LEAST_OF_ROOT) if is_root else x, exponent)


# Means of nothing


def _of_labels(
    original: _Function, outputs: Any, targets: Any, weight: Any = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean", **rest: Any,
) -> Any:
    is_mean = reduction == "mean" and not targets.is_floating_point()
    if is_mean and bool((targets == ignore_index).all()):
        return outputs.sum() * 0.0
    return original(
        outputs, targets, weight=weight, ignore_index=ignore_index, reduction=reduction, **rest)


def _of_rows(original: _Function, outputs: Any, *args: Any, **kwargs: Any) -> Any:
    return original(outputs, *args, **kwargs) if outputs.numel() else outputs.sum()


def _mean(original: _Function, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
    return torch.sum(x, *args, **kwargs) if x.numel() == 0 else original(x, *args, **kwargs)


def _divide(original: _Function, top: Any, bottom: Any, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(bottom, torch.Tensor):
        return original(top, bottom, *args, **kwargs)
    is_nothing = (bottom == 0) & (torch.as_tensor(top) == 0)
    return original(top, torch.where(is_nothing, torch.ones_like(bottom), bottom), *args, **kwargs)


def _divide_into(original: _Function, bottom: torch.Tensor, top: Any) -> Any:
    return _divide(torch.div, torch.as_tensor(top, dtype=bottom.dtype), bottom)


# Precision


def _is_in_place(name: str) -> bool:
    if name.startswith("__"):
        return name in ("__iadd__", "__isub__", "__imul__", "__itruediv__")
    return name.endswith("_")


def _full(value: Any) -> Any:
    """Halves as float32, whatever they stand in; ``dtype`` among what is asked for as well."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype in HALVES else value
    if isinstance(value, torch.dtype):
        return torch.float32 if value in HALVES else value
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(_full, value))
    if isinstance(value, list):
        return [_full(member) for member in value]
    if isinstance(value, dict):
        return {name: _full(member) for name, member in value.items()}
    return value
