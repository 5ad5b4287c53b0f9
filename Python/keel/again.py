"""A forward pass made once more to look closer, where the modules' outputs were not kept."""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Iterator, List, Optional

import torch

from keel.engine import JSON
from keel.offender import first_bad, first_offender, kind_of, module_names, tensors
from keel.pytorch import random_state, set_random_state


class Pass:
    """What a forward pass was given, and what came back to its outputs."""

    def __init__(self, device: str, args: Any, kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs
        self.output_gradients: Dict[int, torch.Tensor] = {}
        self._cpu = torch.get_rng_state()
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
        names, found = module_names(model), []  # type: Any, List[JSON]

        def look(module: torch.nn.Module, handed_on: Any, handed: Any) -> None:
            bad = first_bad(handed_on)
            if not found and bad is not None and first_bad(handed) is None:
                found.append({"module": names[module], "pass": "backward", "kind": kind_of(bad)})

        with self._once_more(model), torch.enable_grad():
            handles = [m.register_full_backward_hook(look) for m in model.modules()]
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
                for handle in handles:
                    handle.remove()
        return found[0] if found else None

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


def differentiable(output: Any) -> List[torch.Tensor]:
    """The tensors of an output that gradients come back to."""
    return [t for t in tensors(output) if t.requires_grad]


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
