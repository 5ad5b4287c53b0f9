"""Why a training blew up, shown by experiment on that training, and the change that cures it.

    import keel

    result = keel.cure(model, data, loss, optimizer, steps=2000)
    print(result.lines)

``model()`` builds the network, ``data(seed)`` yields batches, ``loss(model, batch)`` is the loss of
one, ``optimizer(model)`` builds the optimizer.
"""

from keel.doctor import cure, diagnose, serve
from keel.result import Change, Finding, KeelError, Result

__all__ = ["Change", "Finding", "KeelError", "Result", "cure", "diagnose", "serve"]
__version__ = "0.1.0"
