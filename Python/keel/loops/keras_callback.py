"""The callback for Keras; see ``keel.keras``."""

from __future__ import annotations

import functools
import json
import math
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Union

from keel.engines.protocol import JSON, finite
from keel.loops import lines
from keel.loops.first import Exploded, First


def callback(
    path: Optional[Union[str, Path]] = None,
    on_explosion: Union[str, Callable[[Any], None]] = "report",
) -> Any:
    """A Keras callback that watches a fit."""
    import keras

    class Keel(keras.callbacks.Callback):  # type: ignore[misc]
        """Watches ``fit``; ``first`` is the first thing that was not finite."""

        def __init__(self) -> None:
            super().__init__()
            self.first: Any = None
            self.path: Optional[Path] = None
            self._step, self._means = 0, Means()
            self._lines: Any = None

        def on_train_begin(self, logs: Any = None) -> None:
            kind = TorchLines if keras.backend.backend() == "torch" else LossLines
            self._lines = kind(self.model, path)
            self.path = self._lines.path

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self._means = Means()

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self._lines.begin()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            loss = self._means.last((logs or {}).get("loss"))
            offender = self._lines.read(self._step, loss)
            self._step += 1
            if offender is not None and self.first is None:
                self._tell(offender)

        def on_train_end(self, logs: Any = None) -> None:
            self._lines.close(self.first)

        def _tell(self, offender: JSON) -> None:
            where, during, kind = offender["module"], offender["pass"], offender["kind"]
            self.first = First(where, during, kind, self._step - 1)
            sys.stderr.write(f"keel: {self.first}\n")
            sys.stderr.flush()
            self._lines.tell(self.first)
            if callable(on_explosion):
                on_explosion(self.first)
            elif on_explosion == "raise":
                self._lines.close(self.first)
                raise Exploded(self.first)

    return Keel()


class Means:
    """Keras logs the mean of an epoch so far: the loss of the latest batch follows from it."""

    def __init__(self) -> None:
        self._count, self._before = 0, 0.0

    def last(self, mean: Any) -> Optional[float]:
        """The loss of the batch that this mean is the first with."""
        if mean is None:
            return None
        mean = float(mean)
        loss = mean * (self._count + 1) - self._before * self._count
        self._count, self._before = self._count + 1, mean
        return loss


class LossLines:
    """Lines with the loss alone: a compiled step shows no more."""

    def __init__(self, model: Any, path: Optional[Union[str, Path]]) -> None:
        import keras

        self.path = lines.new_path(path)
        # Each line as it comes: whoever reads the file meanwhile sees it.
        self._file = open(self.path, "w", encoding="utf-8", buffering=1)
        self._file.write(json.dumps(lines.head(f"keras {keras.__version__}", [])) + "\n")
        sys.stderr.write("keel: this Keras backend compiles the step; only its loss is watched\n")

    def begin(self) -> None:
        """Nothing is kept of a step."""

    def read(self, step: int, loss: Optional[float]) -> Optional[JSON]:
        """Writes the line of a step; what was not finite in it."""
        self._file.write(json.dumps(finite({"step": step, "loss": loss})) + "\n")
        if loss is None or math.isfinite(loss):
            return None
        kind = "invalid" if math.isnan(loss) else "overflow"
        return {"module": "loss", "pass": "forward", "kind": kind}

    def tell(self, first: First) -> None:
        """Writes what was not finite."""
        self._file.write(json.dumps(lines.told(first)) + "\n")

    def close(self, first: Optional[First]) -> None:
        """Ends the file."""
        self._file.write(json.dumps(lines.end(first)) + "\n")
        self._file.close()


class TorchLines:
    """Lines with every parameter's numbers, and a closer look at a bad step."""

    def __init__(self, model: Any, path: Optional[Union[str, Path]]) -> None:
        import keras

        from keel.loops.live import Live
        from keel.loops.norms import Norms
        from keel.loops.outputs import Outputs

        self._model = model
        self._variables = list(model.trainable_variables)
        self._norms = Norms([v.value for v in self._variables])
        names = [v.path for v in self._variables]
        self._live = Live(path, names, f"keras {keras.__version__}")
        self.path = self._live.path
        self._layers = list(model._flatten_layers())
        of: Dict[Any, str] = {layer: layer.name for layer in self._layers}
        self._outputs = Outputs(model, of)
        for layer in self._layers:
            # Keras calls its layers past the hooks that PyTorch's modules have.
            layer.call = self._kept(layer, layer.call)

    def _kept(self, layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def keeping(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            self._outputs.keep(layer, args, kwargs, output)
            return output

        return keeping

    def begin(self) -> None:
        """Forgets the step before."""
        self._outputs.release()

    def read(self, step: int, loss: Optional[float]) -> Optional[JSON]:
        """Writes the line of a step; the first thing that was not finite in it."""
        reading = self._norms.read([])
        rate = float(self._model.optimizer.learning_rate)
        line = {"step": step, "loss": loss, "gradientNorm": reading.norm, "learningRate": rate}
        # Gradients and update of one step are read together here.
        self._live.add(line, reading)
        self._live.end_step(reading.updates)
        is_loss_fine = loss is None or math.isfinite(loss)
        if reading.is_finite and is_loss_fine:
            return None
        return self._look(loss, is_loss_fine)

    def _look(self, loss: Optional[float], is_loss_fine: bool) -> Optional[JSON]:
        from keel.engines.pytorch.offender import is_finite, kind_of

        found = self._outputs.first()
        if found is not None:
            return found
        if not is_loss_fine:
            kind = "invalid" if loss is None or math.isnan(loss) else "overflow"
            return {"module": "loss", "pass": "forward", "kind": kind}
        for variable in reversed(self._variables):
            gradient = variable.value.grad
            if gradient is not None and not is_finite(gradient):
                return {"module": variable.path, "pass": "backward", "kind": kind_of(gradient)}
        for variable in self._variables:
            if not is_finite(variable.value):
                kind = kind_of(variable.value)
                return {"module": variable.path, "pass": "update", "kind": kind}
        return None  # The square of a gradient alone was too large for a number.

    def tell(self, first: First) -> None:
        """Writes what was not finite."""
        self._live.say(lines.told(first))

    def close(self, first: Optional[First]) -> None:
        """Gives the layers back as they were, and ends the file."""
        for layer in self._layers:
            layer.__dict__.pop("call", None)
        self._outputs.release()
        self._live.say(lines.end(first))
        self._live.close()

