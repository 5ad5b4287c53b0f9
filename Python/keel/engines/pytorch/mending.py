"""Operations of a training as Keel asks for them: bounded, of full precision, zero where of nothing."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Tuple

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

_HALVES = (torch.float16, torch.bfloat16)
# Scores of attention are kept within this: 50·tanh(score/50), as in Gemma 2.
_MOST_SCORE = 50.0
# The least that logarithms and roots are given: Keras's, and far above where a slope overflows.
_LEAST_OF_LOG, _LEAST_OF_ROOT = 1e-7, 1e-12
# Where operations stand that others call by name, unseen by a mode that is at work on those.
_PLACES: List[Tuple[Any, str]] = [
    (torch, "exp"), (torch.Tensor, "exp"), (torch, "softmax"), (torch.Tensor, "softmax"),
    (F, "softmax"), (F, "scaled_dot_product_attention"), (F, "cross_entropy"), (F, "nll_loss"),
    (torch, "log"), (torch.Tensor, "log"), (torch, "sqrt"), (torch.Tensor, "sqrt"),
    (torch, "mean"), (torch.Tensor, "mean"), (torch, "div"), (torch.Tensor, "div"),
]
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
            self._mended |= {"exp": _exp, "exp_": _exp_in_place}
        if "domains" in what:
            self._mended |= {"log": _log, "log2": _log, "log10": _log, "sqrt": _sqrt, "rsqrt": _sqrt,
                             "pow": _power, "__pow__": _power}
        if what & {"attention-logits", "empty-means"}:
            self._mended |= {
                "softmax": self._softmax, "scaled_dot_product_attention": self._attention}
        if "empty-means" in what:
            self._mended |= {
                "cross_entropy": _cross_entropy, "nll_loss": _nll_loss, "mean": _mean,
                "div": _divide, "__truediv__": _divide, "true_divide": _divide,
                "divide": _divide,
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
        kwargs = kwargs or {}
        if "precision" in self._what:
            args, kwargs = _full(args), _full(kwargs)
        result = self._call(getattr(function, "__name__", ""), function, args, kwargs)
        return _full(result) if "precision" in self._what else result

    def _call(self, name: str, original: _Function, args: Any, kwargs: Any) -> Any:
        mended = self._mended.get(name)
        if mended is None or self._is_busy or "out" in kwargs:
            return original(*args, **kwargs)
        self._is_busy = True
        try:
            return mended(original, *args, **kwargs)
        finally:
            self._is_busy = False

    # Attention

    def _softmax(self, original: _Function, scores: Any, *args: Any, **kwargs: Any) -> Any:
        # Scores of attention have rows, queries and keys; those of classes are left alone.
        if "attention-logits" in self._what and scores.dim() >= 3:
            scores = _bounded_scores(scores)
        if "empty-means" not in self._what:
            return original(scores, *args, **kwargs)
        dim = kwargs.get("dim", args[0] if args else -1)
        is_empty = torch.isneginf(scores).all(dim, keepdim=True)
        shares = original(scores.masked_fill(is_empty, 0.0), *args, **kwargs)
        return shares.masked_fill(is_empty, 0.0)

    def _attention(
        self, original: _Function, query: Any, key: Any, value: Any, attn_mask: Any = None,
        dropout_p: float = 0.0, is_causal: bool = False, scale: Any = None, **rest: Any,
    ) -> Any:
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
        shares = self._softmax_of_bounded(scores)
        return F.dropout(shares, dropout_p) @ value if dropout_p else shares @ value

    def _softmax_of_bounded(self, scores: torch.Tensor) -> torch.Tensor:
        is_empty = torch.isneginf(scores).all(-1, keepdim=True)
        shares = scores.masked_fill(is_empty, 0.0).softmax(-1)
        return shares.masked_fill(is_empty, 0.0) if "empty-means" in self._what else shares


# Exponentials


def _exp(original: _Function, x: torch.Tensor) -> torch.Tensor:
    """The exponential, and from 1 on a straight line."""
    return torch.where(x < 1, original(x.clamp(max=1)), math.e * x)


def _exp_in_place(original: _Function, x: torch.Tensor) -> torch.Tensor:
    return x.copy_(_exp(torch.exp, x.clone()))


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


def _cross_entropy(original: _Function, outputs: Any, targets: Any, *args: Any, **kwargs: Any) -> Any:
    return _of_labels(original, outputs, targets, args, kwargs)


def _nll_loss(original: _Function, outputs: Any, targets: Any, *args: Any, **kwargs: Any) -> Any:
    return _of_labels(original, outputs, targets, args, kwargs)


def _of_labels(original: _Function, outputs: Any, targets: Any, args: Any, kwargs: Any) -> Any:
    ignored = kwargs.get("ignore_index", -100)
    if not targets.is_floating_point() and bool((targets == ignored).all()):
        return outputs.sum() * 0.0
    return original(outputs, targets, *args, **kwargs)


def _mean(original: _Function, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
    return torch.sum(x, *args, **kwargs) if x.numel() == 0 else original(x, *args, **kwargs)


def _divide(original: _Function, top: Any, bottom: Any, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(bottom, torch.Tensor):
        return original(top, bottom, *args, **kwargs)
    is_nothing = (bottom == 0) & (torch.as_tensor(top) == 0)
    return original(top, torch.where(is_nothing, torch.ones_like(bottom), bottom), *args, **kwargs)


# Precision


def _full(value: Any) -> Any:
    """Halves as float32, whatever they stand in; ``dtype`` among what is asked for as well."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype in _HALVES else value
    if isinstance(value, torch.dtype):
        return torch.float32 if value in _HALVES else value
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(_full, value))
    if isinstance(value, list):
        return [_full(member) for member in value]
    if isinstance(value, dict):
        return {name: _full(member) for name, member in value.items()}
    return value
