"""What the modules of a network gave in a step, kept by reference until it is known to be good."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set

import torch

from keel.engines.protocol import JSON
from keel.engines.pytorch.offender import first_bad, has_bad_input, kind_of, module_names
from keel.loops.ears import Ear

# Calls that are kept where no step of the optimizer ends them.
_MOST_CALLS = 50_000
_task: Callable[[], int] = getattr(torch._C, "_current_graph_task_id", lambda: -1)
is_compiling: Callable[[], bool] = getattr(torch.compiler, "is_compiling", lambda: False)
is_grad_enabled = torch.is_grad_enabled


class Call(NamedTuple):
    """One call of a module. A tensor's version rises when it is changed in place."""

    module: torch.nn.Module
    args: Any
    kwargs: Any
    output: Any
    version: int


class Outputs:
    """Keeps references, and looks at them only when asked: a normal step reads nothing."""

    def __init__(
        self, model: torch.nn.Module, names: Optional[Dict[torch.nn.Module, str]] = None
    ) -> None:
        """Hears of modules within; of the network itself, and of all where there are ``names``,
        somebody else tells."""
        self.calls: List[Call] = []
        self._called: List[torch.nn.Module] = []
        self.given: Dict[int, int] = {}
        self.is_wanted = True
        self._names = names if names is not None else module_names(model)
        # Modules whose outputs are infinite in a good step too: masked scores.
        self._masking: Set[torch.nn.Module] = set()
        ear = Ear(self.keep)
        self._handles = [
            module.register_forward_hook(ear, with_kwargs=True)
            for module in (_seen(model) if names is None else [])
            if module is not model
        ]

    def keep(self, module: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Hears of a call of a module that has just ended."""
        if is_compiling() or not self.is_wanted or not is_grad_enabled() or _task() != -1:
            return
        version = output._version if type(output) is torch.Tensor else -1
        self.calls.append(Call(module, args, kwargs, output, version))
        if len(self.calls) > _MOST_CALLS:
            self.calls.clear()

    def enter(self, args: Any) -> None:
        """Notes what the network is given, before it may be changed in place."""
        for value in args:
            if isinstance(value, torch.Tensor) and not value.is_inference():
                self.given[id(value)] = value._version

    def let_go(self) -> None:
        """Forgets what modules gave, and not which of them were called: memory that the pass back
        can use."""
        self._called += [call.module for call in self.calls]
        self.calls.clear()

    def release(self) -> None:
        """Forgets the step."""
        self.calls.clear()
        self._called.clear()
        self.given.clear()

    def close(self) -> None:
        """Takes the hooks away."""
        for handle in self._handles:
            handle.remove()
        self.release()

    def learn(self) -> None:
        """Notes of a good step which modules give infinities nevertheless."""
        self._masking = {c.module for c in self.calls if first_bad(c.output) is not None}

    def order(self) -> List[torch.nn.Module]:
        """The modules as they were called."""
        return self._called + [call.module for call in self.calls]

    def first(self) -> Optional[JSON]:
        """The first module with finite inputs and an output that is not finite; ``input`` where
        the network got it from without."""
        for place, call in enumerate(self.calls):
            bad = first_bad(call.output)
            if bad is None or (call.module in self._masking and not bool(torch.isnan(bad).any())):
                continue
            changer = self._changer(place, bad)
            if changer is None and has_bad_input(call.args, call.kwargs):
                continue
            return self._found(self._names[(changer or call).module], bad)
        if self.calls:
            last = self.calls[-1]
            bad = first_bad(last.output)
            if bad is not None and has_bad_input(last.args, last.kwargs):
                return self._found("input", bad)
        return None

    @staticmethod
    def _found(name: str, bad: torch.Tensor) -> JSON:
        return {"module": name, "pass": "forward", "kind": kind_of(bad)}

    def _changer(self, place: int, bad: torch.Tensor) -> Optional[Call]:
        """Who changed a tensor in place after it was given: what is in it now is that one's.
        PyTorch's own modules make nothing of finite numbers that is not finite in place."""
        first = self.calls[place]
        is_same = any(value is bad for value in first.args)
        version = self.given.get(id(bad), first.version) if is_same else first.version
        if version < 0 or bad._version == version:
            return None
        for call in self.calls[place:]:
            if call.output is not bad or call.version == version:
                continue
            if not type(call.module).__module__.startswith("torch.nn."):
                return call
            version = call.version
        return None


def _seen(module: torch.nn.Module) -> List[torch.nn.Module]:
    """The modules whose hooks are called: those within a compiled one are not."""
    found: List[torch.nn.Module] = []
    if not is_compiled(module, itself=True):
        found = [inner for child in module.children() for inner in _seen(child)]
    if getattr(module, "_compiled_call_impl", None) is None:
        found.append(module)
    return list(dict.fromkeys(found))


def is_in_backward() -> bool:
    """Whether a checkpoint is computed again."""
    return _task() != -1


def is_compiled(model: torch.nn.Module, itself: bool = False) -> bool:
    """Whether a module, or one within, is run compiled."""
    return any(
        hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None
        for module in ([model] if itself else model.modules())
    )
