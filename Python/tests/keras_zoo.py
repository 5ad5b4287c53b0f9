"""Ten small trainings of Keras that go well, and the faults that can be planted in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import keras
import numpy
from keras import layers

ROWS, BATCH = 1024, 32
Arrays = Tuple[numpy.ndarray, numpy.ndarray]


@dataclass(frozen=True)
class Training:
    """A training: how its network is built, of what data, by which loss and rate."""

    build: Callable[[Any], keras.Model]
    arrays: Callable[[numpy.random.Generator], Arrays]
    loss: Any
    rate: float = 0.02
    optimizer: str = "SGD"
    settings: Dict[str, float] = field(default_factory=lambda: {"momentum": 0.9})
    std: Optional[float] = None
    inputs: float = 1.0
    targets: float = 1.0
    # What a few rows of the inputs are multiplied by.
    outlier: float = 1.0

    def model(self) -> keras.Model:
        """The network, compiled."""
        own = "glorot_uniform" if self.std is None else None
        made = self.build(own or keras.initializers.RandomNormal(stddev=self.std))
        kind = getattr(keras.optimizers, self.optimizer)
        made.compile(optimizer=kind(learning_rate=self.rate, **self.settings), loss=self.loss)
        return made

    def data(self, seed: int) -> Iterator[Arrays]:
        """The batches of an epoch."""
        x, y = self.arrays(numpy.random.default_rng(0))
        if self.inputs != 1:
            x = x * self.inputs
        if self.outlier != 1:
            x = x.copy()
            x[3::97] *= self.outlier
        if self.targets != 1:
            y = y * self.targets
        order = numpy.random.default_rng(seed + 1).permutation(len(x))
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            yield x[rows], y[rows]


# Data


def table(rng: numpy.random.Generator) -> Arrays:
    x = rng.normal(size=(ROWS, 8)).astype("float32")
    return x, numpy.tanh(x @ rng.normal(size=(8, 1))).astype("float32")


def halves(rng: numpy.random.Generator) -> Arrays:
    x, y = table(rng)
    return x, (y > 0).astype("float32")


def kinds(rng: numpy.random.Generator) -> Arrays:
    x = rng.normal(size=(ROWS, 8)).astype("float32")
    return x, (x @ rng.normal(size=(8, 4))).argmax(1)


def pictures(rng: numpy.random.Generator) -> Arrays:
    y = rng.integers(0, 4, ROWS)
    patterns = rng.normal(size=(4, 8, 8, 1))
    noise = rng.normal(size=(ROWS, 8, 8, 1))
    return (0.7 * patterns[y] + 0.7 * noise).astype("float32"), y


def series(rng: numpy.random.Generator) -> Arrays:
    x = rng.normal(size=(ROWS, 6, 3)).astype("float32")
    return x, x.mean((1, 2))[:, None] * 4


def series_of_kinds(rng: numpy.random.Generator) -> Arrays:
    x, y = series(rng)
    return x, numpy.digitize(y[:, 0], [-0.6, 0.6])


def folded(rng: numpy.random.Generator) -> Arrays:
    x = rng.normal(size=(ROWS, 3)) @ rng.normal(size=(3, 12)) / 3**0.5
    x = x.astype("float32")
    return x, x


def words(rng: numpy.random.Generator) -> Arrays:
    y = rng.integers(0, 3, ROWS)
    own = rng.integers(0, 16, (ROWS, 8)) + 16 * y[:, None]
    any_word = rng.integers(0, 48, (ROWS, 8))
    return numpy.where(rng.random((ROWS, 8)) < 0.6, own, any_word).astype("int32"), y


# Networks


def dense(init: Any) -> keras.Model:
    hidden = [layers.Dense(64, activation="relu", kernel_initializer=init) for _ in range(3)]
    return keras.Sequential([keras.Input((8,)), *hidden, layers.Dense(1, kernel_initializer=init)])


def conv(init: Any) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu", kernel_initializer=init),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu", kernel_initializer=init),
            layers.Flatten(),
            layers.Dense(32, activation="relu", kernel_initializer=init),
            layers.Dense(4, kernel_initializer=init),
        ]
    )


def residual(init: Any) -> keras.Model:
    inputs = keras.Input((8,))
    x = layers.Dense(32, kernel_initializer=init)(inputs)
    for _ in range(4):
        inner = layers.Dense(32, activation="relu", kernel_initializer=init)(x)
        x = layers.add([x, layers.Dense(32, kernel_initializer=init)(inner)])
    return keras.Model(inputs, layers.Dense(1, kernel_initializer=init)(x))


def lstm(init: Any) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.LSTM(16, kernel_initializer=init),
            layers.Dense(1, kernel_initializer=init),
        ]
    )


def bidirectional_gru(init: Any) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.Bidirectional(layers.GRU(12, kernel_initializer=init)),
            layers.Dense(3, activation="softmax", kernel_initializer=init),
        ]
    )


def transformer(init: Any) -> keras.Model:
    inputs = keras.Input((6, 3))
    x = layers.Dense(16, kernel_initializer=init)(inputs)
    for _ in range(2):
        seen = layers.MultiHeadAttention(2, 8, kernel_initializer=init)(x, x)
        x = layers.LayerNormalization()(layers.add([x, seen]))
        inner = layers.Dense(32, activation="relu", kernel_initializer=init)(x)
        x = layers.add([x, layers.Dense(16, kernel_initializer=init)(inner)])
    pooled = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(1, kernel_initializer=init)(pooled))


def autoencoder(init: Any) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(32, activation="tanh", kernel_initializer=init),
            layers.Dense(4, kernel_initializer=init),
            layers.Dense(32, activation="tanh", kernel_initializer=init),
            layers.Dense(12, kernel_initializer=init),
        ]
    )


class Subclassed(keras.Model):
    """A network whose variables are made with its first batch."""

    def __init__(self, init: Any) -> None:
        super().__init__()
        self.hidden = [
            layers.Dense(32, activation="relu", kernel_initializer=init) for _ in range(2)
        ]
        self.drop = layers.Dropout(0.1)
        self.last = layers.Dense(1, activation="sigmoid", kernel_initializer=init)

    def call(self, inputs: Any, training: Any = None) -> Any:
        for layer in self.hidden:
            inputs = layer(inputs)
        return self.last(self.drop(inputs, training=training))


def batch_norm(init: Any) -> keras.Model:
    stack = [keras.Input((8,))]
    for _ in range(3):
        stack += [
            layers.Dense(32, use_bias=False, kernel_initializer=init),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
        ]
    return keras.Sequential([*stack, layers.Dense(4, kernel_initializer=init)])


def embedding(init: Any) -> keras.Model:
    rule = "uniform" if isinstance(init, str) else init
    return keras.Sequential(
        [
            keras.Input((8,), dtype="int32"),
            layers.Embedding(48, 16, embeddings_initializer=rule),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu", kernel_initializer=init),
            layers.Dense(32, activation="relu", kernel_initializer=init),
            layers.Dense(3, kernel_initializer=init),
        ]
    )


def _logits() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


ADAM: Dict[str, Any] = {"optimizer": "Adam", "settings": {}, "rate": 0.003}
SOUND: Dict[str, Training] = {
    "dense": Training(dense, table, "mse"),
    "conv": Training(conv, pictures, _logits()),
    "residual": Training(residual, table, "mse", rate=0.005),
    "lstm": Training(lstm, series, "mse", rate=0.05),
    "gru": Training(bidirectional_gru, series_of_kinds, "sparse_categorical_crossentropy", 0.05),
    "transformer": Training(transformer, series, "mse", **ADAM),
    "autoencoder": Training(autoencoder, folded, "mse", rate=0.05),
    "subclassed": Training(Subclassed, halves, "binary_crossentropy", rate=0.05),
    "batch-norm": Training(batch_norm, kinds, _logits()),
    "embedding": Training(embedding, words, _logits(), **{**ADAM, "rate": 0.01}),
}
