"""What Keel asks to be changed, made of a Keras training."""

from __future__ import annotations

import inspect
from typing import Any, Dict, List, Tuple

import keras

from keel.engines.pytorch.changes import Plan
from keel.engines.keras.rate import Movement, inner

KINDS = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
}
# Settings as Keel calls them, and as an optimizer of Keras does.
SETTINGS = {
    "momentum": "momentum",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "rho": "rho",
    "epsilon": "epsilon",
    "weight-decay": "weight_decay",
}
_CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")


class KerasPlan(Plan):
    """The changes of one trial, for a model and an optimizer of Keras."""

    def apply_to_model(self, model: Any) -> None:
        if self._resets:
            reset(model)
        for layer, name, rate in dropouts(model):
            # The strongest is told, and stands for all that are stronger than what is asked for.
            setattr(layer, name, min(rate, float(self._settings.get("dropout", rate))))

    @staticmethod
    def _buffers(model: Any) -> List[Any]:
        return [variable.value for variable in model.non_trainable_variables]

    def optimizer(self, own: Any) -> Any:
        """The optimizer with the settings asked for; its rate is for ``Rate`` to set."""
        optimizer = own
        if "optimizer" in self._settings:
            optimizer = _replaced(own, KINDS[str(self._settings["optimizer"]).lower()])
        elif inner(own).built:
            # For the variables of another model; and momentum needs some of its own.
            optimizer = _again(own)
        if self._settings.get("loss-scale") == "dynamic" and inner(optimizer) is optimizer:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        at_work = inner(optimizer)
        for name, attribute in SETTINGS.items():
            if name in self._settings and hasattr(at_work, attribute):
                setattr(at_work, attribute, float(self._settings[name]))
        if self.changes_clip:
            for attribute in _CLIPS:
                setattr(at_work, attribute, None)
            for kind, limit in (self.clip or {}).items():
                name = "clipvalue" if kind == "value" else "global_clipnorm"
                setattr(at_work, name, float(limit))
        return optimizer

    def rate(self, movement: Movement, step: int) -> float:
        """The learning rate of a step."""
        rate = float(self._settings.get("learning-rate", movement.base))
        if self._settings.get("schedule") != "constant":
            rate *= movement.factor(step)
        warmup = self._settings.get("warmup")
        return rate * (step + 1) / warmup if warmup and step < warmup else rate


def _again(own: Any) -> Any:
    """An optimizer alike that has not been built."""
    at_work = inner(own)
    # Whatever its rate is: it is set from outside.
    made = type(at_work).from_config({**at_work.get_config(), "learning_rate": 1.0})
    return made if at_work is own else keras.optimizers.LossScaleOptimizer(made)


def _replaced(own: Any, kind: Any) -> Any:
    """An optimizer of another kind with what any kind has of the old one's."""
    before = inner(own)
    names = _CLIPS + ("use_ema", "ema_momentum", "ema_overwrite_frequency")
    names += ("loss_scale_factor", "gradient_accumulation_steps")
    settings = {name: getattr(before, name, None) for name in names}
    settings["weight_decay"] = before.weight_decay or None
    if kind is keras.optimizers.AdamW:
        settings["weight_decay"] = before.weight_decay or 0.0
    settings = {name: value for name, value in settings.items() if value is not None}
    made = kind(learning_rate=1.0, **settings)
    return made if before is own else keras.optimizers.LossScaleOptimizer(made)


def dropouts(model: Any) -> List[Tuple[Any, str, float]]:
    """Layers that drop out, the attribute that says how much, and how much that is."""
    found = []
    for layer in layers_of(model):
        own = ["rate"] if "dropout" in type(layer).__name__.lower() else []
        for name in [*own, "dropout", "recurrent_dropout"]:
            rate = vars(layer).get(name)
            if isinstance(rate, (int, float)) and not isinstance(rate, bool) and 0 < rate <= 1:
                found.append((layer, name, float(rate)))
    return found


# How weights begin


def layers_of(model: Any) -> List[Any]:
    """The model and all layers in it, each before those inside it."""
    return list(model._flatten_layers())


def owner_of(model: Any) -> Any:
    """The innermost layer that has each variable, by the variable's id."""
    return {id(v): layer for layer in layers_of(model) for v in layer.variables}


def reset(model: Any) -> None:
    """Draws every weight anew by its layer's default: never by what the constructor was given,
    which may hold the fault. What is frozen stays: it has been trained before."""
    owner = owner_of(model)
    twins: Dict[int, Dict[str, Any]] = {}
    for variable in model.trainable_variables:
        layer = owner[id(variable)]
        if id(layer) not in twins:
            twins[id(layer)] = _twin(layer)
        same = twins[id(layer)].get(variable.name)
        if same is not None and same.shape == variable.shape:
            variable.assign(same.value)
        elif len(variable.shape) > 1:
            variable.assign(keras.initializers.GlorotUniform()(tuple(variable.shape)))
        elif "bias" in variable.name:
            variable.assign(keras.ops.zeros(variable.shape))


def _twin(layer: Any) -> Dict[str, Any]:
    """The variables by name of another layer alike, with the initializers that it has where nobody
    names one; empty for a layer that Keras does not have."""
    kind = type(layer)
    if not kind.__module__.startswith("keras."):
        return {}
    try:
        config = layer.get_config()
        for name, parameter in inspect.signature(kind.__init__).parameters.items():
            if name.endswith("initializer") and name in config:
                config[name] = parameter.default
        twin = kind.from_config(config)
        # Which of its axes are inputs, and which gates begin open, is for its build to know.
        twin.build_from_config(layer.get_build_config())
    except Exception:  # Of a layer that cannot be made of its settings the shapes are known.
        return {}
    return {v.name: v for v in twin.trainable_variables}
