"""Keras trainings: described, trained step for step, changed, and cured by the command."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any, Dict, List

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
if keras.backend.backend() != "torch":
    pytest.skip("keras runs on another backend than torch", allow_module_level=True)

import numpy  # noqa: E402
import torch  # noqa: E402

import keel  # noqa: E402
from keel.doctor import _engine  # noqa: E402
from keel.engines.protocol import Refused  # noqa: E402
from keel.engines.keras.batches import closed, opened  # noqa: E402
from keel.engines.keras.engine import KerasEngine  # noqa: E402
from keras_zoo import SOUND, Training, table  # noqa: E402
from asked import needs_command  # noqa: E402

torch.set_num_threads(1)
Answers = List[Dict[str, Any]]


def engine_of(training: Training, steps: int = 60, **options: Any) -> KerasEngine:
    return KerasEngine(training.model, training.data, None, None, steps, **options)


def run(engine: KerasEngine, steps: int, *changes: Any, **more: Any) -> Answers:
    request = {"id": "t", "seed": 3, "from": "start", "steps": steps, "changes": list(changes)}
    return list(engine.trial({**request, **more}))


def losses(answers: Answers) -> List[float]:
    return [answer["loss"] for answer in answers if "loss" in answer]


def sound(name: str = "dense", **changes: Any) -> Training:
    return dataclasses.replace(SOUND[name], **changes)


# What it is


@pytest.mark.parametrize("name", SOUND)
def test_describes_every_architecture(name: str) -> None:
    described = engine_of(SOUND[name]).describe()
    assert described["engine"] == f"keras {keras.__version__}"
    assert (described["batch"], described["stepsPerEpoch"]) == (32, 32)
    assert described["settings"]["learning-rate"] == SOUND[name].rate
    assert described["settings"]["optimizer"] == SOUND[name].optimizer
    names = [layer["name"] for layer in described["layers"]]
    assert len(set(names)) == len(names)
    for layer in described["layers"]:
        if layer["name"].endswith("kernel"):
            # Sound networks begin as a reset has them begin.
            assert 0.6 < layer["rms"] / layer["resetRms"] < 1.6, layer
    assert 0 < described["constantLoss"] < 2


def test_names_do_not_count_on() -> None:
    first, second = (engine_of(sound()) for _ in range(2))
    names = [[layer["name"] for layer in e.describe()["layers"]] for e in (first, second)]
    assert names[0] == names[1]
    assert names[0][:3] == ["dense/kernel", "dense/bias", "dense_1/kernel"]
    assert list(run(second, 1)[0]["layers"]) == names[1]


def test_constant_loss_is_that_of_the_shares() -> None:
    y = SOUND["gru"].arrays(numpy.random.default_rng(0))[1]
    shares = numpy.bincount(y) / len(y)
    told = engine_of(SOUND["gru"]).describe()["constantLoss"]
    assert told == pytest.approx(-(shares * numpy.log(shares)).sum(), rel=1e-3)


def test_tells_clips_and_schedules() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)

    def optimizer(model: Any) -> Any:
        return keras.optimizers.Adam(schedule, global_clipnorm=2.0, beta_1=0.8, weight_decay=0.01)

    engine = KerasEngine(sound().model, sound().data, None, optimizer, 20)
    settings = engine.describe()["settings"]
    assert settings["clip"] == {"global-norm": 2.0}
    assert (settings["beta1"], settings["weight-decay"]) == (0.8, 0.01)
    assert settings["learning-rate"] == pytest.approx(0.1)
    assert settings["schedule-factors"][10] == pytest.approx(0.5)
    rates = [a["learningRate"] for a in run(engine, 11)[:-1]]
    assert rates[10] == pytest.approx(0.05)
    constant = run(engine, 11, {"set": "schedule", "to": "constant"})
    assert constant[10]["learningRate"] == pytest.approx(0.1)


# Trials


@pytest.mark.parametrize("name", ["subclassed", "batch-norm", "transformer", "gru"])
def test_goes_on_from_a_snapshot_as_if_it_had_never_stopped(name: str) -> None:
    engine = engine_of(SOUND[name])
    whole = run(engine, 12, keep=[5])
    assert losses(whole) == losses(run(engine, 12))
    rest = run(engine, 6, **{"from": whole[5]["snapshot"]})
    assert rest[0]["step"] == 6
    assert losses(rest) == losses(whole)[6:]


def test_trains_as_fit_does() -> None:
    training = sound("conv")
    seen = losses(run(engine_of(training), 8))
    keras.utils.set_random_seed(3)
    model = training.model()
    fitted = [
        float(model.train_on_batch(*batch)) for batch, _ in zip(training.data(3), range(8))
    ]
    # What fit tells is the mean so far.
    running = [sum(seen[: n + 1]) / (n + 1) for n in range(8)]
    assert fitted == pytest.approx(running, rel=1e-4) or fitted == pytest.approx(seen, rel=1e-4)


def test_takes_a_loss_and_an_optimizer_of_the_script() -> None:
    training = sound()

    def model() -> Any:
        return keras.models.clone_model(training.model())

    def loss(network: Any, batch: Any) -> Any:
        x, y = batch
        return keras.ops.mean(keras.losses.mean_squared_error(y, network(x, training=True)))

    def optimizer(network: Any) -> Any:
        return keras.optimizers.SGD(0.02, momentum=0.9)

    engine = _engine(model, training.data, loss, optimizer, 20, None, None, None)
    assert isinstance(engine, KerasEngine)
    assert engine.describe()["constantLoss"] == pytest.approx(0.7411, abs=1e-3)
    own = losses(run(engine, 5))
    assert own[4] < own[0]


@pytest.mark.parametrize("rate", [0.02, keras.optimizers.schedules.CosineDecay(0.02, 50)])
def test_takes_one_optimizer_for_all_models(rate: Any) -> None:
    shared = keras.optimizers.Adam(rate)

    def model() -> Any:
        made = sound().build("glorot_uniform")
        made.compile(shared, "mse")
        return made

    engine = KerasEngine(model, sound().data, None, None, 20)
    own = losses(run(engine, 5))
    run(engine, 2, {"set": "learning-rate", "to": 7.0}, {"set": "beta1", "to": 0.5})
    assert losses(run(engine, 5)) == own
    assert engine.describe()["settings"]["learning-rate"] == 0.02


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_trains_in_less_than_float32(policy: str) -> None:
    def model() -> Any:
        with_policy = {"activation": "relu", "dtype": policy}
        made = keras.Sequential(
            [
                keras.Input((8,)),
                keras.layers.Dense(32, **with_policy),
                keras.layers.Dense(1, dtype="float32"),
            ]
        )
        optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
        if policy == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        made.compile(optimizer, "mse")
        return made

    engine = KerasEngine(model, sound().data, None, None, 60)
    assert engine.describe()["settings"]["optimizer"] == "SGD"
    answers = run(engine, 40, keep=[9])
    assert losses(answers)[-1] < 0.5 * losses(answers)[0]
    assert 0.01 < answers[0]["gradientNorm"] < 100
    rest = run(engine, 5, **{"from": answers[9]["snapshot"]})
    assert losses(rest) == losses(answers)[10:15]
    for change in ({"set": "optimizer", "to": "adam"}, {"set": "learning-rate", "to": 0.1}):
        assert losses(run(engine, 9, change)) != losses(answers)[:9]


def test_takes_a_schedule_a_clip_and_a_score() -> None:
    engine = engine_of(
        sound(), schedule=lambda optimizer: lambda step: 0.01 / (1 + step), clip=0.5,
        score=lambda model: -float(model.compute_loss(y=torch.ones(1, 1), y_pred=torch.ones(1, 1))),
    )
    settings = engine.describe()["settings"]
    assert (settings["learning-rate"], settings["clip"]) == (0.01, {"global-norm": 0.5})
    answers = run(engine, 4)
    assert answers[3]["learningRate"] == pytest.approx(0.0025)
    assert answers[-1] == {"end": "ok", "score": 0.0}
    assert losses(run(engine, 4, {"clip": None})) != losses(answers)


SETTINGS = [
    ("optimizer", "adamw", "SGD"), ("momentum", 0.5, "SGD"), ("momentum", 0.5, "RMSprop"),
    ("beta1", 0.5, "Adam"), ("beta2", 0.9, "Adam"), ("rho", 0.5, "RMSprop"),
    ("epsilon", 0.1, "Adam"), ("weight-decay", 0.5, "AdamW"), ("learning-rate", 0.001, "SGD"),
    ("warmup", 5, "SGD"),
]


@pytest.mark.parametrize("name, value, kind", SETTINGS)
def test_makes_every_change(name: str, value: Any, kind: str) -> None:
    engine = engine_of(sound(optimizer=kind, settings={}, rate=0.01))
    assert f"set {name}" in engine.describe()["changes"]
    changed = losses(run(engine, 4, {"set": name, "to": value}))
    assert all(map(math.isfinite, changed))
    assert changed[0] == losses(run(engine, 1))[0]
    assert changed != losses(run(engine, 4))


def test_clips_and_refuses() -> None:
    engine = engine_of(sound(rate=0.5))
    clipped = run(engine, 6, {"clip": {"global-norm": 0.01}})
    assert losses(clipped) != losses(run(engine, 6))
    assert losses(run(engine, 6, {"clip": {"value": 0.001}})) != losses(clipped)
    for change in ({"set": "optimizer", "to": "lion"}, {"grow": 3}, {"set": "gain", "to": 1}):
        with pytest.raises(Refused):
            run(engine, 1, change)


def test_resets_what_the_constructor_has_spoilt() -> None:
    for name in ("lstm", "gru", "transformer", "embedding", "conv"):
        layers = engine_of(sound(name, std=3.0)).describe()["layers"]
        for layer in layers:
            if layer["name"].endswith(("/kernel", "embeddings")):
                assert layer["rms"] > 4 * layer["resetRms"], layer
    engine = engine_of(sound(std=3.0))
    spoilt, anew = losses(run(engine, 1)), losses(run(engine, 1, {"reset": "initialization"}))
    assert anew[0] < 3 < spoilt[0]


def test_standardizes_and_leaves_out_rows() -> None:
    large = sound(inputs=1000.0, targets=1000.0)
    engine = engine_of(large)
    data = engine.describe()["data"]
    assert data["inputs"]["rms"] == pytest.approx(1000, rel=0.1)
    assert data["targets"]["rms"] == pytest.approx(860, rel=0.1)
    assert losses(run(engine, 1, {"standardize": "both"}))[0] < 10
    x, y = table(numpy.random.default_rng(0))
    x[70] = 1e5

    def rows(seed: int) -> Any:
        return ((x[i : i + 32], y[i : i + 32]) for i in range(0, len(x), 32))

    engine = KerasEngine(sound().model, rows, None, None, 60)
    assert engine.describe()["data"]["inputs"]["worstRow"] == 70
    assert max(losses(run(engine, 3))) > 1e3
    assert max(losses(run(engine, 3, {"set": "bad-rows", "to": "drop"}))) < 10
    assert max(losses(run(engine, 3, {"skip-batches": [2]}))) < 10


def test_names_the_first_that_is_not_finite() -> None:
    def model() -> Any:
        made = keras.Sequential(
            [
                keras.Input((8,)),
                keras.layers.Dense(8),
                keras.layers.Lambda(lambda x: keras.ops.exp(1000 * x), name="burst"),
                keras.layers.Dense(1),
            ]
        )
        made.compile("sgd", "mse")
        return made

    ended = run(KerasEngine(model, sound().data, None, None, 10), 10)[-1]
    assert ended["end"] == "non-finite" and ended["operations"]["exponent"]["largest"] > 88
    assert ended["first"] == {
        "module": "burst", "pass": "forward", "kind": "overflow", "operation": "exponent",
    }
    ended = run(engine_of(sound(rate=1e30)), 10)[-1]
    assert ended["end"] == "non-finite"
    skipped = run(engine_of(sound(rate=1e30)), 10, {"set": "bad-steps", "to": "skip"})
    assert skipped[-1] == {"end": "ok"} and any("skipped" in answer for answer in skipped)


def test_a_schedule_that_grows_is_a_multiple_of_its_first_rate() -> None:
    growing = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 10.0)
    engine = engine_of(sound(rate=growing), steps=20)
    settings = engine.describe()["settings"]
    assert settings["learning-rate"] == pytest.approx(0.01)
    assert settings["schedule-factors"][-1] == pytest.approx(10**1.9, rel=1e-3)


def test_a_schedule_that_takes_the_step_is_said() -> None:
    engine = engine_of(sound(), steps=20, schedule=lambda step: 0.1 / (1 + step))
    with pytest.raises(TypeError, match="lambda optimizer: lambda step"):
        engine.describe()


def test_dropout_is_told_and_eased() -> None:
    def build() -> Any:
        return [
            keras.layers.Dense(64, "relu"), keras.layers.Dropout(0.99), keras.layers.Dense(1)
        ]

    engine = KerasEngine(compiled(build, "mse"), sound().data, None, None, 60)
    told = engine.describe()
    assert told["settings"]["dropout"] == 0.99 and "set dropout" in told["changes"]
    own, eased = losses(run(engine, 60)), losses(run(engine, 60, {"set": "dropout", "to": 0}))
    assert sum(eased[-20:]) < 0.5 * sum(own[-20:])


def test_the_dropout_of_recurrences_is_told() -> None:
    def build() -> Any:
        return [
            keras.layers.Reshape((4, 2)), keras.layers.LSTM(4, dropout=0.7, recurrent_dropout=0.9),
            keras.layers.Dense(1),
        ]

    engine = KerasEngine(compiled(build, "mse"), sound().data, None, None, 10)
    assert engine.describe()["settings"]["dropout"] == 0.9
    assert losses(run(engine, 3)) != losses(run(engine, 3, {"set": "dropout", "to": 0.1}))


# Operations


def compiled(build: Any, loss: Any, optimizer: Any = "sgd") -> Any:
    def model() -> Any:
        made = keras.Sequential([keras.Input((8,)), *build()])
        made.compile(optimizer() if callable(optimizer) else optimizer, loss)
        return made

    return model


def test_half_precision_is_told_and_given_up() -> None:
    def build() -> Any:
        return [
            keras.layers.Dense(8, dtype="mixed_float16"), keras.layers.Dense(1, dtype="float32")
        ]

    engine = KerasEngine(compiled(build, "mse"), sound().data, None, None, 10)
    assert engine.describe()["settings"]["precision"] == "float16"
    half, full = losses(run(engine, 3)), losses(run(engine, 3, {"precision": "float32"}))
    assert half != full and numpy.allclose(half, full, rtol=1e-2)


@needs_command
def test_a_summed_loss_is_averaged() -> None:
    def build() -> Any:
        return [keras.layers.Dense(16, "relu"), keras.layers.Dense(1)]

    loss = keras.losses.MeanSquaredError(reduction="sum")
    # Too high for the sum, and not for the mean.
    made = compiled(build, loss, lambda: keras.optimizers.SGD(0.1))
    engine = KerasEngine(made, sound().data, None, None, 60)
    assert engine.describe()["settings"]["loss-reduction"] == "sum"
    averaged = run(engine, 60, {"set": "loss-reduction", "to": "mean"})
    assert averaged[-1]["end"] == "ok" and averaged[0]["constantLoss"] < 2
    result = keel.cure(made, sound().data, steps=120, progress=False)
    assert result.outcome == "cured" and result.findings[0].cause == "summed-loss", result.page


@needs_command
def test_exponentials_are_bounded() -> None:
    def build() -> Any:
        return [keras.layers.Dense(32, keras.ops.exp) for _ in range(3)] + [keras.layers.Dense(1)]

    result = keel.cure(
        compiled(build, "mse", lambda: keras.optimizers.SGD(0.01)), sound().data, steps=120,
        progress=False)
    assert result.outcome == "cured", result.page
    assert result.findings[0].cause == "unbounded-exponent", result.page


# Batches


def test_opens_batches_of_every_form() -> None:
    x, y = table(numpy.random.default_rng(0))
    x, y = x[:4], y[:4]
    forms: List[Any] = [
        (x, y), [x, y], (x, y, numpy.ones(4)), x, (x,), {"x": x, "y": y},
        ({"ids": numpy.arange(4), "values": x}, y), ((x, x), {"a": y, "b": y}),
    ]
    for form in forms:
        values = opened(form)
        assert torch.equal(next(iter(list(values.values())[1:])), torch.from_numpy(x))
        again = closed(values)
        assert type(again) is type(form) or isinstance(again, torch.Tensor)
    shared = torch.from_numpy(x)
    values = opened((shared, shared))
    assert values["x0"] is not values["y"]
    assert "y" not in opened((x, y), are_classes=True)


def test_takes_arrays_and_weights() -> None:
    x, y = table(numpy.random.default_rng(0))
    weights = numpy.ones(len(x), "float32")
    engine = KerasEngine(sound().model, lambda seed: (x, y, weights), None, None, 40)
    described = engine.describe()
    assert (described["batch"], described["stepsPerEpoch"]) == (32, 32)
    assert losses(run(engine, 5)) == losses(run(engine, 5))
    heavy = KerasEngine(sound().model, lambda seed: (x, y, 2 * weights), None, None, 40)
    assert losses(run(heavy, 1))[0] == pytest.approx(2 * losses(run(engine, 1))[0])


# What is missing


def test_says_what_is_missing(monkeypatch: Any) -> None:
    def bare() -> Any:
        return keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])

    with pytest.raises(TypeError, match="compile it with a loss"):
        _engine(bare, sound().data, None, None, 10, None, None, None)
    with pytest.raises(keel.KeelError, match="only a compiled Keras"):
        _engine(lambda: torch.nn.Linear(8, 1), sound().data, None, None, 10, None, None, None)
    one = sound().model()
    with pytest.raises(TypeError, match="one model twice"):
        KerasEngine(lambda: one, sound().data, None, None, 10).describe()
    with pytest.raises(TypeError, match="return one number"):
        engine = KerasEngine(sound().model, sound().data, lambda m, b: m(b[0]), None, 10)
        run(engine, 1)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(keel.KeelError, match="'jax'.*KERAS_BACKEND=torch"):
        _engine(sound().model, sound().data, None, None, 10, None, None, None)


# Cured


FAULTS = [
    ("large-learning-rate", {"rate": 20.0}),
    ("poor-initialization", {"std": 3.0}),
    ("unscaled-data", {"inputs": 1000.0}),
    ("unscaled-data", {"targets": 1000.0}),
    ("excessive-momentum", {"rate": 0.1, "settings": {"momentum": 0.999}}),
]


@needs_command
@pytest.mark.parametrize("cause, fault", FAULTS)
def test_names_and_cures(cause: str, fault: Dict[str, Any]) -> None:
    training = sound(**fault)
    result = keel.cure(training.model, training.data, steps=400, progress=False)
    assert result.outcome == "cured", result.page
    assert cause in [finding.cause for finding in result.findings], result.page
    assert result.lines


@needs_command
@pytest.mark.parametrize("name", SOUND)
def test_calls_the_healthy_healthy(name: str) -> None:
    training = SOUND[name]
    result = keel.cure(training.model, training.data, steps=300, progress=False)
    assert result.outcome == "healthy", result.page
