"""Why a training blew up, shown by experiment on that training, and the change that cures it.

    import keel

    result = keel.cure(model, data, loss, optimizer, steps=2000)
    print(result.lines)

``model()`` builds the network, ``data(seed)`` yields batches, ``loss(model, batch)`` is the loss of
one, ``optimizer(model)`` builds the optimizer.

    watch = keel.watch(model, optimizer)   # in a loop of your own: what goes wrong first, and where
    heal = keel.heal(model, optimizer)     # and a training that goes on when something does
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from keel.doctor import cure, diagnose, serve
from keel.loops.first import Exploded, First
from keel.result import Change, Finding, KeelError, Result

if TYPE_CHECKING:
    from keel.loops.callbacks import hugging_face, keras, lightning
    from keel.loops.healing import Heal, heal
    from keel.loops.watch import watch
    from keel.loops.watching import Watch

__all__ = [
    "Change", "Exploded", "Finding", "First", "Heal", "KeelError", "Result", "Watch", "cure",
    "diagnose", "heal", "hugging_face", "keras", "lightning", "serve", "watch",
]
__version__ = "0.1.0"

# What needs a framework is imported when it is asked for.
_HOMES = {
    "Watch": "loops.watching", "watch": "loops.watch",
    "Heal": "loops.healing", "heal": "loops.healing",
    "hugging_face": "loops.callbacks", "keras": "loops.callbacks", "lightning": "loops.callbacks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'keel' has no attribute {name!r}")
    return getattr(import_module(f"keel.{_HOMES[name]}"), name)
