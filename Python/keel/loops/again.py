"""A forward pass made once more to look closer, where the modules' outputs were not kept."""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterator, List, Optional, Set

import torch

from keel.engines.protocol import JSON
from keel.engines.pytorch.offender import first_bad, first_offender, is_finite, kind_of, module_names, tensors
from keel.engines.pytorch.randomness import random_state, set_random_state


class Pass:
    """What a forward pass was given, and what came back to its outputs."""

    def __init__(self, device: str, args: Any, kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs
        self.output_gradients: Dict[int, torch.Tensor] = {}
        self._cpu = torch.default_generator.get_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
        self._device, self.autocast = device, autocast_type(device)

    def forward(self, model: torch.nn.Module) -> Optional[JSON]:
        """The first module that gives something that is not finite, if one does again."""
        with self._once_more(model):
            return first_offender(model, lambda: next(
                (t for t in [first_bad(model(*self.args, **self.kwargs))] if t is not None), None
            ))

    def backward(self, model: torch.nn.Module) -> Optional[JSON]:
        """The first module on the way back that is handed finite gradients and hands on others."""
        with self._once_more(model), torch.enable_grad():
            back = Back(model)
            try:
                outputs = differentiable(model(*self.args, **self.kwargs))
                known = [i for i in range(len(outputs)) if i in self.output_gradients]
                if known:
                    torch.autograd.grad(
                        [outputs[i] for i in known],
                        [p for p in model.parameters() if p.requires_grad],
                        [self.output_gradients[i] for i in known],
                        allow_unused=True,
                    )
            finally:
                back.close()
        return back.found

    @contextlib.contextmanager
    def _once_more(self, model: torch.nn.Module) -> Iterator[None]:
        """Leaves no trace in buffers and random numbers; runs uncompiled."""
        buffers = {name: value.clone() for name, value in model.named_buffers()}
        random = random_state()
        torch.set_rng_state(self._cpu)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)
        autocast: Any = contextlib.nullcontext()
        if self.autocast is not None:
            autocast = torch.autocast(self._device, dtype=self.autocast)
        try:
            with _uncompiled(), autocast:
                yield
        finally:
            set_random_state(random)
            with torch.no_grad():
                for name, value in model.named_buffers():
                    value.copy_(buffers[name])


class Back:
    """Listens to the gradients of every module's inputs, outputs and parameters. (Full backward
    hooks bear no module that works in place.)"""

    def __init__(self, model: torch.nn.Module) -> None:
        self.found: Optional[JSON] = None
        self._names = module_names(model)
        self._handed_bad: Set[torch.nn.Module] = set()
        self._within: Set[torch.nn.Module] = set()
        self._handles: List[Any] = []
        for module in model.modules():
            self._handles += [
                module.register_forward_pre_hook(self._enter, with_kwargs=True),
                module.register_forward_hook(self._leave),
            ]
            for parameter in module.parameters(recurse=False):
                if parameter.requires_grad:
                    self._handles.append(self._on(parameter, self._hands_on, module))

    def close(self) -> None:
        """Listens no more."""
        for handle in self._handles:
            handle.remove()

    def _enter(self, module: torch.nn.Module, args: Any, kwargs: Any) -> None:
        for tensor in differentiable((args, kwargs)):
            self._on(tensor, self._hands_on, module)

    def _leave(self, module: torch.nn.Module, args: Any, output: Any) -> None:
        for tensor in differentiable(output):
            self._on(tensor, self._is_handed, module)

    @staticmethod
    def _on(tensor: torch.Tensor, hear: Any, module: torch.nn.Module) -> Any:
        return tensor.register_hook(lambda gradient: hear(module, gradient))

    def _is_handed(self, module: torch.nn.Module, gradient: torch.Tensor) -> None:
        if not is_finite(gradient):
            self._handed_bad.add(module)

    def _hands_on(self, module: torch.nn.Module, gradient: torch.Tensor) -> None:
        if is_finite(gradient) or module in self._handed_bad:
            return
        # A tensor goes to a module and to the one within it: that one has made it.
        if self.found is None or module in self._within:
            self._within = set(module.children())
            self.found = {
                "module": self._names[module], "pass": "backward", "kind": kind_of(gradient)
            }


def differentiable(output: Any) -> List[torch.Tensor]:
    """The tensors of an output that gradients come back to."""
    found = (output,) if type(output) is torch.Tensor else tensors(output)
    return [t for t in found if t.requires_grad]


def autocast_type(device: str) -> Optional[torch.dtype]:
    """What autocast computes in now; None where it is off."""
    if hasattr(torch, "get_autocast_dtype"):
        return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    if device == "cpu":
        return torch.get_autocast_cpu_dtype() if torch.is_autocast_cpu_enabled() else None
    return torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled() else None


def _uncompiled() -> Any:
    stance = getattr(torch.compiler, "set_stance", None)
    return stance("force_eager") if stance is not None else contextlib.nullcontext()
