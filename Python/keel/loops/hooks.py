"""Hooks on a network: nearly free in a good step, and a closer look at a bad one."""

from __future__ import annotations

import functools
import math
from typing import Any, Callable, List, Optional

import torch

from keel.engines.protocol import JSON
from keel.loops.again import Pass, differentiable
from keel.loops.ears import Ear
from keel.loops.norms import Norms
from keel.engines.pytorch.offender import tensors
from keel.loops.outputs import (
    Outputs, is_compiled, is_compiling, is_grad_enabled, is_in_backward,
)

# Passes without a step that are kept: a network that is called for each element of a sequence.
_MOST_PASSES = 128
# Losses that are looked at to tell whether a scaler is at work.
_MOST_LOSSES = 4
# Outputs of the network that gradients are kept of.
_MOST_OUTPUTS = 8


class Hooks:
    """Notes the passes of a step. ``between`` is called where one begins after another that came
    back and that no step of the optimizer followed."""

    def __init__(
        self, model: torch.nn.Module, norms: Norms, look: str, between: Callable[[], None]
    ) -> None:
        self._root, self._norms, self._between = model, norms, between
        self._inner = getattr(model, "_orig_mod", model)
        self._outputs = Outputs(model) if look == "outputs" else None
        self._is_compiled = is_compiled(model)
        parameter = next(model.parameters(), None)
        self._device = parameter.device.type if parameter is not None else "cpu"
        self._pass: Optional[Pass] = None
        self._is_looking, self._losses = False, 0
        # Losses since the latest pass back, and how many the step had before.
        self._told: List[torch.Tensor] = []
        self._has_told = 0
        self._passes, self._was_training, self._has_learnt = 0, False, False
        # Whether a pass came back that no step has followed; whether its gradients are a scaler's.
        self._is_queued, self.came_back, self.is_scaled = False, False, False
        # Gradients are still to be summed over processes when the pass back ends.
        self._is_spread = isinstance(model, torch.nn.parallel.DistributedDataParallel)
        self.batch: Optional[int] = None
        self._handles: List[Any] = []
        self._compiled_call = getattr(model, "_compiled_call_impl", None)
        if self._compiled_call is not None:
            # Hooks of a module compiled in place are compiled with it, or left out.
            model._compiled_call_impl = self._around
        else:
            self._handles = [
                model.register_forward_pre_hook(Ear(self._enter), with_kwargs=True),
                model.register_forward_hook(Ear(self._leave), with_kwargs=True),
            ]

    def close(self) -> None:
        """Takes them away."""
        for handle in self._handles:
            handle.remove()
        if self._compiled_call is not None:
            self._root._compiled_call_impl = self._compiled_call
        if self._outputs is not None:
            self._outputs.close()
        self._pass = None

    def _around(self, *args: Any, **kwargs: Any) -> Any:
        self._enter(self._root, args, kwargs)
        assert self._compiled_call is not None
        output = self._compiled_call(*args, **kwargs)
        self._leave(self._root, args, kwargs, output)
        return output

    # A pass

    def _enter(self, module: torch.nn.Module, args: Any, kwargs: Any) -> None:
        if self._is_deaf():
            return
        # A validation between two steps is none of the training.
        is_wanted = module.training or not self._was_training
        self._was_training = self._was_training or module.training
        if self._outputs is not None:
            self._outputs.is_wanted = is_wanted
        if not is_wanted:
            return
        if self.came_back:
            self._between()
        if self.came_back or self._passes >= _MOST_PASSES:
            self._release()
        self._passes += 1
        self._pass = made = Pass(self._device, args, kwargs)
        if made.autocast == torch.float16:
            self.is_scaled = True
        if self._outputs is not None:
            self._outputs.enter(args)
        for value in (*args, *kwargs.values()):
            if isinstance(value, torch.Tensor) and value.dim():
                self.batch = value.shape[0]
                break

    def _is_deaf(self) -> bool:
        return is_compiling() or self._is_looking or not is_grad_enabled() or is_in_backward()

    def _leave(self, module: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if self._is_deaf():
            return
        if self._outputs is not None:
            self._outputs.keep(module, args, kwargs, output)
        made = self._pass
        if made is None or made.kwargs is not kwargs:
            return
        for index, tensor in enumerate(differentiable(output)[:_MOST_OUTPUTS]):
            tensor.register_hook(functools.partial(self._back, made, index))

    def _back(self, made: Pass, index: int, gradient: torch.Tensor) -> None:
        made.output_gradients[index] = gradient
        if not self._is_queued:
            self._is_queued = True
            if self._device == "cpu" and self._outputs is not None:
                self._let_go()
            torch.autograd.Variable._execution_engine.queue_callback(self._is_back)

    def _is_back(self) -> None:
        self._is_queued, self.came_back = False, True
        # Before anybody clips them; those of a scaler are what they are only after it.
        if not self.is_scaled and not self._is_spread:
            self._norms.gradients()

    def _let_go(self) -> None:
        """Lets go of the outputs of a pass that is good. On the CPU nothing waits to know that;
        elsewhere they stay until the step's numbers are read."""
        assert self._outputs is not None
        told, self._told = self._told, []
        # Where every pass has a loss, that tells: it is less to look at.
        self._has_told += len(told)
        is_bad = not all(math.isfinite(loss.item()) for loss in told) or (
            self._has_told < self._passes and self.is_output_bad()
        )
        if self._outputs.calls and not is_bad:
            self.learn()
            self._outputs.let_go()

    def note_loss(self, loss: Any) -> None:
        """What comes back to the loss itself is what a scaler multiplied it by."""
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad or loss.numel() != 1:
            return
        self._told.append(loss)
        if self._losses < _MOST_LOSSES and not self.is_scaled:
            self._losses += 1
            loss.register_hook(self._note_scale)

    def _note_scale(self, gradient: torch.Tensor) -> None:
        # A number on the CPU: nothing waits for it. Elsewhere a scaler goes with half precision.
        if gradient.device.type == "cpu" and float(gradient) > 1:
            self.is_scaled = True

    # A step

    @property
    def is_between_steps(self) -> bool:
        """Whether nothing of the network was called since the latest step."""
        return self._passes == 0 and not self.order()

    def end_step(self) -> None:
        """Lets go of what the step gave."""
        self._release()

    def _release(self) -> None:
        self.came_back, self._passes, self._pass = False, 0, None
        self._told.clear()
        self._has_told = 0
        if self._outputs is not None:
            self._outputs.release()

    def learn(self) -> None:
        """Looks once at a good step: what is infinite in it is meant so."""
        if not self._has_learnt and self._outputs is not None and self._outputs.calls:
            self._outputs.learn()
            self._has_learnt = True

    def is_output_bad(self) -> bool:
        """Whether the network's output was not finite, or its sum is too large for a number."""
        calls = self._outputs.calls if self._outputs is not None else []
        if not calls:
            return False
        output = calls[-1].output
        return any(
            t.dtype.is_floating_point and not math.isfinite(t.detach().sum().item())
            for t in ((output,) if type(output) is torch.Tensor else tensors(output))
        )

    def first_forward(self) -> Optional[JSON]:
        """The module that made something that is not finite."""
        calls = self._outputs.calls if self._outputs is not None else []
        found = self._outputs.first() if self._outputs is not None else None
        if self._pass is not None and (not calls or self._is_compiled):
            found = self._try(self._pass.forward) or found
        return found

    def first_backward(self) -> Optional[JSON]:
        """The module whose pass back did, as far as it does so again."""
        return self._try(self._pass.backward) if self._pass is not None else None

    def _try(self, look: Callable[[torch.nn.Module], Optional[JSON]]) -> Optional[JSON]:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return None  # The others would not join in.
        self._is_looking = True
        if self._outputs is not None:
            self._outputs.is_wanted = False
        try:
            return look(self._inner)
        except Exception:  # Somebody's network, which may not bear to be called once more.
            return None
        finally:
            self._is_looking = False
            if self._outputs is not None:
                self._outputs.is_wanted = True

    def order(self) -> List[torch.nn.Module]:
        """The modules as they were called, as far as that is known."""
        return self._outputs.order() if self._outputs is not None else []

    def remark(self, during: str) -> str:
        """What to say where a closer look was not possible."""
        if during == "forward" and self._passes == 0:
            return (
                "; which module is not known: the network was not called where hooks are heard"
                " (it runs inside a compiled function)"
            )
        return ""
